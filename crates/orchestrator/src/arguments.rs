//! The command line.

use std::path::PathBuf;

use barloom_engine::{Anchor, BackendChoice, BarSpec, Compression, Interval, OnBadBar, Piece};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

/// Turns market bars into training datasets for trading agents.
///
/// Without a command it builds 100,000 samples from bundled hourly SPY bars into barloom-demo/.
#[derive(Debug, Parser)]
#[command(name = "barloom", version)]
pub(crate) struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print only errors and the result: no progress bars and no other logs.
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented recipe.
    Init(Init),
    /// Build a dataset; with a split, one for each part.
    Build(Box<Build>),
    /// Join the pieces that `build --shard` built into one dataset.
    Merge(Merge),
    /// Verify a dataset: compare checksums, then make samples again and compare their bits.
    Verify(Verify),
    /// Show the contents of a dataset.
    Inspect(Inspect),
    /// List the faults of bars, by row.
    Check(Check),
    /// Convert bars of any supported format to Parquet, Arrow or CSV.
    Convert(Convert),
    /// Compute features of bars: a column for each expression, a row for each bar.
    Features(Box<Features>),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The file to write; `-` is standard output.
    #[arg(default_value = "recipe.toml")]
    pub(crate) path: PathBuf,
    /// The formulas of the recipe.
    #[arg(long, default_value = "v1", value_parser = ["v1", "frel-v1"])]
    pub(crate) formulas: String,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Files, globs or folders with bars, in place of the recipe's `data.bars`; relative to this
    /// folder.
    #[arg(value_name = "BARS", conflicts_with = "more_bars")]
    pub(crate) bars: Vec<String>,
    /// The same as BARS.
    #[arg(id = "more_bars", long = "bars", num_args = 1.., value_name = "PATH")]
    pub(crate) more_bars: Vec<String>,
    /// The recipe; without one, the default recipe.
    #[arg(long, value_name = "RECIPE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shape: Shape,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// The folder of the dataset.
    #[arg(long, value_name = "DIR", default_value = "barloom-dataset")]
    pub(crate) out: PathBuf,
    /// The backend that computes the samples.
    #[arg(long, value_parser = backends(), default_value_t)]
    pub(crate) backend: BackendChoice,
    /// The number of the GPU, as the driver lists them; the first by default.
    #[arg(long, value_name = "N")]
    pub(crate) device: Option<u32>,
    /// Threads; all processors by default. The dataset is the same for any number.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) threads: Option<u16>,
    /// Samples made at once for each file being written. The dataset is the same for any number.
    #[arg(long, value_name = "ROWS", default_value_t = 4_096, hide = true)]
    pub(crate) chunk_rows: usize,
    /// Replace an existing dataset.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Resume a stopped build of this dataset; the result is the same.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Build one piece of N: the shards whose number is K modulo N, K from 0. `merge` joins the
    /// pieces.
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Piece>,
    /// Give a virtual dataset a content digest and a summary. This makes its samples once.
    #[arg(long)]
    pub(crate) digest: bool,
}

