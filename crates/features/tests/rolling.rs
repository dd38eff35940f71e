//! Rolling statistics against a plain version that sees one window at a time.

use barloom_features::rolling::{Rolling, Window, apply_many};

const ALL: [Rolling; 21] = [
    Rolling::Sum,
    Rolling::Mean,
    Rolling::Std,
    Rolling::Var,
    Rolling::Min,
    Rolling::Max,
    Rolling::Median,
    Rolling::Quantile(0.2),
    Rolling::Quantile(1.0),
    Rolling::Rank,
    Rolling::Skew,
    Rolling::Kurt,
    Rolling::Slope,
    Rolling::Rsquare,
    Rolling::Resi,
    Rolling::Corr,
    Rolling::Cov,
    Rolling::Argmin,
    Rolling::Argmax,
    Rolling::Count,
    Rolling::Zscore,
];

const LENGTHS: [usize; 9] = [1, 2, 3, 5, 20, 60, 200, 300, 777];

/// Random numbers in [0, 1).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Prices in ticks, with ties, constant stretches and a share of missing rows.
fn prices(seed: u64, rows: usize, missing: f64) -> Vec<f64> {
    let mut random = Random(seed);
    let mut price: f64 = 100.0;
    let mut next = |row: usize| {
        if row % 97 > 12 {
            price += ((random.next() - 0.5) * 20.0).round() / 16.0;
        }
        if random.next() < missing { f64::NAN } else { price }
    };
    (0..rows).map(&mut next).collect()
}

fn periods(rows: usize) -> [usize; 3] {
    [1, rows.div_ceil(2), rows]
}

fn window(rows: usize, min_periods: usize) -> Window {
    Window::new(rows, min_periods).expect("a valid window")
}

fn run(statistic: Rolling, x: &[f64], y: &[f64], window: Window) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    let inputs = [x, y];
    statistic.apply(&inputs[..statistic.inputs()], window, &mut out);
    out
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// The statistic of one window, whose rows are `x` and `y`.
fn naive(statistic: Rolling, x: &[f64], y: &[f64], min_periods: usize) -> f64 {
    let pairs = statistic.inputs() == 2;
    let known = |row: &usize| x[*row].is_finite() && (!pairs || y[*row].is_finite());
    let at: Vec<usize> = (0..x.len()).filter(known).collect();
    let k = at.len() as f64;
    if at.len() < min_periods {
        return f64::NAN;
    }
    let values: Vec<f64> = at.iter().map(|&row| x[row]).collect();
    let others: Vec<f64> = match statistic {
        _ if pairs => at.iter().map(|&row| y[row]).collect(),
        _ => at.iter().map(|&row| row as f64).collect(),
    };
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    let (mx, my) = (sum(&values) / k, sum(&others) / k);
    let moment = |power: i32| {
        let term = |v: &f64| (0..power).fold(1.0, |product, _| product * (v - mx));
        values.iter().map(term).sum::<f64>()
    };
    let constant = values.iter().all(|v| *v == values[0]);
    let xx = if constant { 0.0 } else { moment(2) };
    let yy: f64 = others.iter().map(|v| (v - my) * (v - my)).sum();
    let xy: f64 = values.iter().zip(&others).map(|(x, y)| (x - mx) * (y - my)).sum();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let quantile = |q: f64| {
        let place = q * (k - 1.0);
        let low = sorted[place as usize];
        let high = sorted[(place as usize + 1).min(sorted.len() - 1)];
        low + (high - low) * place.fract()
    };
    let last = x[x.len() - 1];
    let is_last = known(&(x.len() - 1));
    let place =
        |extreme: f64| at[values.iter().position(|v| *v == extreme).expect("a value")] as f64;
    let flat_y = others.iter().all(|v| *v == others[0]);
    let value = match statistic {
        Rolling::Sum => sum(&values),
        Rolling::Mean => mx,
        Rolling::Var => xx / (k - 1.0),
        Rolling::Std => (xx / (k - 1.0)).sqrt(),
        Rolling::Min => sorted[0],
        Rolling::Max => sorted[sorted.len() - 1],
        Rolling::Median => quantile(0.5),
        Rolling::Quantile(q) => quantile(q),
        Rolling::Rank if !is_last => f64::NAN,
        Rolling::Rank => {
            let below = values.iter().filter(|v| **v < last).count() as f64;
            let equal = values.iter().filter(|v| **v == last).count() as f64;
            (below + (equal + 1.0) / 2.0) / k
        }
        Rolling::Skew if k < 3.0 || constant => f64::NAN,
        Rolling::Skew => k * (k - 1.0).sqrt() / (k - 2.0) * moment(3) / (xx * xx.sqrt()),
        Rolling::Kurt if k < 4.0 || constant => f64::NAN,
        Rolling::Kurt => {
            let below = (k - 2.0) * (k - 3.0);
            k * (k + 1.0) * (k - 1.0) / below * moment(4) / (xx * xx)
                - 3.0 * (k - 1.0) * (k - 1.0) / below
        }
        Rolling::Cov => xy / (k - 1.0),
        Rolling::Corr if constant || flat_y => f64::NAN,
        Rolling::Corr => (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0),
        Rolling::Slope => xy / yy,
        Rolling::Rsquare if constant => f64::NAN,
        Rolling::Rsquare => xy * xy / (xx * yy),
        Rolling::Resi if !is_last => f64::NAN,
        Rolling::Resi => last - (mx + xy / yy * ((x.len() - 1) as f64 - my)),
        Rolling::Argmin => place(sorted[0]),
        Rolling::Argmax => place(sorted[sorted.len() - 1]),
        Rolling::Count => k,
        Rolling::Zscore if !is_last || constant => f64::NAN,
        Rolling::Zscore => (last - mx) / (xx / (k - 1.0)).sqrt(),
    };
    if value.is_finite() { value } else { f64::NAN }
}

