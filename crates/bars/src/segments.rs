//! Runs of bars that belong together.

use crate::{Interval, Series};

/// The bars that the automatic limit spans at least.
const LEAST_BARS: i64 = 3;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// A half-open range of arena rows of one series that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The series, an index into [`Market::series`](crate::Market::series).
    pub series: u32,
    /// First arena row.
    pub start: usize,
    /// The arena row after the last one.
    pub end: usize,
}

impl Segment {
    /// Number of bars.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.end - self.start
    }
}

/// The longest step between two bars that a segment may span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxGap {
    /// By the series' own steps: 14 days where the median step is 12 hours or more; else the larger
    /// of one hour and 10 median steps where at least one bar in twenty falls on a UTC Saturday
    /// (markets that never close); else 5 days. Always three bars at least, each as long as given
    /// or as the most frequent step.
    Auto,
    /// This many nanoseconds.
    Limit(i64),
    /// No limit.
    None,
}

impl MaxGap {
    /// The limit for one series in ns, or `None` for no limit, given the length of its bars if it
    /// is known. Times need not be in order: bars are looked at before they are judged.
    #[must_use]
    pub fn limit_ns(self, ts: &[i64], interval: Option<Interval>) -> Option<i64> {
        match self {
            Self::None => None,
            Self::Limit(ns) => Some(ns),
            Self::Auto => {
                let bar = interval.or_else(|| Interval::most_frequent(ts));
                let bars = bar.map_or(0, |bar| bar.longest_ns().saturating_mul(LEAST_BARS));
                Some(auto_limit(ts).max(bars))
            }
        }
    }
}

/// True if the step between two successive bars is a gap: it is longer than the limit of
/// [`MaxGap::limit_ns`].
#[must_use]
pub fn is_gap(before: i64, ts: i64, limit: Option<i64>) -> bool {
    limit.is_some_and(|limit| ts.saturating_sub(before) > limit)
}

fn auto_limit(ts: &[i64]) -> i64 {
    let step = median_step(ts);
    if step >= 12 * HOUR {
        return 14 * DAY;
    }
    // Bars mostly follow each other within a day.
    let mut day = 0..0;
    let mut saturday = false;
    let is_one = |t: &&i64| {
        if !day.contains(*t) {
            let start = t.saturating_sub(t.rem_euclid(DAY));
            (day, saturday) = (start..start.saturating_add(DAY), is_saturday(**t));
        }
        saturday
    };
    let saturdays = ts.iter().filter(is_one).count();
    if saturdays * 20 >= ts.len() { HOUR.max(step.saturating_mul(10)) } else { 5 * DAY }
}

/// 1970-01-01 was a Thursday, so day 2 was a Saturday.
fn is_saturday(ts: i64) -> bool {
    (ts.div_euclid(DAY) - 2).rem_euclid(7) == 0
}

/// The median step between bars in ns (the upper one of an even number); 0 for a single bar.
pub(crate) fn median_step(ts: &[i64]) -> i64 {
    median_of_steps(ts.windows(2).map(|p| p[1].saturating_sub(p[0])))
}

/// The median of steps, the upper one of an even number; 0 of none.
#[must_use]
pub fn median_of_steps(steps: impl Iterator<Item = i64> + Clone) -> i64 {
    // Most steps of most series are the same; then that one is the median.
    let Some(guess) = steps.clone().next() else { return 0 };
    let (mut less, mut equal, mut all) = (0, 0, 0_usize);
    for step in steps.clone() {
        less += usize::from(step < guess);
        equal += usize::from(step == guess);
        all += 1;
    }
    let middle = all / 2;
    if (less..less + equal).contains(&middle) {
        return guess;
    }
    let mut steps: Vec<i64> = steps.collect();
    *steps.select_nth_unstable(middle).1
}

