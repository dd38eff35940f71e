//! Markets and sessions that the benchmarks share.

use std::sync::Arc;

use barloom_backend::Session;
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_plan::Plan;
use barloom_recipe::Recipe;

/// A random walk of minute bars with volume, made by a generator of its own.
///
/// # Panics
/// The walk is no series, which would be a bug here.
#[must_use]
pub fn walk(bars: usize) -> Market {
    market(&[series("WALK", 1, bars)])
}

/// So many walks of symbols S0, S1, ... with so many bars each.
///
/// # Panics
/// As [`walk`].
#[must_use]
pub(crate) fn walks(symbols: usize, bars: usize) -> Market {
    let series = (0..symbols).map(|symbol| series(&format!("S{symbol}"), symbol as u64 + 1, bars));
    market(&series.collect::<Vec<_>>())
}

fn market(series: &[Series]) -> Market {
    Market::new(series, &["volume".into()], MaxGap::None).expect("a series is a market")
}

fn series(symbol: &str, seed: u64, bars: usize) -> Series {
    let mut state = seed;
    let mut unit = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut open = 100.0_f64;
    for _ in 0..bars {
        let close = open * (1.0 + 0.002 * (unit() - 0.5));
        let high = open.max(close) * (1.0 + 0.0005 * unit());
        let low = open.min(close) * (1.0 - 0.0005 * unit());
        let bar = [open, high, low, close, (unit() * 1e6).floor()];
        columns.iter_mut().zip(bar).for_each(|(column, value)| column.push(value));
        open = close;
    }
    let names = ["open", "high", "low", "close", "volume"];
    let columns = names.iter().zip(columns).map(|(n, v)| Column::new(*n, v)).collect();
    let ts = (0..bars as i64).map(|i| i * 60_000_000_000).collect();
    Series::new(symbol, ts, columns).expect("a walk is a series")
}

/// A resolved recipe, given as TOML, with its plan and a CPU session over a market.
///
/// # Panics
/// The recipe is refused.
#[must_use]
pub fn prepare(market: &Arc<Market>, recipe: &str) -> (Recipe, Plan, Arc<dyn Session>) {
    let recipe = Recipe::from_toml(recipe, "bench").expect("a recipe");
    let recipe = recipe.resolve(market).expect("a recipe that fits");
    let plan = Plan::new(&recipe, market, None).expect("a plan");
    let session = plan.session(&CpuBackend::default(), Arc::clone(market)).expect("a session");
    (recipe, plan, session)
}

/// The session of [`prepare`].
///
/// # Panics
/// The recipe is refused.
#[must_use]
pub fn session(market: &Arc<Market>, recipe: &str) -> Arc<dyn Session> {
    prepare(market, recipe).2
}
