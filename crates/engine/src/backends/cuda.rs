//! A GPU that is not believed at once.

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Plan, Session};
use barloom_backend_cpu::CpuBackend;
use barloom_backend_cuda::CudaBackend;
use barloom_bars::Market;

/// Samples that a device is compared with the CPU on before it builds any.
const CHECKED_ROWS: usize = 256;

/// A device whose first samples of each plan are compared with the CPU's.
pub(super) struct Checked {
    cuda: CudaBackend,
    /// Whether the CPU computes what the device has no room for.
    or_cpu: bool,
}

impl Checked {
    /// The device of this number.
    pub(super) fn open(device: u32, or_cpu: bool) -> Result<Self, BackendError> {
        let cuda = CudaBackend::open(device)?;
        tracing::info!("samples are computed by {}", cuda.device());
        Ok(Self { cuda, or_cpu })
    }
}

impl Backend for Checked {
    fn name(&self) -> &'static str {
        self.cuda.name()
    }

    fn prepare(
        &self,
        market: Arc<Market>,
        plan: Arc<Plan>,
    ) -> Result<Box<dyn Session>, BackendError> {
        let cpu = CpuBackend::default().prepare(Arc::clone(&market), Arc::clone(&plan))?;
        let cuda = match self.cuda.prepare(market, plan) {
            Err(error) if self.or_cpu => {
                tracing::warn!("samples are computed by the CPU after all: {error}");
                return Ok(cpu);
            }
            cuda => cuda?,
        };
        let most = cuda.plan().samples;
        let rows = usize::try_from(most).unwrap_or(CHECKED_ROWS).min(CHECKED_ROWS);
        let mut expected = cpu.allocate(rows)?;
        let mut got = cuda.allocate(rows)?;
        cpu.fill(0, rows, &mut expected)?;
        cuda.fill(0, rows, &mut got)?;
        got.same_bits(&expected).map_err(|difference| {
            BackendError::Device(format!(
                "{} does not compute what the CPU does: {difference}; nothing was built. Please \
                 report this with the driver's version, and use --backend cpu",
                self.cuda.device()
            ))
        })?;
        Ok(cuda)
    }
}
