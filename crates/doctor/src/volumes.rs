//! Volumes in another unit from some bar on.

use std::borrow::Cow;
use std::ops::Range;

use super::{Found, Of, median, short};

/// Bars whose median is a level.
const BARS: usize = 50;
/// The factor between two levels.
const FACTOR: f64 = 100.0;
/// The factor between the lowest level on one side and the highest on the other. So many blocks on
/// either side are compared, and at least a day.
const APART: f64 = 10.0;
const BLOCKS: usize = 4;
const DAY: i64 = 86_400_000_000_000;

/// `volume_scale`: volumes change their level by 100 times or more, and stay there. The medians of
/// the 50 bars before and after are 100 times apart, and all medians of 50 within 200 bars, and
/// within a day, on the one side at least 10 times all those on the other. So the beginning of a
/// session does not count, nor do bars without volume. The first and last day and 50 bars have no
/// such findings.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let Some(volume) = of.raw.column("volume") else { return };
    let counts = |volume: f64| volume.is_finite() && volume > 0.0;
    let all = volume.iter().all(|volume| counts(*volume));
    // The rows that count, where not all do.
    let rows: Vec<usize> = match all {
        true => Vec::new(),
        false => (0..volume.len()).filter(|row| counts(volume[*row])).collect(),
    };
    let row = |at: usize| if all { at } else { rows[at] };
    let values = match all {
        true => Cow::Borrowed(volume),
        false => rows.iter().map(|row| volume[*row]).collect(),
    };
    let span =
        |bars: Range<usize>| of.raw.ts[row(bars.end)].saturating_sub(of.raw.ts[row(bars.start)]);
    let mut from = 0;
    for block in candidates(&values) {
        let levels = [0, 1, 2].map(|k| level(&values, (block + k) * BARS));
        // The change may be within the second, so that its level is the one or the other.
        let [Some(before), Some(next), after] = levels else { continue };
        let (after, blocks) = match after {
            _ if apart(before, next) >= FACTOR => (next, 2),
            Some(after) if apart(before, after) >= FACTOR => (after, 3),
            _ => continue,
        };
        let bars = block * BARS..((block + blocks) * BARS).min(values.len());
        let at = place(&values, bars.clone(), before, after);
        if at < from + BARS || !lasts(&values, at, span) {
            continue;
        }
        let (Some(before), Some(now)) = (level(&values, at - BARS), level(&values, at)) else {
            continue;
        };
        if apart(before, now) >= FACTOR {
            let (ratio, word) = if now > before {
                (now / before, "times")
            } else {
                (before / now, "times less than")
            };
            let what = || {
                let [ratio, before, now] = [ratio.round(), before, now].map(short);
                format!(
                    "volumes are about {ratio} {word} those before from here on: medians of 50 bars \
                     {before} and {now}"
                )
            };
            found.warn(of, "volume_scale", row(at), what);
            from = at;
        }
    }
}

/// Blocks of which one of the two after it may be of another level. Few medians are needed to tell:
/// where half of a block's volumes are within 9 times of a level or its 9th part, so is its median,
/// and two such medians are less than 100 times apart.
fn candidates(values: &[f64]) -> Vec<usize> {
    const NEAR: f64 = 9.0;
    let mut bands: Vec<usize> = Vec::with_capacity(values.len() / BARS);
    let mut anchor = 0.0;
    for block in values.chunks_exact(BARS) {
        let (low, high) = (anchor / NEAR, anchor * NEAR);
        let (mut below, mut above) = (0, 0);
        for value in block {
            below += usize::from(*value < low);
            above += usize::from(*value > high);
        }
        let band = bands.last().copied().unwrap_or(0);
        // The median is the 26th of 50.
        if below > BARS / 2 || above >= BARS / 2 {
            anchor = level(block, 0).unwrap_or(0.0);
            bands.push(band + 1);
        } else {
            bands.push(band);
        }
    }
    let last = bands.len().saturating_sub(1);
    (0..last).filter(|block| bands[*block] != bands[(block + 2).min(last)]).collect()
}

/// The factor between two values.
fn apart(a: f64, b: f64) -> f64 {
    a.max(b) / a.min(b)
}

/// The median of 50 volumes from one on, if there are as many.
fn level(values: &[f64], from: usize) -> Option<f64> {
    let mut block: [f64; BARS] = values.get(from..from + BARS)?.try_into().ok()?;
    median(&mut block)
}

/// Finds the place where volumes change their level: the fewest volumes are on the wrong side of
/// the middle.
fn place(values: &[f64], bars: Range<usize>, before: f64, after: f64) -> usize {
    let middle = before.sqrt() * after.sqrt();
    let is_new = |at: usize| (values[at] > middle) == (after > before);
    // Those that are wrong if all are after; then one more is before.
    let mut wrong = bars.clone().filter(|at| !is_new(*at)).count() as i64;
    let (mut best, mut least) = (bars.start, wrong);
    for at in bars {
        wrong += if is_new(at) { 1 } else { -1 };
        if wrong < least {
            (best, least) = (at + 1, wrong);
        }
    }
    best
}

/// Returns true if the levels on both sides of a place stay apart long enough.
fn lasts(values: &[f64], at: usize, span: impl Fn(Range<usize>) -> i64) -> bool {
    let last = values.len() - 1;
    if at > last || span(0..at) < DAY || span(at..last) < DAY {
        return false;
    }
    // The least and the greatest level of a side.
    let (mut before, mut after) = ((f64::INFINITY, 0.0_f64), (f64::INFINITY, 0.0_f64));
    let mut end = at;
    for blocks in 1.. {
        let Some(from) = end.checked_sub(BARS) else { break };
        let Some(level) = level(values, from) else { break };
        before = (before.0.min(level), before.1.max(level));
        end = from;
        if blocks >= BLOCKS && span(end..at) >= DAY {
            break;
        }
    }
    let are_apart = |after: (f64, f64)| after.0 >= before.1 * APART || before.0 >= after.1 * APART;
    let mut from = at;
    for blocks in 1.. {
        let Some(level) = level(values, from) else { break };
        after = (after.0.min(level), after.1.max(level));
        from += BARS;
        if !are_apart(after) {
            return false;
        }
        if blocks >= BLOCKS && span(at..from.min(last)) >= DAY {
            break;
        }
    }
    are_apart(after)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};
    use super::*;

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

    #[test]
    fn no_candidate_is_passed_over() {
        let mut random = 1_u64;
        for case in 0..300 {
            let mut level = 1.0;
            let values: Vec<f64> = (0..1_000)
                .map(|i| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    if i % (37 + case % 80) == 0 {
                        level = [1.0, 8.0, 90.0, 1e3, 2e4][(random >> 33) as usize % 5];
                    }
                    level * (1.0 + (random >> 40) as f64 / 1e6)
                })
                .collect();
            let told = candidates(&values);
            let levels: Vec<f64> = (0..1_000 / BARS)
                .map(|block| super::level(&values, block * BARS).unwrap())
                .collect();
            for block in 0..levels.len() - 1 {
                let far =
                    levels[block + 1..].iter().take(2).any(|l| apart(levels[block], *l) >= FACTOR);
                assert!(!far || told.contains(&block), "{case}: {block} of {levels:?}");
            }
        }
    }
}
