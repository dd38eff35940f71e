//! Numbers as arguments.

use barloom_engine::WindowLayout;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors;
use pyo3::types::PyBool;

/// A whole number that is not negative. PyO3 notes the argument's name on the error.
pub(crate) fn whole<T: TryFrom<u64>>(value: &Bound<'_, PyAny>) -> PyResult<T> {
    let number = if value.is_instance_of::<PyBool>() { None } else { value.extract::<u64>().ok() };
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
        let got = value.repr().map_or_else(|_| "something else".to_owned(), |got| got.to_string());
        let most = 8 * size_of::<T>();
        PyTypeError::new_err(format!("expected a whole number from 0 to 2^{most} - 1, got {got}"))
    })
}

/// As [`whole`], or None.
pub(crate) fn whole_or_none<T: TryFrom<u64>>(value: &Bound<'_, PyAny>) -> PyResult<Option<T>> {
    if value.is_none() { Ok(None) } else { whole(value).map(Some) }
}

/// The layout of windows by its name.
pub(crate) fn layout_of(layout: &str) -> PyResult<WindowLayout> {
    match layout {
        "BCL" => Ok(WindowLayout::ChannelsFirst),
        "BLC" => Ok(WindowLayout::ChannelsLast),
        _ => Err(errors::usage(format!("layout: expected \"BCL\" or \"BLC\", got {layout:?}"))),
    }
}
