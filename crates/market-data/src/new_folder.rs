//! The folder that a conversion writes before it gets its name.
//!
//! While it is written it is `<out>.incomplete`, with a `.lock` that the process holds. What has a
//! `.lock` that nobody holds, and else nothing but what a conversion writes, was left by a
//! conversion that was killed, and is cleared by the next one; so is a folder of such a name that
//! is empty. Nothing else is ever cleared.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use barloom_files::replace_folder;

use crate::MarketDataError;

/// A folder that takes another's place when it is whole. Dropped before that it leaves nothing.
pub(crate) struct NewFolder {
    path: PathBuf,
    /// The folder that it becomes, where a link to it leads.
    out: PathBuf,
    overwrite: bool,
    lock: Option<File>,
    done: bool,
}

/// The file that a conversion holds a lock on. It is empty.
const LOCK: &str = ".lock";

/// Endings of the files that a conversion writes.
const ENDINGS: [&str; 6] = ["parquet", "pq", "arrow", "ipc", "feather", "csv"];

/// Names that are tried for a folder, as others may be in use.
const MOST_NAMES: u32 = 1_000;

impl NewFolder {
    /// Makes the folder beside `out`, and clears what a conversion left there that was killed. A
    /// link is followed.
    ///
    /// # Errors
    /// `out` is there and may not be replaced, or the folder cannot be made.
    pub(crate) fn beside(out: &Path, overwrite: bool) -> Result<Self, MarketDataError> {
        let out = target(out)?;
        let old = beside(&out, "replaced", 0);
        if let Some(lock) = take_left(&old)? {
            let is_empty = entries(&old)?.iter().all(|(name, _)| name == LOCK);
            if fs::symlink_metadata(&out).is_err() && !is_empty {
                // It was killed between two renames, where the system has no exchange of names.
                fs::rename(&old, &out).map_err(MarketDataError::io(&out, "put back"))?;
                let _ = fs::remove_file(out.join(LOCK));
            } else {
                remove(&old, lock)?;
            }
        }
        check_free(&out, overwrite)?;
        for number in 0..MOST_NAMES {
            let path = beside(&out, "incomplete", number);
            if let Some(lock) = take(&path)? {
                return Ok(Self { path, out, overwrite, lock: Some(lock), done: false });
            }
        }
        Err(MarketDataError::Exists(beside(&out, "incomplete", 0)))
    }

    /// The folder to write to.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// Someone else wrote `out` meanwhile, or the system refuses.
    pub(crate) fn finish(mut self) -> Result<(), MarketDataError> {
        check_free(&self.out, self.overwrite)?;
        if cfg!(windows) {
            // A folder with an open file in it cannot be renamed there.
            drop(self.lock.take());
        }
        if fs::symlink_metadata(&self.out).is_err() {
            let renamed = fs::rename(&self.path, &self.out);
            renamed.map_err(MarketDataError::io(&self.out, "rename into place"))?;
            self.done = true;
        } else {
            self.replace()?;
        }
        // Left behind it does no harm.
        let _ = fs::remove_file(self.out.join(LOCK));
        Ok(())
    }

    /// Takes the place of what is there.
    fn replace(&mut self) -> Result<(), MarketDataError> {
        let mut names = (0..MOST_NAMES).map(|number| beside(&self.out, "replaced", number));
        let Some(old) = names.find(|path| fs::symlink_metadata(path).is_err()) else {
            return Err(MarketDataError::Exists(beside(&self.out, "replaced", 0)));
        };
        // So that the next conversion may clear it if this one is killed.
        let lock = lock(&self.out).map_err(MarketDataError::io(&self.out, "write to"))?;
        if let Err(error) = replace_folder(&self.path, &self.out, &old) {
            if lock.is_some() {
                // Left behind it does no harm.
                let _ = fs::remove_file(self.out.join(LOCK));
            }
            return Err(MarketDataError::io(&self.out, "replace")(error));
        }
        self.done = true;
        match lock {
            Some(lock) => remove(&old, lock),
            None => Ok(()),
        }
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if let (false, Some(lock)) = (self.done, self.lock.take()) {
            // It is gone, or nothing more can be done.
            let _ = remove(&self.path, lock);
        }
    }
}

/// The folder that an output path means: where it is a link, what that points to.
fn target(out: &Path) -> Result<PathBuf, MarketDataError> {
    // Without a slash at its end, which would hide that it is a link.
    let out: PathBuf = out.components().collect();
    if fs::symlink_metadata(&out).is_ok_and(|found| found.is_symlink()) {
        return fs::canonicalize(&out).map_err(MarketDataError::io(&out, "follow the link"));
    }
    Ok(out)
}

