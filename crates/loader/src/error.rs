use barloom_backend::BackendError;

/// An error of loading batches.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// An option has an invalid value.
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
        "the state belongs to another order of samples: its {what} is {got}, this loader has \
         {expected}; use the options and the dataset with which it was saved"
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
        "epoch {epoch} of {samples} fresh samples is beyond the last sample, 2^62; start at epoch 0 with another seed"
    )]
    NoMoreSamples {
        /// The epoch.
        epoch: u64,
        /// Samples of each.
        samples: u64,
    },
    /// A weight that samples cannot be drawn by.
    #[error("the weight of {of} is {weight}; expected {expected}")]
    Weight {
        /// The row or the sample.
        of: String,
        /// Its weight.
        weight: f32,
        /// The weights that are allowed.
        expected: String,
    },
    /// All weights are 0.
    #[error("all weights are 0; samples are drawn in proportion to them, so one must be above 0")]
    NoWeight,
    /// The greatest weight is far above the others, or those of the samples are 0.
    #[error(
        "no sample was accepted in {tries} draws for place {place}: the weights of nearly all \
         samples are 0 or far below the greatest one, {greatest}; clip the weights, or load without"
    )]
    TooUneven {
        /// The place of the epoch.
        place: u64,
        /// The samples that were drawn.
        tries: u64,
        /// The greatest weight.
        greatest: f32,
    },
    /// Samples cannot be made.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A thread cannot be started.
    #[error("cannot start a loader thread: {0}")]
    Thread(#[source] std::io::Error),
    /// There is no memory for so many samples at once.
    #[error(
        "{samples} samples at once take {bytes} bytes, which is more than the available memory; \
         take fewer (batch_size, a slice)"
    )]
    NoRoom {
        /// The samples.
        samples: u64,
        /// The bytes that they take.
        bytes: u64,
    },
    /// The batches were begun by another process.
    #[error(
        "these batches were started before the process was forked, and the fork has no threads; \
         start again from their state, or use 0 threads"
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

    /// A weight that is negative, not a number, or above `most`.
    pub(crate) fn weight(of: impl Into<String>, weight: f32, most: f32) -> Self {
        let expected = match most.is_finite() {
            true => format!("a number from 0 to the greatest weight, {most}"),
            false => "a finite number of at least 0".to_owned(),
        };
        Self::Weight { of: of.into(), weight, expected }
    }
}
