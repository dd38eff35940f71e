//! Files and folders that appear whole or not at all.
//!
//! A file is written beside its place under a temporary name, synced and renamed. A folder that
//! takes the place of another is exchanged with it in one step, so there is no moment without
//! either. The price is room for both.
//!
//! The key decision: what a system can't do in one step is done in several, and undone where one of
//! them fails. A caller never has to ask what the system can do.
//!
//! A [`Storage`] is any place that holds files: [`Local`], [`Memory`], object stores. Its one step
//! that everything rests on is "put if absent"; what only file systems can do is apart, in
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
