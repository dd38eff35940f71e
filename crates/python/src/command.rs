//! The command `barloom`, for the entry point that the package installs.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command in this process, which it takes for its own, and returns its exit code.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| orchestrator::run(arguments))
}
