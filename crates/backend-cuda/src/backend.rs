use std::sync::Arc;

use barloom_backend::{Backend, BackendError, PreparedMarket, Program};
use barloom_bars::Market;

use crate::CudaError;
use crate::device::Device;
use crate::session::CudaMarket;

/// The backend of one GPU.
#[derive(Clone, Debug)]
pub struct CudaBackend {
    device: Arc<Device>,
}

impl CudaBackend {
    /// The device of this number, from 0, with the kernels loaded.
    ///
    /// # Errors
    /// There is no driver or no such device, or the driver refuses the kernels.
    pub fn open(ordinal: u32) -> Result<Self, CudaError> {
        Ok(Self { device: Device::open(ordinal)? })
    }

    /// As [`Backend::load`], with the methods that a GPU's market alone has.
    ///
    /// # Errors
    /// The reward settings are wrong, the market does not fit the device, or it fails.
    pub fn load_market(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<CudaMarket>, BackendError> {
        Ok(Arc::new(CudaMarket::new(Arc::clone(&self.device), market, program)?))
    }

    /// The device's name, number, compute capability and memory.
    #[must_use]
    pub fn device(&self) -> &str {
        self.device.name()
    }
}

impl Backend for CudaBackend {
    fn name(&self) -> &'static str {
        "cuda"
    }

    fn load(
        &self,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        Ok(self.load_market(market, program)?)
    }
}
