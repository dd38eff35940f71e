use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::exchange::rename_new;

/// A choice of what happens to a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the new file is refused.
    Kept,
    /// The new file takes its place.
    Replaced,
}

/// A file that is written beside its place and gets its name when it is whole.
///
/// Dropped before [`finish`](Self::finish) it leaves nothing.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    named: bool,
}

/// Names that are tried for a temporary file.
const MOST_NAMES: u32 = 1_000;

impl NewFile {
    /// Creates the temporary file: `<path>.tmp`, or with a number before the ending where something
    /// has that name. A link is followed.
    ///
    /// # Errors
    /// The folder is missing, full or not to be written to.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
        let path = if is_link { fs::canonicalize(path)? } else { path.to_owned() };
        let mut number = 0;
        loop {
            let mut temporary = path.as_os_str().to_owned();
            temporary.push(if number == 0 { ".tmp".into() } else { format!(".{number}.tmp") });
            match File::create_new(&temporary) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < MOST_NAMES => {
                    number += 1;
                }
                created => {
                    return Ok(Self {
                        file: created?,
                        temporary: temporary.into(),
                        path,
                        named: false,
                    });
                }
            }
        }
    }

    /// The file, to be written.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// The system can't write or rename it, or [`Existing::Kept`] and something has the name:
    /// [`io::ErrorKind::AlreadyExists`].
    pub fn finish(mut self, existing: Existing) -> io::Result<()> {
        self.file.sync_all()?;
        match existing {
            Existing::Replaced => fs::rename(&self.temporary, &self.path)?,
            Existing::Kept => {
                if !rename_new(&self.temporary, &self.path)? {
                    if fs::symlink_metadata(&self.path).is_ok() {
                        return Err(io::ErrorKind::AlreadyExists.into());
                    }
                    fs::rename(&self.temporary, &self.path)?;
                }
            }
        }
        self.named = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.named {
            // It is gone, or nothing more can be done.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn write(path: &Path, text: &str, existing: Existing) -> io::Result<()> {
        let new = NewFile::beside(path)?;
        new.file().write_all(text.as_bytes())?;
        new.finish(existing)
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recipe.toml");
        let entries = || fs::read_dir(dir.path()).unwrap().count();
        let half = NewFile::beside(&path).unwrap();
        half.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(half);
        assert_eq!(entries(), 0);

        write(&path, "1", Existing::Kept).unwrap();
        let refused = write(&path, "2", Existing::Kept).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        // A second name of the old file keeps the old text: it was not truncated.
        fs::hard_link(&path, dir.path().join("old")).unwrap();
        write(&path, "2", Existing::Replaced).unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!((read("recipe.toml"), read("old")), ("2".into(), "1".into()));
        assert!(write(dir.path(), "3", Existing::Replaced).is_err());
        assert_eq!(entries(), 2);
    }

    #[test]
    fn names_that_are_taken_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(dir.path().join("x.tmp"), "mine").unwrap();
        write(&path, "1", Existing::Kept).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("x.tmp")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(path).unwrap(), "1");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("x"), dir.path().join("link"));
        fs::write(&path, "1").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(write(&link, "2", Existing::Kept).is_err());
        write(&link, "2", Existing::Replaced).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(path).unwrap(), "2");
    }
}
