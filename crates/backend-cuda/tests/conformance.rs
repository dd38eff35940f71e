//! The kernels, run on the host, make what the CPU makes.
#![cfg(target_os = "linux")]

mod emulator;

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Plan, Session, conformance};
use barloom_backend_cpu::CpuBackend;
use barloom_backend_cuda::DeviceSession;
use barloom_bars::Market;
use emulator::Emulator;

struct Emulated(Arc<Emulator>);

impl Emulated {
    fn new() -> Self {
        Self(Arc::new(Emulator::new().unwrap()))
    }
}

impl Backend for Emulated {
    fn name(&self) -> &'static str {
        "emulated"
    }

    fn prepare(
        &self,
        market: Arc<Market>,
        plan: Arc<Plan>,
    ) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(DeviceSession::new(Arc::clone(&self.0), &market, plan)?))
    }
}

#[test]
fn kernels_conform() {
    conformance::check(&Emulated::new()).unwrap();
}

#[test]
fn kernels_make_the_cpus_bits() {
    let emulated = Emulated::new();
    for case in conformance::cases().unwrap() {
        let rows = usize::try_from(case.plan.samples).unwrap();
        let [ours, theirs] = [&emulated as &dyn Backend, &CpuBackend::default()].map(|backend| {
            let market = Arc::clone(&case.market);
            let session = backend.prepare(market, Arc::clone(&case.plan)).unwrap();
            let mut block = session.allocate(rows);
            session.fill(0, rows, &mut block).unwrap();
            block
        });
        ours.same_bits(&theirs).unwrap_or_else(|e| panic!("{}: {e}", case.name));
    }
}
