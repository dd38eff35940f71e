//! Markets and recipes that samples are built from.

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, PreparedMarket, Session};
use barloom_bars::Market;
use barloom_plan::{Plan, Planner};
use barloom_recipe::Recipe;

use crate::markets;

/// A market and a plan to build samples from.
pub struct Case {
    /// Its name in messages.
    pub name: String,
    /// The bars.
    pub market: Arc<Market>,
    /// The resolved recipe, of one part of its split.
    pub plan: Arc<Plan>,
}

impl Case {
    /// Loads the market on a backend.
    ///
    /// # Errors
    /// The backend fails.
    pub fn load(&self, backend: &dyn Backend) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        backend.load(Arc::clone(&self.market), Arc::clone(&self.plan.program))
    }

    /// Loads the market on a backend for a session of this part alone.
    ///
    /// # Errors
    /// The backend fails.
    pub fn session(&self, backend: &dyn Backend) -> Result<Arc<dyn Session>, BackendError> {
        self.plan.session(backend, Arc::clone(&self.market))
    }
}

/// Every market of the suite with every recipe that is meant for it; parts of one recipe follow
/// each other and share their program.
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
            let planner = Planner::new(&recipe, &market).map_err(|e| fail(&e))?;
            for plan in planner.plans(&parts).map_err(|e| fail(&e))? {
                let part = plan.part.as_ref();
                let name = part.map_or(name.clone(), |p| format!("{name}, part {}", p.name));
                cases.push(Case { name, market: Arc::clone(&market), plan: Arc::new(plan) });
            }
        }
    }
    let labelled = crate::labels::cases(&cases);
    cases.extend(labelled);
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
        reward = { metric = ["barrier", "return", "calmar"] }
        "#,
    ),
    (
        "from the close, target first",
        r#"
        dataset = { samples = 1_500, lookback = 2, forward = 30, seed = 5 }
        sampling = { act_sl = { choice = [0.25, 0.5] }, act_tp = { choice = [0.25, 0.5] } }
        reward = { metric = ["barrier", "return"], entry = "next_close", same_bar = "target_first" }
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
        metric = ["sharpe", "pnl", "return", "pnl_pct", "log_return", "r_multiple", "barrier",
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
        metric = ["sortino", "calmar", "barrier"]
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
        "windows over their last value",
        r#"
        data = { channels = ["volume", "high"] }
        dataset = { samples = 400, lookback = 9, forward = 4 }
        scaling = { volume = "last", high = "last" }
        "#,
    ),
    (
        "fitted scalers",
        r#"
        [data]
        channels = ["close", "volume", "spread", "depth"]
        snapshot = ["volume", "spread", "sparse"]
        [dataset]
        samples = 600
        lookback = 5
        forward = 4
        [scaling]
        volume = { kind = "robust", clip = 1.5 }
        spread = { kind = "standard", per = "symbol" }
        depth = { kind = "quantile", fit = "all" }
        sparse = { kind = "range", per = "symbol" }
        snapshot = { volume = { kind = "quantile", per = "symbol" } }
        [[split.part]]
        name = "train"
        fraction = 0.6
        [[split.part]]
        name = "test"
        fraction = 0.4
        "#,
    ),
    (
        "a snapshot, and missing inputs",
        r#"
        dataset = { samples = 800, lookback = 6, forward = 5, actions_per_state = 2, seed = 4 }
        [data]
        channels = ["close", "depth"]
        snapshot = ["volume", "depth", "sparse", "high", "close"]
        [scaling]
        depth = "zscore"
        sparse = "none"
        snapshot = { volume = "none", depth = "log_return", close = "none" }
        "#,
    ),
    (
        "listed actions",
        r#"
        dataset = { samples = 910, lookback = 5, forward = 6, seed = 2 }
        [sampling]
        actions = "grid"
        act_dir = [1, 0, -1]
        act_dollar = { choice = [100.0, 250.0] }
        act_sl = 0.004
        act_tp = { choice = [0.002, 0.01, 0.05, 0.002] }
        [reward]
        metric = ["return", "pnl"]
        [[label]]
        name = "fwd"
        kind = "return"
        horizon = 3
        [weights]
        kind = ["uniqueness"]
        [best]
        of = "pnl"
        stop = [0.001, 0.004]
        "#,
    ),
    (
        "the best action, a label and weights",
        r#"
        dataset = { samples = 900, lookback = 6, forward = 7, actions_per_state = 3, seed = 9 }
        [sampling]
        act_sl = [0.001, 0.02]
        act_tp = [0.001, 0.03]
        [reward]
        metric = ["car", "return"]
        fee_bps = 2.0
        carry_bps = 0.3
        clip = [-3.0, 3.0]
        [[label]]
        name = "fwd"
        kind = "return"
        horizon = 4
        [weights]
        kind = ["uniqueness"]
        [best]
        of = "return"
        "#,
    ),
    (
        "the best direction, barriers ignored, clipped",
        r#"
        dataset = { samples = 400, lookback = 3, forward = 5 }
        [reward]
        metric = ["car"]
        barriers = "ignore"
        clip = [-0.1, 0.1]
        [[label]]
        name = "fwd"
        kind = "return"
        horizon = 4
        [weights]
        kind = ["uniqueness"]
        [best]
        directions = [1, -1, 0]
        "#,
    ),
    (
        "the best action by frel-v1",
        r#"
        dataset = { samples = 300, lookback = 3, forward = 5 }
        [reward]
        formulas = "frel-v1"
        metric = ["car"]
        [[label]]
        name = "fwd"
        kind = "return"
        horizon = 4
        [weights]
        kind = ["uniqueness"]
        [best]
        of = "car"
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
