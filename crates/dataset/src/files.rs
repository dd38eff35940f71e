//! Files written whole or not at all, with the checksum of what was written.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{DatasetError, FileRecord};

/// A file that counts and hashes what goes into it.
pub(crate) struct HashingFile {
    file: File,
    bytes: u64,
    hash: Sha256,
}

impl Write for HashingFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hash.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes `dir/name` under a temporary name, syncs and renames it.
pub(crate) fn write_whole(
    dir: &Path,
    name: &str,
    write: impl FnOnce(&mut HashingFile) -> Result<(), DatasetError>,
) -> Result<FileRecord, DatasetError> {
    let path = dir.join(name);
    let temporary = dir.join(format!("{name}.tmp"));
    let file = File::create(&temporary).map_err(DatasetError::io(&temporary, "create"))?;
    let mut file = HashingFile { file, bytes: 0, hash: Sha256::new() };
    write(&mut file)?;
    file.file.sync_all().map_err(DatasetError::io(&temporary, "sync"))?;
    fs::rename(&temporary, &path).map_err(DatasetError::io(&path, "rename into place"))?;
    Ok(FileRecord { name: name.to_owned(), bytes: file.bytes, sha256: hex(&file.hash.finalize()) })
}

/// Writes bytes as [`write_whole`] does.
pub(crate) fn write_bytes(
    dir: &Path,
    name: &str,
    bytes: &[u8],
) -> Result<FileRecord, DatasetError> {
    write_whole(dir, name, |file| {
        file.write_all(bytes).map_err(DatasetError::io(&dir.join(name), "write"))
    })
}

/// The record of a file that is there.
pub(crate) fn record_of(dir: &Path, name: &str) -> Result<FileRecord, DatasetError> {
    let path = dir.join(name);
    let mut file = File::open(&path).map_err(DatasetError::io(&path, "open"))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(DatasetError::io(&path, "read"))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    Ok(FileRecord { name: name.to_owned(), bytes, sha256: hex(&hash.finalize()) })
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
