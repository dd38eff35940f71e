//! Splitting the rows of a block into tasks.

use std::cell::Cell;

use barloom_backend::{BarTables, BlockShape, Draws, Numbers, RowsMut, Slices};

use crate::rows::{Cut, Draw, GRAIN, Price, Snap, Times, fetch};
use crate::{CpuMarket, order};

/// Rows of a tile at most: so many windows overlap, and what is known of each stays in the caches.
const MOST_TILE_ROWS: usize = 1 << 16;

/// Rows of a tile at least: fewer are far from each other in a market of any size.
const LEAST_TILE_ROWS: usize = 1 << 12;

/// Rows of a tile that are drawn and priced at a time: the caches hold their columns.
const PRICED_ROWS: usize = 1 << 12;

/// Buffers for filling a tile, kept for the next tile of the thread.
#[derive(Default)]
struct Scratch {
    /// The market's row of each row, and of each that has a window of its own.
    at: Vec<usize>,
    heads: Vec<usize>,
    unit_return: Vec<f64>,
    order: Vec<u32>,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// The way in which a block is filled.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// Rows of a task.
    grain: usize,
    /// True if windows are stored past the caches.
    streamed: bool,
    /// True if tasks may run on other threads.
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

    /// True if windows go past the caches.
    pub(crate) fn is_streamed(self) -> bool {
        self.streamed
    }

    /// The row that splits more rows than a task has in halves, each a multiple of the grain but
    /// for the last.
    pub(crate) fn middle(self, rows: usize) -> Option<usize> {
        (rows > self.grain).then(|| (rows.div_ceil(self.grain) / 2) * self.grain)
    }

    /// Runs both, on two threads where tasks may go to others.
    pub(crate) fn both(self, left: impl FnOnce() + Send, right: impl FnOnce() + Send) {
        if self.shared {
            rayon::join(left, right);
        } else {
            left();
            right();
        }
    }
}

/// Fills rows of one block.
#[derive(Clone, Copy)]
pub(crate) struct Filler<'a> {
    pub(crate) market: &'a CpuMarket,
    pub(crate) draws: &'a Draws,
    pub(crate) tables: &'a BarTables,
    pub(crate) how: How,
}

impl Filler<'_> {
    /// Splits the rows, of these samples, in halves: each a multiple of the grain but for the last.
    pub(crate) fn fill(self, samples: Numbers<'_>, rows: RowsMut<'_>) {
        if let Some(middle) = self.how.middle(rows.len()) {
            let right_samples = samples.rows(middle, rows.len());
            let (left, right) = rows.split_at(middle);
            let left = || self.fill(samples.rows(0, middle), left);
            let right = || self.fill(right_samples, right);
            self.how.both(left, right);
        } else if self.how.streamed {
            self.fill_tile(samples, rows);
        } else {
            self.fill_grain(samples, rows);
        }
    }

    fn fill_grain(self, samples: Numbers<'_>, mut rows: RowsMut<'_>) {
        let (shape, cut, windows) = (rows.shape(), rows.cut(), rows.take_windows());
        let (mut at, mut unit_return) = ([0; GRAIN], [0.0; GRAIN]);
        let (at, unit_return) = (&mut at[..rows.len()], &mut unit_return[..rows.len()]);
        self.draw(samples, &mut rows, at);
        self.snap(&mut rows, at);
        self.look_up(samples, &mut rows, at, None, unit_return);
        if shape.rows_per_window == 1 {
            self.cut(shape, windows, at, None);
        } else {
            let mut heads = [0; GRAIN];
            let count = heads.iter_mut().zip(cut).map(|(head, row)| *head = at[row]).count();
            self.cut(shape, windows, &heads[..count], None);
        }
    }

    /// In the order of the market, whatever the samples' numbers are.
    fn fill_tile(self, samples: Numbers<'_>, rows: RowsMut<'_>) {
        // Taken, not borrowed: whoever waits for a thread of a pool may do other work of it.
        let mut scratch = SCRATCH.take();
        self.fill_tile_with(&mut scratch, samples, rows);
        SCRATCH.set(scratch);
    }

    fn fill_tile_with(self, scratch: &mut Scratch, samples: Numbers<'_>, mut rows: RowsMut<'_>) {
        let Scratch { at, heads, unit_return, order } = scratch;
        let (shape, cut, windows) = (rows.shape(), rows.cut(), rows.take_windows());
        let count = rows.len();
        order.clear();
        at.resize(count, 0);
        unit_return.resize(count.min(PRICED_ROWS), 0.0);
        let mut rest = rows;
        for begin in (0..count).step_by(PRICED_ROWS) {
            let end = count.min(begin + PRICED_ROWS);
            let (mut rows, after) = rest.split_at(end - begin);
            let at = &mut at[begin..end];
            let samples = samples.rows(begin, end);
            self.draw(samples, &mut rows, at);
            self.snap(&mut rows, at);
            order::by_row(at, order);
            let unit_return = &mut unit_return[..end - begin];
            self.look_up(samples, &mut rows, at, Some(order), unit_return);
            rest = after;
        }
        if shape.rows_per_window != 1 {
            heads.clear();
            heads.extend(cut.map(|row| at[row]));
            order::by_row(heads, order);
            self.cut(shape, windows, heads, Some(order));
            return;
        }
        if count > PRICED_ROWS {
            order::by_row(at, order);
        }
        self.cut(shape, windows, at, Some(order));
    }

    fn draw(self, samples: Numbers<'_>, rows: &mut RowsMut<'_>, at: &mut [usize]) {
        let draws = self.draws;
        self.market.backend.instructions.run(Draw { draws, samples, rows, at });
    }

    fn snap(self, rows: &mut RowsMut<'_>, at: &[usize]) {
        let (table, out) = (&self.tables.snapshot, &mut *rows.snapshot);
        self.market.backend.instructions.run(Snap { table, at, out });
    }

    /// Looks up the times and the labels of rows, and prices them.
    fn look_up(
        self,
        samples: Numbers<'_>,
        rows: &mut RowsMut<'_>,
        at: &[usize],
        order: Option<&[u32]>,
        unit_return: &mut [f64],
    ) {
        let CpuMarket { backend, market, program, .. } = self.market;
        backend.instructions.run(Times { market, at, order, ts: rows.ts });
        self.draws.gather(at, order, fetch, rows);
        if !rows.shape().priced {
            return;
        }
        backend.instructions.run(Price {
            metrics: &program.reward.metrics,
            tables: self.tables,
            pricing: rows.pricing(at, unit_return),
            order,
        });
        self.draws.judge(program, samples, at, rows);
    }

    /// Cuts the windows before the rows `at`.
    fn cut(self, shape: BlockShape, windows: Slices<'_, f32>, at: &[usize], order: Option<&[u32]>) {
        let tables = self.tables;
        self.market.backend.instructions.run(Cut { tables, shape, at, order, windows });
    }
}
