//! Functions of the last n rows.
//!
//! A value is a function of its window alone, to the bit: nothing is carried from row to row. So a
//! run may be cut anywhere, and a wild value is forgotten as soon as it leaves the window. The
//! price is a cost that grows with log n: windows are merged from blocks of 1, 2, 4, ... rows
//! (`rolling/tree.rs`). Deviations are taken from means that are relative to a value of the window,
//! so they keep their digits where values are large and their moves small.
//!
//! # Missing rows
//!
//! NaN means missing, and infinite inputs count as missing. Rows before the first input row are
//! missing too. A window with fewer than `min_periods` present rows has no value: NaN. Otherwise
//! missing rows are left out. -0 counts as 0. A result that is not finite becomes NaN.
//!
//! # Range
//!
//! Skew, kurtosis and correlations have fourth powers of moves in them: these must lie between
//! 1e-75 and 1e75. For other statistics of squares the bounds are 1e-150 and 1e150.
//!
//! ```
//! use barloom_features::rolling::{Rolling, Window};
//!
//! let close = [1.0, 2.0, 4.0, 8.0];
//! let mut mean = [0.0; 4];
//! Rolling::Mean.apply(&[&close], Window::new(2, 2).expect("a window"), &mut mean);
//! assert!(mean[0].is_nan());
//! assert_eq!(mean[1..], [1.5, 3.0, 6.0]);
//! ```

mod block;
mod order;
mod place;
mod rows;
mod tree;

use block::{Largest, Pair, Shape, Smallest, Spread, Sum};
use rows::{LANES, Lanes, Rows, lanes, store};
use tree::{Scratch, Wanted, sweep};

/// The largest number of rows in a window.
pub const MAX_ROWS: usize = 1_000_000;

/// Rows of a window up to which tiles are short.
const SHORT: usize = 512;

/// Results of a short tile: its columns fit in the cache of a core.
const TILE: usize = 1024;

/// The length of a window, and the present rows that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    rows: usize,
    min_periods: usize,
}

impl Window {
    /// A window of `rows` rows, of which at least `min_periods` must be present for a value.
    ///
    /// `None` unless `1 <= min_periods <= rows <= MAX_ROWS`.
    #[must_use]
    pub fn new(rows: usize, min_periods: usize) -> Option<Self> {
        let valid = 1 <= min_periods && min_periods <= rows && rows <= MAX_ROWS;
        valid.then_some(Self { rows, min_periods })
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The least number of present rows that has a value.
    #[must_use]
    pub fn min_periods(self) -> usize {
        self.min_periods
    }
}

/// A statistic of the last n rows.
///
/// k is the number of present rows in a window, x a present value, m their mean. The cost is given
/// for one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rolling {
    /// The sum, added in pairs. Cost: log n.
    Sum,
    /// The sum over k; the value itself where all are equal. Cost: log n.
    Mean,
    /// The square root of `Var`. Cost: log n.
    Std,
    /// `sum((x - m)^2) / (k - 1)`; NaN for one value, exactly 0 where all are equal. Cost: log n.
    Var,
    /// The smallest value. Cost: log n.
    Min,
    /// The largest value. Cost: log n.
    Max,
    /// `Quantile(0.5)`.
    Median,
    /// The value at place `q (k - 1)` of the sorted window, linear between two places, q in [0, 1].
    /// Cost: a step of n/3 moved values up to 4,096 rows. Beyond, log N and a sort of the N input
    /// rows in each call, so calls should have more rows than the window.
    Quantile(f64),
    /// The average rank of the last value among the k, over k: in (0, 1]. NaN where the last row is
    /// missing. Cost: n comparisons side by side up to 256 rows; beyond, as `Quantile`.
    Rank,
    /// The adjusted skewness: `k sqrt(k-1) / (k-2) * sum((x-m)^3) / sum((x-m)^2)^1.5`. NaN below 3
    /// values and where all are equal. Cost: log n.
    Skew,
    /// The adjusted excess kurtosis: `k (k+1) (k-1) / ((k-2) (k-3)) * sum((x-m)^4) /
    /// sum((x-m)^2)^2 - 3 (k-1)^2 / ((k-2) (k-3))`. NaN below 4 values and where all are equal.
    /// Cost: log n.
    Kurt,
    /// The slope of the least squares line through the values over their rows, in units a row. NaN
    /// for one value. Cost: log n.
    Slope,
    /// The squared correlation of the values with their rows. NaN where all values are equal.
    /// Cost: log n.
    Rsquare,
    /// The last value less the least squares line there. NaN where the last row is missing, and for
    /// one value. Cost: log n.
    Resi,
    /// The correlation of two inputs, clipped to [-1, 1]. A row is missing where either side is.
    /// NaN where a side is constant. Cost: log n.
    Corr,
    /// `sum((x - mx) (y - my)) / (k - 1)` of two inputs; NaN for one row. Cost: log n.
    Cov,
    /// The place of the smallest value, counted from 0 at the oldest row of the window. At the
    /// start of a run the oldest row is the first input row. The oldest of equal values counts;
    /// missing rows have places too. Cost: constant on average.
    Argmin,
    /// The place of the largest value, as `Argmin`.
    Argmax,
    /// The number of present rows, where it is `min_periods` or more. Cost: constant.
    Count,
    /// `(x - m) / std` of the last row. NaN where it is missing, for one value and where all are
    /// equal. Cost: log n.
    Zscore,
}

