//! How files are read.

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
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { timezone: "UTC".into(), stamp: Stamp::Open, columns: None }
    }
}

impl ReadOptions {
    /// Whether a column, by its normalised name, is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.columns.as_ref().is_none_or(|wanted| wanted.iter().any(|w| normalise(w) == name))
    }
}
