//! Renames that a plain rename can't do, by a call of the system.
//!
//! The call is made without the C library: its own function is newer than the systems that have the
//! call.

use std::io;
use std::path::Path;

/// Gives each of two paths what the other one was, in one step. `false` where the system can't.
pub(crate) fn exchange(a: &Path, b: &Path) -> io::Result<bool> {
    rename(a, b, How::Exchange)
}

/// Renames a file to a path that nothing has. `false` where the system can't tell in one step.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<bool> {
    rename(from, to, How::New)
}

#[derive(Clone, Copy)]
enum How {
    Exchange,
    New,
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename(from: &Path, to: &Path, how: How) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    let flags = match how {
        How::Exchange => RenameFlags::EXCHANGE,
        How::New => RenameFlags::NOREPLACE,
    };
    match renameat_with(CWD, from, CWD, to, flags) {
        Ok(()) => Ok(true),
        // An old system, a file system without it, or a sandbox that does not know the call. Whatever
        // else these may mean, a plain rename says it again.
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP | Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename(_: &Path, _: &Path, _: How) -> io::Result<bool> {
    Ok(false)
}
