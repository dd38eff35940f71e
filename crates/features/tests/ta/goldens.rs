//! Values of TA-Lib's package for Python, and digests of our own.

use std::collections::{BTreeMap, BTreeSet};

use barloom_features::ta;

use crate::bars::{self, Bars, KINDS, bits, compute, parameter_sets, usual_size};

const GOLDENS: &str = include_str!("../goldens/ta.txt");

/// Indicators of the crate that the package of that day does not have.
const NEWER: [&str; 34] = [
    "alma",
    "asi",
    "bbw",
    "cg",
    "chop",
    "choptr",
    "cksp",
    "crsi",
    "cti",
    "dosc",
    "emv",
    "fisher",
    "frama",
    "ibs",
    "ichimoku",
    "kst",
    "kstext",
    "kvo",
    "mcgd",
    "percentb",
    "pso",
    "rogerssatchell",
    "rvir",
    "si",
    "sqzmom",
    "stc",
    "swak_2php",
    "swak_bp",
    "swak_butter",
    "swak_gauss",
    "swak_hp",
    "vidya",
    "wavetrend",
    "zigzag",
];

fn golden_bars() -> Bars {
    let mut bars = Bars::default();
    for line in GOLDENS.lines().filter_map(|l| l.strip_prefix("bar ")) {
        let values: Vec<f64> = line.split(' ').map(|x| x.parse().unwrap()).collect();
        for (column, value) in bars.columns().into_iter().zip(values) {
            column.push(value);
        }
    }
    bars
}

#[test]
fn values_are_those_of_the_package_for_python() {
    let bars = golden_bars();
    let mut seen = BTreeSet::new();
    let (mut current, mut outputs, mut at) = (None, Vec::new(), 0);
    let mut compared = 0;
    for line in GOLDENS.lines() {
        let mut words = line.split(' ');
        match words.next().unwrap() {
            "bar" => (),
            "ta" => {
                assert_eq!(at, outputs.len(), "outputs before {line}");
                let name = words.next().unwrap();
                let indicator = ta::find(name).expect(name);
                let (names, params): (Vec<&str>, Vec<f64>) = words
                    .map(|w| w.split_once('=').unwrap())
                    .map(|(name, value)| (name, value.parse::<f64>().unwrap()))
                    .unzip();
                let expected: Vec<&str> =
                    indicator.parameters().iter().map(|p| p.name.as_str()).collect();
                assert_eq!(names, expected, "{line}");
                if seen.insert(name) {
                    assert_eq!(params, indicator.defaults(), "{line}");
                }
                outputs = compute(indicator, &params, &bars.inputs(indicator));
                at = 0;
                current = Some((indicator, params));
            }
            "out" => {
                let (indicator, params) = current.as_ref().unwrap();
                let name = indicator.name();
                assert_eq!(words.next(), Some(indicator.outputs()[at].as_str()), "{name}");
                let first: usize = words.next().unwrap().parse().unwrap();
                assert_eq!(first, indicator.lookback(params), "{name} {params:?}");
                let values = &outputs[at];
                at += 1;
                assert!(values[..first].iter().all(|v| v.is_nan()), "{name} {params:?}");
                let mut golden = BTreeMap::new();
                for (row, value) in words.map(|w| w.split_once(':').unwrap()) {
                    golden.insert(row.parse::<usize>().unwrap(), value.parse::<f64>().unwrap());
                }
                if name.starts_with("cdl") {
                    for row in first..values.len() {
                        golden.entry(row).or_insert(0.0);
                    }
                }
                let usual = usual_size(values);
                // The difference of a close and its forecast, which are nearly equal.
                let tolerance = if name == "fosc" { 1e-10 } else { 1e-11 };
                for (row, expected) in golden {
                    let error = bars::difference(values[row], expected, usual);
                    assert!(
                        error <= tolerance,
                        "{name} {params:?} row {row}: {} instead of {expected}",
                        values[row]
                    );
                    compared += 1;
                }
            }
            other => panic!("{other}"),
        }
    }
    assert!(compared > 20_000, "{compared}");
    let newer: Vec<&str> =
        ta::all().iter().map(ta::Indicator::name).filter(|n| !seen.contains(n)).collect();
    assert_eq!(newer, NEWER);
}

/// FNV-1a over the bits of all outputs.
fn digest(indicator: &ta::Indicator) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for kind in KINDS {
        let bars = bars::bars(700, 5, kind);
        for params in parameter_sets(indicator) {
            for output in compute(indicator, &params, &bars.inputs(indicator)) {
                for byte in bits(&output).into_iter().flat_map(u64::to_le_bytes) {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
    }
    hash
}

/// The bits of datasets depend on these values: a new version of TA-Lib must not change them
/// unseen.
#[test]
fn bits_are_those_of_the_pinned_version() {
    let is: String =
        ta::all().iter().map(|i| format!("{} {:016x}\n", i.name(), digest(i))).collect();
    let was = include_str!("../goldens/ta.digests.txt");
    let changed: Vec<&str> = is.lines().filter(|line| !was.lines().any(|l| l == *line)).collect();
    assert!(changed.is_empty(), "changed:\n{}", changed.join("\n"));
    assert_eq!(was, is);
}
