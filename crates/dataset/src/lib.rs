//! Datasets on disk: how one is written, what its manifest says, how it is opened.
//!
//! A dataset is a folder. It is built beside its final place, in `<name>.incomplete`, every file
//! under a temporary name that is synced and renamed, the manifest last; then the folder itself
//! is renamed. So a folder that has the dataset's name is whole, whatever happened, and what
//! stood there before stays until the new one is. The price is room for both while an existing
//! dataset is overwritten.
//!
//! Nothing here knows how samples are computed: they come from a
//! [`Session`](barloom_backend::Session), block by block, so memory is bounded by the blocks in
//! flight and not by the number of samples.
//!
//! ```no_run
//! let dataset = barloom_dataset::Dataset::open("my-dataset")?;
//! println!("{} samples of {}", dataset.manifest().samples, dataset.manifest().format);
//! let row = dataset.read_sample(7)?; // an Arrow record batch of one row
//! # let _ = row;
//! # Ok::<(), barloom_dataset::DatasetError>(())
//! ```
#![forbid(unsafe_code)]

mod build;
mod error;
mod files;
mod hashing;
mod layout;
mod lock;
mod manifest;
mod ownership;
mod parallel;
mod parquet;
mod read;
mod shard;
mod staging;
mod summary;

pub use build::{Build, BuiltPart, PartBuild};
pub use error::DatasetError;
pub use layout::Layout;
pub use manifest::{
    FORMAT_VERSION, FileRecord, Manifest, MarketRecord, PartRecord, ShardRecord, SymbolRecord,
};
pub use ownership::foreign_entries;
pub use read::{Dataset, find_parts};
pub use summary::{Counts, RewardSummary, Summary};
