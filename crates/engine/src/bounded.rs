//! Sessions that have the samples of a plan and no others.

use std::sync::Arc;

use barloom_backend::{
    BackendError, BlockShape, Draws, Numbers, PreparedMarket, Program, SampleBlock, Session,
    Threads,
};
use barloom_plan::Plan;

/// A session that refuses samples that are not the plan's: a backend's own makes any.
struct Bounded {
    session: Arc<dyn Session>,
    samples: u64,
}

/// The session of a plan on the market that was loaded for its program.
pub(crate) fn session(
    prepared: &Arc<dyn PreparedMarket>,
    plan: &Plan,
) -> Result<Arc<dyn Session>, BackendError> {
    let session = Arc::clone(prepared).session(Arc::clone(&plan.draws))?;
    Ok(Arc::new(Bounded { session, samples: plan.samples }))
}

impl Session for Bounded {
    fn program(&self) -> &Program {
        self.session.program()
    }

    fn draws(&self) -> &Draws {
        self.session.draws()
    }

    fn sample(
        &self,
        samples: Numbers<'_>,
        threads: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        samples.check_below(self.samples)?;
        self.session.sample(samples, threads, block)
    }

    fn allocate_shaped(&self, shape: BlockShape, rows: usize) -> Result<SampleBlock, BackendError> {
        self.session.allocate_shaped(shape, rows)
    }
}
