//! Features, a snapshot and fitted scalers have the CPU's bits on the emulated device.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod emulator;

use std::sync::Arc;

use barloom_backend::{Backend, Decisions, Threads};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, Series};
use barloom_conformance::Case;
use barloom_features::{AsOf, Attributes, Join, Records};
use barloom_plan::Planner;
use barloom_recipe::Recipe;
use emulator::cases::{LAYOUTS, compare, listed};

const QUARTER: i64 = 900_000_000_000;
const SYMBOLS: [&str; 4] = ["A", "B", "C", "D"];

/// Own functions, indicators, coarser bars, another symbol, functions across symbols and a join;
/// both presets; every fitted scaler, pooled and by symbol, with and without clip.
const RECIPE: &str = r#"
[features]
ret = "log(close / lag(close, 1))"
rsi = "ta.rsi(close, 14)"
hist = "ta.macd(close, 12, 26, 9).macdhist / close"
trend = "at('1h', close / ema(close, 5) - 1)"
relative = "ret - symbol('B', ret)"
strength = "cs_rank(delta(close, 4), by=sector)"
spread = "cs_zscore(volume)"
level = "cs_demean(close)"
funding = "join.funding.rate * 1e4"
noon = "sin(2 * pi * time_of_day())"

[data]
presets = ["alpha158", "alpha360"]
attributes = "sectors.csv"
channels = ["alpha360", "ret", "rsi", "hist", "trend", "strength", "spread", "funding"]
snapshot = ["alpha158", "relative", "strength", "level", "funding", "noon", "volume"]
[[data.join]]
name = "funding"
files = "funding.csv"
time = "ts"
max_age = "6h"

[dataset]
samples = 700
lookback = 60
forward = 12
actions_per_state = 2

[scaling]
ret = { kind = "standard", fit = "train", clip = 2.5 }
rsi = { kind = "range", fit = "train", per = "symbol", clip = 1 }
hist = { kind = "robust", fit = "train", per = "symbol", clip = 4 }
trend = { kind = "quantile", fit = "train" }
spread = { kind = "standard", fit = "all", per = "symbol" }
strength = "none"
funding = { kind = "quantile", fit = "train", per = "symbol", clip = 0.9 }
features = { kind = "robust", fit = "train", clip = 3 }
alpha158 = { kind = "standard", fit = "train", per = "symbol", clip = 3 }
snapshot = { volume = { kind = "range", fit = "train" }, noon = "none" }

[reward]
metric = ["return", "barrier", "sharpe", "calmar"]

[[split.part]]
name = "train"
fraction = 0.7
[[split.part]]
name = "test"
fraction = 0.3
"#;

/// Bars of four symbols with holes, and the features of a recipe as columns.
fn market(recipe: &Recipe) -> Market {
    let mut state = 9_u64;
    let mut next = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut series = Vec::new();
    for (number, symbol) in SYMBOLS.into_iter().enumerate() {
        let (mut ts, mut price) = (Vec::new(), 50.0 * (number + 1) as f64);
        let mut columns = vec![Vec::new(); 6];
        for bar in 0..2_600 {
            // A day is missing of all, and some bars are of each.
            if (900..996).contains(&bar) || next() < 0.004 {
                continue;
            }
            ts.push(bar * QUARTER);
            let open = price;
            price *= 1.0 + (next() - 0.5) * 0.01;
            let (high, low) = (open.max(price) * (1.0 + next() * 0.002), open.min(price) * 0.999);
            let vwap = low + (high - low) * next();
            let values = [open, high, low, price, (1.0 + 900.0 * next()).floor(), vwap];
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
        }
        let names = ["open", "high", "low", "close", "volume", "vwap"];
        let columns = names.iter().zip(columns).map(|(name, c)| Column::new(*name, c)).collect();
        series.push(Series::new(symbol, ts, columns).unwrap());
    }
    let inputs = ["volume".to_owned(), "vwap".to_owned()];
    let market =
        Market::with_inputs(&series, &recipe.bar_channels(), &inputs, recipe.max_gap()).unwrap();
    // A record each four hours, and none for a while, so that the last one becomes too old.
    let times: Vec<i64> = (0..165).filter(|k| !(30..40).contains(k)).collect();
    let rates = times.iter().map(|_| (next() - 0.5) * 1e-3).collect();
    let funding = Join {
        name: "funding".into(),
        columns: vec!["rate".into()],
        as_of: AsOf { max_age: recipe.data.join[0].as_of.max_age, ..AsOf::default() },
        records: vec![Records {
            times: times.iter().map(|k| k * 16 * QUARTER + 1).collect(),
            values: vec![rates],
        }],
        of_series: vec![Some(0); SYMBOLS.len()],
    };
    let joined = funding.columns_of(&market);
    let market = market.with_columns(joined).unwrap();
    let sector = |(at, symbol): (usize, &str)| {
        (symbol.to_owned(), vec![if at % 2 == 0 { "even" } else { "odd" }.to_owned()])
    };
    let attributes = Attributes {
        names: vec!["sector".into()],
        symbols: SYMBOLS.into_iter().enumerate().map(sector).collect(),
    };
    let features = recipe.used_features().unwrap();
    let columns = features.evaluate_joined(&market, &attributes, &[funding]).unwrap();
    market.with_columns(columns).unwrap()
}

