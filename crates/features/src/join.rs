//! Joins: each bar takes the last record of a slower series that was known by its close.

use barloom_bars::{Interval, Market, MarketColumn, close_times};
use rayon::prelude::*;

/// The begin of the names of columns that are values of joins: `join.funding.rate`.
pub const JOIN: &str = "join.";

/// A record that becomes known as a bar closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Ties {
    /// The bar does not take it.
    #[default]
    Before,
    /// The bar takes it.
    At,
}

/// The record that a bar takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AsOf {
    /// The time, ns, after which a record is known.
    pub delay: i64,
    /// The age in ns, since it was known, up to which a record is taken; none for any.
    pub max_age: Option<i64>,
    /// A record that becomes known as the bar closes.
    pub ties: Ties,
}

impl AsOf {
    /// For each close time the value of the last record that was known by then; NaN for none and
    /// for one that is too old. Times and closes are ascending; of records with equal times the
    /// last is taken.
    ///
    /// ```
    /// use barloom_features::AsOf;
    ///
    /// let (times, values) = ([10, 20, 20], [0.1, 0.2, 0.3]);
    /// let mut taken = [0.0; 4];
    /// AsOf::default().take(&times, &values, &[10, 11, 20, 21], &mut taken);
    /// assert!(taken[0].is_nan(), "a record is known after its time");
    /// assert_eq!(taken[1..], [0.1, 0.1, 0.3]);
    /// ```
    ///
    /// # Panics
    /// There are fewer values than times, or fewer close times than places for values.
    pub fn take(self, times: &[i64], values: &[f64], closes: &[i64], taken: &mut [f64]) {
        let mut next = 0;
        for (row, taken) in taken.iter_mut().enumerate() {
            let close = closes[row];
            while next < times.len() && self.is_known(times[next], close) {
                next += 1;
            }
            let last = next.checked_sub(1).filter(|place| self.is_young(times[*place], close));
            *taken = last.map_or(f64::NAN, |place| crate::map::finite(values[place]));
        }
    }

    /// The place of the record that a bar takes which closes then, by the ascending times of the
    /// records; none if no record was known, or the last one is too old.
    #[must_use]
    pub fn last(self, times: &[i64], close: i64) -> Option<usize> {
        let known = times.partition_point(|time| self.is_known(*time, close));
        known.checked_sub(1).filter(|place| self.is_young(times[*place], close))
    }

    /// True if a bar that closes then knows a record of this time.
    #[must_use]
    pub fn is_known(self, time: i64, close: i64) -> bool {
        let known = time.saturating_add(self.delay);
        known < close || known == close && self.ties == Ties::At
    }

    fn is_young(self, time: i64, close: i64) -> bool {
        let age = close.saturating_sub(time.saturating_add(self.delay));
        self.max_age.is_none_or(|most| age <= most)
    }
}

/// The records of one symbol, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The times of the records, ns since 1970 UTC, ascending.
    pub times: Vec<i64>,
    /// The values of each column.
    pub values: Vec<Vec<f64>>,
}

/// A slower series, to be joined to the bars of a market.
#[derive(Clone, Debug)]
pub struct Join {
    /// Its name, `funding`.
    pub name: String,
    /// The names of the columns of its records.
    pub columns: Vec<String>,
    /// The record that a bar takes.
    pub as_of: AsOf,
    /// All its records.
    pub records: Vec<Records>,
    /// For each series of the market the place of its records; none for a symbol without records.
    pub of_series: Vec<Option<usize>>,
}

