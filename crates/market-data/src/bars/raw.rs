//! The bars of one symbol as they were read, and the faults of each.

use barloom_bars::{
    BarFault, Column, Interval, PRICE_COLUMNS, Series, TradeFault, bar_fault, first_fault,
    first_non_positive, median_of_steps,
};
use barloom_reading::OnDuplicate;
use rayon::prelude::*;

use super::Widened;
use crate::MarketDataError;
use crate::origins::Origins;
use crate::table::NO_TIME;

/// The bars of one symbol in the order read.
#[derive(Clone, Debug)]
pub struct RawSeries {
    /// The symbol.
    pub symbol: String,
    /// Open times of the bars, ns since 1970 UTC; [`NO_TIME`](crate::NO_TIME) of a bar without one.
    pub ts: Vec<i64>,
    /// The names of all numeric columns in its files, those that were not read too.
    pub(crate) available: Vec<String>,
    /// The columns that were read, one value a bar each: the prices, and others.
    pub columns: Vec<Column>,
    /// The file and row of each bar.
    pub origins: Origins,
    /// True if the bars were made of trades.
    pub of_trades: bool,
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
#[non_exhaustive]
pub enum Fault {
    /// The bar has no time.
    NoTime,
    /// Its time is before that of an earlier bar.
    OutOfOrder,
    /// Its time is that of the bar before it.
    Duplicate,
    /// Its values are unusable.
    Bar(BarFault),
    /// A trade is unusable, so no bar was made of it.
    Trade(TradeFault),
}

impl Fault {
    /// The name in reports: `no_time`, `high_below_low`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoTime => "no_time",
            Self::OutOfOrder => "out_of_order",
            Self::Duplicate => "duplicate_time",
            Self::Bar(fault) => fault.name(),
            Self::Trade(fault) => fault.name(),
        }
    }

    /// The fault in words.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::NoTime => "the bar has no time".into(),
            Self::OutOfOrder => "its time is before that of a bar above it".into(),
            Self::Duplicate => "its time is that of the bar before it".into(),
            Self::Bar(fault) => fault.to_string(),
            Self::Trade(fault) => fault.to_string(),
        }
    }
}

/// Tells whether a price is outside of its bar's range by no more than a unit in the last place of
/// a 32-bit float, to which vendors round: 2^-23 of it.
fn is_rounding(price: f64, high: f64, low: f64) -> bool {
    (price - high).max(low - price) <= price.abs() * f64::from(f32::EPSILON)
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
    #[must_use]
    pub fn median_step(&self) -> i64 {
        let is_forward = |p: &&[i64]| p[0] != NO_TIME && p[1] > p[0];
        let steps = self.ts.windows(2).filter(is_forward);
        median_of_steps(steps.map(|p| p[1].saturating_sub(p[0])))
    }

    /// The values of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|c| c.name == name).map(|c| c.values.as_slice())
    }

    /// The unusable bars and what is wrong with each, in order. Prices may be zero or negative, as
    /// readings are.
    #[must_use]
    pub fn faults(&self) -> Vec<(usize, Fault)> {
        self.faults_under(Prices::Any)
    }

    /// The unusable bars under a rule of prices, and what is wrong with each, in order.
    pub(super) fn faults_under(&self, prices: Prices) -> Vec<(usize, Fault)> {
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
    pub(super) fn widen(&mut self, widened: &mut Widened) {
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
    #[must_use]
    pub fn describe(&self, row: usize, fault: Fault) -> String {
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
    pub(super) fn into_series(
        self,
        seams: &[usize],
        prices: Prices,
    ) -> Result<Option<Series>, MarketDataError> {
        let faults = self.faults_under(prices);
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
