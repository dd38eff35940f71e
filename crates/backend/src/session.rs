//! The trait that a backend implements.

use std::sync::Arc;

use barloom_bars::Market;

use crate::{BackendError, Plan, SampleBlock};

/// A way to build samples: the CPU, a GPU.
///
/// Invariant: two backends given the same market and plan fill blocks with the same bits.
pub trait Backend: Send + Sync {
    /// Its name in messages: `cpu`, `cuda`.
    fn name(&self) -> &'static str;

    /// Does once what is done once for a market and a plan: per-bar transforms, the horizon
    /// index, uploads.
    ///
    /// # Errors
    /// The device fails, or the market does not fit it.
    fn prepare(
        &self,
        market: Arc<Market>,
        plan: Arc<Plan>,
    ) -> Result<Box<dyn Session>, BackendError>;
}

/// A prepared market and plan, ready to build any sample.
pub trait Session: Send + Sync {
    /// The plan.
    fn plan(&self) -> &Plan;

    /// An empty block that holds up to `rows` samples, in memory that suits the backend.
    fn allocate(&self, rows: usize) -> SampleBlock {
        SampleBlock::new(self.plan().block_shape(), rows)
    }

    /// Fills the block with samples `[first, first + rows)`, replacing what it held.
    ///
    /// # Errors
    /// The range is not within the plan's samples, the block is of another shape or too small,
    /// or the device fails.
    fn fill(&self, first: u64, rows: usize, block: &mut SampleBlock) -> Result<(), BackendError>;

    /// As [`fill`](Self::fill), on the calling thread where the backend has a choice: for callers
    /// that have a thread for each block, and use the block at once.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    fn fill_alone(
        &self,
        first: u64,
        rows: usize,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        self.fill(first, rows, block)
    }
}
