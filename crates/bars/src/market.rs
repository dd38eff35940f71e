//! Series laid end to end in one arena, with their segments.

use std::collections::BTreeSet;

use barloom_memory::SharedColumn;

use crate::segments::{self, median_step};
use crate::{BarsError, Column, MaxGap, PRICE_COLUMNS, Segment, Series, first_non_positive};

/// The place of a series in the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesSpan {
    /// The symbol.
    pub symbol: String,
    /// First arena row.
    pub start: usize,
    /// The arena row after the last one.
    pub end: usize,
    /// The longest step in ns that a segment of this series may span; `None` for no limit.
    pub max_gap_ns: Option<i64>,
}

/// A column of a market, one value an arena row. NaN means missing; prices have none.
#[derive(Clone, Debug)]
pub struct MarketColumn {
    /// Lower-case name: `open`, `volume`, `funding_rate`.
    pub name: String,
    /// A value for each arena row, known at the close of its bar.
    pub values: SharedColumn<f64>,
}

impl From<Column> for MarketColumn {
    /// The column's memory, as it is.
    fn from(column: Column) -> Self {
        Self { name: column.name, values: column.values.into() }
    }
}

/// True if a column has no value in a row that a sample could hold: NaN, or not finite as `f32`.
#[inline]
#[must_use]
pub fn is_missing(value: f64) -> bool {
    !(value as f32).is_finite()
}

/// A market: series end to end in one arena of columns, the prices, the channels and further
/// columns. Every price is positive, as rewards and some scalers divide by prices.
///
/// Rows are arena rows, counted from 0 over all series. Columns are shared: a clone takes no
/// memory, and what is derived from a market may keep its columns without it.
#[derive(Clone, Debug)]
pub struct Market {
    ts: SharedColumn<i64>,
    columns: Vec<MarketColumn>,
    series: Vec<SeriesSpan>,
    segments: Vec<Segment>,
}

impl Market {
    /// Lays series end to end, in the order given, and finds their segments.
    ///
    /// Kept are the four price columns and `channels`; a bar with a value that is missing or not
    /// finite as `f32` in one of them is in no segment.
    ///
    /// # Errors
    /// No series, a symbol twice, a channel that a series lacks, a price that is zero or negative.
    pub fn new(series: &[Series], channels: &[String], max_gap: MaxGap) -> Result<Self, BarsError> {
        Self::with_inputs(series, channels, &[], max_gap)
    }

    /// As [`Market::new`], and keeps the columns `inputs` after the channels. A missing value in
    /// one of them ends no segment.
    ///
    /// # Errors
    /// As [`Market::new`]; an input that a series lacks.
    pub fn with_inputs(
        series: &[Series],
        channels: &[String],
        inputs: &[String],
        max_gap: MaxGap,
    ) -> Result<Self, BarsError> {
        let splitting = market_columns(channels).len();
        let mut market = Self::arena(series, &[channels, inputs].concat())?;
        for (index, one) in series.iter().enumerate() {
            let limit = max_gap.limit_ns(one.ts(), one.interval());
            let offset = market.series[index].start;
            market.series[index].max_gap_ns = limit;
            let columns = &market.columns[..splitting];
            let missing = |bar: usize| columns.iter().any(|c| is_missing(c.values[offset + bar]));
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let found = segments::find(one, index, offset, limit, missing);
            market.segments.extend(found);
        }
        Ok(market)
    }

    /// Lays series end to end with segments that are known already, as a dataset stores them.
    ///
    /// # Errors
    /// As [`Market::new`], and a segment that is not a range of one series or not after the one
    /// before it.
    pub fn with_segments(
        series: Vec<Series>,
        channels: &[String],
        segments: Vec<Segment>,
    ) -> Result<Self, BarsError> {
        let mut market = match <[Series; 1]>::try_from(series) {
            Ok([series]) => Self::of_one(series, channels)?,
            Err(series) => Self::arena(&series, channels)?,
        };
        let mut previous = 0;
        for (index, segment) in segments.iter().enumerate() {
            let span = market.series.get(segment.series as usize);
            let inside = span.is_some_and(|s| s.start <= segment.start && segment.end <= s.end);
            if !inside || segment.start < previous || segment.start >= segment.end {
                let (start, end) = (segment.start, segment.end);
                return Err(BarsError::BadSegment { index, start, end });
            }
            previous = segment.end;
        }
        market.segments = segments;
        Ok(market)
    }

