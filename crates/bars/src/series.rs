//! The bars of a symbol as validated columns.

use std::collections::BTreeSet;

use crate::{BarsError, Interval, PRICE_COLUMNS, first_fault};

/// A named column of bars, one value a bar. NaN means missing; prices have none.
#[derive(Clone, Debug)]
pub struct Column {
    /// Lower-case name: `open`, `volume`, `funding_rate`.
    pub name: String,
    /// A value for each bar, known at the close of its bar.
    pub values: Vec<f64>,
}

impl Column {
    /// A column of this name.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values }
    }
}

/// The bars of one symbol in time order, as columns. One that exists is valid.
///
/// Times ascend strictly; `open`, `high`, `low` and `close` are there, and every bar passes
/// [`bar_fault`](crate::bar_fault). Other columns may have missing values (NaN).
#[derive(Clone, Debug)]
pub struct Series {
    symbol: String,
    ts: Vec<i64>,
    columns: Vec<Column>,
    breaks: Vec<usize>,
    interval: Option<Interval>,
}

impl Series {
    /// Checks bars and takes them. `ts` are bar open times in ns since 1970 UTC.
    ///
    /// # Errors
    /// No bars, a missing or doubled column, a column of another length, times that do not
    /// ascend, or the first bar with a [`BarFault`](crate::BarFault).
    pub fn new(
        symbol: impl Into<String>,
        ts: Vec<i64>,
        columns: Vec<Column>,
    ) -> Result<Self, BarsError> {
        let series =
            Self { symbol: symbol.into(), ts, columns, breaks: Vec::new(), interval: None };
        series.check_shape()?;
        series.check_times()?;
        series.check_bars()?;
        Ok(series)
    }

    /// Says before which bars a segment must end, because a bar was dropped there.
    /// Indices count from 0; order and repeats do not matter.
    ///
    /// # Errors
    /// An index past the last bar.
    pub fn with_breaks(mut self, mut breaks: Vec<usize>) -> Result<Self, BarsError> {
        breaks.sort_unstable();
        breaks.dedup();
        if let Some(&bar) = breaks.iter().find(|bar| **bar >= self.len()) {
            let bars = self.len();
            return Err(BarsError::BreakOutOfRange { symbol: self.symbol, bar, bars });
        }
        self.breaks = breaks;
        Ok(self)
    }

    /// Says how long its bars are. Without this it is the most frequent step.
    ///
    /// # Errors
    /// Most bars follow each other by less.
    pub fn with_interval(mut self, interval: Interval) -> Result<Self, BarsError> {
        // Where clocks change, a day has an hour less.
        const DAY: i64 = 86_400_000_000_000;
        let shortest = interval.shortest_ns();
        let shortest = if shortest >= DAY { shortest - DAY / 24 } else { shortest };
        if let Some(most) = Interval::most_frequent(&self.ts)
            && most.longest_ns() < shortest
        {
            return Err(BarsError::NotSoLong { symbol: self.symbol, given: interval, most });
        }
        self.interval = Some(interval);
        Ok(self)
    }

    /// The same bars with further columns after their own.
    ///
    /// # Errors
    /// A column that is there already, or one of another length.
    pub fn with_columns(mut self, columns: Vec<Column>) -> Result<Self, BarsError> {
        self.columns.extend(columns);
        self.check_shape()?;
        Ok(self)
    }

