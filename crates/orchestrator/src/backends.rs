//! What computes the samples.

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Plan, Session};
use barloom_backend_cpu::CpuBackend;
use barloom_backend_cuda::CudaBackend;
use barloom_bars::Market;

use crate::failure::Failure;

/// Samples that a device is compared with the CPU on before it builds any.
const CHECKED_ROWS: usize = 256;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Choice {
    /// A GPU if there is one that has room for the bars, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
}

/// The backend of a choice; `device` is a GPU's number, 0 if none is given.
pub(crate) fn open(choice: Choice, device: Option<u32>) -> Result<Box<dyn Backend>, Failure> {
    if choice == Choice::Cpu {
        warn_unused(device);
        return Ok(Box::new(CpuBackend::default()));
    }
    match CudaBackend::open(device.unwrap_or(0)) {
        Ok(cuda) => {
            tracing::info!("samples are computed by {}", cuda.device());
            Ok(Box::new(Checked { cuda, or_cpu: choice == Choice::Auto }))
        }
        Err(error) if choice == Choice::Auto => {
            tracing::info!("samples are computed by the CPU: {error}");
            warn_unused(device);
            Ok(Box::new(CpuBackend::default()))
        }
        Err(error) => Err(BackendError::from(error).into()),
    }
}

fn warn_unused(device: Option<u32>) {
    if let Some(device) = device {
        tracing::warn!("--device {device} is not used: samples are computed by the CPU");
    }
}

/// A device whose first samples of each plan are compared with the CPU's.
struct Checked {
    cuda: CudaBackend,
    /// Whether the CPU computes what the device has no room for.
    or_cpu: bool,
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
        let [mut expected, mut got] = [&cpu, &cuda].map(|session| session.allocate(rows));
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
