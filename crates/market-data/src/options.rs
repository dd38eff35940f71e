//! Options for reading files.

use std::collections::BTreeMap;

use barloom_bars::{Interval, MaxGap};
use barloom_files::Watch;
use barloom_reading::{Adjust, Aggregate, CsvOptions, OnDuplicate, Stamp};

use crate::roles::normalise;
use crate::table::ValueColumns;
use crate::{Cache, MarketDataError};

/// The column of closes that are adjusted.
pub(crate) const ADJ_CLOSE: &str = "adj_close";

/// Options for reading files.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// IANA name of the zone of times that name none: `UTC`, `America/New_York`.
    pub timezone: String,
    /// The meaning of a bar's time: its open or its close.
    pub stamp: Stamp,
    /// The length of a bar in the files; `None` for the most frequent step of each series.
    pub interval: Option<Interval>,
    /// The row that is kept of several rows of a symbol with one time. Trades are all kept.
    pub on_duplicate: OnDuplicate,
    /// Other names for columns, by those in the files, of every format: `{"Last": "close"}`.
    pub rename: BTreeMap<String, String>,
    /// Columns that are wanted beside the prices, in any spelling of their names; `None` for every
    /// numeric one. A wanted column that a file lacks is no error here:
    /// [`Bars::find_columns`](crate::Bars::find_columns) tells.
    pub columns: Option<Vec<String>>,
    /// The bars to build from trades, or from finer bars; `None` keeps bars as they are, and takes
    /// no trades.
    pub aggregate: Option<Aggregate>,
    /// Steps above this are no empty intervals to be filled.
    pub max_gap: MaxGap,
    /// The adjustment of prices for splits and dividends, if any.
    pub adjust: Option<Adjust>,
    /// The layout of delimited text.
    pub csv: CsvOptions,
    /// The columns of a slower series, where files hold that and no bars.
    pub values: Option<ValueColumns>,
    /// The cache of parsed text files; `None` caches nothing.
    pub cache: Option<Cache>,
    /// Asked while files are read whether to stop.
    pub watch: Watch,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            timezone: "UTC".into(),
            stamp: Stamp::Open,
            interval: None,
            on_duplicate: OnDuplicate::Error,
            rename: BTreeMap::new(),
            columns: None,
            aggregate: None,
            max_gap: MaxGap::Auto,
            adjust: None,
            csv: CsvOptions::default(),
            values: None,
            cache: None,
            watch: Watch::default(),
        }
    }
}

impl ReadOptions {
    /// Returns true if a column, by its normalised name, is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let is_named = |name: &str| {
            self.columns.as_ref().is_none_or(|wanted| wanted.iter().any(|w| normalise(w) == name))
        };
        // Mean prices of coarser bars are weighted by volume.
        is_named(name)
            || name == "volume" && self.aggregate.is_some() && is_named("vwap")
            || name == ADJ_CLOSE && self.adjust == Some(Adjust::AdjClose)
    }

    /// Fails once the watch stops the reading.
    pub(crate) fn go_on(&self) -> Result<(), MarketDataError> {
        if (self.watch.stop)() { Err(MarketDataError::Stopped) } else { Ok(()) }
    }

    /// Checks that a file of trades can be used.
    pub(crate) fn check_trades(&self, file: &str) -> Result<(), MarketDataError> {
        if self.aggregate.is_some() {
            return Ok(());
        }
        Err(MarketDataError::Trades { file: file.to_owned() })
    }
}
