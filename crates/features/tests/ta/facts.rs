//! Names, parameters and formulas.

use barloom_features::ta::{self, Allowed, Error, Input, WarmUp};
use ta_lib::abstract_api::{self, FuncFlags};

use crate::bars::{Bars, Kind, bars, compute, difference};
use crate::own::OWN;

#[test]
fn every_function_of_ta_lib_is_offered_or_refused() {
    let mut offered = 0;
    for info in abstract_api::funcs() {
        let name = info.name.to_ascii_lowercase();
        assert_ne!(ta::find(&name).is_some(), ta::refusal(&name).is_some(), "{name}");
        if info.flags.contains(FuncFlags::USES_TRANSCENDENTAL) && !OWN.contains(&info.name) {
            assert!(ta::refusal(&name).is_some(), "{name} differs between systems");
        }
        offered += usize::from(ta::find(&name).is_some());
    }
    assert_eq!(ta::all().len(), offered);
    assert!(ta::find("nonsense").is_none() && ta::refusal("nonsense").is_none());
    assert!(ta::find("RSI").is_none());
    assert!(ta::refusal("sma").unwrap().contains("mean(x, n)"));
}

#[test]
fn names_are_those_of_python() {
    let macd = ta::find("macd").unwrap();
    let names: Vec<&str> = macd.parameters().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["fastperiod", "slowperiod", "signalperiod"]);
    assert_eq!(macd.outputs(), ["macd", "macdsignal", "macdhist"]);
    assert_eq!(macd.inputs(), [Input::Column("real".to_owned())]);
    assert_eq!(macd.defaults(), [12.0, 26.0, 9.0]);
    assert_eq!((macd.name(), macd.group()), ("macd", "Momentum Indicators"));
    assert_eq!(macd.description(), "Moving Average Convergence/Divergence");
    let obv = ta::find("obv").unwrap();
    assert_eq!(obv.inputs(), [Input::Column("real".to_owned()), Input::Volume]);
    assert_eq!(ta::find("bbands").unwrap().outputs(), ["upperband", "middleband", "lowerband"]);
    assert_eq!(ta::find("sqzmom").unwrap().outputs(), ["momentum"]);
    assert_eq!(ta::find("cdldoji").unwrap().outputs(), ["integer"]);
}

#[test]
fn parameters_are_checked() {
    let bbands = ta::find("bbands").unwrap();
    let matype = &bbands.parameters()[3];
    assert_eq!((matype.word("ema"), matype.word("mama")), (Some(1.0), None));
    assert_eq!(bbands.parameters()[0].word("ema"), None);
    bbands.check(&[20.0, 2.5, 2.0, 1.0]).unwrap();
    for (params, name, allowed) in [
        ([1.0, 2.0, 2.0, 0.0], "timeperiod", "an integer from 2 to 100000"),
        ([20.5, 2.0, 2.0, 0.0], "timeperiod", "an integer from 2 to 100000"),
        ([f64::NAN, 2.0, 2.0, 0.0], "timeperiod", "an integer from 2 to 100000"),
        ([20.0, f64::INFINITY, 2.0, 0.0], "nbdevup", "a number"),
        ([20.0, 2.0, 2.0, 7.0], "matype", "one of sma (0), ema (1), wma (2)"),
    ] {
        let error = bbands.check(&params).unwrap_err();
        let Error::Parameter { parameter, allowed: text, .. } = &error else { panic!("{error}") };
        assert_eq!(parameter, name);
        assert!(text.starts_with(allowed), "{text}");
        assert!(bbands.compute(&params, &[&[]], &mut [&mut [], &mut [], &mut []]).is_err());
    }
    assert_eq!(
        bbands.check(&[20.0]).unwrap_err().to_string(),
        "ta.bbands: 1 parameters; there are 4"
    );
    for indicator in ta::all() {
        indicator.check(&indicator.defaults()).unwrap();
        for (i, parameter) in indicator.parameters().iter().enumerate() {
            let outside = match parameter.allowed {
                Allowed::Integer { min, max } => vec![min - 1.0, max + 1.0],
                Allowed::Real { .. } => vec![-4e37, 4e37],
                Allowed::Average => vec![-1.0, 7.0, 10.0, 11.0, 15.0],
            };
            for value in outside {
                let mut params = indicator.defaults();
                params[i] = value;
                assert!(indicator.check(&params).is_err(), "{} {params:?}", indicator.name());
            }
        }
    }
}

