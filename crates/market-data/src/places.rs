//! Places in files where something was found.

use serde::Serialize;

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
    pub(crate) fn new(file: &str, row: u32, symbol: &str, ts: i64, what: String) -> Self {
        Self { file: file.to_owned(), row, symbol: symbol.to_owned(), time: time(ts), what }
    }
}

/// The number and the first places of a finding.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) count: u64,
    pub(crate) first: Vec<Place>,
}

impl Places {
    pub(crate) fn add(&mut self, place: impl FnOnce() -> Place) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(place());
        }
    }

    pub(crate) fn append(&mut self, others: Self) {
        self.count += others.count;
        let room = SHOWN.saturating_sub(self.first.len());
        self.first.extend(others.first.into_iter().take(room));
    }
}

pub(crate) fn time(ns: i64) -> Option<String> {
    let stamp = chrono::DateTime::from_timestamp_nanos(ns);
    (ns != NO_TIME).then(|| stamp.format("%Y-%m-%d %H:%M:%S").to_string())
}
