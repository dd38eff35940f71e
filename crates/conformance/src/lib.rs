//! The suite that every backend passes: the same bits as a plain scalar version, however the
//! samples are asked for.
//!
//! A backend's tests call [`check`]; it says what differs first. Bits are compared, without
//! tolerance, but for the four metrics over a path, whose plain scan adds in another order.

#![forbid(unsafe_code)]

mod markets;
mod naive;

use std::sync::Arc;

use barloom_backend::{
    Backend, BackendError, Numbers, Plan, SampleBlock, Session, Threads, WindowLayout,
};
use barloom_bars::Market;
use barloom_recipe::Recipe;

/// A market and a plan to build samples from.
pub struct Case {
    /// What it is, in messages.
    pub name: String,
    /// The bars.
    pub market: Arc<Market>,
    /// The resolved recipe.
    pub plan: Arc<Plan>,
}

/// Every market of the suite with every recipe that is meant for it.
///
/// # Errors
/// A recipe of the suite is refused.
pub fn cases() -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut markets = markets::all()?;
    markets.push((TOUCHING, markets::touches()?));
    for (market_name, market) in markets {
        let market = Arc::new(market);
        let recipes = match market.series().len() {
            _ if market_name == TOUCHING => [TOUCHES, &[]],
            1 => [RECIPES, &[]],
            2 => [FEW_RANKS, &[]],
            _ => [RECIPES, WEIGHTED],
        };
        for (recipe_name, text) in recipes.into_iter().flatten() {
            let name = format!("{market_name}, {recipe_name}");
            let fail = |e: &dyn std::fmt::Display| format!("{name}: {e}");
            let recipe = Recipe::from_toml(text, recipe_name).map_err(|e| fail(&e))?;
            let recipe = recipe.resolve(&market).map_err(|e| fail(&e))?;
            let mut parts: Vec<_> =
                recipe.parts(&market).map_err(|e| fail(&e))?.into_iter().map(Some).collect();
            if parts.is_empty() {
                parts.push(None);
            }
            for part in parts {
                let plan = Plan::new(&recipe, &market, part.as_ref()).map_err(|e| fail(&e))?;
                let name = part.map_or(name.clone(), |p| format!("{name}, part {}", p.name));
                cases.push(Case { name, market: Arc::clone(&market), plan: Arc::new(plan) });
            }
        }
    }
    Ok(cases)
}

/// The market with every bar from arena row `from` on changed; its times and segments stay.
///
/// # Panics
/// The changed bars are no market, which would be a bug here.
#[must_use]
pub fn change_from(market: &Market, from: usize) -> Market {
    markets::changed(market, |row| row >= from)
}

/// Holds a backend to the suite.
///
/// # Errors
/// The first difference: case, sample, column, both values.
pub fn check(backend: &dyn Backend) -> Result<(), String> {
    cases()?.iter().try_for_each(|case| {
        check_case(backend, case).map_err(|e| format!("{}: {}: {e}", backend.name(), case.name))
    })
}

/// Holds a backend to the plain scalar version on one market and plan.
///
/// # Errors
/// The first difference: sample, column, both values.
pub fn check_case(backend: &dyn Backend, case: &Case) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let session =
        backend.prepare(Arc::clone(&case.market), Arc::clone(&case.plan)).map_err(text)?;
    let samples = usize::try_from(case.plan.samples).map_err(|e| e.to_string())?;
    let mut whole = session.allocate(samples).map_err(text)?;
    session.fill(0, samples, &mut whole).map_err(text)?;
    naive::compare(&case.market, &case.plan, &whole)?;

    // Pieces of odd sizes, in a block that held other samples before.
    let mut piece = session.allocate(samples).map_err(text)?;
    session.fill(0, samples, &mut piece).map_err(text)?;
    let mut first = 0;
    for size in [0, 1, 2, 7, 255, 256, 257, samples] {
        let rows = size.min(samples - first);
        if size % 2 == 0 {
            session.fill(first as u64, rows, &mut piece).map_err(text)?;
        } else {
            session.fill_alone(first as u64, rows, &mut piece).map_err(text)?;
        }
        for row in 0..rows {
            piece.same_row(row, &whole, first + row).map_err(|e| format!("in pieces: {e}"))?;
        }
        first += rows;
    }
    if session.fill(case.plan.samples, 1, &mut piece).is_ok() {
        return Err("it made a sample past the last one".into());
    }
    check_lists(&*session, &whole)
}

/// Samples by their numbers, in any order, with windows in every layout, alone and shared.
fn check_lists(session: &dyn Session, whole: &SampleBlock) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let (plan, samples) = (session.plan(), whole.rows() as u64);
    let actions = plan.sampler.actions_per_state();
    let layouts =
        [WindowLayout::PerChannel, WindowLayout::ChannelsFirst, WindowLayout::ChannelsLast];
    for layout in layouts {
        for rows_per_window in [1, actions as usize] {
            let shape = plan.block_shape().layout(layout).rows_per_window(rows_per_window);
            let named = |e: String| format!("{layout:?}, {rows_per_window} rows a window: {e}");
            let group = rows_per_window as u64;
            let most = samples as usize + rows_per_window;
            let mut block = session.allocate_shaped(shape, most).map_err(text)?;
            for groups in [0, 1, 3, 64, 65, samples / group] {
                // Whole groups from all over, some of them several times.
                let first = |j: u64| j * 7_919 % (samples / group) * group;
                let list: Vec<u64> = (0..groups).flat_map(|j| first(j)..first(j) + group).collect();
                let mut numbers = vec![Numbers::Listed(&list)];
                numbers.push(Numbers::Range { first: group, rows: list.len() / 2 });
                for (numbers, threads) in numbers
                    .into_iter()
                    .flat_map(|numbers| [(numbers, Threads::All), (numbers, Threads::Calling)])
                {
                    if numbers.is_empty() && groups > 0 {
                        continue;
                    }
                    session
                        .fill_block(numbers, threads, &mut block)
                        .map_err(text)
                        .map_err(named)?;
                    if block.samples() != numbers {
                        return Err(named(format!("{:?}, not {numbers:?}", block.samples())));
                    }
                    for row in 0..numbers.len() {
                        let at = numbers.get(row) as usize;
                        block.same_row(row, whole, at).map_err(named)?;
                    }
                }
            }
            let past = [0, samples];
            if session.gather(&past, &mut block).is_ok() {
                return Err(named("it gathered a sample past the last one".into()));
            }
            if rows_per_window > 1 && session.gather(&[0, group], &mut block).is_ok() {
                return Err(named("two states share a window".into()));
            }
        }
    }
    Ok(())
}

