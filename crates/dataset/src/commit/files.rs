//! Files written whole or not at all, with the checksum of what was written.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use barloom_files::{Durability, Folder, Kind, Transfer, Upload, Watch};
use barloom_recipe::Checksum;

use crate::checksum::Hasher;
use crate::names::SAMPLES;
use crate::{DatasetError, FileRecord};

/// A file without a name that counts and hashes what goes into it.
pub(crate) struct PartialFile {
    file: Box<dyn Upload>,
    path: PathBuf,
    name: String,
    bytes: u64,
    hash: Hasher,
}

/// Bytes of a file that are hashed, then written, at a time: those of two are in a second-level
/// cache.
const HOT_BYTES: usize = 128 << 10;

/// Bytes of a file that are read at a time.
const READ_BYTES: usize = 256 << 10;

/// The pieces that are left to write to a file.
struct Left<'a> {
    pieces: std::slice::Iter<'a, Cow<'a, [u8]>>,
    begun: &'a [u8],
}

impl<'a> Left<'a> {
    fn new(pieces: &'a [Cow<'a, [u8]>]) -> Self {
        Self { pieces: pieces.iter(), begun: &[] }
    }

    /// The next pieces, of so many bytes in all, or fewer at the end; the last may be cut.
    fn take(&mut self, mut bytes: usize) -> Vec<&'a [u8]> {
        let mut taken = Vec::new();
        while bytes > 0 {
            if self.begun.is_empty() {
                let Some(next) = self.pieces.next() else { break };
                self.begun = next;
            }
            let (now, later) = self.begun.split_at(self.begun.len().min(bytes));
            taken.push(now);
            self.begun = later;
            bytes -= now.len();
        }
        taken
    }
}

/// A file with all its bytes, still without its name.
#[must_use = "it has no name until it is complete"]
pub(crate) struct WrittenFile {
    file: Box<dyn Upload>,
    path: PathBuf,
    record: FileRecord,
}

impl PartialFile {
    /// Begins a file of a folder.
    pub(crate) fn create(
        dir: &Folder,
        name: &str,
        checksum: Checksum,
    ) -> Result<Self, DatasetError> {
        let path = dir.file(name);
        let file = dir.create_file(name).map_err(DatasetError::io(&path, "create"))?;
        let (name, hash) = (name.to_owned(), Hasher::new(checksum));
        Ok(Self { file, path, name, bytes: 0, hash })
    }

    /// The final path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends bytes.
    pub(crate) fn append_hashed(&mut self, bytes: &[u8]) -> Result<(), DatasetError> {
        self.hash.update(bytes);
        self.append(&[bytes])
    }

