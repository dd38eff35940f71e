//! Rolling and recursive functions against values that pandas computed.

use barloom_features::recursive::Recursive;
use barloom_features::rolling::{Rolling, Window};

const GOLDENS: &str = include_str!("goldens/rolling.csv");

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
