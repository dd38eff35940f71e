//! Places in files where something was found.

use std::fmt;

use serde::Serialize;

use crate::shown::{cut, printable};
use crate::table::NO_TIME;

/// Places shown of a finding.
const SHOWN: usize = 10;

/// The place of a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line of a text file, row of another; from 1.
    pub row: u32,
    /// The symbol.
    pub symbol: String,
    /// The bar's time, UTC; none if it has none.
    pub time: Option<String>,
    /// The finding in words.
    pub what: String,
}

impl Place {
    /// A place in a file: a row, the symbol there, its time in ns since 1970 UTC, and the finding
    /// in words.
    #[must_use]
    pub fn new(file: &str, row: u32, symbol: &str, ts: i64, what: String) -> Self {
        Self { file: file.to_owned(), row, symbol: symbol.to_owned(), time: utc_text(ts), what }
    }
}

impl fmt::Display for Place {
    /// `x.csv:7 ES 2024-01-31 14:30:00: volume is 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = format!("{}:{}", self.file, self.row);
        if !self.symbol.is_empty() {
            line += &format!(" {}", cut(&self.symbol));
        }
        line += &format!(" {}: {}", self.time.as_deref().unwrap_or("no time"), self.what);
        f.write_str(&printable(&line))
    }
}

/// The number and the first places of a finding.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The number of places.
    pub count: u64,
    /// The first ten.
    pub first: Vec<Place>,
}

impl Places {
    /// Adds a place. Only the first ten are made.
    pub fn add(&mut self, place: impl FnOnce() -> Place) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(place());
        }
    }

    /// Adds the places of others after these.
    pub fn append(&mut self, others: Self) {
        self.count += others.count;
        let room = SHOWN.saturating_sub(self.first.len());
        self.first.extend(others.first.into_iter().take(room));
    }
}

/// A time as text, `2024-01-02 09:30:00`; `None` for [`NO_TIME`].
#[must_use]
pub fn utc_text(ns: i64) -> Option<String> {
    let stamp = chrono::DateTime::from_timestamp_nanos(ns);
    (ns != NO_TIME).then(|| stamp.format("%Y-%m-%d %H:%M:%S").to_string())
}
