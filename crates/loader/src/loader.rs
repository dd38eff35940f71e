//! The loader: a session, options, and a pool of buffers.

use std::sync::Arc;

use barloom_backend::Session;
use barloom_sampling::MAX_SAMPLES;

use crate::batch::{Pool, check_room, gather, row_bytes};
use crate::epoch::{Epoch, Numbers};
use crate::order::Order;
use crate::schedule::Schedule;
use crate::weighted::{Drawn, Weights};
use crate::{Batches, LoaderError, LoaderOptions, OrderState, State, Unit};

/// Samples that small batches are made in together: fewer cost a thread's turn too often.
const LOT_ROWS: usize = 2_048;

/// Bytes that such a lot takes at most.
const LOT_BYTES: usize = 4 << 20;

/// Loads batches of a session's samples.
///
/// Samples of a dataset are made anew from its recipe and its bars, whatever the format: they are
/// the same to the bit, and made faster than they are read. (Whether stored samples are those of
/// their recipe is what `verify` tells.)
pub struct Loader {
    session: Arc<dyn Session>,
    options: LoaderOptions,
    /// Samples of each epoch, before `fraction`.
    samples: u64,
    order: OrderState,
    weights: Option<Arc<dyn Weights>>,
    steps_per_lot: usize,
    pool: Arc<Pool>,
}

impl Loader {
    /// Loads the first `samples` samples of a session; with [`fresh`](LoaderOptions::fresh) so
    /// many more each epoch, up to number 2^62. How many samples a dataset has is the caller's to
    /// say: a session makes any.
    ///
    /// # Errors
    /// An option is wrong, or there are no samples, or 2^62 or more.
    pub fn new(
        session: Arc<dyn Session>,
        samples: u64,
        options: LoaderOptions,
    ) -> Result<Self, LoaderError> {
        options.validate()?;
        let program = session.program();
        if samples == 0 || samples > MAX_SAMPLES {
            let expected = format!("a whole number from 1 to {MAX_SAMPLES}");
            return Err(LoaderError::expected("samples", expected, samples));
        }
        let samples_per_place = match options.unit {
            Unit::Sample => 1,
            Unit::State => session.actions_per_state(),
        };
        let places = samples / samples_per_place;
        // One at least. Above 2^53 places the product is not exact.
        let count = ((places as f64 * options.fraction).round() as u64).max(1).min(places);
        if count == 0 {
            let expected = format!("{samples_per_place} samples at least, a whole state");
            return Err(LoaderError::expected("samples", expected, samples));
        }
        let (shuffle, fresh) = (options.shuffle, options.fresh);
        let order = OrderState { count, samples_per_place, shuffle, fresh, weighted: false };
        let rows_per_window = usize::try_from(samples_per_place).ok();
        let rows = rows_per_window.and_then(|rows| rows.checked_mul(options.batch_size));
        let (Some(rows_per_window), Some(rows)) = (rows_per_window, rows) else {
            let expected = format!("fewer states of {samples_per_place} actions");
            return Err(LoaderError::expected("batch_size", expected, options.batch_size));
        };
        // The last batches may be smaller, and no batch is larger than all there is.
        let rows = rows.min(usize::try_from(count * samples_per_place).unwrap_or(usize::MAX));
        let shape = program.block_shape().layout(options.layout).rows_per_window(rows_per_window);
        let row_bytes = usize::try_from(row_bytes(program)).unwrap_or(usize::MAX);
        let lot_rows = LOT_ROWS.min(LOT_BYTES / row_bytes);
        let steps_per_lot = (lot_rows / rows).max(1);
        check_room(program, (rows * steps_per_lot) as u64)?;
        // What is done once is done before threads begin, which a fork would lose, and what can't
        // be made is told at once.
        gather(&*session, &[0], options.layout)?;
        let keep = options.threads() + depth(&options, steps_per_lot) + 2;
        let pool = Arc::new(Pool::new(shape, rows * steps_per_lot, keep));
        Ok(Self { session, options, samples, order, weights: None, steps_per_lot, pool })
    }

