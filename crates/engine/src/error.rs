//! Errors and their categories.

use std::error::Error as _;
use std::path::PathBuf;

use barloom_backend::BackendError;
use barloom_backtest::BacktestError;
use barloom_bars::BarsError;
use barloom_dataset::DatasetError;
use barloom_market_data::{MarketDataError, MarketStoreError, printable, printable_lines};
use barloom_plan::PlanError;
use barloom_recipe::RecipeError;
use barloom_splits::SplitsError;

use crate::{LiveError, Names, UnknownBackend, advice, counted};

/// Whose an error is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A wrong request: an argument, a recipe.
    Usage,
    /// The bars, or a dataset, cannot be used as they are.
    Data,
    /// A file cannot be read or written, a device failed, or work was stopped.
    Io,
    /// A dataset is not what it says.
    Verification,
}

/// An error of making samples. Large errors are boxed, so that a `Result` is small.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recipe is wrong, or does not fit the market.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Bars make no market, or its split none.
    #[error(transparent)]
    Bars(BarsError),
    /// Bars cannot be read.
    #[error(transparent)]
    MarketData(Box<MarketDataError>),
    /// A slower series cannot be joined to the bars.
    #[error("the join {name}: {}", because.message())]
    Join {
        /// The name of the join.
        name: String,
        /// The fault of its files.
        because: Box<MarketDataError>,
    },
    /// The recipe gives no samples of the market.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Features lack values where samples would be, and other settings of features give samples.
    #[error("{error}. With {ways} samples are left")]
    MissingFeatures {
        /// The error of the plan, which names the column that lacks most values.
        error: Box<PlanError>,
        /// The settings of the recipe, as words.
        ways: String,
    },
    /// Features take more memory than there is.
    #[error(
        "{} of {} take {bytes} bytes, and there is no memory for them; use fewer features, or fewer \
         bars",
        counted(*features, "feature"),
        counted(*bars, "bar")
    )]
    FeaturesRoom {
        /// Number of features that are held.
        features: u64,
        /// Number of bars.
        bars: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The backend failed.
    #[error(transparent)]
    Backend(BackendError),
    /// A dataset cannot be written or read.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    /// The file of a recipe cannot be read.
    #[error("{}: can't read", path.display())]
    RecipeFile {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A recipe names no bars.
    #[error("data.bars is empty")]
    NoBars,
    /// Features are wanted of a recipe that has none.
    #[error(
        "the recipe has no features; write under [features] a name and an expression, such as ret = \"log(close / lag(close, 1))\""
    )]
    NoFeatures,
    /// A backend has no such name.
    #[error(transparent)]
    UnknownBackend(#[from] UnknownBackend),
    /// CUDA was asked for where none is built in.
    #[error("this build has no CUDA backend (its feature `cuda` is off)")]
    NoCuda,
    /// Decisions cannot be priced.
    #[error("decisions.{column}: {}{problem}", row.map_or(String::new(), |row| format!("index {row}: ")))]
    Decisions {
        /// The column.
        column: String,
        /// The row, from 0, if it is about one.
        row: Option<usize>,
        /// The fault.
        problem: String,
    },
    /// A backtest cannot be run.
    #[error("backtest: {0}")]
    Backtest(#[from] BacktestError),
    /// Predictions are not those of decision bars.
    #[error("predictions: {problem}")]
    Predictions {
        /// The fault.
        problem: String,
    },
    /// Live bars are refused.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The samples of all parts cannot be counted.
    #[error("dataset.actions_per_state: all parts together have 2^64 samples or more; lower it")]
    TooManySamples,
}

impl Error {
    /// The error of work that was stopped before its end.
    #[must_use]
    pub fn stopped() -> Self {
        DatasetError::Stopped.into()
    }

    /// Whose it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Recipe(_)
            | Self::NoBars
            | Self::NoFeatures
            | Self::UnknownBackend(_)
            | Self::NoCuda
            | Self::Predictions { .. }
            | Self::Backtest(_)
            | Self::TooManySamples => ErrorKind::Usage,
            Self::Live(error) if error.is_usage() => ErrorKind::Usage,
            Self::Bars(_) | Self::Decisions { .. } | Self::Live(_) => ErrorKind::Data,
            Self::MarketData(error) | Self::Join { because: error, .. } => of_market_data(error),
            Self::Plan(error) => of_plan(error),
            Self::MissingFeatures { error, .. } => of_plan(error),
            Self::Backend(error) => of_backend(error),
            Self::Dataset(error) => of_dataset(error),
            Self::RecipeFile { .. } | Self::FeaturesRoom { .. } => ErrorKind::Io,
        }
    }

    /// This error of decisions that come after so many others.
    pub(crate) fn after_row(mut self, before: usize) -> Self {
        if let Self::Decisions { row: Some(row), .. } = &mut self {
            *row += before;
        }
        self
    }

    /// The file or folder that the error is about, if it is about one.
    #[must_use]
    pub fn at_file(&self) -> Option<String> {
        match self {
            Self::Recipe(error) => error.at().map(|at| at.origin.clone()),
            Self::RecipeFile { path, .. } => Some(path.to_string_lossy().into_owned()),
            Self::MarketData(error) | Self::Join { because: error, .. } => error.at_file(),
            Self::Dataset(error) => error.at_file(),
            _ => None,
        }
    }

    /// The place in that file, if it is known: `line 7`, `row 7`; `index 6` of decisions, from 0.
    #[must_use]
    pub fn at_place(&self) -> Option<String> {
        match self {
            Self::Recipe(error) => place_in_recipe(error),
            Self::MarketData(error) | Self::Join { because: error, .. } => error.at_place(),
            Self::Dataset(error) => match &**error {
                DatasetError::Recipe(error) => place_in_recipe(error),
                _ => None,
            },
            Self::Decisions { row, .. } => row.map(|row| format!("index {row}")),
            _ => None,
        }
    }

    /// The error, what caused it, and what to do, in one line; settings have their names in Rust.
    #[must_use]
    pub fn message(&self) -> String {
        self.message_with(&|setting| setting.to_string())
    }

    /// The error, what caused it, and what to do, in one line,
    /// `d already exists; pass --overwrite to replace it, or choose another --out`: what
    /// a person is told by a caller that has these names for settings.
    #[must_use]
    pub fn message_with(&self, name: Names<'_>) -> String {
        let mut message = self.fact();
        if let Some(advice) = advice::of(self, name) {
            message += "; ";
            message += &advice;
        }
        match self {
            // Of lines that a person wrote.
            Self::Recipe(_) => printable_lines(&message).into_owned(),
            _ => printable(&message).into_owned(),
        }
    }
}

