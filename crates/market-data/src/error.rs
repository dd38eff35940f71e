use std::path::{Path, PathBuf};

use barloom_bars::BarsError;

use crate::shown::printable;

/// The category of an error: the data, the file system or the request.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// An impossible request: a time zone, a format to write.
    Usage,
    /// The file holds no usable bars.
    Data,
    /// The file cannot be read or written.
    Io,
}

/// An error of reading or writing bars.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum MarketDataError {
    /// A file cannot be read or written.
    #[error("{}: can't {action}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The failed action.
        action: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// A path or glob names no file.
    #[error("{pattern}: there is no such file")]
    NoFile {
        /// The path or glob.
        pattern: String,
    },
    /// A time zone is none.
    #[error("timezone: {0:?} is not an IANA time zone such as UTC or America/New_York")]
    TimeZone(String),
    /// A format of times is none.
    #[error("csv.time_format: {0:?} is not how strftime writes times, such as %Y-%m-%d %H:%M:%S")]
    TimeFormat(String),
    /// An impossible layout of text.
    #[error("csv.{key}: {problem}")]
    Csv {
        /// The key.
        key: &'static str,
        /// The fault.
        problem: String,
    },
    /// A file to write has an ending that stands for no format.
    #[error("{}: its ending is no format that is written; use .parquet, .arrow, .feather or .csv", .0.display())]
    UnknownEnding(PathBuf),
    /// A file is not what it should be.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// The fault, the expected content, and the advice.
        problem: String,
    },
    /// A file of a format that this build leaves out.
    #[error(
        "{file}: this build does not have {format}: turn on the Cargo feature {feature} of barloom-market-data"
    )]
    LeftOut {
        /// The file.
        file: String,
        /// The format.
        format: &'static str,
        /// The feature of this crate.
        feature: &'static str,
    },
    /// A value is not what its column needs.
    #[error("{file}, {place}, column {column}: {got:?} is not {expected}")]
    Cell {
        /// The file.
        file: String,
        /// The line or row, from 1: `line 7`.
        place: String,
        /// The column.
        column: String,
        /// The value found.
        got: String,
        /// The expected value.
        expected: String,
    },
    /// A column that is wanted is not there.
    #[error(
        "series {symbol}: no column {column}; it has {available}{}",
        .nearest.as_ref().map_or_else(String::new, |n| format!("; did you mean {n}?"))
    )]
    MissingColumn {
        /// The symbol of the series.
        symbol: String,
        /// The column that was asked for.
        column: String,
        /// The numeric columns that there are, separated by commas.
        available: String,
        /// The one that it resembles most, if it resembles one.
        nearest: Option<String>,
    },
    /// Bars of ticks, volume or dollars are wanted, but there are no trades.
    #[error(
        "series {symbol}: bars of {spec} are made of trades, but these are bars, which become coarser time bars alone: aggregate = \"1h\", say"
    )]
    NoTrades {
        /// The symbol of the series.
        symbol: String,
        /// The requested aggregate.
        spec: String,
    },
    /// Bars, or trades, are unusable.
    #[error("{first}; {count} such {what} in all; `on_bad_bar = \"drop\"` drops them{hint}")]
    BadBars {
        /// The first of them, with file and row.
        first: String,
        /// The number of them.
        count: u64,
        /// The kind of rows: bars, or trades.
        what: &'static str,
        /// More to say of them, from its punctuation on.
        hint: String,
    },
    /// An output is there already.
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// A folder that is to be replaced holds what no conversion writes.
    #[error("{} holds {entry}, which is not of a conversion and would be lost; nothing was touched. Move it elsewhere, or give another name", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The contents that were found.
        entry: String,
    },
    /// A file of trades, where it is not said what bars to make of them.
    #[error("{file}: it holds trades, and bars must be made of them")]
    Trades {
        /// The file.
        file: String,
    },
    /// Reading was stopped before its end.
    #[error("stopped before its end")]
    Stopped,
    /// Prices cannot be adjusted.
    #[error("adjust: {problem}")]
    Adjust {
        /// The fault, and the expected content.
        problem: String,
    },
    /// Text that cannot be read as it is, and the options under which all of it is read.
    #[error("{error}; this reads it: '{keys}' as csv options")]
    Proposed {
        /// The error of reading it as it is.
        error: Box<Self>,
        /// The options, as keys of the csv options.
        keys: String,
    },
    /// The bars are not a valid series or market.
    #[error(transparent)]
    Bars(#[from] BarsError),
}

impl MarketDataError {
    /// The category of the error: the data, the file system or the request.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. }
            | Self::NoFile { .. }
            | Self::Exists(_)
            | Self::Foreign { .. }
            | Self::Stopped => ErrorKind::Io,
            Self::TimeZone(_)
            | Self::TimeFormat(_)
            | Self::Csv { .. }
            | Self::UnknownEnding(_)
            | Self::LeftOut { .. } => ErrorKind::Usage,
            Self::Proposed { error, .. } => error.kind(),
            _ => ErrorKind::Data,
        }
    }

    /// The file that the error is about, if it is about one.
    #[must_use]
    pub fn at_file(&self) -> Option<String> {
        match self {
            Self::Io { path, .. }
            | Self::Foreign { path, .. }
            | Self::UnknownEnding(path)
            | Self::Exists(path) => Some(path.to_string_lossy().into_owned()),
            Self::File { file, .. }
            | Self::LeftOut { file, .. }
            | Self::Cell { file, .. }
            | Self::Trades { file } => Some(file.clone()),
            Self::Proposed { error, .. } => error.at_file(),
            Self::NoFile { pattern } => Some(pattern.clone()),
            _ => None,
        }
    }

    /// The place in that file, if it is known: `line 7`, `row 7`.
    #[must_use]
    pub fn at_place(&self) -> Option<String> {
        match self {
            Self::Cell { place, .. } => Some(place.clone()),
            Self::Proposed { error, .. } => error.at_place(),
            _ => None,
        }
    }

    /// The error and what caused it in one line: `a.csv: can't read: permission denied`.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            message += &format!(": {error}");
            cause = error.source();
        }
        printable(&message).into_owned()
    }

    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, action, source }
    }

    /// The error with what may help at its end.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        match self {
            Self::File { file, problem } => {
                Self::File { file, problem: format!("{problem}; {hint}") }
            }
            Self::Cell { file, place, column, got, expected } => {
                let expected = format!("{expected}; {hint}");
                Self::Cell { file, place, column, got, expected }
            }
            other => other,
        }
    }

    pub(crate) fn file(file: &str, problem: impl std::fmt::Display) -> Self {
        Self::File { file: file.to_owned(), problem: problem.to_string() }
    }
}
