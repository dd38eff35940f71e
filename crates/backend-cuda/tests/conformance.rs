//! The kernels, run on the host, make what the CPU makes.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod emulator;

use std::sync::Arc;

use barloom_backend::{Backend, Decisions, Numbers, Threads};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_conformance::Case;
use barloom_plan::Plan;
use barloom_recipe::Recipe;
use emulator::cases::{LAYOUTS, cases, compare, compare_blocks, market, sessions};
use proptest::prelude::*;

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn kernels_conform() {
    barloom_conformance::check(&emulator::backend()).unwrap();
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn kernels_make_the_cpus_bits() {
    let backend = emulator::backend();
    cases().iter().try_for_each(|case| compare(&backend, case)).unwrap();
}

/// Chunks are of 64 MiB: this block takes several, in both lanes.
#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn blocks_of_many_chunks_are_whole() {
    let text = "dataset = { samples = 200_000, lookback = 128, forward = 8 }";
    let market = market(7, 4_000);
    let recipe = Recipe::from_toml(text, "chunks").unwrap().resolve(&market).unwrap();
    let plan = Arc::new(Plan::new(&recipe, &market, None).unwrap());
    compare(&emulator::backend(), &Case { name: "chunks".into(), market, plan }).unwrap();
}

/// Some 23,000 rows a chunk: rows and decisions of the caller take several, in both lanes.
#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn chosen_rows_of_many_chunks_are_whole() {
    let text = "dataset = { samples = 10, lookback = 128, forward = 8 }\n\
                scaling = { high = \"zscore\" }\n\
                reward = { metric = [\"return\", \"car\", \"sharpe\", \"calmar\"] }";
    let market = market(7, 4_000);
    let recipe = Recipe::from_toml(text, "chunks").unwrap().resolve(&market).unwrap();
    let plan = Arc::new(Plan::new(&recipe, &market, None).unwrap());
    let case = Case { name: "chunks".into(), market: Arc::clone(&market), plan };
    let (kernels, cpu) = (emulator::backend(), CpuBackend::default());
    let [ours, cpus] = [&kernels as &dyn Backend, &cpu].map(|backend| case.load(backend).unwrap());

    let count = 70_000;
    let segments = market.segments();
    let fits = segments.iter().flat_map(|one| one.start + 128..(one.end + 1).saturating_sub(8));
    let fits: Vec<usize> = fits.collect();
    let row: Vec<usize> = (0..count).map(|k| fits[k * 7_919 % fits.len()]).collect();
    for layout in LAYOUTS {
        let [ours, cpus] = [&ours, &cpus].map(|prepared| {
            let mut block = prepared.allocate_windows(layout, count).unwrap();
            prepared.observe(&row, Threads::All, &mut block).unwrap();
            block
        });
        ours.same_bits(&cpus).unwrap();
    }
    let column = |of: fn(usize) -> f64| (0..count).map(of).collect::<Vec<f64>>();
    let direction: Vec<i8> = (0..count).map(|k| (k % 3) as i8 - 1).collect();
    let decisions = Decisions {
        row: &row,
        direction: &direction,
        dollars: &column(|k| (k % 97) as f64 * 100.0),
        stop: &column(|k| if k % 5 == 0 { f64::INFINITY } else { (k % 11) as f64 * 0.002 }),
        target: &column(|k| if k % 7 == 0 { f64::INFINITY } else { (k % 13) as f64 * 0.002 }),
        equity: &column(|k| 1e4 + k as f64),
    };
    let [ours, cpus] = [&ours, &cpus].map(|prepared| {
        let mut block = prepared.allocate_priced(count).unwrap();
        prepared.price(decisions, Threads::All, &mut block).unwrap();
        block
    });
    ours.same_bits(&cpus).unwrap();
    for reason in 0..4 {
        let ends = cpus.exit_reason().iter().filter(|one| **one == reason).count();
        assert!(ends > 1_000, "exit reason {reason}: {ends}");
    }
}

/// Windows of 600 bars: some 5,600 samples a chunk, or fewer where each begins with a window.
#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn chunks_begin_with_their_windows() {
    let text = "dataset = { samples = 12_000, lookback = 600, forward = 8, actions_per_state = 7 }\n\
                scaling = { high = \"minmax\", low = \"zscore\" }";
    let market = market(7, 4_000);
    let recipe = Recipe::from_toml(text, "chunks").unwrap().resolve(&market).unwrap();
    let plan = Arc::new(Plan::new(&recipe, &market, None).unwrap());
    let case = Case { name: "chunks".into(), market, plan: Arc::clone(&plan) };
    let sessions = sessions(&emulator::backend(), &case);
    let backwards: Vec<u64> = (0..1_700).rev().flat_map(|j| j * 7..j * 7 + 7).collect();
    // More samples than a chunk holds share a window.
    let few: Vec<u64> = (0..12_001).map(|row| row / 6_000 * 7 + row % 3).collect();
    for layout in LAYOUTS {
        for (samples, rows_per_window) in [
            (Numbers::Listed(&backwards), 1),
            (Numbers::Listed(&backwards), 7),
            (Numbers::Range { first: 7, rows: 11_990 }, 7),
            (Numbers::Listed(&few), 6_000),
        ] {
            let shape = plan.program.block_shape().layout(layout).rows_per_window(rows_per_window);
            compare_blocks(&sessions, samples, shape).unwrap();
        }
    }
}

/// Real bars; open, high, low and close follow the time.
const REAL: [&str; 5] = [
    "binance/spot_1h/BTCUSDT-1h-2024-11.csv",
    "binance/um_5m/BTCUSDT-5m-2025-01.csv",
    "binance/um_1m/FILUSDT-1m-2023-09.csv",
    "daily/backtesting_GOOG.csv",
    "intraday/backtesting_EURUSD_1h.csv",
];

