//! The lock of the folder that a dataset is built in.

use std::fs::{self, File};
use std::path::Path;

use crate::DatasetError;
use crate::commit::begun::Begun;
use crate::commit::leftovers::{self, Leftovers, whole_shards};
use crate::commit::ownership::entries;

/// The file in a build's folder that the build holds a lock on. It is empty.
pub(crate) const LOCK: &str = ".lock";

/// Makes a folder to build in and locks it, or takes over the one that a stopped build left.
///
/// # Errors
/// Another build holds it, it has what no stopped build left, or whole shards that may not be cleared:
/// then nothing is touched.
pub(crate) fn take(dir: &Path, leftovers: Leftovers) -> Result<File, DatasetError> {
    match fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Err(DatasetError::InTheWay(dir.to_path_buf())),
        Err(_) => {}
    }
    fs::create_dir_all(dir).map_err(DatasetError::io(dir, "create"))?;
    let path = dir.join(LOCK);
    // What another build has written so far is not judged.
    if File::options().write(true).open(&path).is_ok_and(|lock| lock.try_lock().is_err()) {
        return Err(DatasetError::Busy(dir.to_path_buf()));
    }
    leftovers::check(dir)?;
    let lock = File::options().write(true).create(true).truncate(false).open(&path);
    let lock = lock.map_err(DatasetError::io(&path, "create"))?;
    // A build that ends removes the lock it holds: what was opened may be a file without a name.
    if lock.try_lock().is_err() || !is_named(&lock, &path) {
        return Err(DatasetError::Busy(dir.to_path_buf()));
    }
    // What shards are of is known only from what the build said. If that can't be read, nothing is
    // cleared that may be of use.
    let shards = match Begun::read(dir) {
        Err(_) if leftovers == Leftovers::Cleared => 0,
        begun => begun?.map_or(Ok(0), |_| whole_shards(dir))?,
    };
    if shards > 0 && leftovers == Leftovers::ClearedUnlessWhole {
        return Err(DatasetError::Unfinished { dir: dir.to_path_buf(), shards });
    }
    let is_left = entries(dir)?.iter().any(|(name, _)| name != LOCK);
    if is_left && (shards == 0 || leftovers == Leftovers::Cleared) {
        leftovers::check(dir)?;
        tracing::warn!("{} is left from a build that was stopped; it is cleared", dir.display());
        leftovers::clear(dir)?;
    }
    Ok(lock)
}

/// Whether the open file is the one that has this name.
#[cfg(unix)]
pub(crate) fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
    file.metadata().map(id).ok().is_some_and(|file| fs::metadata(path).map(id).ok() == Some(file))
}

/// Whether the open file is the one that has this name: a file that is open can't be removed.
#[cfg(not(unix))]
pub(crate) fn is_named(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_build_holds_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("d.incomplete");
        let lock = take(&dir, Leftovers::ClearedUnlessWhole).unwrap();
        assert!(matches!(take(&dir, Leftovers::Cleared), Err(DatasetError::Busy(_))));
        drop(lock);
        let lock = File::open(dir.join(LOCK)).unwrap();
        fs::remove_file(dir.join(LOCK)).unwrap();
        assert!(!is_named(&lock, &dir.join(LOCK)));
        let _other = take(&dir, Leftovers::ClearedUnlessWhole).unwrap();
        assert!(!is_named(&lock, &dir.join(LOCK)), "another file has the name now");
    }

    #[test]
    fn leftovers_are_cleared_with_a_lock_and_without() {
        for lock in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("d.incomplete");
            fs::create_dir_all(dir.join("train")).unwrap();
            fs::write(dir.join("train/samples-00000.parquet.tmp"), "half").unwrap();
            fs::write(dir.join("bars.arrow"), "").unwrap();
            if lock {
                fs::write(dir.join(LOCK), "").unwrap();
            }
            fs::write(dir.join("train/notes.md"), "mine").unwrap();
            assert!(matches!(take(&dir, Leftovers::Cleared), Err(DatasetError::InTheWay(_))));
            assert_eq!(dir.join(LOCK).exists(), lock, "nothing is touched");
            fs::remove_file(dir.join("train/notes.md")).unwrap();
            let _lock = take(&dir, Leftovers::ClearedUnlessWhole).unwrap();
            let left: Vec<String> = entries(&dir).unwrap().into_iter().map(|(n, _)| n).collect();
            assert_eq!(left, [LOCK]);
        }
    }
}
