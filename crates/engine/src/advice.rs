//! Advice for errors, with the caller's names for the settings of a job.

use std::fmt;
use std::path::Path;

use barloom_backend::BackendError;
use barloom_dataset::{DatasetError, Problem};
use barloom_market_data::MarketDataError;

use crate::Error;

/// A setting of a job that a message names. It is a flag of a command line, an argument of a
/// function: each caller has a name of its own for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// The folder of the dataset that is built.
    Out,
    /// Permission to replace an existing output.
    Overwrite,
    /// Permission to resume a stopped build.
    Resume,
    /// The piece of a dataset that is built.
    Shard,
    /// Number of samples that are verified.
    Rows,
    /// Number of samples that are made at once.
    Chunk,
    /// The files of bars.
    Bars,
    /// The backend of this name.
    Backend(&'static str),
    /// The time zone of times that have none.
    Timezone,
    /// The bars to make of trades, of this length.
    Aggregate(&'static str),
    /// Options of delimited text, written as keys of TOML.
    Csv(&'a str),
    /// The job that lists the faults of bars.
    Check,
    /// The job that builds a dataset anew from the recipe and bars in this folder.
    Rebuild(&'a Path),
}

/// The setting's name in Rust.
impl fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Out => f.write_str("out"),
            Self::Overwrite => f.write_str("overwrite"),
            Self::Resume => f.write_str("resume"),
            Self::Shard => f.write_str("piece"),
            Self::Rows => f.write_str("rows"),
            Self::Chunk => f.write_str("chunk_rows"),
            Self::Bars => f.write_str("bars"),
            Self::Backend(name) => write!(f, "the backend {name}"),
            Self::Timezone => f.write_str("timezone"),
            Self::Aggregate(length) => write!(f, "an aggregate of {length}"),
            Self::Csv(keys) => write!(f, "csv options {keys}"),
            Self::Check => f.write_str("a check"),
            Self::Rebuild(dir) => write!(f, "a job of the recipe in {}", dir.display()),
        }
    }
}

/// The names that a caller has for settings.
pub type Names<'n> = &'n dyn Fn(Setting<'_>) -> String;

/// A finding of a verification, and what to do, in the names of a caller.
#[must_use]
pub fn problem_with(problem: &Problem, name: Names<'_>) -> String {
    let mut message = problem.to_string();
    if let Some(advice) = of_dataset(problem.error(), name) {
        message += "; ";
        message += &advice;
    }
    message
}

/// The advice for an error; none if the message has it, or if nothing helps.
pub(crate) fn of(error: &Error, name: Names<'_>) -> Option<String> {
    match error {
        Error::NoBars => {
            Some(format!("name files or globs there, or pass {}", name(Setting::Bars)))
        }
        Error::NoCuda => {
            Some(format!("use {}, or a build that has it", name(Setting::Backend("cpu"))))
        }
        Error::Backend(error) => of_backend(error, name),
        Error::MarketData(error) => of_market_data(error, name),
        Error::Dataset(error) => of_dataset(error, name),
        _ => None,
    }
}

fn of_backend(error: &BackendError, name: Names<'_>) -> Option<String> {
    match error {
        BackendError::NoMemory { .. } => {
            Some(format!("make fewer at once ({})", name(Setting::Chunk)))
        }
        BackendError::Device(_) => Some(format!("or use {}", name(Setting::Backend("cpu")))),
        _ => None,
    }
}

fn of_market_data(error: &MarketDataError, name: Names<'_>) -> Option<String> {
    Some(match error {
        MarketDataError::TimeZone(_) => format!("choose another {}", name(Setting::Timezone)),
        MarketDataError::MissingColumn { column, .. } => format!(
            "remove {column} from data.channels in the recipe (`barloom init` writes one), or name \
             another column there"
        ),
        MarketDataError::BadBars { .. } => format!("{} lists them", name(Setting::Check)),
        MarketDataError::Exists(_) => {
            format!("choose another name, or pass {} to replace it", name(Setting::Overwrite))
        }
        MarketDataError::Trades { .. } => format!(
            "choose an interval: aggregate = \"1m\" under [data] in the recipe, or {}",
            name(Setting::Aggregate("1m"))
        ),
        MarketDataError::File { problem: text, .. }
        | MarketDataError::Cell { expected: text, .. }
            if text.contains(" csv.") || text.contains("(csv.") =>
        {
            "csv options are keys under [data.csv] in the recipe".to_owned()
        }
        MarketDataError::Proposed { keys, .. } => format!(
            "this reads it: {}, or these keys under [data.csv] in the recipe",
            name(Setting::Csv(keys))
        ),
        _ => return None,
    })
}

fn of_dataset(error: &DatasetError, name: Names<'_>) -> Option<String> {
    let another = || format!("choose another {}", name(Setting::Out));
    Some(match error {
        DatasetError::Exists(_) => {
            format!("pass {} to replace it, or {}", name(Setting::Overwrite), another())
        }
        DatasetError::NeverReplaced(_) => format!("delete it, or {}", another()),
        DatasetError::NotOurs { .. } | DatasetError::NotAFolder(_) => another(),
        DatasetError::Foreign { .. } => format!("move them elsewhere, or {}", another()),
        DatasetError::Mounted(_) => format!("choose a folder in it as {}", name(Setting::Out)),
        DatasetError::DanglingLink(_) => {
            format!("create that folder, or {}", another())
        }
        DatasetError::HoldsDataset { .. } => format!("rename the folder, or {}", another()),
        DatasetError::Unfinished { .. } => format!(
            "pass {} to continue it, or {} to start again",
            name(Setting::Resume),
            name(Setting::Overwrite)
        ),
        DatasetError::Resumable { shards, because, .. } => {
            let mut before =
                of_dataset(because, name).map_or_else(String::new, |advice| advice + "; ");
            if matches!(**because, DatasetError::Mounted(_)) {
                before += &format!("once {} can be renamed, ", name(Setting::Out));
            }
            let them = if *shards == 1 { "it" } else { "them" };
            format!("{before}the same build with {} continues from {them}", name(Setting::Resume))
        }
        DatasetError::OtherBuild { .. } => format!(
            "{}, or pass {} instead of {} to start again",
            another(),
            name(Setting::Overwrite),
            name(Setting::Resume)
        ),
        DatasetError::NoRoom { .. } => {
            format!("free some space, {}, or use fewer dataset.samples", another())
        }
        DatasetError::TooManyToVerify { .. } => {
            format!("use {} with a smaller number", name(Setting::Rows))
        }
        DatasetError::VirtualPiece => {
            format!("build it without {}, or choose another format", name(Setting::Shard))
        }
        DatasetError::NotAPiece { .. } => {
            format!("build pieces with {}", name(Setting::Shard))
        }
        DatasetError::Busy(_) => format!("wait for it or {}", another()),
        DatasetError::Damaged { .. } => format!("build it again with {}", name(Setting::Overwrite)),
        DatasetError::OlderFormat { path } => format!("build it again: {}", rebuild(path, name)),
        DatasetError::OtherSemantics { path, found, known } if found < known => {
            format!("read the stored files as they are, or build it again: {}", rebuild(path, name))
        }
        DatasetError::Backend(error) => return of_backend(error, name),
        _ => return None,
    })
}

/// The job that builds the dataset of a manifest anew.
fn rebuild(manifest: &Path, name: Names<'_>) -> String {
    name(Setting::Rebuild(manifest.parent().unwrap_or(Path::new("."))))
}
