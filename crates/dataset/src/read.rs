//! Opening a dataset.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use barloom_bars::{Market, Part};
use barloom_market_data::read_market_arrow;
use barloom_recipe::Recipe;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::{DatasetError, Manifest};

/// A dataset that was opened: its manifest and recipe are read, its samples are not.
#[derive(Debug)]
pub struct Dataset {
    path: PathBuf,
    manifest: Manifest,
    recipe: Recipe,
}

impl Dataset {
    /// Opens the dataset in a folder.
    ///
    /// # Errors
    /// The folder is no whole dataset, is a split one, is of a later format, or its manifest or
    /// recipe is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DatasetError> {
        let path = path.as_ref();
        let file = path.join("manifest.json");
        if !file.is_file() {
            let parts = find_parts(path)?;
            let path = path.to_path_buf();
            return Err(if parts.is_empty() {
                DatasetError::NotADataset(path)
            } else {
                let named: Vec<String> =
                    parts.iter().map(|part| path.join(part).display().to_string()).collect();
                DatasetError::HasParts { path, parts: named.join(", ") }
            });
        }
        let text = fs::read_to_string(&file).map_err(DatasetError::io(&file, "read"))?;
        let manifest = Manifest::from_json(&text, &file)?;
        let file = path.join("recipe.toml");
        let text = fs::read_to_string(&file).map_err(DatasetError::io(&file, "read"))?;
        let recipe = Recipe::from_toml(&text, &file.to_string_lossy())?;
        if recipe.digest() != manifest.recipe_digest {
            let problem = "it is not the recipe whose digest the manifest holds".to_owned();
            return Err(DatasetError::Damaged { path: file, problem });
        }
        Ok(Self { path: path.to_path_buf(), manifest, recipe })
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its recipe.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Reads its bars.
    ///
    /// # Errors
    /// The file can't be read or is damaged.
    pub fn market(&self) -> Result<Market, DatasetError> {
        Ok(read_market_arrow(&self.path.join("bars.arrow"), &self.recipe.data.channels)?)
    }

    /// The part of the split that this dataset is, for these bars; none without a split.
    ///
    /// # Errors
    /// The split of the recipe does not have the part that the manifest names.
    pub fn part(&self, market: &Market) -> Result<Option<Part>, DatasetError> {
        let Some(record) = &self.manifest.part else { return Ok(None) };
        let parts = self.recipe.parts(market)?;
        let part = parts.into_iter().find(|p| p.index == record.index && p.name == record.name);
        part.map(Some).ok_or_else(|| DatasetError::Damaged {
            path: self.path.join("recipe.toml"),
            problem: format!("its split has no part {}", record.name),
        })
    }

    /// Reads one sample of a stored dataset as a record batch of one row.
    ///
    /// # Errors
    /// There is no such sample (a virtual dataset stores none), or its file is damaged.
    pub fn read_sample(&self, sample: u64) -> Result<RecordBatch, DatasetError> {
        let missing = || DatasetError::NoSuchSample { sample, samples: self.manifest.samples };
        let shards = &self.manifest.shards;
        let after = shards.partition_point(|s| s.first <= sample);
        let shard = after.checked_sub(1).and_then(|i| shards.get(i)).ok_or_else(missing)?;
        let offset = sample - shard.first;
        if offset >= shard.rows {
            return Err(missing());
        }
        let path = self.path.join(&shard.file.name);
        let file = File::open(&path).map_err(DatasetError::io(&path, "open"))?;
        let bytes = file.metadata().map_err(DatasetError::io(&path, "read"))?.len();
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let read = if bytes == shard.file.bytes {
            read_row(file, offset)
        } else {
            let recorded = shard.file.bytes;
            Err(format!("it has {bytes} bytes and its manifest says {recorded}").into())
        };
        read.map_err(|e| match e.downcast::<io::Error>() {
            Ok(error) => DatasetError::io(&path, "read")(*error),
            Err(error) => DatasetError::Damaged { path, problem: error.to_string() },
        })
    }
}

/// One row of a Parquet file of samples. An error is that of the system, or says what is wrong
/// with the file.
fn read_row(file: File, row: usize) -> Result<RecordBatch, Box<dyn Error + Send + Sync>> {
    let read = || -> Result<_, ParquetError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
        Ok(builder.with_offset(row).with_limit(1).build()?.next().transpose()?)
    };
    // Some damage makes the reader panic.
    match std::panic::catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(Some(batch))) => Ok(batch),
        Ok(Ok(None)) => Err("it has too few rows".into()),
        Ok(Err(ParquetError::External(error))) => Err(error),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err("its contents contradict each other".into()),
    }
}

/// The names of the parts of a split dataset, in time order: subfolders that are datasets.
///
/// # Errors
/// The folder can't be listed.
pub fn find_parts(path: &Path) -> Result<Vec<String>, DatasetError> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(path).map_err(DatasetError::io(path, "open"))? {
        let entry = entry.map_err(DatasetError::io(path, "list"))?;
        let manifest = entry.path().join("manifest.json");
        if manifest.is_file() {
            // One that is damaged comes last; opening it says what is wrong with it.
            let part = fs::read_to_string(&manifest)
                .ok()
                .and_then(|text| Manifest::from_json(&text, &manifest).ok()?.part);
            let index = part.map_or(u32::MAX, |part| part.index);
            parts.push((index, entry.file_name().to_string_lossy().into_owned()));
        }
    }
    parts.sort();
    Ok(parts.into_iter().map(|(_, name)| name).collect())
}