/// The bars of a file as a market; their times are minutes, as nothing here depends on them.
fn real_market(file: &str) -> Arc<Market> {
    let path = format!("{}/../../../shared/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut columns: [Vec<f64>; 4] = Default::default();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers: Vec<f64> =
            fields[1..5].iter().filter_map(|field| field.parse().ok()).collect();
        if let [open, high, low, close] = numbers[..] {
            columns.iter_mut().zip([open, high, low, close]).for_each(|(c, v)| c.push(v));
        }
    }
    let ts = (0..columns[0].len() as i64).map(|minute| minute * 60_000_000_000).collect();
    let names = ["open", "high", "low", "close"];
    let columns = names.iter().zip(columns).map(|(n, v)| Column::new(*n, v)).collect();
    let series = Series::new("REAL", ts, columns).unwrap();
    Arc::new(Market::new(&[series], &[], MaxGap::None).unwrap())
}

/// 1,000 random decisions on each of five real markets, entered and filled each way: a plain scan's
/// trades on the CPU and by the kernels. Distances in whole percents put barriers on ticks.
#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
#[cfg_attr(all(shared_data, not(has_cxx)), ignore = "needs a C++ compiler: c++, or CXX")]
fn decisions_on_real_markets_equal_a_plain_scan() {
    let (cpu, kernels) = (CpuBackend::default(), emulator::backend());
    for real in REAL {
        let market = real_market(real);
        for (number, fill) in
            ["", "same_bar = \"target_first\"", "entry = \"next_close\""].into_iter().enumerate()
        {
            let text = format!(
                "[data]\nchannels = [\"close\"]\n\
                 [dataset]\nsamples = 1000\nlookback = 2\nforward = 60\nseed = {number}\n\
                 [sampling]\nact_dir = [1, -1]\n\
                 act_sl = {{ choice = [0.001, 0.005, 0.01, 0.02] }}\n\
                 act_tp = {{ choice = [0.001, 0.005, 0.01, 0.02] }}\n\
                 [reward]\nmetric = [\"barrier\", \"return\", \"r_multiple\"]\n{fill}\n"
            );
            let recipe = Recipe::from_toml(&text, "real").unwrap().resolve(&market).unwrap();
            let plan = Arc::new(Plan::new(&recipe, &market, None).unwrap());
            let name = format!("{real}, {fill}");
            let case = Case { name: name.clone(), market: Arc::clone(&market), plan };
            for backend in [&cpu as &dyn Backend, &kernels] {
                barloom_conformance::check_case(backend, &case)
                    .unwrap_or_else(|e| panic!("{}: {name}: {e}", backend.name()));
            }
            let [_, session] = sessions(&kernels, &case);
            let mut block = session.allocate(1_000).unwrap();
            session.fill(0, 1_000, &mut block).unwrap();
            let ends = |reason: u8| block.exit_reason.iter().filter(|r| **r == reason).count();
            assert!(
                ends(1) > 100 && ends(2) > 100,
                "{name}: stops {}, targets {}",
                ends(1),
                ends(2)
            );
        }
    }
}

const SCALERS: [&str; 6] = ["last_close", "log1p_last", "none", "log_return", "zscore", "minmax"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    #[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
    fn any_recipe_makes_the_cpus_bits(
        seed in 0..1_000_u64,
        steps in prop_oneof![Just(0_u64), Just(5), Just(17), Just(4_000)],
        (samples, lookback, forward) in (1..300_u64, 1..70_usize, 2..300_usize),
        actions in 1..4_u64,
        scalers in prop::collection::vec(0..SCALERS.len(), 5),
        (frel, ignore, close, target, once) in any::<(bool, bool, bool, bool, bool)>(),
        carry in prop_oneof![Just(0.0), 0.0..3.0_f64],
    ) {
        let channels = ["open", "high", "low", "close", "volume"];
        // Volumes may be 0, which has no logarithm.
        let fit = |name: &str, scaler: usize| {
            if name == "volume" && SCALERS[scaler] == "log_return" { "zscore" } else { SCALERS[scaler] }
        };
        let scaling: String = channels
            .iter()
            .zip(&scalers)
            .map(|(name, scaler)| format!("{name} = {:?}\n", fit(name, *scaler)))
            .collect();
        let reward = if frel {
            "formulas = \"frel-v1\"\nmetric = [\"car\", \"sharpe\", \"sortino\", \"calmar\", \"pnl\"]".into()
        } else {
            let barriers = if ignore {
                "barriers = \"ignore\"".to_owned()
            } else {
                let same_bar = if target { "target_first" } else { "stop_first" };
                format!("same_bar = {same_bar:?}")
            };
            let label = if ignore { "" } else { ", \"barrier\"" };
            format!(
                "{barriers}\nentry = {:?}\ncosts = {:?}\n\
                 metric = [\"return\", \"log_return\", \"car\", \"sharpe\", \"sortino\", \"calmar\"{label}]",
                if close { "next_close" } else { "next_open" },
                if once { "once" } else { "both_sides" },
            )
        };
        let text = format!(
            "[dataset]\nsamples = {samples}\nlookback = {lookback}\nforward = {forward}\n\
             seed = {seed}\nactions_per_state = {actions}\n[scaling]\n{scaling}\
             [reward]\n{reward}\ncarry_bps = {carry:?}\n"
        );
        let market = market(seed, steps);
        let recipe = Recipe::from_toml(&text, "any").unwrap().resolve(&market).unwrap();
        let plan = Arc::new(Plan::new(&recipe, &market, None).unwrap());
        let case = Case { name: text, market, plan };
        prop_assert_eq!(compare(&emulator::backend(), &case), Ok(()));
    }
}
