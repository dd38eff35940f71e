use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The lock of a file, held until it is dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Locks a file, which is created; none where another holds the lock, or the file lost its name
    /// meanwhile: whoever holds a lock may delete its file.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let lock = Self { file, path: path.to_owned() };
        Ok((lock.file.try_lock().is_ok() && lock.is_named()).then_some(lock))
    }

    pub(crate) fn is_taken(path: &Path) -> bool {
        File::options().write(true).open(path).is_ok_and(|lock| lock.try_lock().is_err())
    }

    /// Tells whether the locked file still is the one that has the name.
    #[cfg(unix)]
    #[must_use]
    pub fn is_named(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
        let named = fs::metadata(&self.path).map(id).ok();
        self.file.metadata().map(id).ok().is_some_and(|file| named == Some(file))
    }

    /// Tells whether the locked file still is the one that has the name: a file that is open can't
    /// be deleted.
    #[cfg(not(unix))]
    #[must_use]
    pub fn is_named(&self) -> bool {
        fs::metadata(&self.path).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_handle_holds_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        assert!(!FileLock::is_taken(&path));
        let lock = FileLock::take(&path).unwrap().unwrap();
        assert!(FileLock::is_taken(&path) && FileLock::take(&path).unwrap().is_none());
        fs::remove_file(&path).unwrap();
        assert!(!lock.is_named());
        let _other = FileLock::take(&path).unwrap().unwrap();
        assert!(!lock.is_named(), "another file has the name now");
    }
}
