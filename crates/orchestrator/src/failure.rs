//! Errors with the exit code that tells their kind: 2 usage or recipe, 3 bad data, 4 input or
//! output, 5 verification failed, 1 a bug, 128 and its number a signal.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use barloom_backend::BackendError;
use barloom_bars::BarsError;
use barloom_dataset::DatasetError;
use barloom_market_data::{ErrorKind, MarketDataError};
use barloom_recipe::RecipeError;

const BUG: u8 = 1;
const USAGE: u8 = 2;
const DATA: u8 = 3;
const IO: u8 = 4;
const VERIFICATION: u8 = 5;

/// An error and its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    /// What `work` gives; a panic in it, which printed its message, is a failure that says so.
    pub(crate) fn unless_bug(work: impl FnOnce() -> Result<(), Self>) -> Result<(), Self> {
        std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let message = "this is a bug in barloom; please report it with the message above, the \
                           command and the recipe";
            Err(Self { code: BUG, error: anyhow::Error::msg(message) })
        })
    }

    /// A wrong argument or recipe.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, error: anyhow::Error::msg(message.into()) }
    }

    /// Data that can't be used.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self { code: DATA, error: anyhow::Error::msg(message.into()) }
    }

    /// A file that can't be read or written.
    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self { code: IO, error: anyhow::Error::msg(message.into()) }
    }

    /// A dataset that is not what it says.
    pub(crate) fn verification(message: impl Into<String>) -> Self {
        Self { code: VERIFICATION, error: anyhow::Error::msg(message.into()) }
    }

    /// The same, caused by a signal.
    pub(crate) fn by_signal(self, signal: u8, name: &str) -> Self {
        Self { code: 128 + signal, error: anyhow::Error::msg(format!("{name}: {:#}", self.error)) }
    }

    /// Prints the error and its causes to standard error.
    pub(crate) fn report(&self) {
        let message = format!("{:#}", self.error);
        if !message.is_empty() {
            eprintln!("error: {message}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        Self { code: USAGE, error: error.into() }
    }
}

impl From<BarsError> for Failure {
    fn from(error: BarsError) -> Self {
        let code = if matches!(error, BarsError::Split { .. }) { USAGE } else { DATA };
        Self { code, error: error.into() }
    }
}

impl From<MarketDataError> for Failure {
    fn from(error: MarketDataError) -> Self {
        Self { code: market_data_code(&error), error: error.into() }
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        Self { code: backend_code(&error), error: error.into() }
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self { code: dataset_code(&error), error: error.into() }
    }
}

fn dataset_code(error: &DatasetError) -> u8 {
    match error {
        DatasetError::Backend(e) => backend_code(e),
        DatasetError::MarketData(e) => market_data_code(e),
        DatasetError::Resumable { because, .. } => dataset_code(because),
        DatasetError::Recipe(_)
        | DatasetError::NoSuchSample { .. }
        | DatasetError::HasParts { .. }
        | DatasetError::IsPiece { .. }
        | DatasetError::Pieces { .. }
        | DatasetError::VirtualPiece
        | DatasetError::TooManyShards { .. }
        | DatasetError::OtherBuild { .. }
        | DatasetError::NoName(_) => USAGE,
        DatasetError::Damaged { .. } => DATA,
        DatasetError::Differs { .. } => VERIFICATION,
        _ => IO,
    }
}

fn market_data_code(error: &MarketDataError) -> u8 {
    match error.kind() {
        ErrorKind::Usage => USAGE,
        ErrorKind::Io => IO,
        _ => DATA,
    }
}

fn backend_code(error: &BackendError) -> u8 {
    match error {
        BackendError::Windows(_)
        | BackendError::MissingChannel { .. }
        | BackendError::UnusableValue { .. } => DATA,
        BackendError::Device(_) => IO,
        _ => USAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_with_code_1() {
        let failure = Failure::unless_bug(|| panic!("out of luck")).unwrap_err();
        assert_eq!(failure.code, BUG);
        assert!(failure.error.to_string().contains("report"));
        let usage = Failure::unless_bug(|| Err(Failure::usage("no"))).unwrap_err();
        assert_eq!(usage.code, USAGE);
        assert!(Failure::unless_bug(|| Ok(())).is_ok());
    }
}
