//! Builds blocks of samples on NVIDIA GPUs, bit for bit those of the CPU.
//!
//! The market and its tables are uploaded once; a launch then makes any samples from their
//! numbers alone, in chunks, in two lanes: one chunk is copied to the host while the next is
//! computed. The kernels are CUDA C++ in `kernels/`, written operation by operation like the CPU's
//! code, and compiled without fused multiply-adds.
#![deny(unsafe_code)]

pub mod device;
mod layout;
mod session;
mod tables;

pub use session::DeviceSession;
