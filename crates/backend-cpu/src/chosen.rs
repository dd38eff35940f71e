//! Windows before rows, and prices of decisions, that a caller chose.

use std::cell::Cell;

use barloom_backend::{BarTables, Decisions, PricedMut, WindowsMut};

use crate::fill::How;
use crate::rows::{Cut, GRAIN, Price, Snap};
use crate::{CpuMarket, order};

thread_local! {
    /// The order of a tile's windows, kept for the next tile of the thread.
    static ORDER: Cell<Vec<u32>> = Cell::default();
}

/// Fills blocks for rows that a caller chose.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) market: &'a CpuMarket,
    pub(crate) tables: &'a BarTables,
    pub(crate) how: How,
}

impl Chosen<'_> {
    /// Cuts the windows before these rows, and copies the snapshots.
    pub(crate) fn observe(self, rows: &[usize], out: WindowsMut<'_>) {
        if let Some(middle) = self.how.middle(rows.len()) {
            let ((before, after), (left, right)) = (rows.split_at(middle), out.split_at(middle));
            let both = (|| self.observe(before, left), || self.observe(after, right));
            return self.how.both(both.0, both.1);
        }
        let (tables, shape) = (self.tables, out.shape());
        let snap = Snap { table: &tables.snapshot, at: rows, out: out.snapshot };
        self.market.backend.instructions.run(snap);
        let cut = |order: Option<&[u32]>, windows| {
            let cut = Cut { tables, shape, at: rows, order, windows };
            self.market.backend.instructions.run(cut);
        };
        if !self.how.is_streamed() {
            return cut(None, out.columns);
        }
        // Taken, not borrowed: whoever waits for a thread of a pool may do other work of it.
        let mut order = ORDER.take();
        order::by_row(rows, &mut order);
        cut(Some(&order), out.columns);
        ORDER.set(order);
    }

    /// Prices decisions.
    pub(crate) fn price(self, decisions: Decisions<'_>, mut out: PricedMut<'_>) {
        if let Some(middle) = self.how.middle(decisions.len()) {
            let (left, right) = out.split_at(middle);
            let before = decisions.rows(0, middle);
            let after = decisions.rows(middle, decisions.len());
            return self.how.both(|| self.price(before, left), || self.price(after, right));
        }
        let mut unit_return = [0.0; GRAIN];
        self.market.backend.instructions.run(Price {
            metrics: &self.market.program.reward.metrics,
            tables: self.tables,
            pricing: out.pricing(decisions, &mut unit_return[..decisions.len()]),
            order: None,
        });
    }
}
