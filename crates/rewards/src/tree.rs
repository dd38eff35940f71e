//! Summaries of ranges of rows, merged in one fixed order.
//!
//! Rows fall into leaves of 64, aligned to row 0; a node above is the left-to-right merge of 8
//! nodes below. A range is summarised as the part of its first leaf, the largest aligned nodes
//! from left to right, and the part of its last leaf, merged in that order. So a summary depends
//! on the rows alone, and costs O(log n) merges.

use barloom_memory::SharedColumn;

use crate::index::MOST_FORWARD;
use crate::tables::TreeTable;

/// A summary that can be merged with that of the rows to its right.
pub(crate) trait Summary: Copy {
    /// The summary of no rows.
    const EMPTY: Self;
    /// As an array of numbers.
    type Numbers: bytemuck::Pod + Send + Sync;
    /// Its numbers.
    fn numbers(self) -> Self::Numbers;
    /// The summary of these numbers.
    fn of_numbers(numbers: Self::Numbers) -> Self;
    /// This one, then `right`.
    fn merge(self, right: Self) -> Self;
}

/// Rows of a leaf.
pub(crate) const LEAF: usize = 64;
const FAN: usize = 8;

/// Summaries of all aligned nodes of a column.
#[derive(Clone, Debug)]
pub(crate) struct Tree<S: Summary> {
    /// `levels[0]` are the leaves.
    levels: Vec<SharedColumn<S::Numbers>>,
}

impl<S: Summary> Tree<S> {
    /// Builds the levels that ranges within any horizon can use; `leaf` summarises rows
    /// `[start, end)` of one leaf.
    pub(crate) fn new(rows: usize, leaf: impl Fn(usize, usize) -> S) -> Self {
        let leaves = (0..rows).step_by(LEAF).map(|row| leaf(row, rows.min(row + LEAF)).numbers());
        let mut levels: Vec<SharedColumn<S::Numbers>> = vec![leaves.collect()];
        let mut run = LEAF * FAN;
        while run <= rows && run < MOST_FORWARD {
            let merge = |nodes: &[S::Numbers]| {
                let merged = nodes.iter().map(|node| S::of_numbers(*node)).fold(S::EMPTY, S::merge);
                merged.numbers()
            };
            let level = levels[levels.len() - 1].chunks(FAN).map(merge).collect();
            levels.push(level);
            run *= FAN;
        }
        Self { levels }
    }

    /// Each level's nodes as numbers.
    pub(crate) fn table(&self) -> TreeTable<'_> {
        self.levels.iter().map(|level| bytemuck::cast_slice(level)).collect()
    }

    /// The summary of rows `[start, end)`.
    #[inline]
    pub(crate) fn range(&self, start: usize, end: usize, leaf: impl Fn(usize, usize) -> S) -> S {
        let mut row = start;
        let mut all = S::EMPTY;
        while row < end {
            if !row.is_multiple_of(LEAF) || row + LEAF > end {
                let stop = end.min((row / LEAF + 1) * LEAF);
                all = all.merge(leaf(row, stop));
                row = stop;
                continue;
            }
            let (mut level, mut run) = (0, LEAF);
            while level + 1 < self.levels.len()
                && row.is_multiple_of(run * FAN)
                && row + run * FAN <= end
            {
                level += 1;
                run *= FAN;
            }
            all = all.merge(S::of_numbers(self.levels[level][row / run]));
            row += run;
        }
        all
    }
}

/// A sum over rows `[start, end)` in eight lanes by row, added left to right.
#[inline]
pub(crate) fn lanes(start: usize, end: usize, value: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    for row in start..end {
        lanes[row % 8] += value(row);
    }
    lanes.iter().sum()
}

/// Count, sum, squares about the mean, smallest and largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) n: f64,
    pub(crate) sum: f64,
    pub(crate) m2: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Moments {
    /// Summarises the values of rows `[start, end)` of one leaf that pass `keep`.
    #[inline]
    pub(crate) fn of(
        start: usize,
        end: usize,
        value: impl Fn(usize) -> f64,
        keep: impl Fn(f64) -> bool,
    ) -> Self {
        let or_zero = |row, f: &dyn Fn(f64) -> f64| {
            let v = value(row);
            if keep(v) { f(v) } else { 0.0 }
        };
        let n = lanes(start, end, |row| or_zero(row, &|_| 1.0));
        if n == 0.0 {
            return Self::EMPTY;
        }
        let sum = lanes(start, end, |row| or_zero(row, &|v| v));
        let mean = sum / n;
        let m2 = lanes(start, end, |row| or_zero(row, &|v| (v - mean) * (v - mean)));
        let kept = || (start..end).map(&value).filter(|v| keep(*v));
        let min = kept().fold(f64::INFINITY, f64::min);
        let max = kept().fold(f64::NEG_INFINITY, f64::max);
        Self { n, sum, m2, min, max }
    }

    /// Summarises a single value.
    #[inline]
    pub(crate) fn one(value: f64) -> Self {
        Self { n: 1.0, sum: value, m2: 0.0, min: value, max: value }
    }

    /// Summarises `n` zeros.
    #[inline]
    pub(crate) fn zeros(n: usize) -> Self {
        if n == 0 { Self::EMPTY } else { Self { n: n as f64, ..Self::one(0.0) } }
    }

    /// Summarises every value times `g`.
    #[inline]
    pub(crate) fn scaled(self, g: f64) -> Self {
        let (a, b) = (self.min * g, self.max * g);
        let (min, max) = if g < 0.0 { (b, a) } else { (a, b) };
        Self { n: self.n, sum: self.sum * g, m2: self.m2 * g * g, min, max }
    }

    /// The population standard deviation over `m` values; exactly 0 where all are equal.
    #[inline]
    pub(crate) fn std(self, m: f64) -> f64 {
        if self.n == 0.0 || self.min == self.max { 0.0 } else { (self.m2 / m).sqrt() }
    }
}

impl Summary for Moments {
    const EMPTY: Self =
        Self { n: 0.0, sum: 0.0, m2: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

    type Numbers = [f64; 5];

    fn numbers(self) -> [f64; 5] {
        [self.n, self.sum, self.m2, self.min, self.max]
    }

    #[inline(always)]
    fn of_numbers([n, sum, m2, min, max]: [f64; 5]) -> Self {
        Self { n, sum, m2, min, max }
    }

    /// Chan, Golub and LeVeque (1979), pairwise update of the sum of squares.
    #[inline]
    fn merge(self, right: Self) -> Self {
        if self.n == 0.0 {
            return right;
        }
        if right.n == 0.0 {
            return self;
        }
        let n = self.n + right.n;
        let delta = right.sum / right.n - self.sum / self.n;
        Self {
            n,
            sum: self.sum + right.sum,
            m2: self.m2 + right.m2 + delta * delta * (self.n * right.n / n),
            min: self.min.min(right.min),
            max: self.max.max(right.max),
        }
    }
}
