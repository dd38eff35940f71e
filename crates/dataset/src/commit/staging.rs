//! The folder in which a dataset is built before it gets its name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use barloom_files::replace_folder;

use crate::DatasetError;
use crate::commit::begun::Begun;
use crate::commit::files::sync_dir;
use crate::commit::leftovers::{self, Leftovers, whole_shards};
use crate::commit::lock::{self, LOCK};
use crate::commit::ownership::{Contents, MANIFEST, entries, is_trace, remove_dataset};
use crate::commit::piece::PIECE;
use crate::commit::record;

/// `<out>.incomplete`, locked. Dropped without [`Staging::commit`] it stays if it has whole shards,
/// and is removed else.
pub(crate) struct Staging {
    out: PathBuf,
    dir: PathBuf,
    lock: Option<File>,
    /// Whether a dataset, or an empty folder, was there to be replaced.
    replaces: bool,
    ended: bool,
}

impl Staging {
    /// Makes the folder in which `out` is built, beside it; a link is followed.
    pub(crate) fn create(
        out: &Path,
        overwrite: bool,
        leftovers: Leftovers,
    ) -> Result<Self, DatasetError> {
        let out = target(out)?;
        let dir = folder_of(&out)?;
        let replaces = check_target(&out, overwrite)?;
        let lock = lock::take(&dir, leftovers)?;
        Ok(Self { out, dir, lock: Some(lock), replaces, ended: false })
    }

    /// The folder to build in.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the folder its name, in place of what was there.
    ///
    /// What came there since the build began is moved aside and stays. The lock is held until the
    /// folder has its name, so that no other build takes it for one that was left.
    pub(crate) fn commit(&mut self) -> Result<(), DatasetError> {
        if !self.is_ours() {
            // Somebody else cleared it: what is in the folder now is theirs.
            self.ended = true;
            return Err(DatasetError::Busy(self.dir.clone()));
        }
        if cfg!(windows) {
            // A folder with an open file in it can't be renamed there.
            drop(self.lock.take());
        }
        sync_dir(&self.dir)?;
        let before = move_into_place(&self.dir, &self.out)?;
        self.ended = true;
        // The dataset is whole and has its name: nothing from here on makes it less.
        let told = |done: Result<(), DatasetError>| {
            if let Err(error) = done {
                tracing::warn!("{} is whole, but: {}", self.out.display(), error.message());
            }
        };
        // What a build goes on with, and what was there, go only when the name is sure to stay.
        let parent = self.out.parent().filter(|p| !p.as_os_str().is_empty());
        let synced = sync_dir(parent.unwrap_or(Path::new(".")));
        let stays = synced.is_ok();
        told(synced);
        if stays {
            told(remove_traces(&self.out));
        }
        drop(self.lock.take());
        let Some(aside) = before else { return Ok(()) };
        let removed = if stays && self.replaces { remove_dataset(&aside) } else { Ok(false) };
        if let Err(error) = removed {
            let (aside, out, why) = (aside.display(), self.out.display(), error.message());
            tracing::warn!("{aside} has what is left of what was {out} before: {why}");
        } else if !matches!(removed, Ok(true)) {
            tracing::warn!(
                "{} has what was {} before, or came to it while this dataset was built",
                aside.display(),
                self.out.display()
            );
        }
        Ok(())
    }

    /// Tells whether the folder of this name still is the one that this build has locked.
    fn is_ours(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock::is_named(lock, &self.dir.join(LOCK)))
    }

    /// Ends without a dataset; the error says how to go on where there are whole shards.
    pub(crate) fn leave(mut self, error: DatasetError) -> DatasetError {
        // Another build's shards are left, and its folder too.
        let others =
            matches!(error, DatasetError::OtherBuild { .. } | DatasetError::Busy(_)) || self.ended;
        if others {
            self.ended = true;
            return error;
        }
        match self.end() {
            None | Some(0) => error,
            Some(shards) => {
                let dir = self.dir.clone();
                DatasetError::Resumable { dir, shards, because: Box::new(error) }
            }
        }
    }

    /// Removes what is of no use to a build that goes on: everything, where no shard is whole; how
    /// many are. Where that can't be told, or the folder is another build's now, everything stays. Nothing more can be done if removing
    /// fails, and the folder's name says what it is.
    fn end(&mut self) -> Option<usize> {
        self.ended = true;
        if !self.is_ours() {
            return None;
        }
        let begun = Begun::read(&self.dir).ok()?;
        let shards = begun.map_or(Ok(0), |_| whole_shards(&self.dir)).ok()?;
        if shards == 0 {
            // It held nothing but this build's files. What came to it since then stays.
            if leftovers::clear(&self.dir).is_ok() {
                let _ = fs::remove_file(self.dir.join(LOCK));
                let _ = fs::remove_dir(&self.dir);
            }
        } else {
            remove_temporary(&self.dir);
        }
        Some(shards)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}

