//! Finds the first bar that reaches either of two levels in O(log F): those of `barriers.rs`.
//!
//! Level 0 is the bars, eight to a block; a node of level k holds the lowest low and the highest
//! high of a block of level k-1. A search takes the rest of its block, climbs a level where that
//! is untouched, and descends into the first touched node. Minima and maxima are exact, so the
//! result is that of a scan.

use barloom_memory::SharedColumn;
use wide::f64x4;

use crate::index::MOST_FORWARD;
use crate::trade::Bar;

/// Nodes of a block, children of a node.
const FAN: usize = 8;

/// The lows, and the highs, of eight nodes that follow each other: two lines of the cache.
pub(crate) type Block = [[f64; FAN]; 2];

/// Nodes that nothing touches.
const EMPTY: Block = [[f64::INFINITY; FAN], [f64::NEG_INFINITY; FAN]];

fn block(low: &[f64], high: &[f64]) -> Block {
    let [mut lows, mut highs] = EMPTY;
    lows[..low.len()].copy_from_slice(low);
    highs[..high.len()].copy_from_slice(high);
    [lows, highs]
}

/// The first node from `from` on with `low <= down` or `high >= up`.
#[inline(always)]
fn first_touched(block: &Block, from: usize, down: f64, up: f64) -> Option<usize> {
    // Written as vectors: of a loop the compiler makes 16 scalar comparisons.
    let (down, up) = (f64x4::splat(down), f64x4::splat(up));
    let [lows, highs] = block.each_ref().map(|values| values.as_chunks().0);
    let mut mask = 0;
    for (half, (low, high)) in lows.iter().zip(highs).enumerate() {
        let touched = f64x4::new(*low).simd_le(down) | f64x4::new(*high).simd_ge(up);
        mask |= touched.to_bitmask() << (4 * half);
    }
    mask = (mask >> from) << from;
    (mask != 0).then(|| mask.trailing_zeros() as usize)
}

/// The lowest low and highest high of each aligned run of 8, 64, 512, ... rows.
#[derive(Clone, Debug)]
pub struct HorizonIndex {
    /// `levels[0]` holds the rows.
    levels: Vec<SharedColumn<Block>>,
}

impl HorizonIndex {
    /// Builds as many levels as searches over any horizon can use: O(rows).
    #[must_use]
    pub fn new(low: &[f64], high: &[f64]) -> Self {
        let rows = low.chunks(FAN).zip(high.chunks(FAN)).map(|(low, high)| block(low, high));
        let mut levels: Vec<SharedColumn<Block>> = vec![rows.collect()];
        let mut span = FAN;
        while span < MOST_FORWARD && levels[levels.len() - 1].len() > 1 {
            let level = levels[levels.len() - 1].chunks(FAN).map(over).collect();
            levels.push(level);
            span *= FAN;
        }
        Self { levels }
    }

    /// The levels, bars first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = &[Block]> {
        self.levels.iter().map(|level| &level[..])
    }

    /// The memory that a search from a row reads first.
    #[inline(always)]
    pub(crate) fn source(&self, row: usize) -> &[f64] {
        &self.levels[0][row / FAN][0]
    }

    /// The bar of a row, whose open is not kept here.
    #[inline(always)]
    pub(crate) fn bar(&self, open: f64, row: usize) -> Bar {
        let [low, high] = &self.levels[0][row / FAN];
        Bar { open, low: low[row % FAN], high: high[row % FAN] }
    }

    /// The lowest low and the highest high of rows `[start, end)`; of none, infinities. Nodes that
    /// the rows cover whole stand for their rows, so it takes O(log(end - start)).
    #[must_use]
    #[inline(always)]
    pub fn extremes(&self, start: usize, end: usize) -> [f64; 2] {
        let mut run = [f64::INFINITY, f64::NEG_INFINITY];
        let (mut level, mut start, mut end) = (0, start, end);
        loop {
            let nodes = &self.levels[level];
            let of = |node: usize| {
                let [lows, highs] = &nodes[node / FAN];
                [lows[node % FAN], highs[node % FAN]]
            };
            let climbs = level + 1 < self.levels.len() && end.saturating_sub(start) > 2 * FAN;
            let (head, tail) =
                if climbs { (start.next_multiple_of(FAN), end - end % FAN) } else { (end, end) };
            run = (start..head).chain(tail..end).map(of).fold(run, wider);
            if !climbs {
                return run;
            }
            (level, start, end) = (level + 1, head / FAN, tail / FAN);
        }
    }

    /// The first row from `start` on with `low <= down` or `high >= up`, if there is one.
    #[must_use]
    #[inline(always)]
    pub fn first_touch(&self, start: usize, down: f64, up: f64) -> Option<usize> {
        let (mut level, mut node) = (0, start);
        loop {
            let block = self.levels[level].get(node / FAN)?;
            if let Some(lane) = first_touched(block, node % FAN, down, up) {
                node = node / FAN * FAN + lane;
                break;
            }
            node = node / FAN + 1;
            if level + 1 < self.levels.len() {
                level += 1;
            } else {
                node *= FAN;
            }
        }
        while level > 0 {
            level -= 1;
            let lane = first_touched(&self.levels[level][node], 0, down, up)?;
            node = node * FAN + lane;
        }
        Some(node)
    }
}

/// The extremes of two runs.
#[inline(always)]
fn wider([low, high]: [f64; 2], [other_low, other_high]: [f64; 2]) -> [f64; 2] {
    [low.min(other_low), high.max(other_high)]
}

/// The block over up to eight blocks.
fn over(blocks: &[Block]) -> Block {
    let [mut lows, mut highs] = EMPTY;
    for (place, [low, high]) in blocks.iter().enumerate() {
        lows[place] = low.iter().copied().fold(f64::INFINITY, f64::min);
        highs[place] = high.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    }
    [lows, highs]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn extremes_are_those_of_a_scan(
            bars in prop::collection::vec((-99_i8..99, -99_i8..99), 1..2_000),
            at in (0.0..1.0, 0.0..1.0),
        ) {
            let low: Vec<f64> = bars.iter().map(|bar| f64::from(bar.0)).collect();
            let high: Vec<f64> = bars.iter().map(|bar| f64::from(bar.1)).collect();
            let index = HorizonIndex::new(&low, &high);
            let [a, b] = [at.0, at.1].map(|at: f64| (at * (bars.len() + 1) as f64) as usize);
            let (start, end) = (a.min(b), a.max(b));
            let least = low[start..end].iter().copied().fold(f64::INFINITY, f64::min);
            let most = high[start..end].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(index.extremes(start, end), [least, most]);
        }
    }
}
