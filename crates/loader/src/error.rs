use barloom_backend::BackendError;

/// Why batches can't be loaded.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// An option has a value that can't be.
    #[error("{option}: expected {expected}, got {got}")]
    Option {
        /// The option.
        option: &'static str,
        /// The values that are allowed.
        expected: String,
        /// The value that was given.
        got: String,
    },
    /// A state is not of this loader.
    #[error(
        "the state is of another epoch's order: its {what} is {got}, this loader's {expected}; load it with the options and the dataset that it was saved with"
    )]
    OtherState {
        /// The setting that differs.
        what: &'static str,
        /// The state's.
        got: String,
        /// The loader's.
        expected: String,
    },
    /// Fresh samples past the last one that can be numbered.
    #[error(
        "epoch {epoch} of {samples} fresh samples is past the last sample, 2^62; begin with epoch 0 and another seed"
    )]
    NoMoreSamples {
        /// The epoch.
        epoch: u64,
        /// Samples of each.
        samples: u64,
    },
    /// Samples can't be made.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A thread can't be started.
    #[error("can't start a thread that makes batches: {0}")]
    Thread(#[source] std::io::Error),
    /// There is no memory for so many samples at once.
    #[error(
        "{samples} samples at once take {bytes} bytes, and there is no memory for them; take fewer (batch_size, a slice)"
    )]
    NoRoom {
        /// The samples.
        samples: u64,
        /// The bytes that they take.
        bytes: u64,
    },
    /// The batches were begun by another process.
    #[error(
        "these batches were begun before the process was forked, and their threads are not in it; begin again from their state, or with 0 threads"
    )]
    Forked,
    /// A thread that makes batches panicked.
    #[error("this is a bug in barloom, please report it: a batch could not be made: {0}")]
    Panicked(String),
}

impl LoaderError {
    pub(crate) fn expected(
        option: &'static str,
        expected: impl Into<String>,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Option { option, expected: expected.into(), got: got.to_string() }
    }
}