impl Join {
    /// The value of this join that a column of the market has, by the name of the column.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let (join, value) = parts(name)?;
        (join == self.name).then(|| self.columns.iter().position(|column| column == value))?
    }

    /// The values of a column for bars of a series of the market, by their closes.
    pub(crate) fn take(&self, column: usize, series: usize, closes: &[i64], taken: &mut [f64]) {
        match self.of_series.get(series).copied().flatten() {
            None => taken.fill(f64::NAN),
            Some(of) => {
                let Records { times, values } = &self.records[of];
                self.as_of.take(times, &values[column], closes, taken);
            }
        }
    }

    /// Its columns for the bars of a market, under the names by which features use them.
    #[must_use]
    pub fn columns_of(&self, market: &Market) -> Vec<MarketColumn> {
        let ts = market.ts();
        let mut closes = vec![0; ts.len()];
        for span in market.series() {
            let (opens, closes) = (&ts[span.start..span.end], &mut closes[span.start..span.end]);
            close_times(Interval::most_frequent(opens), opens, closes);
        }
        let column = |(place, name): (usize, &String)| {
            let mut values = vec![f64::NAN; ts.len()];
            for (series, span) in market.series().iter().enumerate() {
                let rows = span.start..span.end;
                self.take(place, series, &closes[rows.clone()], &mut values[rows]);
            }
            MarketColumn { name: format!("{JOIN}{}.{name}", self.name), values: values.into() }
        };
        self.columns.par_iter().enumerate().map(column).collect()
    }
}

/// The join and its value that a column's name says: `funding` and `rate` of `join.funding.rate`.
#[must_use]
pub fn parts(name: &str) -> Option<(&str, &str)> {
    let (join, value) = name.strip_prefix(JOIN)?.split_once('.')?;
    (!join.is_empty() && !value.is_empty() && !value.contains('.')).then_some((join, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_three_parts() {
        assert_eq!(parts("join.funding.rate"), Some(("funding", "rate")));
        for other in
            ["join", "join.", "join.funding", "join.funding.", "join..x", "join.a.b.c", "x"]
        {
            assert_eq!(parts(other), None, "{other}");
        }
    }

    fn taken(as_of: AsOf, times: &[i64], closes: &[i64]) -> Vec<i64> {
        let values: Vec<f64> = (0_i32..).map(f64::from).take(times.len()).collect();
        let mut taken = vec![0.0; closes.len()];
        as_of.take(times, &values, closes, &mut taken);
        for (taken, close) in taken.iter().zip(closes) {
            let last = as_of.last(times, *close).map_or(f64::NAN, |place| values[place]);
            assert_eq!(taken.to_bits(), last.to_bits(), "one bar takes what it takes among all");
        }
        taken.iter().map(|x| if x.is_nan() { -1 } else { *x as i64 }).collect()
    }

    #[test]
    fn ties_delays_and_ages() {
        let (times, closes) = ([10, 20, 20, 30], [5, 10, 11, 20, 29, 30, 31, 90]);
        let before = AsOf::default();
        assert_eq!(taken(before, &times, &closes), [-1, -1, 0, 0, 2, 2, 3, 3]);
        let at = AsOf { ties: Ties::At, ..before };
        assert_eq!(taken(at, &times, &closes), [-1, 0, 0, 2, 2, 3, 3, 3]);
        let late = AsOf { delay: 10, ..at };
        assert_eq!(taken(late, &times, &closes), [-1, -1, -1, 0, 0, 2, 2, 3]);
        // The age counts from the time at which the record is known.
        let young = AsOf { delay: 10, max_age: Some(9), ties: Ties::At };
        assert_eq!(taken(young, &times, &closes), [-1, -1, -1, 0, 0, 2, 2, -1]);
        let now = AsOf { max_age: Some(0), ..at };
        assert_eq!(taken(now, &times, &closes), [-1, 0, -1, 2, -1, 3, -1, -1]);
        assert_eq!(taken(before, &[], &closes), [-1; 8]);
        assert_eq!(taken(late, &[i64::MAX - 1], &[i64::MAX]), [0], "no time is after the last");
    }

    #[test]
    fn what_is_no_number_is_missing() {
        let mut taken = [0.0; 2];
        AsOf::default().take(&[0, 5], &[f64::INFINITY, f64::NAN], &[1, 6], &mut taken);
        assert!(taken.iter().all(|x| x.is_nan()), "the last record counts, not the last number");
    }
}
