//! Shared by the tests of the loader: a small market, sessions, the samples of batches.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::Arc;

use barloom_backend::Session;
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_loader::{Batch, Loader, LoaderError, LoaderOptions, State};
use barloom_plan::Plan;
use barloom_recipe::Recipe;

const MINUTE: i64 = 60_000_000_000;

/// A market of 400 bars whose prices go up and down.
pub(crate) fn market() -> Arc<Market> {
    let price = |shift: f64| {
        let at = |i: u32| 100.0 + f64::from(i * i % 83) * 0.1 + shift;
        (0..400).map(at).collect::<Vec<_>>()
    };
    let columns = vec![
        Column::new("open", price(0.0)),
        Column::new("high", price(0.5)),
        Column::new("low", price(-0.5)),
        Column::new("close", price(0.25)),
        Column::new("volume", (0..400_u32).map(|i| f64::from(i % 7)).collect()),
    ];
    let series = Series::new("TEST", (0..400).map(|i| i * MINUTE).collect(), columns).unwrap();
    Arc::new(Market::new(&[series], &Recipe::default().data.channels, MaxGap::Auto).unwrap())
}

/// The plan of so many samples.
pub(crate) fn plan(market: &Market, samples: u64, actions_per_state: u64) -> Plan {
    let mut recipe = Recipe::default();
    recipe.dataset.samples = barloom_recipe::Samples::Count(samples);
    recipe.dataset.lookback = 6;
    recipe.dataset.forward = 5;
    recipe.dataset.actions_per_state = actions_per_state;
    let recipe = recipe.resolve(market).unwrap();
    Plan::new(&recipe, market, None).unwrap()
}

/// A session of any samples.
pub(crate) fn session(actions_per_state: u64) -> Arc<dyn Session> {
    let market = market();
    plan(&market, 1_000, actions_per_state).session(&CpuBackend::default(), market).unwrap()
}

/// The same with windows so long that a batch goes past the caches.
pub(crate) fn long_session(actions_per_state: u64) -> Arc<dyn Session> {
    let market = market();
    let mut recipe = Recipe::default();
    recipe.dataset.samples = barloom_recipe::Samples::Count(1_000);
    recipe.dataset.actions_per_state = actions_per_state;
    let recipe = recipe.resolve(&market).unwrap();
    let plan = Plan::new(&recipe, &market, None).unwrap();
    plan.session(&CpuBackend::default(), market).unwrap()
}

pub(crate) fn loader(samples: u64, options: LoaderOptions) -> Loader {
    Loader::new(session(1), samples, options).unwrap()
}

/// The samples of each batch.
pub(crate) fn samples(batches: impl Iterator<Item = Result<Batch, LoaderError>>) -> Vec<Vec<u64>> {
    batches.map(|batch| batch.unwrap().samples().to_vec()).collect()
}

/// The samples of all ranks from a state on, joined step by step, and the states after each step.
pub(crate) fn joined(
    samples: u64,
    options: &LoaderOptions,
    from: &State,
) -> (Vec<Vec<u64>>, Vec<State>) {
    let session = session(1);
    joined_by(options.world_size, from, |rank| {
        let options = LoaderOptions { rank, ..options.clone() };
        Loader::new(Arc::clone(&session), samples, options).unwrap()
    })
}

/// The same of the loaders that `make` makes, given their ranks.
pub(crate) fn joined_by(
    world_size: usize,
    from: &State,
    make: impl FnMut(usize) -> Loader,
) -> (Vec<Vec<u64>>, Vec<State>) {
    let loaders = (0..world_size).map(make);
    let mut ranks: Vec<_> = loaders.map(|loader| loader.batches(from).unwrap()).collect();
    let (mut steps, mut states) = (Vec::new(), Vec::new());
    loop {
        let step: Vec<u64> = ranks
            .iter_mut()
            .filter_map(Iterator::next)
            .flat_map(|batch| batch.unwrap().samples().to_vec())
            .collect();
        if step.is_empty() {
            return (steps, states);
        }
        steps.push(step);
        states.push(ranks[0].state());
    }
}

/// Threads of this process that make batches.
pub(crate) fn loader_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("barloom-loader"))
        .count()
}

/// The plan of samples with labels, of which one is a path of 4 bars, and weights; with actions, of
/// which a state has so many, or without.
pub(crate) fn labelled(market: &Market, actions_per_state: Option<u64>) -> Plan {
    let actions = match actions_per_state {
        Some(count) => format!("samples = 1_000\nforward = 5\nactions_per_state = {count}\n"),
        None => "[sampling]\nactions = \"none\"\n".to_owned(),
    };
    let text = format!(
        "[dataset]\nlookback = 6\n{actions}\
         [[label]]\nname = \"fwd\"\nkind = \"return\"\nhorizon = 3\nclasses = {{ edges = [0.0] }}\n\
         [[label]]\nname = \"path\"\nkind = \"path\"\nhorizon = 4\n\
         [weights]\nkind = [\"uniqueness\"]\nof = \"fwd\"\n"
    );
    let recipe = Recipe::from_toml(&text, "test.toml").unwrap().resolve(market).unwrap();
    Plan::new(&recipe, market, None).unwrap()
}
