//! Functions with memory.

use barloom_features::recursive::{Recursive, State};

const ALL: [Recursive; 6] = [
    Recursive::Ema { rows: 1 },
    Recursive::Ema { rows: 12 },
    Recursive::EwmMean { alpha: 0.1 },
    Recursive::EwmStd { alpha: 0.1 },
    Recursive::Cusum { threshold: 2.0 },
    Recursive::CumSum,
];

fn walk(rows: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut price = 100.0;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        price += (state >> 40) as f64 / 16_777_216.0 - 0.5;
        price
    };
    (0..rows).map(|_| next()).collect()
}

fn run(function: Recursive, x: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    function.apply(x, &mut out);
    out
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
}

#[test]
fn a_restored_state_goes_on_with_the_same_bits() {
    let mut x = walk(300);
    for at in [0, 1, 50, 51, 120] {
        x[at] = f64::NAN;
    }
    x[200] = f64::INFINITY;
    for function in ALL {
        let whole = run(function, &x);
        for stop in [0, 1, 2, 5, 51, 60, 121, 299] {
            let mut state = function.start();
            for value in &x[..stop] {
                state.push(*value);
            }
            let mut state = State::restore(function, state.save());
            let rest: Vec<f64> = x[stop..].iter().map(|value| state.push(*value)).collect();
            assert_eq!(bits(&rest), bits(&whole[stop..]), "{function:?} from {stop}");
        }
    }
}

#[test]
fn ema_starts_with_a_mean_and_again_after_a_missing_row() {
    let nan = f64::NAN;
    let x = [1.0, 2.0, 6.0, 5.0, nan, 4.0, 4.0, 7.0, 3.0];
    let expected = [nan, nan, 3.0, 4.0, nan, nan, nan, 5.0, 4.0];
    assert_eq!(bits(&run(Recursive::Ema { rows: 3 }, &x)), bits(&expected));
    assert_eq!(bits(&run(Recursive::Ema { rows: 1 }, &x)), bits(&x));
}

#[test]
fn cusum_marks_moves_beyond_the_threshold() {
    let nan = f64::NAN;
    // Up 1, 1.5 (an event), then down 2.5 from the reset, bridged over the missing row.
    let x = [10.0, 11.0, 12.5, 12.5, nan, 10.0, 10.0, 8.5, 20.0];
    let expected = [0.0, 0.0, 1.0, 0.0, nan, -1.0, 0.0, 0.0, 1.0];
    assert_eq!(bits(&run(Recursive::Cusum { threshold: 2.0 }, &x)), bits(&expected));
}

/// The events of the book's own code; `goldens/cusum.py` made the values.
#[test]
fn cusum_has_the_events_of_the_book() {
    let mut lines = include_str!("goldens/cusum.txt").lines().map(|line| {
        line.split(' ').map(|word| word.parse::<f64>().expect("a number")).collect::<Vec<_>>()
    });
    let thresholds = lines.next().expect("the thresholds");
    let rows: Vec<Vec<f64>> = lines.collect();
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    for (at, threshold) in thresholds.into_iter().enumerate() {
        let expected = column(at + 1);
        let events = expected.iter().filter(|value| value.abs() == 1.0).count();
        assert!(events > 10, "{events} events");
        let values = run(Recursive::Cusum { threshold }, &column(0));
        assert_eq!(bits(&values), bits(&expected), "threshold {threshold}");
    }
}

#[test]
fn sums_do_not_lose_small_values() {
    let x = [1e16, 1.0, -1e16, f64::NAN, 0.5];
    let sums = run(Recursive::CumSum, &x);
    assert_eq!(sums[2], 1.0);
    assert!(sums[3].is_nan());
    assert_eq!(sums[4], 1.5);
}

#[test]
fn deviations_of_large_values_keep_their_digits() {
    let small: Vec<f64> =
        walk(2000).iter().map(|value| (value * 1024.0).round() / 1048576.0).collect();
    let large: Vec<f64> = small.iter().map(|value| value + 1e9).collect();
    let moved: Vec<f64> = large.iter().map(|value| value - 1e9).collect();
    let function = Recursive::EwmStd { alpha: 0.05 };
    let (large, small) = (run(function, &large), run(function, &moved));
    for (row, (large, small)) in large.iter().zip(&small).enumerate().skip(1) {
        assert!((large - small).abs() <= 1e-10 * small, "row {row}: {large} for {small}");
    }
    assert!(run(function, &[1e9 + 0.1; 50])[1..].iter().all(|value| *value == 0.0));
}

#[test]
fn rows_before_the_warm_up_weigh_less_than_1e_8() {
    let x = walk(3000);
    let functions = [
        Recursive::Ema { rows: 30 },
        Recursive::EwmMean { alpha: 0.03 },
        Recursive::EwmStd { alpha: 0.03 },
    ];
    for function in functions {
        let warm_up = function.warm_up().expect("it settles");
        let whole = run(function, &x);
        for start in [1, 500, 1000] {
            let late = run(function, &x[start..]);
            for row in warm_up..late.len() {
                let (a, b) = (late[row], whole[start + row]);
                assert!(
                    (a - b).abs() <= 1e-7 * b.abs().max(1.0),
                    "{function:?} row {row}: {a} {b}"
                );
            }
        }
    }
    assert_eq!(Recursive::Ema { rows: 1 }.warm_up(), Some(0));
    assert_eq!(Recursive::Ema { rows: 30 }.warm_up(), Some(29 + 277));
    assert_eq!(Recursive::EwmMean { alpha: 1.0 }.warm_up(), Some(0));
    assert_eq!(Recursive::EwmMean { alpha: 1e-300 }.warm_up(), None);
    assert_eq!(Recursive::CumSum.warm_up(), None);
    assert_eq!(Recursive::Cusum { threshold: 1.0 }.warm_up(), None);
}
