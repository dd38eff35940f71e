//! Batches for training loops: shuffled, sharded over ranks, resumable.
//!
//! A [`Loader`] gives the samples of a [`Session`](barloom_backend::Session), of a dataset or of
//! any recipe, as [`Batch`]es: windows `[B, C, L]`, scaled meta fields and rewards as f32, and any
//! column by its name. Threads make them ahead into reused buffers, so a warm loader allocates
//! nothing.
//!
//! The order of an epoch is a bijection that depends only on (seed, epoch, place). It needs no
//! table, so a shuffled epoch of a trillion samples begins at once. The number of threads does not
//! change it. Ranks take its places in turn, batch by batch. If the last places are too few for
//! full batches on all ranks, the ranks share them evenly. So, joined step by step, the samples are
//! the same for any number of ranks. A [`State`] is two numbers, and can be resumed with another
//! number of ranks.
//!
//! A [weighted](Loader::weighted) epoch draws its samples with replacement, each with a probability
//! proportional to its weight. A draw too depends only on (seed, epoch, place).
//!
//! ```
//! use std::sync::Arc;
//! use barloom_backend::Backend;
//! use barloom_backend_cpu::CpuBackend;
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_loader::{Loader, LoaderOptions};
//! use barloom_plan::Plan;
//! use barloom_recipe::Recipe;
//!
//! # let n = 1_000;
//! # let price = |shift: f64| (0..n).map(|i| 100.0 + f64::from(i % 7) + shift).collect::<Vec<_>>();
//! # let columns = vec![
//! #     Column::new("open", price(0.0)),
//! #     Column::new("high", price(0.5)),
//! #     Column::new("low", price(-0.5)),
//! #     Column::new("close", price(0.25)),
//! #     Column::new("volume", vec![10.0; n as usize]),
//! # ];
//! # let ts = (0..i64::from(n)).map(|i| i * 60_000_000_000).collect();
//! let recipe = Recipe::default(); // 100,000 samples of 64 bars and 5 channels
//! # let series = Series::new("DEMO", ts, columns)?;
//! # let market = Arc::new(Market::new(&[series], &recipe.data.channels, MaxGap::Auto)?);
//! let plan = Plan::new(&recipe.resolve(&market)?, &market, None)?;
//! let session = CpuBackend::default().load(market, plan.program)?.session(plan.draws)?;
//! let options = LoaderOptions { batch_size: 256, shuffle: Some(0), ..LoaderOptions::default() };
//! let loader = Loader::new(session, plan.samples, options)?;
//!
//! let mut batches = loader.batches(&loader.start(0))?;
//! for batch in batches.by_ref().take(3) {
//!     let batch = batch?;
//!     assert_eq!(batch.windows().shape(), [256, 5, 64]);
//!     assert_eq!(batch.meta().shape(), [256, 9]);
//!     assert_eq!(batch.reward().shape(), [256, 1]);
//! }
//! let state = batches.state(); // to be kept beside a checkpoint
//! let rest = loader.batches(&state)?;
//! assert_eq!(rest.count(), 100_000_usize.div_ceil(256) - 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod batch;
mod batches;
mod epoch;
mod error;
mod loader;
mod options;
mod order;
mod schedule;
mod state;
mod weighted;

pub use batch::{Batch, Label, check_room, columns, gather};
pub use batches::Batches;
pub use error::LoaderError;
pub use loader::Loader;
pub use options::{LoaderOptions, Unit};
pub use order::Order;
pub use state::{OrderState, State};
pub use weighted::{RowWeights, Weights};
