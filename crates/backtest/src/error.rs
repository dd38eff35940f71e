//! Errors of backtests.

use barloom_rewards::RewardsError;

/// An error of settings or orders.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BacktestError {
    /// The settings of fills are wrong.
    #[error(transparent)]
    Fills(#[from] RewardsError),
    /// A setting is wrong.
    #[error("{field} is {got}; expected {expected}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        got: String,
        /// The values that it may have.
        expected: &'static str,
    },
    /// An order is wrong.
    #[error("order {order}: {field} is {got}; expected {expected}")]
    Order {
        /// Its place in the list, from 0.
        order: usize,
        /// The field.
        field: &'static str,
        /// Its value.
        got: String,
        /// The values that it may have.
        expected: &'static str,
    },
}