/// Statistics by the work that they share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Sum,
    Smallest,
    Largest,
    Spread,
    Shape,
    Trend,
    Pair,
    Count,
    Ranks,
    Order,
    Place,
}

impl Rolling {
    /// The number of inputs: 2 for `Corr` and `Cov`, else 1.
    #[must_use]
    pub fn inputs(self) -> usize {
        if self.kind(1) == Kind::Pair { 2 } else { 1 }
    }

    /// Computes the statistic of the windows that end at the last `out.len()` rows of the inputs.
    ///
    /// Rows before the first input row are missing. So a run may be computed in parts: with the
    /// `rows - 1` rows before a part, or all there are, its values have the same bits.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer inputs than [`Rolling::inputs`], if they differ in length or are
    /// shorter than `out`, or if a quantile is outside [0, 1].
    pub fn apply(self, inputs: &[&[f64]], window: Window, out: &mut [f64]) {
        apply_many(inputs, &mut [(self, window, out)]);
    }

    fn kind(self, rows: usize) -> Kind {
        match self {
            Self::Sum | Self::Mean => Kind::Sum,
            Self::Min => Kind::Smallest,
            Self::Max => Kind::Largest,
            Self::Std | Self::Var | Self::Zscore => Kind::Spread,
            Self::Skew | Self::Kurt => Kind::Shape,
            Self::Slope | Self::Rsquare | Self::Resi => Kind::Trend,
            Self::Corr | Self::Cov => Kind::Pair,
            Self::Count => Kind::Count,
            Self::Rank if rows <= order::COUNTED => Kind::Ranks,
            Self::Rank | Self::Median | Self::Quantile(_) => Kind::Order,
            Self::Argmin | Self::Argmax => Kind::Place,
        }
    }
}

/// Computes several statistics and windows of the same inputs, and shares work between them.
///
/// The bits are those of [`Rolling::apply`]. Statistics of one input take the first. All results
/// have the same number of rows.
///
/// # Panics
///
/// Panics as [`Rolling::apply`] does, and if results differ in length.
pub fn apply_many(inputs: &[&[f64]], wanted: &mut [(Rolling, Window, &mut [f64])]) {
    let Some(results) = wanted.first().map(|(_, _, out)| out.len()) else { return };
    let length = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == length), "inputs of equal length");
    assert!(results <= length, "no more results than rows");
    assert!(wanted.iter().all(|(_, _, out)| out.len() == results), "results of equal length");
    let valid = |q: f64| (0.0..=1.0).contains(&q);
    for (statistic, _, _) in wanted.iter() {
        assert!(statistic.inputs() <= inputs.len(), "two inputs");
        assert!(!matches!(statistic, Rolling::Quantile(q) if !valid(*q)), "q is in [0, 1]");
    }
    let mut tiled = Vec::new();
    let mut ordered = Vec::new();
    let mut placed = Vec::new();
    for (statistic, window, out) in wanted.iter_mut() {
        match statistic.kind(window.rows) {
            Kind::Order => ordered.push((*statistic, *window, &mut **out)),
            Kind::Place => placed.push((*statistic, *window, &mut **out)),
            _ => tiled.push(Wanted { statistic: *statistic, window: *window, out }),
        }
    }
    placed.sort_by_key(|(statistic, ..)| *statistic == Rolling::Argmin);
    for group in placed.chunk_by_mut(|(a, ..), (b, ..)| a == b) {
        let statistic = group[0].0;
        let wanted = group.iter_mut().map(|(_, window, out)| (*window, &mut **out));
        place::places(statistic, inputs[0], wanted);
    }
    ordered.sort_by_key(|(_, window, _)| window.rows);
    for group in ordered.chunk_by_mut(|(_, a, _), (_, b, _)| a.rows == b.rows) {
        order::slide(inputs[0], group[0].1.rows, group);
    }
    let short = |one: &Wanted<'_>| one.window.rows <= SHORT;
    tiled.sort_by_key(|one| !short(one));
    for group in tiled.chunk_by_mut(|a, b| short(a) == short(b)) {
        tiles(inputs, group);
    }
}

