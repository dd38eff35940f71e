//! Rolling statistics of large values with small moves, against integer arithmetic; and windows
//! that are longer than their shortcuts.

use barloom_features::rolling::{Rolling, Window};

/// The grid of doubles near 1e9.
const GRID: f64 = 1.0 / 8_388_608.0;

/// Values of 1e9 with moves of 1e-3, on the grid.
fn prices(seed: u64, rows: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let move_by = ((state >> 40) as f64 / 16_777_216.0 - 0.5) * 2e-3;
        1e9 + (move_by / GRID).round() * GRID
    };
    (0..rows).map(|_| next()).collect()
}

/// The last row's statistic of the whole column.
fn last(statistic: Rolling, inputs: &[&[f64]]) -> f64 {
    let rows = inputs[0].len();
    let mut out = [0.0];
    statistic.apply(inputs, Window::new(rows, rows).expect("a window"), &mut out);
    out[0]
}

/// Deviations from the first value, in units of the grid: they are integers.
fn integers(x: &[f64]) -> Vec<i128> {
    x.iter().map(|value| ((value - x[0]) / GRID) as i128).collect()
}

/// n^(power - 1) times the sum of deviations from the mean to a power, exactly.
fn moment(x: &[i128], power: u32) -> i128 {
    let n = x.len() as i128;
    let sum: i128 = x.iter().sum();
    let total: i128 = x.iter().map(|value| (n * value - sum).pow(power)).sum();
    // Each term has n^power.
    assert_eq!(total % n, 0);
    total / n
}

fn product(x: &[i128], y: &[i128]) -> i128 {
    let n = x.len() as i128;
    let (sx, sy): (i128, i128) = (x.iter().sum(), y.iter().sum());
    n * x.iter().zip(y).map(|(x, y)| x * y).sum::<i128>() - sx * sy
}

fn close(name: &str, value: f64, exact: f64, tolerance: f64) {
    let error = (value - exact).abs() / exact.abs();
    assert!(error <= tolerance, "{name}: {value} for {exact}, off by {error:e}");
}

#[test]
fn moments_near_1e9_are_exact_to_1e_10() {
    for rows in [5, 20, 21, 60, 127, 200, 777, 5000] {
        for seed in [1, 2, 3] {
            let (x, y) = (prices(seed, rows), prices(seed + 10, rows));
            let (xi, yi) = (integers(&x), integers(&y));
            let at: Vec<i128> = (0..rows as i128).collect();
            let n = rows as f64;
            let (xx, yy) = (product(&xi, &xi) as f64, product(&yi, &yi) as f64);
            let xy = product(&xi, &yi) as f64;
            let (xt, tt) = (product(&xi, &at) as f64, product(&at, &at) as f64);
            let var = xx / (n * (n - 1.0)) * GRID * GRID;
            close("var", last(Rolling::Var, &[&x]), var, 1e-12);
            close("std", last(Rolling::Std, &[&x]), var.sqrt(), 1e-12);
            let corr = last(Rolling::Corr, &[&x, &y]);
            close("corr", corr, xy / (xx.sqrt() * yy.sqrt()), 1e-10);
            let cov = xy / (n * (n - 1.0)) * GRID * GRID;
            close("cov", last(Rolling::Cov, &[&x, &y]), cov, 1e-10);
            close("slope", last(Rolling::Slope, &[&x]), xt / tt * GRID, 1e-9);
            close("rsquare", last(Rolling::Rsquare, &[&x]), xt * xt / (xx * tt), 1e-9);
            let deviation =
                (*xi.last().expect("rows") * rows as i128 - xi.iter().sum::<i128>()) as f64;
            let score = deviation / n * GRID / var.sqrt();
            close("zscore", last(Rolling::Zscore, &[&x]), score, 1e-10);
        }
    }
}

#[test]
fn skew_and_kurt_near_1e9_are_exact_to_1e_6() {
    for rows in [5, 20, 21, 60, 127, 200] {
        for seed in [1, 2, 3] {
            let x = prices(seed, rows);
            let xi = integers(&x);
            let n = rows as f64;
            let second = moment(&xi, 2) as f64 / n;
            let third = moment(&xi, 3) as f64 / (n * n);
            let fourth = moment(&xi, 4) as f64 / (n * n * n);
            let skew = n * (n - 1.0).sqrt() / (n - 2.0) * third / (second * second.sqrt());
            close("skew", last(Rolling::Skew, &[&x]), skew, 1e-10);
            let below = (n - 2.0) * (n - 3.0);
            let kurt = n * (n + 1.0) * (n - 1.0) / below * fourth / (second * second)
                - 3.0 * (n - 1.0) * (n - 1.0) / below;
            close("kurt", last(Rolling::Kurt, &[&x]), kurt, 1e-8);
        }
    }
}

