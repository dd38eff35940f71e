//! A store in memory whose user dies at some operation, or that lies.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use barloom_files::{Durability, Entry, Memory, ReadAt, Stat, Storage, Transfer, Upload};

/// A fault of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Never,
    /// This operation, counted from 1, and all after it do nothing and fail.
    Before(usize),
    /// This operation is done, but fails, and so do all after it, which do nothing.
    After(usize),
    /// The first time that a file is put if absent, the store says that it is there, and it is not.
    SaysTaken,
    /// Each file that is put if absent is there afterwards, and the store says that it was before.
    SaysTakenOfItsOwn,
}

/// A store with a fault. Clones share all of it.
#[derive(Clone, Debug)]
pub(crate) struct Dying {
    pub(crate) store: Memory,
    fault: Fault,
    done: Arc<AtomicUsize>,
    said: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Dying {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { store: Memory::default(), fault, done: Arc::default(), said: Arc::default() }
    }

    /// Number of operations until now.
    pub(crate) fn operations(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    fn run<T>(&self, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let number = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let died = || Err(io::Error::other("the process died"));
        match self.fault {
            Fault::Before(at) if number >= at => died(),
            Fault::After(at) if number > at => died(),
            Fault::After(at) if number == at => operation().and_then(|_| died()),
            _ => operation(),
        }
    }
}

impl Storage for Dying {
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        self.run(|| self.store.stat(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.run(|| self.store.list(folder))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.run(|| self.store.open(path))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Upload>> {
        let upload = self.run(|| self.store.create(path))?;
        Ok(Box::new(DyingUpload { store: self.clone(), upload }))
    }

    fn put_if_absent(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let taken = || Err(io::ErrorKind::AlreadyExists.into());
        match self.fault {
            Fault::SaysTaken if self.said.lock().unwrap().insert(path.to_owned()) => taken(),
            Fault::SaysTakenOfItsOwn => {
                self.store.put_if_absent(path, bytes)?;
                taken()
            }
            _ => self.run(|| self.store.put_if_absent(path, bytes)),
        }
    }

    fn transfer(&self, from: &Path, to: &Path, how: Transfer) -> io::Result<()> {
        self.run(|| self.store.transfer(from, to, how))
    }

    fn delete(&self, path: &Path) -> io::Result<()> {
        self.run(|| self.store.delete(path))
    }
}

struct DyingUpload {
    store: Dying,
    upload: Box<dyn Upload>,
}

impl Upload for DyingUpload {
    fn append(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        self.store.run(|| self.upload.append(pieces))
    }

    fn finish(self: Box<Self>, durability: Durability) -> io::Result<()> {
        let Self { store, upload } = *self;
        store.run(|| upload.finish(durability))
    }
}
