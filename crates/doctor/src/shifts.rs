//! Prices at another level from some bar on.

use std::ops::Range;

use super::rows::rows_where;
use super::{Found, Of, short};

/// From one bar to the next a close changes this many times over, or is divided by it.
const SHIFT: f64 = 1.5;
/// All closes after are this many times all those before, or a part of them as small; and so is the
/// space between the ranges of the two bars, which the price never crossed.
const APART: f64 = 1.3;
/// Closes on either side, at most and at least.
const CLOSES: usize = 5;
const ENOUGH: usize = 3;

/// `level_shift`: closes change by 1.5 times or more from one bar to the next and stay. The five
/// closes after are at least 1.3 times the five before, or below them as far; so are the ranges of
/// the two bars; and the change is more than the third power of any other step among these closes,
/// so that a wild market causes none. Unadjusted splits and changes of unit cause one, and a `gap`
/// does not. Runs of rows `off`, `levels` of `price_scale`, and first rows of files are reported
/// already.
pub(crate) fn find(of: &Of<'_>, found: &mut Found, off: &[Range<usize>], levels: &[usize]) {
    let [_, high, low, close] = of.prices();
    let seams: Vec<usize> = of.raw.origins.seams().map(|(row, ..)| row).collect();
    let is_told = |row: usize| {
        levels.binary_search(&row).is_ok()
            || seams.binary_search(&row).is_ok()
            || off.binary_search_by_key(&row, |run| run.start).is_ok()
            || off.binary_search_by_key(&row, |run| run.end).is_ok()
    };
    let before = &close[..close.len().saturating_sub(1)];
    let is_shift =
        |[before, now]: [f64; 2]| (now >= SHIFT * before) | (now * SHIFT <= before) & (now > 0.0);
    for row in rows_where([before, close.get(1..).unwrap_or_default()], is_shift) {
        let row = row + 1;
        let (start, end) = (row.saturating_sub(CLOSES), close.len().min(row + CLOSES));
        let (was, is) = (&close[start..row], &close[row..end]);
        // Over a gap a price may move far.
        let step = of.raw.ts[row].saturating_sub(of.raw.ts[row - 1]);
        if was.len() < ENOUGH || is.len() < ENOUGH || step > of.limit || is_told(row) {
            continue;
        }
        // How many times what is above is what is below.
        let apart = |a: (f64, f64), b: (f64, f64)| (b.0 / a.1).max(a.0 / b.1);
        let bars = apart((low[row - 1], high[row - 1]), (low[row], high[row]));
        let steps = close[start..end].windows(2).enumerate();
        let steps = steps.filter(|(at, _)| start + at + 1 != row);
        let wildest = steps.map(|(_, pair)| times(pair[1] / pair[0])).fold(1.0, f64::max);
        let ratio = close[row] / close[row - 1];
        // What is no price fails one of these.
        let stays = apart(ends(was), ends(is)) >= APART && bars >= APART;
        if stays && times(ratio) > wildest * wildest * wildest {
            let what = || {
                let word = if ratio > 1.0 { "times" } else { "times less than" };
                let [many, before, now] = [times(ratio), close[row - 1], close[row]].map(short);
                format!(
                    "closes are about {many} {word} those before from here on, {now} and {before} \
                     before: a split, or another unit"
                )
            };
            found.warn(of, "level_shift", row, what);
        }
    }
}

/// Describes the ratio of two prices.
fn times(ratio: f64) -> f64 {
    ratio.max(1.0 / ratio)
}

/// The least and the greatest of closes, NaN where one is no price.
fn ends(closes: &[f64]) -> (f64, f64) {
    let are_prices = closes.iter().all(|close| close.is_finite() && *close > 0.0);
    if !are_prices {
        return (f64::NAN, f64::NAN);
    }
    let start = (f64::INFINITY, 0.0_f64);
    closes.iter().fold(start, |(least, most), close| (least.min(*close), most.max(*close)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, of_files, places, report, text};

    fn told(bars: &[Bar]) -> Vec<u32> {
        places(&report("", bars, |_| String::new()), "level_shift")
    }

    /// Bars of which those from a row on are multiplied.
    fn shifted(from: usize, factor: f64) -> Vec<Bar> {
        let mut bars = Bar::walk(100);
        bars[from..].iter_mut().for_each(|bar| *bar = bar.times(factor));
        bars
    }

    #[test]
    fn a_split_or_another_unit_is_told_where_it_is() {
        for factor in [0.25, 0.5, 1.0 / 1.6, 1.6, 2.27, 5.0, 19.0, 132.0] {
            assert_eq!(told(&shifted(50, factor)), [52], "{factor}");
            assert_eq!(told(&shifted(3, factor)), [5], "{factor}");
            assert_eq!(told(&shifted(97, factor)), [99], "{factor}");
        }
        let mut twice = shifted(30, 0.5);
        twice[60..].iter_mut().for_each(|bar| *bar = bar.times(0.2));
        assert_eq!(told(&twice), [32, 62]);
        let what = &report("", &shifted(50, 0.25), |_| String::new()).findings[0].places[0].what;
        assert!(what.contains("times less than those before from here on"), "{what}");
    }

    #[test]
    fn what_is_told_otherwise_or_does_not_stay_is_not() {
        let none = [0_u32; 0];
        for factor in [0.1, 100.0] {
            assert_eq!(told(&shifted(50, factor)), none, "price_scale tells it");
        }
        assert_eq!(told(&shifted(50, 1.4)), none);
        assert_eq!(told(&shifted(99, 3.0)), none, "nothing is known of what comes after");
        let mut back = shifted(50, 3.0);
        back[52..].iter_mut().for_each(|bar| *bar = bar.times(1.0 / 3.0));
        assert_eq!(told(&back), none);
        // A crash within the bar: the price crossed the space.
        let mut crash = shifted(50, 0.5);
        (crash[50].open, crash[50].high) = (crash[49].close, crash[49].high);
        assert_eq!(told(&crash), none);
        let mut wild = Bar::walk(100);
        for (row, bar) in wild.iter_mut().enumerate() {
            *bar = bar.times([1.0, 1.7, 3.1, 1.8][row % 4]);
        }
        assert_eq!(told(&wild), none);
        let mut negative = shifted(50, 3.0);
        negative[48] = negative[48].times(-1.0);
        assert_eq!(told(&negative), none);
        let halves = [
            ("x-2023-11-14.csv", text("", &Bar::walk(100)[..50], |_| String::new())),
            ("x-2023-11-15.csv", text("", &shifted(50, 2.0)[50..], |_| String::new())),
        ];
        let report = of_files("shift", &halves);
        assert_eq!(places(&report, "level_shift"), none);
        assert_eq!(places(&report, "price_jump"), [2], "{report}");
    }
}