/// What is after the last dot in the name of the folder in which a dataset is built.
pub(crate) const INCOMPLETE: &str = "incomplete";

/// The folder in which a dataset is built.
pub(crate) fn folder_of(out: &Path) -> Result<PathBuf, DatasetError> {
    let name = out.file_name().ok_or_else(|| DatasetError::NoName(out.to_path_buf()))?;
    Ok(out.with_file_name(format!("{}.{INCOMPLETE}", name.to_string_lossy())))
}

fn remove_temporary(dir: &Path) {
    for (name, is_dir) in entries(dir).unwrap_or_default() {
        let path = dir.join(&name);
        if is_dir == Some(true) {
            remove_temporary(&path);
        } else if name.ends_with(".tmp") {
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes from a dataset that has its name, and from its parts, what only its build needed. A
/// piece keeps the records of its shards, for the merge.
pub(crate) fn remove_traces(dir: &Path) -> Result<(), DatasetError> {
    for folder in parts_and(dir)? {
        let piece = folder.join(PIECE).exists();
        let mut removed = false;
        for (name, is_dir) in entries(&folder)? {
            let kept = name == PIECE || piece && record::number_in(&name).is_some();
            if is_dir == Some(false) && !kept && is_trace(&folder, &name) {
                let path = folder.join(name);
                fs::remove_file(&path).map_err(DatasetError::io(&path, "remove"))?;
                removed = true;
            }
        }
        if removed {
            sync_dir(&folder)?;
        }
    }
    Ok(())
}

/// A folder, and those in it that are datasets or pieces.
fn parts_and(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let below = entries(dir)?.into_iter().filter(|(_, is_dir)| *is_dir == Some(true));
    let is_part = |path: &PathBuf| [PIECE, MANIFEST].iter().any(|name| path.join(name).exists());
    let parts = below.map(|(name, _)| dir.join(name)).filter(is_part);
    Ok([dir.to_owned()].into_iter().chain(parts).collect())
}

/// Renames the folder to `out`. What was there is moved aside, to the path that is given back, in the
/// same step where the system can; or it is put back where the folder can't have its name.
fn move_into_place(dir: &Path, out: &Path) -> Result<Option<PathBuf>, DatasetError> {
    let failed = DatasetError::io(out, "rename into place");
    if fs::symlink_metadata(out).is_err() {
        return fs::rename(dir, out).map(|()| None).map_err(failed);
    }
    let aside = free_name(out);
    let replaced = replace_folder(dir, out, &aside);
    if replaced.is_err() && fs::symlink_metadata(&aside).is_ok() {
        let what = if out.exists() { dir } else { out };
        tracing::error!("what was {} is {} now", what.display(), aside.display());
    }
    match replaced {
        // A file system was mounted there since the build began, or it is in use.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            tracing::error!("{}: {error}", out.display());
            Err(DatasetError::Mounted(out.to_path_buf()))
        }
        replaced => replaced.map(|()| Some(aside)).map_err(failed),
    }
}

/// Tells whether a file system is mounted at a folder, which can't be renamed then.
fn is_mounted(dir: &Path) -> bool {
    let (Ok(mounts), Ok(dir)) = (fs::read_to_string("/proc/self/mountinfo"), fs::canonicalize(dir))
    else {
        return false;
    };
    // The fifth word is where it is mounted.
    mounts.lines().any(|line| line.split(' ').nth(4).is_some_and(|at| dir == Path::new(at)))
}

/// The folder that an output path means: where it is a link, what that points to.
pub(crate) fn target(out: &Path) -> Result<PathBuf, DatasetError> {
    // Without a slash at its end, which would hide that it is a link.
    let out: PathBuf = out.components().collect();
    if !fs::symlink_metadata(&out).is_ok_and(|meta| meta.is_symlink()) {
        return Ok(out);
    }
    fs::canonicalize(&out).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DatasetError::DanglingLink(out),
        _ => DatasetError::io(&out, "follow the link")(error),
    })
}

