//! The CUDA driver, found at run time.
//!
//! `cust` calls functions of `libcuda.so.1`, the driver's library. A binary that is linked with
//! that library does not start on a machine without it. This crate defines those functions itself.
//! Each opens the library at its first use and forwards its arguments. If there is no library, or
//! the library lacks the function, it returns `CUDA_ERROR_NO_DEVICE`. So one binary runs
//! everywhere, and `cust` needs no change. The price is a load and a jump per call. A crate that
//! uses `cust` must also use this crate, at least as `use barloom_cuda_driver as _;`. `README.md`
//! has the settings for the build.
//!
//! [`Driver::find`] finds the driver, or gives the reason why there is none:
//!
//! ```
//! use barloom_cuda_driver::Driver;
//!
//! match Driver::find() {
//!     Ok(driver) => {
//!         for device in driver.devices() {
//!             println!("{}: {} bytes", device.name(), device.memory_bytes());
//!         }
//!     }
//!     Err(missing) => println!("{missing}"),
//! }
//! ```
//!
//! That initialises the driver (`cuInit`) and makes no context.
//!
//! The functions are defined on Linux, on x86-64 and AArch64. Elsewhere the crate is its safe part,
//! which finds no driver.
#![deny(unsafe_code)]

mod driver;
mod failure;
mod missing;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod answers;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod library;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod symbols;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod unsupported;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
use unsupported as library;

pub use driver::{Device, Driver, Version};
pub use failure::{Failure, last_failure};
pub use missing::{Missing, Tried};
