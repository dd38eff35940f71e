//! How files are read.

use std::collections::BTreeMap;

use barloom_bars::{Adjust, Aggregate, CsvOptions, Interval, MaxGap, OnDuplicate, Stamp};
use barloom_files::Watch;

use crate::roles::normalise;
use crate::{Cache, MarketDataError};

/// The column of closes that are adjusted.
pub(crate) const ADJ_CLOSE: &str = "adj_close";

/// How files are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// IANA name of the zone of times that name none: `UTC`, `America/New_York`.
    pub timezone: String,
    /// Which end of its interval a bar's time names.
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
    /// What bars are made of trades, or of finer bars; `None` takes bars as they are, and no trades.
    pub aggregate: Option<Aggregate>,
    /// Steps above this are no empty intervals to be filled.
    pub max_gap: MaxGap,
    /// How prices are adjusted for splits and dividends, if they are.
    pub adjust: Option<Adjust>,
    /// How delimited text is laid out.
    pub csv: CsvOptions,
    /// Where what text files parse to is kept, for the next time; `None` keeps nothing.
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
            cache: None,
            watch: Watch::default(),
        }
    }
}

impl ReadOptions {
    /// Whether a column, by its normalised name, is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.columns.as_ref().is_none_or(|wanted| wanted.iter().any(|w| normalise(w) == name))
            || name == ADJ_CLOSE && self.adjust == Some(Adjust::AdjClose)
    }

    /// Fails once the watch stops the reading.
    pub(crate) fn go_on(&self) -> Result<(), MarketDataError> {
        if (self.watch.stop)() { Err(MarketDataError::Stopped) } else { Ok(()) }
    }

    /// Whether a file of trades can be used.
    pub(crate) fn check_trades(&self, file: &str) -> Result<(), MarketDataError> {
        if self.aggregate.is_some() {
            return Ok(());
        }
        Err(MarketDataError::Trades { file: file.to_owned() })
    }
}
