//! Systems without a driver to look for.

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, PreparedMarket, Program};
use barloom_bars::Market;
use barloom_cuda_driver::Driver;

use crate::CudaError;

/// The backend of one GPU; none can be opened on this system.
#[derive(Clone, Debug)]
pub struct CudaBackend {
    never: std::convert::Infallible,
}

impl CudaBackend {
    /// The device of this number, from 0.
    ///
    /// # Errors
    /// Always: CUDA is used on Linux alone.
    pub fn open(ordinal: u32) -> Result<Self, CudaError> {
        Driver::find()?;
        Err(CudaError::NoSuchDevice { ordinal, devices: "none".into() })
    }

    /// The device's name.
    #[must_use]
    pub fn device(&self) -> &str {
        match self.never {}
    }
}

impl Backend for CudaBackend {
    fn name(&self) -> &'static str {
        "cuda"
    }

    fn load(
        &self,
        _: Arc<Market>,
        _: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        match self.never {}
    }
}
