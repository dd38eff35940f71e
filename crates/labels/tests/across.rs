//! Values across symbols against pandas, `goldens/across.py`, and against one time at a time.

use std::collections::BTreeMap;

use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series};
use barloom_labels::{Across, across};
use proptest::prelude::*;

const ALL: [Across; 3] = [Across::Rank, Across::ZScore, Across::Demean];

/// The market of so many symbols whose bars open at these times.
fn market(times: &[Vec<i64>]) -> Market {
    let series = times.iter().enumerate().map(|(symbol, ts)| {
        let columns = PRICE_COLUMNS.map(|name| Column::new(name, vec![10.0; ts.len()]));
        Series::new(format!("S{symbol}"), ts.clone(), columns.into()).expect("a series")
    });
    Market::new(&series.collect::<Vec<_>>(), &[], MaxGap::None).expect("a market")
}

fn near(found: f64, expected: f64) -> bool {
    found.is_nan() && expected.is_nan()
        || (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

#[test]
fn values_are_those_of_pandas() {
    let mut times: Vec<(String, Vec<i64>)> = Vec::new();
    let mut columns: [Vec<f64>; 4] = Default::default();
    for line in include_str!("goldens/across.csv").lines().skip(1) {
        let [symbol, at, cells @ ..] = &line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        if times.last().is_none_or(|(last, _)| last != symbol) {
            times.push(((*symbol).to_owned(), Vec::new()));
        }
        let (_, ts) = times.last_mut().expect("it was pushed");
        ts.push(at.parse().expect("a bar"));
        for (column, cell) in columns.iter_mut().zip(cells) {
            let missing = cell.is_empty();
            column.push(if missing { f64::NAN } else { cell.parse().expect("a number") });
        }
    }
    let market = market(&times.into_iter().map(|(_, ts)| ts).collect::<Vec<_>>());
    let [labels, expected @ ..] = &columns;
    for (kind, expected) in ALL.iter().zip(expected) {
        let found = across(&market, labels, *kind);
        let missing = expected.iter().filter(|value| value.is_nan()).count();
        assert!(missing > 20 && expected.len() - missing > 80, "{kind:?}: {missing} missing");
        for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(near(*found, *expected), "{kind:?} row {row}: {found} for {expected}");
        }
    }
}

/// The value of a symbol among those of one time.
fn plain(kind: Across, value: f64, all: &[f64]) -> f64 {
    let n = all.len() as f64;
    let mean = all.iter().sum::<f64>() / n;
    match kind {
        _ if all.len() < 2 => f64::NAN,
        Across::Rank => {
            let below = all.iter().filter(|x| **x < value).count() as f64;
            let equal = all.iter().filter(|x| **x == value).count() as f64;
            (below + (equal + 1.0) / 2.0) / n
        }
        Across::ZScore if all.iter().all(|x| *x == value) => f64::NAN,
        Across::ZScore => {
            let squares: f64 = all.iter().map(|x| (x - mean) * (x - mean)).sum();
            (value - mean) / (squares / (n - 1.0)).sqrt()
        }
        Across::Demean => value - mean,
    }
}

proptest! {
    #[test]
    fn each_time_is_compared_alone(
        bars in prop::collection::vec(
            prop::collection::btree_map(0..20_i64, prop::option::weighted(0.8, -4..5_i8), 1..20),
            1..6,
        ),
    ) {
        let times: Vec<Vec<i64>> = bars.iter().map(|bars| bars.keys().copied().collect()).collect();
        let market = market(&times);
        let labels: Vec<f64> = bars
            .iter()
            .flat_map(|bars| bars.values().map(|value| value.map_or(f64::NAN, f64::from)))
            .collect();
        let mut by_time: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (ts, value) in market.ts().iter().zip(&labels).filter(|(_, value)| !value.is_nan()) {
            by_time.entry(*ts).or_default().push(*value);
        }
        for kind in ALL {
            let found = across(&market, &labels, kind);
            for (row, value) in labels.iter().enumerate() {
                let expected = match by_time.get(&market.ts()[row]) {
                    Some(all) if !value.is_nan() => plain(kind, *value, all),
                    _ => f64::NAN,
                };
                prop_assert!(near(found[row], expected), "{kind:?} {row}: {} {expected}", found[row]);
            }
        }
    }
}

#[test]
fn infinite_values_count_as_missing() {
    let market = market(&[vec![0, 1], vec![0, 1], vec![0, 1]]);
    let labels = [1.0, f64::INFINITY, f64::NAN, 3.0, 3.0, 5.0];
    let found = across(&market, &labels, Across::Rank);
    assert!(found[1].is_nan() && found[2].is_nan());
    assert_eq!([found[0], found[4], found[3], found[5]], [0.5, 1.0, 0.5, 1.0]);
}
