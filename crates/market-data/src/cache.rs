//! A cache of the parsed tables of text files.
//!
//! An entry is found by a hash of all bytes of the file, of its name and of whatever else changes
//! what it parses to. The bytes are read and hashed every time, and the time at which a file was
//! changed is never asked for, so a file that differs is another one. The price is that hash, at
//! the speed of memory. It is no hash for whoever makes two files with the same one on purpose.

mod content;
mod entry;
mod folder;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use content::{Content, Seen};

use crate::table::Table;

/// Bytes of a text file from which on it is kept. A smaller one is parsed in a millisecond or two,
/// little of which an entry that is opened, read and stamped saves; and folders of very many files
/// would become folders of very many entries.
const LEAST_BYTES: u64 = 256 << 10;

/// Packed text is so many times shorter, or so: files of that many bytes less are kept.
const PACKED: u64 = 4;

/// A folder in which is kept what text files parse to, so that they need not be parsed again.
///
/// Text is CSV of every layout, plain, or packed by gzip, zip or Zstandard; other formats are
/// quick to read as they are. What is read with a cache is the same as without it, to the bit, and
/// so is what is told of it. Any number of processes can use one folder at once. Where nothing can
/// be read of it or written to it, files are parsed.
///
/// Entries go when they are too many bytes together, those first that were not used for longest.
/// Other files in the folder are left alone.
///
/// ```
/// use barloom_market_data::{Cache, ReadOptions};
///
/// let cache = Cache::new("/var/cache/bars", 1 << 30);
/// let options = ReadOptions { cache: Some(cache), ..ReadOptions::default() };
/// ```
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    most_bytes: u64,
    least_bytes: u64,
    state: Arc<folder::State>,
}

impl Cache {
    /// A cache in a folder, which is made once there is something to keep, of at most so many
    /// bytes. What would fill more than half of it is not kept.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, most_bytes: u64) -> Self {
        let (folder, state) = (folder.into(), Arc::default());
        Self { folder, most_bytes, least_bytes: LEAST_BYTES, state }
    }

    /// The cache, with another number of bytes that a text file has at least to be kept: 256 KiB
    /// else. Of a packed one it is a quarter.
    #[must_use]
    pub fn with_least_bytes(self, least_bytes: u64) -> Self {
        Self { least_bytes, ..self }
    }

    /// The folder of the entries.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns true if the content's first bytes and size are of a kind that is cached.
    pub(crate) fn is_for(&self, content: Content<'_>) -> bool {
        let Some((len, begin)) = content.len().zip(content.begin()) else { return false };
        let is_columnar =
            ["PAR1", "ARRO", "FEA1"].map(str::as_bytes).contains(&&begin[..]) || begin == [0xff; 4];
        let is_packed = begin.starts_with(&[0x1f, 0x8b])
            || begin == *b"PK\x03\x04"
            || begin == [0x28, 0xb5, 0x2f, 0xfd];
        let least = if is_packed { self.least_bytes / PACKED } else { self.least_bytes };
        !is_columnar && len >= least
    }

    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.{}", folder::ENDING))
    }

    /// The tables of an entry, if it is there and whole. One that is not is removed.
    pub(crate) fn load(&self, key: &str) -> Option<Vec<Table>> {
        let path = self.path(key);
        // Some systems let only those set its time who may write to it.
        let opened = File::options().read(true).write(true).open(&path);
        let file = opened.or_else(|_| File::open(&path)).ok()?;
        let len = file.metadata().map_or(0, |metadata| metadata.len());
        let tables = entry::read(&file, len, key);
        if tables.is_some() {
            // If it cannot be told, it goes as if it had not been used.
            let _ = file.set_modified(folder::now());
        } else {
            tracing::debug!("{} is damaged; it goes", path.display());
            let _ = std::fs::remove_file(&path);
        }
        tables
    }
}
