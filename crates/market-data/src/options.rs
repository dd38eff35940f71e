//! How files are read.

use barloom_bars::{BarSpec, MaxGap};

use crate::MarketDataError;
use crate::names::normalise;

/// Which end of its interval a bar's time names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// Its beginning.
    #[default]
    Open,
    /// Its end: times are moved back by the series' median step.
    Close,
}

/// What is done with unusable bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBadBar {
    /// They are an error.
    #[default]
    Error,
    /// They are dropped and counted; a segment ends where one was.
    Drop,
}

/// How trades, or finer bars, become bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aggregate {
    /// What ends a bar. Bars become coarser time bars alone.
    pub spec: BarSpec,
    /// Whether the last bar of a symbol stays though what belongs to it may be missing.
    pub keep_partial: bool,
    /// Whether empty intervals of time bars get a bar at the close before: in steps up to this.
    pub fill: Option<MaxGap>,
}

impl Aggregate {
    /// Bars that are ended so; partial ones stay, empty intervals are left out.
    #[must_use]
    pub fn new(spec: BarSpec) -> Self {
        Self { spec, keep_partial: true, fill: None }
    }
}

/// How files are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// IANA name of the zone of times that name none: `UTC`, `America/New_York`.
    pub timezone: String,
    /// Which end of its interval a bar's time names.
    pub stamp: Stamp,
    /// Columns that are wanted beside the prices, in any spelling of their names; `None` for every
    /// numeric one. A wanted column that a file lacks is no error here:
    /// [`Bars::find_columns`](crate::Bars::find_columns) tells.
    pub columns: Option<Vec<String>>,
    /// What bars are made of trades, or of finer bars; `None` takes bars as they are, and no trades.
    pub aggregate: Option<Aggregate>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { timezone: "UTC".into(), stamp: Stamp::Open, columns: None, aggregate: None }
    }
}

impl ReadOptions {
    /// Whether a column, by its normalised name, is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.columns.as_ref().is_none_or(|wanted| wanted.iter().any(|w| normalise(w) == name))
    }

    /// Whether a file of trades can be used.
    pub(crate) fn check_trades(&self, file: &str) -> Result<(), MarketDataError> {
        if self.aggregate.is_some() {
            return Ok(());
        }
        let problem = "it holds trades; say what bars to make of them: aggregate = \"1m\" under \
                       [data] in the recipe, or --aggregate 1m";
        Err(MarketDataError::file(file, problem))
    }
}
