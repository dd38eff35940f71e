//! The trait that a backend implements.

use std::sync::Arc;

use barloom_bars::Market;

use crate::{BackendError, BlockShape, Numbers, Plan, SampleBlock};

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

/// Which threads fill a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// All that the backend has.
    All,
    /// The calling one, where the backend has a choice: for callers that have a thread for each
    /// block, and use the block at once.
    Calling,
}

/// A prepared market and plan, ready to build any sample.
///
/// A backend implements [`plan`](Self::plan) and [`fill_block`](Self::fill_block); callers use the
/// methods that are named after what they want.
pub trait Session: Send + Sync {
    /// The plan.
    fn plan(&self) -> &Plan;

    /// Fills the block with these samples, replacing what it held.
    ///
    /// # Errors
    /// A sample is not among the plan's, the block is of another plan's shape or too small, rows
    /// that share a window are of different states, or the device fails.
    fn fill_block(
        &self,
        samples: Numbers<'_>,
        threads: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError>;

    /// An empty block of a shape of this plan that holds up to `rows` samples, in memory that
    /// suits the backend.
    ///
    /// # Errors
    /// There is no memory for it.
    fn allocate_shaped(&self, shape: BlockShape, rows: usize) -> Result<SampleBlock, BackendError> {
        SampleBlock::new(shape, rows)
    }

    /// An empty block that holds up to `rows` samples, a column for each channel.
    ///
    /// # Errors
    /// There is no memory for it.
    fn allocate(&self, rows: usize) -> Result<SampleBlock, BackendError> {
        self.allocate_shaped(self.plan().block_shape(), rows)
    }

    /// Fills the block with samples `[first, first + rows)`.
    ///
    /// # Errors
    /// As [`fill_block`](Self::fill_block).
    fn fill(&self, first: u64, rows: usize, block: &mut SampleBlock) -> Result<(), BackendError> {
        self.fill_block(Numbers::Range { first, rows }, Threads::All, block)
    }

    /// As [`fill`](Self::fill), on the calling thread.
    ///
    /// # Errors
    /// As [`fill_block`](Self::fill_block).
    fn fill_alone(
        &self,
        first: u64,
        rows: usize,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        self.fill_block(Numbers::Range { first, rows }, Threads::Calling, block)
    }

    /// Fills the block with samples by their numbers, in this order, on the calling thread.
    ///
    /// # Errors
    /// As [`fill_block`](Self::fill_block).
    fn gather(&self, samples: &[u64], block: &mut SampleBlock) -> Result<(), BackendError> {
        self.fill_block(Numbers::Listed(samples), Threads::Calling, block)
    }
}
