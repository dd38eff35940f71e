//! The bars of a dataset, as they are stored.

use barloom_bars::Market;
use barloom_market_store::MarketStoreError;

use crate::MarketDataError;
use crate::roles::normalise;

/// Reads the market in the one file that `paths` names, if that is a dataset's `bars.arrow`:
/// times and segments are as stored. `None` for anything else, which [`read`](crate::read) reads.
///
/// Channels may be spelled in any way; beside the market are the names under which it has them.
/// Channels that are `optional` are left out where the file has no such column.
///
/// # Errors
/// The file cannot be read, is damaged, or lacks a channel.
pub fn read_stored_market(
    paths: &[String],
    channels: &[String],
    optional: &[String],
) -> Result<Option<(Market, Vec<String>)>, MarketDataError> {
    Ok(barloom_market_store::read_stored_market(paths, channels, optional, normalise)?)
}

impl From<MarketStoreError> for MarketDataError {
    fn from(error: MarketStoreError) -> Self {
        match error {
            MarketStoreError::Io { path, action, source } => Self::Io { path, action, source },
            MarketStoreError::File { file, problem } => Self::File { file, problem },
            MarketStoreError::Bars(error) => Self::Bars(error),
            error => Self::file("bars.arrow", error),
        }
    }
}
