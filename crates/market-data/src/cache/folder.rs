//! The folder of a cache: how entries come there, and how they go.

use std::fs::{self, DirBuilder, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::{Cache, entry};
use crate::table::Table;

/// The extension of an entry.
pub(super) const ENDING: &str = "arrow";

/// The extension of an entry that is being written.
const UNFINISHED: &str = "unfinished";

/// Digits of a key.
const DIGITS: usize = 32;

/// After so long nobody goes on writing a file.
const LEFT_ALONE: Duration = Duration::from_secs(3_600);

/// Numbers of files that this process writes.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The state of a folder when it was last listed.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Bytes that may be written before it must be looked through again.
    room: AtomicU64,
    /// True if a note has said that the folder is not writable.
    told: AtomicBool,
}

/// The time, by which entries are known that were not used for long.
#[expect(clippy::disallowed_methods, reason = "which entries go; nothing that is read is of it")]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

impl Cache {
    /// Returns true if tables can be an entry and fill at most half of the cache.
    pub(crate) fn has_room_for(&self, tables: &[Table]) -> bool {
        entry::can_be(tables) && entry::size(tables) <= self.most_bytes / 2
    }

    /// Keeps tables. That it fails is no error: they are parsed again next time.
    pub(crate) fn store(&self, key: &str, tables: &[Table]) {
        let most = self.most_bytes / 2;
        match self.write(key, tables, most) {
            Ok(bytes) => self.make_room(bytes),
            Err(error) if !self.state.told.swap(true, Ordering::Relaxed) => {
                tracing::info!("{} keeps nothing: {error}", self.folder.display());
            }
            Err(_) => {}
        }
    }

    /// Writes an entry, which has its name once it is whole; its bytes.
    fn write(&self, key: &str, tables: &[Table], most: u64) -> io::Result<u64> {
        make_folder(&self.folder)?;
        let (path, file) = self.unfinished(key)?;
        let written = entry::write(file, key, tables).and_then(|bytes| {
            if bytes > most {
                return Err(io::Error::other("an entry is larger than half of the cache"));
            }
            // Whoever wrote it before wrote the same.
            fs::rename(&path, self.path(key))?;
            Ok(bytes)
        });
        if written.is_err() {
            // It is gone, or goes when the folder is looked through.
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// A new file in the folder, of a name that no other process has: numbers of processes are the
    /// same on machines that share a folder.
    fn unfinished(&self, key: &str) -> io::Result<(PathBuf, File)> {
        let process = std::process::id();
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!("{key}.{process}-{number}.{UNFINISHED}"));
            match create(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                created => return Ok((path, created?)),
            }
        }
    }

    /// Counts what was written, and makes room where there may be too much.
    ///
    /// To look through the folder after each of thousands of files would take longer than to parse
    /// them. So what is left of it is halved, the other half being for whoever else writes, and is
    /// counted down; and where entries go, more of them go than must.
    fn make_room(&self, written: u64) {
        let room = &self.state.room;
        let rest = |room: u64| room.checked_sub(written);
        if room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).is_ok() {
            return;
        }
        let kept = match self.sweep() {
            Ok(kept) => kept,
            Err(error) => {
                tracing::debug!("{} cannot be looked through: {error}", self.folder.display());
                return;
            }
        };
        let left = self.most_bytes.saturating_sub(kept) / 2;
        room.store(left.min(self.most_bytes / 16), Ordering::Relaxed);
    }

    /// Removes the entries that were not used for longest if they are too many bytes together,
    /// until an eighth is free, and what was left unfinished; the bytes of entries that stay.
    fn sweep(&self) -> io::Result<u64> {
        let now = now();
        let mut entries = Vec::new();
        for found in fs::read_dir(&self.folder)? {
            // Another process may have removed it.
            let Some((kind, path, bytes, used)) = found.ok().and_then(|found| ours(&found)) else {
                continue;
            };
            if kind == ENDING {
                entries.push((used, path, bytes));
            } else if now.duration_since(used).is_ok_and(|age| age > LEFT_ALONE) {
                let _ = fs::remove_file(&path);
            }
        }
        let mut kept: u64 = entries.iter().map(|(.., bytes)| bytes).sum();
        if kept <= self.most_bytes {
            return Ok(kept);
        }
        entries.sort();
        let goal = self.most_bytes - self.most_bytes / 8;
        for (_, path, bytes) in entries {
            if kept <= goal {
                break;
            }
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    tracing::debug!("{} cannot be removed: {e}", path.display());
                }
                _ => kept -= bytes,
            }
        }
        Ok(kept)
    }
}

/// The extension of a file of a cache, its path, bytes and time; none for other files.
fn ours(found: &DirEntry) -> Option<(&'static str, PathBuf, u64, SystemTime)> {
    let name = found.file_name();
    let (key, rest) = name.to_str()?.split_once('.')?;
    let is_key = key.len() == DIGITS && key.bytes().all(|c| c.is_ascii_hexdigit());
    let kind = match rest {
        ENDING => ENDING,
        _ if rest.ends_with(UNFINISHED) => UNFINISHED,
        _ => return None,
    };
    let metadata = found.metadata().ok().filter(|found| is_key && found.is_file())?;
    Some((kind, found.path(), metadata.len(), metadata.modified().ok()?))
}

/// Makes a file that its owner alone can read, also in a folder that others can.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that its owner alone can read: what someone's bars are is for nobody else.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}
