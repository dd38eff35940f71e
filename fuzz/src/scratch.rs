//! Files for what is read by path.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder in memory, on Linux: nothing there waits for a disk.
const IN_MEMORY: &str = "/dev/shm";

/// A folder with files whose bytes change from run to run.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// A new folder, in memory where the system has such.
    fn new() -> Self {
        let in_memory = Path::new(IN_MEMORY);
        let folder =
            if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() };
        Self { folder: folder.expect("a temporary folder can be made") }
    }

    /// Runs `f` with this thread's folder, which stays until the thread ends.
    pub(crate) fn with<T>(f: impl FnOnce(&Self) -> T) -> T {
        thread_local! {
            static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
        }
        SCRATCH.with_borrow_mut(|scratch| f(scratch.get_or_insert_with(Self::new)))
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the folder, or of a folder in it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        if fs::write(&path, bytes).is_err() {
            let folder = path.parent().expect("a file lies in a folder");
            fs::create_dir_all(folder).expect("a temporary folder can be made");
            fs::write(&path, bytes).expect("a file in a temporary folder can be written");
        }
        path
    }
}