impl Error {
    /// The error and what caused it in one line: `a.toml: can't read: permission denied`.
    fn fact(&self) -> String {
        let (mut message, mut cause) = match self {
            // Fields of readers are those of the recipe's table `[data]`.
            Self::MarketData(error) => match &**error {
                MarketDataError::Proposed { error, .. } => return error.message(),
                MarketDataError::TimeZone(_)
                | MarketDataError::TimeFormat(_)
                | MarketDataError::Csv { .. }
                | MarketDataError::Adjust { .. } => (format!("data.{error}"), error.source()),
                error => (error.to_string(), error.source()),
            },
            error => (error.to_string(), error.source()),
        };
        while let Some(error) = cause {
            // An error may have told its cause in its own words.
            let text = error.to_string();
            if !message.contains(&text) {
                message = message + ": " + &text;
            }
            cause = error.source();
        }
        message
    }
}

impl From<BarsError> for Error {
    fn from(error: BarsError) -> Self {
        Self::Bars(error)
    }
}

impl From<SplitsError> for Error {
    fn from(error: SplitsError) -> Self {
        // Of a field of the recipe.
        Self::Recipe(error.into())
    }
}

impl From<BackendError> for Error {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Rewards(error) => Self::Recipe(error.into()),
            other => Self::Backend(other),
        }
    }
}

impl From<MarketDataError> for Error {
    fn from(error: MarketDataError) -> Self {
        Self::MarketData(Box::new(error))
    }
}

impl From<MarketStoreError> for Error {
    fn from(error: MarketStoreError) -> Self {
        MarketDataError::from(error).into()
    }
}

