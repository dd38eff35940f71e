//! Statistics of a curve of equity and of its trades.
//!
//! Definitions are those of empyrical, scipy and vectorbt; docs/backtest.md has them in one table.

use crate::sum::Sum;
use crate::{Outcome, Trade};

/// Statistics of returns. An undefined one is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Number of returns.
    pub periods: usize,
    /// Product of 1 + r, less 1.
    pub total_return: f64,
    /// `(1 + total)^(A / n) - 1`.
    pub cagr: Option<f64>,
    /// Standard deviation (ddof 1) times the root of A.
    pub volatility: Option<f64>,
    /// Mean over standard deviation (ddof 1), times the root of A.
    pub sharpe: Option<f64>,
    /// Mean times A over the downside deviation a year.
    pub sortino: Option<f64>,
    /// Sum of gains over sum of losses.
    pub omega: Option<f64>,
    /// The largest loss from a peak, of it: at most 0. The cash is the first peak.
    pub max_drawdown: f64,
    /// CAGR over the absolute largest drawdown.
    pub calmar: Option<f64>,
    /// The longest run of periods below a peak.
    pub drawdown_bars: usize,
    /// The 5th percentile of returns, linear between neighbours.
    pub var: Option<f64>,
    /// Mean of the lowest `floor(0.05 (n - 1)) + 1` returns.
    pub cvar: Option<f64>,
    /// Absolute 95th over absolute 5th percentile.
    pub tail: Option<f64>,
    /// Skewness, biased.
    pub skew: Option<f64>,
    /// Excess kurtosis, biased.
    pub kurtosis: Option<f64>,
    /// Probability that the true Sharpe ratio is above 0 (Bailey and Lopez de Prado 2012).
    pub psr: Option<f64>,
}

/// Statistics of closed trades. An undefined one is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TradeStatistics {
    /// Number of closed trades.
    pub closed: usize,
    /// Number of positions that are open at the end.
    pub open: usize,
    /// Share of closed trades with a profit.
    pub win_rate: Option<f64>,
    /// Sum of profits over sum of losses.
    pub profit_factor: Option<f64>,
    /// Mean profit of a trade, dollars.
    pub expectancy: Option<f64>,
    /// Root of the number, times mean over standard deviation (ddof 1) of profits.
    pub sqn: Option<f64>,
    /// Mean of the bars from entry to exit.
    pub mean_held_bars: Option<f64>,
    /// The greatest profit, dollars.
    pub best: Option<f64>,
    /// The least profit, dollars.
    pub worst: Option<f64>,
}

/// Below this share of the mean square, a spread of equal numbers is rounding.
const ROUNDING: f64 = 1e-14;

fn defined(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().copied().collect::<Sum>().get() / values.len() as f64
}

/// Sum of powers of the differences from the mean.
fn moment(values: &[f64], mean: f64, power: i32) -> f64 {
    let powered = |x: &f64| (0..power).fold(1.0, |product, _| product * (x - mean));
    values.iter().map(powered).collect::<Sum>().get()
}

/// The standard deviation (ddof 1); none for fewer than two values.
fn deviation(values: &[f64], mean: f64) -> Option<f64> {
    (values.len() > 1).then(|| libm::sqrt(moment(values, mean, 2) / (values.len() - 1) as f64))
}

/// A quotient; none if the divisor is 0, or nothing but rounding of values of this size.
fn over(x: f64, divisor: f64, size: f64) -> Option<f64> {
    (divisor.abs() > ROUNDING * size.abs()).then(|| x / divisor).and_then(defined)
}

/// A percentile, linear between neighbours. It reorders the values.
fn percentile(values: &mut [f64], share: f64) -> f64 {
    let at = share * (values.len() - 1) as f64;
    let (low, part) = (libm::floor(at) as usize, at - libm::floor(at));
    let (_, value, above) = values.select_nth_unstable_by(low, f64::total_cmp);
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(next) => *value + (next - *value) * part,
        None => *value,
    }
}

/// The normal distribution.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

impl Statistics {
    /// The statistics of a curve of equity that began with so much cash. `a_year` is A, the number
    /// of periods a year.
    #[must_use]
    pub fn of(cash: f64, equity: &[f64], a_year: f64) -> Self {
        Self::of_returns(&Self::returns(cash, equity), a_year)
    }

    /// The simple returns of a curve of equity that began with so much cash. Those of a ruined
    /// account are 0.
    #[must_use]
    pub fn returns(cash: f64, equity: &[f64]) -> Vec<f64> {
        let before = [cash].into_iter().chain(equity.iter().copied());
        let one = |(before, now): (f64, &f64)| if before == 0.0 { 0.0 } else { now / before - 1.0 };
        before.zip(equity).map(one).collect()
    }

