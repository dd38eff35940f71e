//! Joining pieces of a dataset.

use std::path::{Path, PathBuf};

use barloom_dataset::BuiltPart;

use crate::{Error, Watch, clip_warnings};

/// The settings that join the pieces of a dataset to the whole.
#[derive(Clone, Copy, Debug)]
pub struct Merge<'a> {
    /// The folders of all pieces.
    pub pieces: &'a [PathBuf],
    /// The dataset's folder.
    pub out: &'a Path,
    /// True if a dataset that is there may be replaced.
    pub overwrite: bool,
    /// True if the pieces stay.
    pub keep: bool,
    /// The number of threads that copy and hash.
    pub threads: usize,
}

impl Merge<'_> {
    /// Joins the pieces: to a whole dataset, or on an error to none. What the parts warn of goes to
    /// `tracing`.
    ///
    /// # Errors
    /// Pieces are missing or do not belong together; the output is there or cannot be written; the
    /// watch stops it.
    pub fn run(&self, watch: &Watch) -> Result<Vec<BuiltPart>, Error> {
        let parts = barloom_dataset::Merge {
            pieces: self.pieces.iter().map(Into::into).collect(),
            out: self.out.into(),
            overwrite: self.overwrite,
            keep: self.keep,
            threads: self.threads,
            watch: watch.clone(),
        }
        .run()?;
        for warning in parts.iter().flat_map(clip_warnings) {
            tracing::warn!("{warning}");
        }
        Ok(parts)
    }
}
