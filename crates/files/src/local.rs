use std::fs::{self, File};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lock::FileLock;
use crate::storage::{
    Durability, Entry, FileSystem, Kind, ReadAt, Stat, Storage, Transfer, Upload,
};
use crate::{Existing, NewFile};

/// The file system of this machine.
///
/// A new file is written as `<path>.tmp`, synced and renamed; one that is dropped before leaves
/// that file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

impl From<fs::FileType> for Kind {
    fn from(kind: fs::FileType) -> Self {
        match kind {
            kind if kind.is_file() => Self::File,
            kind if kind.is_dir() => Self::Folder,
            kind if kind.is_symlink() => Self::Link,
            _ => Self::Other,
        }
    }
}

impl From<fs::Metadata> for Stat {
    fn from(meta: fs::Metadata) -> Self {
        Self { kind: meta.file_type().into(), bytes: meta.len() }
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    temporary.into()
}

impl Storage for Local {
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        fs::metadata(path).map(Stat::from)
    }

    fn stat_link(&self, path: &Path) -> io::Result<Stat> {
        fs::symlink_metadata(path).map(Stat::from)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entries = fs::read_dir(folder)?.map(|entry| {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Ok(Entry { name, kind: entry.file_type()?.into() })
        });
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Arc::new(LocalFile { file, bytes }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Upload>> {
        let temporary = temporary(path);
        let file = File::create(&temporary)?;
        Ok(Box::new(LocalUpload { file, temporary, path: path.to_owned() }))
    }

    fn put_if_absent(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = NewFile::beside(path)?;
        new.file().write_all(bytes)?;
        new.finish(Existing::Kept)?;
        self.sync_folder(path.parent().filter(|p| p != &Path::new("")).unwrap_or(Path::new(".")))
    }

    fn transfer(&self, from: &Path, to: &Path, how: Transfer) -> io::Result<()> {
        // A second name of a link would be a link, and what it points to may be gone tomorrow.
        let is_link = fs::symlink_metadata(from).is_ok_and(|found| found.is_symlink());
        if how == Transfer::Share && !is_link && fs::hard_link(from, to).is_ok() {
            return Ok(());
        }
        if fs::symlink_metadata(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let temporary = temporary(to);
        fs::copy(from, &temporary)?;
        fs::rename(&temporary, to)
    }

    fn delete(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn delete_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::options().append(true).open(path)?.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        crate::sync_folder(path)
    }

    fn free_bytes(&self, folder: &Path) -> Option<u64> {
        fs4::available_space(folder).ok()
    }

    fn file_system(&self) -> Option<&dyn FileSystem> {
        Some(self)
    }
}

impl FileSystem for Local {
    fn is_locked(&self, path: &Path) -> bool {
        FileLock::is_taken(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<FileLock>> {
        FileLock::take(path)
    }

    fn follow(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn is_mounted(&self, folder: &Path) -> bool {
        let (Ok(mounts), Ok(folder)) =
            (fs::read_to_string("/proc/self/mountinfo"), fs::canonicalize(folder))
        else {
            return false;
        };
        // The fifth word is where it is mounted.
        mounts.lines().any(|line| line.split(' ').nth(4).is_some_and(|at| folder == Path::new(at)))
    }

    fn rename_folder(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn replace_folder(&self, new: &Path, out: &Path, aside: &Path) -> io::Result<()> {
        crate::replace_folder(new, out, aside)
    }
}

#[derive(Debug)]
struct LocalFile {
    file: File,
    bytes: u64,
}

impl ReadAt for LocalFile {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    #[cfg(unix)]
    fn read_exact_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, into, at)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
        use std::os::windows::fs::FileExt;
        while !into.is_empty() {
            match self.file.seek_read(into, at) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => (at, into) = (at + read as u64, &mut into[read..]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

struct LocalUpload {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Upload for LocalUpload {
    fn append(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        // Linux takes so many slices a call.
        pieces.chunks(1_024).try_for_each(|pieces| {
            let mut slices: Vec<_> = pieces.iter().copied().map(IoSlice::new).collect();
            write_all_vectored(&self.file, &mut slices)
        })
    }

    fn finish(self: Box<Self>, durability: Durability) -> io::Result<()> {
        if durability == Durability::Now {
            self.file.sync_all()?;
        }
        fs::rename(&self.temporary, &self.path)
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
