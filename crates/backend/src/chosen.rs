//! Rows and actions that a caller chose.

use barloom_bars::Market;
use barloom_rewards::Actions;
use barloom_windows::MissingRows;

use crate::BackendError;

/// Actions at rows of a market, chosen by the caller: columns of one length.
#[derive(Clone, Copy, Debug)]
pub struct Decisions<'a> {
    /// Arena rows t.
    pub row: &'a [usize],
    /// 1 long, -1 short, 0 hold.
    pub direction: &'a [i8],
    /// Notionals in dollars.
    pub dollars: &'a [f64],
    /// Distances of the stops, as fractions of the entry price; infinite for none.
    pub stop: &'a [f64],
    /// Distances of the targets, as fractions of the entry price; infinite for none.
    pub target: &'a [f64],
    /// Equities in dollars, by which the metric `return` is measured.
    pub equity: &'a [f64],
}

impl<'a> Decisions<'a> {
    /// Number of decisions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// Decisions `[begin, end)` of these.
    ///
    /// # Panics
    /// There are not as many.
    #[must_use]
    pub fn rows(&self, begin: usize, end: usize) -> Self {
        Self {
            row: &self.row[begin..end],
            direction: &self.direction[begin..end],
            dollars: &self.dollars[begin..end],
            stop: &self.stop[begin..end],
            target: &self.target[begin..end],
            equity: &self.equity[begin..end],
        }
    }

    /// The columns that the crate rewards takes.
    #[must_use]
    pub fn actions(&self) -> Actions<'a> {
        Actions {
            row: self.row,
            direction: self.direction,
            dollars: self.dollars,
            stop: self.stop,
            target: self.target,
        }
    }

    /// Checks that each row has `forward` bars of one segment, that directions are directions, that
    /// notionals are finite and nothing is NaN, and that columns are of one length.
    ///
    /// # Errors
    /// The first decision that is not so.
    pub fn check(&self, market: &Market, forward: usize) -> Result<(), BackendError> {
        let lengths = [self.direction.len(), self.dollars.len(), self.stop.len()];
        let lengths = lengths.into_iter().chain([self.target.len(), self.equity.len()]);
        if let Some(other) = lengths.into_iter().find(|length| *length != self.len()) {
            return Err(BackendError::Lengths { rows: self.len(), other });
        }
        let known = |direction: &i8| matches!(direction, -1..=1);
        if let Some(at) = self.direction.iter().position(|direction| !known(direction)) {
            return Err(BackendError::Direction { at, direction: self.direction[at] });
        }
        let finite: fn(f64) -> bool = f64::is_finite;
        let number: fn(f64) -> bool = |value| !value.is_nan();
        for (column, values, fits) in [
            ("dollars", self.dollars, finite),
            ("stop", self.stop, number),
            ("target", self.target, number),
            ("equity", self.equity, number),
        ] {
            if let Some(at) = values.iter().position(|value| !fits(*value)) {
                return Err(BackendError::Value { column, at, value: values[at] });
            }
        }
        let without = |row: &usize| !in_segment(market, *row, row.checked_add(forward));
        match self.row.iter().position(without) {
            None => Ok(()),
            Some(at) => Err(BackendError::NoHorizon { at, row: self.row[at], forward }),
        }
    }
}

/// Checks that each row has `lookback` bars of one segment before it, and that no input is missing.
///
/// # Errors
/// The first row of which this is not so.
pub(crate) fn check_windows(
    market: &Market,
    rows: &[usize],
    lookback: usize,
    missing: &MissingRows,
) -> Result<(), BackendError> {
    let has = |row: &usize| {
        row.checked_sub(lookback).is_some_and(|begin| in_segment(market, begin, Some(*row)))
    };
    if let Some(at) = rows.iter().position(|row| !has(row)) {
        return Err(BackendError::NoWindow { at, row: rows[at], lookback });
    }
    let there = |row: &usize| missing.is_empty() || missing.allows(*row, lookback);
    match rows.iter().position(|row| !there(row)) {
        None => Ok(()),
        Some(at) => Err(BackendError::MissingInput { at, row: rows[at], lookback }),
    }
}