/// The shape of a dataset, in place of the recipe's.
#[derive(Debug, Args)]
pub(crate) struct Shape {
    /// Number of samples: 1000000, 1_000_000, 1e6; or `all` with sequential positions.
    #[arg(long, value_name = "N")]
    pub(crate) samples: Option<String>,
    /// The seed of every draw.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Bars of the window before a sample's moment.
    #[arg(long, value_name = "BARS")]
    pub(crate) lookback: Option<u64>,
    /// Bars of the reward, from a sample's moment on.
    #[arg(long, value_name = "BARS")]
    pub(crate) forward: Option<u64>,
    /// Columns in the windows, separated by commas. NAME=SCALER also sets the scaler of a column:
    /// close,funding=zscore.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) channels: Vec<String>,
    /// Metrics of the reward, separated by commas; the first is the column `reward`: return, pnl,
    /// pnl_pct, log_return, r_multiple, barrier, car, sharpe, sortino, calmar.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) metric: Vec<String>,
    /// Parts in time order, separated by commas, each with its fraction of the bars or its end
    /// date: train=0.8,test=0.2.
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    pub(crate) split: Vec<String>,
    /// The format of the files.
    #[arg(long, value_parser = ["parquet", "arrow", "npy", "virtual"])]
    pub(crate) format: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The folders of all pieces, in any order.
    #[arg(required = true, value_name = "PIECE")]
    pub(crate) pieces: Vec<PathBuf>,
    /// The folder of the dataset.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace an existing dataset.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Copy the files of the pieces, and leave the pieces as they are. By default files are moved.
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The folder of a dataset, or of a split one.
    pub(crate) dataset: PathBuf,
    /// Make N samples again, chosen at random, and compare their bits.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) rows: u64,
    /// Make all samples again, and compare the content digest too.
    #[arg(long, conflicts_with = "rows")]
    pub(crate) full: bool,
    /// The seed that chooses the samples.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// The backend that makes the samples again.
    #[arg(long, value_parser = backends(), default_value_t)]
    pub(crate) backend: BackendChoice,
    /// The number of the GPU, as the driver lists them; the first by default.
    #[arg(long, value_name = "N")]
    pub(crate) device: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The dataset's folder.
    pub(crate) dataset: PathBuf,
    /// Show one sample, counted from 0.
    #[arg(long, value_name = "I")]
    pub(crate) sample: Option<u64>,
}