/// An output must be new, an empty folder, or a dataset with nothing else beside it that may be
/// overwritten. Whether a folder is there.
fn check_target(out: &Path, overwrite: bool) -> Result<bool, DatasetError> {
    if fs::symlink_metadata(out).is_err() {
        return Ok(false);
    }
    let path = out.to_path_buf();
    if !out.is_dir() {
        return Err(DatasetError::NotAFolder(path));
    }
    if is_mounted(out) {
        return Err(DatasetError::Mounted(path));
    }
    let contents = Contents::of(out)?;
    match (contents.dataset, contents.foreign_text()) {
        (false, None) => Ok(true),
        (false, Some(entries)) => Err(DatasetError::NotOurs { path, entries }),
        (true, Some(entries)) => Err(DatasetError::Foreign { path, entries }),
        (true, None) if overwrite => Ok(true),
        (true, None) => Err(DatasetError::Exists(path)),
    }
}

/// `<out>.replaced`, or with a number after it where that is taken.
fn free_name(out: &Path) -> PathBuf {
    let name = |number: u32| {
        let mut name = out.as_os_str().to_owned();
        name.push(if number == 0 { ".replaced".into() } else { format!(".replaced-{number}") });
        PathBuf::from(name)
    };
    (0..u32::MAX).map(name).find(|p| fs::symlink_metadata(p).is_err()).unwrap_or_else(|| name(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::ownership::tests::write_dataset;

    const CLEARED: Leftovers = Leftovers::ClearedUnlessWhole;

    fn build(out: &Path, text: &str) {
        let mut staging = Staging::create(out, true, CLEARED).unwrap();
        write_dataset(staging.dir(), None, text);
        staging.commit().unwrap();
    }

    fn entries(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn commits_whole_or_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        let mut staging = Staging::create(&out, false, CLEARED).unwrap();
        write_dataset(staging.dir(), None, "1");
        assert!(matches!(Staging::create(&out, false, CLEARED), Err(DatasetError::Busy(_))));
        staging.commit().unwrap();
        assert!(out.join("manifest.json").exists());
        assert!(!out.join(LOCK).exists());

        assert!(matches!(Staging::create(&out, false, CLEARED), Err(DatasetError::Exists(_))));
        drop(Staging::create(&out, true, CLEARED).unwrap());
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "1");
        assert_eq!(entries(root.path()), 1, "nothing half-written stays");

        build(&out, "2");
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "2");
        assert_eq!(entries(root.path()), 1);
    }

    #[test]
    fn foreign_folders_are_never_touched() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("thesis");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("chapter1.txt"), "years of work").unwrap();
        for overwrite in [false, true] {
            let refused = Staging::create(&out, overwrite, CLEARED);
            assert!(matches!(refused, Err(DatasetError::NotOurs { .. })));
        }
        let incomplete = root.path().join("x.incomplete");
        fs::create_dir(&incomplete).unwrap();
        fs::write(incomplete.join("chapter2.txt"), "more of it").unwrap();
        let refused = Staging::create(&root.path().join("x"), true, CLEARED);
        assert!(
            matches!(refused, Err(DatasetError::InTheWay(p)) if p == incomplete.join("chapter2.txt"))
        );
        let file = root.path().join("plain");
        fs::write(&file, "").unwrap();
        assert!(matches!(Staging::create(&file, true, CLEARED), Err(DatasetError::NotAFolder(_))));
    }

    #[test]
    fn a_dataset_beside_other_work_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        let exp = root.path().join("exp");
        write_dataset(&exp.join("run1"), None, "1");
        fs::create_dir(exp.join("code")).unwrap();
        let Err(DatasetError::NotOurs { entries, .. }) = Staging::create(&exp, true, CLEARED)
        else {
            panic!("a folder with a dataset in it is no dataset");
        };
        assert_eq!(entries, "code/, run1/");

        let run = exp.join("run1");
        fs::write(run.join("notes.md"), "").unwrap();
        let Err(DatasetError::Foreign { entries, .. }) = Staging::create(&run, true, CLEARED)
        else {
            panic!("a note in a dataset would be lost");
        };
        assert_eq!(entries, "notes.md");
    }

    #[test]
    fn what_comes_while_a_build_runs_is_moved_aside() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        build(&out, "1");
        fs::create_dir(root.path().join("d.replaced")).unwrap();
        let mut staging = Staging::create(&out, true, CLEARED).unwrap();
        write_dataset(staging.dir(), None, "2");
        fs::write(out.join("notes.md"), "mine").unwrap();
        staging.commit().unwrap();
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "2");
        let aside = root.path().join("d.replaced-1");
        assert_eq!(fs::read_to_string(aside.join("notes.md")).unwrap(), "mine");
        assert_eq!(entries(&aside), 1);

        let out = root.path().join("e");
        let mut staging = Staging::create(&out, false, CLEARED).unwrap();
        write_dataset(&out, None, "theirs");
        staging.commit().unwrap();
        assert_eq!(entries(&root.path().join("e.replaced")), 2, "a dataset no one gave away");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let (disk, link) = (root.path().join("disk"), root.path().join("link"));
        fs::create_dir_all(disk.join("data")).unwrap();
        std::os::unix::fs::symlink(disk.join("data"), &link).unwrap();
        build(&root.path().join("link/"), "1");
        build(&link, "2");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(disk.join("data/bars.arrow")).unwrap(), "2");
        assert_eq!((entries(root.path()), entries(&disk)), (2, 1));

        fs::remove_dir_all(disk.join("data")).unwrap();
        assert!(matches!(
            Staging::create(&link, true, CLEARED),
            Err(DatasetError::DanglingLink(_))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_build_that_lost_its_folder_leaves_what_another_has_there() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        let first = Staging::create(&out, false, CLEARED).unwrap();
        fs::rename(first.dir(), root.path().join("elsewhere")).unwrap();
        let mut second = Staging::create(&out, false, CLEARED).unwrap();
        write_dataset(second.dir(), None, "2");
        let error = first.leave(DatasetError::NoName(out.clone()));
        assert!(matches!(error, DatasetError::NoName(_)));
        second.commit().unwrap();
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "2");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_mounted_is_not_built_over() {
        let proc = Path::new("/proc");
        assert!(is_mounted(proc) && !is_mounted(Path::new("/proc/self")));
        assert!(matches!(check_target(proc, true), Err(DatasetError::Mounted(_))));
    }

    #[test]
    fn a_rename_that_fails_puts_the_old_dataset_back() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        build(&out, "1");
        let moved = move_into_place(&root.path().join("not there"), &out);
        assert!(matches!(moved, Err(DatasetError::Io { .. })));
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "1");
        assert_eq!(entries(root.path()), 1);
    }

    #[test]
    fn a_lock_that_a_kill_left_in_a_dataset_is_its_own() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        for part in [None, Some("train")] {
            let dir = part.map_or(out.clone(), |part| out.join(part));
            write_dataset(&dir, part, "1");
            fs::write(out.join(LOCK), "").unwrap();
            build(&out, "2");
            assert_eq!((entries(&out), entries(root.path())), (2, 1));
            fs::remove_dir_all(&out).unwrap();
            write_dataset(&dir, part, "1");
            fs::write(out.join(LOCK), "a note").unwrap();
            assert!(matches!(
                Staging::create(&out, true, CLEARED),
                Err(DatasetError::Foreign { .. })
            ));
            fs::remove_dir_all(&out).unwrap();
        }
    }

    #[test]
    fn what_a_killed_build_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("d.incomplete");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("samples-00000.parquet.tmp"), "half").unwrap();
        let staging = Staging::create(&root.path().join("d"), false, CLEARED).unwrap();
        assert_eq!(entries(staging.dir()), 1);
    }
}
