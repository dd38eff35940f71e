//! Datasets on disk: how one is written, what its manifest says, how it is opened.
//!
//! A dataset is a folder. It is built beside its final place, in `<name>.incomplete`, every file
//! under a temporary name that is synced and renamed, the manifest last; then the folder itself
//! is renamed. So a folder that has the dataset's name is whole, whatever happened, and what
//! stood there before stays until the new one is. The price is room for both while an existing
//! dataset is overwritten.
//!
//! All files are reached through a [`Storage`](barloom_files::Storage). On a store, which renames
//! no folder, a dataset is built in its own place: `build.json` claims it, and the manifest, which
//! is put last and only where none is, makes it a dataset.
//!
//! Beside a shard that is whole goes a record of it: checksums, hashes of the content, counts. A
//! build that was stopped goes on from these, and pieces that were built apart are joined by
//! them, without reading a sample; both end in the bytes of one build.
//!
//! Nothing here knows how samples are computed: they come from a
//! [`Session`](barloom_backend::Session), block by block, so memory is bounded by the blocks in
//! flight and not by the number of samples.
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
mod format;
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
pub use format::layout::Layout;
pub use manifest::{
    FORMAT_VERSION, FileRecord, Manifest, MarketRecord, PartRecord, SEMANTICS, ShardRecord,
    SymbolRecord,
};
pub use merge::Merge;
pub use problem::Problem;
pub use read::{Dataset, find_parts};
pub use reader::SampleReader;
pub use summary::{Counts, RewardSummary, Summary};
pub use verify::{Rows, Verified, Verify};
