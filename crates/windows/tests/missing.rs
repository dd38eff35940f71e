//! Positions without missing inputs, against the obvious version.

use std::ops::Range;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_splits::{LookbackFrom, Part, PartEnd, PartSpec, Split};
use barloom_windows::{MissingRows, Positions, Wanted, WindowsError};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000_000;

/// A market of series of minutes with some hours between them, and two columns that end no segment.
fn market(series: &[Vec<(bool, u8, u8)>]) -> Market {
    let all: Vec<Series> = (0..)
        .zip(series)
        .map(|(index, bars)| {
            let mut now = index * 7 * MINUTE;
            let ts = bars.iter().map(|(gap, _, _)| {
                now += if *gap { 60 } else { 1 } * MINUTE;
                now
            });
            let ts = ts.collect();
            let value = |kind: u8| match kind {
                0 => f64::NAN,
                1 => 1e300,
                2 => f64::NEG_INFINITY,
                _ => 1.0,
            };
            let mut columns: Vec<Column> = ["open", "high", "low", "close"]
                .map(|name| Column::new(name, vec![2.0; bars.len()]))
                .to_vec();
            columns.push(Column::new("x", bars.iter().map(|bar| value(bar.1)).collect()));
            columns.push(Column::new("y", bars.iter().map(|bar| value(bar.2)).collect()));
            Series::new(format!("S{index}"), ts, columns).unwrap()
        })
        .collect();
    let inputs = ["x".to_owned(), "y".to_owned()];
    Market::with_inputs(&all, &[], &inputs, MaxGap::Limit(5 * MINUTE)).unwrap()
}

/// Every position without regard to inputs, asked on its own for each of its inputs.
fn naive(
    market: &Market,
    plain: Result<Positions, WindowsError>,
    lookback: usize,
    windows: &[&str],
    snapshot: &[&str],
) -> Vec<usize> {
    let Ok(plain) = plain else { return Vec::new() };
    let all_there = |names: &[&str], from: usize, to: usize| {
        names.iter().all(|name| {
            let values = market.column(name).unwrap();
            values[from..to].iter().all(|value| (*value as f32).is_finite())
        })
    };
    let rows = (0..plain.count()).map(|rank| plain.locate(rank).row);
    rows.filter(|row| {
        all_there(windows, row - lookback, *row) && all_there(snapshot, row - 1, *row)
    })
    .collect()
}

fn parts(market: &Market, from: LookbackFrom) -> Vec<Part> {
    let part = |name: &str, end| PartSpec { name: name.into(), end: PartEnd::Fraction(end) };
    let parts = vec![part("train", 0.6), part("test", 0.4)];
    Split { parts, embargo: 1, lookback_from: from }.resolve(market).unwrap()
}

fn bars() -> impl Strategy<Value = Vec<(bool, u8, u8)>> {
    // Values of 3 and more are there.
    let bar = (prop::bool::weighted(0.1), 0..30_u8, 0..15_u8);
    prop::collection::vec(bar, 1..60)
}

