//! The bars of several files, by symbol, nothing judged; and what is made of them.

mod joined;

use std::collections::BTreeMap;

use barloom_bars::{
    Anchor, BarFault, BarSpec, Column, Interval, MaxGap, NEEDS_POSITIVE, PRICE_COLUMNS, Series,
    TradeFault, bar_fault, fill, first_fault, first_non_positive, median_of_steps, resample,
};
use barloom_reading::{Aggregate, EmptyBars, OnBadBar, OnDuplicate, PartialBar};

use rayon::prelude::*;
use serde::Serialize;

use crate::MarketDataError;
use crate::origins::{Origin, Origins};
use crate::places::{Place, Places};
use crate::table::NO_TIME;
use crate::time::is_early;
pub use joined::Joined;

/// Bars as they were read, by symbol, each knowing its file and row.
#[derive(Clone, Debug)]
pub struct Bars {
    pub(crate) files: Vec<FileName>,
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

/// Trades that no bar was made of, by what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct BadTrades {
    /// The first of all.
    first: Option<String>,
    pub(crate) by_fault: BTreeMap<Fault, Places>,
}

/// A file, and what its rows are called.
#[derive(Clone, Debug)]
pub(crate) struct FileName {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    /// True if its rows name no symbol, so that its name gives the symbol.
    pub(crate) says_symbol: bool,
    /// The unit of its first epoch time, if its times are such numbers.
    pub(crate) time_unit: Option<&'static str>,
}

/// The bars of one symbol in the order read.
#[derive(Clone, Debug)]
pub(crate) struct RawSeries {
    pub(crate) symbol: String,
    pub(crate) ts: Vec<i64>,
    /// The names of all numeric columns in its files, those that were not read too.
    pub(crate) available: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) origins: Origins,
    /// True if trades made it.
    pub(crate) of_trades: bool,
}

/// A rule of usable prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prices {
    /// Any reading.
    Any,
    /// Positive ones, as rewards and some scalers need them.
    Positive,
}