/// Computes statistics tile by tile.
fn tiles(inputs: &[&[f64]], wanted: &mut [Wanted<'_>]) {
    let results = wanted[0].out.len();
    let longest = wanted.iter().map(|one| one.window.rows).max().unwrap_or(1);
    let first = inputs[0].len() - results;
    let tile = TILE.max(if longest > SHORT { longest } else { 0 });
    let (mut single, mut pair, mut scratch) = <(Rows, Rows, Scratch)>::default();
    let kinds = share(wanted);
    for from in (0..results).step_by(tile) {
        let count = tile.min(results - from);
        let mut parts: Vec<(Kind, Wanted<'_>)> = kinds
            .iter()
            .zip(wanted.iter_mut())
            .map(|(&kind, one)| {
                let out = &mut one.out[from..from + count];
                (kind, Wanted { statistic: one.statistic, window: one.window, out })
            })
            .collect();
        parts.sort_by_key(|(kind, _)| *kind);
        if kinds.iter().any(|&kind| kind != Kind::Pair) {
            single.load(&inputs[..1], first + from, longest - 1, count);
            if kinds.contains(&Kind::Trend) {
                single.number();
            }
            prepare(&mut single, &parts);
        }
        if kinds.contains(&Kind::Pair) {
            pair.load(inputs, first + from, longest - 1, count);
            prepare(&mut pair, &parts);
        }
        while let Some(&(kind, _)) = parts.first() {
            let rest = parts.split_off(parts.partition_point(|(one, _)| *one == kind));
            let mut group: Vec<Wanted<'_>> = parts.into_iter().map(|(_, one)| one).collect();
            parts = rest;
            let rows = if kind == Kind::Pair { &pair } else { &single };
            compute(kind, rows, &mut group, &mut scratch);
        }
    }
}

/// The kind that computes each statistic: moments of one input come from those of more, where they
/// are computed for the same window anyway.
fn share(wanted: &[Wanted<'_>]) -> Vec<Kind> {
    let own = |one: &Wanted<'_>| one.statistic.kind(one.window.rows);
    let has = |kind, rows| wanted.iter().any(|one| own(one) == kind && one.window.rows == rows);
    let shared = |one: &Wanted<'_>| match own(one) {
        Kind::Spread if has(Kind::Trend, one.window.rows) => Kind::Trend,
        Kind::Spread if has(Kind::Shape, one.window.rows) => Kind::Shape,
        kind => kind,
    };
    wanted.iter().map(shared).collect()
}

fn prepare(rows: &mut Rows, parts: &[(Kind, Wanted<'_>)]) {
    if rows.missing && parts.iter().any(|(_, one)| one.window.min_periods < one.window.rows) {
        rows.fill();
    }
    let means = parts.iter().filter(|(_, one)| one.statistic == Rolling::Mean);
    if let Some(shortest) = means.map(|(_, one)| one.window.rows).min() {
        rows.find_changes(shortest);
    }
}

fn compute(kind: Kind, rows: &Rows, wanted: &mut [Wanted<'_>], scratch: &mut Scratch) {
    match kind {
        Kind::Sum => sweep::<Sum, 1>(rows, Some(&rows.with(0.0)), wanted, scratch),
        Kind::Smallest => {
            sweep::<Smallest, 1>(rows, Some(&rows.with(f64::INFINITY)), wanted, scratch);
        }
        Kind::Largest => {
            sweep::<Largest, 1>(rows, Some(&rows.with(f64::NEG_INFINITY)), wanted, scratch);
        }
        Kind::Spread => sweep::<Spread, 2>(rows, None, wanted, scratch),
        Kind::Shape => sweep::<Shape, 4>(rows, None, wanted, scratch),
        Kind::Trend | Kind::Pair => sweep::<Pair, 5>(rows, None, wanted, scratch),
        Kind::Count => wanted.iter_mut().for_each(|one| count(rows, one)),
        Kind::Ranks => wanted.iter_mut().for_each(|one| order::count_ranks(rows, one)),
        Kind::Order | Kind::Place => unreachable!("computed without tiles"),
    }
}

/// Counts the present rows of each window.
fn count(rows: &Rows, wanted: &mut Wanted<'_>) {
    let Window { rows: length, min_periods } = wanted.window;
    if !rows.missing {
        wanted.out.fill(length as f64);
        return;
    }
    let count = rows.results.div_ceil(LANES);
    let [from, to] =
        [rows.history + 1 - length, rows.history + 1].map(|row| lanes(&rows.present, row, count));
    for (i, (from, to)) in from.iter().zip(to).enumerate() {
        let present = Lanes::new(*to) - Lanes::new(*from);
        let known = present.simd_ge(Lanes::splat(min_periods as f64));
        store(wanted.out, i * LANES, known.bitselect(present, Lanes::splat(f64::NAN)));
    }
}