/// `<out>.<what>`, or with a number.
fn beside(out: &Path, what: &str, number: u32) -> PathBuf {
    let mut path = out.as_os_str().to_owned();
    path.push(match number {
        0 => format!(".{what}"),
        _ => format!(".{what}{number}"),
    });
    path.into()
}

/// A new folder, or a cleared one that a conversion left, with its lock; none if it is another's.
fn take(path: &Path) -> Result<Option<File>, MarketDataError> {
    match fs::create_dir(path) {
        Ok(()) => lock(path).map_err(MarketDataError::io(path, "create")),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let Some(lock) = take_left(path)? else { return Ok(None) };
            tracing::warn!("{} is left from a conversion that was killed", path.display());
            clear(path)?;
            Ok(Some(lock))
        }
        Err(error) => Err(MarketDataError::io(path, "create")(error)),
    }
}

/// The lock of a folder that a conversion left which was killed, perhaps before or after it had a
/// lock; none if there is no such folder.
fn take_left(path: &Path) -> Result<Option<File>, MarketDataError> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(None);
    }
    let is_lock = |found: fs::Metadata| found.is_file() && found.len() == 0;
    let is_locked = fs::symlink_metadata(path.join(LOCK)).is_ok_and(is_lock);
    if !is_locked && !entries(path)?.is_empty() || foreign(path)?.is_some() {
        return Ok(None);
    }
    lock(path).map_err(MarketDataError::io(path, "lock"))
}

/// Makes the lock of a folder and holds it; none if another process does.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let path = folder.join(LOCK);
    let lock = File::options().write(true).create(true).truncate(false).open(path)?;
    Ok(lock.try_lock().is_ok().then_some(lock))
}

/// Refuses an output that is there and may not be replaced.
fn check_free(out: &Path, overwrite: bool) -> Result<(), MarketDataError> {
    let path = out.to_path_buf();
    if fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    if !out.is_dir() {
        return Err(MarketDataError::Exists(path));
    }
    let is_empty = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    match (is_empty, overwrite) {
        (true, _) => Ok(()),
        (false, false) => Err(MarketDataError::Exists(path)),
        // What else is there may be dear to someone.
        (false, true) => {
            foreign(out)?.map_or(Ok(()), |entry| Err(MarketDataError::Foreign { path, entry }))
        }
    }
}

/// The first entry of a folder that no conversion writes: other files than bars in folders of
/// symbols.
fn foreign(folder: &Path) -> Result<Option<String>, MarketDataError> {
    for (name, kind) in entries(folder)? {
        if kind.is_file() && name == LOCK {
            continue;
        }
        if !kind.is_dir() || !name.starts_with("symbol=") {
            return Ok(Some(name));
        }
        for (file, kind) in entries(&folder.join(&name))? {
            if !kind.is_file() || !is_bars(&file) {
                return Ok(Some(format!("{name}/{file}")));
            }
        }
    }
    Ok(None)
}

/// Returns true for names of files that a conversion writes, also before they have their own.
fn is_bars(name: &str) -> bool {
    let whole = name.strip_suffix(".tmp").map_or(name, |name| {
        // `x.csv.tmp` or `x.csv.3.tmp`.
        name.rsplit_once('.')
            .filter(|(_, n)| n.parse::<u32>().is_ok())
            .map_or(name, |(name, _)| name)
    });
    let ending = whole.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&&*ending))
}

/// Names in a folder, and their kinds.
fn entries(folder: &Path) -> Result<Vec<(String, fs::FileType)>, MarketDataError> {
    let list = || -> io::Result<Vec<(String, fs::FileType)>> {
        fs::read_dir(folder)?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?))
            })
            .collect()
    };
    list().map_err(MarketDataError::io(folder, "list"))
}

/// Removes what a conversion wrote into a folder; what else came to it stays.
fn clear(folder: &Path) -> Result<(), MarketDataError> {
    for (name, kind) in entries(folder)? {
        let symbol = folder.join(&name);
        if !kind.is_dir() || !name.starts_with("symbol=") {
            continue;
        }
        for (file, kind) in entries(&symbol)? {
            if kind.is_file() && is_bars(&file) {
                let path = symbol.join(file);
                fs::remove_file(&path).map_err(MarketDataError::io(&path, "remove"))?;
            }
        }
        // One with something else in it cannot be removed, and must not be.
        let _ = fs::remove_dir(&symbol);
    }
    Ok(())
}

