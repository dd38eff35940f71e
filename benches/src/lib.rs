//! The benchmarks: what `cargo xtask bench` runs.
//!
//! Three things stand here. Criterion benches of the inner loops (`benches/`). The binary
//! `barloom-measure`, which takes one measurement of a whole job and prints it as one JSON
//! object: a process a measurement, so that peak memory and cold starts mean something. And the
//! binary `barloom-bench`, which runs these measurements in turn, A B A B, beside the limits of
//! the machine and Python peers, and writes the report.
//!
//! Nothing is compared by absolute times across machines: figures are kept with their host, and
//! regressions are looked for in ratios that were measured in one run.
#![deny(unsafe_code)]

pub mod clock;
pub mod gpu;
pub mod job;
pub mod measure;
pub mod measurement;
pub mod report;
pub mod stats;
mod streaming;
mod walk;

pub use walk::{prepare, session, walk};
