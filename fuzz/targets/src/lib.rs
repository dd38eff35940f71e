//! What every program of libFuzzer here has.

pub use barloom_fuzz::{initialise, run};
pub use libfuzzer_sys::fuzz_target;

use cap::Cap;
use std::alloc::System;

/// What an input of a few kilobytes may ask for, in bytes. libFuzzer's own limit is of memory
/// that is touched and looked at once a second; this one refuses, which ends the process.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, 768 << 20);