/// The segments of one series, as arena rows from `offset` on.
///
/// A segment ends at a step above `limit`, at a break, and around every bar for which `missing`
/// holds (a value that no window may contain); such a bar is in no segment.
pub(crate) fn find(
    series: &Series,
    index: u32,
    offset: usize,
    limit: Option<i64>,
    missing: impl Fn(usize) -> bool,
) -> Vec<Segment> {
    let ts = series.ts();
    let mut breaks = series.breaks().iter().copied().peekable();
    let mut segments = Vec::new();
    let mut start = None;
    let mut close = |start: &mut Option<usize>, end: usize| {
        if let Some(first) = start.take() {
            segments.push(Segment { series: index, start: offset + first, end: offset + end });
        }
    };
    for bar in 0..ts.len() {
        let broken = breaks.next_if_eq(&bar).is_some();
        let gap = bar > 0 && is_gap(ts[bar - 1], ts[bar], limit);
        if broken || gap {
            close(&mut start, bar);
        }
        if missing(bar) {
            close(&mut start, bar);
        } else if start.is_none() {
            start = Some(bar);
        }
    }
    close(&mut start, ts.len());
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(step: i64, n: i64) -> Vec<i64> {
        (0..n).map(|i| i * step).collect()
    }

    #[test]
    fn auto_follows_the_kind_of_market() {
        assert_eq!(MaxGap::Auto.limit_ns(&every(DAY, 30), None), Some(14 * DAY));
        assert_eq!(MaxGap::Auto.limit_ns(&every(HOUR / 60, 20_000), None), Some(HOUR));
        assert_eq!(MaxGap::Auto.limit_ns(&every(HOUR, 1_000), None), Some(10 * HOUR));
        let weekdays: Vec<i64> =
            every(HOUR, 1_000).into_iter().filter(|t| !is_saturday(*t)).collect();
        assert_eq!(MaxGap::Auto.limit_ns(&weekdays, None), Some(5 * DAY));
        assert_eq!(MaxGap::Auto.limit_ns(&[0], None), Some(5 * DAY));
    }

    #[test]
    fn auto_spans_three_bars() {
        assert_eq!(MaxGap::Auto.limit_ns(&every(7 * DAY, 30), None), Some(21 * DAY));
        let limit = |interval| MaxGap::Auto.limit_ns(&every(DAY, 30), Some(interval));
        assert_eq!(limit(Interval::Fixed(5 * DAY)), Some(15 * DAY));
        assert_eq!(limit(Interval::Months(1)), Some(93 * DAY));
        assert_eq!(limit(Interval::Fixed(i64::MAX)), Some(i64::MAX));
        let hours = MaxGap::Auto.limit_ns(&every(HOUR, 1_000), Some(Interval::Fixed(HOUR)));
        assert_eq!(hours, Some(10 * HOUR), "as before");
    }

    #[test]
    fn the_median_step_is_the_middle_one_of_all() {
        let mut steps = vec![3, 3, 1, 2, 2, 2, 5, 2, 2, 9, 2];
        for _ in 0..steps.len() {
            steps.rotate_left(1);
            let ts: Vec<i64> = steps
                .iter()
                .scan(0, |t, s| {
                    *t += s;
                    Some(*t)
                })
                .collect();
            let mut sorted: Vec<i64> = ts.windows(2).map(|p| p[1] - p[0]).collect();
            sorted.sort_unstable();
            assert_eq!(median_step(&ts), sorted[sorted.len() / 2], "{ts:?}");
        }
        assert_eq!((median_step(&[]), median_step(&[7]), median_step(&[7, 9])), (0, 0, 2));
    }

    #[test]
    fn saturdays_are_counted_in_any_order() {
        for order in [1, -1] {
            let mut ts: Vec<i64> = (0..2_000).map(|i| i64::MIN / 4 + i * HOUR).collect();
            ts.sort_unstable_by_key(|t| t.wrapping_mul(order));
            let expected = ts.iter().filter(|t| is_saturday(**t)).count();
            assert!(expected * 20 >= ts.len(), "a seventh");
            let auto = auto_limit(&ts);
            assert!(if order == 1 { auto == 10 * HOUR } else { auto == HOUR }, "{auto}");
        }
    }

    #[test]
    fn auto_takes_times_in_any_order() {
        // The median step is as far back as a step can be.
        let (late, early) = ((7 * 15_000 + 2) * DAY, i64::MIN / 2);
        assert!(is_saturday(late));
        let times = [late, early, late, early];
        assert_eq!(auto_limit(&times), HOUR);
        assert_eq!(MaxGap::Auto.limit_ns(&times, None), Some(i64::MAX), "three steps forward");
    }
}
