//! Coarser bars of bars, and bars where there are none.

use std::ops::Range;

use crate::dates::Dates;
use crate::sum::{Sum, mean_price};
use crate::{Anchor, BarsError, Column, Grid, Interval, MaxGap, PRICE_COLUMNS, Series};

/// Columns that add up over bars. Of others a coarser bar has the last value, which is what is
/// known at its close.
pub const FLOW_COLUMNS: [&str; 9] = [
    "volume",
    "quote_volume",
    "count",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "tick_volume",
    "buy_volume",
    "trade_variance",
];

/// The column of mean prices, which [`resample`] weights by volume.
const MEAN_PRICE: &str = "vwap";

/// The most bars that [`fill`] makes.
const MOST_FILLED: usize = 1 << 27;

const HOUR: i64 = 3_600_000_000_000;

/// Makes bars of an interval of finer ones.
///
/// Intervals are those of a [`Grid`], counted from the anchor. Without one they are counted from
/// midnight UTC, but where bars of a day or more begin at local midnights, whose days are taken
/// then: 15:00 UTC in Tokyo is the next date. A bar opens with its first bar's open and closes with
/// its last one's close; [`FLOW_COLUMNS`] are sums (missing where a part is), other columns have
/// their last value. An interval without a bar has none. A segment that ends before a bar ends
/// before the coarser bar that it is in, and, if bars before the end are in it too, after it.
///
/// If the series has volumes, `vwap` is the mean weighted by volume, in which bars without volume
/// do not count. It is missing where the `vwap` of another bar is, or a volume. Without any volume,
/// it is the last value.
///
/// The last bar is partial if the last of its bars ends before it does; `keep_partial` keeps it.
/// Bars are as long as [`Series::interval`] says.
///
/// # Errors
/// A bar lasts over the end of its interval, so that a coarser bar would hold what is not known at
/// its close; an interval ends after the last time that can be represented; no bar is left.
///
/// # Panics
/// The interval is not positive.
pub fn resample(
    series: &Series,
    interval: Interval,
    anchor: Option<Anchor>,
    keep_partial: bool,
) -> Result<Series, BarsError> {
    let ts = series.ts();
    let length = series.interval();
    let dates = match (anchor, length) {
        (None, Some(length)) => Dates::of(ts, length),
        _ => None,
    };
    let bars = Lengths::new(length, anchor.unwrap_or(Anchor::UTC));
    let grid = Grid::new(interval, anchor.unwrap_or(Anchor::UTC));
    // Where local days are taken, times as if these were days in UTC.
    let shown = |ts: i64| dates.map_or(Some(ts), |dates| dates.midnight(ts));
    let mut groups: Vec<(i64, Range<usize>)> = Vec::new();
    // The interval of the last group, and the end of the last bar.
    let (mut current, mut last_end) = (0..0, 0);
    for (bar, time) in ts.iter().enumerate() {
        let end_of_time = || {
            let symbol = series.symbol().to_owned();
            BarsError::EndOfTime { symbol, bar, ts: *time, interval }
        };
        let start = shown(*time).ok_or_else(end_of_time)?;
        let is_new = groups.is_empty() || !current.contains(&start);
        if is_new {
            current = grid.at(start).ok_or_else(end_of_time)?;
            let begin = current.start.checked_add(*time - start).ok_or_else(end_of_time)?;
            groups.push((begin, bar..bar));
        }
        let next = ts.get(bar + 1).and_then(|next| shown(*next));
        let end = bars.end(start).ok_or_else(end_of_time)?;
        let end = next.map_or(end, |next| end.min(next));
        // Where clocks change, a day has an hour less.
        let slack =
            if length.is_some_and(|length| length.shortest_ns() >= 23 * HOUR) { HOUR } else { 0 };
        if end - slack > current.end {
            let symbol = series.symbol().to_owned();
            let lasts = end - start;
            return Err(BarsError::Straddles { symbol, bar, ts: *time, lasts, interval });
        }
        last_end = end;
        if let Some((_, group)) = groups.last_mut() {
            group.end = bar + 1;
        }
    }
    if !keep_partial && last_end < current.end {
        groups.pop();
    }
    let columns = series.columns().iter();
    let volumes = series.column("volume");
    let columns = columns.map(|c| {
        let values = match volumes.filter(|_| c.name == MEAN_PRICE) {
            Some(volumes) => mean_prices(&c.values, volumes, &groups),
            None => combined(c, &groups),
        };
        Column::new(c.name.clone(), values)
    });
    let columns = columns.collect();
    let times: Vec<i64> = groups.iter().map(|(start, _)| *start).collect();
    let breaks = breaks(series.breaks(), &groups);
    Series::new(series.symbol(), times, columns)?.made_of(interval).with_breaks(breaks)
}