    /// Appends to each file its pieces, some at a time: what was just hashed is still in the
    /// processor's cache when it is written. Two files are hashed together, which takes less time
    /// than one after the other.
    pub(crate) fn write_beside(
        files: Vec<(&mut Self, Vec<Cow<'_, [u8]>>)>,
    ) -> Result<(), DatasetError> {
        let (mut files, pieces): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        let mut left: Vec<_> = pieces.iter().map(|pieces| Left::new(pieces)).collect();
        loop {
            let now: Vec<_> = left.iter_mut().map(|left| left.take(HOT_BYTES)).collect();
            if now.iter().all(Vec::is_empty) {
                return Ok(());
            }
            if let ([a, b], [pieces_a, pieces_b]) = (&mut files[..], &now[..]) {
                Hasher::update_pair(&mut a.hash, &mut b.hash, [pieces_a, pieces_b]);
            } else {
                for (file, pieces) in files.iter_mut().zip(&now) {
                    pieces.iter().for_each(|piece| file.hash.update(piece));
                }
            }
            for (file, pieces) in files.iter_mut().zip(&now) {
                file.append(pieces)?;
            }
        }
    }

    /// Writes pieces that are hashed.
    fn append(&mut self, pieces: &[&[u8]]) -> Result<(), DatasetError> {
        self.bytes += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        self.file.append(pieces).map_err(DatasetError::io(&self.path, "write"))
    }

    /// The file with no more to come.
    pub(crate) fn finish(self) -> WrittenFile {
        let (name, bytes, checksum) = (self.name, self.bytes, self.hash.finish());
        let record = FileRecord { name, bytes, checksum };
        WrittenFile { file: self.file, path: self.path, record }
    }
}

/// For encoders that write in pieces of their own; errors are the system's.
impl Write for PartialFile {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.file.append(&[piece])?;
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WrittenFile {
    /// Its record for the manifest.
    pub(crate) fn record(&self) -> &FileRecord {
        &self.record
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn settle(self) -> Result<FileRecord, DatasetError> {
        self.file.finish(Durability::Now).map_err(DatasetError::io(&self.path, "finish"))?;
        Ok(self.record)
    }
}

/// Writes a file of a folder, whole or not at all, and durable.
pub(crate) fn write_hashed(
    dir: &Folder,
    name: &str,
    bytes: &[u8],
    checksum: Checksum,
) -> Result<FileRecord, DatasetError> {
    let mut file = PartialFile::create(dir, name, checksum)?;
    file.append_hashed(bytes)?;
    file.finish().settle()
}

/// As [`write_hashed`], for a file whose record nobody keeps.
pub(crate) fn write_bytes(dir: &Folder, name: &str, bytes: &[u8]) -> Result<(), DatasetError> {
    write_hashed(dir, name, bytes, Checksum::default()).map(drop)
}

/// As [`write_bytes`], for a file that may be gone after a power failure.
pub(crate) fn write_soon(dir: &Folder, name: &str, bytes: &[u8]) -> Result<(), DatasetError> {
    let path = dir.file(name);
    let mut file = dir.create_file(name).map_err(DatasetError::io(&path, "create"))?;
    file.append(&[bytes]).map_err(DatasetError::io(&path, "write"))?;
    file.finish(Durability::Later).map_err(DatasetError::io(&path, "finish"))
}

/// The text that a file has after [`write_last`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// The one that was given.
    Ours,
    /// Another, which was there before.
    Theirs(String),
}

/// Writes a file that makes others valid: a claim, a manifest. In a folder that is built in under a
/// lock it takes the place of an older one; on a store, where other builders may be at work, the
/// first one stays.
pub(crate) fn write_last(dir: &Folder, name: &str, text: &str) -> Result<Last, DatasetError> {
    if dir.file_system().is_some() {
        return write_bytes(dir, name, text.as_bytes()).map(|()| Last::Ours);
    }
    let path = dir.file(name);
    for _ in 0..MOST_PUTS {
        match dir.storage().put_if_absent(&path, text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            put => return put.map(|()| Last::Ours).map_err(DatasetError::io(&path, "put")),
        }
        // A store may say so of its own retried write, or with nothing there.
        if let Some(found) = read_if_there(dir, name)? {
            return Ok(if found == text { Last::Ours } else { Last::Theirs(found) });
        }
    }
    let refused = io::Error::other("the store reports both that it exists and that it is missing");
    Err(DatasetError::io(&path, "put")(refused))
}

/// Times that a file is put where the store says that it is there, and it is not.
const MOST_PUTS: u32 = 8;

/// Brings a file of one folder to another of the same storage, checks and syncs it there. A folder
/// of a file system must not have the name yet.
pub(crate) fn take_file(
    how: Transfer,
    from: &Folder,
    to: &Folder,
    record: &FileRecord,
    watch: &Watch,
) -> Result<(), DatasetError> {
    check_size(from, record)?;
    let (source, path) = (from.file(&record.name), to.file(&record.name));
    to.storage().transfer(&source, &path, how).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => DatasetError::io(&path, "copy to")(error),
        _ => DatasetError::io(&source, "copy")(error),
    })?;
    check_file(to, record, watch).map_err(|error| match error {
        DatasetError::Damaged { problem, .. } => DatasetError::Damaged { path: source, problem },
        error => error,
    })?;
    to.storage().sync_file(&path).map_err(DatasetError::io(&path, "sync"))
}

