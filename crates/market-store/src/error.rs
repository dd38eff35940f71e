use std::path::{Path, PathBuf};

use barloom_bars::BarsError;

/// The reason why a market cannot be stored or read back.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum MarketStoreError {
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
    /// A file is not what it should be.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// The fault, and the expected value.
        problem: String,
    },
    /// Stored columns are no market.
    #[error(transparent)]
    Bars(#[from] BarsError),
}

impl MarketStoreError {
    /// The file that the error is about, if it is about one.
    #[must_use]
    pub fn at_file(&self) -> Option<String> {
        match self {
            Self::Io { path, .. } => Some(path.to_string_lossy().into_owned()),
            Self::File { file, .. } => Some(file.clone()),
            Self::Bars(_) => None,
        }
    }

    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, action, source }
    }

    pub(crate) fn file(file: &str, problem: impl std::fmt::Display) -> Self {
        Self::File { file: file.to_owned(), problem: problem.to_string() }
    }
}
