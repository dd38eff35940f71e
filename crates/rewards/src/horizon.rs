//! Finds the first bar that touches either of two barriers in O(log F).
//!
//! Level 0 is the bars, eight to a block; a node of level k holds the lowest low and the highest
//! high of a block of level k-1. A search takes the rest of its block, climbs a level where that
//! is untouched, and descends into the first touched node. Minima and maxima are exact, so the
//! result is that of a scan.

use crate::trade::Bar;

/// Nodes of a block, children of a node.
const FAN: usize = 8;

/// The lows and highs of eight nodes that follow each other.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Block {
    low: [f64; FAN],
    high: [f64; FAN],
}

impl Block {
    /// Nodes that nothing touches.
    const EMPTY: Self = Self { low: [f64::INFINITY; FAN], high: [f64::NEG_INFINITY; FAN] };

    fn of(low: &[f64], high: &[f64]) -> Self {
        let mut block = Self::EMPTY;
        block.low[..low.len()].copy_from_slice(low);
        block.high[..high.len()].copy_from_slice(high);
        block
    }

    /// The first node from `from` on with `low <= down` or `high >= up`.
    #[inline(always)]
    fn first_touched(&self, from: usize, down: f64, up: f64) -> Option<usize> {
        let mut mask = 0_u32;
        for lane in 0..FAN {
            let touched = (self.low[lane] <= down) | (self.high[lane] >= up);
            mask |= u32::from(touched) << lane;
        }
        mask = (mask >> from) << from;
        (mask != 0).then(|| mask.trailing_zeros() as usize)
    }
}

/// The lowest low and highest high of each aligned run of 8, 64, 512, ... rows.
#[derive(Debug)]
pub(crate) struct HorizonIndex {
    /// `levels[0]` holds the rows.
    levels: Vec<Vec<Block>>,
}

impl HorizonIndex {
    /// Builds as many levels as searches over `forward` rows can use: O(rows).
    pub(crate) fn new(low: &[f64], high: &[f64], forward: usize) -> Self {
        let rows = low.chunks(FAN).zip(high.chunks(FAN)).map(|(l, h)| Block::of(l, h)).collect();
        let mut levels: Vec<Vec<Block>> = vec![rows];
        let mut span = FAN;
        while span < forward && levels[levels.len() - 1].len() > 1 {
            let level = levels[levels.len() - 1].chunks(FAN).map(over).collect();
            levels.push(level);
            span = span.saturating_mul(FAN);
        }
        Self { levels }
    }

    /// The memory that a search from a row reads first.
    #[inline(always)]
    pub(crate) fn source(&self, row: usize) -> &[f64] {
        &self.levels[0][row / FAN].low
    }

    /// The bar of a row, whose open is not kept here.
    #[inline(always)]
    pub(crate) fn bar(&self, open: f64, row: usize) -> Bar {
        let block = &self.levels[0][row / FAN];
        Bar { open, low: block.low[row % FAN], high: block.high[row % FAN] }
    }

    /// The first row from `start` on with `low <= down` or `high >= up`, if there is one.
    #[inline(always)]
    pub(crate) fn first_touch(&self, start: usize, down: f64, up: f64) -> Option<usize> {
        let (mut level, mut node) = (0, start);
        loop {
            let block = self.levels[level].get(node / FAN)?;
            if let Some(lane) = block.first_touched(node % FAN, down, up) {
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
            let lane = self.levels[level][node].first_touched(0, down, up)?;
            node = node * FAN + lane;
        }
        Some(node)
    }
}

/// The block over up to eight blocks.
fn over(blocks: &[Block]) -> Block {
    let mut all = Block::EMPTY;
    for (place, block) in blocks.iter().enumerate() {
        all.low[place] = block.low.iter().copied().fold(f64::INFINITY, f64::min);
        all.high[place] = block.high.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    }
    all
}