proptest! {
    #[test]
    fn equal_the_obvious_version(
        series in prop::collection::vec(bars(), 1..=3),
        lookback in 1..8_usize,
        forward in 1..6_usize,
        history: bool,
        of in prop::sample::subsequence(vec!["x", "y", "close", "unknown"], 0..=4),
        at in prop::sample::subsequence(vec!["x", "y"], 0..=2),
        every in 1..4_usize,
    ) {
        let market = market(&series);
        let missing = MissingRows::new(&market, of.iter().copied(), at.iter().copied());
        let known: Vec<&str> = of.into_iter().filter(|name| *name != "unknown").collect();
        let from = if history { LookbackFrom::History } else { LookbackFrom::Part };
        let parts = parts(&market, from);
        // Rows of which every second, third, .. is left out; of all rows, nothing.
        let of_lot = |lot: usize| every * lot..(every * (lot + 1) - 1).min(market.len());
        let listed: Vec<Range<usize>> = (0..market.len().div_ceil(every)).map(of_lot).collect();
        let rows = (every > 1).then_some(&listed[..]);
        let is_listed = |row: &usize| rows.is_none() || row % every != every - 1;
        for part in [None, Some(&parts[0]), Some(&parts[1])] {
            let plain = Positions::new(&market, lookback, forward, part);
            let had_room = plain.is_ok();
            let want = naive(&market, plain, lookback, &known, &at);
            let (weights, missing) = (None, &missing);
            let wanted = Wanted { lookback, forward, part, weights, missing, rows };
            let listed: Vec<usize> = want.iter().copied().filter(is_listed).collect();
            match Positions::find(&market, wanted) {
                Ok(positions) => {
                    let all = 0..positions.count();
                    let got: Vec<usize> = all.map(|rank| positions.locate(rank).row).collect();
                    prop_assert_eq!(got, listed);
                }
                Err(WindowsError::NoPositions { .. }) => prop_assert!(!had_room),
                Err(WindowsError::NoRows { .. }) => {
                    prop_assert!(!want.is_empty() && listed.is_empty());
                }
                Err(WindowsError::AllMissing { .. }) => prop_assert!(had_room && want.is_empty()),
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
        // One row asked on its own, as for decisions that a caller chose.
        for segment in market.segments() {
            for row in segment.start + lookback..=segment.end {
                let there = (row - lookback..row).all(|k| {
                    known.iter().all(|name| market.column(name).unwrap()[k].abs() < 1e30)
                }) && at.iter().all(|name| market.column(name).unwrap()[row - 1].abs() < 1e30);
                prop_assert_eq!(missing.allows(row, lookback), there, "row {}", row);
            }
        }
    }
}

fn no_gaps(values: &[(u8, u8)]) -> Market {
    market(&[values.iter().map(|(x, y)| (false, *x, *y)).collect()])
}

#[test]
fn labels_cross_missing_values() {
    let market = no_gaps(&[(9, 9), (9, 9), (9, 9), (9, 0), (9, 9), (9, 9), (9, 9)]);
    let rows = |missing: &MissingRows| -> Vec<usize> {
        let wanted =
            Wanted { lookback: 2, forward: 1, part: None, weights: None, missing, rows: None };
        let positions = Positions::find(&market, wanted).unwrap();
        (0..positions.count()).map(|rank| positions.locate(rank).row).collect()
    };
    let none = MissingRows::new(&market, ["x"], []);
    assert!(none.is_empty());
    assert_eq!(rows(&none), [2, 3, 4, 5, 6]);
    assert_eq!(rows(&MissingRows::new(&market, ["y"], [])), [2, 3, 6], "windows hold two rows");
    assert_eq!(rows(&MissingRows::new(&market, [], ["y"])), [2, 3, 5, 6], "a snapshot holds one");
}

#[test]
fn weights_count_the_positions_that_are_left() {
    let bar = |y| (false, 9, y);
    let market = market(&[vec![bar(9); 9], (0..9).map(|k| bar(k + 2)).collect()]);
    let missing = MissingRows::new(&market, [], ["y"]);
    let weights = [1.0, 1.0];
    let (lookback, forward, part) = (1, 1, None);
    let wanted =
        Wanted { lookback, forward, part, weights: Some(&weights), missing: &missing, rows: None };
    let positions = Positions::find(&market, wanted).unwrap();
    assert_eq!(positions.count(), 8 + 7);
    let ranks = positions.ranges().iter().map(|one| (one.end - one.start) as u64 * one.copies);
    let ranks: Vec<f64> = ranks.map(|ranks| ranks as f64).collect();
    assert_eq!(positions.ranges().iter().map(|one| one.series).collect::<Vec<u32>>(), [0, 1]);
    assert!((ranks[0] / ranks[1] - 1.0).abs() < 1e-9, "{ranks:?}");
}

#[test]
fn nothing_left_names_the_worst_column() {
    let market = no_gaps(&[(9, 0), (0, 0), (9, 0), (9, 9), (0, 0), (9, 9)]);
    let missing = MissingRows::new(&market, ["x", "y"], []);
    let worst = missing.worst().unwrap();
    assert_eq!((worst.column.as_str(), worst.rows), ("y", 4));
    let (part, weights, missing) = (None, None, &missing);
    let wanted = Wanted { lookback: 3, forward: 1, part, weights, missing, rows: None };
    let error = Positions::find(&market, wanted).unwrap_err().to_string();
    assert!(error.contains("y is missing most often, in 4 rows"), "{error}");
    let wanted = Wanted { lookback: 6, ..wanted };
    let error = Positions::find(&market, wanted).unwrap_err();
    assert!(matches!(error, WindowsError::NoPositions { .. }), "{error}");
}
