//! A curve of equity beside the calendar, and beside buying and holding.

use barloom_bars::Market;

const DAY_NS: f64 = 86_400e9;

/// The returns of holding each symbol, at equal dollars from the open of its first bar on, at the
/// distinct times of all bars.
pub(super) fn held_returns(market: &Market, times: &[i64]) -> Vec<f64> {
    let count = market.series().len() as f64;
    let mut values = vec![0.0; times.len()];
    for span in market.series() {
        let (ts, close) =
            (&market.ts()[span.start..span.end], &market.close()[span.start..span.end]);
        let first = market.open()[span.start];
        let (mut next, mut mark) = (0, first);
        for (time, value) in times.iter().zip(&mut values) {
            if ts.get(next) == Some(time) {
                mark = close[next];
                next += 1;
            }
            *value += mark / first / count;
        }
    }
    let mut before = 1.0;
    let one = |value: f64| {
        let held = value / before - 1.0;
        before = value;
        held
    };
    values.into_iter().map(one).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Covariance over variance; none if the other returns have no variance.
pub(super) fn beta(own: &[f64], held: &[f64]) -> Option<f64> {
    let (of_own, of_held) = (mean(own.iter().copied()), mean(held.iter().copied()));
    let pairs = || own.iter().zip(held).map(|(r, b)| (r - of_own, b - of_held));
    let covariance: f64 = pairs().map(|(r, b)| r * b).sum();
    let variance: f64 = pairs().map(|(_, b)| b * b).sum();
    let beta = covariance / variance;
    (variance > 0.0 && beta.is_finite()).then_some(beta)
}

/// `(1 + mean(r - beta b))^A - 1`.
pub(super) fn alpha(own: &[f64], held: &[f64], beta: f64, a_year: f64) -> Option<f64> {
    let rest = mean(own.iter().zip(held).map(|(r, b)| r - beta * b));
    let alpha = libm::pow(1.0 + rest, a_year) - 1.0;
    alpha.is_finite().then_some(alpha)
}

/// The longest time from a peak to the time at which it is reached again, or to the end, in days.
/// The cash is a peak at the first time.
pub(super) fn drawdown_days(times: &[i64], cash: f64, equity: &[f64]) -> f64 {
    let Some(first) = times.first() else { return 0.0 };
    let (mut peak, mut since, mut is_under, mut longest) = (cash, *first, false, 0_i64);
    for (time, now) in times.iter().zip(equity) {
        let was_under = is_under;
        is_under = *now < peak;
        if was_under || is_under {
            longest = longest.max(time - since);
        }
        if !is_under {
            (peak, since) = (*now, *time);
        }
    }
    longest as f64 / DAY_NS
}
