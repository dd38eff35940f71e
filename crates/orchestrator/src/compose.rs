//! From a recipe and bars to a dataset: the crates put together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barloom_backend::{Backend, Plan, Session};
use barloom_bars::{Market, Part};
use barloom_dataset::{Build, BuiltPart, PartBuild, Piece};
use barloom_market_data::{
    Bars, Joined, MarketDataError, OnBadBar, ReadOptions, Stamp, read, read_stored_market,
};
use barloom_recipe::{Format, Recipe};

use crate::backends::{self, Choice};
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::{progress, text};

/// How a dataset is built, beside its recipe.
pub(crate) struct Job<'a> {
    pub(crate) recipe: Recipe,
    pub(crate) out: &'a Path,
    pub(crate) overwrite: bool,
    pub(crate) resume: bool,
    pub(crate) piece: Option<Piece>,
    /// Whether a virtual dataset gets a content digest.
    pub(crate) digest: bool,
    pub(crate) chunk_rows: usize,
    pub(crate) threads: usize,
    pub(crate) backend: Choice,
    /// The number of the GPU.
    pub(crate) device: Option<u32>,
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

/// What a dataset is built from.
pub(crate) enum Source {
    /// Files with bars.
    Bars(Bars),
    /// A dataset's `bars.arrow`: a market already, with its segments, and the channels' names.
    Stored(Market, Vec<String>),
}

/// Reads the bars that the recipe names.
pub(crate) fn read_bars(recipe: &Recipe) -> Result<Source, MarketDataError> {
    match read_stored_market(&recipe.data.bars, &recipe.data.channels)? {
        Some((market, channels)) => Ok(Source::Stored(market, channels)),
        None => read(&recipe.data.bars, &read_options(recipe)).map(Source::Bars),
    }
}

/// A market, and what was done to get it.
struct Loaded {
    /// The recipe, its channels named as the columns are.
    recipe: Recipe,
    market: Market,
    dropped: BTreeMap<String, u64>,
    joined: Vec<Joined>,
    notes: Vec<String>,
}

fn load(recipe: &Recipe, source: Source) -> Result<Loaded, Failure> {
    let bars = match source {
        Source::Bars(bars) => bars,
        Source::Stored(market, channels) => {
            let note = "these are a dataset's own bars: their times and segments are as stored; \
                        max_gap, on_bad_bar, timezone and stamp were applied when they were stored";
            return Ok(Loaded {
                recipe: named_as(recipe, channels),
                market,
                dropped: BTreeMap::new(),
                joined: Vec::new(),
                notes: vec![note.to_owned()],
            });
        }
    };
    let recipe = named_as(recipe, bars.find_columns(&recipe.data.channels)?);
    let on_bad_bar = match recipe.data.on_bad_bar {
        barloom_recipe::OnBadBar::Error => OnBadBar::Error,
        barloom_recipe::OnBadBar::Drop => OnBadBar::Drop,
    };
    let loaded = bars.into_series(on_bad_bar)?;
    let market = Market::new(&loaded.series, &recipe.data.channels, recipe.max_gap())?;
    let (dropped, joined, notes) = (loaded.dropped, loaded.joined, loaded.notes);
    Ok(Loaded { recipe, market, dropped, joined, notes })
}

/// Builds a dataset of these bars.
pub(crate) fn build(job: &Job<'_>, source: Source, output: &Output) -> Result<Done, Failure> {
    let Loaded { recipe, market, dropped, joined, notes } = load(&job.recipe, source)?;
    let market = Arc::new(market);
    let counts = [
        (market.len(), "bar"),
        (market.series().len(), "symbol"),
        (market.segments().len(), "segment"),
    ];
    let [bars, symbols, segments] = counts.map(|(n, what)| text::counted(n as u64, what));
    tracing::info!("{bars} of {symbols} in {segments}");
    let recipe = recipe.resolve(&market)?;
    let start = now();
    // A virtual dataset has no samples to compute.
    let computes =
        recipe.output.format != Format::Virtual || job.digest || job.backend == Choice::Cuda;
    let choice = if computes { job.backend } else { Choice::Cpu };
    let backend = backends::open(choice, job.device)?;
    let mut parts = Vec::new();
    for part in parts_of(&recipe, &market)? {
        let session = prepare(&*backend, &recipe, &market, part.as_ref())?;
        tell_plan(session.plan());
        parts.push(PartBuild { part, session });
    }
    let total = total_samples(&parts)?;
    let bar = progress::samples(total, output);
    let signals = Signals::catch()?;
    let built = Build {
        out: job.out,
        recipe: &recipe,
        market: &market,
        dropped: &dropped,
        parts,
        overwrite: job.overwrite,
        resume: job.resume,
        piece: job.piece,
        digest: job.digest,
        chunk_rows: job.chunk_rows,
        threads: job.threads,
        progress: &|samples| bar.inc(samples),
        stop: &|| signals.came(),
    }
    .run();
    bar.finish_and_clear();
    let building = start.elapsed();
    let parts = built.map_err(|error| signals.blame(error.into()))?;
    Ok(Done { parts, market, joined, notes, building })
}

/// What a plan came to, and what a person should know of it.
fn tell_plan(plan: &Plan) {
    let part = plan.part.as_ref().map_or(String::new(), |part| format!("part {}: ", part.name));
    let (samples, positions) = (plan.samples, plan.positions.count());
    tracing::info!("{part}{samples} samples from {positions} positions");
    for warning in plan.warnings() {
        tracing::warn!("{part}{warning}");
    }
}

/// The samples of all parts.
fn total_samples(parts: &[PartBuild]) -> Result<u64, Failure> {
    let samples = parts.iter().map(|part| part.session.plan().samples);
    samples.into_iter().try_fold(0_u64, u64::checked_add).ok_or_else(|| {
        Failure::usage(
            "dataset.actions_per_state: the samples of all parts are 2^64 or more; lower it",
        )
    })
}

/// The recipe with its channels named as the bars' columns are: `Adj Close` is `adj_close`.
fn named_as(recipe: &Recipe, channels: Vec<String>) -> Recipe {
    let mut named = recipe.clone();
    for (written, name) in recipe.data.channels.iter().zip(&channels) {
        if let Some(scaler) = named.scaling.channels.remove(written) {
            named.scaling.channels.insert(name.clone(), scaler);
        }
    }
    named.data.channels = channels;
    named
}

/// The parts of a recipe's split; one `None` without a split.
pub(crate) fn parts_of(recipe: &Recipe, market: &Market) -> Result<Vec<Option<Part>>, Failure> {
    let parts = recipe.parts(market)?;
    Ok(if parts.is_empty() { vec![None] } else { parts.into_iter().map(Some).collect() })
}

/// A session on a backend for one part.
pub(crate) fn prepare(
    backend: &dyn Backend,
    recipe: &Recipe,
    market: &Arc<Market>,
    part: Option<&Part>,
) -> Result<Box<dyn Session>, Failure> {
    let plan = Arc::new(Plan::new(recipe, market, part)?);
    Ok(backend.prepare(Arc::clone(market), plan)?)
}

/// The time, for telling people how long something took.
#[expect(clippy::disallowed_methods, reason = "the summary tells the speed; no dataset holds it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
