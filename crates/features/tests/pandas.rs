//! Rolling and recursive functions, and those across symbols, against values that pandas computed.

mod common;

use std::collections::BTreeMap;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_features::recursive::Recursive;
use barloom_features::rolling::{Rolling, Window};
use barloom_features::{Attributes, Features, Options};
use common::{MARCH, MINUTE};

const GOLDENS: &str = include_str!("goldens/rolling.csv");
const CROSS: &str = include_str!("goldens/cross.csv");

/// The sectors of `goldens/cross.py`; GG has none.
const SECTORS: [(&str, &str); 7] = [
    ("AA", "tech"),
    ("BB", "oil"),
    ("CC", "tech"),
    ("DD", "oil"),
    ("EE", "tech"),
    ("FF", "gold"),
    ("GG", ""),
];

/// The columns of the goldens by name.
fn columns() -> Vec<(&'static str, Vec<f64>)> {
    let mut lines = GOLDENS.lines();
    let names = lines.next().expect("a header").split(',');
    let mut columns: Vec<(&str, Vec<f64>)> = names.map(|name| (name, Vec::new())).collect();
    for line in lines {
        for (cell, (_, column)) in line.split(',').zip(&mut columns) {
            column.push(if cell.is_empty() { f64::NAN } else { cell.parse().expect("a number") });
        }
    }
    columns
}

/// The column that a name of the goldens means.
fn compute(name: &str, x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut parts = name.split('|');
    let statistic = parts.next().unwrap_or_default();
    let [rows, least] = [(); 2].map(|()| parts.next().expect("a part").parse().expect("a number"));
    let rolling = match statistic {
        "sum" => Rolling::Sum,
        "mean" => Rolling::Mean,
        "std" => Rolling::Std,
        "var" => Rolling::Var,
        "min" => Rolling::Min,
        "max" => Rolling::Max,
        "median" => Rolling::Median,
        "quantile_0.2" => Rolling::Quantile(0.2),
        "quantile_0.8" => Rolling::Quantile(0.8),
        "rank" => Rolling::Rank,
        "skew" => Rolling::Skew,
        "kurt" => Rolling::Kurt,
        "cov" => Rolling::Cov,
        "corr" => Rolling::Corr,
        _ => return recursive(statistic, rows as f64, x),
    };
    let mut out = vec![0.0; x.len()];
    let window = Window::new(rows, least).expect("a window");
    rolling.apply(&[x, y][..rolling.inputs()], window, &mut out);
    out
}

fn recursive(name: &str, number: f64, x: &[f64]) -> Vec<f64> {
    let alpha = Recursive::alpha_of_span(number);
    let function = match name {
        "ewm_mean" => Recursive::EwmMean { alpha },
        "ewm_std" => Recursive::EwmStd { alpha },
        "ewm_mean_halflife" => Recursive::EwmMean { alpha: Recursive::alpha_of_halflife(number) },
        "cum_sum" => Recursive::CumSum,
        _ => panic!("{name}"),
    };
    let mut out = vec![0.0; x.len()];
    function.apply(x, &mut out);
    out
}

#[test]
fn values_are_those_of_pandas() {
    let columns = columns();
    let [(_, x), (_, y)] = &columns[..2] else { panic!("x and y come first") };
    assert_eq!(columns.len(), 2 + 4 * 14 + 6);
    for (name, expected) in &columns[2..] {
        let values = compute(name, x, y);
        assert!(expected.iter().any(|value| !value.is_nan()), "{name}");
        for (row, (value, expected)) in values.iter().zip(expected).enumerate() {
            let close = (value - expected).abs() <= 1e-10 * expected.abs().max(1.0);
            assert!(
                close || (value.is_nan() && expected.is_nan()),
                "{name} row {row}: {value} for {expected}"
            );
        }
    }
}

/// A number of the goldens; an empty cell is missing.
fn number(cell: &str) -> f64 {
    if cell.is_empty() { f64::NAN } else { cell.parse().expect("a number") }
}

#[test]
fn values_across_symbols_are_those_of_pandas() {
    let mut lines = CROSS.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').skip(3).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let mut by_symbol: BTreeMap<&str, Vec<&[&str]>> = BTreeMap::new();
    for row in &rows {
        by_symbol.entry(row[0]).or_default().push(row);
    }
    let series: Vec<Series> = by_symbol
        .iter()
        .map(|(symbol, rows)| {
            let at = |row: &&[&str]| MARCH + row[1].parse::<i64>().expect("a bar") * 15 * MINUTE;
            let prices = ["open", "high", "low", "close"];
            let mut columns: Vec<Column> =
                prices.iter().map(|name| Column::new(*name, vec![10.0; rows.len()])).collect();
            columns.push(Column::new("x", rows.iter().map(|row| number(row[2])).collect()));
            Series::new(*symbol, rows.iter().map(at).collect(), columns).unwrap()
        })
        .collect();
    let market = Market::with_inputs(&series, &[], &["x".into()], MaxGap::None).unwrap();
    assert!(market.series().len() == SECTORS.len() && market.len() == rows.len());
    let sector =
        |(symbol, sector): &(&str, &str)| ((*symbol).to_owned(), vec![(*sector).to_owned()]);
    let attributes =
        Attributes { names: vec!["sector".into()], symbols: SECTORS.iter().map(sector).collect() };
    let expression = |name: &&str| match name.split_once('|') {
        Some((function, by)) => ((*name).to_owned(), format!("{function}(x, by={by})")),
        None => ((*name).to_owned(), format!("{name}(x)")),
    };
    assert_eq!(names.len(), 6);
    let called = names.iter().map(expression).enumerate();
    let called = called.map(|(place, (_, text))| (format!("f{place}"), text)).collect();
    let features = Features::new(called, Options::default()).unwrap();
    let columns = features.evaluate(&market, &attributes).unwrap();
    for (place, (name, column)) in names.iter().zip(&columns).enumerate() {
        let (mut there, mut missing) = (0, 0);
        for (row, value) in column.values.iter().enumerate() {
            let expected = number(rows[row][3 + place]);
            let close = (value - expected).abs() <= 1e-12 * expected.abs().max(1.0);
            assert!(
                close || (value.is_nan() && expected.is_nan()),
                "{name} row {row}: {value} for {expected}"
            );
            there += usize::from(!expected.is_nan());
            missing += usize::from(expected.is_nan());
        }
        assert!(there > 250 && missing > 50, "{name}: {there} values, {missing} missing");
    }
}
