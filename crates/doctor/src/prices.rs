//! Prices in another unit than those around them.

use std::ops::Range;

use super::rows::rows_where;
use super::{Found, Of, median, shifts, short, spikes};

/// A ratio counts as a power of ten within this share of it.
const NEAR: f64 = 0.2;
/// Ratios below this one are near no power of ten: 10 less a fifth.
const WIDE: f64 = 8.0;
const POWERS: [f64; 6] = [1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/// Closes that make a level, at most, and rows among which they are looked for.
const CLOSES: usize = 5;
const ROWS: usize = 20;
/// Closes are of one level if the greatest is not more than this many times the least.
const AGREE: f64 = 2.0;

/// `price_scale`: prices that are 10 to 1,000,000 times those around them, or a part of them as
/// small, within a fifth of a power of ten; the five closes before, which are the level, must agree
/// within a factor of two.
///
/// Told are a close, or a run of closes up to the one that comes back, by its first bar; a level
/// from which closes do not come back, which a split may be too; and an open, high or low off its
/// own close. The rest of the bar is not judged again: `price_spike` passes it over.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let [open, high, low, close] = of.prices();
    let (mut off, levels) = find_closes(of, close, found);
    shifts::find(of, found, &off, &levels);
    let mut known = off.iter().peekable();
    let mut bars = Vec::new();
    // A close that is no price, or a price that is missing, fails both.
    let is_wide = |[open, high, low, close]: [f64; 4]| {
        let far = WIDE * close;
        let is_above = (open > far) | (high > far) | (low > far);
        is_above | (open * WIDE < close) | (high * WIDE < close) | (low * WIDE < close)
    };
    for row in rows_where([open, high, low, close], is_wide) {
        let close = close[row];
        if !is_price(close) {
            continue;
        }
        while known.next_if(|run| run.end <= row).is_some() {}
        if known.peek().is_some_and(|run| run.contains(&row)) {
            continue;
        }
        let of_bar = [("open", open[row]), ("high", high[row]), ("low", low[row])];
        let wrong = |(name, price): (&'static str, f64)| {
            let power = is_price(price).then(|| power(price / close)).flatten()?;
            Some((name, price, power))
        };
        if let Some((name, price, power)) = of_bar.into_iter().find_map(wrong) {
            let what = || {
                format!(
                    "{name} {} is about {} its close, {}",
                    short(price),
                    times(power),
                    short(close)
                )
            };
            found.warn(of, "price_scale", row, what);
            bars.push(row..row + 1);
        }
    }
    off.extend(bars);
    off.sort_unstable_by_key(|run| run.start);
    spikes::find(of, found, &off);
}

/// Finds closes that are off, as runs of rows in order, and rows from which on all closes are.
fn find_closes(of: &Of<'_>, close: &[f64], found: &mut Found) -> (Vec<Range<usize>>, Vec<usize>) {
    let (mut off, mut levels): (Vec<Range<usize>>, Vec<usize>) = (Vec::new(), Vec::new());
    let jumps = jumps(close);
    let mut at = 0;
    while let Some((row, _)) = jumps.get(at).copied() {
        at += 1;
        let Some(before) = level(rows_before(close, row, &off)) else { continue };
        let Some(power) = power(close[row] / before) else { continue };
        let back = jumps.get(at).filter(|(_, ratio)| self::power(*ratio) == Some(-power));
        if let Some((end, _)) = back.copied() {
            at += 1;
            let others = end - row - 1;
            let what = || {
                let more = match others {
                    0 => String::new(),
                    1 => ", as is the one after it".to_owned(),
                    n => format!(", as are the {n} after it"),
                };
                format!(
                    "close {} is about {} those around it, {}{more}",
                    short(close[row]),
                    times(power),
                    short(before)
                )
            };
            found.warn(of, "price_scale", row, what);
            off.push(row..end);
        } else if let Some(after) = level(rows_after(close, row))
            && self::power(after / before) == Some(power)
        {
            let what = || {
                format!(
                    "closes are about {} those before from here on, {} and {} before: another unit, or a split",
                    times(power),
                    short(after),
                    short(before)
                )
            };
            found.warn(of, "price_scale", row, what);
            levels.push(row);
        }
    }
    (off, levels)
}

fn is_price(price: f64) -> bool {
    price.is_finite() && price > 0.0
}

/// The power of ten that a ratio is near to, if it is one from 10 to 1,000,000, or one of its
/// parts.
fn power(ratio: f64) -> Option<i32> {
    let (sign, ratio) = if ratio < 1.0 { (-1, 1.0 / ratio) } else { (1, ratio) };
    let near = POWERS.iter().position(|power| (ratio / power - 1.0).abs() <= NEAR)?;
    Some(sign * (near as i32 + 1))
}

/// `100 times`, `1/100 of`.
fn times(power: i32) -> String {
    let number = POWERS[power.unsigned_abs() as usize - 1];
    if power > 0 { format!("{number} times") } else { format!("1/{number} of") }
}

