//! The folders that files are written to, and their free space.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::report::cases::{Case, Place};
use crate::report::host::{available_memory, file_system};

/// The share of what is free that one measurement may take.
const SHARE: f64 = 0.6;

/// Folders for files that are measured, removed in the end.
#[derive(Debug)]
pub struct Places {
    tmpfs: Option<PathBuf>,
    disk: PathBuf,
}

impl Places {
    /// Folders of this process on tmpfs, where there is one, and below `target`.
    ///
    /// # Errors
    /// A folder cannot be made.
    pub fn new(target: &Path) -> Result<Self> {
        let own = format!("barloom-bench-{}", std::process::id());
        let memory = Path::new("/dev/shm");
        let tmpfs = (file_system(memory) == "tmpfs").then(|| memory.join(&own));
        let tmpfs = tmpfs.filter(|folder| fs::create_dir_all(folder).is_ok());
        let disk = target.join(own);
        fs::create_dir_all(&disk).with_context(|| disk.display().to_string())?;
        Ok(Self { tmpfs, disk })
    }

    /// The folder of a place; none where there is no such place.
    #[must_use]
    pub fn folder(&self, place: Place) -> Option<&Path> {
        match place {
            Place::Tmpfs => self.tmpfs.as_deref(),
            Place::Disk => Some(&self.disk),
        }
    }

    /// The reason for which a case has no room here; none where it has.
    #[must_use]
    pub fn refuse(&self, case: &Case) -> Option<String> {
        let (memory, files) = needs(case);
        let mut held = memory;
        if let Some(place) = case.place {
            let Some(folder) = self.folder(place) else {
                return Some("there is no file system in memory here".to_owned());
            };
            if place == Place::Tmpfs {
                held += files;
            }
            let free = fs4::available_space(folder).ok();
            if let Some(why) = too_much("disk space", files, free) {
                return Some(why);
            }
        }
        too_much("memory", held, available_memory())
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        for folder in self.tmpfs.iter().chain([&self.disk]) {
            // Where it fails a folder is left, and the report stands.
            drop(fs::remove_dir_all(folder));
        }
    }
}

fn too_much(what: &str, needed: u64, free: Option<u64>) -> Option<String> {
    let free = free?;
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let allowed = free as f64 * SHARE;
    (needed as f64 > allowed).then(|| {
        let share = SHARE * 100.0;
        format!(
            "it needs {:.1} GiB of {what}, and {share:.0}% of the {:.1} GiB free are less",
            gib(needed),
            gib(free)
        )
    })
}

/// Bytes of memory and of files that a case takes, roughly.
fn needs(case: &Case) -> (u64, u64) {
    const BASE: u64 = 256 << 20;
    let bytes = case.sample_bytes();
    match case.kind.as_str() {
        "memory" | "fill" | "numpy-windows" | "numba-windows" | "numpy-numba" => (bytes + BASE, 0),
        "copy" => (2 * bytes + BASE, 0),
        "numpy-vectorised" => {
            // Gathered prices, masks and stacked copies of windows, f64.
            let futures = case.n * case.forward as u64 * 8 * 8;
            (3 * bytes + futures + BASE, 0)
        }
        // Our files, theirs, and the table in memory.
        "pyarrow-writer" | "pyarrow-plain" => (2 * bytes + BASE, 2 * bytes),
        // Files that are to stay in the system's cache.
        "loader-torch-samples" | "loader-torch-batches" | "loader-pyarrow" | "loader-numpy" => {
            (bytes + BASE, 0)
        }
        "batch-copy" => (BASE + (1 << 30), 0),
        "parquet" => (BASE + case.threads as u64 * (128 << 20), bytes),
        "write" => (0, bytes),
        "reward" | "numba-rewards" => (case.n * 64 + BASE, 0),
        _ => (BASE, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Places, too_much};
    use crate::report::cases::Place;

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        assert_eq!(too_much("memory", 1 << 30, None), None);
        assert_eq!(too_much("memory", 1 << 30, Some(2 << 30)), None);
        let why = too_much("memory", 2 << 30, Some(2 << 30)).expect("too much");
        assert!(why.contains("2.0 GiB of memory"), "{why}");
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::new(folder.path()).expect("places");
        let huge = Case::new("parquet", 1 << 40, 512, 64, 2).at(Place::Disk);
        assert!(places.refuse(&huge).is_some());
        assert_eq!(places.refuse(&Case::new("stream", 1 << 40, 64, 64, 2)), None);
    }
}
