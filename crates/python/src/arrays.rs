//! Batches as dicts of NumPy arrays over their memory.
#![expect(unsafe_code, reason = "NumPy arrays are made over memory that a batch owns")]

use barloom_engine::Batch;
use barloom_schema::{COLUMNS, Logical, META, SNAPSHOT, Slice};
use numpy::ndarray::{ArrayViewD, IxDyn};
use numpy::{Element, PyArray};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::errors;

/// The columns of every dict of arrays.
const ALWAYS: [&str; 3] = ["windows", "meta", "reward"];

/// The columns of a dict beside [`ALWAYS`].
#[derive(Debug)]
pub(crate) enum Column {
    /// A name of [`barloom_engine::columns`].
    Named(Py<PyString>, String),
    /// A reward, unrounded.
    Metric(Py<PyString>, usize),
}

impl Column {
    /// Columns by the names that datasets give them. Names of what every dict has add nothing:
    /// [`ALWAYS`], and the snapshot if the dataset has one.
    pub(crate) fn find(
        py: Python<'_>,
        names: &[String],
        metrics: &[String],
        has_snapshot: bool,
    ) -> PyResult<Vec<Self>> {
        let snapshot = has_snapshot.then_some(SNAPSHOT);
        let always = || ALWAYS.into_iter().chain(snapshot);
        let one = |name: &String| {
            let key = PyString::intern(py, name).unbind();
            let metric = metrics.iter().position(|metric| *name == format!("reward_{metric}"));
            if let Some(metric) = metric {
                return Ok(Self::Metric(key, metric));
            }
            if barloom_engine::columns().any(|column| column == name) {
                return Ok(Self::Named(key, name.clone()));
            }
            let rewards = metrics.iter().map(|metric| format!("reward_{metric}"));
            let known: Vec<String> = always()
                .chain(barloom_engine::columns())
                .map(str::to_owned)
                .chain(rewards)
                .collect();
            Err(pyo3::exceptions::PyKeyError::new_err(format!(
                "columns: there is no {name:?}; there are {}",
                known.join(", ")
            )))
        };
        names.iter().filter(|name| !always().any(|one| one == *name)).map(one).collect()
    }
}

/// Keeps a batch's memory for as long as an array over it is there.
#[pyclass(frozen, module = "barloom")]
struct Owner {
    _batch: Batch,
}

/// Values as an array of this shape; `owner` keeps their memory.
fn array<'py, T: Element>(
    values: &[T],
    shape: &[usize],
    owner: &Bound<'py, Owner>,
) -> PyResult<Bound<'py, PyAny>> {
    let view =
        ArrayViewD::from_shape(IxDyn(shape), values).map_err(|e| errors::usage(e.to_string()))?;
    // SAFETY: the memory is the batch's, which lives as long as `owner`, the array's base. Rows of
    // a batch are nobody else's, and the loader touches them again only once the batch is gone, so
    // Python may write to them too.
    let array = unsafe { PyArray::borrow_from_array(&view, owner.clone().into_any()) };
    Ok(array.into_any())
}

/// A batch as a dict of arrays. `alone` leaves out the first dimension, of a batch of one.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    batch: &Batch,
    columns: &[Column],
    alone: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let owner = Bound::new(py, Owner { _batch: batch.clone() })?;
    let (rows, each) = (batch.rows(), batch.rows_per_window());
    // [B], or [B, K] where a state has its actions.
    let rows: Vec<usize> = match (alone, each) {
        (true, _) => Vec::new(),
        (false, 1) => vec![rows],
        (false, _) => vec![batch.len(), each],
    };
    let dict = PyDict::new(py);
    let windows = batch.windows_shape();
    let windows = if alone { &windows[1..] } else { &windows[..] };
    dict.set_item(intern!(py, "windows"), array(batch.window_values(), windows, &owner)?)?;
    let with = |last: usize| [&rows[..], &[last]].concat();
    let snapshot = batch.snapshot_columns();
    if snapshot > 0 {
        let values = array(batch.snapshot_values(), &with(snapshot), &owner)?;
        dict.set_item(intern!(py, "snapshot"), values)?;
    }
    dict.set_item(intern!(py, "meta"), array(batch.meta_values(), &with(META.len()), &owner)?)?;
    let metrics = batch.metrics();
    let reward = if metrics == 1 { rows.clone() } else { with(metrics) };
    dict.set_item(intern!(py, "reward"), array(batch.reward_values(), &reward, &owner)?)?;
    for column in columns {
        let (key, array) = match column {
            Column::Metric(key, metric) => (key, array(batch.metric(*metric), &rows, &owner)?),
            Column::Named(key, name) => {
                let Some(values) = batch.column(name) else { continue };
                let values = match values {
                    Slice::F32(values) => array(values, &rows, &owner)?,
                    Slice::F64(values) => array(values, &rows, &owner)?,
                    Slice::I8(values) => array(values, &rows, &owner)?,
                    Slice::I32(values) => array(values, &rows, &owner)?,
                    Slice::I64(values) => array(values, &rows, &owner)?,
                    Slice::U8(values) => array(values, &rows, &owner)?,
                    Slice::U32(values) => array(values, &rows, &owner)?,
                };
                let is_time =
                    COLUMNS.iter().any(|one| one.name == name && one.logical == Logical::Time);
                let times = |array: Bound<'py, PyAny>| {
                    array.call_method1(intern!(py, "view"), (intern!(py, "datetime64[ns]"),))
                };
                (key, if is_time { times(values)? } else { values })
            }
        };
        dict.set_item(key, array)?;
    }
    Ok(dict)
}
