//! Positions against the obvious version, the traps, and causality.

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_splits::{LookbackFrom, Part, PartEnd, PartRule, PartSpec, Split};
use barloom_windows::{Position, Positions, WindowsError, windows_of};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 1_440 * MINUTE;
const FIVE: [&str; 5] = ["open", "high", "low", "close", "volume"];

fn series(symbol: &str, ts: Vec<i64>) -> Series {
    let n = ts.len();
    let ramp = |from: f64| (0..n).map(|bar| from + bar as f64 * 1e-3).collect::<Vec<f64>>();
    let columns = [("open", 10.0), ("high", 11.0), ("low", 9.0), ("close", 10.5), ("volume", 1e3)]
        .map(|(name, from)| Column::new(name, ramp(from)));
    Series::new(symbol, ts, columns.to_vec()).unwrap()
}

fn market(series: &[Series], max_gap: MaxGap) -> Market {
    Market::new(series, &["volume".into()], max_gap).unwrap()
}

fn minutes(bars: i64) -> Vec<i64> {
    (0..bars).map(|bar| bar * MINUTE).collect()
}

fn rows(positions: &Positions) -> Vec<usize> {
    (0..positions.count()).map(|rank| positions.locate(rank).row).collect()
}

/// Every bar asked on its own whether it can be t.
fn naive(market: &Market, lookback: usize, forward: usize, part: Option<&Part>) -> Vec<Position> {
    let mut found = Vec::new();
    for (index, span) in market.series().iter().enumerate() {
        let labels = part.map_or(0..usize::MAX, |p| p.label_rows(market, index));
        let history = part.is_some_and(Part::reaches_back);
        for row in span.start..span.end {
            let Some(from) = row.checked_sub(lookback) else { continue };
            let fits = market.segments().iter().any(|segment| {
                (from..row + forward).all(|k| {
                    let in_part = labels.contains(&k) || (history && k < row);
                    segment.start <= k && k < segment.end && in_part
                })
            });
            if fits {
                let (series, bar) = (index as u32, (row - span.start) as u64);
                found.push(Position { row, series, bar });
            }
        }
    }
    found
}

fn cut(at: f64, embargo: u64, lookback_from: LookbackFrom) -> Split {
    let part = |name: &str, end| PartSpec { name: name.into(), end: PartEnd::Fraction(end) };
    Split { parts: vec![part("train", at), part("test", 1.0 - at)], embargo, lookback_from }
}

/// Markets of one to three series, each with steps of one minute and some of an hour.
fn markets() -> impl Strategy<Value = Market> {
    let steps = prop::collection::vec(prop_oneof![8 => Just(1_i64), 1 => Just(60)], 1..40);
    prop::collection::vec(steps, 1..=3).prop_map(|all| {
        let all: Vec<Series> = all
            .iter()
            .enumerate()
            .map(|(index, steps)| {
                let mut now = index as i64 * 7 * MINUTE;
                let ts = steps.iter().map(|step| {
                    now += step * MINUTE;
                    now
                });
                series(&format!("S{index}"), ts.collect())
            })
            .collect();
        market(&all, MaxGap::Limit(5 * MINUTE))
    })
}

