//! Windows against `golden/windows.json`, which `golden/windows.py` makes with NumPy.

use barloom_backend::{PreparedChannel, Reference};
use barloom_scaling::ChannelScaler;
use serde_json::Value;

/// The bytes that a string of hex digits stands for, in groups of N.
fn groups<const N: usize>(hex: &Value) -> Vec<[u8; N]> {
    let digits = hex.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(byte).collect();
    bytes.chunks_exact(N).map(|group| group.try_into().unwrap()).collect()
}

/// Number of floats between two finite ones of one sign.
fn ulps(a: f32, b: f32) -> u32 {
    a.to_bits().abs_diff(b.to_bits())
}

#[test]
fn windows_are_those_of_numpy() {
    let golden: Value = serde_json::from_str(include_str!("golden/windows.json")).unwrap();
    let column = |name: &str| -> Vec<f64> {
        groups(&golden["columns"][name]).into_iter().map(f64::from_be_bytes).collect()
    };
    let reference = Reference::new(&column("close"), &ChannelScaler::ALL);
    let mut windows = 0;
    for place in golden["windows"].as_array().unwrap() {
        let row = place["row"].as_u64().unwrap() as usize;
        let lookback = place["lookback"].as_u64().unwrap() as usize;
        for (key, hex) in place["channels"].as_object().unwrap() {
            let (name, scaler) = key.split_once(' ').unwrap();
            let scaler = ChannelScaler::ALL.into_iter().find(|s| s.name() == scaler).unwrap();
            let want: Vec<f32> = groups(hex).into_iter().map(f32::from_be_bytes).collect();
            let mut got = vec![f32::NAN; lookback];
            PreparedChannel::new(scaler, &column(name)).scale(&reference, row, &mut got);
            assert_eq!(got.len(), want.len());
            for (k, (got, want)) in got.iter().zip(&want).enumerate() {
                let agree = match scaler {
                    ChannelScaler::LastClose | ChannelScaler::None => {
                        got.to_bits() == want.to_bits()
                    }
                    ChannelScaler::Log1pLast => ulps(*got, *want) <= 2,
                    _ => (got - want).abs() <= 1e-6 * want.abs().max(1.0),
                };
                assert!(agree, "{key}, row {row}, offset {k}: {got:e}, NumPy has {want:e}");
            }
            windows += 1;
        }
    }
    assert_eq!(windows, 12 * 11);
}
