//! From a recipe and bars to a dataset: the crates put together.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barloom_backend::{Backend, Plan, Session};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Market, Part};
use barloom_dataset::{Build, BuiltPart, PartBuild};
use barloom_market_data::{Bars, Joined, OnBadBar, ReadOptions, Stamp};
use barloom_recipe::Recipe;

use crate::failure::Failure;
use crate::output::Output;
use crate::progress;

/// How a dataset is built, beside its recipe.
pub(crate) struct Job<'a> {
    pub(crate) recipe: Recipe,
    pub(crate) out: &'a Path,
    pub(crate) overwrite: bool,
    pub(crate) chunk_rows: usize,
    pub(crate) threads: usize,
}

/// What a build made, and how long the stages took.
pub(crate) struct Done {
    pub(crate) parts: Vec<BuiltPart>,
    pub(crate) market: Arc<Market>,
    pub(crate) joined: Vec<Joined>,
    pub(crate) notes: Vec<String>,
    pub(crate) building: Duration,
}

/// How the recipe wants bars to be read.
pub(crate) fn read_options(recipe: &Recipe) -> ReadOptions {
    ReadOptions {
        timezone: recipe.data.timezone.clone(),
        stamp: match recipe.data.stamp {
            barloom_recipe::Stamp::Open => Stamp::Open,
            barloom_recipe::Stamp::Close => Stamp::Close,
        },
        columns: Some(recipe.data.channels.clone()),
    }
}

/// Builds a dataset of these bars.
pub(crate) fn build(job: &Job<'_>, bars: Bars, output: &Output) -> Result<Done, Failure> {
    let recipe = with_columns_of(&job.recipe, &bars)?;
    let on_bad_bar = match recipe.data.on_bad_bar {
        barloom_recipe::OnBadBar::Error => OnBadBar::Error,
        barloom_recipe::OnBadBar::Drop => OnBadBar::Drop,
    };
    let loaded = bars.into_series(on_bad_bar)?;
    let channels = &recipe.data.channels;
    let market = Arc::new(Market::new(&loaded.series, channels, recipe.max_gap())?);
    drop(loaded.series);
    let recipe = recipe.resolve(&market)?;
    let start = now();
    let mut parts = Vec::new();
    for part in parts_of(&recipe, &market)? {
        let session = prepare(&recipe, &market, part.as_ref())?;
        parts.push(PartBuild { part, session });
    }
    let total = parts.iter().map(|p| p.session.plan().samples).sum();
    let bar = progress::samples(total, output);
    let built = Build {
        out: job.out,
        recipe: &recipe,
        market: &market,
        dropped: &loaded.dropped,
        parts,
        overwrite: job.overwrite,
        chunk_rows: job.chunk_rows,
        threads: job.threads,
        progress: &|samples| bar.inc(samples),
    }
    .run();
    bar.finish_and_clear();
    let building = start.elapsed();
    Ok(Done { parts: built?, market, joined: loaded.joined, notes: loaded.notes, building })
}

/// The recipe with its channels named as the bars' columns are: `Adj Close` is `adj_close`.
fn with_columns_of(recipe: &Recipe, bars: &Bars) -> Result<Recipe, Failure> {
    let mut named = recipe.clone();
    named.data.channels = bars.find_columns(&recipe.data.channels)?;
    for (written, name) in recipe.data.channels.iter().zip(&named.data.channels) {
        if let Some(scaler) = named.scaling.channels.remove(written) {
            named.scaling.channels.insert(name.clone(), scaler);
        }
    }
    Ok(named)
}

/// The parts of a recipe's split; one `None` without a split.
pub(crate) fn parts_of(recipe: &Recipe, market: &Market) -> Result<Vec<Option<Part>>, Failure> {
    let parts = recipe.parts(market)?;
    Ok(if parts.is_empty() { vec![None] } else { parts.into_iter().map(Some).collect() })
}

/// A session on the backend for one part.
pub(crate) fn prepare(
    recipe: &Recipe,
    market: &Arc<Market>,
    part: Option<&Part>,
) -> Result<Box<dyn Session>, Failure> {
    let plan = Arc::new(Plan::new(recipe, market, part)?);
    Ok(CpuBackend::default().prepare(Arc::clone(market), plan)?)
}

/// The time, for telling people how long something took.
#[expect(clippy::disallowed_methods, reason = "the summary tells the speed; no dataset holds it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