    /// The market with more columns after its own, such as values computed from them. A missing
    /// value in one of them ends no segment.
    ///
    /// # Errors
    /// A column has not one value a row, or the name of another column.
    pub fn with_columns(mut self, columns: Vec<MarketColumn>) -> Result<Self, BarsError> {
        for column in columns {
            let symbol = || self.series[0].symbol.clone();
            if self.column(&column.name).is_some() {
                return Err(BarsError::DuplicateColumn { symbol: symbol(), column: column.name });
            }
            let (got, expected) = (column.values.len(), self.len());
            if got != expected {
                let (symbol, column) = (symbol(), column.name);
                return Err(BarsError::Length { symbol, column, got, expected });
            }
            self.columns.push(column);
        }
        Ok(self)
    }

    /// The market without some of its further columns; prices stay.
    #[must_use]
    pub fn without(mut self, is_gone: impl Fn(&str) -> bool) -> Self {
        self.columns.retain(|column| {
            PRICE_COLUMNS.contains(&column.name.as_str()) || !is_gone(&column.name)
        });
        self
    }

    /// An arena of one series, whose memory it takes.
    fn of_one(series: Series, channels: &[String]) -> Result<Self, BarsError> {
        let names = market_columns(channels);
        names.iter().try_for_each(|name| series.require(name).map(drop))?;
        let (symbol, ts, mut there) = series.into_parts();
        let take = |name: &&str| {
            let at = there.iter().position(|column| column.name == *name)?;
            Some(there.swap_remove(at).into())
        };
        let columns = names.iter().filter_map(take).collect();
        let series = vec![SeriesSpan { symbol, start: 0, end: ts.len(), max_gap_ns: None }];
        Self { ts: ts.into(), columns, series, segments: Vec::new() }.with_positive_prices()
    }

    fn arena(series: &[Series], channels: &[String]) -> Result<Self, BarsError> {
        if series.is_empty() {
            return Err(BarsError::NoSeries);
        }
        let names = market_columns(channels);
        let bars = series.iter().map(Series::len).sum();
        let mut columns: Vec<Column> =
            names.iter().map(|n| Column::new(*n, Vec::with_capacity(bars))).collect();
        let mut ts = Vec::with_capacity(bars);
        let mut spans = Vec::with_capacity(series.len());
        let mut symbols = BTreeSet::new();
        for one in series {
            if !symbols.insert(one.symbol()) {
                return Err(BarsError::DuplicateSymbol { symbol: one.symbol().to_owned() });
            }
            for column in &mut columns {
                column.values.extend_from_slice(one.require(&column.name)?);
            }
            let start = ts.len();
            ts.extend_from_slice(one.ts());
            let (symbol, end) = (one.symbol().to_owned(), ts.len());
            spans.push(SeriesSpan { symbol, start, end, max_gap_ns: None });
        }
        let columns = columns.into_iter().map(MarketColumn::from).collect();
        Self { ts: ts.into(), columns, series: spans, segments: Vec::new() }.with_positive_prices()
    }

    /// The arena, if every price in it is positive.
    fn with_positive_prices(self) -> Result<Self, BarsError> {
        let Some(row) = first_non_positive(self.low()) else { return Ok(self) };
        let of = self.series.partition_point(|span| span.end <= row);
        let (symbol, start) = (self.series[of].symbol.clone(), self.series[of].start);
        Err(BarsError::NonPositivePrice { symbol, bar: row - start, low: self.low()[row] })
    }

