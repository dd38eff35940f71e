//! The folder in which a dataset is built before it gets its name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::files::sync_dir;
use crate::{DatasetError, find_parts};

const LOCK: &str = ".lock";

/// `<out>.incomplete`, locked. Removed when dropped without [`Staging::commit`].
pub(crate) struct Staging {
    out: PathBuf,
    dir: PathBuf,
    lock: Option<File>,
    committed: bool,
}

impl Staging {
    /// Makes the folder in which `out` is built.
    pub(crate) fn create(out: &Path, overwrite: bool) -> Result<Self, DatasetError> {
        let name = out.file_name().ok_or_else(|| DatasetError::NoName(out.to_path_buf()))?;
        check_target(out, overwrite)?;
        let dir = out.with_file_name(format!("{}.incomplete", name.to_string_lossy()));
        if fs::symlink_metadata(&dir).is_ok() {
            remove_stale(&dir)?;
        }
        fs::create_dir_all(&dir).map_err(DatasetError::io(&dir, "create"))?;
        let path = dir.join(LOCK);
        let lock = File::create(&path).map_err(DatasetError::io(&path, "create"))?;
        lock.try_lock().map_err(|_| DatasetError::Busy(dir.clone()))?;
        Ok(Self { out: out.to_path_buf(), dir, lock: Some(lock), committed: false })
    }

    /// The folder to build in.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the folder its name, in place of what was there.
    pub(crate) fn commit(mut self) -> Result<(), DatasetError> {
        let lock = self.dir.join(LOCK);
        drop(self.lock.take());
        fs::remove_file(&lock).map_err(DatasetError::io(&lock, "remove"))?;
        sync_dir(&self.dir)?;
        let mut replaced = self.out.clone().into_os_string();
        replaced.push(".replaced");
        let replaced = PathBuf::from(replaced);
        let before = self.out.exists();
        if before {
            fs::rename(&self.out, &replaced).map_err(DatasetError::io(&self.out, "move aside"))?;
        }
        fs::rename(&self.dir, &self.out)
            .map_err(DatasetError::io(&self.out, "rename into place"))?;
        self.committed = true;
        let parent = self.out.parent().filter(|p| !p.as_os_str().is_empty());
        sync_dir(parent.unwrap_or(Path::new(".")))?;
        if before {
            fs::remove_dir_all(&replaced).map_err(DatasetError::io(&replaced, "remove"))?;
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done if this fails, and the folder's name says what it is.
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// An output must be new, an empty folder, or a dataset that may be overwritten.
fn check_target(out: &Path, overwrite: bool) -> Result<(), DatasetError> {
    if fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    if !out.is_dir() {
        return Err(DatasetError::Exists(out.to_path_buf()));
    }
    let mut entries = fs::read_dir(out).map_err(DatasetError::io(out, "list"))?;
    if entries.next().is_none() {
        return Ok(());
    }
    if !overwrite {
        return Err(DatasetError::Exists(out.to_path_buf()));
    }
    let ours = out.join("manifest.json").is_file() || !find_parts(out)?.is_empty();
    if ours { Ok(()) } else { Err(DatasetError::NotOurs(out.to_path_buf())) }
}

/// Removes what a killed build left; refuses what a running one holds or what no build made.
fn remove_stale(dir: &Path) -> Result<(), DatasetError> {
    let path = dir.join(LOCK);
    let Ok(lock) = File::open(&path) else {
        return Err(DatasetError::Exists(dir.to_path_buf()));
    };
    if lock.try_lock().is_err() {
        return Err(DatasetError::Busy(dir.to_path_buf()));
    }
    tracing::warn!("{} is left from a build that was killed; it is removed", dir.display());
    fs::remove_dir_all(dir).map_err(DatasetError::io(dir, "remove"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_whole_or_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        let staging = Staging::create(&out, false).unwrap();
        fs::write(staging.dir().join("manifest.json"), "1").unwrap();
        assert!(matches!(Staging::create(&out, false), Err(DatasetError::Busy(_))));
        staging.commit().unwrap();
        assert!(out.join("manifest.json").exists());
        assert!(!out.join(LOCK).exists());

        assert!(matches!(Staging::create(&out, false), Err(DatasetError::Exists(_))));
        drop(Staging::create(&out, true).unwrap());
        assert_eq!(fs::read_to_string(out.join("manifest.json")).unwrap(), "1");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing half-written stays");

        let staging = Staging::create(&out, true).unwrap();
        fs::write(staging.dir().join("manifest.json"), "2").unwrap();
        staging.commit().unwrap();
        assert_eq!(fs::read_to_string(out.join("manifest.json")).unwrap(), "2");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn foreign_folders_are_never_touched() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("thesis");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("chapter1.txt"), "years of work").unwrap();
        assert!(matches!(Staging::create(&out, true), Err(DatasetError::NotOurs(_))));
        let incomplete = root.path().join("x.incomplete");
        fs::create_dir(&incomplete).unwrap();
        assert!(matches!(
            Staging::create(&root.path().join("x"), true),
            Err(DatasetError::Exists(_))
        ));
    }

    #[test]
    fn what_a_killed_build_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("d.incomplete");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("samples-00000.parquet.tmp"), "half").unwrap();
        let staging = Staging::create(&root.path().join("d"), false).unwrap();
        assert_eq!(fs::read_dir(staging.dir()).unwrap().count(), 1);
    }
}
