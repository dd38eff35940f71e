//! Batches as dicts of NumPy arrays over their memory.
#![expect(unsafe_code, reason = "NumPy arrays are made over memory that a batch owns")]

use std::any::Any;
use std::sync::Arc;

use barloom_engine::{Batch, GridAction, Label, Metric, Program, WindowBlock, WindowLayout};
use barloom_schema::{COLUMNS, Field, Logical, SNAPSHOT, Slice};
use numpy::ndarray::{ArrayViewD, IxDyn};
use numpy::{Element, PyArray, PyArray1};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::errors;

/// The columns of every dict of arrays, but for snapshot and labels: those of samples without
/// actions, and those of others.
const ALWAYS: [&[&str]; 2] = [&["windows"], &["windows", "meta", "reward"]];

/// The columns of a dict beside those that it always has.
#[derive(Debug)]
pub(crate) enum Column {
    /// A name of [`barloom_engine::columns`].
    Named(Py<PyString>, String),
    /// A reward, unrounded.
    Metric(Py<PyString>, usize),
}

impl Column {
    /// Columns by the names that datasets give them. Names of what every dict has add nothing:
    /// windows, the snapshot, meta, reward, labels and the weight, where the dataset has them.
    pub(crate) fn find(py: Python<'_>, names: &[String], program: &Program) -> PyResult<Vec<Self>> {
        let always = ALWAYS[usize::from(program.priced)].iter().copied();
        let snapshot = (!program.snapshot.is_empty()).then_some(SNAPSHOT);
        let labels = program.labels.iter().map(|label| label.name.clone());
        let always: Vec<String> = always.chain(snapshot).map(str::to_owned).chain(labels).collect();
        let metrics: &[Metric] = if program.priced { &program.reward.metrics } else { &[] };
        let rewards: Vec<String> =
            metrics.iter().map(|metric| format!("reward_{}", metric.name())).collect();
        let columns = || barloom_engine::columns(program.priced);
        let one = |name: &String| {
            let key = PyString::intern(py, name).unbind();
            if let Some(metric) = rewards.iter().position(|reward| reward == name) {
                return Ok(Self::Metric(key, metric));
            }
            if columns().any(|column| column == name) {
                return Ok(Self::Named(key, name.clone()));
            }
            let columns = columns().map(str::to_owned);
            let rewards = rewards.iter().cloned();
            let known: Vec<String> = always.iter().cloned().chain(columns).chain(rewards).collect();
            Err(pyo3::exceptions::PyKeyError::new_err(format!(
                "columns: there is no {name:?}; there are {}",
                known.join(", ")
            )))
        };
        names.iter().filter(|name| !always.contains(name)).map(one).collect()
    }
}

/// Keeps the memory of a batch, or of a block of windows, for as long as an array over it is there.
#[pyclass(frozen, module = "barloom")]
struct Owner {
    _memory: Box<dyn Any + Send + Sync>,
}

impl Owner {
    fn of<'py>(py: Python<'py>, memory: impl Any + Send + Sync) -> PyResult<Bound<'py, Self>> {
        Bound::new(py, Self { _memory: Box::new(memory) })
    }
}

/// Values as an array of this shape; `owner` keeps their memory.
fn array<'py, T: Element>(
    values: &[T],
    shape: &[usize],
    owner: &Bound<'py, Owner>,
) -> PyResult<Bound<'py, PyAny>> {
    let view =
        ArrayViewD::from_shape(IxDyn(shape), values).map_err(|e| errors::usage(e.to_string()))?;
    // SAFETY: the memory is the batch's or the block's, which lives as long as `owner`, the array's
    // base. Rows of a batch are nobody else's, and the loader touches them again only once the batch
    // is gone, so Python may write to them too. A block is the owner's alone.
    let array = unsafe { PyArray::borrow_from_array(&view, owner.clone().into_any()) };
    Ok(array.into_any())
}

/// As [`array`], of the type of the values.
fn typed<'py>(
    values: Slice<'_>,
    shape: &[usize],
    owner: &Bound<'py, Owner>,
) -> PyResult<Bound<'py, PyAny>> {
    match values {
        Slice::F32(values) => array(values, shape, owner),
        Slice::F64(values) => array(values, shape, owner),
        Slice::I8(values) => array(values, shape, owner),
        Slice::I32(values) => array(values, shape, owner),
        Slice::I64(values) => array(values, shape, owner),
        Slice::U8(values) => array(values, shape, owner),
        Slice::U32(values) => array(values, shape, owner),
    }
}

/// Windows and snapshots of bars as a dict of arrays.
pub(crate) fn inputs_to_dict(py: Python<'_>, block: WindowBlock) -> PyResult<Bound<'_, PyDict>> {
    let (rows, shape) = (block.rows(), block.shape());
    let block = Arc::new(block);
    let owner = Owner::of(py, Arc::clone(&block))?;
    let windows = match shape.layout {
        WindowLayout::ChannelsLast => [rows, shape.lookback, shape.channels],
        _ => [rows, shape.channels, shape.lookback],
    };
    let dict = PyDict::new(py);
    dict.set_item(intern!(py, "windows"), array(&block.columns()[0], &windows, &owner)?)?;
    if shape.snapshot > 0 {
        let values = array(block.snapshot(), &[rows, shape.snapshot], &owner)?;
        dict.set_item(intern!(py, "snapshot"), values)?;
    }
    Ok(dict)
}

/// A column of samples as a dict.
pub(crate) fn described<'py>(py: Python<'py>, field: &Field) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", &field.name)?;
    dict.set_item("dtype", field.dtype.numpy_name())?;
    dict.set_item("shape", PyTuple::new(py, &field.shape)?)?;
    dict.set_item("names", &field.names)?;
    dict.set_item("role", field.role.name())?;
    dict.set_item("unit", &field.unit)?;
    dict.set_item("doc", &field.doc)?;
    Ok(dict)
}

/// Listed actions as a dict of arrays, named as the columns of samples.
pub(crate) fn listed_actions<'py>(
    py: Python<'py>,
    grid: &[GridAction],
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let reals = |of: fn(&GridAction) -> f64| PyArray1::from_iter(py, grid.iter().map(of));
    dict.set_item("act_dir", PyArray1::from_iter(py, grid.iter().map(|one| one.direction)))?;
    dict.set_item("act_dollar", reals(|one| one.dollars))?;
    dict.set_item("act_sl", reals(|one| one.stop))?;
    dict.set_item("act_tp", reals(|one| one.target))?;
    Ok(dict)
}

/// A batch as a dict of arrays. `alone` leaves out the first dimension, of a batch of one.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    batch: &Batch,
    columns: &[Column],
    alone: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let owner = Owner::of(py, batch.clone())?;
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
    if batch.is_priced() {
        let meta = array(batch.meta_values(), &with(batch.meta_fields()), &owner)?;
        dict.set_item(intern!(py, "meta"), meta)?;
        let metrics = batch.metrics();
        let reward = if metrics == 1 { rows.clone() } else { with(metrics) };
        dict.set_item(intern!(py, "reward"), array(batch.reward_values(), &reward, &owner)?)?;
    }
    for Label { name, values, width } in batch.labels() {
        let shape = if width == 1 { rows.clone() } else { with(width) };
        dict.set_item(PyString::intern(py, name), typed(values, &shape, &owner)?)?;
    }
    for column in columns {
        let (key, array) = match column {
            Column::Metric(key, metric) => (key, array(batch.metric(*metric), &rows, &owner)?),
            Column::Named(key, name) => {
                let Some(values) = batch.column(name) else { continue };
                let values = typed(values, &rows, &owner)?;
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