    /// The same loader with weighted epochs: an epoch of n samples draws n with replacement, each
    /// with a probability proportional to its weight, from the seed of the shuffle. With states,
    /// weights are those of states. With [`fraction`](LoaderOptions::fraction) it draws fewer, from
    /// all samples; with [`fresh`](LoaderOptions::fresh) those of epoch e are drawn in epoch e.
    ///
    /// # Errors
    /// The loader does not shuffle, all weights are 0, or one of the first weights that it sees is
    /// negative, NaN or above the greatest.
    pub fn weighted(mut self, weights: Arc<dyn Weights>) -> Result<Self, LoaderError> {
        let Some(seed) = self.order.shuffle else {
            let expected = "a seed, as weighted epochs draw their samples";
            return Err(LoaderError::expected("shuffle", expected, "none"));
        };
        // Weights by which nothing can be drawn are found before there are threads.
        self.drawn(Arc::clone(&weights), 0, (seed, 0))?.at(0)?;
        self.weights = Some(weights);
        self.order.weighted = true;
        Ok(self)
    }

    /// The draws of an epoch whose number 0 is the sample or state `first`.
    fn drawn(
        &self,
        weights: Arc<dyn Weights>,
        first: u64,
        keys: (u64, u64),
    ) -> Result<Drawn, LoaderError> {
        let each = self.order.samples_per_place;
        Drawn::new(weights, self.samples / each, first, each, keys)
    }

    /// Its options.
    #[must_use]
    pub fn options(&self) -> &LoaderOptions {
        &self.options
    }

    /// The session that makes its samples.
    #[must_use]
    pub fn session(&self) -> &Arc<dyn Session> {
        &self.session
    }

    /// The state before the first batch of an epoch.
    #[must_use]
    pub fn start(&self, epoch: u64) -> State {
        self.dealt(&State { epoch, position: 0, order: self.order.clone() })
    }

    /// The state from which this loader begins where all [`workers`](LoaderOptions::workers) begin
    /// together at `state`: after the steps of the workers before it.
    #[must_use]
    pub fn dealt(&self, state: &State) -> State {
        let schedule = self.schedule(state.position);
        let position = schedule.position(self.options.worker as u64);
        State { position, ..state.clone() }
    }

    /// Number of batches from a state to the end of the epoch.
    ///
    /// # Errors
    /// The state is of another order.
    pub fn steps(&self, state: &State) -> Result<u64, LoaderError> {
        state.check(&self.order)?;
        Ok(self.schedule(state.position).steps().div_ceil(self.options.workers as u64))
    }

    /// The batches from a state to the end of its epoch. The first is on its way when this returns.
    ///
    /// # Errors
    /// The state is of another order, the epoch's fresh samples are past the last one, a thread
    /// cannot be started, or weights are wrong.
    pub fn batches(&self, state: &State) -> Result<Batches, LoaderError> {
        state.check(&self.order)?;
        let State { epoch: number, position, .. } = *state;
        let OrderState { count, samples_per_place, shuffle, fresh, .. } = self.order;
        let places = self.samples / samples_per_place;
        let first = if fresh { number.checked_mul(places) } else { Some(0) };
        let end = first
            .and_then(|first| first.checked_add(places)?.checked_mul(samples_per_place))
            .filter(|end| *end <= MAX_SAMPLES);
        let (Some(first), Some(_)) = (first, end) else {
            let samples = places * samples_per_place;
            return Err(LoaderError::NoMoreSamples { epoch: number, samples });
        };
        let numbers = match (shuffle, &self.weights) {
            (None, _) => Numbers::Order(Order::sequential(count)),
            (Some(seed), None) => Numbers::Order(Order::shuffled(places, seed, number)),
            (Some(seed), Some(weights)) => {
                Numbers::Drawn(self.drawn(Arc::clone(weights), first, (seed, number))?)
            }
        };
        let epoch = Epoch {
            session: Arc::clone(&self.session),
            pool: Arc::clone(&self.pool),
            number,
            numbers,
            first,
            samples_per_place,
            schedule: self.schedule(position),
            workers: self.options.workers as u64,
            steps_per_lot: self.steps_per_lot as u64,
        };
        let depth = depth(&self.options, self.steps_per_lot);
        Batches::new(epoch, self.order.clone(), self.options.threads(), depth)
    }

    fn schedule(&self, start: u64) -> Schedule {
        Schedule {
            count: self.order.count,
            start,
            batch_size: self.options.batch_size as u64,
            rank: self.options.rank as u64,
            world_size: self.options.world_size as u64,
            drop_last: self.options.drop_last,
        }
    }
}

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader")
            .field("samples", &self.samples)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Lots that are in the making or ready at most.
fn depth(options: &LoaderOptions, steps_per_lot: usize) -> usize {
    let threads = options.threads();
    match options.prefetch {
        None => threads + 1,
        Some(batches) => batches.div_ceil(steps_per_lot).max(threads),
    }
}
