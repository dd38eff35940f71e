//! Every scaler against the obvious version, and causality.

use barloom_backend::{PreparedChannel, Reference};
use barloom_scaling::ChannelScaler;
use proptest::prelude::*;

/// A window by the definitions, one value after the other.
fn naive(scaler: ChannelScaler, column: &[f64], close: &[f64], row: usize, l: usize) -> Vec<f32> {
    let window = &column[row - l..row];
    let last_close = close[row - 1];
    let least = window.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = window.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let strided = |f: &dyn Fn(f64) -> f64| {
        let lane = |lane: usize| {
            let mut sum = 0.0;
            for k in (lane..l).step_by(8) {
                sum += f(window[k]);
            }
            sum
        };
        let mut sum = lane(0);
        for k in 1..8 {
            sum += lane(k);
        }
        sum
    };
    let mean = strided(&|x| x) / l as f64;
    let std = (strided(&|x| (x - mean) * (x - mean)) / l as f64).sqrt();
    let one = |x: f64| match scaler {
        ChannelScaler::LastClose => x as f32 / last_close as f32,
        ChannelScaler::Log1pLast => {
            let last = libm::log1p(window[l - 1]) as f32;
            libm::log1p(x) as f32 / last.max(libm::log(2.0) as f32)
        }
        ChannelScaler::None => x as f32,
        ChannelScaler::Last => x as f32 / (column[row - 1] as f32 + 1e-12_f32),
        ChannelScaler::LogReturn => (libm::log(x) - libm::log(last_close)) as f32,
        ChannelScaler::Zscore if least < greatest => ((x - mean) / std) as f32,
        ChannelScaler::Minmax if least < greatest => ((x - least) / (greatest - least)) as f32,
        ChannelScaler::Zscore | ChannelScaler::Minmax => 0.0,
    };
    window.iter().map(|x| one(*x)).collect()
}

fn scaled(scaler: ChannelScaler, column: &[f64], close: &[f64], row: usize, l: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; l];
    let reference = Reference::new(close, &[scaler]);
    PreparedChannel::new(scaler, column).scale(&reference, row, &mut out);
    out
}

fn bits(window: &[f32]) -> Vec<u32> {
    window.iter().map(|x| x.to_bits()).collect()
}

/// A column and closes of one length, a row and a lookback that fits before it.
fn cases() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, usize, usize)> {
    (1..80_usize).prop_flat_map(|bars| {
        let values = prop_oneof![4 => 1e-3..1e5_f64, 1 => Just(3.0), 1 => Just(0.125)];
        let column = prop::collection::vec(values, bars);
        let close = prop::collection::vec(1e-3..1e5_f64, bars);
        (column, close, 1..=bars)
            .prop_flat_map(|(column, close, row)| (Just(column), Just(close), Just(row), 1..=row))
    })
}

proptest! {
    #[test]
    fn equal_the_definitions_bit_for_bit((column, close, row, l) in cases()) {
        for scaler in ChannelScaler::ALL {
            let got = scaled(scaler, &column, &close, row, l);
            prop_assert_eq!(bits(&got), bits(&naive(scaler, &column, &close, row, l)), "{}", scaler);
        }
    }

    /// Causality: every bar from the row on, and every bar before the window, may be anything.
    #[test]
    fn no_bit_depends_on_a_bar_outside_the_window(
        (column, close, row, l) in cases(),
        with in prop_oneof![Just(f64::NAN), Just(0.0), Just(-1e300), 1e-3..1e5_f64],
    ) {
        for changed in (0..row - l).chain(row..column.len()) {
            let (mut other, mut other_close) = (column.clone(), close.clone());
            other[changed] = with;
            other_close[changed] = with;
            for scaler in ChannelScaler::ALL {
                let want = scaled(scaler, &column, &close, row, l);
                let got = scaled(scaler, &other, &other_close, row, l);
                prop_assert_eq!(bits(&got), bits(&want), "{}, bar {}", scaler, changed);
            }
        }
    }
}

#[test]
fn look_ahead_by_one_bar_is_caught() {
    let close = [1.0, 2.0, 4.0, 8.0];
    // At row 3 the last bar known is bar 2: its close divides, and it is the last of the window.
    assert_eq!(scaled(ChannelScaler::LastClose, &close, &close, 3, 2), [0.5, 1.0]);
}

#[test]
fn constant_windows_are_zero() {
    let column = [5.0, 5.0, 5.0, 9.0];
    for scaler in [ChannelScaler::Zscore, ChannelScaler::Minmax] {
        assert_eq!(scaled(scaler, &column, &column, 3, 3), [0.0; 3]);
        assert_eq!(scaled(scaler, &column, &column, 4, 1), [0.0]);
    }
}

#[test]
fn no_sign_of_a_zero_and_no_vanishing_square_shows() {
    let close = [1.0; 4];
    for scaler in [ChannelScaler::Zscore, ChannelScaler::Minmax] {
        let [mixed, plain] = [[0.0, -0.0, 1.0, -0.0], [0.0, 0.0, 1.0, 0.0]]
            .map(|x| bits(&scaled(scaler, &x, &close, 4, 4)));
        assert_eq!(mixed, plain);
        let tiny = scaled(scaler, &[0.0, 1e-200], &close, 2, 2);
        assert!(tiny.iter().all(|x| x.is_finite()), "{scaler}: {tiny:?}");
    }
}

#[test]
fn quiet_volume_is_divided_by_ln_2_at_least() {
    let volume = [1.0, 0.0];
    assert_eq!(scaled(ChannelScaler::Log1pLast, &volume, &volume, 2, 2), [1.0, 0.0]);
}

#[test]
fn an_empty_window_is_left_so() {
    let reference = Reference::new(&[1.0], &[]);
    PreparedChannel::new(ChannelScaler::LastClose, &[1.0]).scale(&reference, 0, &mut []);
}
