//! Datasets on disk: writing them, their manifests, and opening them.
//!
//! A dataset is a folder. It is built beside its final place, in `<name>.incomplete`. Every file is
//! written under a temporary name, synced and renamed, and the manifest comes last. Then the folder
//! itself is renamed. So a folder with the dataset's name is always complete, and an earlier folder
//! stays until the new one is complete. The price is disk space for both while an existing dataset
//! is overwritten.
//!
//! All files are reached through a [`Storage`](barloom_files::Storage). A store renames no folder,
//! so there a dataset is built in its final place. `build.json` claims the place. The manifest is
//! put last, and only if absent; it completes the dataset.
//!
//! Each complete shard has a record beside it: checksums, hashes of the content, counts. A stopped
//! build resumes from these records, and a merge joins pieces with them. Neither reads a sample,
//! and both end in the bytes of one build.
//!
//! This crate does not know how samples are computed. They come from a
//! [`Session`](barloom_backend::Session), block by block. So the blocks in flight bound its memory,
//! not the number of samples.
//!
//! ```no_run
//! let dataset = barloom_dataset::Dataset::open("my-dataset")?;
//! println!("{} samples of {}", dataset.manifest().samples, dataset.manifest().format);
//! # fn read(dataset: &barloom_dataset::Dataset, backend: &dyn barloom_backend::Backend)
//! # -> Result<(), barloom_dataset::DatasetError> {
//! let reader = dataset.reader(backend)?; // the backend makes the samples of virtual datasets
//! let rows = reader.read(1_000..2_000)?; // an Arrow record batch
//! let some = reader.take(&[7, 3, 7])?;
//! # let _ = (rows, some);
//! # Ok(())
//! # }
//! # Ok::<(), barloom_dataset::DatasetError>(())
//! ```
#![forbid(unsafe_code)]

mod build;
mod checksum;
mod commit;
mod error;
mod features;
mod format;
mod label_summary;
mod manifest;
mod merge;
mod names;
mod parallel;
mod problem;
mod read;
mod reader;
mod room;
mod scalers;
mod shard;
mod summary;
mod verify;

pub use build::{Build, BuiltPart, PartBuild};
pub use commit::begun::Piece;
pub use commit::ownership::foreign_entries;
pub use error::DatasetError;
pub use features::{FeaturesRecord, FeaturesVerified, LostBars};
pub use format::layout::Layout;
pub use label_summary::{LabelSummary, NumberSummary};
pub use manifest::{
    FORMAT_VERSION, FileRecord, FoldRecord, Manifest, MarketRecord, PartRecord, SEMANTICS,
    ShardRecord, SymbolRecord,
};
pub use merge::Merge;
pub use problem::Problem;
pub use read::{Dataset, find_parts};
pub use reader::SampleReader;
pub use summary::{Counts, RewardSummary, Summary};
pub use verify::{Rows, Verified, Verify};
