use std::ffi::OsStr;
use std::io;
use std::path::{Display, Path, PathBuf};
use std::sync::Arc;

use crate::Local;
use crate::storage::{Entry, FileSystem, Kind, ReadAt, Stat, Storage, Upload};

/// A folder of a storage. A path alone is a folder of [`Local`].
#[derive(Clone, Debug)]
pub struct Folder {
    storage: Arc<dyn Storage>,
    path: PathBuf,
}

impl<P: AsRef<Path>> From<P> for Folder {
    fn from(path: P) -> Self {
        Self::new(Arc::new(Local), path.as_ref())
    }
}

impl From<&Self> for Folder {
    fn from(folder: &Self) -> Self {
        folder.clone()
    }
}

impl Folder {
    /// The folder at a path of a storage.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>, path: impl Into<PathBuf>) -> Self {
        Self { storage, path: path.into() }
    }

    /// The folder at another path of the same storage.
    #[must_use]
    pub fn at(&self, path: impl Into<PathBuf>) -> Self {
        Self::new(Arc::clone(&self.storage), path)
    }

    /// A folder in this one.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> Self {
        self.at(self.path.join(name))
    }

    /// The folder that this one lies in.
    #[must_use]
    pub fn parent(&self) -> Self {
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        self.at(parent.unwrap_or(Path::new(".")))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name, the last part of its path.
    #[must_use]
    pub fn name(&self) -> Option<&OsStr> {
        self.path.file_name()
    }

    /// The path of a file in it; `../NAME` is a file of the folder that it lies in.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        match name.strip_prefix("../") {
            // A store has no folders to go up from. A file system follows links before it goes up.
            Some(rest) if self.file_system().is_none() => self.parent().path.join(rest),
            _ => self.path.join(name),
        }
    }

    /// Its path, for messages.
    #[must_use]
    pub fn display(&self) -> Display<'_> {
        self.path.display()
    }

    /// The storage.
    #[must_use]
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// The file system that it is on; none on a store.
    #[must_use]
    pub fn file_system(&self) -> Option<&dyn FileSystem> {
        self.storage.file_system()
    }

    /// The kind and size of what has its path; links are followed.
    ///
    /// # Errors
    /// As [`Storage::stat`].
    pub fn stat(&self) -> io::Result<Stat> {
        self.storage.stat(&self.path)
    }

    /// As [`stat`](Self::stat), of a link itself.
    ///
    /// # Errors
    /// As [`Storage::stat_link`].
    pub fn stat_link(&self) -> io::Result<Stat> {
        self.storage.stat_link(&self.path)
    }

    /// Tells whether anything has its path, a link to nothing included.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.stat_link().is_ok()
    }

    /// Tells whether it is there, perhaps behind a link.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.stat().is_ok_and(|found| found.kind == Kind::Folder)
    }

    /// Tells whether it has a file of this name, perhaps behind a link.
    #[must_use]
    pub fn has_file(&self, name: &str) -> bool {
        self.storage.stat(&self.file(name)).is_ok_and(|found| found.kind == Kind::File)
    }

    /// Tells whether it has anything of this name.
    ///
    /// # Errors
    /// The system can't tell.
    pub fn has(&self, name: &str) -> io::Result<bool> {
        match self.storage.stat(&self.file(name)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Its entries, sorted by name.
    ///
    /// # Errors
    /// As [`Storage::list`].
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        self.storage.list(&self.path)
    }

    /// Opens a file in it.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub fn open(&self, name: &str) -> io::Result<Arc<dyn ReadAt>> {
        self.storage.open(&self.file(name))
    }

    /// Begins a file in it.
    ///
    /// # Errors
    /// As [`Storage::create`].
    pub fn create_file(&self, name: &str) -> io::Result<Box<dyn Upload>> {
        self.storage.create(&self.file(name))
    }

    /// Deletes a file in it.
    ///
    /// # Errors
    /// As [`Storage::delete`].
    pub fn delete_file(&self, name: &str) -> io::Result<()> {
        self.storage.delete(&self.file(name))
    }

    /// Creates the folder.
    ///
    /// # Errors
    /// As [`Storage::create_folder`].
    pub fn create(&self) -> io::Result<()> {
        self.storage.create_folder(&self.path)
    }

    /// Deletes the empty folder.
    ///
    /// # Errors
    /// As [`Storage::delete_folder`].
    pub fn delete(&self) -> io::Result<()> {
        self.storage.delete_folder(&self.path)
    }

    /// Makes the names in it durable.
    ///
    /// # Errors
    /// As [`Storage::sync_folder`].
    pub fn sync(&self) -> io::Result<()> {
        self.storage.sync_folder(&self.path)
    }
}
