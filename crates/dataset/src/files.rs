//! Files written whole or not at all, with the checksum of what was written.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};

use crate::hashing::{StreamHash, update_pair};
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

    /// Appends pieces.
    pub(crate) fn append_hashed(&mut self, pieces: &[Cow<'_, [u8]>]) -> Result<(), DatasetError> {
        pieces.iter().for_each(|piece| self.hash.update(piece));
        self.append(pieces)
    }

    /// Appends to each file its pieces. Two files are hashed together, which takes less time than
    /// one after the other.
    pub(crate) fn write_beside(
        files: &mut [(&mut Self, Vec<Cow<'_, [u8]>>)],
    ) -> Result<(), DatasetError> {
        if let [(a, pieces_a), (b, pieces_b)] = files {
            update_pair([&mut a.hash, &mut b.hash], [pieces_a, pieces_b]);
            a.append(pieces_a)?;
            return b.append(pieces_b);
        }
        files.iter_mut().try_for_each(|(file, pieces)| file.append_hashed(pieces))
    }

    /// Writes pieces that are hashed, in as few calls of the system as it allows.
    fn append(&mut self, pieces: &[Cow<'_, [u8]>]) -> Result<(), DatasetError> {
        self.bytes += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        // Linux takes so many slices a call.
        for pieces in pieces.chunks(1_024) {
            let mut slices: Vec<_> = pieces.iter().map(|p| IoSlice::new(p)).collect();
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
    file.append_hashed(&[bytes.into()])?;
    file.finish().settle()
}

/// Makes renames in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), DatasetError> {
    // Only POSIX lets a folder be opened and synced; elsewhere renames are durable by themselves.
    if cfg!(unix) {
        let folder = File::open(dir).map_err(DatasetError::io(dir, "open"))?;
        folder.sync_all().map_err(DatasetError::io(dir, "sync"))?;
    }
    Ok(())
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
