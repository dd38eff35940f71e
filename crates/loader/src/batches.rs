//! The batches of an epoch, made ahead by threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::batch::{Batch, Buffer};
use crate::epoch::Epoch;
use crate::{LoaderError, OrderState, State};

/// The batches of an epoch in order, from a [`State`] on. Dropping it ends its threads.
///
/// After an error there are no more; [`state`](Self::state) is that of the last batch that was
/// given, from where the loader may try again.
pub struct Batches {
    epoch: Arc<Epoch>,
    order: OrderState,
    /// The source of lots; none if they are made when they are asked for.
    ahead: Option<Ahead>,
    /// The lot that the next batch is in, and its row there.
    lot: Option<(Arc<Buffer>, usize)>,
    step: u64,
    steps: u64,
    failed: bool,
}

impl Batches {
    pub(crate) fn new(
        epoch: Epoch,
        order: OrderState,
        threads: usize,
        depth: usize,
    ) -> Result<Self, LoaderError> {
        let epoch = Arc::new(epoch);
        let lots = usize::try_from(epoch.lots()).unwrap_or(usize::MAX);
        let depth = depth.min(lots.max(1));
        let ahead = match threads.min(lots) {
            0 => None,
            threads => Some(Ahead::start(&epoch, threads, depth)?),
        };
        let steps = epoch.steps();
        Ok(Self { epoch, order, ahead, lot: None, step: 0, steps, failed: false })
    }

    /// Returns true if the epoch is over for all ranks that have made as many steps. A rank without
    /// a share of the last samples is done before that.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let schedule = &self.epoch.schedule;
        let over = schedule.drop_last || self.epoch.position(self.step) >= schedule.count;
        !self.failed && self.step >= self.steps && over
    }

    /// The loader's place: after the batches that it has given.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            epoch: self.epoch.number,
            position: self.epoch.position(self.step),
            order: self.order.clone(),
        }
    }

    fn next_batch(&mut self) -> Result<Batch, LoaderError> {
        let (buffer, row) = match self.lot.take() {
            Some(lot) => lot,
            None => {
                let lot = self.step / self.epoch.steps_per_lot;
                let buffer = match &self.ahead {
                    Some(ahead) => ahead.take(lot)?,
                    None => made(&self.epoch, lot)?,
                };
                (buffer, 0)
            }
        };
        let rows = row..row + self.epoch.rows(self.step);
        self.step += 1;
        if self.step < self.steps && !self.step.is_multiple_of(self.epoch.steps_per_lot) {
            self.lot = Some((Arc::clone(&buffer), rows.end));
        }
        Ok(Batch { buffer, rows })
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, LoaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.step >= self.steps {
            return None;
        }
        let batch = self.next_batch();
        if batch.is_err() {
            (self.steps, self.failed) = (self.step, true);
            self.ahead = None;
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.steps - self.step);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

impl std::iter::FusedIterator for Batches {}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// A lot, or why it cannot be made.
fn made(epoch: &Epoch, lot: u64) -> Result<Arc<Buffer>, LoaderError> {
    catch_unwind(AssertUnwindSafe(|| epoch.make(lot))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(LoaderError::Panicked(text.unwrap_or_else(|| "a panic without words".into())))
    })
}

/// Threads that make lots ahead of the one that takes them.
struct Ahead {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// The process that the threads are of: one that was forked has them not.
    process: u32,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Told when a lot is ready.
    ready: Condvar,
    /// Told when a lot may be begun, or none is wanted any more.
    room: Condvar,
}

struct Queue {
    /// The next lot to be begun.
    next: u64,
    /// The next lot to be taken: those from it up to `next` are in the making or ready.
    taken: u64,
    lots: u64,
    /// Lots that are ready, each in the place of its number modulo the depth.
    ready: Vec<Option<Result<Arc<Buffer>, LoaderError>>>,
    stop: bool,
}

impl Queue {
    fn place(&self, lot: u64) -> usize {
        (lot % self.ready.len() as u64) as usize
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next lot to make, when there is room for it; none when there is none left.
    fn begin(&self) -> Option<u64> {
        let mut queue = self.lock();
        loop {
            if queue.stop || queue.next >= queue.lots {
                return None;
            }
            if queue.next - queue.taken < queue.ready.len() as u64 {
                queue.next += 1;
                return Some(queue.next - 1);
            }
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, lot: u64, result: Result<Arc<Buffer>, LoaderError>) {
        let mut queue = self.lock();
        let place = queue.place(lot);
        queue.ready[place] = Some(result);
        drop(queue);
        self.ready.notify_one();
    }
}

impl Ahead {
    fn start(epoch: &Arc<Epoch>, threads: usize, depth: usize) -> Result<Self, LoaderError> {
        let depth = depth.max(threads);
        let ready = (0..depth).map(|_| None).collect();
        let queue = Queue { next: 0, taken: 0, lots: epoch.lots(), ready, stop: false };
        let shared =
            Shared { queue: Mutex::new(queue), ready: Condvar::new(), room: Condvar::new() };
        let process = std::process::id();
        let mut ahead = Self { shared: Arc::new(shared), threads: Vec::new(), process };
        for _ in 0..threads {
            let (epoch, shared) = (Arc::clone(epoch), Arc::clone(&ahead.shared));
            let work = move || {
                while let Some(lot) = shared.begin() {
                    shared.finish(lot, made(&epoch, lot));
                }
            };
            let thread = thread::Builder::new().name("barloom-loader".into()).spawn(work);
            // Those that have begun are ended when `ahead` is dropped.
            ahead.threads.push(thread.map_err(LoaderError::Thread)?);
        }
        Ok(ahead)
    }

    /// The lot, which is the one after that taken last, once it is ready.
    fn take(&self, lot: u64) -> Result<Arc<Buffer>, LoaderError> {
        if self.process != std::process::id() {
            return Err(LoaderError::Forked);
        }
        let mut queue = self.shared.lock();
        let place = queue.place(lot);
        loop {
            if let Some(result) = queue.ready[place].take() {
                queue.taken = lot + 1;
                drop(queue);
                self.shared.room.notify_one();
                return result;
            }
            queue = self.shared.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // There is nobody to wait for, and the lock may be held by one of them for ever.
            self.threads.drain(..).for_each(std::mem::forget);
            return;
        }
        self.shared.lock().stop = true;
        self.shared.room.notify_all();
        for thread in self.threads.drain(..) {
            // It catches the panics of what it makes.
            let _ = thread.join();
        }
    }
}
