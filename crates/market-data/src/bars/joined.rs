//! The result of joining several files, and the columns of series by name.

use std::collections::BTreeSet;
use std::fmt;

use barloom_bars::PRICE_COLUMNS;
use serde::Serialize;

use crate::bars::RawSeries;
use crate::names::numbers_of_file;
use crate::roles::normalise;
use crate::shown::listed;
use crate::{Bars, MarketDataError};

/// Files that a text names.
const NAMED: usize = 4;

/// Files that were joined into one series though their names differ by more than dates and
/// intervals: parts of it, or other instruments whose names end in numbers. A segment ends between
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// The symbol that their names say.
    pub symbol: String,
    /// The files, in time order of their first bars.
    pub files: Vec<String>,
}

impl fmt::Display for Joined {
    /// `asset: 2 files (asset_1.csv, asset_2.csv), a segment ends between them`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<&str> = self.files.iter().take(NAMED).map(String::as_str).collect();
        write!(f, "{}: {} files ({}", self.symbol, self.files.len(), named.join(", "))?;
        let more = self.files.len().saturating_sub(NAMED);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        f.write_str("), a segment ends between them")
    }
}

impl Bars {
    /// The series that were joined from files whose names differ by more than dates.
    #[must_use]
    pub fn joined(&self) -> Vec<Joined> {
        let joined = |raw: &RawSeries| {
            let mut files: Vec<u32> = Vec::new();
            let mut known = BTreeSet::new();
            for (_, file) in raw.origins.files() {
                if known.insert(file) {
                    files.push(file);
                }
            }
            let files = files.into_iter().map(|file| &self.files[file as usize]);
            let files: Vec<&str> =
                files.filter(|file| file.says_symbol).map(|file| file.name.as_str()).collect();
            let (first, others) = files.split_first()?;
            let numbers = numbers_of_file(first);
            others.iter().any(|file| numbers_of_file(file) != numbers).then(|| Joined {
                symbol: raw.symbol.clone(),
                files: files.iter().map(|file| (*file).to_owned()).collect(),
            })
        };
        self.series.iter().filter_map(joined).collect()
    }

    /// The rows of a series at which a file begins whose name has another number than that of the
    /// file before it. The two may be other instruments, so no segment spans them.
    pub(crate) fn seams(&self, raw: &RawSeries) -> Vec<usize> {
        let differ = |seam: &(usize, u32, u32)| {
            let files = [seam.1, seam.2].map(|file| &self.files[file as usize]);
            let [before, now] = files.map(|file| numbers_of_file(&file.name));
            files.iter().all(|file| file.says_symbol) && before != now
        };
        raw.origins.seams().filter(differ).map(|(row, ..)| row).collect()
    }

    /// The symbols of the series that have no column of this normalised name.
    #[must_use]
    pub fn symbols_without(&self, column: &str) -> Vec<&str> {
        let without = self.series.iter().filter(|raw| raw.column(column).is_none());
        without.map(|raw| raw.symbol.as_str()).collect()
    }

    /// The columns that the files of all series have, read or not: prices, then the others in the
    /// order of the first series.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let Some((first, others)) = self.series.split_first() else { return Vec::new() };
        let is_price = |name: &&str| PRICE_COLUMNS.contains(name);
        let more = first.available.iter().map(String::as_str).filter(|name| !is_price(name));
        let everywhere =
            |name: &&str| others.iter().all(|raw| raw.available.iter().any(|known| known == name));
        PRICE_COLUMNS.into_iter().chain(more.filter(everywhere)).collect()
    }

    /// The names under which these columns were read, whatever their spelling: `Adj Close` is
    /// `adj_close`.
    ///
    /// # Errors
    /// A series has no such column; the error lists those that it has, and the nearest.
    pub fn find_columns(&self, names: &[String]) -> Result<Vec<String>, MarketDataError> {
        for raw in &self.series {
            for name in names {
                if raw.column(&normalise(name)).is_none() {
                    return Err(missing(raw, name));
                }
            }
        }
        Ok(names.iter().map(|name| normalise(name)).collect())
    }
}

fn missing(raw: &RawSeries, name: &str) -> MarketDataError {
    let extra = raw.available.iter().filter(|name| !PRICE_COLUMNS.contains(&name.as_str()));
    let available: Vec<&str> = PRICE_COLUMNS.into_iter().chain(extra.map(String::as_str)).collect();
    MarketDataError::MissingColumn {
        symbol: raw.symbol.clone(),
        column: name.to_owned(),
        available: listed(available.iter().copied()),
        nearest: nearest(&normalise(name), &available),
    }
}

/// The name that a word resembles most, if it resembles one.
fn nearest(word: &str, names: &[&str]) -> Option<String> {
    const RESEMBLES: f64 = 0.8;
    let likeness = names.iter().map(|name| (strsim::jaro_winkler(word, name), *name));
    let best = likeness.filter(|(likeness, _)| *likeness >= RESEMBLES);
    best.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name.to_owned())
}
