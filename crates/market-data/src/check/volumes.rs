//! Volumes in another unit from some bar on.

use super::{Found, Of, median, short};

/// Bars whose median is a level.
const BARS: usize = 50;
/// How many times one level is the other.
const FACTOR: f64 = 100.0;
/// How many times the least level on one side is the greatest on the other, of those that are
/// compared: so many blocks on either side, and of a day at least.
const APART: f64 = 10.0;
const BLOCKS: usize = 4;
const DAY: i64 = 86_400_000_000_000;

/// `volume_scale`: volumes change their level by 100 times or more, and stay there. The medians of
/// the 50 bars before and after are 100 times apart, and all medians of 50 within 200 bars, and
/// within a day, on the one side at least 10 times all those on the other; so a session's beginning
/// is none. Bars without volume do not count. Nothing is told of the first and last day and 50 bars.
pub(super) fn find(of: &Of<'_>, found: &mut Found) {
    let Some(volume) = of.raw.column("volume") else { return };
    let counts = |row: usize| volume[row].is_finite() && volume[row] > 0.0;
    let all = (0..volume.len()).all(counts);
    // Numbers of the bars that count; empty if all do.
    let rows: Vec<usize> =
        if all { Vec::new() } else { (0..volume.len()).filter(|row| counts(*row)).collect() };
    let len = if all { volume.len() } else { rows.len() };
    let row = |at: usize| if all { at } else { rows[at] };
    let levels: Vec<f64> = (0..len / BARS).map(|block| level(volume, block * BARS, row)).collect();
    let mut block = 1;
    while block < levels.len() {
        // The change may be within this block, so that its level is the one or the other.
        let after =
            if apart(levels[block - 1], levels[block]) >= FACTOR { block } else { block + 1 };
        let differ =
            levels.get(after).is_some_and(|after| apart(levels[block - 1], *after) >= FACTOR);
        if !differ {
            block += 1;
            continue;
        }
        let at = place(
            volume,
            (block - 1) * BARS..((after + 1) * BARS).min(len),
            row,
            levels[block - 1],
            levels[after],
        );
        let (first, end) = (at.saturating_sub(BARS), at + BARS);
        if first + BARS == at && end <= len {
            let (before, now) = (level(volume, first, row), level(volume, at, row));
            let span =
                |from: usize, to: usize| of.raw.ts[row(to)].saturating_sub(of.raw.ts[row(from)]);
            if apart(before, now) >= FACTOR && lasts(&levels, at, len, span) {
                let what = || {
                    let (ratio, word) = if now > before {
                        (now / before, "times")
                    } else {
                        (before / now, "times less than")
                    };
                    format!(
                        "volumes are about {} {word} those before from here on: medians of 50 bars {} and {}",
                        short(ratio.round()),
                        short(before),
                        short(now)
                    )
                };
                found.warn(of, "volume_scale", row(at), what);
            }
        }
        block = after + 1;
    }
}

/// How many times one is the other.
fn apart(a: f64, b: f64) -> f64 {
    a.max(b) / a.min(b)
}

/// The median of the bars from one on.
fn level(volume: &[f64], from: usize, row: impl Fn(usize) -> usize) -> f64 {
    let mut values = [0.0; BARS];
    values.iter_mut().enumerate().for_each(|(k, value)| *value = volume[row(from + k)]);
    median(&mut values).unwrap_or(f64::NAN)
}

/// Where volumes go from one level to the other: the fewest are on the wrong side of their middle.
fn place(
    volume: &[f64],
    range: std::ops::Range<usize>,
    row: impl Fn(usize) -> usize,
    before: f64,
    after: f64,
) -> usize {
    let middle = before.sqrt() * after.sqrt();
    let is_new = |at: usize| (volume[row(at)] > middle) == (after > before);
    // Those that are wrong if all are after, then one more is before.
    let mut wrong = range.clone().filter(|at| !is_new(*at)).count();
    let (mut best, mut least) = (range.start, wrong);
    for at in range {
        if is_new(at) {
            wrong += 1
        } else {
            wrong -= 1
        }
        if wrong < least {
            (best, least) = (at + 1, wrong);
        }
    }
    best
}

/// Whether levels on both sides of a place stay apart for long enough.
fn lasts(levels: &[f64], at: usize, len: usize, span: impl Fn(usize, usize) -> i64) -> bool {
    let (before, after) = (at / BARS, at.div_ceil(BARS));
    let (mut low, mut high) = ((f64::INFINITY, 0.0_f64), (f64::INFINITY, 0.0_f64));
    let mut blocks = 0;
    for (block, level) in levels[..before].iter().enumerate().rev() {
        low = (low.0.min(*level), low.1.max(*level));
        blocks += 1;
        if blocks >= BLOCKS && span(block * BARS, at) >= DAY {
            break;
        }
    }
    blocks = 0;
    for (block, level) in levels.iter().enumerate().skip(after) {
        high = (high.0.min(*level), high.1.max(*level));
        blocks += 1;
        if blocks >= BLOCKS && span(at, (block + 1) * BARS - 1) >= DAY {
            break;
        }
        if !(high.0 >= low.1 * APART || low.0 >= high.1 * APART) {
            return false;
        }
    }
    let known = span(0, at) >= DAY && span(at, len - 1) >= DAY;
    known && (high.0 >= low.1 * APART || low.0 >= high.1 * APART)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};

    /// Bars of a quarter of an hour with volumes.
    fn told(n: usize, volume: impl Fn(usize) -> f64) -> Vec<u32> {
        let bars: Vec<Bar> =
            Bar::walk(n).into_iter().enumerate().map(|(i, bar)| bar.at(900 * i as i64)).collect();
        let noise = |i: usize| 1.0 + (i * 7_919 % 97) as f64 / 30.0;
        let report = report(",volume", &bars, move |i| (volume(i) * noise(i)).to_string());
        places(&report, "volume_scale")
    }

    #[test]
    fn a_level_that_changes_and_stays_is_told_where_it_does() {
        for at in [150, 170, 199, 200, 201, 333] {
            let up = told(600, |i| if i < at { 5.0 } else { 1_000.0 });
            assert_eq!(up, [at as u32 + 2]);
            let down = told(600, |i| if i < at { 1e6 } else { 200.0 });
            assert_eq!(down, [at as u32 + 2]);
        }
        let twice = told(900, |i| if (300..600).contains(&i) { 1e5 } else { 1.0 });
        assert_eq!(twice, [302, 602]);
        let quiet = told(600, |i| {
            if i % 3 == 0 {
                0.0
            } else if i < 200 {
                5.0
            } else {
                5_000.0
            }
        });
        assert_eq!(quiet, [202], "those without volume do not count");
    }

    #[test]
    fn less_or_for_a_session_alone_is_not() {
        let none = [0_u32; 0];
        assert_eq!(told(600, |i| if i < 200 { 5.0 } else { 150.0 }), none, "30 times");
        assert_eq!(told(600, |i| if (200..230).contains(&i) { 1e4 } else { 5.0 }), none, "30 bars");
        // A day has 96 bars: half of them in a session with 1,000 times the volume.
        assert_eq!(told(2_000, |i| if i % 96 < 48 { 5_000.0 } else { 5.0 }), none);
        assert_eq!(
            told(600, |i| if i < 520 { 5.0 } else { 5_000.0 }),
            none,
            "less than a day of it"
        );
    }
}
