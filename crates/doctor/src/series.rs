//! The report on each series, with or without faults.

use barloom_bars::{Interval, MaxGap};
use barloom_market_data::{NO_TIME, RawSeries, utc_text};
use serde::Serialize;

/// The bars of a symbol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesReport {
    /// The symbol.
    pub symbol: String,
    /// Its bars.
    pub rows: u64,
    /// Its share of all bars, from 0 to 1.
    pub share: f64,
    /// Open time of the first bar, UTC.
    pub first: Option<String>,
    /// Open time of the last bar, UTC.
    pub last: Option<String>,
    /// The length of a bar: as given, or the most frequent step; none for a single bar.
    pub interval: Option<String>,
    /// Median step between bars, ns.
    pub median_step_ns: i64,
    /// Longest step between a bar and the one after it, ns; 0 for a single bar.
    pub longest_step_ns: i64,
    /// The longest step that a segment spans, ns: what `max_gap = "auto"` takes.
    pub max_gap_ns: i64,
    /// The share of intervals that have no bar, from 0 to 1, of those in steps that a segment
    /// spans: of nights and weekends too, where it spans them. None for bars that are not of time.
    pub missing_share: Option<f64>,
}

impl SeriesReport {
    pub(crate) fn new(raw: &RawSeries, given: Option<Interval>, of_time: bool) -> Self {
        let mut known = Vec::new();
        let times = if raw.ts.contains(&NO_TIME) {
            known.extend(raw.ts.iter().copied().filter(|t| *t != NO_TIME));
            &known[..]
        } else {
            &raw.ts[..]
        };
        let of_bars = given.or_else(|| Interval::most_frequent(times));
        let (step, limit) = rayon::join(
            || raw.median_step(),
            || MaxGap::Auto.limit_ns(times, of_bars).unwrap_or(i64::MAX),
        );
        let steps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        let length = of_bars.map_or(0, Interval::longest_ns);
        let (longest, missing) = longest_and_missing(steps, length, limit);
        Self {
            symbol: raw.symbol.clone(),
            rows: raw.ts.len() as u64,
            share: 0.0,
            first: times.iter().copied().min().and_then(utc_text),
            last: times.iter().copied().max().and_then(utc_text),
            interval: of_bars.map(|interval| interval.to_string()),
            median_step_ns: step,
            longest_step_ns: longest,
            max_gap_ns: limit,
            missing_share: (of_time && length > 0).then_some(missing),
        }
    }
}

/// The longest step forward, and the share of intervals without a bar: a step of k bars passes over
/// k - 1.
fn longest_and_missing(steps: impl Iterator<Item = i64>, length: i64, limit: i64) -> (i64, f64) {
    let (mut longest, mut bars, mut missing) = (0, 1_u64, 0_u64);
    for step in steps {
        bars += 1;
        longest = longest.max(step);
        if step != length {
            // Intervals cannot be counted without a length.
            if length > 0 && step > length && step <= limit {
                let passed = ((step as f64 / length as f64).round() as u64).saturating_sub(1);
                missing = missing.saturating_add(passed);
            }
        }
    }
    let longest = if bars > 1 { longest } else { 0 };
    (longest, missing as f64 / (bars as f64 + missing as f64))
}

#[cfg(test)]
mod tests {
    use super::longest_and_missing;

    #[test]
    fn steps_above_the_limit_miss_nothing() {
        // 6 bars; of the steps of 1, 3, 2 minutes and one above the limit, 3 intervals are empty.
        let steps = [60, 180, 120, 4_000, 60];
        assert_eq!(longest_and_missing(steps.into_iter(), 60, 3_600), (4_000, 3.0 / 9.0));
        let near = [60, 59, 61];
        assert_eq!(
            longest_and_missing(near.into_iter(), 60, 3_600),
            (61, 0.0),
            "a second does not count"
        );
        assert_eq!(longest_and_missing([].into_iter(), 60, 3_600), (0, 0.0));
        assert_eq!(longest_and_missing([5, 5].into_iter(), 0, 3_600), (5, 0.0));
        let (_, all) = longest_and_missing([i64::MAX; 9].into_iter(), 1, i64::MAX);
        assert!(all <= 1.0);
    }
}