/// Tells whether rows `[begin, end)`, of which there is at least one, are in one segment.
fn in_segment(market: &Market, begin: usize, end: Option<usize>) -> bool {
    let segments = market.segments();
    let at = segments.partition_point(|segment| segment.end <= begin);
    let segment = segments.get(at);
    segment
        .is_some_and(|segment| segment.start <= begin && end.is_some_and(|end| end <= segment.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use barloom_bars::{Column, MaxGap, Series};

    /// Segments `[0, 5)` and `[5, 9)` of A, `[9, 12)` of B.
    fn market() -> Market {
        let series = |symbol: &str, minutes: Vec<i64>| {
            let names = ["open", "high", "low", "close"];
            let columns = names.map(|name| Column::new(name, vec![2.0; minutes.len()]));
            let ts = minutes.iter().map(|minute| minute * 60_000_000_000).collect();
            Series::new(symbol, ts, columns.to_vec()).unwrap()
        };
        let a = series("A", vec![0, 1, 2, 3, 4, 100, 101, 102, 103]);
        let all = [a, series("B", vec![0, 1, 2])];
        Market::new(&all, &[], MaxGap::Limit(300_000_000_000)).unwrap()
    }

    #[test]
    fn a_window_lies_in_one_segment() {
        let (market, all_there) = (market(), MissingRows::default());
        for lookback in 1..7 {
            for row in 0..20 {
                let inside = [(0, 5), (5, 9), (9, 12)]
                    .into_iter()
                    .any(|(start, end)| row >= start + lookback && row <= end);
                let checked = check_windows(&market, &[5, row], lookback, &all_there);
                let first = lookback <= 5;
                assert_eq!(checked.is_ok(), inside && first, "{lookback} {row}");
                if let (Err(error), true) = (checked, first) {
                    let text = error.to_string();
                    assert!(
                        text.contains(&format!("rows[1]: the {lookback} bars before row {row} ")),
                        "{text}"
                    );
                }
            }
        }
        assert!(check_windows(&market, &[usize::MAX], 1, &all_there).is_err());
        assert!(check_windows(&market, &[], 1, &all_there).is_ok());
    }

    #[test]
    fn a_window_has_all_inputs() {
        let mut values = vec![1.0; 12];
        values[6] = f64::NAN;
        let market = market().with_columns(vec![Column::new("x", values).into()]).unwrap();
        let missing = MissingRows::new(&market, ["x"], []);
        let check = |row| check_windows(&market, &[4, row], 2, &missing);
        assert!(check(9).is_ok() && check(2).is_ok());
        for row in [7, 8] {
            let text = check(row).unwrap_err().to_string();
            assert!(text.contains(&format!("rows[1]: an input of row {row} is missing")), "{text}");
        }
    }

    #[test]
    fn decisions_are_checked() {
        let market = market();
        let check = |row: usize, direction: i8, equity: &[f64], forward| {
            let (row, direction, one) = (&[row][..], &[direction][..], &[1.0][..]);
            Decisions { row, direction, dollars: one, stop: one, target: one, equity }
                .check(&market, forward)
                .map_err(|error| error.to_string())
        };
        for forward in 1..7 {
            for row in 0..20 {
                let inside = [(0, 5), (5, 9), (9, 12)]
                    .into_iter()
                    .any(|(start, end)| row >= start && row + forward <= end);
                let checked = check(row, 1, &[1.0], forward);
                assert_eq!(checked.is_ok(), inside, "{forward} {row}");
                if let Err(text) = checked {
                    let named = format!("rows[0]: the {forward} bars from row {row} on");
                    assert!(text.contains(&named), "{text}");
                }
            }
        }
        assert!(check(usize::MAX, 1, &[1.0], 2).is_err());
        assert!(check(0, 2, &[1.0], 2).unwrap_err().contains("direction[0] is 2"));
        assert!(check(0, 1, &[f64::NAN], 2).unwrap_err().contains("equity[0] is NaN"));
        assert!(check(0, 1, &[f64::INFINITY], 2).is_ok());
        assert!(check(0, -1, &[], 2).unwrap_err().contains("1 rows and 0 values"));
    }
}
