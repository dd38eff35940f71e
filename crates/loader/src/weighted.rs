//! Weighted epochs: numbers drawn with replacement, each with a probability proportional to its
//! weight.

use std::fmt;
use std::sync::Arc;

use barloom_memory::SharedColumn;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::SplitMix64;

use crate::LoaderError;

/// Tries of one place at most: weights of which a greater share is rejected are refused.
const MOST_TRIES: u64 = 1 << 20;

/// The weights by which samples are drawn.
pub trait Weights: Send + Sync {
    /// The weight of a sample: from 0 to [`greatest`](Self::greatest). A sample with the weight 0
    /// is never drawn. Where whole states are drawn, `sample` is the first one of its state.
    fn weight(&self, sample: u64) -> f32;

    /// A finite number that no weight exceeds, above 0 unless all weights are 0. A draw takes this
    /// over the mean weight tries, on average.
    fn greatest(&self) -> f32;
}

/// Weights by rows of a market: the weight of a sample is that of its row.
#[derive(Clone, Debug)]
pub struct RowWeights<F> {
    weights: SharedColumn<f32>,
    greatest: f32,
    row: F,
}

impl<F: Fn(u64) -> usize> RowWeights<F> {
    /// The weights of all rows, and the row of a sample.
    ///
    /// # Errors
    /// A weight is negative, NaN or infinite, or all are 0.
    pub fn new(weights: SharedColumn<f32>, row: F) -> Result<Self, LoaderError> {
        if let Some(row) = weights.iter().position(|weight| !is_weight(*weight)) {
            return Err(LoaderError::weight(format!("row {row}"), weights[row], f32::INFINITY));
        }
        let greatest = weights.iter().copied().fold(0.0, f32::max);
        if greatest == 0.0 {
            return Err(LoaderError::NoWeight);
        }
        Ok(Self { weights, greatest, row })
    }
}

impl<F: Fn(u64) -> usize + Send + Sync> Weights for RowWeights<F> {
    fn weight(&self, sample: u64) -> f32 {
        self.weights[(self.row)(sample)]
    }

    fn greatest(&self) -> f32 {
        self.greatest
    }
}

fn is_weight(weight: f32) -> bool {
    weight >= 0.0 && weight.is_finite()
}

/// The numbers that one epoch draws, of those below `count`.
///
/// Each place has a generator of its own, keyed by seed, epoch and place. A try takes a number,
/// each with the same probability, and accepts it with the probability `weight / greatest`
/// (rejection sampling, von Neumann 1951); the next try follows where it is rejected. So the number
/// in a place is known without those before it, and there is no table.
#[derive(Clone)]
pub(crate) struct Drawn {
    weights: Arc<dyn Weights>,
    greatest: f32,
    /// The numbers to draw from.
    count: u64,
    /// The sample or the state that is number 0.
    first: u64,
    samples_per_place: u64,
    key: u64,
}

impl Drawn {
    /// The draws of an epoch.
    ///
    /// # Errors
    /// The greatest weight is 0, or is no weight.
    pub(crate) fn new(
        weights: Arc<dyn Weights>,
        count: u64,
        first: u64,
        samples_per_place: u64,
        (seed, epoch): (u64, u64),
    ) -> Result<Self, LoaderError> {
        let greatest = weights.greatest();
        if greatest == 0.0 {
            return Err(LoaderError::NoWeight);
        }
        if !is_weight(greatest) {
            return Err(LoaderError::weight("greatest()", greatest, f32::INFINITY));
        }
        let base = SplitMix64::seed_from_u64(seed).next_u64() ^ epoch;
        let key = SplitMix64::seed_from_u64(base).next_u64();
        Ok(Self { weights, greatest, count, first, samples_per_place, key })
    }

    /// The number in a place.
    ///
    /// # Errors
    /// A weight is not from 0 to the greatest one, or nothing is accepted.
    pub(crate) fn at(&self, place: u64) -> Result<u64, LoaderError> {
        let of_place = SplitMix64::seed_from_u64(self.key.wrapping_add(place)).next_u64();
        let mut rng = SplitMix64::seed_from_u64(of_place);
        // Numbers whose product has a low half below this one would come too often (Lemire, 2019).
        let uneven = self.count.wrapping_neg() % self.count;
        for _ in 0..MOST_TRIES {
            let product = u128::from(rng.next_u64()) * u128::from(self.count);
            let (number, low) = ((product >> 64) as u64, product as u64);
            let chance = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            if low < uneven {
                continue;
            }
            let sample = (self.first + number) * self.samples_per_place;
            let weight = self.weights.weight(sample);
            if !(0.0..=self.greatest).contains(&weight) {
                return Err(LoaderError::weight(format!("sample {sample}"), weight, self.greatest));
            }
            if chance < f64::from(weight) / f64::from(self.greatest) {
                return Ok(number);
            }
        }
        Err(LoaderError::TooUneven { place, tries: MOST_TRIES, greatest: self.greatest })
    }

    /// The numbers in places from `first` on.
    ///
    /// # Errors
    /// The errors of [`at`](Self::at).
    pub(crate) fn fill(&self, first: u64, out: &mut [u64]) -> Result<(), LoaderError> {
        for (place, number) in (first..).zip(out) {
            *number = self.at(place)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drawn")
            .field("count", &self.count)
            .field("greatest", &self.greatest)
            .finish_non_exhaustive()
    }
}
