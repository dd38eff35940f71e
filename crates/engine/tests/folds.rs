//! Folds from bars to scalers: what is fitted to train does not depend on the bars of a test.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use barloom_engine::{Loaded, Watch, load, read_bars};
use barloom_recipe::Recipe;
use barloom_scaling::{Fitted, FittedScalers};

const BARS: i64 = 1_500;

/// Hourly bars of a walk; those of `altered` have other prices.
fn bars(altered: std::ops::Range<i64>) -> String {
    let mut text = String::from("time,open,high,low,close,volume\n");
    let (mut state, mut price) = (1_u64, 100.0_f64);
    for bar in 0..BARS {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        let open = price;
        price *= 1.0 + 0.02 * unit;
        let factor = if altered.contains(&bar) { 1.5 + unit } else { 1.0 };
        let [open, close] = [open, price].map(|x| x * factor);
        let (high, low) = (open.max(close) * 1.001, open.min(close) * 0.999);
        let ts = 1_700_002_800 + 3_600 * bar;
        writeln!(text, "{ts},{open},{high},{low},{close},{}", 1.0 + unit.abs()).unwrap();
    }
    text
}

fn loaded(folder: &Path, altered: std::ops::Range<i64>, split: &str) -> Loaded {
    let path = folder.join("A.csv");
    fs::write(&path, bars(altered)).unwrap();
    let text = format!(
        "[data]\nbars = [{path:?}]\nchannels = [\"std\", \"ema\"]\n\
         [features]\nstd = \"std(log(close / lag(close, 1)), 20)\"\n\
         ema = \"ewm_mean(log(close / lag(close, 1)), span=10)\"\n\
         [scaling]\nfeatures = {{ kind = \"standard\", fit = \"train\" }}\n\
         [dataset]\nlookback = 4\n[sampling]\nactions = \"none\"\n\
         [[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 8\n\
         classes = {{ quantiles = 3, fit = \"train\" }}\n[split]\n{split}\n"
    );
    let recipe = Recipe::from_toml(&text, "test").unwrap();
    load(&recipe, read_bars(&recipe, None, &Watch::default()).unwrap()).unwrap()
}

/// What was fitted for each fold, and the bars of what is no train.
fn fitted(loaded: &Loaded) -> Vec<(FittedScalers, Vec<std::ops::Range<usize>>)> {
    let mut folds = Vec::new();
    for set in loaded.sets().unwrap() {
        let role = set.plan.part.as_ref().unwrap().role().unwrap().clone();
        if role.role.name() == "train" {
            folds.push((set.plan.program.fitted(), Vec::new()));
        } else {
            folds.last_mut().unwrap().1.extend(role.bars(&set.market));
        }
    }
    folds
}

fn standard(scalers: &FittedScalers, name: &str) -> [f64; 2] {
    match scalers.channels[name].of_series(0) {
        Fitted::Standard { mean, std } => [*mean, *std],
        other => panic!("{other:?}"),
    }
}

/// Scalers of features of finite reach and edges of classes keep their bits when all bars of a
/// fold's validation and test change, where the embargo is at least the reach. Recursive features
/// remember for ever, but ever less.
#[test]
fn what_is_fitted_does_not_depend_on_the_test() {
    let folder = tempfile::tempdir().unwrap();
    for split in [
        "kind = \"purged_kfold\"\nfolds = 3\nembargo = 200",
        "kind = \"walk_forward\"\ntrain = 400\nvalidation = 100\ntest = 200\nembargo = 10",
    ] {
        let folds = fitted(&loaded(folder.path(), 0..0, split));
        assert!(folds.len() >= 3);
        for (number, (before, bars)) in folds.iter().enumerate() {
            for range in bars {
                let altered = range.start as i64..range.end as i64;
                let after = &fitted(&loaded(folder.path(), altered, split))[number].0;
                assert_eq!(after.classes, before.classes, "{split}: fold {number}");
                let bits = |scalers| standard(scalers, "std").map(f64::to_bits);
                assert_eq!(bits(after), bits(before), "{split}: fold {number}");
                let [recursive, was] = [after, before].map(|scalers| standard(scalers, "ema"));
                for (is, was) in recursive.iter().zip(was) {
                    assert!((is - was).abs() <= 1e-6 * was.abs(), "{split}: fold {number}");
                }
            }
            // What train holds does count.
            let first = if bars[0].start == 0 { BARS - 100..BARS } else { 0..100 };
            let other = &fitted(&loaded(folder.path(), first, split))[number].0;
            if number == 0 {
                assert_ne!(standard(other, "std"), standard(before, "std"));
                assert_ne!(other.classes, before.classes);
            }
        }
    }
}
