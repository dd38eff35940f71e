/// An error of a sampler's settings.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SamplingError {
    /// A setting has an invalid value.
    #[error("{field}: expected {expected}, got {got}")]
    Setting {
        /// The setting: `sl_dist`.
        field: &'static str,
        /// The values that it takes.
        expected: &'static str,
        /// The value that it has, as a recipe would write it.
        got: String,
    },
    /// There is no position to draw.
    #[error("there are no positions to draw from: no segment has room for lookback and forward")]
    NoPositions,
}
