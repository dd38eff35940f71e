/// An error of folds.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitsError {
    /// A setting that cannot be.
    #[error("{field}: {problem}")]
    Setting {
        /// The setting, a key of `[split]`.
        field: &'static str,
        /// The fault, and what to do.
        problem: String,
    },
    /// A part that cannot be.
    #[error("{field}: {problem}")]
    Part {
        /// The setting, a key of `[split]`: `part[1].name`.
        field: String,
        /// The fault, and what to do.
        problem: String,
    },
    /// The bars are too few for the folds.
    #[error("{field}: {problem}; the market has {times} times")]
    TooFewBars {
        /// The setting, a key of `[split]`.
        field: &'static str,
        /// The fault, and what to do.
        problem: String,
        /// The number of distinct times of the market.
        times: usize,
    },
}

impl SplitsError {
    pub(crate) fn setting(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Setting { field, problem: problem.into() }
    }
}
