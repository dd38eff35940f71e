//! Alpha158 against qlib: `goldens/alpha158.txt`, which `goldens/alpha158.py` writes.

use std::collections::BTreeMap;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_features::{Attributes, Features, Options, preset};

const GOLDEN: &str = include_str!("goldens/alpha158.txt");
const COLUMNS: [&str; 6] = ["open", "high", "low", "close", "volume", "vwap"];
const HOUR: i64 = 3_600_000_000_000;

/// The name without the rows of its window: `MA` of `MA5`.
fn stem(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// The part of a value by which it may differ.
fn tolerance(name: &str) -> f64 {
    match stem(name) {
        "STD" | "BETA" | "RESI" => 1e-8,
        "RSQR" => 1e-6,
        "CORR" | "CORD" => 1e-9,
        _ => 1e-10,
    }
}

#[test]
fn values_are_those_of_qlib() {
    let mut columns = COLUMNS.map(|name| (name, Vec::new()));
    let bars = GOLDEN.lines().filter_map(|line| line.strip_prefix("bar "));
    for bar in bars {
        for ((_, column), value) in columns.iter_mut().zip(bar.split(' ')) {
            column.push(value.parse::<f64>().unwrap());
        }
    }
    let volume = columns[4].1.clone();
    let rows = volume.len();
    let ts = (0..rows as i64).map(|row| row * HOUR).collect();
    let columns = columns.into_iter().map(|(name, values)| Column::new(name, values)).collect();
    let series = Series::new("SPY", ts, columns).unwrap();
    let inputs = ["volume".to_owned(), "vwap".to_owned()];
    let market = Market::with_inputs(&[series], &[], &inputs, MaxGap::Auto).unwrap();

    let preset = preset("alpha158", |column| COLUMNS.contains(&column)).unwrap();
    let features = Features::new(preset.features, Options::default()).unwrap();
    let ours = features.evaluate(&market, &Attributes::default()).unwrap();

    let mut compared = 0;
    let golden: Vec<&str> = GOLDEN.lines().filter(|line| !line.starts_with("bar ")).collect();
    assert_eq!(golden.len(), 158);
    let mut faults = Vec::new();
    let mut all_rows: Vec<usize> = golden
        .iter()
        .flat_map(|line| line.split(' ').skip(1))
        .map(|value| value.split_once(':').unwrap().0.parse().unwrap())
        .collect();
    all_rows.sort_unstable();
    all_rows.dedup();
    for (line, ours) in golden.into_iter().zip(&ours) {
        let (name, values) = line.split_once(' ').unwrap();
        assert_eq!(name, ours.name);
        let values: BTreeMap<usize, f64> = values
            .split(' ')
            .map(|value| {
                let (row, value) = value.split_once(':').unwrap();
                (row.parse().unwrap(), value.parse().unwrap())
            })
            .collect();
        for row in &all_rows {
            let (ours, theirs) = (ours.values[*row], values.get(row).copied().unwrap_or(f64::NAN));
            let close = (ours - theirs).abs() <= tolerance(name) * theirs.abs().max(1e-3);
            // The sums of qlib drift: it has a little left where all prices are equal.
            let flat = stem(name) == "STD" && ours == 0.0 && theirs < 1e-8;
            compared += 1;
            if !(close || flat || ours.is_nan() && theirs.is_nan()) {
                faults.push(format!("{name} at {row}: {ours}, qlib {theirs}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {compared}:\n{}", faults.len(), faults.join("\n"));
}
