//! Features of bars in memory, and a build whose channels are features.

use std::hint::black_box;
use std::path::Path;

use anyhow::{Context, Result, bail};
use barloom_bars::{Column, Market, PRICE_COLUMNS, Series};
use barloom_engine::{BackendChoice, Job, Watch, load, read_bars};
use barloom_features::{Attributes, Features, Options as FeatureOptions, preset};
use barloom_market_data::{WriteOptions, write};
use barloom_recipe::Recipe;

use super::Options;
use super::dataset::Scratch;
use crate::clock::{repeat, time};
use crate::measurement::Measurement;
use crate::walk;

/// The features of a build.
const OF_A_BUILD: [(&str, &str); 20] = [
    ("ret", "log(close / lag(close, 1))"),
    ("ret_5", "log(close / lag(close, 5))"),
    ("ret_60", "log(close / lag(close, 60))"),
    ("range", "(high - low) / close"),
    ("body", "(close - open) / open"),
    ("mean_20", "close / mean(close, 20) - 1"),
    ("mean_200", "close / mean(close, 200) - 1"),
    ("vol_20", "std(ret, 20)"),
    ("vol_200", "std(ret, 200)"),
    ("z_volume", "zscore(log1p(volume), 60)"),
    ("high_60", "close / max(high, 60) - 1"),
    ("low_60", "close / min(low, 60) - 1"),
    ("rank_60", "rank(close, 60)"),
    ("skew_60", "skew(ret, 60)"),
    ("corr_60", "corr(ret, log1p(volume), 60)"),
    ("slope_60", "slope(close, 60) / close"),
    ("ema_50", "close / ema(close, 50) - 1"),
    ("rsi_14", "ta.rsi(close, 14)"),
    ("atr_14", "ta.atr(14) / close"),
    ("macd", "ta.macd(close, 12, 26, 9).macdhist / close"),
];

/// The features of a set, over windows of `rows` rows.
fn set(name: &str, rows: usize) -> Result<Vec<(String, String)>> {
    let expression = match name {
        "alpha158" => return Ok(preset(name, |_| false).context("a preset")?.features),
        "mean" => format!("mean(close, {rows})"),
        "std" => format!("std(close, {rows})"),
        "max" => format!("max(high, {rows})"),
        "corr" => format!("corr(close, volume, {rows})"),
        "rank" => format!("rank(close, {rows})"),
        "quantile" => format!("quantile(close, {rows}, 0.8)"),
        "volatility" => format!("std(log(close / lag(close, 1)), {rows})"),
        _ => bail!("there is no set of features {name}"),
    };
    Ok(vec![(name.to_owned(), expression)])
}

/// Evaluates a set of features. A sample is a value.
pub(super) fn evaluate(options: &Options) -> Result<Measurement> {
    let rows = usize::try_from(options.job.rows)?;
    let market = walk(rows);
    let features =
        Features::new(set(&options.features, options.job.lookback)?, FeatureOptions::default())?;
    let run = || Ok(features.evaluate(&market, &Attributes::default())?);
    let (cold_s, columns) = time(run)?;
    let values: usize = columns.iter().map(|column| column.values.len()).sum();
    drop(columns);
    let warm_s = repeat(options.job.repetitions, || {
        black_box(run()?);
        Ok(())
    })?;
    Ok(Measurement {
        cold_s: Some(cold_s),
        warm_s,
        samples: values as u64,
        bytes: (values * size_of::<f64>()) as u64,
        ..Measurement::default()
    })
}

/// Builds a dataset from a file of bars: with features, or with their columns in the file. A sample
/// is a sample of the dataset.
pub(super) fn build(options: &Options, as_features: bool) -> Result<Measurement> {
    let scratch = Scratch::new(options.job.out.as_deref(), false);
    std::fs::create_dir_all(&scratch.path)?;
    let (bars, out) = (scratch.path.join("bars.parquet"), scratch.path.join("dataset"));
    write_bars(&bars, &walk(usize::try_from(options.job.rows)?), !as_features)?;
    let samples = (options.job.rows / 10).max(1);
    let recipe = recipe(&bars, as_features, samples)?;
    let threads = options.job.threads();
    let run = || -> Result<u64> {
        let watch = Watch::default();
        let loaded = load(&recipe, read_bars(&recipe, None, &watch)?)?;
        let job = Job { backend: BackendChoice::Cpu, overwrite: true, threads, ..Job::new(&out) };
        let built = job.prepare(&loaded)?.run(&watch)?;
        let part = built.first().context("a dataset without a split is one part")?;
        Ok(part.manifest.shards.iter().flat_map(|s| &s.files).map(|file| file.bytes).sum())
    };
    let (cold_s, bytes) = time(run)?;
    let warm_s = repeat(options.job.repetitions, || run().map(|_| ()))?;
    Ok(Measurement { cold_s: Some(cold_s), warm_s, samples, bytes, ..Measurement::default() })
}

fn recipe(bars: &Path, as_features: bool, samples: u64) -> Result<Recipe> {
    let names = OF_A_BUILD.map(|(name, _)| format!("{name:?}")).join(", ");
    let mut text = format!(
        "[data]\nbars = [{:?}]\nchannels = [{names}]\n[dataset]\nsamples = {samples}\n[scaling]\n",
        bars.to_string_lossy()
    );
    for (name, _) in OF_A_BUILD {
        text += &format!("{name} = \"none\"\n");
    }
    if as_features {
        text += "[features]\n";
        for (name, expression) in OF_A_BUILD {
            text += &format!("{name} = {expression:?}\n");
        }
    }
    Ok(Recipe::from_toml(&text, "bench")?)
}

/// Writes bars, with the columns of the features if they are wanted.
fn write_bars(path: &Path, market: &Market, with_features: bool) -> Result<()> {
    let own = PRICE_COLUMNS.into_iter().chain(["volume"]);
    let mut columns: Vec<Column> = own
        .map(|name| Column::new(name, market.column(name).unwrap_or_default().to_vec()))
        .collect();
    if with_features {
        let features = OF_A_BUILD.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let features = Features::new(features.into(), FeatureOptions::default())?;
        let made = features.evaluate(market, &Attributes::default())?;
        columns.extend(made.into_iter().map(|c| Column::new(&c.name, c.values.to_vec())));
    }
    let series = Series::new("WALK", market.ts().to_vec(), columns)?;
    Ok(write(path, &[series], WriteOptions { overwrite: true, ..WriteOptions::default() })?)
}
