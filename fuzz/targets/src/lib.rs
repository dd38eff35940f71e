//! Shared by every program of libFuzzer here: the targets' `run`, and an allocator that refuses.
//!
//! libFuzzer's own limit is of memory that is touched, and it looks once a second. This one is of
//! memory that is asked for, touched or not; who asks for more ends the process: a finding.

pub use barloom_fuzz::run;

use cap::Cap;
use std::alloc::System;

/// Most bytes held at a time: inputs have a few kilobytes.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, 768 << 20);
