//! Prices that go far off for one bar.

use std::ops::Range;

use super::rows::rows_where;
use super::{Found, Of, median, short};

/// The least distance of a high above both closes around the bar, or of a low below, as a share of
/// them.
const AWAY: f64 = 0.2;
/// The least factor of a close that returns at once, above or below both closes around it.
const FAR: f64 = 1.5;
/// The least distance of a high or low, in median true ranges around it.
const RANGES: f64 = 10.0;
/// Bars on either side whose ranges are looked at, at most, and in all, at least.
const AROUND: usize = 10;
const ENOUGH: usize = 5;

/// `price_spike`: a bar whose high is more than 20% above the close before it and the close after
/// it. It is above both by more than 10 times the median true range of the 20 bars around it. A low
/// as far below both is one too, and a close at more than 1.5 times both, or below them as far,
/// whatever the ranges. Rows `off` are reported already.
pub(crate) fn find(of: &Of<'_>, found: &mut Found, off: &[Range<usize>]) {
    let [_, high, low, close] = of.prices();
    if close.len() < 3 {
        return;
    }
    let ends = close.len() - 1;
    // Beside a close that is missing there is nothing to be told.
    let is_far = |[before, after, high, low]: [f64; 4]| {
        let (up, down) = (1.0 + AWAY, 1.0 - AWAY);
        ((high > up * before) & (high > up * after))
            | ((low < down * before) & (low < down * after))
    };
    let columns = [&close[..ends - 1], &close[2..], &high[1..ends], &low[1..ends]];
    for before in rows_where(columns, is_far) {
        let (row, closes) = (before + 1, &close[before..before + 3]);
        let (top, bottom) = (closes[0].max(closes[2]), closes[0].min(closes[2]));
        let prices = [closes[0], closes[1], closes[2], high[row], low[row]];
        let are_prices = prices.iter().all(|price| price.is_finite() && *price > 0.0);
        if !are_prices || [row - 1, row, row + 1].into_iter().any(|row| is_off(off, row)) {
            continue;
        }
        let away = (high[row] - top).max(bottom - low[row]);
        let usual = median_range([high, low, close], row);
        let wick = usual.is_some_and(|usual| away > RANGES * usual);
        if wick || closes[1] > FAR * top || closes[1] * FAR < bottom {
            let what = || {
                let (name, price, side, nearest) = if high[row] - top > bottom - low[row] {
                    ("high", high[row], "above", top)
                } else {
                    ("low", low[row], "below", bottom)
                };
                format!(
                    "{name} {} is {:.0}% {side} the closes before and after it, {} and {}",
                    short(price),
                    100.0 * (price / nearest - 1.0).abs(),
                    short(closes[0]),
                    short(closes[2])
                )
            };
            found.warn(of, "price_spike", row, what);
        }
    }
}

/// Returns true if a row is in one of these runs, which are in order.
fn is_off(off: &[Range<usize>], row: usize) -> bool {
    let after = off.partition_point(|run| run.end <= row);
    off.get(after).is_some_and(|run| run.contains(&row))
}

/// The median true range around a row, without those to which its bar belongs: from the greater of
/// the high and the close before to the lesser of the low and that close.
fn median_range([high, low, close]: [&[f64]; 3], row: usize) -> Option<f64> {
    let rows = row.saturating_sub(AROUND).max(1)..close.len().min(row + 2 + AROUND);
    let mut ranges: Vec<f64> = rows
        .filter(|at| *at != row && *at != row + 1)
        .map(|at| high[at].max(close[at - 1]) - low[at].min(close[at - 1]))
        .filter(|range| range.is_finite())
        .collect();
    if ranges.len() < ENOUGH { None } else { median(&mut ranges) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};

    fn spikes(change: impl Fn(&mut [Bar])) -> Vec<u32> {
        let mut bars = Bar::walk(100);
        change(&mut bars);
        places(&report("", &bars, |_| String::new()), "price_spike")
    }

    #[test]
    fn wicks_and_closes_that_come_back_are_told() {
        assert_eq!(spikes(|bars| bars[50].high *= 1.3), [52]);
        assert_eq!(spikes(|bars| bars[50].low *= 0.7), [52]);
        assert_eq!(spikes(|bars| bars[50] = bars[50].times(1.6)), [52]);
        assert_eq!(spikes(|bars| bars[50] = bars[50].times(0.3)), [52]);
    }

    #[test]
    fn moves_that_stay_or_are_usual_are_not() {
        let none = [0_u32; 0];
        assert_eq!(spikes(|bars| bars[50].high *= 1.15), none);
        assert_eq!(
            spikes(|bars| bars[50..].iter_mut().for_each(|bar| *bar = bar.times(1.6))),
            none
        );
        // Where every bar moves by a fifth, a wick of a third is usual.
        let wild = |bars: &mut [Bar]| {
            for (row, bar) in bars.iter_mut().enumerate() {
                *bar = bar.times(if row % 2 == 0 { 1.0 } else { 1.2 });
            }
            bars[51].high *= 1.35;
        };
        assert_eq!(spikes(wild), none);
        assert_eq!(spikes(|bars| bars[0].high *= 2.0), none, "nothing is before the first");
    }
}
