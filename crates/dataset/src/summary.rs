//! Summary statistics of a dataset's samples: counts and reward distributions.
//!
//! Moments are taken a block of 4,096 samples at a time and merged in sample order, so a summary
//! has the same bits for any number of threads and any shard size.

use barloom_backend::{BLOCK_ROWS, SampleBlock};
use serde::{Deserialize, Serialize};

use crate::Layout;
use crate::label_summary::{GatherLabel, LabelSummary, TallyLabel};

/// Counts and reward distributions of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Actions taken.
    pub actions: Counts,
    /// Ways out of the trades, in the order none, stop, target, horizon.
    pub exits: [u64; 4],
    /// A summary for each metric.
    pub rewards: Vec<RewardSummary>,
    /// A summary for each label, and the weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelSummary>,
}

/// The number of samples with each action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// No trade.
    pub hold: u64,
    /// Bought.
    pub long: u64,
    /// Sold.
    pub short: u64,
}

/// The distribution of one reward metric, of its finite values. Quantiles are within 6%.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardSummary {
    /// The metric.
    pub metric: String,
    /// Mean; none where it is beyond what a float holds.
    pub mean: Option<f64>,
    /// Population standard deviation; none where it is beyond what a float holds.
    pub std: Option<f64>,
    /// Smallest.
    pub min: f64,
    /// Twentieth part below.
    pub p05: f64,
    /// Half below.
    pub p50: f64,
    /// Twentieth part above.
    pub p95: f64,
    /// Largest.
    pub max: f64,
    /// The number of clipped values.
    pub clipped: u64,
    /// The number of NaN values.
    pub nan: u64,
    /// The number of infinite values.
    pub infinite: u64,
}

/// Gathers the summary of consecutive samples.
#[derive(Clone)]
pub(crate) struct Gather {
    actions: Counts,
    exits: [u64; 4],
    metrics: Vec<GatherMetric>,
    labels: Vec<GatherLabel>,
}

#[derive(Clone)]
struct GatherMetric {
    /// The moments of each block of samples, in order.
    blocks: Vec<Moments>,
    min: f64,
    max: f64,
    clipped: u64,
    nan: u64,
    infinite: u64,
    histogram: Vec<u64>,
}

/// Count, mean and sum of squares about the mean, of one block of samples.
#[derive(Clone, Copy)]
pub(crate) struct Moments {
    n: f64,
    mean: f64,
    m2: f64,
}

/// The content of a [`Gather`] for a file: floats as their bits, and the non-zero counts of the
/// histogram.
#[derive(Serialize, Deserialize)]
pub(crate) struct Tally {
    actions: Counts,
    exits: [u64; 4],
    metrics: Vec<TallyMetric>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<TallyLabel>,
}

impl Tally {
    /// Returns true if it has the metrics and labels of a layout.
    pub(crate) fn is_of(&self, layout: &Layout) -> bool {
        self.metrics.len() == layout.metrics().len() && self.labels.len() == layout.labels().count()
    }
}

#[derive(Serialize, Deserialize)]
struct TallyMetric {
    blocks: Vec<[u64; 3]>,
    min: u64,
    max: u64,
    clipped: u64,
    nan: u64,
    infinite: u64,
    histogram: Vec<(u16, u64)>,
}

/// Buckets by sign, exponent and four bits of the mantissa.
const BUCKETS: usize = 1 << 16;

/// The bucket of a value; buckets ascend with values.
fn bucket(value: f64) -> usize {
    let bits = value.to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    (ordered >> 48) as usize
}

