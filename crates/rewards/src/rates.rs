//! Bars a year, by which rewards are annualised.

use serde::{Deserialize, Serialize};

/// Bars a year of each row of a market: one number, or one a series.
///
/// Daily and minute bars may be in one market, and a Sharpe ratio of one must not be annualised by
/// the bars of the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BarRates(Vec<(usize, f64)>);

impl BarRates {
    /// The first row of each series with its bars a year, in order; the first series begins at row
    /// 0. Without a series, rows have 1 bar a year.
    #[must_use]
    pub fn by_series(series: impl IntoIterator<Item = (usize, f64)>) -> Self {
        let mut rates: Vec<(usize, f64)> = series.into_iter().collect();
        if rates.is_empty() {
            rates.push((0, 1.0));
        }
        rates.dedup_by_key(|(_, rate)| rate.to_bits());
        Self(rates)
    }

    /// The number for a row.
    #[must_use]
    #[inline(always)]
    pub fn at(&self, row: usize) -> f64 {
        let after = match self.0.len() {
            1 => 1,
            _ => self.0.partition_point(|(start, _)| *start <= row),
        };
        self.0[after.max(1) - 1].1
    }

    /// The numbers, each once for series that follow each other.
    pub fn rates(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|(_, rate)| *rate)
    }
}

impl From<f64> for BarRates {
    /// The same number for all rows.
    fn from(rate: f64) -> Self {
        Self(vec![(0, rate)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_rate_of_its_series() {
        let rates = BarRates::by_series([(0, 252.0), (3, 252.0), (5, 12.0), (6, 52.0)]);
        let all: Vec<f64> = (0..8).map(|row| rates.at(row)).collect();
        assert_eq!(all, [252.0, 252.0, 252.0, 252.0, 252.0, 12.0, 52.0, 52.0]);
        assert_eq!(rates.rates().collect::<Vec<_>>(), [252.0, 12.0, 52.0]);
        assert_eq!(BarRates::by_series([(0, 12.0), (9, 12.0)]), BarRates::from(12.0));
        assert_eq!(BarRates::from(12.0).at(1_000), 12.0);
    }
}
