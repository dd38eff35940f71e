//! The lock of the folder that a dataset is built in, and what a killed build left there.

use std::fs::{self, File};
use std::path::Path;

use crate::begun::Begun;
use crate::encode::is_file_name;
use crate::ownership::entries;
use crate::{DatasetError, record};

/// The file in a build's folder that the build holds a lock on. It is empty.
pub(crate) const LOCK: &str = ".lock";

/// What is done with what a build that was stopped left in its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// Whole shards stay, for a build that goes on.
    Kept,
    /// It is cleared, unless there are whole shards.
    ClearedUnlessWhole,
    /// It is cleared.
    Cleared,
}

/// Makes a folder to build in and locks it, or takes over the one that a stopped build left.
///
/// # Errors
/// Another build holds it, it has what no build writes, or whole shards that may not be cleared:
/// then nothing is touched.
pub(crate) fn take(dir: &Path, leftovers: Leftovers) -> Result<File, DatasetError> {
    let left = match fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_dir() => true,
        Ok(_) => return Err(DatasetError::InTheWay(dir.to_path_buf())),
        Err(_) => false,
    };
    fs::create_dir_all(dir).map_err(DatasetError::io(dir, "create"))?;
    check_leftovers(dir)?;
    let path = dir.join(LOCK);
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
    if left && (shards == 0 || leftovers == Leftovers::Cleared) {
        check_leftovers(dir)?;
        tracing::warn!("{} is left from a build that was stopped; it is cleared", dir.display());
        for (name, is_dir) in entries(dir)?.into_iter().filter(|(name, _)| name != LOCK) {
            let path = dir.join(name);
            let removed = if is_dir == Some(true) {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.map_err(DatasetError::io(&path, "remove"))?;
        }
    }
    Ok(lock)
}

/// How many shards a build's folder and those of its parts have that are whole: that have records.
pub(crate) fn whole_shards(dir: &Path) -> Result<usize, DatasetError> {
    let mut count = 0;
    for (name, is_dir) in entries(dir)? {
        count += match is_dir {
            Some(true) => whole_shards(&dir.join(name))?,
            _ => usize::from(record::number_in(&name).is_some()),
        };
    }
    Ok(count)
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

/// Refuses a folder with anything in it that no build writes.
fn check_leftovers(dir: &Path) -> Result<(), DatasetError> {
    for (name, is_dir) in entries(dir)? {
        let path = dir.join(&name);
        let ours = match is_dir {
            Some(false) => name == LOCK || is_build_file(&name),
            // A part's.
            Some(true) => {
                let of_part = |(name, is_dir): &(String, Option<bool>)| {
                    *is_dir == Some(false) && is_build_file(name)
                };
                if let Some((name, _)) = entries(&path)?.iter().find(|entry| !of_part(entry)) {
                    return Err(DatasetError::InTheWay(path.join(name)));
                }
                true
            }
            None => false,
        };
        if !ours {
            return Err(DatasetError::InTheWay(path));
        }
    }
    Ok(())
}

/// Whether a build writes files of this name, or under it before they have their own.
pub(crate) fn is_build_file(name: &str) -> bool {
    const FILES: [&str; 6] = [
        "manifest.json",
        "piece.json",
        "build.json",
        "recipe.toml",
        "meta_scaler.json",
        "bars.arrow",
    ];
    let name = name.strip_suffix(".tmp").unwrap_or(name);
    FILES.contains(&name) || is_file_name(name) || record::number_in(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_writes() {
        for name in [
            "manifest.json",
            "recipe.toml.tmp",
            "bars.arrow.tmp",
            "build.json",
            "shard-00012.json",
            "windows-00000.npy.tmp",
            "samples-00003.arrow",
            "samples-00000.parquet",
            "samples-123456.parquet.tmp",
        ] {
            assert!(is_build_file(name), "{name}");
        }
        for name in ["thesis.txt", "samples-.parquet", "samples-00000.csv", "tmp", "bars.arrow.1"] {
            assert!(!is_build_file(name), "{name}");
        }
    }

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
            fs::write(dir.join("manifest.json"), "").unwrap();
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