/// Two series of 32 positions, with one rank each and three: samples stand on both sides of every
/// edge between ranks.
const FEW_RANKS: &[(&str, &str)] = &[(
    "one and three ranks a position",
    r#"
    [dataset]
    samples = 1000
    lookback = 3
    forward = 2
    symbol_weights = { A = 1, B = 3 }
    "#,
)];

/// Recipes that weigh the symbols of the market that has several, of unequal length; one has no
/// position in the last part of the split.
const WEIGHTED: &[(&str, &str)] = &[
    (
        "each symbol as often as any other",
        r#"dataset = { samples = 900, lookback = 7, forward = 5, symbol_weights = "equal" }"#,
    ),
    (
        "weights, a split and several actions a state",
        r#"
        [dataset]
        samples = 1500
        lookback = 6
        forward = 4
        seed = 11
        actions_per_state = 3
        symbol_weights = { B = 3.0, "*" = 0.7 }
        [[split.part]]
        name = "train"
        fraction = 0.5
        [[split.part]]
        name = "test"
        fraction = 0.5
        "#,
    ),
    (
        "small weights and a symbol left out",
        r#"
        [dataset]
        samples = 600
        lookback = 3
        forward = 3
        symbol_weights = { A = 0.0, B = 1e-2, C = 0.99 }
        "#,
    ),
];

/// The market on whose bars prices stand at the edge of a touch.
const TOUCHING: &str = "prices at the edge of a touch";

/// Its recipes: barriers of halves and quarters, entered and filled each way.
const TOUCHES: &[(&str, &str)] = &[
    (
        "from the open",
        r#"
        dataset = { samples = 1_500, lookback = 2, forward = 9 }
        sampling = { act_sl = { choice = [0.25, 0.5] }, act_tp = { choice = [0.25, 0.5] } }
        reward = { metric = ["label", "return", "calmar"] }
        "#,
    ),
    (
        "from the close, target first",
        r#"
        dataset = { samples = 1_500, lookback = 2, forward = 30, seed = 5 }
        sampling = { act_sl = { choice = [0.25, 0.5] }, act_tp = { choice = [0.25, 0.5] } }
        reward = { metric = ["label", "return"], entry = "next_close", same_bar = "target_first" }
        "#,
    ),
];

/// Recipes that together use every setting a backend sees.
const RECIPES: &[(&str, &str)] = &[
    ("defaults", "dataset = { samples = 700, lookback = 16, forward = 8 }"),
    (
        "all metrics, several actions a state",
        r#"
        dataset = { samples = 999, lookback = 5, forward = 9, actions_per_state = 4, seed = 7 }
        [reward]
        metric = ["sharpe", "pnl", "return", "pnl_pct", "log_return", "r_multiple", "label",
                  "car", "sortino", "calmar"]
        carry_bps = 0.5
        "#,
    ),
    (
        "next close, target first, costs once",
        r#"
        dataset = { samples = 600, lookback = 1, forward = 2, seed = 1 }
        [sampling]
        act_sl = [0.0001, 0.002]
        act_tp = [0.0001, 0.002]
        [reward]
        entry = "next_close"
        same_bar = "target_first"
        costs = "once"
        metric = ["sortino", "calmar", "label"]
        "#,
    ),
    (
        "no barriers, every bar once",
        r#"
        [dataset]
        samples = "all"
        positions = "sequential"
        lookback = 3
        forward = 1
        [reward]
        barriers = "ignore"
        metric = ["sharpe", "pnl"]
        "#,
    ),
    (
        "frel-v1",
        r#"
        dataset = { samples = 500, lookback = 12, forward = 10 }
        [reward]
        formulas = "frel-v1"
        metric = ["car", "sharpe", "sortino", "calmar"]
        "#,
    ),
    (
        "clipped on both sides",
        r#"
        dataset = { samples = 500, lookback = 2, forward = 6, seed = 3 }
        [reward]
        metric = ["sharpe", "car", "pnl"]
        bars_per_year = 2000
        clip = [-20.0, 10.0]
        "#,
    ),
    (
        "every scaler",
        r#"
        data = { channels = ["close", "open", "high", "low", "volume", "spread"] }
        dataset = { samples = 500, lookback = 11, forward = 4 }
        [scaling]
        close = "log_return"
        open = "zscore"
        high = "minmax"
        low = "none"
        spread = "zscore"
        "#,
    ),
    (
        "a split with history and embargo",
        r#"
        dataset = { samples = 800, lookback = 6, forward = 5 }
        [split]
        embargo = 2
        lookback_from = "history"
        [[split.part]]
        name = "train"
        fraction = 0.6
        [[split.part]]
        name = "test"
        fraction = 0.4
        "#,
    ),
];