    /// Number of bars in all: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a market is never empty")]
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Bar open times in ns since 1970 UTC, one an arena row; ascending within a series.
    #[must_use]
    pub fn ts(&self) -> &[i64] {
        &self.ts
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_ts(&self) -> &SharedColumn<i64> {
        &self.ts
    }

    /// Opens, one an arena row.
    #[must_use]
    pub fn open(&self) -> &[f64] {
        &self.columns[0].values
    }

    /// Highs, one an arena row.
    #[must_use]
    pub fn high(&self) -> &[f64] {
        &self.columns[1].values
    }

    /// Lows, one an arena row.
    #[must_use]
    pub fn low(&self) -> &[f64] {
        &self.columns[2].values
    }

    /// Closes, one an arena row.
    #[must_use]
    pub fn close(&self) -> &[f64] {
        &self.columns[3].values
    }

    /// A column's values, one an arena row.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|c| c.name == name).map(|c| &c.values[..])
    }

    /// The columns: open, high, low, close, the other channels, then further columns.
    #[must_use]
    pub fn columns(&self) -> &[MarketColumn] {
        &self.columns
    }

    /// Open, high, low and close, to be kept without the market.
    #[must_use]
    pub fn prices(&self) -> [&SharedColumn<f64>; 4] {
        [0, 1, 2, 3].map(|column: usize| &self.columns[column].values)
    }

    /// The series, in arena order.
    #[must_use]
    pub fn series(&self) -> &[SeriesSpan] {
        &self.series
    }

    /// The segments, ascending and disjoint.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The longest step in ns that lies inside a segment; 0 if there is none.
    #[must_use]
    pub fn longest_step_ns(&self) -> i64 {
        let step = |s: &Segment| {
            let ts = &self.ts[s.start..s.end];
            ts.windows(2).map(|p| p[1].saturating_sub(p[0])).max().unwrap_or(0)
        };
        self.segments.iter().map(step).max().unwrap_or(0)
    }

    /// The median step of a series in ns; 0 for a single bar.
    #[must_use]
    pub fn median_step_ns(&self, series: usize) -> i64 {
        self.series.get(series).map_or(0, |s| median_step(&self.ts[s.start..s.end]))
    }

    /// Bars a year of a series as its data has them: the number of its steps times 365.25 days,
    /// over their sum. Nights, weekends and holidays are in it, so hours of a stock exchange are
    /// some 1,760 a year.
    ///
    /// Gaps are left out: steps longer than 7 days, and than one and a half of the step that nine
    /// in ten are at most. So weeks, months and quarters are 52.2, 12 and 4 a year, though their
    /// steps differ, also where some are missing. 1 for a single bar and for no series.
    #[must_use]
    pub fn bars_per_year(&self, series: usize) -> f64 {
        self.series.get(series).map_or(1.0, |s| bars_per_year(&self.ts[s.start..s.end]))
    }
}

/// Bars a year of bars that open at these times: see [`Market::bars_per_year`].
#[must_use]
pub fn bars_per_year(ts: &[i64]) -> f64 {
    const DAY: i64 = 86_400_000_000_000;
    let step = |pair: &[i64]| pair[1].saturating_sub(pair[0]);
    let (mut steps, mut sum) = (0_u64, 0_i128);
    let mut add = |step: i64| {
        steps += 1;
        sum += i128::from(step);
    };
    let mut long: Vec<i64> = Vec::new();
    for step in ts.windows(2).map(step) {
        if step <= 7 * DAY { add(step) } else { long.push(step) }
    }
    if !long.is_empty() {
        let usual = usual_step(ts.windows(2).map(step).collect());
        long.into_iter().filter(|step| *step <= usual.saturating_add(usual / 2)).for_each(add);
    }
    if steps == 0 { 1.0 } else { (steps as f64) * (365.25 * DAY as f64) / (sum as f64) }
}

/// The step that nine in ten are at most.
fn usual_step(mut steps: Vec<i64>) -> i64 {
    let place = (steps.len() - 1) * 9 / 10;
    *steps.select_nth_unstable(place).1
}

