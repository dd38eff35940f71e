//! Builds blocks of samples on the CPU.
//!
//! Preparing does what can be done once a bar: casts, logarithms, the horizon index. A block is
//! then filled in one pass over its rows: draw, place, cut and scale, price. Rows are split in
//! halves over rayon's pool; as every sample is a function of its number alone, the split can't
//! be seen in the result. Nor can the instruction set, which is chosen at run time: arithmetic is
//! the same operations in the same order in all of them, none of them fused.
//!
//! ```
//! use std::sync::Arc;
//! use barloom_backend::{Backend, Plan};
//! use barloom_backend_cpu::CpuBackend;
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_recipe::Recipe;
//!
//! let n = 1_000;
//! let price = |shift: f64| (0..n).map(|i| 100.0 + f64::from(i % 7) + shift).collect::<Vec<_>>();
//! let columns = vec![
//!     Column::new("open", price(0.0)),
//!     Column::new("high", price(0.5)),
//!     Column::new("low", price(-0.5)),
//!     Column::new("close", price(0.25)),
//!     Column::new("volume", vec![10.0; n as usize]),
//! ];
//! let ts = (0..i64::from(n)).map(|i| i * 60_000_000_000).collect();
//! let recipe = Recipe::default();
//! let series = Series::new("DEMO", ts, columns)?;
//! let market = Arc::new(Market::new(&[series], &recipe.data.channels, MaxGap::Auto)?);
//! let plan = Arc::new(Plan::new(&recipe.resolve(&market)?, &market, None)?);
//! let session = CpuBackend::default().prepare(market, plan)?;
//! let mut block = session.allocate(100);
//! session.fill(0, 100, &mut block)?;
//! assert_eq!(block.window(3, 0).last(), Some(&1.0), "the last close over itself");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(unsafe_code)]

mod instructions;
mod order;
mod rows;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Plan, RowsMut, SampleBlock, Session};
use barloom_bars::Market;
use barloom_rewards::{Pricer, Prices};
use barloom_scaling::{ChannelScaler, PreparedChannel, Reference};

pub use instructions::Instructions;
use rows::{Cut, GRAIN, Price};

/// The backend that every machine has.
#[derive(Clone, Copy, Debug)]
pub struct CpuBackend {
    instructions: Instructions,
    stream_from: usize,
}

impl Default for CpuBackend {
    /// The fastest instructions there are; blocks that no cache holds are written past them.
    fn default() -> Self {
        Self { instructions: Instructions::default(), stream_from: 64 << 20 }
    }
}

impl CpuBackend {
    /// The same backend with other instructions.
    #[must_use]
    pub fn instructions(self, instructions: Instructions) -> Self {
        Self { instructions, ..self }
    }

    /// The same backend, which writes blocks past the caches if their windows take at least this
    /// many bytes. That saves reading what is overwritten, and costs a reader that comes soon
    /// after.
    #[must_use]
    pub fn stream_from(self, bytes: usize) -> Self {
        Self { stream_from: bytes, ..self }
    }
}

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn prepare(
        &self,
        market: Arc<Market>,
        plan: Arc<Plan>,
    ) -> Result<Box<dyn Session>, BackendError> {
        let pricer = Pricer::new(prices(&market), plan.reward.clone())?;
        let scalers: Vec<ChannelScaler> = plan.channels.iter().map(|c| c.scaler).collect();
        let reference = Reference::new(market.close(), &scalers);
        let channels = plan
            .channels
            .iter()
            .map(|channel| match (channel.name.as_str(), channel.scaler) {
                ("close", ChannelScaler::LastClose) => reference.channel(),
                (name, scaler) => {
                    PreparedChannel::new(scaler, market.column(name).unwrap_or_default())
                }
            })
            .collect();
        Ok(Box::new(CpuSession { backend: *self, market, plan, pricer, reference, channels }))
    }
}

fn prices(market: &Market) -> Prices<'_> {
    Prices { open: market.open(), high: market.high(), low: market.low(), close: market.close() }
}

struct CpuSession {
    backend: CpuBackend,
    market: Arc<Market>,
    plan: Arc<Plan>,
    pricer: Pricer,
    reference: Reference,
    channels: Vec<PreparedChannel>,
}

