//! Refused bars and records.

use barloom_features::live::LiveError as Core;
use barloom_market_data::utc_text;

/// A time for people: in UTC, or as a number if it is beyond the calendar.
pub(super) fn time_text(ts: i64) -> String {
    utc_text(ts).unwrap_or_else(|| ts.to_string())
}

/// A bar, a record or a request was refused. The state is as before.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// Prices of the dataset are adjusted by later events.
    #[error(
        "data.adjust is set: adjusted prices change with later splits and dividends, so live bars \
         have none. Build the dataset of prices that are not adjusted"
    )]
    Adjusted,
    /// The dataset has no such symbol.
    #[error("the dataset has no symbol {symbol:?}; it has {known}")]
    NoSymbol {
        /// The symbol.
        symbol: String,
        /// The symbols that there are.
        known: String,
    },
    /// A bar lacks a column.
    #[error("{symbol}: the bar has no {column}; pass {needed}")]
    NoColumn {
        /// The symbol.
        symbol: String,
        /// The column.
        column: String,
        /// All columns of a bar.
        needed: String,
    },
    /// A bar is unusable.
    #[error("{symbol}: the bar at {} is unusable: {fault}", time_text(*ts))]
    BadBar {
        /// The symbol.
        symbol: String,
        /// Its open time, ns.
        ts: i64,
        /// The fault.
        fault: String,
    },
    /// A bar does not come after the last one of its symbol.
    #[error(
        "{symbol}: a bar at {} comes after one at {}; push bars in time order, each once",
        time_text(*ts),
        time_text(*last)
    )]
    NotAfter {
        /// The symbol.
        symbol: String,
        /// Its open time, ns.
        ts: i64,
        /// The open time of the last bar, ns.
        last: i64,
    },
    /// A bar closes at a time that has ended, and features use other symbols.
    #[error(
        "{symbol}: the bar at {} closes at {}, and that time has ended; push all bars of a time \
         before it is closed, or before a bar that closes later",
        time_text(*ts),
        time_text(*close)
    )]
    Ended {
        /// The symbol.
        symbol: String,
        /// Its open time, ns.
        ts: i64,
        /// Its close, ns.
        close: i64,
    },
    /// Features refused a bar.
    #[error(transparent)]
    Features(Core),
    /// There is no window yet.
    #[error("{symbol} is not ready: {why}")]
    NotReady {
        /// The symbol.
        symbol: String,
        /// The reason.
        why: String,
    },
    /// A record of a slower series was refused.
    #[error("the join {join}: {problem}")]
    Join {
        /// The name of the join.
        join: String,
        /// The fault and the remedy.
        problem: String,
    },
    /// A saved state does not fit.
    #[error("the saved state cannot be loaded: {0}")]
    State(String),
}

impl LiveError {
    /// True if the request is at fault, and not a bar or a record.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Adjusted | Self::NoSymbol { .. } | Self::State(_))
    }
}