/// The ends of bars.
struct Lengths {
    length: Option<Interval>,
    months: Grid,
}

impl Lengths {
    fn new(length: Option<Interval>, anchor: Anchor) -> Self {
        Self { length, months: Grid::new(Interval::Months(1), anchor) }
    }

    /// The end of the bar that begins at a time; of one whose length is not known, that time. Bars
    /// of calendar months end with a month, at whichever of its days they are stamped.
    fn end(&self, start: i64) -> Option<i64> {
        match self.length {
            None => Some(start),
            Some(Interval::Fixed(ns)) => start.checked_add(ns),
            Some(Interval::Months(months)) => {
                let first = self.months.at(start)?.end;
                (1..months).try_fold(first, |end, _| Some(self.months.at(end)?.end))
            }
        }
    }
}

/// A column's value for each group of bars.
fn combined(column: &Column, groups: &[(i64, Range<usize>)]) -> Vec<f64> {
    groups
        .iter()
        .map(|(_, bars)| coarser_value(&column.name, &column.values[bars.clone()]))
        .collect()
}

/// The mean price of each group of bars, weighted by volume.
fn mean_prices(prices: &[f64], volumes: &[f64], groups: &[(i64, Range<usize>)]) -> Vec<f64> {
    let mean = |bars: &Range<usize>| {
        let (mut of_prices, mut of_weights) = (Sum::default(), Sum::default());
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for bar in bars.clone() {
            let (price, volume) = (prices[bar], volumes[bar]);
            // A bar without a trade has no mean price.
            if volume == 0.0 {
                continue;
            }
            of_prices.add(price * volume);
            of_weights.add(volume);
            (lowest, highest) = (lowest.min(price), highest.max(price));
        }
        match of_weights.value() == 0.0 {
            true => prices[bars.end - 1],
            false => mean_price(of_prices.value(), of_weights.value(), lowest, highest),
        }
    };
    groups.iter().map(|(_, bars)| mean(bars)).collect()
}

/// A column's value of a coarser bar, given those of its bars: the first open, the highest high,
/// the lowest low, the sum of one of [`FLOW_COLUMNS`] (missing where a part is), and the last value
/// of any other column. Missing of no bars.
#[must_use]
pub fn coarser_value(column: &str, values: &[f64]) -> f64 {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return f64::NAN };
    match column {
        "open" => *first,
        "high" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "low" => values.iter().copied().fold(f64::INFINITY, f64::min),
        name if FLOW_COLUMNS.contains(&name) => {
            let mut sum = Sum::default();
            values.iter().for_each(|value| sum.add(*value));
            sum.value()
        }
        _ => *last,
    }
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

