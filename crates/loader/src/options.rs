//! Options of a loader: the shape of batches, their order, threads.

use std::num::NonZero;
use std::thread;

use barloom_backend::WindowLayout;

use crate::LoaderError;

/// Threads that make batches unless told otherwise: more than one training loop often runs on a
/// machine, and each thread makes millions of samples a second.
const DEFAULT_THREADS: usize = 4;

/// Threads at most.
const MOST_THREADS: usize = 256;

/// Batches ahead at most.
const MOST_PREFETCH: usize = 65_536;

/// The unit of a batch: samples or states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Samples, each with a window of its own.
    #[default]
    Sample,
    /// States, each with its window and all of its `actions_per_state` actions. What is left of a
    /// dataset that does not end with a whole state is not loaded.
    State,
}

/// Options of a loader.
#[derive(Clone, Debug, PartialEq)]
pub struct LoaderOptions {
    /// Samples of a batch, or states.
    pub batch_size: usize,
    /// The unit of a batch.
    pub unit: Unit,
    /// The seed of the order, which is another one each epoch; none for the dataset's own order.
    pub shuffle: Option<u64>,
    /// Leaves out samples that do not make a whole batch for each rank.
    pub drop_last: bool,
    /// The share of the samples that an epoch has, in (0, 1]: the first ones of its order.
    pub fraction: f64,
    /// Gives each epoch samples of its own: epoch e has `e * n..(e + 1) * n`, for a dataset
    /// of n, which are as many more from the same recipe.
    pub fresh: bool,
    /// The number of this process among those that share the batches, from 0.
    pub rank: usize,
    /// Number of processes that share the batches.
    pub world_size: usize,
    /// Layout of the windows of a batch: `[B, C, L]` or `[B, L, C]`.
    pub layout: WindowLayout,
    /// Threads that make batches ahead; 0 makes each when it is asked for. None for as many as
    /// there are cores, up to 4.
    pub threads: Option<usize>,
    /// Batches that are made ahead, at least; none for one more than the threads.
    pub prefetch: Option<usize>,
    /// Steps of a rank are dealt out to so many loaders in turn, and this one begins with
    /// `worker`: for processes of one rank that load side by side.
    pub workers: usize,
    /// The number of this loader among these, from 0.
    pub worker: usize,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self {
            batch_size: 1_024,
            unit: Unit::Sample,
            shuffle: None,
            drop_last: false,
            fraction: 1.0,
            fresh: false,
            rank: 0,
            world_size: 1,
            layout: WindowLayout::ChannelsFirst,
            threads: None,
            prefetch: None,
            workers: 1,
            worker: 0,
        }
    }
}

impl LoaderOptions {
    pub(crate) fn validate(&self) -> Result<(), LoaderError> {
        let at_least_1 = [
            ("batch_size", self.batch_size),
            ("world_size", self.world_size),
            ("workers", self.workers),
        ];
        for (option, value) in at_least_1 {
            if value == 0 {
                return Err(LoaderError::expected(option, "a whole number of at least 1", value));
            }
        }
        if u32::try_from(self.batch_size).is_err() {
            return Err(LoaderError::expected("batch_size", "less than 2^32", self.batch_size));
        }
        for (option, value, most) in
            [("threads", self.threads, MOST_THREADS), ("prefetch", self.prefetch, MOST_PREFETCH)]
        {
            if let Some(value) = value.filter(|value| *value > most) {
                let expected = format!("a whole number up to {most}");
                return Err(LoaderError::expected(option, expected, value));
            }
        }
        let below = [
            ("rank", self.rank, "world_size", self.world_size),
            ("worker", self.worker, "workers", self.workers),
        ];
        for (option, value, of, count) in below {
            if value >= count {
                let expected = format!("a number below {of}, {count}");
                return Err(LoaderError::expected(option, expected, value));
            }
        }
        if !(self.fraction > 0.0 && self.fraction <= 1.0) {
            let expected = "a number above 0 and up to 1";
            return Err(LoaderError::expected("fraction", expected, self.fraction));
        }
        if self.layout == WindowLayout::PerChannel {
            let expected = "[B, C, L] or [B, L, C]";
            return Err(LoaderError::expected("layout", expected, "a column for each channel"));
        }
        Ok(())
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| {
            thread::available_parallelism().map_or(1, NonZero::get).min(DEFAULT_THREADS)
        })
    }
}
