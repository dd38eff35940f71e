/// An error of reward settings or prices.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RewardsError {
    /// A setting is wrong.
    #[error("{field} is {got}; expected {expected}")]
    Setting {
        /// The setting: `fee_bps`.
        field: &'static str,
        /// The value.
        got: String,
        /// The values that are allowed.
        expected: &'static str,
    },
    /// Price columns have different lengths.
    #[error(
        "the price columns have {open}, {high}, {low} and {close} rows; their lengths must be equal"
    )]
    Columns {
        /// Rows of open.
        open: usize,
        /// Rows of high.
        high: usize,
        /// Rows of low.
        low: usize,
        /// Rows of close.
        close: usize,
    },
}
