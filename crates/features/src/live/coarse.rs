//! Coarser bars of bars that arrive one after the other.

use std::collections::VecDeque;
use std::ops::Range;

use barloom_bars::{Anchor, Grid, Interval, coarser_value};

use super::{LiveError, Place};
use crate::map::finite;

/// The coarser bars of one symbol.
#[derive(Clone, Debug)]
pub(super) struct Coarse {
    grid: Grid,
    /// The columns that are combined.
    columns: Vec<String>,
    /// The period of the bar that forms.
    period: Range<i64>,
    /// The values of the bars in it, a list for each column; none if it is left out, as it began
    /// before the segment.
    forming: Option<Vec<Vec<f64>>>,
    /// True if the bar that forms is the first of a segment.
    starts: bool,
    /// True after a bar that lies in no segment, or before the first.
    between: bool,
    /// True once the period has ended with its last bar.
    ended: bool,
    /// Bars that are complete, whose period has not ended yet.
    waiting: VecDeque<CoarseRow>,
}

/// A coarser bar.
#[derive(Clone, Debug)]
pub(super) struct CoarseRow {
    pub(super) start: i64,
    pub(super) end: i64,
    /// True if it is the first of a segment.
    pub(super) starts: bool,
    values: Vec<(String, f64)>,
}

impl CoarseRow {
    /// The value of a column.
    pub(super) fn value(&self, name: &str) -> f64 {
        self.values.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, value)| *value)
    }
}

impl Coarse {
    pub(super) fn new(interval: Interval, anchor: Anchor, columns: Vec<String>) -> Self {
        Self {
            grid: Grid::new(interval, anchor),
            columns,
            period: 0..0,
            forming: None,
            starts: false,
            between: true,
            ended: false,
            waiting: VecDeque::new(),
        }
    }

    /// Forgets all bars.
    pub(super) fn clear(&mut self) {
        (self.period, self.forming, self.ended) = (0..0, None, false);
        self.between = true;
        self.waiting.clear();
    }

    /// Refuses a bar whose period has ended, or ends at no time.
    pub(super) fn check(&self, ts: i64, place: Place, symbol: &str) -> Result<(), LiveError> {
        let interval = self.grid.interval();
        let symbol = || symbol.to_owned();
        if self.grid.at(ts).is_none() {
            return Err(LiveError::EndOfTime { symbol: symbol(), ts, interval });
        }
        if place == Place::Continues && self.ended && self.period.contains(&ts) {
            return Err(LiveError::Ended { symbol: symbol(), ts, interval });
        }
        Ok(())
    }

    /// Takes a bar and returns the coarser bars that have ended at its close.
    pub(super) fn push(
        &mut self,
        open: i64,
        close: i64,
        place: Place,
        value: impl Fn(&str) -> f64,
    ) -> Vec<CoarseRow> {
        if place == Place::Outside {
            self.complete();
            self.between = true;
            (self.period, self.ended) = (0..0, false);
            return self.take(close);
        }
        let starts = place == Place::Starts || self.between;
        self.between = false;
        if starts || !self.period.contains(&open) {
            self.complete();
            // It was checked.
            self.period = self.grid.at(open).unwrap_or(open..i64::MAX);
            self.ended = false;
            let begins = !starts || open == self.period.start;
            self.forming = begins.then(|| vec![Vec::new(); self.columns.len()]);
            // A bar that is left out leaves the next one to be the first.
            self.starts |= starts;
        }
        if let Some(forming) = &mut self.forming {
            for (values, name) in forming.iter_mut().zip(&self.columns) {
                values.push(value(name));
            }
        }
        if close >= self.period.end {
            self.complete();
            self.ended = true;
        }
        self.take(close)
    }

    /// Completes the bar that forms.
    fn complete(&mut self) {
        let Some(forming) = self.forming.take() else { return };
        let combine = |(name, values): (&String, Vec<f64>)| {
            (name.clone(), finite(coarser_value(name, &values)))
        };
        self.waiting.push_back(CoarseRow {
            start: self.period.start,
            end: self.period.end,
            starts: std::mem::take(&mut self.starts),
            values: self.columns.iter().zip(forming).map(combine).collect(),
        });
    }

    /// The complete bars that ended at or before a close.
    fn take(&mut self, close: i64) -> Vec<CoarseRow> {
        let count = self.waiting.iter().take_while(|row| row.end <= close).count();
        self.waiting.drain(..count).collect()
    }
}
