use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Plan, Session};
use barloom_bars::Market;

use crate::CudaError;
use crate::device::Device;
use crate::session::CudaSession;

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

    /// As [`Backend::prepare`], with the methods that a GPU's session alone has.
    ///
    /// # Errors
    /// The reward settings are wrong, the market does not fit the device, or it fails.
    pub fn session(&self, market: &Market, plan: Arc<Plan>) -> Result<CudaSession, BackendError> {
        CudaSession::new(Arc::clone(&self.device), market, plan)
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

    fn prepare(
        &self,
        market: Arc<Market>,
        plan: Arc<Plan>,
    ) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(self.session(&market, plan)?))
    }
}
