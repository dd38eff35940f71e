//! The lock of the folder that a dataset is built in.

use barloom_files::{FileLock, FileSystem, Folder, Kind};

use crate::DatasetError;
use crate::commit::begun::Begun;
use crate::commit::leftovers::{self, Leftovers, whole_shards};
use crate::commit::ownership::entries;
use crate::names::LOCK;

/// Makes a folder of a file system to build in and locks it, or takes over the one that a stopped
/// build left.
///
/// # Errors
/// Another build holds it, it has what no stopped build left, or whole shards that may not be
/// cleared: then nothing is touched.
pub(crate) fn take(
    system: &dyn FileSystem,
    dir: &Folder,
    leftovers: Leftovers,
) -> Result<FileLock, DatasetError> {
    if dir.stat_link().is_ok_and(|found| found.kind != Kind::Folder) {
        return Err(DatasetError::InTheWay(dir.path().to_path_buf()));
    }
    dir.create().map_err(DatasetError::io(dir.path(), "create"))?;
    let path = dir.file(LOCK);
    let busy = || DatasetError::Busy(dir.path().to_path_buf());
    // What another build has written so far is not judged.
    if system.is_locked(&path) {
        return Err(busy());
    }
    leftovers::check(dir)?;
    // A build that ends removes the lock it holds: what was opened may be a file without a name.
    let lock = system.lock(&path).map_err(DatasetError::io(&path, "create"))?.ok_or_else(busy)?;
    // What shards are of is known only from what the build said. If that cannot be read, nothing is
    // cleared that may be of use.
    let shards = match Begun::read(dir) {
        Err(_) if leftovers == Leftovers::Cleared => 0,
        begun => begun?.map_or(Ok(0), |_| whole_shards(dir))?,
    };
    if shards > 0 && leftovers == Leftovers::ClearedUnlessWhole {
        return Err(DatasetError::Unfinished { dir: dir.path().to_path_buf(), shards });
    }
    let is_left = entries(dir)?.iter().any(|entry| entry.name != LOCK);
    if is_left && (shards == 0 || leftovers == Leftovers::Cleared) {
        leftovers::check(dir)?;
        tracing::warn!("{} is left over from a stopped build and is removed", dir.display());
        leftovers::clear(dir)?;
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use barloom_files::Local;

    use super::*;

    fn take(dir: &Path, leftovers: Leftovers) -> Result<FileLock, DatasetError> {
        super::take(&Local, &dir.into(), leftovers)
    }

    #[test]
    fn one_build_holds_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("d.incomplete");
        let lock = take(&dir, Leftovers::ClearedUnlessWhole).unwrap();
        assert!(matches!(take(&dir, Leftovers::Cleared), Err(DatasetError::Busy(_))));
        fs::remove_file(dir.join(LOCK)).unwrap();
        assert!(!lock.is_named());
        let _other = take(&dir, Leftovers::ClearedUnlessWhole).unwrap();
        assert!(!lock.is_named(), "another file has the name now");
    }

    #[test]
    fn leftovers_are_cleared_with_a_lock_and_without() {
        for lock in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("d.incomplete");
            fs::create_dir_all(dir.join("train/samples")).unwrap();
            fs::write(dir.join("train/samples/00000.parquet.tmp"), "half").unwrap();
            fs::write(dir.join("bars.arrow"), "").unwrap();
            if lock {
                fs::write(dir.join(LOCK), "").unwrap();
            }
            fs::write(dir.join("train/notes.md"), "mine").unwrap();
            assert!(matches!(take(&dir, Leftovers::Cleared), Err(DatasetError::InTheWay(_))));
            assert_eq!(dir.join(LOCK).exists(), lock, "nothing is touched");
            fs::remove_file(dir.join("train/notes.md")).unwrap();
            let _lock = take(&dir, Leftovers::ClearedUnlessWhole).unwrap();
            let left: Vec<String> =
                entries(&(&dir).into()).unwrap().into_iter().map(|e| e.name).collect();
            assert_eq!(left, [LOCK]);
        }
    }
}
