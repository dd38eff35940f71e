//! Coarser bars of bars, and bars where there are none.

use std::ops::Range;

use crate::segments::median_step;
use crate::trades::Sum;
use crate::{BarsError, Column, MaxGap, PRICE_COLUMNS, Series, interval_start};

/// Columns that add up over bars. Of others a coarser bar has the last value, which is what is
/// known at its close.
pub const FLOW_COLUMNS: [&str; 7] = [
    "volume",
    "quote_volume",
    "count",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "tick_volume",
];

/// The most bars that [`fill`] makes.
const MOST_FILLED: i64 = 1 << 27;

/// Makes bars of an interval, ns, of finer ones.
///
/// Intervals are those of [`interval_start`]. A bar opens with its first bar's open and closes with
/// its last one's close; [`FLOW_COLUMNS`] are sums (missing where a part is), other columns have
/// their last value. An interval without a bar has none. A segment that ends before a bar ends
/// before the coarser bar that it is in, and, if bars before the end are in it too, after it.
///
/// The last bar is partial if the last of its bars ends before it does, a bar being as long as the
/// median step; `keep_partial` keeps it.
///
/// # Errors
/// A bar lasts over the end of its interval, so that a coarser bar would hold what is not known at
/// its close; no bar is left.
///
/// # Panics
/// The interval is not positive.
pub fn resample(series: &Series, interval: i64, keep_partial: bool) -> Result<Series, BarsError> {
    let ts = series.ts();
    let step = median_step(ts);
    let mut groups: Vec<(i64, Range<usize>)> = Vec::new();
    for (bar, time) in ts.iter().enumerate() {
        let start = interval_start(*time, interval);
        let lasts = match ts.get(bar + 1) {
            Some(next) => step.min(next.saturating_sub(*time)),
            None => step,
        };
        if time.saturating_add(lasts) > start.saturating_add(interval) {
            let symbol = series.symbol().to_owned();
            return Err(BarsError::Straddles { symbol, bar, ts: *time, lasts, interval });
        }
        match groups.last_mut() {
            Some((of, bars)) if *of == start => bars.end = bar + 1,
            _ => groups.push((start, bar..bar + 1)),
        }
    }
    let ends = |start: i64| start.saturating_add(interval);
    let last = ts.last().map(|last| last.saturating_add(step));
    if !keep_partial && groups.last().is_some_and(|(start, _)| last < Some(ends(*start))) {
        groups.pop();
    }
    let columns = series.columns().iter();
    let columns = columns.map(|c| Column::new(c.name.clone(), combined(c, &groups))).collect();
    let times: Vec<i64> = groups.iter().map(|(start, _)| *start).collect();
    let breaks = breaks(series.breaks(), &groups);
    Series::new(series.symbol(), times, columns)?.with_breaks(breaks)
}

/// A column's value for each group of bars.
fn combined(column: &Column, groups: &[(i64, Range<usize>)]) -> Vec<f64> {
    let first = |values: &[f64]| values.first().copied().unwrap_or(f64::NAN);
    let last = |values: &[f64]| values.last().copied().unwrap_or(f64::NAN);
    let highest = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let total = |values: &[f64]| {
        let mut sum = Sum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum.value()
    };
    let combine: &dyn Fn(&[f64]) -> f64 = match column.name.as_str() {
        "open" => &first,
        "high" => &highest,
        "low" => &lowest,
        name if FLOW_COLUMNS.contains(&name) => &total,
        _ => &last,
    };
    groups.iter().map(|(_, bars)| combine(&column.values[bars.clone()])).collect()
}

/// The groups before which a segment ends, given the bars before which one does.
fn breaks(bars: &[usize], groups: &[(i64, Range<usize>)]) -> Vec<usize> {
    let mut breaks = Vec::new();
    for bar in bars {
        let at = groups.partition_point(|(_, bars)| bars.end <= *bar);
        let Some((_, group)) = groups.get(at) else { continue };
        if at > 0 {
            breaks.push(at);
        }
        if group.start < *bar && at + 1 < groups.len() {
            breaks.push(at + 1);
        }
    }
    breaks
}

