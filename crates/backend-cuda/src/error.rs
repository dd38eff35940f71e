use barloom_cuda_driver::Missing;

/// An error of building samples on a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CudaError {
    /// There is no driver, or none that sees a device.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// There is no device of this number.
    #[error("there is no CUDA device {ordinal}; the driver lists {devices}")]
    NoSuchDevice {
        /// The number asked for.
        ordinal: u32,
        /// The devices of the driver.
        devices: String,
    },
    /// The driver refused a call, or what it was asked for failed.
    #[error("{device}: {call}: {what}")]
    Call {
        /// The device.
        device: String,
        /// The call with its sizes: `allocate 1024 bytes`.
        call: String,
        /// The driver's function, code and words.
        what: String,
    },
}

impl From<CudaError> for barloom_backend::BackendError {
    fn from(error: CudaError) -> Self {
        Self::Device(error.to_string())
    }
}
