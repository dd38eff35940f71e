//! The folder in which a dataset is built before it gets its name.

use std::io;
use std::path::PathBuf;

use barloom_files::{Entry, FileLock, FileSystem, Folder, Kind};

use crate::DatasetError;
use crate::commit::begun::Begun;
use crate::commit::files::{remove, sync_dir};
use crate::commit::leftovers::{self, Leftovers, whole_shards};
use crate::commit::lock;
use crate::commit::ownership::{Contents, entries, is_trace, remove_dataset};
use crate::names::{self, BEGUN, LOCK, MANIFEST, PIECE};

/// `<out>.incomplete`, locked. Dropped without [`Staging::commit`] it stays if it has whole shards,
/// and is removed else.
///
/// On a store, which renames nothing, it is the dataset's own folder: `build.json` claims it, the
/// manifest comes last, and several builders of the same dataset may be at work.
pub(crate) struct Staging {
    out: Folder,
    dir: Folder,
    lock: Option<FileLock>,
    /// True if there was a dataset, or an empty folder, to replace.
    replaces: bool,
    ended: bool,
}

impl Staging {
    /// Makes the folder in which `out` is built, beside it; a link is followed.
    pub(crate) fn create(
        out: &Folder,
        overwrite: bool,
        leftovers: Leftovers,
    ) -> Result<Self, DatasetError> {
        let out = target(out)?;
        let dir = folder_of(&out)?;
        let Some(system) = out.file_system() else {
            check_store(&out, overwrite)?;
            return Ok(Self { dir, out, lock: None, replaces: false, ended: false });
        };
        let replaces = check_target(system, &out, overwrite)?;
        let lock = lock::take(system, &dir, leftovers)?;
        Ok(Self { dir, lock: Some(lock), replaces, ended: false, out })
    }

    /// The folder to build in.
    pub(crate) fn dir(&self) -> &Folder {
        &self.dir
    }

    /// Gives the folder its name, in place of what was there.
    ///
    /// What came there since the build began is moved aside and stays. The lock is held until the
    /// folder has its name, so that no other build takes it for one that was left.
    pub(crate) fn commit(&mut self) -> Result<(), DatasetError> {
        let out = self.out.clone();
        // The dataset is whole and has its name: nothing from there on makes it less.
        let told = |done: Result<(), DatasetError>| {
            if let Err(error) = done {
                tracing::warn!("{} is whole, but: {}", out.display(), error.message());
            }
        };
        let Some(system) = out.file_system() else {
            self.ended = true;
            told(remove_traces(&out));
            return Ok(());
        };
        if !self.is_ours() {
            // Somebody else cleared it: what is in the folder now is theirs.
            self.ended = true;
            return Err(DatasetError::Busy(self.dir.path().to_path_buf()));
        }
        if cfg!(windows) {
            // A folder with an open file in it cannot be renamed there.
            drop(self.lock.take());
        }
        sync_dir(&self.dir)?;
        let before = move_into_place(system, &self.dir, &out)?;
        self.ended = true;
        // What a build goes on with, and what was there, go only when the name is sure to stay.
        let synced = sync_dir(&out.parent());
        let stays = synced.is_ok();
        told(synced);
        if stays {
            told(remove_traces(&out));
        }
        drop(self.lock.take());
        let Some(aside) = before else { return Ok(()) };
        let removed = if stays && self.replaces { remove_dataset(&aside) } else { Ok(false) };
        if let Err(error) = removed {
            let (aside, out, why) = (aside.display(), out.display(), error.message());
            tracing::warn!("{aside} has the rest of the previous {out}: {why}");
        } else if !matches!(removed, Ok(true)) {
            tracing::warn!(
                "{} has the previous content of {}, or files that appeared while this dataset was \
                 built",
                aside.display(),
                out.display()
            );
        }
        Ok(())
    }

