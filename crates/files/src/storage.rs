use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lock::FileLock;

/// The kind of an entry of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Anything else: a pipe, a device.
    Other,
}

/// The kind and size of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its kind.
    pub kind: Kind,
    /// Bytes of a file.
    pub bytes: u64,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Its kind; links are not followed.
    pub kind: Kind,
}

/// The moment from which a finished file survives a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before [`Upload::finish`] returns.
    Now,
    /// Some time later: losing the file costs only time.
    Later,
}

/// A way to bring a file's bytes to a second path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// A copy of the bytes.
    Copy,
    /// A second name of the same bytes where the storage has such names, otherwise a copy: for a
    /// source that is deleted later.
    Share,
}

/// A place that holds files: a file system, an object store, memory.
///
/// Paths are the storage's own: of [`Local`](crate::Local) those of the system, of a store its
/// keys, whose parts a slash separates. A folder of a store is a common beginning of keys.
///
/// # Committing
///
/// Every storage has the one step that a commit needs: [`put_if_absent`](Self::put_if_absent). A
/// writer of several files on a storage without a [`FileSystem`] follows this protocol:
///
/// 1. It puts a claim, a file that says what is made, if absent. Where one is there it reads it: it
///    goes on with its own kind of work, and refuses any other. Afterwards it looks for the last
///    file of step 3, which may be there already.
/// 2. It puts all other files at their final names. They are functions of the claim, so two writers
///    overwrite each other's files with the same bytes.
/// 3. It puts the file that makes the whole valid, a manifest, last and if absent. Where one is
///    there it reads it: the same bytes are success.
/// 4. It deletes what only the work needed, the claim last.
///
/// After [`io::ErrorKind::AlreadyExists`] it always reads: a store may have seen its own retried
/// write, or have refused a write though nothing is there. Nothing is renamed and nothing is
/// overwritten by other bytes.
///
/// With a [`file_system`](Self::file_system) the files are made in a locked folder beside
/// their place, and the folder is renamed or exchanged in one step.
pub trait Storage: Debug + Send + Sync {
    /// The kind and size of what a path leads to; links are followed.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`]: nothing is there. The system's.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// As [`stat`](Self::stat), of a link itself.
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    fn stat_link(&self, path: &Path) -> io::Result<Stat> {
        self.stat(path)
    }

    /// The entries directly in a folder, sorted by name.
    ///
    /// # Errors
    /// Listing the folder fails. Where folders are only beginnings of keys, one without entries
    /// is an empty list.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// Opens a file for ranged reads.
    ///
    /// # Errors
    /// The file is missing or unreadable.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>>;

    /// Begins a file, which has its name, and all its bytes, once it is finished. It takes the
    /// place of an older one.
    ///
    /// # Errors
    /// The system refuses to write there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Upload>>;

    /// Puts a small file where none has the name, in one step and durable.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]: something has the name, or may have: read it. Writing
    /// fails.
    fn put_if_absent(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Brings the bytes of `from` to `to`, whole or not at all; they are durable after
    /// [`sync_file`](Self::sync_file). A file system refuses a `to` that is there.
    ///
    /// # Errors
    /// Reading `from` or writing `to` fails.
    fn transfer(&self, from: &Path, to: &Path, how: Transfer) -> io::Result<()>;

    /// Deletes a file.
    ///
    /// # Errors
    /// Deleting the file fails.
    fn delete(&self, path: &Path) -> io::Result<()>;

    /// Creates a folder and those that it lies in. Where folders are only beginnings of keys there
    /// is nothing to do.
    ///
    /// # Errors
    /// Creating the folder fails.
    fn create_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Deletes an empty folder.
    ///
    /// # Errors
    /// [`io::ErrorKind::DirectoryNotEmpty`]: it has entries. Deleting it fails.
    fn delete_folder(&self, path: &Path) -> io::Result<()> {
        if self.list(path)?.is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::DirectoryNotEmpty.into())
        }
    }

    /// Makes a file's bytes durable; a store's are.
    ///
    /// # Errors
    /// Syncing the file fails.
    fn sync_file(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Makes the names in a folder durable; a store's are.
    ///
    /// # Errors
    /// Syncing the folder fails.
    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Bytes that are free where a folder is; none where that is not known.
    fn free_bytes(&self, _folder: &Path) -> Option<u64> {
        None
    }

    /// The file system, where the storage is one.
    fn file_system(&self) -> Option<&dyn FileSystem> {
        None
    }
}

/// A file that is open for ranged reads.
pub trait ReadAt: Debug + Send + Sync {
    /// The file's size when it was opened.
    fn bytes(&self) -> u64;

    /// Fills `into` with the bytes from `at` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`]: the file ends before. Reading fails.
    fn read_exact_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

impl dyn ReadAt {
    /// Reads a range.
    ///
    /// # Errors
    /// As [`read_exact_at`](ReadAt::read_exact_at); [`io::ErrorKind::OutOfMemory`].
    pub fn read(&self, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut found = Vec::new();
        found.try_reserve_exact(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
        found.resize(bytes, 0);
        self.read_exact_at(at, &mut found)?;
        Ok(found)
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_all(&self) -> io::Result<Vec<u8>> {
        let bytes = usize::try_from(self.bytes()).map_err(|_| io::ErrorKind::OutOfMemory)?;
        self.read(0, bytes)
    }
}

/// A file that is written and has no name yet. One that is dropped never gets it.
pub trait Upload: Send {
    /// Appends pieces, one after the other.
    ///
    /// # Errors
    /// Writing them fails.
    fn append(&mut self, pieces: &[&[u8]]) -> io::Result<()>;

    /// Gives the file its name.
    ///
    /// # Errors
    /// Syncing or naming it fails.
    fn finish(self: Box<Self>, durability: Durability) -> io::Result<()>;
}

/// The abilities of file systems that object stores lack: locks, links, and folders that are
/// renamed in one step.
pub trait FileSystem {
    /// Tells whether another process, or another handle, holds the lock of a file; without the file
    /// none does.
    fn is_locked(&self, path: &Path) -> bool;

    /// Locks a file, which is created; none where another holds the lock, or the file lost its name
    /// meanwhile.
    ///
    /// # Errors
    /// Creating the file fails.
    fn lock(&self, path: &Path) -> io::Result<Option<FileLock>>;

    /// The path without links.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`]: a link leads nowhere.
    fn follow(&self, path: &Path) -> io::Result<PathBuf>;

    /// Tells whether a file system is mounted at a folder: such a folder has a fixed name.
    fn is_mounted(&self, folder: &Path) -> bool;

    /// Renames a folder to a path that nothing has.
    ///
    /// # Errors
    /// The system refuses.
    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Puts the folder `new` in the place of `out`, as [`replace_folder`](crate::replace_folder)
    /// does.
    ///
    /// # Errors
    /// As [`replace_folder`](crate::replace_folder).
    fn replace_folder(&self, new: &Path, out: &Path, aside: &Path) -> io::Result<()>;
}
