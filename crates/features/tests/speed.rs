//! The time of a value, to be run by hand in a release build:
//! `cargo test --release -p barloom-features --test speed -- --ignored --nocapture`

use std::hint::black_box;

use barloom_features::recursive::Recursive;
use barloom_features::rolling::{Rolling, Window, apply_many};
use rayon::prelude::*;

const ROWS: usize = 262_144;
const CHUNK: usize = 16_384;

/// Nanoseconds a value of the fastest of some runs.
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn time(values: usize, mut run: impl FnMut()) -> f64 {
    let once = |run: &mut dyn FnMut()| {
        let start = std::time::Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e9 / values as f64
    };
    (0..25).map(|_| once(&mut run)).fold(f64::INFINITY, f64::min)
}

fn walk(seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut price = 100.0;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        price *= 1.0 + ((state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5) * 1e-3;
        price
    };
    (0..ROWS).map(|_| next()).collect()
}

fn on_threads(statistic: Rolling, inputs: &[&[f64]], window: Window, out: &mut [f64]) {
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, out)| {
        let from = (i * CHUNK).saturating_sub(window.rows() - 1);
        let inputs: Vec<&[f64]> =
            inputs.iter().map(|input| &input[from..i * CHUNK + out.len()]).collect();
        statistic.apply(&inputs, window, out);
    });
}

#[test]
#[ignore = "it measures time"]
fn rolling() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let (x, y) = (walk(1), walk(2));
    let mut out = vec![0.0; ROWS];
    let statistics = [
        ("sum", Rolling::Sum),
        ("mean", Rolling::Mean),
        ("std", Rolling::Std),
        ("max", Rolling::Max),
        ("skew", Rolling::Skew),
        ("slope", Rolling::Slope),
        ("corr", Rolling::Corr),
        ("rank", Rolling::Rank),
        ("quantile", Rolling::Quantile(0.8)),
        ("argmax", Rolling::Argmax),
        ("count", Rolling::Count),
    ];
    println!("ns a value, one thread and two");
    for rows in [20, 200, 5000] {
        for (name, statistic) in statistics {
            let window = Window::new(rows, rows).expect("a window");
            let inputs = [x.as_slice(), y.as_slice()];
            let inputs = &inputs[..statistic.inputs()];
            let one = time(ROWS, || statistic.apply(black_box(inputs), window, &mut out));
            let two = time(ROWS, || {
                pool.install(|| on_threads(statistic, black_box(inputs), window, &mut out));
            });
            println!("{name:>9} {rows:>5} {one:>7.2} {two:>7.2}");
        }
    }
}

#[test]
#[ignore = "it measures time"]
fn many() {
    let x = walk(1);
    let windows = [5, 10, 20, 30, 60].map(|rows| Window::new(rows, 1).expect("a window"));
    let statistics = [Rolling::Mean, Rolling::Std, Rolling::Slope, Rolling::Rsquare, Rolling::Resi];
    let wanted: Vec<_> =
        statistics.into_iter().flat_map(|s| windows.map(|window| (s, window))).collect();
    let mut out = vec![vec![0.0; ROWS]; wanted.len()];
    let together = time(ROWS * wanted.len(), || {
        let mut parts: Vec<_> = wanted
            .iter()
            .zip(&mut out)
            .map(|(&(statistic, window), out)| (statistic, window, out.as_mut_slice()))
            .collect();
        apply_many(&[&x], &mut parts);
    });
    let apart = time(ROWS * wanted.len(), || {
        for (&(statistic, window), out) in wanted.iter().zip(&mut out) {
            statistic.apply(&[&x], window, out);
        }
    });
    println!("25 statistics: {together:.2} ns a value together, {apart:.2} apart");
}

#[test]
#[ignore = "it measures time"]
fn recursive() {
    let x = walk(1);
    let mut out = vec![0.0; ROWS];
    for function in [
        Recursive::Ema { rows: 20 },
        Recursive::EwmMean { alpha: 0.1 },
        Recursive::EwmStd { alpha: 0.1 },
        Recursive::Cusum { threshold: 1.0 },
        Recursive::CumSum,
    ] {
        println!("{function:?} {:.2} ns", time(ROWS, || function.apply(black_box(&x), &mut out)));
    }
}
