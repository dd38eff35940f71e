//! Builds blocks of samples on the CPU.
//!
//! Work that is needed once per bar is done before the first block: casts, logarithms, the horizon
//! index. Then a block is filled in one pass over its rows: draw, place, price, cut and scale. Rows
//! are split in halves over rayon's pool. Every sample depends only on its number, so the split
//! does not change the result. The instruction set, which is chosen at run time, does not change it
//! either: all sets do the same operations in the same order, and none is fused.
//!
//! ```
//! use std::sync::Arc;
//! use barloom_backend::Backend;
//! use barloom_backend_cpu::CpuBackend;
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_plan::Plan;
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
//! let plan = Plan::new(&recipe.resolve(&market)?, &market, None)?;
//! let session = CpuBackend::default().load(market, plan.program)?.session(plan.draws)?;
//! let mut block = session.allocate(100)?;
//! session.fill(0, 100, &mut block)?;
//! assert_eq!(block.window(3, 0).last(), Some(&1.0), "the last close over itself");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(unsafe_code)]

mod chosen;
mod fill;
mod instructions;
mod order;
mod rows;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::{Arc, OnceLock};

use barloom_backend::{
    Backend, BackendError, BarTables, BlockShape, Decisions, Draws, Numbers, PreparedMarket,
    PricedBlock, Program, SampleBlock, Session, Threads, WindowBlock, WindowLayout,
};
use barloom_bars::Market;
use barloom_rewards::{Pricer, RewardsError};

use chosen::Chosen;
use fill::{Filler, How};
pub use instructions::Instructions;

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
    /// many bytes: 64 MiB unless told. That saves reading what is overwritten, and costs a reader
    /// that comes soon after. Blocks that are filled by the calling thread alone are counted 64
    /// times: its like fill others meanwhile, and more of them wait for their readers.
    #[must_use]
    pub fn stream_from(self, bytes: usize) -> Self {
        Self { stream_from: bytes, ..self }
    }
}

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn load(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        program.reward.validate()?;
        let (pricer, tables) = (Arc::default(), OnceLock::new());
        Ok(Arc::new(CpuMarket { backend: *self, market, program, pricer, tables }))
    }
}

/// Blocks that share the caches where callers have threads of their own.
const SIDE_BY_SIDE: usize = 64;

/// A market and what a program needs of its bars.
struct CpuMarket {
    backend: CpuBackend,
    market: Arc<Market>,
    program: Arc<Program>,
    /// The pricer that programs with the same rewards share, made for the first of them that makes
    /// samples.
    pricer: Arc<OnceLock<Arc<Pricer>>>,
    /// Computed when samples are first asked for: a virtual dataset is built without.
    tables: OnceLock<Result<BarTables, RewardsError>>,
}

impl CpuMarket {
    fn tables(&self) -> Result<&BarTables, BackendError> {
        let tables = self.tables.get_or_init(|| {
            let (market, program) = (&self.market, &self.program);
            if let Some(pricer) = self.pricer.get() {
                return Ok(BarTables::with_pricer(market, program, Arc::clone(pricer)));
            }
            let tables = BarTables::new(market, program)?;
            self.pricer.get_or_init(|| Arc::clone(&tables.pricer));
            Ok(tables)
        });
        Ok(tables.as_ref().map_err(Clone::clone)?)
    }

    /// The way to fill so many rows with windows of a shape.
    fn how(&self, shape: BlockShape, rows: usize, threads: Threads) -> How {
        let stream_from = match threads {
            Threads::All => self.backend.stream_from,
            Threads::Calling => self.backend.stream_from / SIDE_BY_SIDE,
        };
        let windows = shape.window_columns() * shape.window_values() * shape.windows(rows);
        let streamed = size_of::<f32>() * windows >= stream_from
            && self.backend.instructions.streams()
            && shape.layout != WindowLayout::ChannelsLast;
        How::new(rows, streamed, threads == Threads::All)
    }
}

impl PreparedMarket for CpuMarket {
    fn market(&self) -> &Arc<Market> {
        &self.market
    }

    fn program(&self) -> &Arc<Program> {
        &self.program
    }

    fn with_program(
        self: Arc<Self>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        program.reward.validate()?;
        let shared = program.reward == self.program.reward;
        let pricer = if shared { Arc::clone(&self.pricer) } else { Arc::default() };
        let (backend, market, tables) = (self.backend, Arc::clone(&self.market), OnceLock::new());
        Ok(Arc::new(Self { backend, market, program, pricer, tables }))
    }

    fn session(self: Arc<Self>, draws: Arc<Draws>) -> Result<Arc<dyn Session>, BackendError> {
        draws.check_market(&self.market, &self.program)?;
        Ok(Arc::new(CpuSession { market: self, draws }))
    }

    fn observe(
        &self,
        rows: &[usize],
        threads: Threads,
        block: &mut WindowBlock,
    ) -> Result<(), BackendError> {
        self.program.check_observed(&self.market, rows, block)?;
        let how = self.how(block.shape(), rows.len(), threads);
        let chosen = Chosen { market: self, tables: self.tables()?, how };
        chosen.observe(rows, block.begin(rows.len())?);
        Ok(())
    }

    fn price(
        &self,
        decisions: Decisions<'_>,
        threads: Threads,
        block: &mut PricedBlock,
    ) -> Result<(), BackendError> {
        self.program.check_priced(&self.market, decisions, block)?;
        let how = How::new(decisions.len(), false, threads == Threads::All);
        let chosen = Chosen { market: self, tables: self.tables()?, how };
        chosen.price(decisions, block.begin(decisions.len())?);
        Ok(())
    }
}

struct CpuSession {
    market: Arc<CpuMarket>,
    draws: Arc<Draws>,
}

impl Session for CpuSession {
    fn program(&self) -> &Program {
        &self.market.program
    }

    fn draws(&self) -> &Draws {
        &self.draws
    }

    fn sample(
        &self,
        samples: Numbers<'_>,
        threads: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        let (market, shape) = (&*self.market, block.shape());
        self.draws.check_block(&market.program, samples, block)?;
        let tables = market.tables()?;
        let how = market.how(shape, samples.len(), threads);
        let filler = Filler { market, draws: &self.draws, tables, how };
        filler.fill(samples, block.begin(samples)?);
        Ok(())
    }
}
