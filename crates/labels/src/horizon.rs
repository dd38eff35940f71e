//! Labels over all bars of a horizon.

use crate::label::Context;
use crate::rows::each;

/// Log returns from the entry to the close of the last of `bars` bars.
pub(crate) fn returns(context: &Context<'_>, bars: usize) -> Vec<f64> {
    let close = context.market.close();
    each(context.market, f64::NAN, |row| {
        if row.end - row.t < bars {
            return f64::NAN;
        }
        libm::log(close[row.t + bars - 1] / context.entry(row.t))
    })
}

/// Standard deviations of log returns: from the entry to the close of the first live bar, then from
/// close to close.
pub(crate) fn volatility(context: &Context<'_>, bars: usize) -> Vec<f64> {
    let close = context.market.close();
    // Steps from the close before; the first row of a segment has none, and is no later step.
    let steps = each(context.market, f64::NAN, |row| {
        if row.t == row.start { f64::NAN } else { libm::log(close[row.t] / close[row.t - 1]) }
    });
    each(context.market, f64::NAN, |row| {
        if row.end - row.t < bars {
            return f64::NAN;
        }
        let live = context.live(row.t);
        if live >= row.t + bars {
            return f64::NAN;
        }
        let first = libm::log(close[live] / context.entry(row.t));
        deviation(first, &steps[live + 1..row.t + bars])
    })
}

/// The sample standard deviation of a number and others, in two passes.
fn deviation(first: f64, others: &[f64]) -> f64 {
    let count = (others.len() + 1) as f64;
    if others.is_empty() {
        return f64::NAN;
    }
    let mean = others.iter().fold(first, |sum, x| sum + x) / count;
    let square = |x: f64| (x - mean) * (x - mean);
    let squares = others.iter().fold(square(first), |sum, x| sum + square(*x));
    (squares / (count - 1.0)).sqrt()
}

/// The greatest and the least move from the entry.
pub(crate) fn excursions(context: &Context<'_>, bars: usize) -> [Vec<f64>; 2] {
    let index = context.index.horizon();
    let both = each(context.market, [f64::NAN; 2], |row| {
        if row.end - row.t < bars {
            return [f64::NAN; 2];
        }
        let (live, end) = (context.live(row.t), row.t + bars);
        if live >= end {
            return [f64::NAN; 2];
        }
        let [low, high] = index.extremes(live, end);
        let entry = context.entry(row.t);
        [high / entry - 1.0, low / entry - 1.0]
    });
    [both.iter().map(|[up, _]| *up).collect(), both.iter().map(|[_, down]| *down).collect()]
}

/// The logarithms of closes, and of entries where a path of so many bars has room.
pub(crate) fn logarithms(context: &Context<'_>, bars: usize) -> [Vec<f64>; 2] {
    let closes = context.market.close();
    let close = each(context.market, f64::NAN, |row| libm::log(closes[row.t]));
    let entry = each(context.market, f64::NAN, |row| {
        if row.end - row.t < bars { f64::NAN } else { libm::log(context.entry(row.t)) }
    });
    [close, entry]
}