fn cases() -> Vec<Case> {
    let mut recipe = Recipe::from_toml(RECIPE, "features").unwrap();
    assert!(recipe.fit_presets(|name| name == "vwap" || name == "volume").unwrap().is_empty());
    let market = Arc::new(market(&recipe));
    let recipe = recipe.resolve(&market).unwrap();
    let parts: Vec<_> = recipe.parts(&market).unwrap().into_iter().map(Some).collect();
    let plans = Planner::new(&recipe, &market).unwrap().plans(&parts).unwrap();
    let case = |(name, plan): (&str, _)| Case {
        name: name.into(),
        market: Arc::clone(&market),
        plan: Arc::new(plan),
    };
    ["train", "test"].into_iter().zip(plans).map(case).collect()
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn features_have_the_cpus_bits() {
    let (kernels, cpu) = (emulator::backend(), CpuBackend::default());
    for case in cases() {
        let (program, name) = (&case.plan.program, &case.name);
        assert_eq!((program.channels.len(), program.snapshot.len()), (6 + 7, 158 + 6), "{name}");
        let fitted = program.channels.iter().chain(&program.snapshot);
        assert_eq!(fitted.filter(|column| column.fitted.is_some()).count(), 6 + 158 + 4, "{name}");
        // All samples, in order and listed, in every layout.
        compare(&kernels, &case).unwrap();
        for backend in [&kernels as &dyn Backend, &cpu] {
            barloom_conformance::check_case(backend, &case)
                .unwrap_or_else(|e| panic!("{}: {name}: {e}", backend.name()));
        }
        let [ours, cpus] = [&kernels as &dyn Backend, &cpu].map(|one| case.load(one).unwrap());
        // Rows of samples have all of their inputs.
        let session = case.session(&cpu).unwrap();
        let mut block = session.allocate(1_000).unwrap();
        let rows = usize::try_from(case.plan.samples).unwrap();
        session.fill(0, rows, &mut block).unwrap();
        let start = |row: usize| case.market.series()[block.symbol[row] as usize].start;
        let row: Vec<usize> = listed(&case.plan)
            .into_iter()
            .map(|sample| start(sample as usize) + block.bar[sample as usize] as usize)
            .collect();
        for layout in LAYOUTS {
            let [ours, cpus] = [&ours, &cpus].map(|prepared| {
                let mut block = prepared.allocate_windows(layout, row.len()).unwrap();
                prepared.observe(&row, Threads::All, &mut block).unwrap();
                block
            });
            assert_eq!(cpus.snapshot().len(), row.len() * program.snapshot.len());
            ours.same_bits(&cpus).unwrap();
        }
        let column = |of: fn(usize) -> f64| (0..row.len()).map(of).collect::<Vec<f64>>();
        let direction: Vec<i8> = (0..row.len()).map(|k| (k % 3) as i8 - 1).collect();
        let decisions = Decisions {
            row: &row,
            direction: &direction,
            dollars: &column(|k| (k % 97) as f64 * 100.0),
            stop: &column(|k| (k % 11 + 1) as f64 * 0.002),
            target: &column(|k| if k % 7 == 0 { f64::INFINITY } else { (k % 13) as f64 * 0.002 }),
            equity: &column(|k| 1e4 + k as f64),
        };
        let [ours, cpus] = [&ours, &cpus].map(|prepared| {
            let mut block = prepared.allocate_priced(row.len()).unwrap();
            prepared.price(decisions, Threads::All, &mut block).unwrap();
            block
        });
        ours.same_bits(&cpus).unwrap();
    }
}
