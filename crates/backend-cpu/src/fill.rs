//! How the rows of a block are split into tasks.

use barloom_backend::{Prepared, RowsMut};

use crate::rows::{Cut, GRAIN, Price};
use crate::{CpuSession, order};

/// Rows of a tile: its windows of one channel and their order stay in the caches.
const MOST_TILE_ROWS: usize = 1 << 16;

/// Fewer windows hardly overlap.
const LEAST_TILE_ROWS: usize = 1 << 12;

/// How a block is filled.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// Rows of a task.
    grain: usize,
    /// Whether windows go past the caches.
    streamed: bool,
    /// Whether tasks may go to other threads.
    shared: bool,
}

impl How {
    pub(crate) fn new(rows: usize, streamed: bool, shared: bool) -> Self {
        let threads = if shared { rayon::current_num_threads() } else { 1 };
        // Streamed tasks are large, so that most of their windows overlap others, but at least
        // four for each thread, and all as long.
        let tiles = rows.div_ceil(MOST_TILE_ROWS).max(4 * threads).next_multiple_of(threads);
        let tile = rows.div_ceil(tiles).next_multiple_of(GRAIN).max(LEAST_TILE_ROWS);
        Self { grain: if streamed { tile } else { GRAIN }, streamed, shared }
    }
}

/// Fills rows of one block.
#[derive(Clone, Copy)]
pub(crate) struct Filler<'a> {
    pub(crate) session: &'a CpuSession,
    pub(crate) prepared: &'a Prepared,
    pub(crate) how: How,
}

impl Filler<'_> {
    /// Splits the rows, of samples from `first` on, in halves: each a multiple of the grain but
    /// for the last.
    pub(crate) fn fill(self, first: u64, rows: RowsMut<'_>) {
        let grain = self.how.grain;
        if rows.len() > grain {
            let middle = (rows.len().div_ceil(grain) / 2) * grain;
            let (left, right) = rows.split_at(middle, self.session.plan.lookback);
            let left = || self.fill(first, left);
            let right = || self.fill(first + middle as u64, right);
            if self.how.shared {
                rayon::join(left, right);
            } else {
                left();
                right();
            }
        } else if self.how.streamed {
            self.fill_tile(first, rows);
        } else {
            self.fill_grain(first, rows);
        }
    }

    fn fill_grain(self, first: u64, mut rows: RowsMut<'_>) {
        let windows = std::mem::take(&mut rows.windows);
        let mut at = [0; GRAIN];
        let at = &mut at[..rows.len()];
        self.price(first, rows, at);
        self.cut(windows, at, None);
    }

    /// Windows are cut in the order of the market, whatever their samples' numbers are.
    fn fill_tile(self, first: u64, mut rows: RowsMut<'_>) {
        let windows = std::mem::take(&mut rows.windows);
        let mut at = vec![0; rows.len()];
        let (mut rest, mut begin) = (rows, 0);
        while !rest.is_empty() {
            let end = begin + rest.len().min(GRAIN);
            let (grain, after) = rest.split_at(end - begin, 0);
            self.price(first + begin as u64, grain, &mut at[begin..end]);
            (rest, begin) = (after, end);
        }
        self.cut(windows, &at, Some(&order::by_row(&at)));
    }

    fn price(self, first: u64, rows: RowsMut<'_>, at: &mut [usize]) {
        let (session, prepared) = (self.session, self.prepared);
        session.backend.instructions.run(Price { session, prepared, first, rows, at });
    }

    fn cut(self, windows: Vec<&mut [f32]>, at: &[usize], order: Option<&[u32]>) {
        let prepared = self.prepared;
        for (channel, out) in windows.into_iter().enumerate() {
            self.session.backend.instructions.run(Cut { prepared, channel, at, order, out });
        }
    }
}