#[test]
fn an_outlier_at_the_last_row_costs_no_digits() {
    let mut x: Vec<f64> = (0..200_000).map(|row| f64::from(row % 7)).collect();
    x[199_999] = 1e6;
    let n = 200_000.0;
    let xi: Vec<i128> = x.iter().map(|value| *value as i128).collect();
    let var = product(&xi, &xi) as f64 / (n * (n - 1.0));
    close("var", last(Rolling::Var, &[&x]), var, 1e-13);
    let mean = xi.iter().sum::<i128>() as f64 / n;
    close("mean", last(Rolling::Mean, &[&x]), mean, 1e-15);
}

#[test]
fn a_column_correlates_with_itself_and_its_negative_exactly() {
    for rows in [2, 3, 20, 61] {
        let x = prices(9, rows);
        let negative: Vec<f64> = x.iter().map(|value| -value).collect();
        assert_eq!(last(Rolling::Corr, &[&x, &x]), 1.0);
        assert_eq!(last(Rolling::Corr, &[&x, &negative]), -1.0);
    }
}

/// Means of whole numbers are the nearest double, so a comparison with a share is exact.
#[test]
fn means_of_flags_are_exact() {
    for rows in [3, 7, 20, 30, 60, 255] {
        let flags: Vec<f64> = (0..rows).map(|row| f64::from(row * 7 % 10 < 4)).collect();
        let ones = flags.iter().filter(|flag| **flag == 1.0).count() as f64;
        assert_eq!(last(Rolling::Mean, &[&flags]), ones / f64::from(rows));
    }
}

/// Quantiles and ranks of long windows come from a tree, of short ones from a sorted array.
#[test]
fn long_windows_have_exact_quantiles_and_ranks() {
    let mut x: Vec<f64> = prices(5, 9000).iter().map(|v| ((v - 1e9) * 2e5).round()).collect();
    for at in [100, 101, 4000, 8990] {
        x[at] = f64::NAN;
    }
    for (rows, least) in [(4096, 2000), (4097, 2000), (6000, 1)] {
        let window = Window::new(rows, least).expect("a window");
        for q in [0.0, 0.25, 0.5, 0.999, 1.0] {
            let mut out = vec![0.0; 1000];
            Rolling::Quantile(q).apply(&[&x], window, &mut out);
            for row in [0, 1, 500, 989, 990, 991, 999] {
                let end = 8000 + row + 1;
                let mut sorted: Vec<f64> = x[end - rows..end].to_vec();
                sorted.retain(|value| !value.is_nan());
                sorted.sort_by(f64::total_cmp);
                let place = q * (sorted.len() - 1) as f64;
                let low = sorted[place as usize];
                let high = sorted[(place as usize + 1).min(sorted.len() - 1)];
                assert_eq!(out[row], low + (high - low) * place.fract(), "{rows} {q} {row}");
            }
        }
        let mut out = vec![0.0; 1000];
        Rolling::Rank.apply(&[&x], window, &mut out);
        assert!(out[990].is_nan());
        for row in [0, 500, 991, 999] {
            let end = 8000 + row + 1;
            let values: Vec<f64> =
                x[end - rows..end].iter().copied().filter(|value| !value.is_nan()).collect();
            let last = x[end - 1];
            let below = values.iter().filter(|value| **value < last).count() as f64;
            let up_to = values.iter().filter(|value| **value <= last).count() as f64;
            let rank = (below + up_to + 1.0) * 0.5 / values.len() as f64;
            assert_eq!(out[row], rank, "{rows} {row}");
        }
    }
}

/// The largest window: its cost a row grows with its binary digits, not with its rows.
#[test]
fn the_largest_window_is_computed_for_many_rows() {
    let x: Vec<f64> = (0..1_010_000).map(|row| f64::from(row % 1000)).collect();
    let window = Window::new(1_000_000, 1).expect("a window");
    let mut out = vec![0.0; 10_000];
    for (statistic, expected) in [
        (Rolling::Mean, 499.5),
        (Rolling::Max, 999.0),
        (Rolling::Median, 499.5),
        (Rolling::Min, 0.0),
    ] {
        statistic.apply(&[&x], window, &mut out);
        assert!(out.iter().all(|value| *value == expected), "{statistic:?}");
    }
    Rolling::Std.apply(&[&x], window, &mut out);
    let std = (999_999.0_f64 / 12.0 * (1_000_000.0 / 999_999.0)).sqrt();
    assert!(out.iter().all(|value| (value - std).abs() <= 1e-12 * std));
}