    /// The statistics of simple returns.
    #[must_use]
    pub fn of_returns(returns: &[f64], a_year: f64) -> Self {
        let n = returns.len();
        if n == 0 {
            return Self::default();
        }
        let root = libm::sqrt(a_year);
        let mean = mean(returns);
        let size = returns.iter().fold(0.0_f64, |most, r| most.max(r.abs()));
        let deviation = deviation(returns, mean);
        let (mut value, mut peak, mut deepest) = (1.0, 1.0_f64, 0.0_f64);
        let (mut under, mut longest) = (0, 0);
        for r in returns {
            value *= 1.0 + r;
            peak = peak.max(value);
            deepest = deepest.min(value / peak - 1.0);
            under = if value < peak { under + 1 } else { 0 };
            longest = longest.max(under);
        }
        let total = value - 1.0;
        let cagr =
            (value >= 0.0).then(|| libm::pow(value, a_year / n as f64) - 1.0).and_then(defined);
        let below = |r: &f64| if *r < 0.0 { r * r } else { 0.0 };
        let downside = libm::sqrt(returns.iter().map(below).collect::<Sum>().get() / n as f64);
        let sum_of = |keep: fn(&&f64) -> bool| -> f64 {
            returns.iter().filter(keep).copied().collect::<Sum>().get()
        };
        let (gains, losses) = (sum_of(|r| **r > 0.0), -sum_of(|r| **r < 0.0));
        let mut reordered = returns.to_vec();
        let (low, high) = (percentile(&mut reordered, 0.05), percentile(&mut reordered, 0.95));
        let lowest = libm::floor(0.05 * (n - 1) as f64) as usize + 1;
        if lowest < n {
            reordered.select_nth_unstable_by(lowest - 1, f64::total_cmp);
        }
        // In their order, so that the sum has the same bits however they were reordered.
        reordered[..lowest].sort_unstable_by(f64::total_cmp);
        let second = moment(returns, mean, 2) / n as f64;
        let spread = libm::sqrt(second);
        let standardised = |power: i32| {
            let scale = (0..power).fold(1.0, |product, _| product * spread);
            let is_spread = spread > ROUNDING * size;
            is_spread.then(|| moment(returns, mean, power) / n as f64 / scale).and_then(defined)
        };
        let (skew, kurtosis) = (standardised(3), standardised(4).map(|k| k - 3.0));
        let per_period = deviation.and_then(|deviation| over(mean, deviation, size));
        let psr = match (per_period, skew, kurtosis) {
            (Some(ratio), Some(skew), Some(kurtosis)) => psr(ratio, 0.0, n, skew, kurtosis + 3.0),
            _ => None,
        };
        Self {
            periods: n,
            total_return: total,
            cagr,
            volatility: deviation.map(|deviation| deviation * root),
            sharpe: per_period.map(|ratio| ratio * root),
            sortino: over(mean * a_year, downside * root, 0.0),
            omega: over(gains, losses, 0.0),
            max_drawdown: deepest,
            calmar: cagr.and_then(|cagr| over(cagr, deepest.abs(), 0.0)),
            drawdown_bars: longest,
            var: defined(low),
            cvar: defined(self::mean(&reordered[..lowest])),
            tail: over(high.abs(), low.abs(), 0.0),
            skew,
            kurtosis,
            psr,
        }
    }
}

/// The probability that a true Sharpe ratio a period is above `against`, by the one of n returns
/// with this skewness and kurtosis (not the excess).
#[must_use]
pub(crate) fn psr(ratio: f64, against: f64, n: usize, skew: f64, kurtosis: f64) -> Option<f64> {
    let square = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio;
    let scaled = (ratio - against) * libm::sqrt((n - 1) as f64) / libm::sqrt(square);
    (n > 1 && square > 0.0).then(|| normal(scaled)).and_then(defined)
}

impl TradeStatistics {
    /// The statistics of trades.
    #[must_use]
    pub fn of(trades: &[Trade]) -> Self {
        let closed: Vec<&Trade> = trades.iter().filter(|trade| trade.cause.is_some()).collect();
        let open = trades.len() - closed.len();
        let profits: Vec<f64> = closed.iter().map(|trade| trade.pnl).collect();
        if profits.is_empty() {
            return Self { open, ..Self::default() };
        }
        let (n, mean) = (profits.len() as f64, mean(&profits));
        let sum_of = |keep: fn(&&f64) -> bool| -> f64 {
            profits.iter().filter(keep).copied().collect::<Sum>().get()
        };
        let size = profits.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let held: usize = closed.iter().map(|trade| trade.held_bars()).sum();
        Self {
            closed: profits.len(),
            open,
            win_rate: defined(profits.iter().filter(|x| **x > 0.0).count() as f64 / n),
            profit_factor: over(sum_of(|x| **x > 0.0), -sum_of(|x| **x < 0.0), 0.0),
            expectancy: defined(mean),
            sqn: deviation(&profits, mean).and_then(|d| over(libm::sqrt(n) * mean, d, size)),
            mean_held_bars: defined(held as f64 / n),
            best: profits.iter().copied().reduce(f64::max),
            worst: profits.iter().copied().reduce(f64::min),
        }
    }
}

impl Outcome {
    /// The statistics of its equity. `a_year` is A, the number of times of the clock a year.
    #[must_use]
    pub fn statistics(&self, cash: f64, a_year: f64) -> Statistics {
        Statistics::of(cash, &self.equity, a_year)
    }

    /// The statistics of its trades.
    #[must_use]
    pub fn trade_statistics(&self) -> TradeStatistics {
        TradeStatistics::of(&self.trades)
    }
}