#[test]
fn values_are_those_of_the_plain_version() {
    for missing in [0.0, 0.02, 0.6] {
        let (x, y) = (prices(3, 1300, missing), prices(4, 1300, missing));
        for statistic in ALL {
            for rows in LENGTHS {
                for min_periods in periods(rows) {
                    let out = run(statistic, &x, &y, window(rows, min_periods));
                    for row in 0..x.len() {
                        let from = (row + 1).saturating_sub(rows);
                        let expected =
                            naive(statistic, &x[from..=row], &y[from..=row], min_periods);
                        let close = (out[row] - expected).abs() <= 1e-9 * expected.abs().max(1.0);
                        assert!(
                            close || (out[row].is_nan() && expected.is_nan()),
                            "{statistic:?} {rows}/{min_periods} row {row}: {} for {expected}",
                            out[row]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn parts_of_a_run_have_the_bits_of_the_whole() {
    for missing in [0.0, 0.01] {
        let (x, y) = (prices(5, 5000, missing), prices(6, 5000, missing));
        for statistic in ALL {
            for rows in LENGTHS {
                for min_periods in periods(rows) {
                    let window = window(rows, min_periods);
                    let whole = run(statistic, &x, &y, window);
                    for (from, to) in [(0, 1), (1, 700), (1500, 1501), (1900, 4999), (3333, 5000)] {
                        let history = from - usize::min(from, rows - 1);
                        let mut out = vec![0.0; to - from];
                        let inputs = [&x[history..to], &y[history..to]];
                        statistic.apply(&inputs[..statistic.inputs()], window, &mut out);
                        for (row, value) in (from..to).zip(out) {
                            assert!(
                                same(value, whole[row]),
                                "{statistic:?} {rows}/{min_periods} row {row} of {from}..{to}: \
                                 {value} for {}",
                                whole[row]
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_beyond_the_window_changes_a_bit() {
    let (x, y) = (prices(7, 3000, 0.0), prices(8, 3000, 0.0));
    for statistic in ALL {
        for rows in LENGTHS {
            for min_periods in periods(rows) {
                let window = window(rows, min_periods);
                let plain = run(statistic, &x, &y, window);
                for planted in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e15, -1e15, 1e300] {
                    for at in [0, 1024, 1700] {
                        let (mut x, mut y) = (x.clone(), y.clone());
                        x[at] = planted;
                        y[at] = planted;
                        let out = run(statistic, &x, &y, window);
                        for row in (0..at).chain(at + rows..x.len()) {
                            assert!(
                                same(out[row], plain[row]),
                                "{statistic:?} {rows}/{min_periods}, {planted} at {at}, row {row}"
                            );
                        }
                        if !planted.is_finite() && min_periods == rows {
                            let reach = at.max(rows - 1)..at + rows;
                            assert!(out[reach].iter().all(|value| value.is_nan()));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn min_periods_does_not_change_the_bits_of_full_windows() {
    let (x, y) = (prices(9, 3000, 0.003), prices(10, 3000, 0.003));
    for statistic in ALL {
        for rows in LENGTHS {
            let full = run(statistic, &x, &y, window(rows, rows));
            let some = run(statistic, &x, &y, window(rows, 1));
            for (row, value) in full.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                assert!(same(*value, some[row]), "{statistic:?} {rows} row {row}");
            }
        }
    }
}

#[test]
fn statistics_computed_together_have_the_bits_of_each() {
    for missing in [0.0, 0.01] {
        let (x, y) = (prices(11, 2500, missing), prices(12, 2500, missing));
        let mut wanted = Vec::new();
        for statistic in ALL {
            for (rows, min_periods) in [(1, 1), (5, 1), (20, 20), (60, 30), (300, 300), (777, 1)] {
                wanted.push((statistic, window(rows, min_periods)));
            }
        }
        let mut out = vec![vec![0.0; 2000]; wanted.len()];
        let mut parts: Vec<_> = wanted
            .iter()
            .zip(&mut out)
            .map(|(&(statistic, window), out)| (statistic, window, out.as_mut_slice()))
            .collect();
        apply_many(&[&x, &y], &mut parts);
        for (&(statistic, window), out) in wanted.iter().zip(&out) {
            let alone = run(statistic, &x, &y, window);
            let equal = out.iter().zip(&alone[500..]).all(|(a, b)| same(*a, *b));
            assert!(equal, "{statistic:?} {window:?}");
        }
    }
}

#[test]
fn windows_are_checked() {
    for (rows, min_periods) in [(0, 0), (1, 0), (1, 2), (1_000_001, 1)] {
        assert_eq!(Window::new(rows, min_periods), None);
    }
    assert_eq!(window(1_000_000, 3).rows(), 1_000_000);
}

#[test]
fn constant_windows_are_exact() {
    for value in [0.1, 1e9 + 0.1, 1e-9, -7.3] {
        for rows in [2, 3, 7, 20, 49, 200] {
            let x = vec![value; 500];
            let at = |statistic: Rolling| run(statistic, &x, &x, window(rows, rows))[400];
            assert_eq!(at(Rolling::Mean), value);
            for statistic in
                [Rolling::Std, Rolling::Var, Rolling::Slope, Rolling::Resi, Rolling::Cov]
            {
                assert_eq!(at(statistic), 0.0, "{statistic:?}");
            }
            for statistic in
                [Rolling::Skew, Rolling::Kurt, Rolling::Corr, Rolling::Rsquare, Rolling::Zscore]
            {
                assert!(at(statistic).is_nan(), "{statistic:?}");
            }
        }
    }
}