    /// Tells whether the folder of this name still is the one that this build has locked.
    fn is_ours(&self) -> bool {
        self.lock.as_ref().is_some_and(FileLock::is_named)
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
                let dir = self.dir.path().to_path_buf();
                DatasetError::Resumable { dir, shards, because: Box::new(error) }
            }
        }
    }

    /// Removes what is of no use to a build that goes on: everything, where no shard is whole; how
    /// many are. Where that cannot be told, the folder is another build's now, or is on a store,
    /// where another builder may be at work, everything stays. Nothing more can be done if removing
    /// fails, and the folder's name says what it is.
    fn end(&mut self) -> Option<usize> {
        self.ended = true;
        let on_store = self.dir.file_system().is_none();
        if !on_store && !self.is_ours() {
            return None;
        }
        let begun = Begun::read(&self.dir).ok()?;
        let shards = begun.map_or(Ok(0), |_| whole_shards(&self.dir)).ok()?;
        if on_store {
            return Some(shards);
        }
        if shards == 0 {
            // It held nothing but this build's files. What came to it since then stays.
            if leftovers::clear(&self.dir).is_ok() {
                let _ = self.dir.delete_file(LOCK);
                let _ = self.dir.delete();
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

/// The extension of the folder in which a dataset is built.
pub(crate) const INCOMPLETE: &str = "incomplete";

/// The folder in which a dataset is built: on a store its own.
pub(crate) fn folder_of(out: &Folder) -> Result<Folder, DatasetError> {
    let name = out.name().ok_or_else(|| DatasetError::NoName(out.path().to_path_buf()))?;
    if out.file_system().is_none() {
        return Ok(out.clone());
    }
    Ok(out.at(out.path().with_file_name(format!("{}.{INCOMPLETE}", name.to_string_lossy()))))
}

fn remove_temporary(dir: &Folder) {
    for Entry { name, kind } in entries(dir).unwrap_or_default() {
        if kind == Kind::Folder {
            remove_temporary(&dir.join(name));
        } else if name.ends_with(".tmp") {
            let _ = dir.delete_file(&name);
        }
    }
}

/// Removes from a dataset that has its name, and from its parts, what only its build needed. A
/// piece keeps the records of its shards, for the merge. The claim goes last.
pub(crate) fn remove_traces(dir: &Folder) -> Result<(), DatasetError> {
    for folder in parts_and(dir)? {
        let piece = has(&folder, PIECE);
        let is_trace = |entry: &Entry| {
            let name = &*entry.name;
            let kept = name == PIECE || piece && names::record_number(name).is_some();
            entry.kind == Kind::File && !kept && is_trace(&folder, name)
        };
        let (claim, others): (Vec<_>, Vec<_>) =
            entries(&folder)?.into_iter().filter(is_trace).partition(|entry| entry.name == BEGUN);
        others.iter().chain(&claim).try_for_each(|entry| match remove(&folder, &entry.name) {
            // On a store another builder of the same dataset ends too.
            Err(_) if !has(&folder, &entry.name) => Ok(()),
            removed => removed,
        })?;
        if !(others.is_empty() && claim.is_empty()) {
            sync_dir(&folder)?;
        }
    }
    Ok(())
}

/// The folders in a folder that are datasets or pieces, and then itself.
fn parts_and(dir: &Folder) -> Result<Vec<Folder>, DatasetError> {
    let below = entries(dir)?.into_iter().filter(|entry| entry.kind == Kind::Folder);
    let is_part = |part: &Folder| [PIECE, MANIFEST].iter().any(|name| has(part, name));
    let parts = below.map(|entry| dir.join(entry.name)).filter(is_part);
    Ok(parts.chain([dir.clone()]).collect())
}

/// Tells whether a folder is known to have a file.
fn has(folder: &Folder, name: &str) -> bool {
    folder.has(name).unwrap_or(false)
}

/// Renames the folder to `out`. What was there is moved aside, to the path that is given back, in
/// the same step where the system can; or it is put back where the folder can't have its name.
fn move_into_place(
    system: &dyn FileSystem,
    dir: &Folder,
    out: &Folder,
) -> Result<Option<Folder>, DatasetError> {
    let failed = DatasetError::io(out.path(), "rename into place");
    if !out.is_taken() {
        return system.rename_folder(dir.path(), out.path()).map(|()| None).map_err(failed);
    }
    let aside = free_name(out);
    let replaced = system.replace_folder(dir.path(), out.path(), aside.path());
    if replaced.is_err() && aside.is_taken() {
        let what = if out.stat().is_ok() { dir } else { out };
        tracing::error!("what was {} is {} now", what.display(), aside.display());
    }
    match replaced {
        // A file system was mounted there since the build began, or it is in use.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            tracing::error!("{}: {error}", out.display());
            Err(DatasetError::Mounted(out.path().to_path_buf()))
        }
        replaced => replaced.map(|()| Some(aside)).map_err(failed),
    }
}

/// The folder that an output path means: where it is a link, what that points to.
pub(crate) fn target(out: &Folder) -> Result<Folder, DatasetError> {
    // Without a slash at its end, which would hide that it is a link.
    let out = out.at(out.path().components().collect::<PathBuf>());
    let is_link = out.stat_link().is_ok_and(|found| found.kind == Kind::Link);
    let Some(system) = out.file_system().filter(|_| is_link) else { return Ok(out) };
    match system.follow(out.path()) {
        Ok(path) => Ok(out.at(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(DatasetError::DanglingLink(out.path().to_path_buf()))
        }
        Err(error) => Err(DatasetError::io(out.path(), "follow the link")(error)),
    }
}

/// An output must be new, an empty folder, or a dataset with nothing else beside it that may be
/// overwritten. Whether a folder is there.
fn check_target(
    system: &dyn FileSystem,
    out: &Folder,
    overwrite: bool,
) -> Result<bool, DatasetError> {
    if !out.is_taken() {
        return Ok(false);
    }
    let path = out.path().to_path_buf();
    if !out.is_there() {
        return Err(DatasetError::NotAFolder(path));
    }
    if system.is_mounted(out.path()) {
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

/// An output on a store must be empty, or claimed by a build and hold nothing else: then that build
/// is compared with this one. A dataset there is never replaced.
fn check_store(out: &Folder, overwrite: bool) -> Result<(), DatasetError> {
    if out.has_file(BEGUN) {
        return leftovers::check(out);
    }
    let (path, contents) = (out.path().to_path_buf(), Contents::of(out)?);
    match (contents.dataset, contents.foreign_text()) {
        (false, None) => Ok(()),
        // It was claimed just now.
        (false, Some(_)) if out.has_file(BEGUN) => leftovers::check(out),
        (false, Some(entries)) => Err(DatasetError::NotOurs { path, entries }),
        (true, Some(entries)) => Err(DatasetError::Foreign { path, entries }),
        (true, None) if overwrite => Err(DatasetError::NeverReplaced(path)),
        (true, None) => Err(DatasetError::Exists(path)),
    }
}

/// `<out>.replaced`, or with a number after it where that is taken.
fn free_name(out: &Folder) -> Folder {
    let name = |number: u32| {
        let mut name = out.path().as_os_str().to_owned();
        name.push(if number == 0 { ".replaced".into() } else { format!(".replaced-{number}") });
        out.at(name)
    };
    (0..u32::MAX).map(name).find(|p| !p.is_taken()).unwrap_or_else(|| name(0))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use barloom_files::Local;

    use super::*;
    use crate::commit::ownership::tests::write_dataset;

    const CLEARED: Leftovers = Leftovers::ClearedUnlessWhole;

    fn create(out: &Path, overwrite: bool) -> Result<Staging, DatasetError> {
        Staging::create(&out.into(), overwrite, CLEARED)
    }

    fn build(out: &Path, text: &str) {
        let mut staging = create(out, true).unwrap();
        write_dataset(staging.dir().path(), None, text);
        staging.commit().unwrap();
    }

    fn entries(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn commits_whole_or_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        let mut staging = create(&out, false).unwrap();
        write_dataset(staging.dir().path(), None, "1");
        assert!(matches!(create(&out, false), Err(DatasetError::Busy(_))));
        staging.commit().unwrap();
        assert!(out.join("manifest.json").exists());
        assert!(!out.join(LOCK).exists());

        assert!(matches!(create(&out, false), Err(DatasetError::Exists(_))));
        drop(create(&out, true).unwrap());
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
            let refused = create(&out, overwrite);
            assert!(matches!(refused, Err(DatasetError::NotOurs { .. })));
        }
        let incomplete = root.path().join("x.incomplete");
        fs::create_dir(&incomplete).unwrap();
        fs::write(incomplete.join("chapter2.txt"), "more of it").unwrap();
        let refused = create(&root.path().join("x"), true);
        assert!(
            matches!(refused, Err(DatasetError::InTheWay(p)) if p == incomplete.join("chapter2.txt"))
        );
        let file = root.path().join("plain");
        fs::write(&file, "").unwrap();
        assert!(matches!(create(&file, true), Err(DatasetError::NotAFolder(_))));
    }

    #[test]
    fn a_dataset_beside_other_work_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        let exp = root.path().join("exp");
        write_dataset(&exp.join("run1"), None, "1");
        fs::create_dir(exp.join("code")).unwrap();
        let Err(DatasetError::NotOurs { entries, .. }) = create(&exp, true) else {
            panic!("a folder with a dataset in it is no dataset");
        };
        assert_eq!(entries, "code/, run1/");

        let run = exp.join("run1");
        fs::write(run.join("notes.md"), "").unwrap();
        let Err(DatasetError::Foreign { entries, .. }) = create(&run, true) else {
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
        let mut staging = create(&out, true).unwrap();
        write_dataset(staging.dir().path(), None, "2");
        fs::write(out.join("notes.md"), "mine").unwrap();
        staging.commit().unwrap();
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "2");
        let aside = root.path().join("d.replaced-1");
        assert_eq!(fs::read_to_string(aside.join("notes.md")).unwrap(), "mine");
        assert_eq!(entries(&aside), 1);

        let out = root.path().join("e");
        let mut staging = create(&out, false).unwrap();
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
        assert!(matches!(create(&link, true), Err(DatasetError::DanglingLink(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_build_that_lost_its_folder_leaves_what_another_has_there() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        let first = create(&out, false).unwrap();
        fs::rename(first.dir().path(), root.path().join("elsewhere")).unwrap();
        let mut second = create(&out, false).unwrap();
        write_dataset(second.dir().path(), None, "2");
        let error = first.leave(DatasetError::NoName(out.clone()));
        assert!(matches!(error, DatasetError::NoName(_)));
        second.commit().unwrap();
        assert_eq!(fs::read_to_string(out.join("bars.arrow")).unwrap(), "2");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_mounted_is_not_built_over() {
        let proc = Path::new("/proc");
        assert!(Local.is_mounted(proc) && !Local.is_mounted(Path::new("/proc/self")));
        assert!(matches!(check_target(&Local, &proc.into(), true), Err(DatasetError::Mounted(_))));
    }

    #[test]
    fn a_rename_that_fails_puts_the_old_dataset_back() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("d");
        build(&out, "1");
        let missing = root.path().join("not there").into();
        let moved = move_into_place(&Local, &missing, &(&out).into());
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
            assert!(matches!(create(&out, true), Err(DatasetError::Foreign { .. })));
            fs::remove_dir_all(&out).unwrap();
        }
    }

    #[test]
    fn what_a_killed_build_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let left = root.path().join("d.incomplete");
        fs::create_dir_all(left.join("samples")).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("samples/00000.parquet.tmp"), "half").unwrap();
        let staging = create(&root.path().join("d"), false).unwrap();
        assert_eq!(entries(staging.dir().path()), 1);
    }
}
