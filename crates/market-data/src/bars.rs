//! The bars of several files, by symbol, nothing judged; and what is made of them.

mod joined;
mod raw;
mod view;

use std::collections::BTreeMap;

use barloom_bars::{
    Anchor, BarFault, BarSpec, Interval, MaxGap, NEEDS_POSITIVE, Series, fill, resample,
};
use barloom_reading::{Aggregate, EmptyBars, OnBadBar, PartialBar};
use serde::Serialize;

use crate::MarketDataError;
use crate::origins::Origin;
use crate::places::{Place, Places};
pub use joined::Joined;
use raw::Prices;
pub use raw::{Fault, RawSeries};

/// Bars as they were read, by symbol, each knowing its file and row.
#[derive(Clone, Debug)]
pub struct Bars {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) series: Vec<RawSeries>,
    pub(crate) notes: Vec<String>,
    pub(crate) unit_jumps: Vec<(Origin, &'static str, &'static str)>,
    /// The aggregation to make after the bars are checked.
    pub(crate) aggregate: Option<(Aggregate, MaxGap)>,
    /// Midnight in the zone of times that name none.
    pub(crate) midnight: Option<Anchor>,
    /// The length of bars, if it was given.
    pub(crate) interval: Option<Interval>,
    pub(crate) bad_trades: BadTrades,
    /// Rows that were left out as others have their times, which was asked for.
    pub(crate) repeated: u64,
    pub(crate) unreadable: Vec<Unreadable>,
    /// Last lines that look cut, and why.
    pub(crate) cut: Vec<(Origin, String)>,
}

/// A file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file.
    pub file: String,
    /// The reason why it cannot be read, with its causes.
    pub problem: String,
}

/// A file, and what its rows are called.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its name.
    pub name: String,
    /// The word for its rows: `line` or `row`.
    pub unit: &'static str,
    /// True if its rows name no symbol, so that its name gives the symbol.
    pub says_symbol: bool,
    /// The unit of its first epoch time, if its times are such numbers.
    pub time_unit: Option<&'static str>,
}

/// Trades that no bar was made of, by what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct BadTrades {
    /// The first of all.
    first: Option<String>,
    pub(crate) by_fault: BTreeMap<Fault, Places>,
}

/// Usable series, and what was done to get them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// A series for each symbol, in order of appearance.
    pub series: Vec<Series>,
    /// The number of dropped bars, by fault.
    pub dropped: BTreeMap<String, u64>,
    /// Number of bars whose high or low was widened to hold their open and close.
    pub widened: u64,
    /// Files that were joined into one series though their names differ by more than dates.
    pub joined: Vec<Joined>,
    /// Notes for the user, such as that newest-first bars were reversed.
    pub notes: Vec<String>,
}

impl BadTrades {
    /// Notes a trade, in a row of a file.
    pub(crate) fn add(
        &mut self,
        fault: Fault,
        (file, unit, row): (&str, &str, u32),
        symbol: &str,
        ts: i64,
        what: String,
    ) {
        self.first.get_or_insert_with(|| format!("{file}, {unit} {row}: {what}"));
        self.by_fault.entry(fault).or_default().add(|| Place::new(file, row, symbol, ts, what));
    }
}

impl Bars {
    /// Makes series of the bars as readings, whose prices may be zero or negative: unusable bars
    /// are an error, or dropped, or widened, and counted. Aggregates them where
    /// [`ReadOptions::aggregate`](crate::ReadOptions::aggregate) says so.
    ///
    /// # Errors
    /// The first unusable bar or trade with its file and row, and how many there are; a symbol has
    /// no usable bar; bars cannot be aggregated so.
    pub fn into_series(self, on_bad_bar: OnBadBar) -> Result<Loaded, MarketDataError> {
        self.judged(on_bad_bar, Prices::Any)
    }

    /// Makes series for a [`Market`](barloom_bars::Market), in which a price that is zero or
    /// negative makes a bar unusable, too; else as [`into_series`](Self::into_series).
    ///
    /// # Errors
    /// As [`into_series`](Self::into_series).
    pub fn into_market_series(self, on_bad_bar: OnBadBar) -> Result<Loaded, MarketDataError> {
        self.judged(on_bad_bar, Prices::Positive)
    }

