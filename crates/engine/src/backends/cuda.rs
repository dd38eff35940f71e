//! A GPU that is not believed at once.

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Draws, PreparedMarket, Program, Session};
use barloom_backend_cpu::CpuBackend;
use barloom_backend_cuda::CudaBackend;
use barloom_bars::Market;

/// Samples that a device is compared with the CPU on before it builds any.
const CHECKED_ROWS: usize = 256;

/// A device whose first samples of each part are compared with the CPU's.
pub(super) struct Checked {
    cuda: CudaBackend,
    /// True if the CPU replaces a device that has no room for the bars.
    or_cpu: bool,
}

/// A market on a device and on the CPU.
struct CheckedMarket {
    cuda: Arc<dyn PreparedMarket>,
    cpu: Arc<dyn PreparedMarket>,
    /// The device's name.
    device: String,
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

    fn load(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        let cpu = CpuBackend::default().load(Arc::clone(&market), Arc::clone(&program))?;
        let cuda = match self.cuda.load(market, program) {
            Err(error) if self.or_cpu => {
                no_room(&error);
                return Ok(cpu);
            }
            cuda => cuda?,
        };
        let (device, or_cpu) = (self.cuda.device().to_owned(), self.or_cpu);
        Ok(Arc::new(CheckedMarket { cuda, cpu, device, or_cpu }))
    }
}

fn no_room(error: &BackendError) {
    tracing::warn!("samples are computed by the CPU after all: {error}");
}

impl PreparedMarket for CheckedMarket {
    fn market(&self) -> &Arc<Market> {
        self.cpu.market()
    }

    fn program(&self) -> &Arc<Program> {
        self.cpu.program()
    }

    fn session(self: Arc<Self>, draws: Arc<Draws>) -> Result<Arc<dyn Session>, BackendError> {
        let cpu = Arc::clone(&self.cpu).session(Arc::clone(&draws))?;
        let cuda = match Arc::clone(&self.cuda).session(draws) {
            Err(error) if self.or_cpu => {
                no_room(&error);
                return Ok(cpu);
            }
            cuda => cuda?,
        };
        let mut expected = cpu.allocate(CHECKED_ROWS)?;
        let mut got = cuda.allocate(CHECKED_ROWS)?;
        cpu.fill(0, CHECKED_ROWS, &mut expected)?;
        cuda.fill(0, CHECKED_ROWS, &mut got)?;
        got.same_bits(&expected).map_err(|difference| {
            BackendError::Device(format!(
                "{} does not compute what the CPU does: {difference}; nothing was built. Please \
                 report this with the driver's version, and use --backend cpu",
                self.device
            ))
        })?;
        Ok(cuda)
    }
}