    /// The same bars, which were made to be so long, whatever their steps are.
    #[must_use]
    pub fn made_of(self, interval: Interval) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// The length of its bars, given or the most frequent step; none for a single bar.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        self.interval.or_else(|| Interval::most_frequent(&self.ts))
    }

    /// The symbol.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Number of bars: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a series is never empty")]
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Bar open times, ns since 1970 UTC, strictly ascending.
    #[must_use]
    pub fn ts(&self) -> &[i64] {
        &self.ts
    }

    /// All columns, in the order given.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values of a column, one a bar.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|c| c.name == name).map(|c| c.values.as_slice())
    }

    /// Bar indices before which a segment must end, ascending.
    #[must_use]
    pub fn breaks(&self) -> &[usize] {
        &self.breaks
    }

    /// The values of a column.
    ///
    /// # Errors
    /// There is no such column; the error lists those that there are.
    pub fn require(&self, name: &str) -> Result<&[f64], BarsError> {
        self.column(name).ok_or_else(|| BarsError::MissingColumn {
            symbol: self.symbol.clone(),
            column: name.to_owned(),
            // Of very many some are enough.
            available: self
                .columns
                .iter()
                .take(40)
                .map(|c| &*c.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Symbol, times and columns.
    pub(crate) fn into_parts(self) -> (String, Vec<i64>, Vec<Column>) {
        (self.symbol, self.ts, self.columns)
    }

    fn check_shape(&self) -> Result<(), BarsError> {
        if self.ts.is_empty() {
            return Err(BarsError::Empty { symbol: self.symbol.clone() });
        }
        let mut names = BTreeSet::new();
        for column in &self.columns {
            let (symbol, name) = (self.symbol.clone(), column.name.clone());
            if !names.insert(&column.name) {
                return Err(BarsError::DuplicateColumn { symbol, column: name });
            }
            let (got, expected) = (column.values.len(), self.ts.len());
            if got != expected {
                return Err(BarsError::Length { symbol, column: name, got, expected });
            }
        }
        PRICE_COLUMNS.iter().try_for_each(|name| self.require(name).map(drop))
    }

    fn check_times(&self) -> Result<(), BarsError> {
        match self.ts.windows(2).position(|pair| pair[0] >= pair[1]) {
            None => Ok(()),
            Some(before) => Err(BarsError::NotAscending {
                symbol: self.symbol.clone(),
                bar: before + 1,
                ts: self.ts[before + 1],
                previous: self.ts[before],
            }),
        }
    }

    fn check_bars(&self) -> Result<(), BarsError> {
        let prices = PRICE_COLUMNS.map(|name| self.column(name).unwrap_or(&[]));
        match first_fault(prices, self.column("volume")) {
            None => Ok(()),
            Some((bar, fault)) => {
                let [open, high, low, close] = prices.map(|column| column[bar]);
                let symbol = self.symbol.clone();
                Err(BarsError::BadBar { symbol, bar, fault, open, high, low, close })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(n: usize) -> Vec<Column> {
        PRICE_COLUMNS.iter().map(|name| Column::new(*name, vec![1.0; n])).collect()
    }

    #[test]
    fn refuses_what_is_not_a_series() {
        assert!(matches!(Series::new("A", vec![], columns(0)), Err(BarsError::Empty { .. })));
        assert!(matches!(
            Series::new("A", vec![1, 1], columns(2)),
            Err(BarsError::NotAscending { bar: 1, .. })
        ));
        assert!(matches!(
            Series::new("A", vec![1, 2], columns(1)),
            Err(BarsError::Length { got: 1, expected: 2, .. })
        ));
        let mut short = columns(1);
        short.pop();
        assert!(matches!(Series::new("A", vec![1], short), Err(BarsError::MissingColumn { .. })));
        let mut bad = columns(2);
        bad[3].values[1] = f64::NAN;
        assert!(matches!(Series::new("A", vec![1, 2], bad), Err(BarsError::BadBar { bar: 1, .. })));
        let mut twice = columns(1);
        twice.push(Column::new("open", vec![1.0]));
        assert!(matches!(Series::new("A", vec![1], twice), Err(BarsError::DuplicateColumn { .. })));
        let series = Series::new("A", vec![1], columns(1)).unwrap();
        assert!(matches!(
            series.with_columns(vec![Column::new("x", vec![])]),
            Err(BarsError::Length { got: 0, expected: 1, .. })
        ));
        assert!(matches!(
            Series::new("A", vec![1], columns(1)).unwrap().with_breaks(vec![1]),
            Err(BarsError::BreakOutOfRange { bar: 1, bars: 1, .. })
        ));
    }
}