/// Puts bars into the empty intervals of a series of time bars: at the close before (`vwap` too),
/// with [`FLOW_COLUMNS`] of 0 and the last value of other columns. Intervals are counted as by
/// [`resample`]. Steps longer than `max_gap` and those at which a segment ends stay.
///
/// # Errors
/// More than 134,217,728 bars would be made.
pub fn fill(
    series: &Series,
    interval: Interval,
    anchor: Option<Anchor>,
    max_gap: MaxGap,
) -> Result<Series, BarsError> {
    let ts = series.ts();
    let limit = max_gap.limit_ns(ts, series.interval()).unwrap_or(i64::MAX);
    let steps = Steps { grid: Grid::new(interval, anchor.unwrap_or(Anchor::UTC)), interval };
    let mut times = Vec::with_capacity(ts.len());
    let mut breaks = Vec::new();
    // How many bars go before each bar.
    let mut missing = Vec::with_capacity(ts.len());
    for (bar, time) in ts.iter().enumerate() {
        let is_break = series.breaks().binary_search(&bar).is_ok();
        let before = times.len();
        if bar > 0 && !is_break && time.saturating_sub(ts[bar - 1]) <= limit {
            let mut last = ts[bar - 1];
            while let Some(next) = steps.next(last, *time) {
                if times.len() - bar >= MOST_FILLED {
                    let symbol = series.symbol().to_owned();
                    return Err(BarsError::TooManyFilled { symbol, most: MOST_FILLED, interval });
                }
                times.push(next);
                last = next;
            }
        }
        missing.push(times.len() - before);
        if is_break {
            breaks.push(times.len());
        }
        times.push(*time);
    }
    let total = times.len();
    let close = series.require("close")?;
    let column = |column: &Column| {
        let mut values = Vec::with_capacity(total);
        for (bar, value) in column.values.iter().enumerate() {
            if missing[bar] > 0 {
                let filler = match column.name.as_str() {
                    name if PRICE_COLUMNS.contains(&name) || name == MEAN_PRICE => close[bar - 1],
                    name if FLOW_COLUMNS.contains(&name) => 0.0,
                    _ => column.values[bar - 1],
                };
                values.extend(std::iter::repeat_n(filler, missing[bar]));
            }
            values.push(*value);
        }
        Column::new(column.name.clone(), values)
    };
    let columns = series.columns().iter().map(column).collect();
    Series::new(series.symbol(), times, columns)?.made_of(interval).with_breaks(breaks)
}

/// The begins of intervals after each other.
struct Steps {
    grid: Grid,
    interval: Interval,
}

impl Steps {
    /// The begin of the interval after that of a bar, if it is before that of another bar.
    fn next(&self, bar: i64, other: i64) -> Option<i64> {
        let interval = self.grid.at(bar)?;
        if interval.start == bar {
            return Some(interval.end).filter(|next| *next < other);
        }
        // Local days: the begin of the next interval may be an hour off where clocks change.
        let next = bar.checked_add(self.interval.shortest_ns())?;
        let half = self.interval.shortest_ns() / 2;
        Some(next).filter(|next| next.saturating_add(half) < other)
    }
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

    /// So many minutes.
    fn of(minutes: i64) -> Interval {
        Interval::Fixed(minutes * M)
    }

