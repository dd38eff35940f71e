//! Datasets that are opened: those in a folder, and those that were pickled.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::arguments::whole_or_none;
use crate::dataset::Dataset;
use crate::part::Choice;
use crate::{errors, jobs};

/// Opens the dataset in a folder.
#[pyfunction]
#[pyo3(signature = (path, backend="auto", device=None))]
pub(crate) fn open(
    py: Python<'_>,
    path: PathBuf,
    backend: &str,
    #[pyo3(from_py_with = whole_or_none)] device: Option<u32>,
) -> PyResult<Dataset> {
    let choice = Choice { backend: jobs::backend(backend)?, device };
    let sets = py.detach(|| barloom_engine::open(&path)).map_err(errors::of)?;
    Dataset::new(sets, choice, Some(path), Vec::new())
}

/// The dataset in memory of a resolved recipe and its bars, as `__reduce__` gives them.
#[pyfunction]
pub(crate) fn from_stored(
    py: Python<'_>,
    recipe: &str,
    bars: Vec<u8>,
    part: Option<&str>,
    backend: &str,
    device: Option<u32>,
) -> PyResult<Dataset> {
    let choice = Choice { backend: jobs::backend(backend)?, device };
    let dataset = py.detach(|| {
        let recipe = barloom_recipe::Recipe::from_toml(recipe, "recipe").map_err(errors::of)?;
        let loaded = barloom_engine::Loaded::of_stored(&recipe, bars).map_err(errors::of)?;
        Dataset::new(loaded.sets().map_err(errors::of)?, choice, None, Vec::new())
    })?;
    match part {
        Some(part) if !dataset.is_one() => dataset.named(part),
        _ => Ok(dataset),
    }
}
