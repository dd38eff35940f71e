//! The compiled half of the Python package `barloom`.
//!
//! Python's objects are thin. They turn arguments into those of the engine and the loader, release
//! the interpreter lock during the work, and expose their memory as NumPy arrays without a copy.
//! Code that is simpler in Python is in `python/barloom`.
#![deny(unsafe_code)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "arguments of Python's functions are made for them"
)]

mod arguments;
mod arrays;
mod backtest;
mod bars;
mod command;
mod dataset;
mod errors;
mod indices;
mod jobs;
mod live;
mod loader;
mod names;
mod opening;
mod ordered;
mod own;
mod part;
mod pricer;
mod recipe;
mod scalers;
mod stream;
mod supervised;
mod tables;

use pyo3::prelude::*;

/// The compiled half of barloom.
#[pymodule]
fn _barloom(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Where there is a logger already, of an earlier import, it stays.
    let _ = pyo3_log::try_init();
    // NumPy's interface is found at its first use: here, where Ctrl-C is raised like any error.
    numpy::PyArray1::<f32>::zeros(module.py(), 0, false);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<recipe::Recipe>()?;
    recipe::document(module)?;
    module.add_class::<dataset::Dataset>()?;
    module.add_class::<loader::Loader>()?;
    module.add_class::<loader::Batches>()?;
    module.add_class::<tables::Table>()?;
    module.add_class::<pricer::Pricer>()?;
    module.add_class::<live::Live>()?;
    module.add_function(wrap_pyfunction!(command::command, module)?)?;
    module.add_function(wrap_pyfunction!(bars::sample_bars, module)?)?;
    module.add_function(wrap_pyfunction!(jobs::build, module)?)?;
    module.add_function(wrap_pyfunction!(jobs::verify, module)?)?;
    module.add_function(wrap_pyfunction!(jobs::check, module)?)?;
    module.add_function(wrap_pyfunction!(jobs::read, module)?)?;
    module.add_function(wrap_pyfunction!(jobs::features, module)?)?;
    module.add_function(wrap_pyfunction!(pricer::pricer, module)?)?;
    module.add_function(wrap_pyfunction!(live::live, module)?)?;
    module.add_function(wrap_pyfunction!(backtest::backtest, module)?)?;
    module.add_function(wrap_pyfunction!(backtest::backtest_rules, module)?)?;
    module.add_function(wrap_pyfunction!(opening::open, module)?)?;
    module.add_function(wrap_pyfunction!(opening::from_stored, module)?)?;
    module.add_function(wrap_pyfunction!(tables::table, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::folds, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::decision_rows, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::times, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::inputs, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::predictions, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::replaced, module)?)?;
    module.add_function(wrap_pyfunction!(supervised::write, module)?)?;
    Ok(())
}