impl Session for CpuSession {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn fill(&self, first: u64, rows: usize, block: &mut SampleBlock) -> Result<(), BackendError> {
        let (rows, how) = self.begin(first, rows, block, true)?;
        self.fill_rows(first, rows, how);
        Ok(())
    }

    fn fill_alone(
        &self,
        first: u64,
        rows: usize,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        let (rows, how) = self.begin(first, rows, block, false)?;
        self.fill_rows(first, rows, how);
        Ok(())
    }
}

/// How a block is filled.
#[derive(Clone, Copy)]
struct How {
    /// Rows of a task.
    grain: usize,
    /// Whether windows go past the caches.
    streamed: bool,
    /// Whether tasks may go to other threads.
    shared: bool,
}

impl How {
    fn new(rows: usize, streamed: bool, shared: bool) -> Self {
        let threads = if shared { rayon::current_num_threads() } else { 1 };
        // Streamed tasks are large, so that most of their windows overlap others, but several
        // for each thread.
        let tile = (rows / (4 * threads)).next_multiple_of(GRAIN).clamp(4_096, 65_536);
        Self { grain: if streamed { tile } else { GRAIN }, streamed, shared }
    }
}

impl CpuSession {
    /// Checks what is asked for, and gives the rows to fill.
    fn begin<'a>(
        &self,
        first: u64,
        rows: usize,
        block: &'a mut SampleBlock,
        shared: bool,
    ) -> Result<(RowsMut<'a>, How), BackendError> {
        self.plan.check_range(first, rows)?;
        let shape = block.shape();
        if shape != self.plan.block_shape() {
            return Err(BackendError::BlockShape { got: shape, expected: self.plan.block_shape() });
        }
        let bytes = shape.channels.saturating_mul(shape.lookback).saturating_mul(4 * rows);
        let streamed = bytes >= self.backend.stream_from && self.backend.instructions.streams();
        Ok((block.begin(first, rows)?, How::new(rows, streamed, shared)))
    }

    /// Splits the rows in halves, each a multiple of the grain but for the last.
    fn fill_rows(&self, first: u64, rows: RowsMut<'_>, how: How) {
        if rows.len() > how.grain {
            let middle = (rows.len().div_ceil(how.grain) / 2) * how.grain;
            let (left, right) = rows.split_at(middle, self.plan.lookback);
            let left = || self.fill_rows(first, left, how);
            let right = || self.fill_rows(first + middle as u64, right, how);
            if how.shared {
                rayon::join(left, right);
            } else {
                left();
                right();
            }
        } else if how.streamed {
            self.fill_tile(first, rows);
        } else {
            self.fill_grain(first, rows);
        }
    }

    fn fill_grain(&self, first: u64, mut rows: RowsMut<'_>) {
        let windows = std::mem::take(&mut rows.windows);
        let mut at = [0; GRAIN];
        let at = &mut at[..rows.len()];
        self.price(first, rows, at);
        self.cut(windows, at, None);
    }

    /// Windows are cut in the order of the market, whatever their samples' numbers are.
    fn fill_tile(&self, first: u64, mut rows: RowsMut<'_>) {
        let windows = std::mem::take(&mut rows.windows);
        let mut at = vec![0; rows.len()];
        let (mut rest, mut begin) = (rows, 0);
        while !rest.is_empty() {
            let end = begin + rest.len().min(GRAIN);
            let (grain, after) = rest.split_at(end - begin, 0);
            self.price(first + begin as u64, grain, &mut at[begin..end]);
            (rest, begin) = (after, end);
        }
        self.cut(windows, &at, Some(&order::by_row(&at)));
    }

    fn price(&self, first: u64, rows: RowsMut<'_>, at: &mut [usize]) {
        self.backend.instructions.run(Price { session: self, first, rows, at });
    }

    fn cut(&self, windows: Vec<&mut [f32]>, at: &[usize], order: Option<&[u32]>) {
        for (channel, out) in windows.into_iter().enumerate() {
            self.backend.instructions.run(Cut { session: self, channel, at, order, out });
        }
    }
}
