//! Fitted scalers of a dataset.

use barloom_engine::SampleSet;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use crate::{errors, recipe};

/// The fitted scalers as dicts.
pub(crate) fn scalers<'py>(py: Python<'py>, set: &SampleSet) -> PyResult<Bound<'py, PyAny>> {
    let fitted = set.plan.program.fitted();
    let json = serde_json::json!({ "channels": fitted.channels, "snapshot": fitted.snapshot });
    recipe::to_python(py, &json)
}

/// Values of a column from values that its fitted scaler gave, as an array of their shape.
pub(crate) fn inverted<'py>(
    py: Python<'py>,
    set: &SampleSet,
    name: &str,
    x: &Bound<'py, PyAny>,
    symbol: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let program = &set.plan.program;
    let columns = program.channels.iter().chain(&program.snapshot);
    let fitted = columns.filter(|one| one.name == name).find_map(|one| one.fitted.as_deref());
    let fitted = fitted.ok_or_else(|| {
        PyKeyError::new_err(format!(
            "{name}: no channel or snapshot column has a fitted scaler of this name"
        ))
    })?;
    let series = match symbol {
        None if fitted.parameters.len() == 1 => 0,
        None => {
            let told = format!("{name}: each symbol has parameters of its own; pass symbol=...");
            return Err(errors::usage(told));
        }
        Some(symbol) => {
            let known = set.market.series().iter().position(|one| one.symbol == symbol);
            known.ok_or_else(|| PyKeyError::new_err(format!("there is no symbol {symbol}")))?
        }
    };
    let numpy = py.import("numpy")?;
    let given = numpy.call_method1("asarray", (x, "float64"))?;
    let flat: Vec<f64> = given.call_method0("ravel")?.call_method0("tolist")?.extract()?;
    let parameters = fitted.of_series(series);
    let values: Vec<f64> = flat.into_iter().map(|y| parameters.inverse(y)).collect();
    let array = numpy.call_method1("array", (values, "float64"))?;
    array.call_method1("reshape", (given.getattr("shape")?,))
}