/// Puts bars into the empty intervals of a series of time bars: at the close before, with
/// [`FLOW_COLUMNS`] of 0 and the last value of other columns. Steps longer than `max_gap` and those
/// at which a segment ends stay.
///
/// # Errors
/// More than 134,217,728 bars would be made.
pub fn fill(series: &Series, interval: i64, max_gap: MaxGap) -> Result<Series, BarsError> {
    let ts = series.ts();
    let limit = max_gap.limit_ns(ts).unwrap_or(i64::MAX);
    // How many bars go before each bar.
    let missing: Vec<i64> = (0..ts.len())
        .map(|bar| {
            let step = if bar == 0 { 0 } else { ts[bar].saturating_sub(ts[bar - 1]) };
            let spanned = step <= limit && series.breaks().binary_search(&bar).is_err();
            if spanned { (step - 1).max(0) / interval } else { 0 }
        })
        .collect();
    let made = missing.iter().fold(0_i64, |sum, more| sum.saturating_add(*more));
    if made > MOST_FILLED {
        let symbol = series.symbol().to_owned();
        return Err(BarsError::TooManyFilled { symbol, made, interval });
    }
    let total = ts.len() + made as usize;
    let mut times = Vec::with_capacity(total);
    let mut breaks = Vec::new();
    for (bar, time) in ts.iter().enumerate() {
        times.extend((1..=missing[bar]).map(|k| ts[bar - 1] + k * interval));
        if series.breaks().binary_search(&bar).is_ok() {
            breaks.push(times.len());
        }
        times.push(*time);
    }
    let close = series.require("close")?;
    let column = |column: &Column| {
        let mut values = Vec::with_capacity(total);
        for (bar, value) in column.values.iter().enumerate() {
            if missing[bar] > 0 {
                let filler = match column.name.as_str() {
                    name if PRICE_COLUMNS.contains(&name) => close[bar - 1],
                    name if FLOW_COLUMNS.contains(&name) => 0.0,
                    _ => column.values[bar - 1],
                };
                values.extend(std::iter::repeat_n(filler, missing[bar] as usize));
            }
            values.push(*value);
        }
        Column::new(column.name.clone(), values)
    };
    let columns = series.columns().iter().map(column).collect();
    Series::new(series.symbol(), times, columns)?.with_breaks(breaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: i64 = 60_000_000_000;

    /// Bars at these minutes whose open is 10 + k, and so on.
    fn series(minutes: &[i64]) -> Series {
        let n = minutes.len();
        let column = |name: &str, more: f64| {
            Column::new(name, (0..n).map(|k| 10.0 + k as f64 + more).collect())
        };
        let columns = vec![
            column("open", 0.0),
            column("high", 2.0),
            column("low", -1.0),
            column("close", 1.0),
            Column::new("volume", (0..n).map(|k| k as f64).collect()),
            Column::new("funding", (0..n).map(|k| k as f64 / 2.0).collect()),
        ];
        Series::new("A", minutes.iter().map(|m| m * M).collect(), columns).unwrap()
    }

    fn column<'a>(series: &'a Series, name: &str) -> &'a [f64] {
        series.require(name).unwrap()
    }

    #[test]
    fn coarser_bars() {
        let fine = series(&[1, 2, 4, 5, 6, 10, 11]);
        let coarse = resample(&fine, 5 * M, true).unwrap();
        assert_eq!(coarse.ts(), [0, 5 * M, 10 * M]);
        assert_eq!(column(&coarse, "open"), [10.0, 13.0, 15.0]);
        assert_eq!(column(&coarse, "high"), [14.0, 16.0, 18.0]);
        assert_eq!(column(&coarse, "low"), [9.0, 12.0, 14.0]);
        assert_eq!(column(&coarse, "close"), [13.0, 15.0, 17.0]);
        assert_eq!(column(&coarse, "volume"), [3.0, 7.0, 11.0]);
        assert_eq!(column(&coarse, "funding"), [1.0, 2.0, 3.0]);
        assert_eq!(resample(&fine, 5 * M, false).unwrap().ts(), [0, 5 * M]);
        let whole = series(&[0, 1, 2, 3, 4]);
        assert_eq!(resample(&whole, 5 * M, false).unwrap().ts(), [0]);
    }

    #[test]
    fn no_coarse_bar_holds_what_ends_after_it() {
        let error = resample(&series(&[0, 2, 4, 6]), 3 * M, true).unwrap_err();
        assert!(matches!(error, BarsError::Straddles { bar: 1, lasts, .. } if lasts == 2 * M));
        let finer = resample(&series(&[0, 2, 4, 6]), M, true).unwrap_err();
        assert!(matches!(finer, BarsError::Straddles { bar: 0, .. }));
        let alone = resample(&series(&[3]), 5 * M, false);
        assert!(matches!(alone, Err(BarsError::Empty { .. })));
    }

    #[test]
    fn segments_end_where_they_did() {
        let of = |breaks: &[usize]| {
            let fine = series(&[0, 1, 2, 3, 4, 5]).with_breaks(breaks.to_vec()).unwrap();
            resample(&fine, 2 * M, true).unwrap().breaks().to_vec()
        };
        assert_eq!(of(&[2]), [1], "between two coarse bars");
        assert_eq!(of(&[3]), [1, 2], "within the second");
        assert_eq!(of(&[5]), [2], "within the last");
    }

    #[test]
    fn missing_flows_stay_missing() {
        let fine = series(&[0, 1, 2, 3]);
        let mut columns = fine.columns().to_vec();
        columns[4].values[1] = f64::NAN;
        let fine = Series::new("A", fine.ts().to_vec(), columns).unwrap();
        let coarse = resample(&fine, 2 * M, true).unwrap();
        assert!(column(&coarse, "volume")[0].is_nan());
        assert_eq!(column(&coarse, "volume")[1], 5.0);
    }

    #[test]
    fn empty_intervals_are_filled_within_segments() {
        let holes = series(&[0, 3, 4, 6, 50]).with_breaks(vec![3]).unwrap();
        let full = fill(&holes, M, MaxGap::Limit(10 * M)).unwrap();
        let minutes: Vec<i64> = full.ts().iter().map(|t| t / M).collect();
        assert_eq!(minutes, [0, 1, 2, 3, 4, 6, 50]);
        assert_eq!(full.breaks(), [5]);
        for name in PRICE_COLUMNS {
            assert_eq!(column(&full, name)[1..3], [11.0, 11.0], "{name}");
        }
        assert_eq!(column(&full, "volume")[..4], [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(column(&full, "funding")[..4], [0.0, 0.0, 0.0, 0.5]);
        let endless = fill(&holes, 1, MaxGap::None);
        assert!(matches!(endless, Err(BarsError::TooManyFilled { .. })));
    }
}
