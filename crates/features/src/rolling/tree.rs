//! The sweep of doubling blocks.
//!
//! Level k holds, for each row, the summary of the k rows from it on; k is a power of two. Level 2k
//! is made of level k by one merge a row. A window of n rows is the merge of one block for each
//! binary digit of n, small blocks at its newest rows. So a window takes O(log n) merges, their
//! order depends on n alone, and rows are merged side by side.

use std::array;
use std::marker::PhantomData;

use super::block::{Block, End, Sizes};
use super::rows::{LANES, Lanes, Rows, lanes, store};
use super::{Rolling, Window};

/// A statistic that is wanted from a sweep.
pub(super) struct Wanted<'a> {
    pub(super) statistic: Rolling,
    pub(super) window: Window,
    /// A value for each result of the rows.
    pub(super) out: &'a mut [f64],
}

/// Memory of a sweep, kept from tile to tile.
#[derive(Default)]
pub(super) struct Scratch {
    level: Vec<f64>,
    next: Vec<f64>,
    windows: Vec<Vec<f64>>,
}

/// Computes statistics of one kind of block over the rows of a tile.
///
/// `leaves` are the first numbers of the blocks of one row, the others are 0.
pub(super) fn sweep<B: Block<N>, const N: usize>(
    rows: &Rows,
    leaves: Option<&[f64]>,
    wanted: &mut [Wanted<'_>],
    scratch: &mut Scratch,
) {
    let gaps = rows.missing && wanted.iter().any(|w| w.window.min_periods < w.window.rows);
    if gaps && B::RELATIVE {
        sweep_blocks::<B, N, true>(rows, leaves, wanted, scratch);
    } else {
        sweep_blocks::<B, N, false>(rows, leaves, wanted, scratch);
    }
}

fn sweep_blocks<B: Block<N>, const N: usize, const GAPS: bool>(
    rows: &Rows,
    leaves: Option<&[f64]>,
    wanted: &mut [Wanted<'_>],
    scratch: &mut Scratch,
) {
    wanted.sort_by_key(|one| one.window.rows);
    let longest = wanted.last().map_or(0, |one| one.window.rows);
    // Rows of the history that no window here reaches are left out.
    let first = rows.history + 1 - longest;
    let length = longest - 1 + rows.results;
    let stride = length + 2 * LANES;
    let results = rows.results.next_multiple_of(LANES);
    let Scratch { level, next, windows } = scratch;
    level.resize(N * stride, 0.0);
    next.resize(N * stride, 0.0);
    if windows.len() < wanted.len() {
        windows.resize_with(wanted.len(), Vec::new);
    }
    let leaves = leaves.map(|leaves| [&leaves[first..]; N]);
    let mut k = 1;
    while k <= longest {
        let blocks = if k > 1 { Some(split(level, stride)) } else { leaves };
        let groups = wanted.chunk_by_mut(|a, b| a.window.rows == b.window.rows);
        for (group, window) in groups.zip(windows.iter_mut()) {
            let length = group[0].window.rows;
            if length & k == 0 {
                continue;
            }
            // Rows that the blocks of the smaller digits cover.
            let covered = length & (k - 1);
            let at = longest - covered - k;
            window.resize(N * results, 0.0);
            let digit = Digit { blocks, at, k, covered, first };
            extend::<B, N, GAPS>(rows, digit, window);
            if length < 2 * k {
                for one in group {
                    finish::<B, N>(rows, window, one);
                }
            }
        }
        if 2 * k <= longest {
            double::<B, N, GAPS>(rows, blocks, next, k, length + 1 - 2 * k, first);
            std::mem::swap(level, next);
        }
        k *= 2;
    }
}

/// A binary digit of a window's length: the block that it adds before `covered` rows.
#[derive(Clone, Copy)]
struct Digit<'a, const N: usize> {
    /// The columns of the level; `None` where all are 0.
    blocks: Option<[&'a [f64]; N]>,
    /// The block of the first window.
    at: usize,
    /// The rows of the block.
    k: usize,
    covered: usize,
    /// The row of the level's first block.
    first: usize,
}

/// Merges all blocks of k rows with their neighbours.
#[inline(never)]
fn double<B: Block<N>, const N: usize, const GAPS: bool>(
    rows: &Rows,
    blocks: Option<[&[f64]; N]>,
    next: &mut [f64],
    k: usize,
    merges: usize,
    first: usize,
) {
    let count = merges.div_ceil(LANES);
    let merging = Merging::<B, N, GAPS>::new(rows, [first, first + k, first + 2 * k], count, k, k);
    let stride = next.len() / N;
    let mut out: [_; N] = split_mut(next, stride, count);
    if let Some(columns) = blocks {
        let older = columns.map(|column| lanes(column, 0, count));
        let newer = columns.map(|column| lanes(column, k, count));
        for i in 0..count {
            put(&mut out, i, merging.at(i, get(&older, i), get(&newer, i)));
        }
    } else {
        for i in 0..count {
            put(&mut out, i, merging.at(i, [Lanes::ZERO; N], [Lanes::ZERO; N]));
        }
    }
}

/// Merges windows with the blocks before them.
#[inline(never)]
fn extend<B: Block<N>, const N: usize, const GAPS: bool>(
    rows: &Rows,
    digit: Digit<'_, N>,
    window: &mut [f64],
) {
    let results = window.len() / N;
    let count = results / LANES;
    let Digit { blocks, at, .. } = digit;
    let mut out: [_; N] = split_mut(window, results, count);
    // Only level 1 has no columns, and only its blocks are first.
    let Some(columns) = blocks else { return window.fill(0.0) };
    let older = columns.map(|column| lanes(column, at, count));
    if digit.covered == 0 {
        for i in 0..count {
            put(&mut out, i, get(&older, i));
        }
        return;
    }
    let merging = Merging::<B, N, GAPS>::before(rows, digit, count);
    for i in 0..count {
        let newer = array::from_fn(|n| Lanes::new(out[n][i]));
        put(&mut out, i, merging.at(i, get(&older, i), newer));
    }
}

/// Columns beside the blocks of a merge.
struct Merging<'a, B, const N: usize, const GAPS: bool> {
    from: [&'a [[f64; LANES]]; 2],
    to: [&'a [[f64; LANES]]; 2],
    present: [&'a [[f64; LANES]]; 3],
    full: Sizes,
    block: PhantomData<B>,
}

impl<'a, B: Block<N>, const N: usize, const GAPS: bool> Merging<'a, B, N, GAPS> {
    /// The merges of the older blocks of rows from `edges[0]` up to `edges[1]` with the newer ones
    /// up to `edges[2]`, and of the `count` vectors from there.
    #[inline(always)]
    fn new(rows: &'a Rows, edges: [usize; 3], count: usize, older: usize, newer: usize) -> Self {
        let references = |edge| rows.references().map(|column| lanes(column, edge - 1, count));
        let present = |row| if GAPS { lanes(&rows.present, row, count) } else { &[] };
        Self {
            from: references(edges[1]),
            to: references(edges[2]),
            present: edges.map(present),
            full: Sizes::new(Lanes::splat(older as f64), Lanes::splat(newer as f64)),
            block: PhantomData,
        }
    }

    /// The merges of windows with the blocks before them.
    #[inline(always)]
    fn before(rows: &'a Rows, digit: Digit<'_, N>, count: usize) -> Self {
        let Digit { at, k, covered, first, .. } = digit;
        Self::new(rows, [first + at, first + at + k, rows.history + 1], count, k, covered)
    }

    #[inline(always)]
    fn at(&self, i: usize, older: [Lanes; N], newer: [Lanes; N]) -> [Lanes; N] {
        let sizes = if GAPS {
            let [from, middle, to] = get(&self.present, i);
            Sizes::new(middle - from, to - middle)
        } else {
            self.full
        };
        let step = if B::RELATIVE {
            let (from, to) = (get(&self.from, i), get(&self.to, i));
            [from[0] - to[0], from[1] - to[1]]
        } else {
            [Lanes::ZERO; 2]
        };
        B::merge::<GAPS>(older, newer, step, sizes)
    }
}

#[inline(always)]
fn put<const N: usize>(out: &mut [&mut [[f64; LANES]]; N], i: usize, block: [Lanes; N]) {
    // An iterator over the blocks would pass them through memory, which takes three times as long.
    for n in 0..N {
        out[n][i] = block[n].to_array();
    }
}

/// Computes a statistic of all windows.
#[inline(never)]
fn finish<B: Block<N>, const N: usize>(rows: &Rows, window: &[f64], one: &mut Wanted<'_>) {
    B::finish(one.statistic, Windows::new(rows, one, window));
}

#[inline(always)]
fn get<const N: usize>(columns: &[&[[f64; LANES]]; N], i: usize) -> [Lanes; N] {
    array::from_fn(|n| Lanes::new(columns[n][i]))
}

/// The windows of a statistic, and the blocks that cover them.
pub(super) struct Windows<'a, const N: usize> {
    ends: Ends<'a>,
    count: usize,
    window: Window,
    blocks: [&'a [[f64; LANES]]; N],
    out: &'a mut [f64],
}

impl<'a, const N: usize> Windows<'a, N> {
    #[inline(always)]
    fn new(rows: &'a Rows, wanted: &'a mut Wanted<'_>, blocks: &'a [f64]) -> Self {
        let results = blocks.len() / N;
        let count = results / LANES;
        let blocks = split(blocks, results).map(|part: &[f64]| lanes(part, 0, count));
        let ends = Ends::new(rows, wanted, count);
        Self { ends, count, window: wanted.window, blocks, out: wanted.out }
    }

    /// Computes all values.
    #[inline(always)]
    pub(super) fn each(self, value: impl Fn([Lanes; N], End) -> Lanes) {
        let least = Lanes::splat(self.window.min_periods as f64);
        for i in 0..self.count {
            let end = self.ends.at(i, self.window.rows);
            let mut value = value(get(&self.blocks, i), end);
            if self.ends.present.is_some() {
                let known = end.count.simd_ge(least);
                value = known.bitselect(value, Lanes::splat(f64::NAN));
            }
            store(self.out, i * LANES, value);
        }
    }
}

/// Columns at the last rows of the windows.
struct Ends<'a> {
    present: Option<[&'a [[f64; LANES]]; 2]>,
    values: &'a [[f64; LANES]],
    references: &'a [[f64; LANES]],
    changed: Option<&'a [[f64; LANES]]>,
    history: f64,
}

impl<'a> Ends<'a> {
    #[inline(always)]
    fn new(rows: &'a Rows, wanted: &Wanted<'_>, count: usize) -> Self {
        let (last, length) = (rows.history, wanted.window.rows);
        let present = |row| lanes(&rows.present, row, count);
        let mean = wanted.statistic == Rolling::Mean && !rows.changed.is_empty();
        Self {
            present: rows.missing.then(|| [present(last + 1 - length), present(last + 1)]),
            values: lanes(&rows.values[0], last, count),
            references: lanes(rows.references()[0], last, count),
            changed: mean.then(|| lanes(&rows.changed, last, count)),
            history: last as f64,
        }
    }

    #[inline(always)]
    fn at(&self, i: usize, length: usize) -> End {
        let count = match self.present {
            Some([from, to]) => Lanes::new(to[i]) - Lanes::new(from[i]),
            None => Lanes::splat(length as f64),
        };
        let constant = match self.changed {
            Some(changed) => {
                let oldest = self.history + 1.0 - length as f64 + (i * LANES) as f64;
                let oldest = Lanes::splat(oldest) + Lanes::new(array::from_fn(|lane| lane as f64));
                Lanes::new(changed[i]).simd_lt(oldest)
            }
            None => Lanes::ZERO,
        };
        End {
            count,
            value: Lanes::new(self.values[i]),
            reference: Lanes::new(self.references[i]),
            constant,
        }
    }
}

/// The N parts of a column of columns.
#[inline(always)]
fn split<const N: usize>(columns: &[f64], stride: usize) -> [&[f64]; N] {
    array::from_fn(|n| &columns[n * stride..(n + 1) * stride])
}

/// The N parts of a column of columns, `count` vectors of each.
#[inline(always)]
fn split_mut<const N: usize>(
    columns: &mut [f64],
    stride: usize,
    count: usize,
) -> [&mut [[f64; LANES]]; N] {
    let mut parts = columns.chunks_exact_mut(stride);
    array::from_fn(|_| {
        let part = parts.next().unwrap_or_default();
        &mut part.as_chunks_mut::<LANES>().0[..count]
    })
}