/// The middle of a bucket.
fn middle(bucket: usize) -> f64 {
    let ordered = (bucket as u64) << 48 | 1 << 47;
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

impl Gather {
    /// Gathers the summary of samples with these columns.
    pub(crate) fn of(layout: &Layout) -> Self {
        Self::new(layout.metrics().len(), layout.labels().count())
    }

    fn new(metrics: usize, labels: usize) -> Self {
        let metric = GatherMetric {
            blocks: Vec::new(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            clipped: 0,
            nan: 0,
            infinite: 0,
            histogram: vec![0; BUCKETS],
        };
        let (metrics, labels) = (vec![metric; metrics], vec![GatherLabel::default(); labels]);
        Self { actions: Counts::default(), exits: [0; 4], metrics, labels }
    }

    /// Adds a block that begins at a multiple of 4,096 samples.
    pub(crate) fn add(&mut self, block: &SampleBlock) {
        for direction in &block.act_dir[..] {
            match direction {
                0 => self.actions.hold += 1,
                1 => self.actions.long += 1,
                _ => self.actions.short += 1,
            }
        }
        for reason in &block.exit_reason[..] {
            self.exits[usize::from(*reason).min(3)] += 1;
        }
        for (metric, gather) in self.metrics.iter_mut().enumerate() {
            gather.clipped += block.clipped[metric].iter().map(|c| u64::from(*c)).sum::<u64>();
            block.rewards[metric].chunks(BLOCK_ROWS).for_each(|values| gather.add(values));
        }
        self.labels.iter_mut().zip(&block.labels).for_each(|(gather, label)| gather.add(label));
    }

    /// The gathered counts, for a file.
    pub(crate) fn tally(&self) -> Tally {
        let metric = |m: &GatherMetric| TallyMetric {
            blocks: m.blocks.iter().map(|block| block.bits()).collect(),
            min: m.min.to_bits(),
            max: m.max.to_bits(),
            clipped: m.clipped,
            nan: m.nan,
            infinite: m.infinite,
            histogram: (0..=u16::MAX)
                .zip(m.histogram.iter().copied())
                .filter(|b| b.1 > 0)
                .collect(),
        };
        Tally {
            actions: self.actions,
            exits: self.exits,
            metrics: self.metrics.iter().map(metric).collect(),
            labels: self.labels.iter().map(GatherLabel::tally).collect(),
        }
    }

    /// As [`absorb`](Self::absorb), of what a file says was gathered.
    pub(crate) fn absorb_tally(&mut self, tally: &Tally) -> Vec<Vec<Moments>> {
        self.count(tally.actions, tally.exits);
        let absorb = |(to, from): (&mut GatherMetric, &TallyMetric)| {
            to.min = to.min.min(f64::from_bits(from.min));
            to.max = to.max.max(f64::from_bits(from.max));
            to.clipped += from.clipped;
            to.nan += from.nan;
            to.infinite += from.infinite;
            for (bucket, count) in &from.histogram {
                to.histogram[usize::from(*bucket)] += *count;
            }
            from.blocks.iter().map(|block| Moments::of_bits(*block)).collect()
        };
        let metrics = self.metrics.iter_mut().zip(&tally.metrics).map(absorb);
        let labels = self.labels.iter_mut().zip(&tally.labels);
        metrics.chain(labels.map(|(to, from)| to.absorb_tally(from))).collect()
    }

    fn count(&mut self, actions: Counts, exits: [u64; 4]) {
        self.actions.hold += actions.hold;
        self.actions.long += actions.long;
        self.actions.short += actions.short;
        self.exits.iter_mut().zip(exits).for_each(|(a, b)| *a += b);
    }

    /// Adds what another has counted, which does not depend on the order, and gives back what
    /// does: the moments of each metric's and label's blocks. So of a shard that is done, these alone stay.
    pub(crate) fn absorb(&mut self, other: Self) -> Vec<Vec<Moments>> {
        self.count(other.actions, other.exits);
        let absorb = |(a, b): (&mut GatherMetric, GatherMetric)| {
            a.min = a.min.min(b.min);
            a.max = a.max.max(b.max);
            a.clipped += b.clipped;
            a.nan += b.nan;
            a.infinite += b.infinite;
            a.histogram.iter_mut().zip(b.histogram).for_each(|(x, y)| *x += y);
            b.blocks
        };
        let metrics = self.metrics.iter_mut().zip(other.metrics).map(absorb);
        let labels = self.labels.iter_mut().zip(other.labels);
        metrics.chain(labels.map(|(to, from)| to.absorb(from))).collect()
    }

    /// Adds the moments of blocks that follow those added before.
    pub(crate) fn push(&mut self, moments: Vec<Vec<Moments>>) {
        let metrics = self.metrics.iter_mut().map(|metric| &mut metric.blocks);
        let all = metrics.chain(self.labels.iter_mut().map(|label| &mut label.blocks));
        all.zip(moments).for_each(|(to, blocks)| to.extend(blocks));
    }

    pub(crate) fn finish(&self, names: &[&str], labels: &[&str]) -> Summary {
        let rewards = self.metrics.iter().zip(names).map(|(m, name)| m.finish(name)).collect();
        let labels = self.labels.iter().zip(labels).map(|(l, name)| l.finish(name)).collect();
        Summary { actions: self.actions, exits: self.exits, rewards, labels }
    }
}

impl Moments {
    /// The moments of a block; none without values.
    pub(crate) fn of<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> Option<Self> {
        let (mut n, mut sum) = (0.0, 0.0);
        values().for_each(|value| {
            n += 1.0;
            sum += value;
        });
        let mean = sum / n;
        let squares = || values().map(|value| (value - mean) * (value - mean)).sum();
        (n > 0.0).then(|| Self { n, mean, m2: squares() })
    }

    /// The moments of all blocks, in order.
    pub(crate) fn merged(blocks: &[Self]) -> Self {
        let mut all = Self { n: 0.0, mean: 0.0, m2: 0.0 };
        for block in blocks {
            let n = all.n + block.n;
            let delta = block.mean - all.mean;
            all.mean += delta * block.n / n;
            all.m2 += block.m2 + delta * delta * (all.n * block.n / n);
            all.n = n;
        }
        all
    }

    pub(crate) fn mean(self) -> f64 {
        self.mean
    }

    /// The population standard deviation.
    pub(crate) fn std(self) -> f64 {
        (self.m2 / self.n).sqrt()
    }

    pub(crate) fn bits(self) -> [u64; 3] {
        [self.n, self.mean, self.m2].map(f64::to_bits)
    }

    pub(crate) fn of_bits(bits: [u64; 3]) -> Self {
        let [n, mean, m2] = bits.map(f64::from_bits);
        Self { n, mean, m2 }
    }
}

impl GatherMetric {
    fn add(&mut self, values: &[f64]) {
        for value in values {
            if !value.is_finite() {
                self.nan += u64::from(value.is_nan());
                self.infinite += u64::from(value.is_infinite());
                continue;
            }
            self.min = self.min.min(*value);
            self.max = self.max.max(*value);
            self.histogram[bucket(*value)] += 1;
        }
        self.blocks.extend(Moments::of(|| values.iter().copied().filter(|v| v.is_finite())));
    }

    fn finish(&self, metric: &str) -> RewardSummary {
        let all = Moments::merged(&self.blocks);
        let empty = all.n == 0.0;
        let constant = empty || self.min == self.max;
        RewardSummary {
            metric: metric.to_owned(),
            mean: Some(all.mean()).filter(|mean| mean.is_finite()),
            std: Some(if constant { 0.0 } else { all.std() }).filter(|std| std.is_finite()),
            min: if empty { 0.0 } else { self.min },
            p05: self.quantile(0.05),
            p50: self.quantile(0.50),
            p95: self.quantile(0.95),
            max: if empty { 0.0 } else { self.max },
            clipped: self.clipped,
            nan: self.nan,
            infinite: self.infinite,
        }
    }

    fn quantile(&self, q: f64) -> f64 {
        let total: u64 = self.histogram.iter().sum();
        let rank = (q * total as f64) as u64;
        let mut below = 0;
        for (bucket, count) in self.histogram.iter().enumerate() {
            below += count;
            if below > rank {
                // Exact zeros (hold) and constants stay themselves.
                let zero = bucket == self::bucket(0.0);
                let value = if zero { 0.0 } else { middle(bucket) };
                return value.clamp(self.min, self.max);
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_ascend_and_hold_their_values() {
        let values = [-1e300, -2.0, -1.99, -1e-300, 0.0, 1e-300, 0.013, 1.0, 1.5, 1e300];
        for pair in values.windows(2) {
            assert!(bucket(pair[0]) <= bucket(pair[1]), "{pair:?}");
        }
        for value in values.into_iter().filter(|v| *v != 0.0) {
            assert!((middle(bucket(value)) / value - 1.0).abs() < 0.04, "{value}");
        }
    }

    #[test]
    fn moments_are_those_of_a_plain_pass() {
        let values: Vec<f64> = (0..10_000).map(|i| f64::from(i % 97) - 40.0).collect();
        let mut gather = Gather::new(1, 0);
        values.chunks(BLOCK_ROWS).for_each(|c| gather.metrics[0].add(c));
        let got = gather.metrics[0].finish("x");
        let mean = values.iter().sum::<f64>() / 1e4;
        let var = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 1e4;
        let near = |got: Option<f64>, plain: f64| (got.unwrap() - plain).abs() < 1e-12;
        assert!(near(got.mean, mean) && near(got.std, var.sqrt()));
        assert_eq!((got.min, got.max, got.nan), (-40.0, 56.0, 0));
        assert!((got.p50 - 7.5).abs() < 1.0, "{}", got.p50);
    }

    #[test]
    fn what_is_not_finite_is_counted_apart() {
        let mut gather = Gather::new(1, 0);
        gather.metrics[0].add(&[1.0, f64::INFINITY, f64::NAN, 3.0, f64::NEG_INFINITY]);
        let got = gather.metrics[0].finish("x");
        assert_eq!((got.mean, got.std), (Some(2.0), Some(1.0)));
        assert_eq!((got.min, got.max, got.nan, got.infinite), (1.0, 3.0, 1, 2));
        let mut gather = Gather::new(1, 0);
        gather.metrics[0].add(&[f64::MAX, f64::MAX, -1.0]);
        let got = gather.metrics[0].finish("x");
        assert_eq!((got.mean, got.std, got.max), (None, None, f64::MAX));
    }

    #[test]
    fn shards_in_any_order_give_one_summary() {
        let values: Vec<f64> = (0..5 * BLOCK_ROWS).map(|i| ((i * 37) % 101) as f64).collect();
        let gathered = |blocks: std::ops::Range<usize>| {
            let mut gather = Gather::new(1, 0);
            values.chunks(BLOCK_ROWS).skip(blocks.start).take(blocks.len()).for_each(|c| {
                gather.metrics[0].add(c);
            });
            gather
        };
        let mut totals = Gather::new(1, 0);
        let text = serde_json::to_string(&gathered(2..5).tally()).unwrap();
        let last = totals.absorb_tally(&serde_json::from_str(&text).unwrap());
        let first = totals.absorb(gathered(0..2));
        totals.push(first);
        totals.push(last);
        assert_eq!(totals.finish(&["x"], &[]), gathered(0..5).finish(&["x"], &[]));
    }
}
