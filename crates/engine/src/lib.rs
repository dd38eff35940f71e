//! From a recipe and bars to samples and datasets: the only place that composes the crates.
//!
//! Bars come from a [`Source`]. [`load`] turns them into a market with a recipe resolved against
//! it, [`Loaded`], which gives parts, plans and sessions. A [`Job`] builds a dataset from it, and a
//! [`Verification`] checks an existing dataset. [`BackendChoice`] selects the backend.
//!
//! The key decision: all callers use this crate (a command line, a Python module, a program of your
//! own), so all behave alike and report the same [`Error`]s. Therefore nothing here depends on the
//! caller: no terminal, no arguments, no signals, no clock. Long operations report to a [`Watch`]
//! and ask it if they should stop. Notes for people go to `tracing`. A message with advice refers
//! to a [`Setting`], and each caller has its own [`Names`] for settings. The price: advice is
//! written here, apart from the place where the error arises.
//!
//! ```
//! use barloom_engine::{BackendChoice, Watch, load, read_bars};
//! use barloom_recipe::Recipe;
//!
//! # let bars = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/spy_1h.parquet");
//! let mut recipe = Recipe::default();
//! recipe.data.bars = vec![bars.into()]; // spy_1h.parquet
//! let loaded = load(&recipe, read_bars(&recipe, None, &Watch::default())?)?;
//! assert_eq!(loaded.market.len(), 40_832);
//!
//! let backend = BackendChoice::Cpu.open(None)?;
//! let session = loaded.session(&*backend, None)?;
//! let mut block = session.allocate(8)?;
//! session.fill(1_000, 8, &mut block)?; // samples 1000 to 1007
//! assert_eq!(block.window(3, 0).len(), recipe.dataset.lookback);
//! # Ok::<(), barloom_engine::Error>(())
//! ```
//!
//! The feature `cuda`, on by default, builds the backend of NVIDIA GPUs in. It needs no CUDA to be
//! built and none to start, but what the README of `barloom-backend-cuda` says must be set.
#![forbid(unsafe_code)]

mod advice;
mod backends;
mod backtest;
mod bounded;
mod clipping;
mod counts;
mod decisions;
mod error;
mod feature_report;
mod features;
mod inspection;
mod job;
mod joins;
mod last_market;
mod live;
mod loaded;
mod lost;
mod markets;
mod merge;
mod own_columns;
mod predictions;
mod pricing;
mod recomputed;
mod sample;
mod sets;
mod source;
mod verification;

pub use advice::{Names, Setting, problem_with};
pub use backends::{BackendChoice, UnknownBackend};
pub use backtest::{Backtest, BacktestOptions, Rule, Wanted};
pub use clipping::clip_warnings;
pub use counts::{count, counted};
pub use decisions::KnownAt;
pub use error::{Error, ErrorKind};
pub use feature_report::{FeatureReport, report_features};
pub use features::FeatureTable;
pub use inspection::{Inspection, read_sample};
pub use job::{Job, Prepared};
pub use live::{Live, LiveBatch, LiveError, LiveOptions};
pub use loaded::{Loaded, load, load_with};
pub use lost::lost_bars;
pub use markets::Markets;
pub use merge::Merge;
pub use own_columns::{ComputeColumns, OwnColumns};
pub use predictions::Predicted;
pub use pricing::{DecisionPricer, PricedDecisions};
pub use sample::{SAMPLE_BARS, SAMPLE_BARS_NAME};
pub use sets::{SampleSet, open};
pub use source::{CACHE_BYTES, Source, default_cache, read_bars, read_options, read_recipe};
pub use verification::Verification;

// What is given to this crate, and what comes back from it: types of the crates below, so that whoever
// asks needs no other crate.
pub use barloom_backend::{
    Backend, PreparedMarket, Program, Session, Threads, WindowBlock, WindowLayout,
};
pub use barloom_backtest::{Overlap, Refused, Size, Statistics, TradeStatistics};
pub use barloom_bars::{Anchor, BarSpec, Column, Interval};
pub use barloom_dataset::{
    BuiltPart, Dataset, FeaturesRecord, FeaturesVerified, FoldRecord, LostBars, Manifest, Piece,
    Rows, SampleReader, Summary, SymbolRecord, Verified, foreign_entries,
};
pub use barloom_doctor::{Report, Severity, check};
pub use barloom_files::Watch;
pub use barloom_loader::{
    Batch, Batches, Label, Loader, LoaderError, LoaderOptions, State, Unit, columns, gather,
};
pub use barloom_market_data::{
    Bars, Cache, Compression, Conversion, Converted, MemoryTable, ReadOptions, WriteOptions,
    printable, printable_lines, read as read_files, read_bytes, read_readable, read_tables,
    to_table,
};
pub use barloom_reading::{Aggregate, EmptyBars, OnBadBar, PartialBar, Stamp};
pub use barloom_rewards::Metric;
pub use barloom_sampling::GridAction;
