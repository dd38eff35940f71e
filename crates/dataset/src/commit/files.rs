//! Files written whole or not at all, with the checksum of what was written.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};

use crate::commit::hashing::{StreamHash, update_pair};
use crate::{DatasetError, FileRecord};

/// A file under a temporary name that counts and hashes what goes into it.
pub(crate) struct PartialFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    name: String,
    bytes: u64,
    hash: StreamHash,
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

/// A file with all its bytes, still under its temporary name.
#[must_use = "it has no name until it is settled"]
pub(crate) struct WrittenFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    record: FileRecord,
}

impl PartialFile {
    /// Begins `dir/name`.
    pub(crate) fn create(dir: &Path, name: &str) -> Result<Self, DatasetError> {
        let temporary = dir.join(format!("{name}.tmp"));
        let file = File::create(&temporary).map_err(DatasetError::io(&temporary, "create"))?;
        let (path, name) = (dir.join(name), name.to_owned());
        Ok(Self { file, temporary, path, name, bytes: 0, hash: StreamHash::new() })
    }

    /// Where the file will be.
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
                update_pair([&mut a.hash, &mut b.hash], [pieces_a, pieces_b]);
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

    /// Writes pieces that are hashed, in as few calls of the system as it allows.
    fn append(&mut self, pieces: &[&[u8]]) -> Result<(), DatasetError> {
        self.bytes += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        // Linux takes so many slices a call.
        for pieces in pieces.chunks(1_024) {
            let mut slices: Vec<_> = pieces.iter().copied().map(IoSlice::new).collect();
            write_all_vectored(&self.file, &mut slices)
                .map_err(DatasetError::io(&self.path, "write"))?;
        }
        Ok(())
    }

    /// The file with no more to come.
    pub(crate) fn finish(self) -> WrittenFile {
        let sha256 = hex(&self.hash.finish());
        let record = FileRecord { name: self.name, bytes: self.bytes, sha256 };
        WrittenFile { file: self.file, temporary: self.temporary, path: self.path, record }
    }
}

/// For encoders that write in pieces of their own; errors are the system's.
impl Write for PartialFile {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.file.write(piece)?;
        self.hash.update(&piece[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl WrittenFile {
    /// Its record for the manifest.
    pub(crate) fn record(&self) -> &FileRecord {
        &self.record
    }

    /// Syncs it and gives it its name.
    pub(crate) fn settle(self) -> Result<FileRecord, DatasetError> {
        self.file.sync_all().map_err(DatasetError::io(&self.temporary, "sync"))?;
        fs::rename(&self.temporary, &self.path)
            .map_err(DatasetError::io(&self.path, "rename into place"))?;
        Ok(self.record)
    }
}

fn write_all_vectored(mut file: &File, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match file.write_vectored(slices) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes `dir/name` under a temporary name, syncs and renames it.
pub(crate) fn write_bytes(
    dir: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<FileRecord, DatasetError> {
    let mut file = PartialFile::create(dir, name)?;
    file.append_hashed(bytes)?;
    file.finish().settle()
}

/// As [`write_bytes`], for a file that may be gone after a power failure.
pub(crate) fn write_soon(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), DatasetError> {
    let (temporary, path) = (dir.join(format!("{name}.tmp")), dir.join(name));
    fs::write(&temporary, bytes).map_err(DatasetError::io(&temporary, "write"))?;
    fs::rename(&temporary, &path).map_err(DatasetError::io(&path, "rename into place"))
}

/// How a file comes to another folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// By a second name, or a copy where that can't be and of what a link points to: for a file that
    /// is removed in the end.
    Move,
    /// By a copy.
    Copy,
}

/// Brings a file of one folder to another, where none of its name is, checks and syncs it there.
pub(crate) fn take_file(
    take: Take,
    from: &Path,
    to: &Path,
    record: &FileRecord,
    stop: Stop<'_>,
) -> Result<(), DatasetError> {
    check_size(from, record)?;
    let (source, path) = (from.join(&record.name), to.join(&record.name));
    // A second name of a link would be a link, and what it points to may be gone tomorrow.
    let is_link = fs::symlink_metadata(&source).is_ok_and(|found| found.is_symlink());
    let linked = take == Take::Move && !is_link && fs::hard_link(&source, &path).is_ok();
    if !linked {
        if fs::symlink_metadata(&path).is_ok() {
            let there = io::ErrorKind::AlreadyExists.into();
            return Err(DatasetError::io(&path, "copy to")(there));
        }
        let temporary = to.join(format!("{}.tmp", record.name));
        fs::copy(&source, &temporary).map_err(DatasetError::io(&source, "copy"))?;
        fs::rename(&temporary, &path).map_err(DatasetError::io(&path, "rename into place"))?;
    }
    check_file(to, record, stop).map_err(|error| match error {
        DatasetError::Damaged { problem, .. } => DatasetError::Damaged { path: source, problem },
        error => error,
    })?;
    let file = File::options().append(true).open(&path);
    let synced = file.and_then(|file| file.sync_all());
    synced.map_err(DatasetError::io(&path, "sync"))
}

/// Asked often whether to stop.
pub(crate) type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Checks a file of a folder against its record: size, then checksum.
pub(crate) fn check_file(
    dir: &Path,
    record: &FileRecord,
    stop: Stop<'_>,
) -> Result<(), DatasetError> {
    check_size(dir, record)?;
    let path = dir.join(&record.name);
    let damaged = |problem: String| Err(DatasetError::Damaged { path: path.clone(), problem });
    let mut file = File::open(&path).map_err(DatasetError::io(&path, "open"))?;
    let mut hash = StreamHash::new();
    let mut piece = vec![0; READ_BYTES];
    loop {
        if stop() {
            return Err(DatasetError::Stopped);
        }
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => hash.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(DatasetError::io(&path, "read")(error)),
        }
    }
    if hex(&hash.finish()) == record.sha256 {
        Ok(())
    } else {
        damaged("its sha256 is not that of what was written".into())
    }
}

/// Checks the size of a file of a folder against its record.
pub(crate) fn check_size(dir: &Path, record: &FileRecord) -> Result<(), DatasetError> {
    let path = dir.join(&record.name);
    let damaged = |problem: String| Err(DatasetError::Damaged { path: path.clone(), problem });
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => damaged("it is not there".into()),
        Err(error) => Err(DatasetError::io(&path, "read")(error)),
        Ok(found) if !found.is_file() => damaged("it is no file".into()),
        Ok(found) if found.len() != record.bytes => {
            damaged(format!("it has {} bytes, and {} were written", found.len(), record.bytes))
        }
        Ok(_) => Ok(()),
    }
}

/// Reads a text that a dataset has.
pub(crate) fn read_text(path: &Path) -> Result<String, DatasetError> {
    let damaged = |problem: &str| {
        let path = path.to_path_buf();
        DatasetError::Damaged { path, problem: problem.to_owned() }
    };
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(damaged("it is not there")),
        Err(error) => Err(DatasetError::io(path, "read")(error)),
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| damaged("it is not text")),
    }
}

/// Makes renames in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), DatasetError> {
    barloom_files::sync_folder(dir).map_err(DatasetError::io(dir, "sync"))
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