proptest! {
    #[test]
    fn equal_the_obvious_version(
        market in markets(),
        lookback in 1..12_usize,
        forward in 1..12_usize,
        at in 0.1..0.9_f64,
        embargo in 0..4_u64,
        history: bool,
    ) {
        let from = if history { LookbackFrom::History } else { LookbackFrom::Part };
        let parts = cut(at, embargo, from).resolve(&market).unwrap();
        for part in [None, Some(&parts[0]), Some(&parts[1])] {
            let want = naive(&market, lookback, forward, part);
            match Positions::new(&market, lookback, forward, part) {
                Ok(positions) => {
                    let all = 0..positions.count();
                    let got: Vec<Position> = all.map(|rank| positions.locate(rank)).collect();
                    prop_assert_eq!(got, want);
                }
                Err(WindowsError::NoPositions { .. }) => prop_assert!(want.is_empty()),
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
    }

    /// Causality: whatever the bars at and after t are, the window of t has the same bits.
    #[test]
    fn no_bit_of_a_window_depends_on_a_bar_outside_it(
        bars in 4..40_usize,
        lookback in 1..4_usize,
        rank: u64,
        changed in 0..40_usize,
        by in 0.5..2.0_f64,
    ) {
        let changed = changed % bars;
        let plain = series("A", minutes(bars as i64));
        let columns = plain.columns().iter().map(|column| {
            let mut column = column.clone();
            column.values[changed] *= by;
            column
        });
        let other = Series::new("A", plain.ts().to_vec(), columns.collect()).unwrap();
        let [plain, other] = [plain, other].map(|s| market(&[s], MaxGap::None));
        let positions = Positions::new(&plain, lookback, 1, None).unwrap();
        prop_assert_eq!(&positions, &Positions::new(&other, lookback, 1, None).unwrap());

        let row = positions.locate(rank % positions.count()).row;
        let [before, after] = [&plain, &other].map(|market| {
            let windows = windows_of(market, &FIVE, row, lookback).unwrap();
            windows.iter().copied().flatten().map(|x| x.to_bits()).collect::<Vec<u64>>()
        });
        if !(row - lookback..row).contains(&changed) {
            prop_assert_eq!(before, after);
        }
    }
}

#[test]
fn all_of_a_gapless_series_its_last_bars_included() {
    let market = market(&[series("A", minutes(100))], MaxGap::Auto);
    let (lookback, forward) = (10, 7);
    let positions = Positions::new(&market, lookback, forward, None).unwrap();
    assert_eq!(rows(&positions), (lookback..=100 - forward).collect::<Vec<_>>());
    // One sample that takes every bar.
    assert_eq!(rows(&Positions::new(&market, 60, 40, None).unwrap()), [60]);
    assert!(Positions::new(&market, 60, 41, None).is_err());
}

#[test]
fn no_window_spans_a_missing_month() {
    // Two days of minutes, a month of nothing, two days of minutes.
    let ts: Vec<i64> = (0..2_880)
        .map(|bar| bar * MINUTE)
        .chain((0..2_880).map(|bar| 32 * DAY + bar * MINUTE))
        .collect();
    let market = market(&[series("NEARUSDT", ts)], MaxGap::Auto);
    let (lookback, forward) = (64, 64);
    let positions = Positions::new(&market, lookback, forward, None).unwrap();
    assert_eq!(positions.count(), 2 * (2_880 - 64 - 64 + 1));
    for rank in 0..positions.count() {
        let row = positions.locate(rank).row;
        let ts = &market.ts()[row - lookback..row + forward];
        assert!(ts.windows(2).all(|pair| pair[1] - pair[0] == MINUTE), "t = {row}");
    }
}

#[test]
fn no_train_label_reaches_into_test() {
    let all = [series("A", minutes(1_000)), series("B", minutes(700))];
    let market = market(&all, MaxGap::Auto);
    let (lookback, forward, embargo) = (20, 30, 5);
    for from in [LookbackFrom::Part, LookbackFrom::History] {
        let parts = cut(0.8, embargo, from).resolve(&market).unwrap();
        let boundary = parts[1].start_ns;
        let [train, test] =
            [0, 1].map(|p| Positions::new(&market, lookback, forward, Some(&parts[p])).unwrap());
        let ts = market.ts();
        for row in rows(&train) {
            assert!(ts[row + forward - 1] + embargo as i64 * MINUTE < boundary, "t = {row}");
        }
        let mut reaches_back = false;
        for row in rows(&test) {
            assert!(ts[row] >= boundary, "t = {row}");
            reaches_back |= ts[row - lookback] < boundary;
        }
        assert_eq!(reaches_back, from == LookbackFrom::History);
    }
}

#[test]
fn no_window_holds_bars_of_two_symbols() {
    let all = [series("A", minutes(10)), series("B", minutes(8)), series("C", minutes(3))];
    let market = market(&all, MaxGap::None);
    let positions = Positions::new(&market, 4, 3, None).unwrap();
    assert_eq!(rows(&positions), [4, 5, 6, 7, 14, 15]);
    assert_eq!(positions.locate(4), Position { row: 14, series: 1, bar: 4 });
    assert_eq!(positions.ranges().len(), 2);
}

#[test]
fn no_position_says_what_would_help() {
    let hours = |from: i64, n: i64| (0..n).map(move |bar| from + bar * 60 * MINUTE);
    let market = market(
        &[
            series("SHORT", hours(0, 30).collect()),
            series("SPY", hours(0, 20).chain(hours(40 * DAY, 50)).collect()),
        ],
        MaxGap::Limit(DAY),
    );
    let message = |lookback, forward, part: Option<&Part>| {
        Positions::new(&market, lookback, forward, part).unwrap_err().to_string()
    };
    assert_eq!(
        message(32, 19, None),
        "no position: a sample needs 51 bars in one segment (lookback 32, forward 19), and the \
         longest has 50 (SPY, 1970-02-10 00:00:00 UTC to 1970-02-12 01:00:00 UTC); use lookback + \
         forward of at most 50"
    );
    let parts = cut(0.9, 0, LookbackFrom::History).resolve(&market).unwrap();
    let text = message(32, 19, Some(&parts[1]));
    assert!(text.starts_with("no position in part test: "), "{text}");
    assert!(text.contains("has 50 (SPY, ") && text.contains(", 10 of them for labels"), "{text}");
    // Numbers that would overflow.
    assert!(message(usize::MAX, usize::MAX, None).contains("the longest has 50"));
    assert!(message(usize::MAX, 1, Some(&parts[0])).contains("in part train"));
    assert_eq!(message(0, 1, None), "lookback: expected at least 1 bar, got 0");
    assert_eq!(message(1, 0, None), "forward: expected at least 1 bar, got 0");
}

#[test]
fn a_part_without_bars_says_so() {
    let market = market(&[series("A", minutes(10))], MaxGap::None);
    let late = Part {
        index: 1,
        name: "late".into(),
        start_ns: DAY,
        end_ns: 2 * DAY,
        share: 0.5,
        rule: PartRule::Chronological { embargo: 0, lookback_from: LookbackFrom::Part },
    };
    let error = Positions::new(&market, 1, 1, Some(&late)).unwrap_err();
    assert!(matches!(&error, WindowsError::NoPositions { nearest: None, .. }));
    assert!(error.to_string().contains("no bar in part late is in a segment"), "{error}");
}

#[test]
fn windows_come_in_the_order_asked_for() {
    let market = market(&[series("A", minutes(5))], MaxGap::None);
    let windows = windows_of(&market, &["volume", "close"], 3, 2).unwrap();
    assert_eq!(windows, [&market.column("volume").unwrap()[1..3], &market.close()[1..3]]);
    assert!(matches!(
        windows_of(&market, &["funding"], 3, 2),
        Err(WindowsError::MissingChannel { .. })
    ));
    for (row, lookback) in [(1, 2), (6, 1), (usize::MAX, 1)] {
        let error = windows_of(&market, &["close"], row, lookback).unwrap_err();
        assert!(matches!(error, WindowsError::OutOfRange { .. }));
    }
}

#[test]
#[should_panic(expected = "position 4 of 4")]
fn a_rank_too_high_panics() {
    let market = market(&[series("A", minutes(10))], MaxGap::None);
    let _ = Positions::new(&market, 4, 3, None).unwrap().locate(4);
}
