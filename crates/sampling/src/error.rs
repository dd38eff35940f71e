/// Why a sampler is refused.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SamplingError {
    /// A setting has a value that can't be.
    #[error("{key}: expected {expected}, got {got}")]
    Setting {
        /// The recipe key: `sampling.sl_dist`.
        key: &'static str,
        /// The values that the key takes.
        expected: &'static str,
        /// The value that it has, as a recipe would write it.
        got: String,
    },
    /// There is no position to draw.
    #[error("there are no positions to draw from: lookback and forward fit nowhere in the bars")]
    NoPositions,
}
