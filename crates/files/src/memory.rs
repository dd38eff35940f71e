use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::{Durability, Entry, Kind, ReadAt, Stat, Storage, Transfer, Upload};

type Files = BTreeMap<PathBuf, Arc<[u8]>>;

/// A storage in memory, which does what an object store does and no more: folders are beginnings of
/// keys, nothing is renamed, and [`put_if_absent`](Storage::put_if_absent) is the only step that
/// one of two writers loses. Clones share the files.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: Arc<Mutex<Files>>,
}

/// The path without what does not change where it leads: `./`, a slash at its end.
fn key(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != std::path::Component::CurDir).collect()
}

impl Memory {
    /// All files, by path.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Arc<[u8]>> {
        self.held().clone()
    }

    /// Puts a file in the place of what had its name.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        self.held().insert(key(path), bytes.into());
    }

    fn held(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self, path: &Path) -> io::Result<Arc<[u8]>> {
        self.held().get(&key(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Storage for Memory {
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        if let Ok(file) = self.found(path) {
            return Ok(Stat { kind: Kind::File, bytes: file.len() as u64 });
        }
        if self.list(path)?.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Stat { kind: Kind::Folder, bytes: 0 })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let folder = key(folder);
        let held = self.held();
        let below = held.keys().filter_map(|path| path.strip_prefix(&folder).ok());
        let entry = |path: &Path| {
            let mut parts = path.components();
            let name = parts.next()?.as_os_str().to_string_lossy().into_owned();
            let kind = if parts.next().is_none() { Kind::File } else { Kind::Folder };
            Some(Entry { name, kind })
        };
        let mut entries: Vec<Entry> = below.filter_map(entry).collect();
        entries.sort();
        entries.dedup();
        Ok(entries)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        Ok(Arc::new(MemoryFile(self.found(path)?)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Upload>> {
        Ok(Box::new(MemoryUpload { to: self.clone(), path: key(path), bytes: Vec::new() }))
    }

    fn put_if_absent(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (mut held, key) = (self.held(), key(path));
        if held.contains_key(&key) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        held.insert(key, bytes.into());
        Ok(())
    }

    fn transfer(&self, from: &Path, to: &Path, _: Transfer) -> io::Result<()> {
        let bytes = self.found(from)?;
        self.held().insert(key(to), bytes);
        Ok(())
    }

    fn delete(&self, path: &Path) -> io::Result<()> {
        let removed = self.held().remove(&key(path));
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[derive(Debug)]
struct MemoryFile(Arc<[u8]>);

impl ReadAt for MemoryFile {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_exact_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let rest = usize::try_from(at).ok().and_then(|at| self.0.get(at..));
        let found = rest.and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

struct MemoryUpload {
    to: Memory,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Upload for MemoryUpload {
    fn append(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        pieces.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
        Ok(())
    }

    fn finish(self: Box<Self>, _: Durability) -> io::Result<()> {
        self.to.held().insert(self.path, self.bytes.into());
        Ok(())
    }
}
