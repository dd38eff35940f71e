//! What `_supervised.py` needs of datasets: folds, decision bars, inputs, tables of predictions,
//! other recipes on the same bars.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use barloom_engine::{Job, Predicted, SampleSet, Threads};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{layout_of, whole_or_none};
use crate::arrays::inputs_to_dict;
use crate::dataset::Dataset;
use crate::recipe::of_any;
use crate::tables::Table;
use crate::{errors, jobs};

/// Rows of a market from numbers of Python.
fn rows_of(rows: &PyReadonlyArray1<'_, i64>) -> PyResult<Vec<usize>> {
    let rows: Result<_, _> = rows.as_slice()?.iter().map(|row| usize::try_from(*row)).collect();
    rows.map_err(|_| PyIndexError::new_err("rows count from 0"))
}

/// For each fold its number, its test groups, and the parts and times of its roles.
#[pyfunction]
pub(crate) fn folds<'py>(dataset: &Bound<'py, Dataset>) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let py = dataset.py();
    let mut folds: BTreeMap<u32, (Bound<'py, PyDict>, Bound<'py, PyDict>)> = BTreeMap::new();
    let Some(sets) = dataset.get().sets() else { return Ok(Vec::new()) };
    for set in sets {
        let Some(part) = &set.plan.part else { continue };
        let Some(role) = part.role() else { continue };
        let within = |one: &Range<i64>| within(set, one);
        let (_, roles) = match folds.get(&role.fold) {
            Some(fold) => fold,
            None => {
                let (fold, roles) = (PyDict::new(py), PyDict::new(py));
                let groups = role.groups.iter().map(|(group, one)| {
                    let (start, end) = within(one);
                    (*group, start, end)
                });
                fold.set_item("number", role.fold)?;
                fold.set_item("groups", groups.collect::<Vec<_>>())?;
                fold.set_item("roles", &roles)?;
                folds.entry(role.fold).or_insert((fold, roles))
            }
        };
        let one = PyDict::new(py);
        one.set_item("part", &part.name)?;
        one.set_item("times", role.times.iter().map(within).collect::<Vec<_>>())?;
        one.set_item("purged", role.purged)?;
        one.set_item("embargoed", role.embargoed)?;
        roles.set_item(role.role.name(), one)?;
    }
    Ok(folds.into_values().map(|(fold, _)| fold).collect())
}

/// An interval of times as far as there are bars: those of a split may have no bounds.
fn within(set: &SampleSet, times: &Range<i64>) -> (i64, i64) {
    let ts = set.market.ts();
    let (first, last) = (ts.iter().min().copied(), ts.iter().max().copied());
    (times.start.max(first.unwrap_or(0)), times.end.min(last.map_or(0, |last| last + 1)))
}

/// The market's rows of the decision bars, ascending.
#[pyfunction]
pub(crate) fn decision_rows<'py>(
    dataset: &Bound<'py, Dataset>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let rows = dataset.get().part_of()?.set.decision_rows().into_iter().map(|row| row as i64);
    Ok(PyArray1::from_iter(dataset.py(), rows))
}

/// The opens of bars by the market's rows, ns since 1970 UTC.
#[pyfunction]
pub(crate) fn times<'py>(
    dataset: &Bound<'py, Dataset>,
    rows: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let ts = dataset.get().set().market.ts();
    let times: Option<Vec<i64>> =
        rows_of(&rows)?.into_iter().map(|row| ts.get(row).copied()).collect();
    let times = times.ok_or_else(|| PyIndexError::new_err("there is no such row"))?;
    Ok(PyArray1::from_vec(dataset.py(), times))
}

/// Windows and snapshots before rows of the market.
#[pyfunction]
pub(crate) fn inputs<'py>(
    dataset: &Bound<'py, Dataset>,
    rows: PyReadonlyArray1<'py, i64>,
    layout: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let (py, part, layout) = (dataset.py(), dataset.get().part_of()?, layout_of(layout)?);
    let rows = rows_of(&rows)?;
    let block = py.detach(|| {
        let prepared = part.prepared()?;
        let read = || -> Result<_, barloom_engine::Error> {
            let mut block = prepared.allocate_windows(layout, rows.len())?;
            prepared.observe(&rows, Threads::All, &mut block)?;
            Ok(block)
        };
        read().map_err(errors::of)
    })?;
    inputs_to_dict(py, block)
}

/// A table of predictions before rows of the market, with columns of whole numbers first.
#[pyfunction]
pub(crate) fn predictions(
    dataset: &Bound<'_, Dataset>,
    others: Vec<(String, PyReadonlyArray1<'_, i64>)>,
    rows: PyReadonlyArray1<'_, i64>,
    pred: &Bound<'_, PyAny>,
    width: usize,
) -> PyResult<Table> {
    let predicted = match pred.extract::<PyReadonlyArray1<'_, i64>>() {
        Ok(values) => Predicted::Wholes(values.as_slice()?.to_vec(), width),
        Err(_) => {
            let values: PyReadonlyArray1<'_, f64> = pred.extract()?;
            Predicted::Reals(values.as_slice()?.to_vec(), width)
        }
    };
    let values = |(name, values): (String, PyReadonlyArray1<'_, i64>)| {
        Ok((name, values.as_slice()?.to_vec()))
    };
    let others = others.into_iter().map(values).collect::<PyResult<_>>()?;
    let table = dataset.get().set().predictions(others, &rows_of(&rows)?, &predicted);
    let table = table.map_err(errors::of)?;
    Ok(Table::new(table.schema(), vec![table]))
}

/// The dataset in memory of another recipe on the same bars.
#[pyfunction]
pub(crate) fn replaced(
    dataset: &Bound<'_, Dataset>,
    recipe: &Bound<'_, PyAny>,
) -> PyResult<Dataset> {
    let recipe = of_any(Some(recipe))?;
    recipe.validate().map_err(errors::of)?;
    let (set, choice) = (dataset.get().set().clone(), dataset.get().choice());
    jobs::watched(dataset.py(), None, None, move |_| {
        let loaded = set.replaced(&recipe).map_err(errors::of)?;
        let sets = loaded.sets().map_err(errors::of)?;
        Dataset::new(sets, choice, None, loaded.notes)
    })
}

/// Writes all parts of a dataset to a folder, and opens it there.
#[pyfunction]
pub(crate) fn write(
    dataset: &Bound<'_, Dataset>,
    out: PathBuf,
    format: Option<&str>,
    overwrite: bool,
    #[pyo3(from_py_with = whole_or_none)] threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Dataset> {
    let format = format.map(str::parse).transpose().map_err(errors::of)?;
    let this = dataset.get();
    let (set, choice, notes) = (this.set().clone(), this.choice(), this.notes());
    let folder = out.clone();
    let sets = jobs::watched(dataset.py(), progress, threads, move |watch| {
        let mut recipe = (*set.recipe).clone();
        recipe.output.format = format.unwrap_or(recipe.output.format);
        let loaded = set.replaced(&recipe).map_err(errors::of)?;
        let (backend, device) = (choice.backend, choice.device);
        let job = Job { overwrite, backend, device, ..Job::new(&out) };
        let job = Job { threads: threads.unwrap_or(job.threads), ..job };
        job.prepare(&loaded).and_then(|job| job.run(watch)).map_err(errors::of)?;
        barloom_engine::open(&out).map_err(errors::of)
    })?;
    Dataset::new(sets, choice, Some(folder), notes)
}