/// Settings for reading bars, in place of those in the recipe's `[data]`.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// The IANA zone of times without a zone.
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// The time of a bar in the files: its open or its close.
    #[arg(long, value_parser = ["open", "close"])]
    pub(crate) stamp: Option<String>,
    /// The length of a bar in the files: 1m, 1h, 1d, 1w, 1mo. By default the most frequent step of
    /// each symbol.
    #[arg(long, value_name = "LENGTH")]
    pub(crate) interval: Option<Interval>,
    /// Keep the first or the last of rows of a symbol with equal times. By default they are errors.
    #[arg(long, value_parser = ["error", "first", "last"])]
    pub(crate) on_duplicate: Option<String>,
    /// Rename a column, in files of every format. Repeat the option for more columns.
    #[arg(long, value_name = "OLD=NEW", value_parser = renaming)]
    pub(crate) rename: Vec<(String, String)>,
    /// Treatment of unusable bars: refuse them (error), drop them, or widen the high and the low of
    /// bars whose open or close is outside, and refuse the others.
    #[arg(long, value_name = "WHAT", value_parser = bad_bars())]
    pub(crate) on_bad_bar: Option<OnBadBar>,
    /// Build bars from trades, or coarser bars from bars: 5m, 1h; from trades also "1000 ticks",
    /// "5e4 volume", "1e6 dollars".
    #[arg(long, value_name = "BARS")]
    pub(crate) aggregate: Option<BarSpec>,
    /// The start of days and of the intervals of --aggregate: UTC, America/New_York,
    /// "17:00 America/New_York".
    #[arg(long, value_name = "ANCHOR")]
    pub(crate) anchor: Option<Anchor>,
    /// Leave out the last bar of --aggregate if part of it may be missing.
    #[arg(long, requires = "aggregate")]
    pub(crate) drop_partial: bool,
    /// Fill intervals without trades or bars with a bar at the previous close, within segments.
    #[arg(long, requires = "aggregate")]
    pub(crate) fill_empty: bool,
    /// Adjust prices by the column "adj_close", or by files of factors.
    #[arg(long, value_name = "adj_close|FILES")]
    pub(crate) adjust: Option<String>,
    /// Layout of delimited text: keys of `[data.csv]`, such as 'skip_rows = 1, decimal = ","'.
    #[arg(long, value_name = "KEYS")]
    pub(crate) csv: Option<String>,
    /// Drop unusable bars instead of refusing them; they are counted.
    #[arg(long, conflicts_with = "on_bad_bar")]
    pub(crate) drop_bad_bars: bool,
    /// Do not use the cache of parsed text files. The cache is in $XDG_CACHE_HOME/barloom
    /// (~/.cache/barloom) and holds at most 8 GiB. Changed files are always parsed again.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files, globs or folders with bars.
    #[arg(required = true, value_name = "BARS")]
    pub(crate) bars: Vec<String>,
    /// Fail on warnings too, with exit code 3.
    #[arg(long)]
    pub(crate) strict: bool,
    /// A recipe with the settings for reading them, under `[data]`, and features to report on.
    #[arg(long, value_name = "RECIPE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// Files, globs or folders with bars, then the file to write (.parquet, .arrow, .feather or
    /// .csv), or a folder, which gets a folder for each symbol.
    #[arg(required = true, value_name = "IN... OUT")]
    pub(crate) paths: Vec<String>,
    /// A recipe whose `[data]` has the settings for reading them.
    #[arg(long, value_name = "RECIPE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Format of the files in a folder.
    #[arg(long, value_parser = ["parquet", "arrow", "csv"])]
    pub(crate) format: Option<String>,
    /// Compression of Parquet columns: zstd (the default, and the smallest files), lz4 (faster),
    /// snappy, none.
    #[arg(long, value_name = "CODEC", value_parser = compressions())]
    pub(crate) compression: Option<Compression>,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Features {
    /// Files, globs or folders with bars, in place of the recipe's `data.bars`; relative to this
    /// folder.
    #[arg(value_name = "BARS")]
    pub(crate) bars: Vec<String>,
    /// A recipe with the features, under `[features]`.
    #[arg(long, value_name = "RECIPE")]
    pub(crate) config: Option<PathBuf>,
    /// A feature beside those of the recipe: `--feature "ret=log(close / lag(close, 1))"`.
    #[arg(long = "feature", value_name = "NAME=EXPRESSION", value_parser = defined)]
    pub(crate) features: Vec<(String, String)>,
    /// The file to write: .parquet, .arrow, .feather or .csv.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Compression of Parquet columns: zstd (the default, and the smallest files), lz4 (faster),
    /// snappy, none.
    #[arg(long, value_name = "CODEC", value_parser = compressions())]
    pub(crate) compression: Option<Compression>,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// The name and the expression of `NAME=EXPRESSION`.
fn defined(text: &str) -> Result<(String, String), String> {
    let expected = "expected NAME=EXPRESSION, such as ret=close/lag(close,1)";
    let (name, expression) = text.split_once('=').ok_or(expected)?;
    Ok((name.trim().to_owned(), expression.trim().to_owned()))
}

/// The names of `OLD=NEW`. The old one may have a `=` in it.
fn renaming(text: &str) -> Result<(String, String), String> {
    let (old, new) = text.rsplit_once('=').ok_or("expected OLD=NEW, such as Last=close")?;
    Ok((old.trim().to_owned(), new.trim().to_owned()))
}

/// The ways to treat unusable bars.
fn bad_bars() -> impl TypedValueParser<Value = OnBadBar> {
    let known = [("error", OnBadBar::Error), ("drop", OnBadBar::Drop), ("widen", OnBadBar::Widen)];
    PossibleValuesParser::new(known.map(|(name, _)| name)).map(move |name| {
        known.into_iter().find(|(known, _)| *known == name).map_or_else(OnBadBar::default, |k| k.1)
    })
}

/// The ways in which Parquet packs columns.
fn compressions() -> impl TypedValueParser<Value = Compression> {
    let known = [
        ("zstd", Compression::Zstd),
        ("lz4", Compression::Lz4),
        ("snappy", Compression::Snappy),
        ("none", Compression::None),
    ];
    PossibleValuesParser::new(known.map(|(name, _)| name)).map(move |name| {
        known
            .into_iter()
            .find(|(known, _)| *known == name)
            .map_or_else(Compression::default, |k| k.1)
    })
}

/// The names of backends, told with what they are.
fn backends() -> impl TypedValueParser<Value = BackendChoice> {
    let names = [
        ("auto", "A GPU if there is one that has room for the bars, else the CPU"),
        ("cpu", "The CPU"),
        ("cuda", "An NVIDIA GPU"),
    ];
    PossibleValuesParser::new(names.map(|(name, what)| PossibleValue::new(name).help(what)))
        .try_map(|name| name.parse::<BackendChoice>())
}
