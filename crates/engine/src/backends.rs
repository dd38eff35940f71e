//! The choice of a backend.

use std::fmt;
use std::str::FromStr;

use barloom_backend::Backend;
use barloom_backend_cpu::CpuBackend;

use crate::Error;

#[cfg(feature = "cuda")]
mod cuda;

/// The backend that computes the samples. All backends give the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendChoice {
    /// A GPU if there is one that has room for the bars, else the CPU. A build without CUDA takes
    /// the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
}

impl BackendChoice {
    /// Opens the backend; `device` is a GPU's number as the driver lists them, 0 if none is given.
    /// A GPU's first samples of each part are compared with the CPU's before it makes any.
    ///
    /// The choice goes to `tracing`, and so does a device that was named and is not used.
    ///
    /// # Errors
    /// [`Cuda`](Self::Cuda) is not built in, or there is no driver, or no such device.
    pub fn open(self, device: Option<u32>) -> Result<Box<dyn Backend>, Error> {
        let or_cpu = match self {
            Self::Cpu => return Ok(cpu(device)),
            Self::Auto => true,
            Self::Cuda => false,
        };
        match open_cuda(device.unwrap_or(0), or_cpu) {
            Err(error) if or_cpu => {
                tracing::info!("samples are computed by the CPU: {error}");
                Ok(cpu(device))
            }
            opened => opened,
        }
    }
}

/// A name that no backend has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a backend; choose auto, cpu or cuda")]
pub struct UnknownBackend(pub String);

impl FromStr for BackendChoice {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            _ => Err(UnknownBackend(name.to_owned())),
        }
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        })
    }
}

/// The CPU, whatever device was named.
fn cpu(device: Option<u32>) -> Box<dyn Backend> {
    if let Some(device) = device {
        tracing::warn!("device {device} is not used: samples are computed by the CPU");
    }
    Box::new(CpuBackend::default())
}

/// A GPU; `or_cpu` is whether the CPU computes what it has no room for.
#[cfg(feature = "cuda")]
fn open_cuda(device: u32, or_cpu: bool) -> Result<Box<dyn Backend>, Error> {
    Ok(Box::new(cuda::Checked::open(device, or_cpu)?))
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(_device: u32, _or_cpu: bool) -> Result<Box<dyn Backend>, Error> {
    Err(Error::NoCuda)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_choice_reads_back_from_its_name() {
        for choice in [BackendChoice::Auto, BackendChoice::Cpu, BackendChoice::Cuda] {
            assert_eq!(choice.to_string().parse::<BackendChoice>().unwrap(), choice);
        }
        let error = "gpu".parse::<BackendChoice>().unwrap_err();
        assert_eq!(error.to_string(), "\"gpu\" is not a backend; choose auto, cpu or cuda");
        assert_eq!(Error::from(error).kind(), ErrorKind::Usage);
    }

    #[test]
    fn there_is_always_a_backend() {
        assert_eq!(BackendChoice::Cpu.open(Some(3)).unwrap().name(), "cpu");
        assert!(BackendChoice::default().open(None).is_ok());
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn without_the_feature_auto_is_the_cpu_and_cuda_is_refused() {
        assert_eq!(BackendChoice::Auto.open(None).unwrap().name(), "cpu");
        let error = BackendChoice::Cuda.open(None).err().unwrap();
        assert!(error.to_string().starts_with("this build has no CUDA backend"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}
