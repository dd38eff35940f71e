use std::path::{Path, PathBuf};

use barloom_backend::BackendError;
use barloom_market_store::MarketStoreError;
use barloom_plan::PlanError;
use barloom_recipe::RecipeError;

use crate::Piece;

/// An error of writing or reading a dataset. Messages are facts; `barloom_engine` adds what to do.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file or folder cannot be read or written.
    #[error("{}: can't {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The failed action: `write`, `rename`.
        action: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// The output is there already.
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// The output is a dataset on a store.
    #[error("{} is a dataset on a store, and datasets on a store are never replaced", .0.display())]
    NeverReplaced(PathBuf),
    /// The folder to overwrite is not a dataset.
    #[error("{} is not a Barloom dataset: it holds {entries}; nothing was changed", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// The first of what is in it.
        entries: String,
    },
    /// A dataset's folder holds what its manifest does not list.
    #[error("{} holds files that do not belong to the dataset: {entries}; nothing was changed, so that they are not lost", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The first of what is not the dataset's.
        entries: String,
    },
    /// The output is a file.
    #[error("{} is a file, and a dataset is a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A file system is mounted at the output.
    #[error("{}: a file system is mounted here, or the folder is in use, so a build cannot replace it", .0.display())]
    Mounted(PathBuf),
    /// The output is a link to nothing.
    #[error("{} is a link to a missing folder", .0.display())]
    DanglingLink(PathBuf),
    /// A dataset is where another one would be built.
    #[error("{}: this folder holds a dataset ({}), and the output would be built in it; nothing was changed", dir.display(), found.strip_prefix(dir).unwrap_or(found).display())]
    HoldsDataset {
        /// The folder.
        dir: PathBuf,
        /// The part of a dataset that is in it.
        found: PathBuf,
    },
    /// A fold lies without the bars that all folds of its dataset share.
    #[error(
        "{} has no bars: the folds of a dataset share {}, which is not there; keep the folder of a fold in that of its dataset, or copy bars.arrow to this place",
        folder.display(), bars.display()
    )]
    NoSharedBars {
        /// The folder of a role of a fold.
        folder: PathBuf,
        /// The file of the bars.
        bars: PathBuf,
    },
    /// Something that no build wrote is where the dataset is built.
    #[error("{} is in the folder of the build, and no build wrote it; move it elsewhere", .0.display())]
    InTheWay(PathBuf),
    /// A build that was stopped left whole shards where the dataset is built.
    #[error("{} holds {} of a stopped build", dir.display(), whole_shards(*shards))]
    Unfinished {
        /// The folder.
        dir: PathBuf,
        /// The number of complete shards.
        shards: usize,
    },
    /// A build ended before the dataset was whole; what it has done stays.
    #[error("{}; {}", because.message(), stays(dir, *shards))]
    Resumable {
        /// The folder that it was built in.
        dir: PathBuf,
        /// The number of complete shards.
        shards: usize,
        /// The reason for its end.
        because: Box<DatasetError>,
    },
    /// The stopped build, or the existing dataset, is another dataset.
    #[error("{} belongs to another build and cannot be resumed: {difference}", path.display())]
    OtherBuild {
        /// The folder.
        path: PathBuf,
        /// The first thing that differs, with both values.
        difference: String,
    },
    /// The file system has too little room.
    #[error("{}: not enough space: about {} MiB are needed and {} MiB are free", path.display(), needed >> 20, free >> 20)]
    NoRoom {
        /// The folder to build in.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// There are more shards than a folder holds.
    #[error(
        "output.shard_rows: {samples} samples need {count} shards, and the limit is {most}; raise \
         it, or use fewer dataset.samples"
    )]
    TooManyShards {
        /// The number of samples.
        samples: u64,
        /// In how many shards.
        count: u64,
        /// The largest number of shards of a part.
        most: u64,
    },
    /// More samples than can be compared at once.
    #[error("{}: {samples} samples are too many for verify to compare at once; the limit is {most}", path.display())]
    TooManyToVerify {
        /// The dataset.
        path: PathBuf,
        /// Number that was asked for.
        samples: u64,
        /// Number that can be.
        most: u64,
    },
    /// A virtual dataset has no shards to be built apart.
    #[error("a virtual dataset has no shards, so it cannot be built in pieces")]
    VirtualPiece,
    /// Pieces that do not make a dataset.
    #[error("{problem}")]
    Pieces {
        /// The faulty files, and their faults.
        problem: String,
    },
    /// A folder that is to be joined is no piece.
    #[error("{} is {what}", path.display())]
    NotAPiece {
        /// The folder.
        path: PathBuf,
        /// `a complete dataset, not a piece`, or `neither a dataset nor a piece`.
        what: &'static str,
    },
    /// A folder is a piece of a dataset.
    #[error("{} is piece {} of {} of a dataset (counted from 0); use barloom merge to join all pieces", path.display(), piece.index(), piece.count())]
    IsPiece {
        /// The folder.
        path: PathBuf,
        /// The piece.
        piece: Piece,
    },
    /// Another build writes to the same place.
    #[error("{}: another build is writing this dataset", .0.display())]
    Busy(PathBuf),
    /// An output path has no name.
    #[error("{}: a dataset's folder needs a name", .0.display())]
    NoName(PathBuf),
    /// A folder is no dataset.
    #[error("{}: no manifest.json, so this is not a complete Barloom dataset", .0.display())]
    NotADataset(PathBuf),
    /// A dataset has parts, and one of them is to be named.
    #[error("{} is a split dataset; choose one of its parts: {parts}", path.display())]
    HasParts {
        /// The folder.
        path: PathBuf,
        /// The folders of its parts in time order, separated by commas.
        parts: String,
    },
    /// The dataset is of format 1, which this version does not read.
    #[error("{}: the dataset is of format 1, which this barloom does not read; it is old, not damaged. Built again, its samples get two columns, mfe and mae, so its content digest changes; the metric \"label\" is called \"barrier\" now", path.display())]
    OlderFormat {
        /// The manifest.
        path: PathBuf,
    },
    /// The dataset is of a later format.
    #[error("{}: format version {found} is newer than this barloom, which reads up to version {known}; use a newer barloom", path.display())]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The newest version known.
        known: u64,
    },
    /// The dataset's samples were made by other rules than this version's.
    #[error("{}: {}", path.display(), other_semantics(*found, *known))]
    OtherSemantics {
        /// The manifest.
        path: PathBuf,
        /// The semantics of the dataset.
        found: u64,
        /// The semantics of this version.
        known: u64,
    },
    /// A file of a dataset is not what its manifest or format says.
    #[error("{}: {problem}; the dataset is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        problem: String,
    },
    /// A stored sample is not what recipe and bars give.
    #[error("{}: sample {sample}, {column}: {stored} is stored, but recipe and bars give {made}", path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// The sample.
        sample: u64,
        /// The column.
        column: String,
        /// The stored value.
        stored: String,
        /// The expected value.
        made: String,
    },
    /// A sample was asked for that is not there.
    #[error("sample {sample} does not exist; there are {samples} samples, counted from 0")]
    NoSuchSample {
        /// The sample asked for.
        sample: u64,
        /// The number of samples.
        samples: u64,
    },
    /// Arrow or Parquet refused.
    #[error("{}: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The library's error.
        problem: String,
    },
    /// Work was stopped before it finished.
    #[error("stopped before it finished")]
    Stopped,
    /// The recipe gives no samples of the bars.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The backend failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The dataset's bars cannot be read or written.
    #[error(transparent)]
    MarketStore(#[from] MarketStoreError),
    /// The dataset's recipe cannot be read.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

fn whole_shards(count: usize) -> String {
    format!("{count} whole shard{}", if count == 1 { "" } else { "s" })
}

/// The whole shards that stay, and where.
fn stays(dir: &Path, shards: usize) -> String {
    let stay = if shards == 1 { "stays" } else { "stay" };
    format!("{} {stay} in {}", whole_shards(shards), dir.display())
}

/// The message about a dataset of other semantics.
fn other_semantics(found: u64, known: u64) -> String {
    if found > known {
        return format!(
            "can't make its samples: they follow semantics {found}, and this barloom knows up to \
             {known}. Use a newer barloom"
        );
    }
    format!(
        "can't make its samples: the dataset is old, not damaged. It follows semantics {found}; \
         since semantics {known}, a bar that just touches a stop or target reaches it"
    )
}

impl DatasetError {
    /// The error and its causes in one line: `x/a.npy: can't create: No space left on device`.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            message += &format!(": {error}");
            cause = error.source();
        }
        message
    }

    /// The file or folder that the error is about, if it is about one.
    #[must_use]
    pub fn at_file(&self) -> Option<String> {
        let path = match self {
            Self::Io { path, .. }
            | Self::NotOurs { path, .. }
            | Self::Foreign { path, .. }
            | Self::OtherBuild { path, .. }
            | Self::NoRoom { path, .. }
            | Self::TooManyToVerify { path, .. }
            | Self::IsPiece { path, .. }
            | Self::NotAPiece { path, .. }
            | Self::HasParts { path, .. }
            | Self::NewerFormat { path, .. }
            | Self::OlderFormat { path }
            | Self::Damaged { path, .. }
            | Self::Differs { path, .. }
            | Self::Format { path, .. }
            | Self::Exists(path)
            | Self::NeverReplaced(path)
            | Self::NotAFolder(path)
            | Self::Mounted(path)
            | Self::DanglingLink(path)
            | Self::InTheWay(path)
            | Self::Busy(path)
            | Self::NoName(path)
            | Self::NotADataset(path) => path,
            Self::HoldsDataset { dir, .. } | Self::Unfinished { dir, .. } => dir,
            Self::Resumable { because, .. } => return because.at_file(),
            Self::MarketStore(error) => return error.at_file(),
            Self::Recipe(error) => return error.at().map(|at| at.origin.clone()),
            _ => return None,
        };
        Some(path.to_string_lossy().into_owned())
    }

    /// Returns true if the dataset itself is wrong; false if its state is unknown.
    #[must_use]
    pub fn is_of_dataset(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Differs { .. }
                | Self::NewerFormat { .. }
                | Self::Recipe(_)
                | Self::MarketStore(_)
        )
    }

    /// An error of the system on a path, for `map_err`.
    pub(crate) fn io(
        path: &Path,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { path, action, source }
    }

    /// An error of Arrow or Parquet on a path, for `map_err`.
    pub(crate) fn format<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Self + use<E> {
        let path = path.to_path_buf();
        move |error| Self::Format { path, problem: error.to_string() }
    }
}
