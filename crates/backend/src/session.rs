//! The traits that a backend implements.

use std::sync::Arc;

use barloom_bars::Market;

use crate::{
    BackendError, BlockShape, Decisions, Draws, Numbers, PricedBlock, Program, SampleBlock,
    WindowBlock, WindowLayout,
};

/// A way to build samples: the CPU, a GPU.
///
/// Invariant: two backends given the same market, program and draws fill blocks with the same bits.
pub trait Backend: Send + Sync {
    /// Its name in messages: `cpu`, `cuda`.
    fn name(&self) -> &'static str;

    /// Loads a market for a program: what is done once for all parts and folds, such as per-bar
    /// transforms, the horizon index and uploads. A backend may put it off until samples are made.
    ///
    /// # Errors
    /// The reward settings are wrong, the device fails, or the market does not fit it.
    fn load(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError>;
}

/// A market loaded for a program. All sessions of it share one copy of the bars and their tables.
///
/// It has two verbs of its own, for rows that a caller chose: [`observe`](Self::observe) and
/// [`price`](Self::price). The third, [`sample`](Session::sample), needs draws, so sessions have
/// it.
pub trait PreparedMarket: Send + Sync {
    /// The bars.
    fn market(&self) -> &Arc<Market>;

    /// The program.
    fn program(&self) -> &Arc<Program>;

    /// Loads the market for another program, such as that of another fold. What both programs need
    /// of the bars is shared, such as the tables of rewards, as far as the backend can.
    ///
    /// # Errors
    /// As [`Backend::load`].
    fn with_program(
        self: Arc<Self>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError>;

    /// A session that builds the samples of one part: O(segments), whatever the number of bars.
    ///
    /// # Errors
    /// The draws are of another market, or the device fails.
    fn session(self: Arc<Self>, draws: Arc<Draws>) -> Result<Arc<dyn Session>, BackendError>;

    /// Fills the block with the scaled windows and snapshots before these arena rows, in their
    /// order, replacing what it held: bars `[row - L, row)` and bar `row - 1` for each, all in one
    /// segment. The row itself is not read, so it may be the end of a segment, as it is for a
    /// decision that is taken now.
    ///
    /// # Errors
    /// The first row that has no window or lacks an input; the block is of another program's shape
    /// or too small, or the device fails.
    fn observe(
        &self,
        rows: &[usize],
        threads: Threads,
        block: &mut WindowBlock,
    ) -> Result<(), BackendError>;

    /// Fills the block with the trades and rewards of decisions, in their order, replacing what it
    /// held: as a sample with the same row and action has them. Bars `[row, row + F)` of each
    /// decision are in one segment.
    ///
    /// # Errors
    /// The first decision that cannot be priced, the block has another number of metrics or is too
    /// small, or the device fails.
    fn price(
        &self,
        decisions: Decisions<'_>,
        threads: Threads,
        block: &mut PricedBlock,
    ) -> Result<(), BackendError>;

    /// An empty block for up to `rows` windows that lie so, in memory that suits the backend.
    ///
    /// # Errors
    /// There is no memory for it.
    fn allocate_windows(
        &self,
        layout: WindowLayout,
        rows: usize,
    ) -> Result<WindowBlock, BackendError> {
        WindowBlock::new(self.program().block_shape().layout(layout), rows)
    }

    /// An empty block for up to `rows` priced decisions, in memory that suits the backend.
    ///
    /// # Errors
    /// There is no memory for it.
    fn allocate_priced(&self, rows: usize) -> Result<PricedBlock, BackendError> {
        PricedBlock::new(self.program().reward.metrics.len(), rows)
    }
}

/// The threads that fill a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// All that the backend has.
    All,
    /// The calling one, where the backend has a choice: for callers that have a thread for each
    /// block, and use the block at once.
    Calling,
}

/// A loaded market with the draws of one part, ready to build any sample below 2^62. How many of
/// them are a part's is known to its callers.
///
/// A backend implements [`program`](Self::program), [`draws`](Self::draws) and
/// [`sample`](Self::sample); callers also use the methods that are named after what they want.
pub trait Session: Send + Sync {
    /// The program.
    fn program(&self) -> &Program;

    /// The draws of the part.
    fn draws(&self) -> &Draws;

    /// Fills the block with these samples, replacing what it held.
    ///
    /// # Errors
    /// A number is 2^62 or more, the block is of another program's shape or too small, rows that
    /// share a window are of different states, or the device fails.
    fn sample(
        &self,
        samples: Numbers<'_>,
        threads: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError>;

    /// Number of samples in a row that share a state.
    fn actions_per_state(&self) -> u64 {
        self.draws().sampler.actions_per_state()
    }

    /// An empty block of a shape of this program that holds up to `rows` samples, in memory that
    /// suits the backend.
    ///
    /// # Errors
    /// There is no memory for it.
    fn allocate_shaped(&self, shape: BlockShape, rows: usize) -> Result<SampleBlock, BackendError> {
        SampleBlock::new(shape, &self.program().labels, rows)
    }

    /// An empty block that holds up to `rows` samples, a column for each channel.
    ///
    /// # Errors
    /// There is no memory for it.
    fn allocate(&self, rows: usize) -> Result<SampleBlock, BackendError> {
        self.allocate_shaped(self.program().block_shape(), rows)
    }

    /// Fills the block with samples `[first, first + rows)`.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    fn fill(&self, first: u64, rows: usize, block: &mut SampleBlock) -> Result<(), BackendError> {
        self.sample(Numbers::Range { first, rows }, Threads::All, block)
    }

    /// As [`fill`](Self::fill), on the calling thread.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    fn fill_alone(
        &self,
        first: u64,
        rows: usize,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        self.sample(Numbers::Range { first, rows }, Threads::Calling, block)
    }

    /// Fills the block with samples by their numbers, in this order, on the calling thread.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    fn gather(&self, samples: &[u64], block: &mut SampleBlock) -> Result<(), BackendError> {
        self.sample(Numbers::Listed(samples), Threads::Calling, block)
    }
}
