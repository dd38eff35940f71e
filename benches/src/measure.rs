//! Measurements, one a process: what `barloom-measure` does.

mod dataset;
mod features;
mod limits;
mod loader;
mod memory;
mod parts;
mod reading;
mod rewards;
mod stream;
mod symbols;

use anyhow::Result;
use clap::{Parser, ValueEnum};

pub use reading::klines_file;

use crate::job::Job;
use crate::measurement::{Measurement, peak_rss_bytes};

/// The measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Draws, windows, scaling and rewards into memory.
    Memory,
    /// The same of 500 symbols of 5,000 bars in turn with one symbol of 2,500,000, and with weights
    /// of symbols; bars are generated.
    Symbols,
    /// The same through one small block a thread, which is filled again and again.
    Stream,
    /// `--parts` parts of a split over one market: prepared, then a block of each in turn.
    Parts,
    /// A whole Parquet dataset, uncompressed.
    Parquet,
    /// A whole virtual dataset.
    Virtual,
    /// A whole npy dataset, one file a column.
    Npy,
    /// Rewards alone, of draws made beforehand.
    Reward,
    /// A parallel fill of the bytes of `memory` with streaming stores.
    Fill,
    /// A parallel copy of the bytes of `memory`.
    Copy,
    /// Shuffled epochs of the loader over a virtual dataset, a value of each array read of each
    /// batch; its first batch, and samples that are looked up.
    Loader,
    /// A parallel copy of the bytes of `loader`, batch by batch into a few buffers.
    BatchCopy,
    /// Bars of a CSV file as Binance ships it, judged: `--rows` of them.
    ReadCsv,
    /// DBN bars, zstd, read, judged and written as Parquet: `--rows` of them.
    ConvertDbn,
    /// The same DBN bars decoded with the crate of the format alone.
    DecodeDbn,
    /// Features of `--rows` bars: the set `--features`, windows of `--lookback` rows. A sample is a
    /// value.
    Features,
    /// A build of 20 features of a Parquet file of `--rows` bars, with a tenth as many samples.
    BuildFeatures,
    /// The same where the file has the 20 columns.
    BuildColumns,
    /// A parallel write of `--bytes` in `--files` files, 1 MiB at a time.
    Write,
}

/// A measurement.
#[derive(Clone, Debug, Parser)]
#[command(name = "barloom-measure", about = "Takes one measurement and prints it as JSON")]
pub struct Options {
    /// The thing measured.
    pub kind: Kind,
    /// The job.
    #[command(flatten)]
    pub job: Job,
    /// Rows of a block in memory: all of them where it is 0; those of a thread's block in a stream;
    /// those of a loader's batch, 4,096 where it is 0.
    #[arg(long, default_value_t = 0)]
    pub block_rows: usize,
    /// Hash the content too.
    #[arg(long)]
    pub digest: bool,
    /// Bytes to write.
    #[arg(long, default_value_t = 0)]
    pub bytes: u64,
    /// Buffers that batches are copied into, for each thread: a loader has one more than these.
    #[arg(long, default_value_t = 2)]
    pub buffers: usize,
    /// A set of features, for `features`.
    #[arg(long, default_value = "mean")]
    pub features: String,
    /// Parts of the split, for `parts`.
    #[arg(long, default_value_t = 20)]
    pub parts: usize,
    /// Files to write them in.
    #[arg(long, default_value_t = 1)]
    pub files: u64,
    /// Sync each file.
    #[arg(long)]
    pub sync: bool,
    /// Leave the last dataset where it is.
    #[arg(long)]
    pub keep: bool,
}

impl Options {
    /// Samples of a loader's batch.
    fn batch_rows(&self) -> usize {
        if self.block_rows == 0 { 4_096 } else { self.block_rows }
    }

    /// Takes the measurement.
    ///
    /// # Errors
    /// The job cannot be done.
    pub fn run(&self) -> Result<Measurement> {
        self.job.start_threads()?;
        let mut measurement = match self.kind {
            Kind::Memory => memory::run(self),
            Kind::Symbols => symbols::run(self),
            Kind::Parts => parts::run(self),
            Kind::Stream => stream::run(self),
            Kind::Parquet => dataset::run(self, "parquet"),
            Kind::Virtual => dataset::run(self, "virtual"),
            Kind::Npy => dataset::run(self, "npy"),
            Kind::Reward => rewards::run(self),
            Kind::Fill => limits::fill(self),
            Kind::Copy => limits::copy(self),
            Kind::Loader => loader::run(self),
            Kind::BatchCopy => limits::batch_copy(self),
            Kind::ReadCsv => reading::csv(self),
            Kind::ConvertDbn => reading::convert(self),
            Kind::DecodeDbn => reading::decode(self),
            Kind::Features => features::evaluate(self),
            Kind::BuildFeatures => features::build(self, true),
            Kind::BuildColumns => features::build(self, false),
            Kind::Write => limits::write(self),
        }?;
        measurement.name =
            self.kind.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
        measurement.peak_rss_bytes = peak_rss_bytes();
        Ok(measurement)
    }
}
