//! Summary statistics of labels and weights.

use std::collections::BTreeMap;

use barloom_backend::{BLOCK_ROWS, LabelValues};
use barloom_schema::Slice;
use serde::{Deserialize, Serialize};

use crate::summary::Moments;

/// The values of a label: classes and flags are counted, numbers have moments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelSummary {
    /// The label.
    pub label: String,
    /// The number of samples without a value.
    pub missing: u64,
    /// The number of samples of each class, or with each value of a flag; empty for numbers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<i16, u64>,
    /// Moments of the finite values; none for classes and paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<NumberSummary>,
}

/// Moments of finite numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberSummary {
    /// Mean; none where it is beyond what a float holds.
    pub mean: Option<f64>,
    /// Population standard deviation; none where it is beyond what a float holds.
    pub std: Option<f64>,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

/// Gathers the summary of a label of consecutive samples.
#[derive(Clone)]
pub(crate) struct GatherLabel {
    missing: u64,
    classes: BTreeMap<i16, u64>,
    /// The moments of each block of samples, in order.
    pub(crate) blocks: Vec<Moments>,
    min: f64,
    max: f64,
}

/// The content of a [`GatherLabel`] for a file: floats as their bits.
#[derive(Serialize, Deserialize)]
pub(crate) struct TallyLabel {
    missing: u64,
    classes: BTreeMap<i16, u64>,
    blocks: Vec<[u64; 3]>,
    min: u64,
    max: u64,
}

/// A class that a sample does not have, as labels define it.
const MISSING_CLASS: i8 = -128;

/// A number of bars that a sample does not have, as labels define it.
const MISSING_BARS: i32 = -1;

impl Default for GatherLabel {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { missing: 0, classes: BTreeMap::new(), blocks: Vec::new(), min, max }
    }
}

impl GatherLabel {
    /// Adds a column of a block that begins at a multiple of 4,096 samples.
    pub(crate) fn add(&mut self, label: &LabelValues) {
        let numbers: Vec<f64> = match label.values() {
            Slice::I8(values) => {
                for class in values {
                    match *class {
                        MISSING_CLASS => self.missing += 1,
                        class => *self.classes.entry(class.into()).or_default() += 1,
                    }
                }
                return;
            }
            Slice::U8(values) => {
                values
                    .iter()
                    .for_each(|flag| *self.classes.entry((*flag).into()).or_default() += 1);
                return;
            }
            // All values of a path are missing where the first is.
            values if label.width() > 1 => {
                let firsts = (0..values.len()).step_by(label.width());
                self.missing += firsts.filter(|at| values.value(*at).is_nan()).count() as u64;
                return;
            }
            Slice::I32(values) => {
                let bars =
                    |bars: &i32| if *bars == MISSING_BARS { f64::NAN } else { (*bars).into() };
                values.iter().map(bars).collect()
            }
            values => (0..values.len()).map(|at| values.value(at)).collect(),
        };
        for block in numbers.chunks(BLOCK_ROWS) {
            self.missing += block.iter().filter(|value| value.is_nan()).count() as u64;
            let finite = || block.iter().copied().filter(|value| value.is_finite());
            self.min = finite().fold(self.min, f64::min);
            self.max = finite().fold(self.max, f64::max);
            self.blocks.extend(Moments::of(finite));
        }
    }

    pub(crate) fn tally(&self) -> TallyLabel {
        TallyLabel {
            missing: self.missing,
            classes: self.classes.clone(),
            blocks: self.blocks.iter().map(|block| block.bits()).collect(),
            min: self.min.to_bits(),
            max: self.max.to_bits(),
        }
    }

    /// Adds what a file says was gathered, but for the moments, which depend on the order.
    pub(crate) fn absorb_tally(&mut self, tally: &TallyLabel) -> Vec<Moments> {
        self.absorb(Self {
            missing: tally.missing,
            classes: tally.classes.clone(),
            blocks: tally.blocks.iter().map(|block| Moments::of_bits(*block)).collect(),
            min: f64::from_bits(tally.min),
            max: f64::from_bits(tally.max),
        })
    }

    /// Adds what another has counted, but for the moments, which depend on the order.
    pub(crate) fn absorb(&mut self, other: Self) -> Vec<Moments> {
        self.missing += other.missing;
        for (class, count) in other.classes {
            *self.classes.entry(class).or_default() += count;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        other.blocks
    }

    pub(crate) fn finish(&self, label: &str) -> LabelSummary {
        let all = Moments::merged(&self.blocks);
        let numbers = (!self.blocks.is_empty()).then(|| NumberSummary {
            mean: Some(all.mean()).filter(|mean| mean.is_finite()),
            std: Some(if self.min == self.max { 0.0 } else { all.std() })
                .filter(|std| std.is_finite()),
            min: self.min,
            max: self.max,
        });
        let (missing, classes) = (self.missing, self.classes.clone());
        LabelSummary { label: label.to_owned(), missing, classes, numbers }
    }
}