#[test]
fn warm_ups_have_their_kinds() {
    let kind = |name: &str| {
        let indicator = ta::find(name).unwrap();
        indicator.warm_up(&indicator.defaults())
    };
    assert_eq!(kind("willr"), WarmUp::Finite { rows: 14 });
    assert_eq!(kind("bbands"), WarmUp::Finite { rows: 20 });
    assert!(matches!(kind("crsi"), WarmUp::Recursive { .. }));
    assert!(matches!(kind("ema"), WarmUp::Recursive { rows: 300..450 }));
    let from_first = ta::all().iter().filter(|i| kind(i.name()) == WarmUp::FromFirstRow);
    let names: Vec<&str> = from_first.map(ta::Indicator::name).collect();
    let expected = [
        "ad",
        "asi",
        "nvi",
        "obv",
        "pvi",
        "pvt",
        "sar",
        "sarext",
        "supertrend",
        "vwap",
        "wad",
        "zigzag",
    ];
    assert_eq!(names, expected);
    // The kind of average decides.
    let bbands = ta::find("bbands").unwrap();
    assert!(matches!(bbands.warm_up(&[20.0, 2.0, 2.0, 1.0]), WarmUp::Recursive { .. }));
}

/// Compares the outputs with formulas of a window of the last rows.
fn formula(name: &str, params: &[f64], rows: usize, of: impl Fn(&Bars, usize) -> Vec<f64>) {
    let indicator = ta::find(name).unwrap();
    let bars = bars(300, 12, Kind::Walk);
    let outputs = compute(indicator, params, &bars.inputs(indicator));
    for row in rows - 1..300 {
        for (output, expected) in outputs.iter().zip(of(&bars, row)) {
            let error = difference(output[row], expected, 1.0);
            assert!(error < 1e-9, "{name} row {row}: {} instead of {expected}", output[row]);
        }
    }
    assert!(outputs.iter().all(|o| o[..rows - 1].iter().all(|v| v.is_nan())), "{name}");
}

fn middle(bars: &Bars, row: usize, n: usize) -> f64 {
    let rows = row + 1 - n..=row;
    let high = bars.high[rows.clone()].iter().fold(f64::MIN, |a, &b| a.max(b));
    let low = bars.low[rows].iter().fold(f64::MAX, |a, &b| a.min(b));
    (high + low) / 2.0
}

/// Mean and standard deviation of closes, with the divisor n.
fn moments(bars: &Bars, row: usize, n: usize) -> (f64, f64) {
    let closes = &bars.close[row + 1 - n..=row];
    let mean = closes.iter().sum::<f64>() / n as f64;
    let square = closes.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / n as f64;
    (mean, square.sqrt())
}