/// The columns that a market of these channels has, in order: the four prices, then the channels
/// that are none, each once.
#[must_use]
pub fn market_columns(channels: &[String]) -> Vec<&str> {
    let mut names = PRICE_COLUMNS.to_vec();
    for channel in channels {
        if !names.contains(&channel.as_str()) {
            names.push(channel);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn series(symbol: &str, ts: Vec<i64>, volume: Vec<f64>) -> Series {
        let n = ts.len();
        let mut columns: Vec<Column> =
            PRICE_COLUMNS.iter().map(|name| Column::new(*name, vec![2.0; n])).collect();
        columns.push(Column::new("volume", volume));
        Series::new(symbol, ts, columns).unwrap()
    }

    #[test]
    fn segments_end_at_gaps_breaks_missing_values_and_symbols() {
        let ts: Vec<i64> =
            [0, 1, 2, 3, 4, 5, 6, 100, 101, 102].iter().map(|m| m * MINUTE).collect();
        let mut volume = vec![1.0; 10];
        volume[2] = f64::NAN;
        let a = series("A", ts, volume).with_breaks(vec![5]).unwrap();
        let b = series("B", vec![0, MINUTE], vec![1.0, 1.0]);
        let market = Market::new(&[a, b], &["volume".into()], MaxGap::Limit(10 * MINUTE)).unwrap();
        let got: Vec<_> = market.segments().iter().map(|s| (s.series, s.start, s.end)).collect();
        assert_eq!(got, [(0, 0, 2), (0, 3, 5), (0, 5, 7), (0, 7, 10), (1, 10, 12)]);
        assert_eq!(market.longest_step_ns(), MINUTE);
    }

    #[test]
    fn further_columns_end_no_segment() {
        let mut volume = vec![1.0; 4];
        volume[2] = f64::NAN;
        let ts: Vec<i64> = (0..4).map(|m| m * MINUTE).collect();
        let all = [series("A", ts.clone(), volume.clone()), series("B", ts, volume)];
        let whole = |market: &Market| {
            let of = |s: &Segment| (s.series, s.start, s.end);
            assert_eq!(
                market.segments().iter().map(of).collect::<Vec<_>>(),
                [(0, 0, 4), (1, 4, 8)]
            );
        };
        let volume = ["volume".to_owned()];
        let market = Market::with_inputs(&all, &["close".into()], &volume, MaxGap::Auto).unwrap();
        whole(&market);
        assert!(market.column("volume").unwrap()[6].is_nan());
        let split = Market::with_inputs(&all, &volume, &volume, MaxGap::Auto).unwrap();
        assert_eq!(split.segments().len(), 4, "a channel is no further column");
        assert_eq!(split.columns().len(), 5);

        let column = |name: &str, n| Column::new(name, vec![f64::NAN; n]).into();
        let market = market.with_columns(vec![column("ret", 8), column("vol", 8)]).unwrap();
        whole(&market);
        let names: Vec<&str> = market.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["open", "high", "low", "close", "volume", "ret", "vol"]);
        let fewer = market.clone().without(|name| name == "ret" || name == "close");
        let left: Vec<&str> = fewer.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(left, ["open", "high", "low", "close", "volume", "vol"], "prices stay");
        let refused = |columns| market.clone().with_columns(columns).unwrap_err();
        let twice = refused(vec![column("ret", 8)]);
        assert!(matches!(&twice, BarsError::DuplicateColumn { column, .. } if column == "ret"));
        let short = refused(vec![column("more", 8), column("less", 7)]);
        assert!(matches!(&short, BarsError::Length { got: 7, expected: 8, .. }), "{short}");
    }

    #[test]
    fn stored_segments_are_checked() {
        let a = series("A", vec![0, 1, 2], vec![1.0; 3]);
        let at = |start, end| vec![Segment { series: 0, start, end }];
        let channels = ["volume".to_owned()];
        assert!(Market::with_segments(vec![a.clone()], &channels, at(0, 3)).is_ok());
        assert!(Market::with_segments(vec![a.clone()], &channels, at(0, 4)).is_err());
        assert!(Market::with_segments(vec![a.clone()], &channels, at(2, 2)).is_err());
    }

    #[test]
    fn prices_of_a_market_are_positive() {
        let of = |symbol: &str, low: f64| {
            let low_at = |name: &&str| if **name == *"low" { vec![2.0, low] } else { vec![2.0; 2] };
            let columns = PRICE_COLUMNS.iter().map(|name| Column::new(*name, low_at(name)));
            Series::new(symbol, vec![0, MINUTE], columns.collect()).unwrap()
        };
        for low in [0.0, -40.32] {
            let refused = |series: Vec<Series>| {
                let whole = vec![Segment { series: 0, start: 0, end: 2 }];
                let made = Market::new(&series, &[], MaxGap::Auto).unwrap_err();
                assert_eq!(made, Market::with_segments(series, &[], whole).unwrap_err());
                made
            };
            let error = BarsError::NonPositivePrice { symbol: "B".into(), bar: 1, low };
            assert_eq!(refused(vec![of("B", low)]), error);
            assert_eq!(refused(vec![of("A", 1.0), of("B", low)]), error);
            let told = error.to_string();
            assert!(told.contains("log_return") && told.contains("reward"), "{told}");
        }
    }

    #[test]
    fn bars_a_year_of_minutes_that_never_stop() {
        let ts = (0..100).map(|i| i * MINUTE).collect();
        let market = Market::new(&[series("A", ts, vec![1.0; 100])], &[], MaxGap::Auto).unwrap();
        assert_eq!(market.bars_per_year(0), 525_960.0);
        assert_eq!(market.bars_per_year(1), 1.0, "there is no such series");
    }

    /// Open times of bars on the days of a list, counted from any day.
    fn on_days(days: impl IntoIterator<Item = i64>) -> Vec<i64> {
        days.into_iter().map(|day| day * 1_440 * MINUTE).collect()
    }

    /// The first days of every `months`-th month of ten years, but for some.
    fn months(months: usize, missing: &[usize]) -> Vec<i64> {
        let mut day = 0;
        let mut days = Vec::new();
        for month in 0..120_usize {
            if month % months == 0 && !missing.contains(&month) {
                days.push(day);
            }
            let leap = month % 48 == 1;
            day += [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month % 12] + i64::from(leap);
        }
        on_days(days)
    }

    #[test]
    fn bars_a_year_of_calendar_steps() {
        let close = |ts: &[i64], expected: f64| {
            let got = bars_per_year(ts);
            assert!((got / expected - 1.0).abs() < 0.003, "{got}, expected {expected}");
        };
        close(&months(1, &[]), 12.0);
        close(&months(3, &[]), 4.0);
        close(&months(12, &[]), 1.0);
        // A year without data is no step.
        close(&months(1, &[30, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71]), 12.0);
        // Weeks begin on Mondays, or on the Tuesday after a holiday.
        let weeks = on_days((0..520).map(|week| week * 7 + i64::from(week % 10 == 4)));
        close(&weeks, 365.25 / 7.0);
        let days = on_days((0..3_650).filter(|day| day % 7 < 5));
        close(&days, 365.25 * 5.0 / 7.0);
        // Two bars tell of one step, however long.
        close(&on_days([0, 31]), 365.25 / 31.0);
        assert_eq!(bars_per_year(&[5]), 1.0);
        assert_eq!(bars_per_year(&[]), 1.0);
        assert!(bars_per_year(&[i64::MIN, 0, i64::MAX]) > 0.0, "steps at the end of time");
    }

    #[test]
    fn bars_a_year_are_those_of_each_series() {
        let minutes = (0..500).map(|i| i * MINUTE).collect();
        let days = on_days(0..50);
        let all = [
            series("A", minutes, vec![1.0; 500]),
            series("B", days, vec![1.0; 50]),
            series("C", months(1, &[]), vec![1.0; 120]),
        ];
        let market = Market::new(&all, &[], MaxGap::Auto).unwrap();
        assert_eq!([0, 1].map(|s| market.bars_per_year(s)), [525_960.0, 365.25]);
        assert!((market.bars_per_year(2) - 12.0).abs() < 0.02);
    }
}