    fn column<'a>(series: &'a Series, name: &str) -> &'a [f64] {
        series.require(name).unwrap()
    }

    #[test]
    fn coarser_bars() {
        let fine = series(&[1, 2, 4, 5, 6, 10, 11]);
        let coarse = resample(&fine, of(5), None, true).unwrap();
        assert_eq!(coarse.ts(), [0, 5 * M, 10 * M]);
        assert_eq!(column(&coarse, "open"), [10.0, 13.0, 15.0]);
        assert_eq!(column(&coarse, "high"), [14.0, 16.0, 18.0]);
        assert_eq!(column(&coarse, "low"), [9.0, 12.0, 14.0]);
        assert_eq!(column(&coarse, "close"), [13.0, 15.0, 17.0]);
        assert_eq!(column(&coarse, "volume"), [3.0, 7.0, 11.0]);
        assert_eq!(column(&coarse, "funding"), [1.0, 2.0, 3.0]);
        assert_eq!(resample(&fine, of(5), None, false).unwrap().ts(), [0, 5 * M]);
        let whole = series(&[0, 1, 2, 3, 4]);
        assert_eq!(resample(&whole, of(5), None, false).unwrap().ts(), [0]);
    }

    #[test]
    fn no_coarse_bar_holds_what_ends_after_it() {
        let error = resample(&series(&[0, 2, 4, 6]), of(3), None, true).unwrap_err();
        assert!(matches!(error, BarsError::Straddles { bar: 1, lasts, .. } if lasts == 2 * M));
        let finer = resample(&series(&[0, 2, 4, 6]), of(1), None, true).unwrap_err();
        assert!(matches!(finer, BarsError::Straddles { bar: 0, .. }));
        let alone = resample(&series(&[3]), of(5), None, false);
        assert!(matches!(alone, Err(BarsError::Empty { .. })));
    }

    #[test]
    fn segments_end_where_they_did() {
        let breaks_of = |breaks: &[usize]| {
            let fine = series(&[0, 1, 2, 3, 4, 5]).with_breaks(breaks.to_vec()).unwrap();
            resample(&fine, of(2), None, true).unwrap().breaks().to_vec()
        };
        assert_eq!(breaks_of(&[2]), [1], "between two coarse bars");
        assert_eq!(breaks_of(&[3]), [1, 2], "within the second");
        assert_eq!(breaks_of(&[5]), [2], "within the last");
    }

    #[test]
    fn missing_flows_stay_missing() {
        let fine = series(&[0, 1, 2, 3]);
        let mut columns = fine.columns().to_vec();
        columns[4].values[1] = f64::NAN;
        let fine = Series::new("A", fine.ts().to_vec(), columns).unwrap();
        let coarse = resample(&fine, of(2), None, true).unwrap();
        assert!(column(&coarse, "volume")[0].is_nan());
        assert_eq!(column(&coarse, "volume")[1], 5.0);
    }

    #[test]
    fn mean_prices_are_weighted_by_volume() {
        let fine = series(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let mut columns = fine.columns().to_vec();
        let volumes = vec![1.0, 3.0, 0.0, 2.0, 0.0, 0.0, f64::NAN, 1.0];
        columns[4] = Column::new("volume", volumes);
        let nan = f64::NAN;
        columns.push(Column::new("vwap", vec![10.0, 12.0, nan, 13.5, 14.0, 14.5, 16.0, 17.0]));
        columns.push(Column::new("buy_volume", vec![1.0; 8]));
        columns.push(Column::new("trade_variance", vec![0.25; 8]));
        let fine = Series::new("A", fine.ts().to_vec(), columns.clone()).unwrap();
        let coarse = resample(&fine, of(2), None, true).unwrap();
        assert_eq!(column(&coarse, "vwap")[..3], [11.5, 13.5, 14.5]);
        assert!(column(&coarse, "vwap")[3].is_nan(), "a volume is missing");
        assert_eq!(column(&coarse, "buy_volume"), [2.0; 4]);
        assert_eq!(column(&coarse, "trade_variance"), [0.5; 4]);
        // A mean price that is missing where there was volume.
        columns[6].values[1] = nan;
        columns[4].values[0] = 0.0;
        let fine = Series::new("A", fine.ts().to_vec(), columns.clone()).unwrap();
        assert!(column(&resample(&fine, of(2), None, true).unwrap(), "vwap")[0].is_nan());
        columns.remove(4);
        let fine = Series::new("A", fine.ts().to_vec(), columns).unwrap();
        let coarse = resample(&fine, of(2), None, true).unwrap();
        assert_eq!(column(&coarse, "vwap")[1..], [13.5, 14.5, 17.0], "the last, without volumes");
    }

    #[test]
    fn empty_intervals_are_filled_within_segments() {
        let holes = series(&[0, 3, 4, 6, 50]).with_breaks(vec![3]).unwrap();
        let full = fill(&holes, of(1), None, MaxGap::Limit(10 * M)).unwrap();
        let minutes: Vec<i64> = full.ts().iter().map(|t| t / M).collect();
        assert_eq!(minutes, [0, 1, 2, 3, 4, 6, 50]);
        assert_eq!(full.breaks(), [5]);
        for name in PRICE_COLUMNS {
            assert_eq!(column(&full, name)[1..3], [11.0, 11.0], "{name}");
        }
        assert_eq!(column(&full, "volume")[..4], [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(column(&full, "funding")[..4], [0.0, 0.0, 0.0, 0.5]);
        let mut columns = holes.columns().to_vec();
        columns[5].name = "vwap".to_owned();
        let holes = Series::new("A", holes.ts().to_vec(), columns).unwrap();
        let full = fill(&holes, of(1), None, MaxGap::Limit(10 * M)).unwrap();
        assert_eq!(column(&full, "vwap")[..4], [0.0, 11.0, 11.0, 0.5]);
        let endless = fill(&holes, Interval::Fixed(1), None, MaxGap::None);
        assert!(matches!(endless, Err(BarsError::TooManyFilled { .. })));
    }
}