/// Functions that the package for Python does not have yet.
#[test]
fn newer_functions_have_their_formulas() {
    formula("ibs", &[], 1, |b, r| vec![(b.close[r] - b.low[r]) / (b.high[r] - b.low[r])]);
    formula("ichimoku", &[9.0, 26.0, 52.0], 52, |b, r| {
        let (fast, slow) = (middle(b, r, 9), middle(b, r, 26));
        vec![fast, slow, (fast + slow) / 2.0, middle(b, r, 52)]
    });
    formula("percentb", &[20.0, 2.0, 1.5, 0.0], 20, |b, r| {
        let (mean, std) = moments(b, r, 20);
        vec![(b.close[r] - (mean - 1.5 * std)) / (3.5 * std)]
    });
    formula("bbw", &[20.0, 2.0, 1.5, 0.0], 20, |b, r| {
        let (mean, std) = moments(b, r, 20);
        vec![100.0 * 3.5 * std / mean]
    });
    formula("emv", &[14.0, 1e4], 15, |b, r| {
        let one = |r: usize| {
            let move_ = (b.high[r] + b.low[r] - b.high[r - 1] - b.low[r - 1]) / 2.0;
            move_ / (b.volume[r] / 1e4 / (b.high[r] - b.low[r]))
        };
        vec![(r - 13..=r).map(one).sum::<f64>() / 14.0]
    });
    formula("cg", &[10.0], 10, |b, r| {
        let closes = || b.close[r - 9..=r].iter().rev();
        let weighted: f64 = closes().enumerate().map(|(i, c)| (i + 1) as f64 * c).sum();
        vec![-weighted / closes().sum::<f64>()]
    });
    let kst = ta::find("kst").unwrap();
    formula("kst", &kst.defaults(), 53, |b, r| {
        let of = |r: usize| {
            let part = |i: usize, change: usize, mean: usize| {
                let rate = |r: usize| 100.0 * (b.close[r] / b.close[r - change] - 1.0);
                i as f64 * (r + 1 - mean..=r).map(rate).sum::<f64>() / mean as f64
            };
            part(1, 10, 10) + part(2, 15, 10) + part(3, 20, 10) + part(4, 30, 15)
        };
        vec![of(r), (r - 8..=r).map(of).sum::<f64>() / 9.0]
    });
    formula("cti", &[20.0], 20, |b, r| {
        let (mean, std) = moments(b, r, 20);
        let closes = &b.close[r - 19..=r];
        let sum: f64 = (0..20).map(|i| (i as f64 - 9.5) * (closes[i] - mean)).sum();
        vec![sum / 20.0 / (std * (399.0_f64 / 12.0).sqrt())]
    });
}

/// The pivot of a zigzag is given as the number of rows since it.
#[test]
fn the_pivot_of_a_zigzag_is_a_distance() {
    let zigzag = ta::find("zigzag").unwrap();
    assert_eq!(zigzag.outputs(), ["zigzag", "trend", "pivotidx"]);
    let mut bars = bars(500, 13, Kind::Walk);
    bars.high[100] = f64::NAN;
    let outputs = compute(zigzag, &zigzag.defaults(), &bars.inputs(zigzag));
    let mut seen = 0;
    for (row, &distance) in outputs[2].iter().enumerate() {
        if distance.is_nan() {
            continue;
        }
        let pivot = row - distance as usize;
        let extreme = if outputs[0][row] == bars.high[pivot] { &bars.high } else { &bars.low };
        assert_eq!(outputs[0][row], extreme[pivot], "row {row}");
        seen += 1;
    }
    assert!(seen > 480, "{seen}");
}

#[test]
fn notes_say_what_is_special() {
    let notes = |name: &str| ta::find(name).unwrap().notes();
    assert_eq!(notes("rsi"), [""; 0]);
    assert_eq!(notes("obv"), ["Values depend on the first row of a run."]);
    assert_eq!(notes("willr"), [""; 0]);
    assert_eq!(notes("cci"), ["The cost grows with the period."]);
    assert_eq!(notes("chop").len(), 2);
    assert_eq!(notes("zigzag").len(), 2);
    assert_eq!(notes("dpo").len(), 2);
    assert_eq!(notes("cdldoji").len(), 1);
}

/// Threads share indicators, and streams go from one to another.
#[test]
fn indicators_and_streams_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<ta::Indicator>();
    crosses::<ta::Stream>();
    let bars = bars(2000, 14, Kind::Walk);
    let atr = ta::find("atr").unwrap();
    let of = || compute(atr, &[14.0], &bars.inputs(atr));
    let alone = of();
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..4).map(|_| scope.spawn(of)).collect();
        for other in others {
            assert_eq!(crate::bars::bits(&other.join().unwrap()[0]), crate::bars::bits(&alone[0]));
        }
    });
}
