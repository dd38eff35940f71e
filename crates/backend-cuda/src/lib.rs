//! Builds blocks of samples on NVIDIA GPUs, with the same bits as the CPU.
//!
//! The market and its tables are uploaded once for all parts. Then a launch makes any samples from
//! their numbers alone, in chunks and in two lanes: one chunk is copied to the host while the next
//! is computed. The kernels are CUDA C++ in `kernels/`. They do the same operations as the CPU's
//! code, and are compiled without fused multiply-adds.
//!
//! The driver is found at run time. On a machine without one, [`CudaBackend::open`] fails and lists
//! where it looked. README.md has the settings for a workspace that depends on this crate.
//!
//! ```no_run
//! use std::sync::Arc;
//! use barloom_backend::{Backend, BackendError, Draws, Program};
//! use barloom_backend_cuda::CudaBackend;
//! # fn build(
//! #     market: Arc<barloom_bars::Market>,
//! #     program: Arc<Program>,
//! #     draws: Arc<Draws>,
//! # ) -> Result<(), BackendError> {
//! let session = CudaBackend::open(0)?.load(market, program)?.session(draws)?;
//! let mut block = session.allocate(4_096)?;
//! session.fill(0, 4_096, &mut block)?;
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_code)]

mod error;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod backend;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod chosen;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod chunk;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod device;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod launch;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod layout;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod session;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tables;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod unsupported;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
use unsupported as backend;

pub use backend::CudaBackend;
pub use error::CudaError;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub use session::{CudaMarket, CudaSession};
