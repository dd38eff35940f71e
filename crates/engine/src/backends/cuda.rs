//! A GPU that is not believed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use barloom_backend::{
    Backend, BackendError, Decisions, Draws, PreparedMarket, PricedBlock, Program, Session,
    Threads, WindowBlock, WindowLayout,
};
use barloom_backend_cpu::CpuBackend;
use barloom_backend_cuda::CudaBackend;
use barloom_bars::Market;

/// Samples, windows or decisions that a device is compared with the CPU on before it is believed.
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
    /// True once its windows were compared, and once its prices were.
    observed: AtomicBool,
    priced: AtomicBool,
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
        let [observed, priced] = [false; 2].map(AtomicBool::new);
        Ok(Arc::new(CheckedMarket { cuda, cpu, device, or_cpu, observed, priced }))
    }
}

fn no_room(error: &BackendError) {
    tracing::warn!("samples are computed by the CPU after all: {error}");
}

impl CheckedMarket {
    fn differs(&self, difference: &str) -> BackendError {
        BackendError::Device(format!(
            "{} gives other bits than the CPU: {difference}; nothing was built. Please report \
             this with the driver's version",
            self.device
        ))
    }
}

impl PreparedMarket for CheckedMarket {
    fn market(&self) -> &Arc<Market> {
        self.cpu.market()
    }

    fn program(&self) -> &Arc<Program> {
        self.cpu.program()
    }

    fn with_program(
        self: Arc<Self>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        let cpu = Arc::clone(&self.cpu).with_program(Arc::clone(&program))?;
        let cuda = match Arc::clone(&self.cuda).with_program(program) {
            Err(error) if self.or_cpu => {
                no_room(&error);
                return Ok(cpu);
            }
            cuda => cuda?,
        };
        let (device, or_cpu) = (self.device.clone(), self.or_cpu);
        let [observed, priced] = [false; 2].map(AtomicBool::new);
        Ok(Arc::new(Self { cuda, cpu, device, or_cpu, observed, priced }))
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
        got.same_bits(&expected).map_err(|difference| self.differs(&difference))?;
        Ok(cuda)
    }

    fn observe(
        &self,
        rows: &[usize],
        threads: Threads,
        block: &mut WindowBlock,
    ) -> Result<(), BackendError> {
        if !self.observed.load(Ordering::Relaxed) && !rows.is_empty() {
            let first = &rows[..rows.len().min(CHECKED_ROWS)];
            let layout = WindowLayout::PerChannel;
            let mut expected = self.cpu.allocate_windows(layout, first.len())?;
            let mut got = self.cuda.allocate_windows(layout, first.len())?;
            self.cpu.observe(first, threads, &mut expected)?;
            self.cuda.observe(first, threads, &mut got)?;
            got.same_bits(&expected).map_err(|difference| self.differs(&difference))?;
            self.observed.store(true, Ordering::Relaxed);
        }
        self.cuda.observe(rows, threads, block)
    }

    fn price(
        &self,
        decisions: Decisions<'_>,
        threads: Threads,
        block: &mut PricedBlock,
    ) -> Result<(), BackendError> {
        // Columns may be of different lengths until they were checked.
        decisions.check(self.market(), self.program().forward)?;
        if !self.priced.load(Ordering::Relaxed) && !decisions.is_empty() {
            let first = decisions.rows(0, decisions.len().min(CHECKED_ROWS));
            let mut expected = self.cpu.allocate_priced(first.len())?;
            let mut got = self.cuda.allocate_priced(first.len())?;
            self.cpu.price(first, threads, &mut expected)?;
            self.cuda.price(first, threads, &mut got)?;
            got.same_bits(&expected).map_err(|difference| self.differs(&difference))?;
            self.priced.store(true, Ordering::Relaxed);
        }
        self.cuda.price(decisions, threads, block)
    }

    fn allocate_windows(
        &self,
        layout: WindowLayout,
        rows: usize,
    ) -> Result<WindowBlock, BackendError> {
        self.cuda.allocate_windows(layout, rows)
    }

    fn allocate_priced(&self, rows: usize) -> Result<PricedBlock, BackendError> {
        self.cuda.allocate_priced(rows)
    }
}
