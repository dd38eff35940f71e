//! The batches of a loader, step by step.

use std::ops::Range;
use std::sync::Arc;

use barloom_backend::Session;

use crate::LoaderError;
use crate::batch::{Buffer, Pool};
use crate::order::Order;
use crate::schedule::Schedule;
use crate::weighted::Drawn;

/// The numbers in the places of an epoch.
#[expect(clippy::large_enum_variant, reason = "an epoch has one")]
pub(crate) enum Numbers {
    /// Each number once.
    Order(Order),
    /// Numbers drawn by their weights.
    Drawn(Drawn),
}

/// The steps of one loader in one epoch, from a state on.
pub(crate) struct Epoch {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) number: u64,
    pub(crate) numbers: Numbers,
    /// The sample or the state that is number 0.
    pub(crate) first: u64,
    /// Samples of a place.
    pub(crate) samples_per_place: u64,
    pub(crate) schedule: Schedule,
    /// Steps of the rank from one of this loader's to the next.
    pub(crate) workers: u64,
    /// Steps that are made together: a lot.
    pub(crate) steps_per_lot: u64,
}

impl Epoch {
    /// Steps of this loader.
    pub(crate) fn steps(&self) -> u64 {
        self.schedule.steps().div_ceil(self.workers)
    }

    pub(crate) fn lots(&self) -> u64 {
        self.steps().div_ceil(self.steps_per_lot)
    }

    /// The places of a step.
    fn places(&self, step: u64) -> Range<u64> {
        self.schedule.places(step.saturating_mul(self.workers))
    }

    /// Samples of a step.
    pub(crate) fn rows(&self, step: u64) -> usize {
        let places = self.places(step);
        ((places.end - places.start) * self.samples_per_place) as usize
    }

    /// The place at which all ranks are once this loader is about to make `step`.
    pub(crate) fn position(&self, step: u64) -> u64 {
        self.schedule.position(step.saturating_mul(self.workers))
    }

    /// Makes the batches of a lot, one after another in a buffer.
    pub(crate) fn make(&self, lot: u64) -> Result<Arc<Buffer>, LoaderError> {
        let mut shared = self.pool.take(&*self.session)?;
        let Some(buffer) = Arc::get_mut(&mut shared) else {
            return Err(LoaderError::Panicked("a free buffer is in use".into()));
        };
        let list = buffer.list();
        let begin = lot * self.steps_per_lot;
        for step in begin..self.steps().min(begin + self.steps_per_lot) {
            self.list(self.places(step), list)?;
        }
        buffer.make(&*self.session)?;
        self.pool.share(&shared);
        Ok(shared)
    }

    /// Adds the samples in these places to the list.
    fn list(&self, places: Range<u64>, list: &mut Vec<u64>) -> Result<(), LoaderError> {
        let (begin, count) = (list.len(), (places.end - places.start) as usize);
        let each = self.samples_per_place as usize;
        list.resize(begin + count * each, 0);
        let new = &mut list[begin..];
        match &self.numbers {
            Numbers::Order(order) => order.fill(places.start, &mut new[..count]),
            Numbers::Drawn(drawn) => drawn.fill(places.start, &mut new[..count])?,
        }
        if each == 1 {
            new.iter_mut().for_each(|number| *number += self.first);
        } else {
            // From the back, so that no place is overwritten before it is read.
            for place in (0..count).rev() {
                let sample = (self.first + new[place]) * self.samples_per_place;
                for (out, sample) in new[place * each..][..each].iter_mut().zip(sample..) {
                    *out = sample;
                }
            }
        }
        Ok(())
    }
}