/// Removes a folder of a conversion; what else came to it stays, and the folder with it.
fn remove(folder: &Path, lock: File) -> Result<(), MarketDataError> {
    clear(folder)?;
    let _ = fs::remove_file(folder.join(LOCK));
    drop(lock);
    if fs::remove_dir(folder).is_err() {
        tracing::warn!("{} has what is not of a conversion, and stays", folder.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, text: &str) {
        fs::create_dir_all(folder.join("symbol=A")).unwrap();
        fs::write(folder.join("symbol=A/x.csv"), text).unwrap();
    }

    fn read(folder: &Path) -> Option<String> {
        fs::read_to_string(folder.join("symbol=A/x.csv")).ok()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            entries(folder).unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    }

    fn convert(out: &Path, text: &str) -> Result<(), MarketDataError> {
        let new = NewFolder::beside(out, true)?;
        write(new.path(), text);
        new.finish()
    }

    #[test]
    fn what_killed_conversions_left_is_cleared() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        convert(&out, "1").unwrap();
        // Killed while it wrote; after its first rename; after the exchange.
        for left in ["out.incomplete", "out.replaced"] {
            let left = root.path().join(left);
            write(&left, "half");
            fs::write(left.join("symbol=A/y.parquet.tmp"), "half").unwrap();
            fs::write(left.join(LOCK), "").unwrap();
        }
        fs::write(out.join(LOCK), "").unwrap();
        convert(&out, "2").unwrap();
        assert_eq!(read(&out), Some("2".into()));
        assert_eq!(
            (names(root.path()), names(&out)),
            (vec!["out".into()], vec!["symbol=A".into()])
        );
    }

    #[test]
    fn what_two_renames_left_apart_is_put_back() {
        let root = tempfile::tempdir().unwrap();
        let (out, old) = (root.path().join("out"), root.path().join("out.replaced"));
        write(&old, "1");
        fs::write(old.join(LOCK), "").unwrap();
        assert!(matches!(NewFolder::beside(&out, false), Err(MarketDataError::Exists(_))));
        assert_eq!(read(&out), Some("1".into()));
        convert(&out, "2").unwrap();
        assert_eq!((read(&out), names(root.path())), (Some("2".into()), vec!["out".into()]));
    }

    #[test]
    fn nothing_else_is_cleared_or_replaced() {
        let root = tempfile::tempdir().unwrap();
        let (out, left) = (root.path().join("out"), root.path().join("out.incomplete"));
        // Without a lock it may be anyone's; with one, what is foreign keeps it.
        write(&left, "mine");
        convert(&out, "1").unwrap();
        assert_eq!(read(&left), Some("mine".into()));
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("symbol=A/notes.md"), "").unwrap();
        convert(&out, "2").unwrap();
        assert_eq!((read(&left), read(&out)), (Some("mine".into()), Some("2".into())));
        // A dataset that has the name of a symbol's folder.
        for name in ["symbol=B/manifest.json", "symbol=B/shard-00000.json", "symbol=B/models/x.csv"]
        {
            let path = out.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "{}").unwrap();
            let refused = convert(&out, "3").unwrap_err().to_string();
            assert!(refused.contains("out holds symbol=B/"), "{refused}");
            assert!(path.exists());
            fs::remove_dir_all(out.join("symbol=B")).unwrap();
        }
        assert_eq!(read(&out), Some("2".into()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let (disk, link) = (root.path().join("disk"), root.path().join("link"));
        fs::create_dir_all(disk.join("data")).unwrap();
        std::os::unix::fs::symlink("disk/data", &link).unwrap();
        for (out, text) in [("link", "1"), ("link/", "2"), ("link", "3")] {
            convert(&root.path().join(out), text).unwrap();
            assert_eq!(read(&disk.join("data")), Some(text.into()));
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(names(root.path()), ["disk", "link"]);
            assert_eq!(
                (names(&disk), names(&link)),
                (vec!["data".into()], vec!["symbol=A".into()])
            );
        }
        fs::remove_dir_all(disk.join("data")).unwrap();
        assert!(convert(&link, "4").is_err());
        assert_eq!((names(root.path()).len(), names(&disk).len()), (2, 0));
    }

    #[test]
    fn a_replacement_that_fails_leaves_no_lock() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        convert(&out, "1").unwrap();
        let new = NewFolder::beside(&out, true).unwrap();
        fs::remove_dir_all(new.path()).unwrap();
        assert!(new.finish().is_err());
        assert_eq!((read(&out), names(&out)), (Some("1".into()), vec!["symbol=A".into()]));
        assert_eq!(names(root.path()), ["out"]);
    }

    #[test]
    fn two_conversions_at_once_have_folders_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let first = NewFolder::beside(&out, true).unwrap();
        write(first.path(), "1");
        convert(&out, "2").unwrap();
        first.finish().unwrap();
        assert_eq!((read(&out), names(root.path())), (Some("1".into()), vec!["out".into()]));
    }
}