/// Rows whose close is far off the last one that is a price in the 20 rows before, with their
/// ratio.
fn jumps(close: &[f64]) -> Vec<(usize, f64)> {
    let before = &close[..close.len().saturating_sub(1)];
    // What is no price is looked at, as is what follows it.
    let is_jump = |[before, now]: [f64; 2]| {
        let is_far = (now > WIDE * before) | (now * WIDE < before);
        is_far | !((before > 0.0) & (now > 0.0) & (now < f64::INFINITY))
    };
    let mut jumps = Vec::new();
    for row in rows_where([before, close.get(1..).unwrap_or_default()], is_jump) {
        let (row, now) = (row + 1, close[row + 1]);
        let last = close[..row].iter().rev().take(ROWS).find(|close| is_price(**close));
        if let Some(last) = last.filter(|_| is_price(now))
            && (now > WIDE * last || now * WIDE < *last)
        {
            jumps.push((row, now / last));
        }
    }
    jumps
}

/// The median of closes that agree; none if they don't, or there are none.
fn level(mut closes: Vec<f64>) -> Option<f64> {
    let least = closes.iter().copied().fold(f64::INFINITY, f64::min);
    let agree = closes.iter().all(|close| *close <= AGREE * least);
    if agree { median(&mut closes) } else { None }
}

/// The closes before a row, those off left out.
fn rows_before(close: &[f64], row: usize, off: &[Range<usize>]) -> Vec<f64> {
    let mut off = off.iter().rev().peekable();
    let (mut closes, mut at) = (Vec::with_capacity(CLOSES), row);
    for _ in 0..ROWS {
        while let Some(run) = off.next_if(|run| run.end >= at) {
            at = at.min(run.start);
        }
        if at == 0 || closes.len() == CLOSES {
            break;
        }
        at -= 1;
        closes.extend(Some(close[at]).filter(|close| is_price(*close)));
    }
    closes
}

/// The closes from a row on.
fn rows_after(close: &[f64], row: usize) -> Vec<f64> {
    close[row..].iter().copied().take(ROWS).filter(|close| is_price(*close)).take(CLOSES).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};
    use super::*;

    fn scaled(rows: Range<usize>, factor: f64) -> Vec<Bar> {
        let mut bars = Bar::walk(100);
        for bar in &mut bars[rows] {
            *bar = bar.times(factor);
        }
        bars
    }

    fn told(bars: &[Bar]) -> Vec<(u32, String)> {
        let report = report("", bars, |_| String::new());
        assert_eq!(places(&report, "price_spike"), [0_u32; 0], "{report}");
        let finding = report.findings.into_iter().find(|f| f.kind == "price_scale");
        let places = finding.map_or(vec![], |f| f.places);
        places.into_iter().map(|place| (place.row, place.what)).collect()
    }

    #[test]
    fn powers_are_near_or_not() {
        for (ratio, expected) in [
            (10.0, Some(1)),
            (8.1, Some(1)),
            (11.9, Some(1)),
            (7.9, None),
            (12.1, None),
            (0.01, Some(-2)),
            (1e6, Some(6)),
            (1e7, None),
            (50.0, None),
            (0.0, None),
        ] {
            assert_eq!(power(ratio), expected, "{ratio}");
        }
    }

    #[test]
    fn a_bar_and_a_run_are_told_by_their_first_bar() {
        for (factor, words) in
            [(100.0, "about 100 times those around it"), (1e-3, "about 1/1000 of those")]
        {
            let one = told(&scaled(50..51, factor));
            assert_eq!((one.len(), one[0].0), (1, 52), "{one:?}");
            assert!(one[0].1.contains(words), "{one:?}");
        }
        let run = told(&scaled(50..60, 10.0));
        assert_eq!((run.len(), run[0].0), (1, 52));
        assert!(run[0].1.ends_with(", as are the 9 after it"), "{run:?}");
        let mut alternating = Bar::walk(40);
        alternating.iter_mut().step_by(2).skip(1).for_each(|bar| *bar = bar.times(100.0));
        assert_eq!(report("", &alternating, |_| String::new()).findings[0].count, 19);
    }

    #[test]
    fn a_change_of_unit_is_told_once() {
        let lasting = told(&scaled(50..100, 0.01));
        assert_eq!((lasting.len(), lasting[0].0), (1, 52));
        assert!(lasting[0].1.contains("about 1/100 of those before from here on"), "{lasting:?}");
        assert!(lasting[0].1.ends_with("or a split"), "{lasting:?}");
        assert_eq!(
            told(&scaled(0..1, 10.0))[0].0,
            3,
            "the second bar leaves the level of the first"
        );
        assert_eq!(told(&scaled(99..100, 10.0))[0].0, 101, "the last");
    }

    #[test]
    fn one_price_of_a_bar_is_told() {
        let mut bars = Bar::walk(100);
        bars[50].low *= 10.0;
        let low = told(&bars);
        assert_eq!((low.len(), low[0].0), (1, 52));
        assert!(
            low[0].1.starts_with("low ") && low[0].1.contains("about 10 times its close"),
            "{low:?}"
        );
    }

    #[test]
    fn other_moves_are_no_change_of_unit() {
        assert_eq!(told(&scaled(50..100, 5.0)), []);
        assert_eq!(told(&scaled(50..100, 1.0 / 7.0)), [], "a split by 7");
        assert_eq!(told(&scaled(50..100, 20.0)), []);
        // Nothing is known where neighbours do not agree.
        let mut wild = Bar::walk(100);
        for (row, bar) in wild.iter_mut().enumerate() {
            *bar = bar.times([1.0, 3.0, 11.0, 29.0][row % 4]);
        }
        assert_eq!(places(&report("", &wild, |_| String::new()), "price_scale"), [0_u32; 0]);
    }
}
