//! The contract of backends: the [`Backend`] trait, blocks of samples and the digest of their
//! content. The crate `barloom-conformance` checks that all backends give the same bits.
//!
//! A [`Program`] defines the samples of a market, for all of its parts and folds. [`Draws`] add the
//! inputs from which samples of one part are drawn. A backend loads a market once for a program,
//! into a [`PreparedMarket`], and opens a [`Session`] for each part. The session fills blocks of
//! samples: consecutive samples for a dataset, or any samples for a training loop. Programs and
//! draws are plain data; the crate `barloom-plan` makes them from recipes.
//!
//! The trait is coarse on purpose. One call makes thousands of samples, so that a device has enough
//! work for a launch. The price is that a single sample costs a call too. The session allocates
//! blocks, so it can place them where its device copies fastest.
//!
//! ```no_run
//! use std::sync::Arc;
//! use barloom_backend::{Backend, BackendError, Draws, Program};
//! # fn build(
//! #     cpu: &dyn Backend,
//! #     market: Arc<barloom_bars::Market>,
//! #     program: Arc<Program>,
//! #     draws: Arc<Draws>,
//! # ) -> Result<(), BackendError> {
//! let session = cpu.load(market, program)?.session(draws)?;
//! let mut block = session.allocate(4_096)?;
//! session.fill(0, 4_096, &mut block)?;
//! let closes: &[f32] = block.window(3, 0); // channel 3 of the block's sample 0: [L]
//!
//! let layout = barloom_backend::WindowLayout::ChannelsFirst;
//! let shape = session.program().block_shape().layout(layout);
//! let mut batch = session.allocate_shaped(shape, 32)?;
//! session.gather(&[7, 3, 7], &mut batch)?;
//! let windows: &[f32] = &batch.windows[0]; // [3, C, L]
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

#[cfg(target_endian = "big")]
compile_error!("content digests are over little-endian columns; big-endian machines need a port");

mod bar_tables;
mod block;
mod channel;
mod chosen;
mod columns;
mod digest;
mod draws;
mod error;
mod label_values;
mod numbers;
mod priced_block;
mod program;
mod session;
mod shape;
mod slices;
mod snapshot;
mod window_block;

pub use bar_tables::BarTables;
pub use block::{Allocate, RowsMut, SampleBlock};
pub use channel::{PreparedChannel, PreparedValues, Reference, scale_window};
pub use chosen::Decisions;
pub use columns::{Columns, ColumnsMut, Pricing};
pub use digest::{BLOCK_ROWS, BlockDigest, ContentDigest};
pub use draws::{BestProfits, Draws};
pub use error::BackendError;
pub use label_values::{LabelValues, LabelValuesMut};
pub use numbers::Numbers;
pub use priced_block::{PricedBlock, PricedMut};
pub use program::{Channel, Program};
pub use session::{Backend, PreparedMarket, Session, Threads};
pub use shape::{BlockShape, WindowLayout};
pub use slices::Slices;
pub use snapshot::SnapshotTable;
pub use window_block::{WindowBlock, WindowsMut};