/// Checks a file of a folder against its record: size, then checksum.
pub(crate) fn check_file(
    dir: &Folder,
    record: &FileRecord,
    watch: &Watch,
) -> Result<(), DatasetError> {
    check_size(dir, record)?;
    let path = dir.file(&record.name);
    let file = dir.open(&record.name).map_err(DatasetError::io(&path, "open"))?;
    let Some(checksum) = record.algorithm() else {
        let problem = format!("its checksum {:?} is of no known kind", record.checksum);
        return Err(DatasetError::Damaged { path, problem });
    };
    let mut hash = Hasher::new(checksum);
    let mut piece = vec![0; READ_BYTES];
    let (mut at, bytes) = (0, file.bytes());
    while at < bytes {
        if (watch.stop)() {
            return Err(DatasetError::Stopped);
        }
        let piece = &mut piece[..(bytes - at).min(READ_BYTES as u64) as usize];
        file.read_exact_at(at, piece).map_err(DatasetError::io(&path, "read"))?;
        hash.update(piece);
        at += piece.len() as u64;
    }
    if hash.finish() == record.checksum {
        return Ok(());
    }
    let problem = format!("its {} is not that of what was written", checksum.name());
    Err(DatasetError::Damaged { path, problem })
}

/// Checks the size of a file of a folder against its record.
pub(crate) fn check_size(dir: &Folder, record: &FileRecord) -> Result<(), DatasetError> {
    let path = dir.file(&record.name);
    let damaged = |problem: String| Err(DatasetError::Damaged { path: path.clone(), problem });
    match dir.storage().stat(&path) {
        Err(error)
            if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) =>
        {
            damaged("it is not there".into())
        }
        Err(error) => Err(DatasetError::io(&path, "read")(error)),
        Ok(found) if found.kind != Kind::File => damaged("it is no file".into()),
        Ok(found) if found.bytes != record.bytes => {
            damaged(format!("it has {} bytes, and {} were written", found.bytes, record.bytes))
        }
        Ok(_) => Ok(()),
    }
}

/// Reads a text that a dataset has.
pub(crate) fn read_text(dir: &Folder, name: &str) -> Result<String, DatasetError> {
    let missing =
        || DatasetError::Damaged { path: dir.file(name), problem: "it is not there".to_owned() };
    read_if_there(dir, name)?.ok_or_else(missing)
}

/// Reads a text; none where there is no such file.
pub(crate) fn read_if_there(dir: &Folder, name: &str) -> Result<Option<String>, DatasetError> {
    let path = dir.file(name);
    match dir.open(name).and_then(|file| file.read_all()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DatasetError::io(&path, "read")(error)),
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| {
            let problem = "it is not text".to_owned();
            DatasetError::Damaged { path, problem }
        }),
    }
}

/// Deletes a file of a folder.
pub(crate) fn remove(dir: &Folder, name: &str) -> Result<(), DatasetError> {
    dir.delete_file(name).map_err(DatasetError::io(&dir.file(name), "remove"))
}

/// Creates the folder of a dataset's samples.
pub(crate) fn create_samples(dir: &Folder) -> Result<(), DatasetError> {
    let samples = dir.join(SAMPLES);
    samples.create().map_err(DatasetError::io(samples.path(), "create"))
}

/// Makes the names in a dataset's folder durable, those of its samples too.
pub(crate) fn sync_dataset(dir: &Folder) -> Result<(), DatasetError> {
    let samples = dir.join(SAMPLES);
    if samples.is_there() {
        sync_dir(&samples)?;
    }
    sync_dir(dir)
}

/// Makes renames in a folder durable.
pub(crate) fn sync_dir(dir: &Folder) -> Result<(), DatasetError> {
    dir.sync().map_err(DatasetError::io(dir.path(), "sync"))
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
