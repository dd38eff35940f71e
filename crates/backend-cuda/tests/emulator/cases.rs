//! More cases than the conformance suite has: prices that just touch barriers, horizons that use
//! trees, gaps, several symbols.

use std::sync::Arc;

use barloom_backend::{Backend, BlockShape, Numbers, Session, Threads, WindowLayout};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, Series};
use barloom_conformance::Case;
use barloom_plan::Plan;
use barloom_recipe::Recipe;

/// Whole prices of a grid: stops and targets of halves and quarters fall on bars' extremes.
const GRID: &str = r#"
[dataset]
samples = 900
lookback = 9
forward = 12
[sampling]
act_sl = { choice = [0.25, 0.5] }
act_tp = { choice = [0.25, 0.5] }
[reward]
metric = ["return", "barrier", "calmar", "sortino"]
"#;

const LONG: &str = r#"
[dataset]
samples = 400
lookback = 33
forward = 700
[scaling]
open = "zscore"
high = "minmax"
low = "log_return"
volume = "none"
[reward]
carry_bps = 0.3
metric = ["sharpe", "sortino", "calmar", "car", "log_return", "r_multiple", "pnl"]
"#;

const FREL: &str = r#"
[dataset]
samples = 400
lookback = 5
forward = 640
[reward]
formulas = "frel-v1"
metric = ["sharpe", "sortino", "calmar", "car"]
"#;

const CLIPPED: &str = r#"
[data]
snapshot = ["low"]
[dataset]
samples = 300
lookback = 6
forward = 65
[reward]
barriers = "ignore"
clip = [-0.5, 0.5]
metric = ["sharpe", "sortino", "calmar", "car"]
"#;

/// Scalers that summarise windows, which the actions of a state share.
const SHARED: &str = r#"
[data]
snapshot = ["high", "volume", "close"]
[dataset]
samples = 400
lookback = 10
forward = 20
actions_per_state = 3
[scaling]
open = "zscore"
high = "minmax"
low = "log_return"
volume = "none"
snapshot = { high = "last_close", close = "none" }
"#;

pub const LAYOUTS: [WindowLayout; 3] =
    [WindowLayout::PerChannel, WindowLayout::ChannelsFirst, WindowLayout::ChannelsLast];

/// All of them, and the suite's.
pub fn cases() -> Vec<Case> {
    let mut cases = barloom_conformance::cases().unwrap();
    for seed in 0..3 {
        let (grid, noise, walk) = (market(seed, 5), market(seed, 4_000), market(seed, 0));
        cases.push(case("grid", GRID, &grid));
        cases.push(case("shared", SHARED, &walk));
        for (name, text) in [("long", LONG), ("frel", FREL), ("clipped", CLIPPED)] {
            cases.push(case(name, text, &noise));
            cases.push(case(&format!("{name} on a walk"), text, &walk));
        }
    }
    cases
}

fn case(name: &str, text: &str, market: &Arc<Market>) -> Case {
    let recipe = Recipe::from_toml(text, name).unwrap().resolve(market).unwrap();
    let plan = Arc::new(Plan::new(&recipe, market, None).unwrap());
    Case { name: name.into(), market: Arc::clone(market), plan }
}

/// Two symbols, one with a gap: prices are 64 to 192 in so many steps, each for itself, or a walk
/// where there are none.
pub fn market(seed: u64, steps: u64) -> Arc<Market> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |k: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % k
    };
    let series: Vec<Series> = [1_500_usize, 1_201]
        .into_iter()
        .enumerate()
        .map(|(symbol, rows)| {
            let mut columns = vec![Vec::new(); 5];
            let mut last = 100.0;
            for _ in 0..rows {
                let mut price = |from: f64| {
                    if steps == 0 {
                        from * (1.0 + (below(2_001) as f64 - 1_000.0) * 4e-6)
                    } else {
                        64.0 + below(steps) as f64 * (128.0 / (steps - 1) as f64)
                    }
                };
                let open = price(last);
                let (close, one, other) = (price(open), price(open), price(open));
                last = close;
                let high = open.max(close).max(one).max(other);
                let low = open.min(close).min(one).min(other);
                let volume = below(1_000) as f64;
                for (column, value) in columns.iter_mut().zip([open, high, low, close, volume]) {
                    column.push(value);
                }
            }
            let names = ["open", "high", "low", "close", "volume"];
            let columns = names.iter().zip(columns).map(|(n, v)| Column::new(*n, v)).collect();
            // A gap of a day in the middle of the first symbol's bars.
            let gap = |row: usize| if symbol == 0 && row > 800 { 86_400 } else { 0 };
            let ts = (0..rows).map(|row| (row as i64 * 60 + gap(row)) * 1_000_000_000).collect();
            Series::new(format!("S{symbol}"), ts, columns).unwrap()
        })
        .collect();
    let recipe = Recipe::default();
    Arc::new(Market::new(&series, &recipe.data.channels, recipe.max_gap()).unwrap())
}

/// Samples of whole states from all over, some of them several times.
pub fn listed(plan: &Plan) -> Vec<u64> {
    let (actions, last) = (plan.draws.sampler.actions_per_state(), plan.samples - 1);
    let states = last / actions + 1;
    let state = |j: u64| j * 7_919 % states * actions;
    (0..states + 5).flat_map(|j| state(j)..state(j) + actions).map(|i| i.min(last)).collect()
}

/// A backend's session of a case, and the CPU's.
pub fn sessions(backend: &dyn Backend, case: &Case) -> [Arc<dyn Session>; 2] {
    [backend, &CpuBackend::default()].map(|backend| case.session(backend).unwrap())
}

/// The first difference between a backend's samples and the CPU's: all of them in turn, and a list
/// in every layout.
pub fn compare(backend: &dyn Backend, case: &Case) -> Result<(), String> {
    let (plan, sessions) = (&case.plan, sessions(backend, case));
    let rows = usize::try_from(plan.samples).unwrap();
    let all = Numbers::Range { first: 0, rows };
    compare_blocks(&sessions, all, plan.program.block_shape())
        .and_then(|()| {
            let list = listed(plan);
            let shared = usize::try_from(plan.draws.sampler.actions_per_state()).unwrap();
            LAYOUTS.into_iter().try_for_each(|layout| {
                let shape = plan.program.block_shape().layout(layout).rows_per_window(shared);
                compare_blocks(&sessions, Numbers::Listed(&list), shape)
            })
        })
        .map_err(|e| format!("{}: {e}", case.name))
}

/// The first difference between two sessions' blocks.
pub fn compare_blocks(
    sessions: &[Arc<dyn Session>; 2],
    samples: Numbers<'_>,
    shape: BlockShape,
) -> Result<(), String> {
    let [ours, cpus] = sessions.each_ref().map(|session| {
        let mut block = session.allocate_shaped(shape, samples.len()).unwrap();
        session.sample(samples, Threads::All, &mut block).unwrap();
        block
    });
    ours.same_bits(&cpus).map_err(|e| format!("{shape:?}: {e}"))
}
