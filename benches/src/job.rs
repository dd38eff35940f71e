//! The job that is measured: bars, a recipe, threads.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use barloom_backend::{BlockShape, Session};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::Market;
use barloom_market_data::OnBadBar;
use barloom_plan::Plan;
use barloom_recipe::Recipe;
use clap::Args;

use crate::walk;

/// Bars of the generated walk: as many as thirteen months of minutes.
pub const WALK_BARS: usize = 558_720;

/// The dataset that is built, its bars and the number of threads.
#[derive(Args, Clone, Debug)]
pub struct Job {
    /// Samples.
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// L in bars.
    #[arg(long, default_value_t = 64)]
    pub lookback: usize,
    /// F in bars.
    #[arg(long, default_value_t = 64)]
    pub forward: usize,
    /// Reward metrics, comma-separated.
    #[arg(long, default_value = "return", value_delimiter = ',')]
    pub metric: Vec<String>,
    /// `honour` or `ignore`.
    #[arg(long, default_value = "honour")]
    pub barriers: String,
    /// Channels, comma-separated.
    #[arg(long, default_value = "open,high,low,close,volume", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// Threads; 0 for one a core.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Files or globs of bars; none for a generated walk.
    #[arg(long, num_args = 1..)]
    pub bars: Vec<String>,
    /// Number of repetitions after the first time.
    #[arg(long, default_value_t = 5)]
    pub repetitions: usize,
    /// The place of written files, in a folder that is removed afterwards.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// A job with its bars read and its recipe resolved.
pub struct Ready {
    /// The resolved recipe.
    pub recipe: Recipe,
    /// The bars.
    pub market: Arc<Market>,
}

impl Job {
    /// Threads that work.
    #[must_use]
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.threads == 0 { cores() } else { self.threads }
    }

    /// Starts rayon's pool with the job's threads. Once a process.
    ///
    /// # Errors
    /// The pool cannot be started, or was already.
    pub fn start_threads(&self) -> Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads());
        pool.build_global().context("can't start threads")
    }

    /// The job in the words of `barloom-measure`, but for repetitions and files.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let given = [
            ("rows", self.rows.to_string()),
            ("lookback", self.lookback.to_string()),
            ("forward", self.forward.to_string()),
            ("metric", self.metric.join(",")),
            ("barriers", self.barriers.clone()),
            ("channels", self.channels.join(",")),
            ("threads", self.threads.to_string()),
        ];
        let given = given.into_iter().flat_map(|(name, value)| [format!("--{name}"), value]);
        let bars = (!self.bars.is_empty()).then(|| "--bars".to_owned());
        given.chain(bars).chain(self.bars.iter().cloned()).collect()
    }

    /// The recipe of a dataset of some format.
    ///
    /// # Errors
    /// A setting is refused.
    pub fn recipe(&self, format: &str) -> Result<Recipe> {
        let (channels, metric) = (quoted(&self.channels), quoted(&self.metric));
        let Self { rows, lookback, forward, barriers, .. } = self;
        // Whoever maps arrays wants one file a column.
        let shards = if format == "npy" { "shard_rows = 0\n" } else { "" };
        let text = format!(
            "[data]\nchannels = {channels}\n[dataset]\nsamples = {rows}\nlookback = {lookback}\n\
             forward = {forward}\n[reward]\nmetric = {metric}\nbarriers = \"{barriers}\"\n\
             [output]\nformat = \"{format}\"\n{shards}"
        );
        Ok(Recipe::from_toml(&text, "bench")?)
    }

    /// Reads or makes the bars and resolves the recipe.
    ///
    /// # Errors
    /// Bars cannot be read, or the recipe does not fit them.
    pub fn ready(&self, format: &str) -> Result<Ready> {
        let recipe = self.recipe(format)?;
        let market = if self.bars.is_empty() {
            walk(WALK_BARS)
        } else {
            let options = barloom_engine::read_options(&recipe);
            let loaded =
                barloom_market_data::read(&self.bars, &options)?.into_series(OnBadBar::Error)?;
            Market::new(&loaded.series, &recipe.data.channels, recipe.max_gap())?
        };
        let recipe = recipe.resolve(&market)?;
        Ok(Ready { recipe, market: Arc::new(market) })
    }
}

impl Ready {
    /// The plan of all bars.
    ///
    /// # Errors
    /// The recipe does not fit the bars.
    pub fn plan(&self) -> Result<Plan> {
        Ok(Plan::new(&self.recipe, &self.market, None)?)
    }

    /// A session of the CPU backend.
    ///
    /// # Errors
    /// The recipe does not fit the bars.
    pub fn session(&self) -> Result<Arc<dyn Session>> {
        Ok(self.plan()?.session(&CpuBackend::default(), Arc::clone(&self.market))?)
    }
}

fn quoted(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
}

/// Bytes that a row of a block's columns takes.
#[must_use]
pub fn bytes_per_row(shape: BlockShape) -> u64 {
    let windows = shape.channels * shape.lookback * size_of::<f32>();
    // Twelve columns of 8 bytes, two of 4, three of 1; a metric is a reward and a mark.
    let state = 12 * 8 + 2 * 4 + 3;
    (windows + state + shape.metrics * 9) as u64
}

/// Bytes of a sample in a loader's batch: its window, nine meta fields and its rewards.
#[must_use]
pub fn bytes_per_batch_row(shape: BlockShape) -> u64 {
    ((shape.channels * shape.lookback + 9 + shape.metrics) * size_of::<f32>()) as u64
}