/// A fault of a bar, or of its place in its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    NoTime,
    OutOfOrder,
    Duplicate,
    Bar(BarFault),
    Trade(TradeFault),
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoTime => "no_time",
            Self::OutOfOrder => "out_of_order",
            Self::Duplicate => "duplicate_time",
            Self::Bar(fault) => fault.name(),
            Self::Trade(fault) => fault.name(),
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::NoTime => "the bar has no time".into(),
            Self::OutOfOrder => "its time is before that of a bar above it".into(),
            Self::Duplicate => "its time is that of the bar before it".into(),
            Self::Bar(fault) => fault.to_string(),
            Self::Trade(fault) => fault.to_string(),
        }
    }
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
                     one of times? (ms_of_day = true under [data.csv] reads ms since midnight)",
                    file.unit, origin.row
                );
                return Err(MarketDataError::file(&file.name, problem));
            }
            for (row, fault) in raw.faults(prices) {
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

    /// The files that [`read_readable`](crate::read_readable) could not read.
    #[must_use]
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// The bars whose times are numbers so small that they rather count something else.
    pub(crate) fn early_rows(&self, raw: &RawSeries) -> impl Iterator<Item = usize> {
        let is_one = |row: &usize| {
            let is_number = || self.files[raw.origins.get(*row).file as usize].time_unit.is_some();
            raw.ts[*row] != NO_TIME && is_early(raw.ts[*row]) && is_number()
        };
        (0..raw.ts.len()).filter(is_one)
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

/// Tells whether a price is outside of its bar's range by no more than a unit in the last place of
/// a 32-bit float, to which vendors round: 2^-23 of it.
fn is_rounding(price: f64, high: f64, low: f64) -> bool {
    (price - high).max(low - price) <= price.abs() * f64::from(f32::EPSILON)
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

impl RawSeries {
    pub(crate) fn first_time(&self) -> i64 {
        self.ts.iter().copied().find(|t| *t != NO_TIME).unwrap_or(i64::MAX)
    }

    pub(crate) fn reverse(&mut self) {
        self.ts.reverse();
        self.origins.reverse();
        self.columns.iter_mut().for_each(|c| c.values.reverse());
    }

    /// Sorts by time; of bars with one time in their order.
    pub(crate) fn sort_by_time(&mut self) {
        let mut order: Vec<usize> = (0..self.ts.len()).collect();
        order.sort_by_key(|row| self.ts[*row]);
        self.take(&order);
    }

    /// Puts another series after this one; a column that one lacks is missing there.
    pub(crate) fn append(&mut self, other: Self) {
        let before = self.ts.len();
        self.ts.extend(other.ts);
        self.origins.append(&other.origins);
        for name in other.available {
            if !self.available.contains(&name) {
                self.available.push(name);
            }
        }
        for column in other.columns {
            match self.columns.iter_mut().find(|c| c.name == column.name) {
                Some(mine) => mine.values.extend(column.values),
                None => {
                    let mut values = vec![f64::NAN; before];
                    values.extend(column.values);
                    self.columns.push(Column::new(column.name, values));
                }
            }
        }
        let after = self.ts.len();
        self.columns.iter_mut().for_each(|c| c.values.resize(after, f64::NAN));
    }

    /// Keeps the first or the last of the rows with one time, in the order of files and rows, where
    /// the first of them stands. Gives the number of the others.
    pub(crate) fn keep_one(&mut self, which: OnDuplicate) -> u64 {
        if which == OnDuplicate::Error || self.ts.windows(2).all(|pair| pair[0] < pair[1]) {
            return 0;
        }
        let origin = |row: usize| {
            let origin = self.origins.get(row);
            (origin.file, origin.row)
        };
        let known = |row: &usize| self.ts[*row] != NO_TIME;
        let mut rows: Vec<usize> = (0..self.ts.len()).filter(known).collect();
        rows.sort_by_key(|row| self.ts[*row]);
        let kept = rows.chunk_by(|a, b| self.ts[*a] == self.ts[*b]).filter_map(|same| {
            let row = match which {
                OnDuplicate::Last => same.iter().max_by_key(|row| origin(**row)),
                _ => same.iter().min_by_key(|row| origin(**row)),
            };
            Some((*same.first()?, *row?))
        });
        let mut kept: Vec<(usize, usize)> = kept.collect();
        kept.extend((0..self.ts.len()).filter(|row| !known(row)).map(|row| (row, row)));
        kept.sort_unstable();
        let left_out = self.ts.len() - kept.len();
        if left_out > 0 {
            self.take(&kept.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
        }
        left_out as u64
    }

    /// These rows, in this order.
    fn take(&mut self, rows: &[usize]) {
        self.ts = rows.iter().map(|row| self.ts[*row]).collect();
        self.origins = self.origins.take(rows.iter().copied());
        for column in &mut self.columns {
            column.values = rows.iter().map(|row| column.values[*row]).collect();
        }
    }

    /// Moves times from the end of a bar to its beginning: back by the length of a bar, the one
    /// given or the most frequent step.
    pub(crate) fn stamp_at_open(&mut self, interval: Option<Interval>) {
        let Some(interval) = interval.or_else(|| Interval::most_frequent(&self.ts)) else { return };
        for time in &mut self.ts {
            if *time != NO_TIME {
                // A bar that would begin before the first time that can be stored has none.
                *time = interval.open_of_close(*time).unwrap_or(NO_TIME);
            }
        }
    }

    /// The median of the steps forward in time; 0 without any.
    pub(crate) fn median_step(&self) -> i64 {
        let is_forward = |p: &&[i64]| p[0] != NO_TIME && p[1] > p[0];
        let steps = self.ts.windows(2).filter(is_forward);
        median_of_steps(steps.map(|p| p[1].saturating_sub(p[0])))
    }

    pub(crate) fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|c| c.name == name).map(|c| c.values.as_slice())
    }

    /// The unusable bars and what is wrong with each, in order.
    pub(crate) fn faults(&self, prices: Prices) -> Vec<(usize, Fault)> {
        let [open, high, low, close] = PRICE_COLUMNS.map(|n| self.column(n).unwrap_or_default());
        let volume = self.column("volume");
        let positive = prices == Prices::Any || first_non_positive(low).is_none();
        if positive && self.is_sound([open, high, low, close], volume) {
            return Vec::new();
        }
        let mut faults = Vec::new();
        let mut last = NO_TIME;
        for (row, time) in self.ts.iter().enumerate() {
            let fault = if *time == NO_TIME {
                Some(Fault::NoTime)
            } else if *time < last {
                Some(Fault::OutOfOrder)
            } else if *time == last {
                Some(Fault::Duplicate)
            } else {
                last = *time;
                let volume = volume.map(|volume| volume[row]);
                let negative = || prices == Prices::Positive && low[row] <= 0.0;
                bar_fault(open[row], high[row], low[row], close[row], volume)
                    .or_else(|| negative().then_some(BarFault::NonPositivePrice))
                    .map(Fault::Bar)
            };
            if let Some(fault) = fault {
                faults.push((row, fault));
            }
        }
        faults
    }

    /// Moves a high up and a low down where the open or the close is outside of them and nothing
    /// else is wrong with the prices.
    fn widen(&mut self, widened: &mut Widened) {
        let place = |name: &str| self.columns.iter().position(|column| column.name == name);
        let places: Vec<usize> = PRICE_COLUMNS.into_iter().filter_map(place).collect();
        let Ok(places) = <[usize; 4]>::try_from(places) else { return };
        for row in 0..self.ts.len() {
            let [open, high, low, close] = places.map(|at| self.columns[at].values[row]);
            let fault = bar_fault(open, high, low, close, None);
            if let Some(BarFault::OpenOutsideRange | BarFault::CloseOutsideRange) = fault {
                let (up, down) = (high.max(open).max(close), low.min(open).min(close));
                self.columns[places[1]].values[row] = up;
                self.columns[places[2]].values[row] = down;
                let moved = (up - high).max(low - down) / high.abs().max(low.abs());
                widened.bars += 1;
                widened.far += u64::from(moved > Widened::ROUNDING);
                widened.most = widened.most.max(moved);
            }
        }
    }

    /// Returns true if the times ascend and no bar has a fault.
    fn is_sound(&self, prices: [&[f64]; 4], volume: Option<&[f64]>) -> bool {
        // Bars that one thread looks at.
        const PIECE: usize = 1 << 16;
        let len = self.ts.len();
        (0..len.div_ceil(PIECE)).into_par_iter().all(|piece| {
            let piece = piece * PIECE..len.min((piece + 1) * PIECE);
            let times = &self.ts[piece.start.saturating_sub(1)..piece.end];
            let rise = times.windows(2).fold(true, |all, pair| all & (pair[0] < pair[1]));
            let columns = prices.map(|column| &column[piece.clone()]);
            rise && times[0] != NO_TIME
                && first_fault(columns, volume.map(|volume| &volume[piece])).is_none()
        })
    }

    /// A fault with the values of its bar.
    pub(crate) fn describe(&self, row: usize, fault: Fault) -> String {
        let value = |name: &str| self.column(name).map_or(f64::NAN, |c| c[row]);
        let [open, high, low, close] = PRICE_COLUMNS.map(value);
        let values = format!("open {open}, high {high}, low {low}, close {close}");
        match fault {
            Fault::Bar(BarFault::OpenOutsideRange) if is_rounding(open, high, low) => {
                format!("{}, by rounding alone ({values})", fault.text())
            }
            Fault::Bar(BarFault::CloseOutsideRange) if is_rounding(close, high, low) => {
                format!("{}, by rounding alone ({values})", fault.text())
            }
            Fault::Bar(BarFault::BadVolume) => {
                format!("{} (volume {})", fault.text(), value("volume"))
            }
            Fault::Bar(_) => format!("{} ({values})", fault.text()),
            _ => fault.text(),
        }
    }

    /// The series without its unusable bars; a break where one was, and before each of the rows
    /// `seams`. None if no bar is left.
    fn into_series(
        self,
        seams: &[usize],
        prices: Prices,
    ) -> Result<Option<Series>, MarketDataError> {
        let faults = self.faults(prices);
        if faults.is_empty() {
            let series = Series::new(self.symbol, self.ts, self.columns)?;
            return Ok(Some(series.with_breaks(seams.to_vec())?));
        }
        let mut keep = vec![true; self.ts.len()];
        faults.iter().for_each(|(row, _)| keep[*row] = false);
        let mut breaks = Vec::new();
        let mut kept = 0;
        for (row, keep) in keep.iter().enumerate() {
            if kept > 0 && seams.binary_search(&row).is_ok() {
                breaks.push(kept);
            }
            if *keep {
                kept += 1;
            } else if kept > 0 && !matches!(self.fault_at(&faults, row), Some(Fault::Duplicate)) {
                breaks.push(kept);
            }
        }
        if kept == 0 {
            return Ok(None);
        }
        breaks.retain(|b| *b < kept);
        let filter = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(&keep).filter(|(_, k)| **k).map(|(v, _)| *v).collect()
        };
        let ts = self.ts.iter().zip(&keep).filter(|(_, k)| **k).map(|(t, _)| *t).collect();
        let columns =
            self.columns.iter().map(|c| Column::new(c.name.clone(), filter(&c.values))).collect();
        Ok(Some(Series::new(self.symbol, ts, columns)?.with_breaks(breaks)?))
    }

    fn fault_at(&self, faults: &[(usize, Fault)], row: usize) -> Option<Fault> {
        let at = faults.binary_search_by_key(&row, |(r, _)| *r).ok()?;
        Some(faults[at].1)
    }
}