impl From<DatasetError> for Error {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

fn place_in_recipe(error: &RecipeError) -> Option<String> {
    error.at().and_then(|at| at.line).map(|line| format!("line {line}"))
}

fn of_dataset(error: &DatasetError) -> ErrorKind {
    match error {
        DatasetError::Plan(e) => of_plan(e),
        DatasetError::Backend(e) => of_backend(e),
        DatasetError::MarketStore(MarketStoreError::Io { .. }) => ErrorKind::Io,
        DatasetError::MarketStore(_) => ErrorKind::Data,
        DatasetError::Resumable { because, .. } => of_dataset(because),
        DatasetError::Recipe(_)
        | DatasetError::NoSuchSample { .. }
        | DatasetError::HasParts { .. }
        | DatasetError::IsPiece { .. }
        | DatasetError::Pieces { .. }
        | DatasetError::NotAPiece { .. }
        | DatasetError::VirtualPiece
        | DatasetError::TooManyShards { .. }
        | DatasetError::TooManyToVerify { .. }
        | DatasetError::OtherBuild { .. }
        | DatasetError::NoName(_) => ErrorKind::Usage,
        DatasetError::Damaged { .. }
        | DatasetError::OtherSemantics { .. }
        | DatasetError::OlderFormat { .. }
        | DatasetError::NewerFormat { .. } => ErrorKind::Data,
        DatasetError::Differs { .. } => ErrorKind::Verification,
        _ => ErrorKind::Io,
    }
}

fn of_market_data(error: &MarketDataError) -> ErrorKind {
    match error.kind() {
        barloom_market_data::ErrorKind::Usage => ErrorKind::Usage,
        barloom_market_data::ErrorKind::Io => ErrorKind::Io,
        _ => ErrorKind::Data,
    }
}

fn of_plan(error: &PlanError) -> ErrorKind {
    match error {
        PlanError::Windows(_)
        | PlanError::MissingChannel { .. }
        | PlanError::UnusableValue { .. }
        | PlanError::Fit(_)
        | PlanError::NoStoredScaler { .. } => ErrorKind::Data,
        _ => ErrorKind::Usage,
    }
}

fn of_backend(error: &BackendError) -> ErrorKind {
    match error {
        BackendError::Device(_) | BackendError::NoMemory { .. } => ErrorKind::Io,
        _ => ErrorKind::Usage,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_has_the_kind_of_what_caused_it() {
        let device = || BackendError::Device("it is hot".into());
        let split = SplitsError::Part { field: "part".into(), problem: "no".into() };
        let resumable = |because: DatasetError| DatasetError::Resumable {
            dir: "a".into(),
            shards: 1,
            because: because.into(),
        };
        let missing = PlanError::MissingChannel {
            key: "data.channels",
            channel: "a".into(),
            available: "b".into(),
        };
        let damaged = DatasetError::Damaged { path: "a".into(), problem: "no".into() };
        for (error, kind) in [
            (Error::from(split), ErrorKind::Usage),
            (BarsError::NoSeries.into(), ErrorKind::Data),
            (MarketDataError::TimeZone("Mars".into()).into(), ErrorKind::Usage),
            (MarketDataError::NoFile { pattern: "*".into() }.into(), ErrorKind::Io),
            (MarketDataError::Bars(BarsError::NoSeries).into(), ErrorKind::Data),
            (device().into(), ErrorKind::Io),
            (missing.into(), ErrorKind::Data),
            (DatasetError::from(device()).into(), ErrorKind::Io),
            (resumable(DatasetError::Stopped).into(), ErrorKind::Io),
            (resumable(DatasetError::VirtualPiece).into(), ErrorKind::Usage),
            (damaged.into(), ErrorKind::Data),
            (Error::NoCuda, ErrorKind::Usage),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
        }
    }

    #[test]
    fn the_place_of_a_decision_is_that_of_its_message() {
        let (column, problem) = ("stop".into(), "no".into());
        let error = Error::Decisions { column, row: Some(6), problem }.after_row(10);
        assert_eq!(error.message(), "decisions.stop: index 16: no");
        assert_eq!(error.at_place().as_deref(), Some("index 16"));
    }

    #[test]
    fn a_message_tells_the_causes_once() {
        let source = || io::Error::other("the disk is gone");
        let file = Error::RecipeFile { path: "a.toml".into(), source: source() };
        assert_eq!(file.message(), "a.toml: can't read: the disk is gone");
        let inner = MarketStoreError::Io { path: "a".into(), action: "read", source: source() };
        let outer = Error::from(DatasetError::from(inner));
        assert_eq!(outer.message(), "a: can't read: the disk is gone");
        let given = Error::NoBars.message_with(&|setting| format!("<{setting}>"));
        assert_eq!(given, "data.bars is empty; name files or globs there, or pass <bars>");
        let source = io::Error::from_raw_os_error(28);
        let full = DatasetError::Io { path: "d/a.npy".into(), action: "write", source };
        let (dir, because) = ("d.incomplete".into(), Box::new(full));
        let resumable = Error::from(DatasetError::Resumable { dir, shards: 3, because });
        let message = resumable.message();
        assert!(message.starts_with("d/a.npy: can't write: No space left on device"), "{message}");
        assert_eq!(message.matches("No space left").count(), 1, "{message}");
        assert_eq!(resumable.at_file().as_deref(), Some("d/a.npy"));
    }
}