    fn judged(mut self, on_bad_bar: OnBadBar, prices: Prices) -> Result<Loaded, MarketDataError> {
        let mut loaded = Loaded {
            series: Vec::new(),
            dropped: BTreeMap::new(),
            widened: 0,
            joined: self.joined(),
            notes: self.notes.clone(),
        };
        if on_bad_bar == OnBadBar::Widen {
            let mut widened = Widened::default();
            self.series.iter_mut().for_each(|series| series.widen(&mut widened));
            loaded.widened = widened.bars;
            loaded.notes.extend(widened.note());
        }
        let mut first = self.bad_trades.first.clone();
        for (fault, places) in &self.bad_trades.by_fault {
            loaded.dropped.insert(fault.name().to_owned(), places.count);
        }
        if self.repeated > 0 {
            loaded.dropped.insert(Fault::Duplicate.name().to_owned(), self.repeated);
        }
        for raw in &self.series {
            if let Some(row) = self.early_rows(raw).next() {
                let origin = raw.origins.get(row);
                let file = &self.files[origin.file as usize];
                let problem = format!(
                    "{} {}: its time is a number that says a time before 1973; is the column \
                     one of times? (csv.ms_of_day = true reads ms since midnight)",
                    file.unit, origin.row
                );
                return Err(MarketDataError::file(&file.name, problem));
            }
            for (row, fault) in raw.faults_under(prices) {
                *loaded.dropped.entry(fault.name().to_owned()).or_insert(0) += 1;
                first.get_or_insert_with(|| {
                    format!("{}: {}", self.place(raw, row), raw.describe(row, fault))
                });
            }
        }
        if let (OnBadBar::Error | OnBadBar::Widen, Some(first)) = (on_bad_bar, first) {
            let what = if self.bad_trades.by_fault.is_empty() { "bars" } else { "trades" };
            let count = loaded.dropped.values().sum();
            let hint = hint(&loaded.dropped);
            return Err(MarketDataError::BadBars { first, count, what, hint });
        }
        let seams: Vec<Vec<usize>> = self.series.iter().map(|raw| self.seams(raw)).collect();
        for (raw, seams) in self.series.into_iter().zip(seams) {
            let (symbol, file) =
                (raw.symbol.clone(), raw.origins.files().next().map(|(_, file)| file));
            let of_trades = raw.of_trades;
            match raw.into_series(&seams, prices)? {
                Some(series) => {
                    let series = match self.interval {
                        Some(interval) if !of_trades => series.with_interval(interval)?,
                        _ => series,
                    };
                    let made = aggregated(series, self.aggregate, self.midnight, of_trades)?;
                    loaded.series.push(made);
                }
                None => {
                    let name = file.map_or("", |f| self.files[f as usize].name.as_str());
                    let problem = format!("symbol {symbol} has no usable bar left");
                    return Err(MarketDataError::file(name, problem));
                }
            }
        }
        Ok(loaded)
    }

    /// `bars.csv, line 7` of a bar, or `bars.parquet, row 7 (index 6)`.
    pub(crate) fn place(&self, series: &RawSeries, row: usize) -> String {
        let origin = series.origins.get(row);
        let file = &self.files[origin.file as usize];
        let index = match file.unit {
            "row" => format!(" (index {})", origin.row.saturating_sub(1)),
            _ => String::new(),
        };
        format!("{}, {} {}{index}", file.name, file.unit, origin.row)
    }
}

/// More to say of unusable bars than that they can be dropped.
fn hint(faults: &BTreeMap<String, u64>) -> String {
    let has = |fault: BarFault| faults.contains_key(fault.name());
    let mut hint = String::new();
    if has(BarFault::OpenOutsideRange) || has(BarFault::CloseOutsideRange) {
        hint += "; \"widen\" widens high and low to hold open and close";
    }
    if has(BarFault::NonPositivePrice) {
        hint += &format!(". {NEEDS_POSITIVE}");
    }
    hint
}

/// Bars whose high or low was moved.
#[derive(Default)]
struct Widened {
    bars: u64,
    /// The number of prices that were moved by more than rounding, and the largest move as a share
    /// of the price.
    far: u64,
    most: f64,
}

impl Widened {
    /// The share of the price up to which a move is rounding.
    const ROUNDING: f64 = 1e-6;

    fn note(&self) -> Option<String> {
        let bars = match self.bars {
            0 => return None,
            1 => "1 bar was".to_owned(),
            n => format!("{n} bars were"),
        };
        let far = match self.far {
            0 => String::new(),
            far => format!(
                "; {far} of them by more than rounding, by {:.3}% of the price at most: they may be typos",
                100.0 * self.most
            ),
        };
        Some(format!(
            "{bars} widened: the high or the low was moved to hold the open and the close{far}"
        ))
    }
}

/// Aggregates checked bars.
fn aggregated(
    series: Series,
    aggregate: Option<(Aggregate, MaxGap)>,
    midnight: Option<Anchor>,
    of_trades: bool,
) -> Result<Series, MarketDataError> {
    let Some((Aggregate { spec, partial, empty, anchor }, max_gap)) = aggregate else {
        return Ok(series);
    };
    let BarSpec::Time(interval) = spec else {
        if of_trades {
            return Ok(series);
        }
        let symbol = series.symbol().to_owned();
        return Err(MarketDataError::NoTrades { symbol, spec: spec.to_string() });
    };
    let keep_partial = partial == PartialBar::Keep;
    // Bars that all begin at midnight in that zone are of its days.
    let are_days = |midnight: &Anchor| series.ts().iter().all(|ts| midnight.begins_day(*ts));
    let anchor = anchor.or_else(|| midnight.filter(are_days));
    let series = match of_trades {
        true => series.made_of(interval),
        false => resample(&series, interval, anchor, keep_partial)?,
    };
    Ok(match empty {
        EmptyBars::Fill => fill(&series, interval, anchor, max_gap)?,
        EmptyBars::Skip => series,
    })
}
