//! Looking at a dataset.

use std::path::Path;

use arrow::array::RecordBatch;
use barloom_dataset::{Dataset, Manifest};

use crate::{BackendChoice, Error};

/// The description that a dataset holds of itself.
#[derive(Debug)]
pub struct Inspection {
    /// The manifests of all parts in time order; of the one there is without a split.
    pub manifests: Vec<Manifest>,
    /// The error of making its samples again, if they cannot be made.
    pub semantics: Option<Error>,
}

impl Inspection {
    /// Opens the dataset in a folder, or each part of it.
    ///
    /// # Errors
    /// There is no whole dataset, or it is damaged.
    pub fn of(path: impl AsRef<Path>) -> Result<Self, Error> {
        let datasets = Dataset::open_all(path)?;
        let semantics = datasets.first().and_then(|first| first.check_semantics().err());
        let manifests = datasets.iter().map(|dataset| dataset.manifest().clone()).collect();
        Ok(Self { manifests, semantics: semantics.map(Error::from) })
    }
}

/// Reads a sample of the dataset in a folder: as stored, or as a virtual dataset makes it.
///
/// # Errors
/// There is no dataset without parts, it is damaged, or it has no such sample.
pub fn read_sample(path: impl AsRef<Path>, sample: u64) -> Result<RecordBatch, Error> {
    let dataset = Dataset::open(path)?;
    let cpu = BackendChoice::Cpu.open(None)?;
    Ok(dataset.reader(&*cpu)?.take(&[sample])?)
}
