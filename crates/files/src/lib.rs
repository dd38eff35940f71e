//! Files and folders that appear whole or not at all.
//!
//! A file is written beside its place under a temporary name, synced and renamed. A folder that
//! replaces another is exchanged with it in one step, so one of them exists at every moment. The
//! price is disk space for both.
//!
//! The key decision: if a system needs several steps for an operation, this crate takes them, and
//! undoes them if one fails. Callers never ask for the abilities of the system.
//!
//! A [`Storage`] is any place that holds files: [`Local`], [`Memory`], object stores. Everything
//! relies on one atomic operation, "put if absent". Operations that only file systems have are in
//! [`FileSystem`].
//!
//! ```
//! use std::io::Write;
//!
//! use barloom_files::{Existing, NewFile};
//!
//! let folder = tempfile::tempdir()?;
//! let file = NewFile::beside(&folder.path().join("recipe.toml"))?;
//! file.file().write_all(b"[dataset]\n")?;
//! file.finish(Existing::Kept)?;
//! assert_eq!(std::fs::read(folder.path().join("recipe.toml"))?, b"[dataset]\n");
//! # Ok::<(), std::io::Error>(())
//! ```
#![forbid(unsafe_code)]

mod exchange;
mod folder;
mod local;
mod lock;
mod memory;
mod new_file;
mod replace;
mod storage;
mod watch;

pub use folder::Folder;
pub use local::Local;
pub use lock::FileLock;
pub use memory::Memory;
pub use new_file::{Existing, NewFile};
pub use replace::{replace_folder, sync_folder};
pub use storage::{Durability, Entry, FileSystem, Kind, ReadAt, Stat, Storage, Transfer, Upload};
pub use watch::Watch;
