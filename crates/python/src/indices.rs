//! Numbers of samples from what Python indexes with.

use pyo3::exceptions::{PyIndexError, PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList};

/// A number of a sample, counted from the end where it is below 0.
pub(crate) fn resolved(index: i64, samples: u64) -> PyResult<u64> {
    let at = if index < 0 { index.checked_add_unsigned(samples) } else { Some(index) };
    at.and_then(|at| u64::try_from(at).ok())
        .filter(|at| *at < samples)
        .ok_or_else(|| PyIndexError::new_err(format!("sample {index} of a dataset of {samples}")))
}

/// Numbers of samples from a sequence, an array of numbers, or a mask of all samples.
pub(crate) fn indices(key: &Bound<'_, PyAny>, samples: u64) -> PyResult<Vec<u64>> {
    let list = if key.hasattr("tolist")? { key.call_method0("tolist")? } else { key.clone() };
    let is_mask = |list: &Bound<'_, PyAny>| {
        list.cast::<PyList>()
            .is_ok_and(|l| l.get_item(0).is_ok_and(|first| first.is_instance_of::<PyBool>()))
    };
    if is_mask(&list) {
        let mask: Vec<bool> = list.extract()?;
        if mask.len() as u64 != samples {
            let message = format!("a mask of {} of a dataset of {samples}", mask.len());
            return Err(PyIndexError::new_err(message));
        }
        return Ok((0..).zip(mask).filter(|(_, chosen)| *chosen).map(|(i, _)| i).collect());
    }
    let numbers: Vec<i64> = list.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(key.py()) {
            return PyIndexError::new_err(format!("a number beyond 2^63 of {samples} samples"));
        }
        let got = key.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        PyTypeError::new_err(format!(
            "expected the number of a sample, a slice, a sequence of numbers or the name of a \
             part, \
             got {got}"
        ))
    })?;
    numbers.into_iter().map(|index| resolved(index, samples)).collect()
}
