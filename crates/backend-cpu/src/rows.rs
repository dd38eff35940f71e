//! The tasks of a block's rows: what is drawn, the trades and rewards, and the windows.

use std::ops::Range;

use barloom_backend::{
    BarTables, BlockShape, Draws, Numbers, Pricing, RowsMut, Slices, SnapshotTable, WindowLayout,
};
use barloom_bars::Market;
use barloom_rewards::{Metric, RewardsMut};
use barloom_sampling::DrawsMut;
use barloom_windows::{Places, PlainStore, SteppedStore};

use crate::instructions::Task;

/// Rows that are filled in turn, or windows that are cut in market order, at a time: some tens of
/// microseconds of work, on memory that stays in the near caches.
pub(crate) const GRAIN: usize = 256;

/// Rows that are drawn and placed at a time.
const LOT: usize = 64;

/// The number of rows between the prefetch of a time and its use.
const AHEAD: usize = 16;

/// Rows to fill with what is drawn for these samples; the market's row of each goes to `at`.
pub(crate) struct Draw<'a, 'b> {
    pub(crate) draws: &'a Draws,
    pub(crate) samples: Numbers<'a>,
    pub(crate) rows: &'a mut RowsMut<'b>,
    pub(crate) at: &'a mut [usize],
}

/// Times of bars, those of the rows `at`.
pub(crate) struct Times<'a> {
    pub(crate) market: &'a Market,
    pub(crate) at: &'a [usize],
    /// The order to take them in, if not in turn.
    pub(crate) order: Option<&'a [u32]>,
    pub(crate) ts: &'a mut [i64],
}

/// Trades and rewards of actions.
pub(crate) struct Price<'a, 'b> {
    pub(crate) metrics: &'a [Metric],
    pub(crate) tables: &'a BarTables,
    pub(crate) pricing: Pricing<'b, 'a>,
    /// The order to take them in, if not in turn.
    pub(crate) order: Option<&'a [u32]>,
}

/// Snapshots to copy, of the bars before the rows `at`.
pub(crate) struct Snap<'a> {
    pub(crate) table: &'a SnapshotTable,
    pub(crate) at: &'a [usize],
    /// `[rows, K]`.
    pub(crate) out: &'a mut [f32],
}

/// Windows to cut, before the rows `at`.
pub(crate) struct Cut<'a, 'b> {
    pub(crate) tables: &'a BarTables,
    pub(crate) shape: BlockShape,
    pub(crate) at: &'a [usize],
    /// The order to take them in, if not in turn; then they go past the caches.
    pub(crate) order: Option<&'a [u32]>,
    pub(crate) windows: Slices<'b, f32>,
}

impl Task for Draw<'_, '_> {
    #[inline(always)]
    fn run(mut self) {
        let mut rank = [0; LOT];
        let count = self.at.len();
        for begin in (0..count).step_by(LOT) {
            let lot = begin..count.min(begin + LOT);
            let rank = &mut rank[..lot.len()];
            self.draw(lot.clone(), rank);
            self.locate(lot, rank);
        }
    }
}

impl Task for Times<'_> {
    #[inline(always)]
    fn run(self) {
        let (ts, at) = (self.market.ts(), self.at);
        let mut time = |i: usize, later: Option<usize>| {
            if let Some(later) = later {
                fetch(&ts[at[later]..=at[later]]);
            }
            self.ts[i] = ts[at[i]];
        };
        match self.order {
            None => {
                (0..at.len()).for_each(|i| time(i, (i + AHEAD < at.len()).then_some(i + AHEAD)));
            }
            Some(order) => order.iter().enumerate().for_each(|(k, i)| {
                time(*i as usize, order.get(k + AHEAD).map(|later| *later as usize));
            }),
        }
    }
}

impl Task for Price<'_, '_> {
    #[inline(always)]
    fn run(self) {
        let Pricing { actions, equity, mut trades, rewards, clipped } = self.pricing;
        let pricer = &self.tables.pricer;
        match self.order {
            None => pricer.trades(actions, fetch, &mut trades),
            Some(order) => pricer.trades_ordered(actions, order, fetch, &mut trades),
        }
        let trades = trades.read();
        let columns = rewards.iter_mut().zip(clipped);
        for (metric, (value, clipped)) in self.metrics.iter().zip(columns) {
            let mut out = RewardsMut { value, clipped };
            pricer.rewards(actions, equity, trades, *metric, &mut out);
        }
    }
}

impl Task for Snap<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { table, at, out } = self;
        // No row is empty: without columns there is nothing to copy.
        let rows = out.chunks_exact_mut(table.columns().max(1));
        for (i, (row, out)) in at.iter().zip(rows).enumerate() {
            if let Some(later) = at.get(i + AHEAD) {
                fetch(table.bar(later - 1));
            }
            out.copy_from_slice(table.bar(row - 1));
        }
    }
}

impl Task for Cut<'_, '_> {
    #[inline(always)]
    fn run(mut self) {
        let reference = &self.tables.reference;
        let Some(order) = self.order else {
            for (number, channel) in self.tables.channels.iter().enumerate() {
                let out = places(self.shape, &mut self.windows, number);
                match out.step {
                    1 => channel.scale_rows(PlainStore, fetch, reference, self.at, out),
                    step => {
                        channel.scale_rows(SteppedStore(step), fetch, reference, self.at, out);
                    }
                }
            }
            return;
        };
        // Few pages of bars and of windows at a time.
        for order in order.chunks(GRAIN) {
            for (number, channel) in self.tables.channels.iter().enumerate() {
                let out = places(self.shape, &mut self.windows, number);
                #[cfg(target_arch = "x86_64")]
                let store = crate::x86::Stream;
                #[cfg(not(target_arch = "x86_64"))]
                let store = PlainStore;
                channel.scale_ordered(store, fetch, reference, self.at, order, out);
            }
        }
        #[cfg(target_arch = "x86_64")]
        crate::x86::finish_streams();
    }
}

/// Finds the places of a channel's windows.
#[inline(always)]
fn places<'a>(shape: BlockShape, windows: &'a mut Slices<'_, f32>, channel: usize) -> Places<'a> {
    let BlockShape { lookback, channels, .. } = shape;
    let size = channels * lookback;
    let (column, begin, stride, step) = match shape.layout {
        WindowLayout::PerChannel => (channel, 0, lookback, 1),
        WindowLayout::ChannelsFirst => (0, channel * lookback, size, 1),
        WindowLayout::ChannelsLast => (0, channel, size, channels),
    };
    Places { out: &mut *windows[column], begin, stride, step, lookback }
}

impl Draw<'_, '_> {
    #[inline(always)]
    fn draw(&mut self, lot: Range<usize>, rank: &mut [u64]) {
        let samples = self.samples.rows(lot.start, lot.end);
        let sampler = &self.draws.sampler;
        if !self.rows.shape().priced {
            return match samples {
                Numbers::Range { first, .. } => sampler.ranks(first, rank),
                Numbers::Listed(samples) => sampler.ranks_of(samples, rank),
            };
        }
        let rows = &mut **self.rows;
        let mut out = DrawsMut {
            rank,
            equity: &mut rows.equity[lot.clone()],
            balance: &mut rows.balance[lot.clone()],
            position: &mut rows.position[lot.clone()],
            sl_dist: &mut rows.sl_dist[lot.clone()],
            tp_dist: &mut rows.tp_dist[lot.clone()],
            direction: &mut rows.act_dir[lot.clone()],
            dollars: &mut rows.act_dollar[lot.clone()],
            stop: &mut rows.act_sl[lot.clone()],
            target: &mut rows.act_tp[lot],
        };
        match samples {
            Numbers::Range { first, .. } => sampler.draws(first, &mut out),
            Numbers::Listed(samples) => sampler.draws_of(samples, &mut out),
        }
    }

    #[inline(always)]
    fn locate(&mut self, lot: Range<usize>, rank: &[u64]) {
        let rows = &mut **self.rows;
        for (i, rank) in lot.zip(rank) {
            let position = self.draws.positions.locate(*rank);
            self.at[i] = position.row;
            rows.symbol[i] = position.series;
            rows.bar[i] = position.bar as i64;
        }
    }
}

/// Starts to bring memory to the caches, where there is an instruction for it.
#[inline(always)]
pub(crate) fn fetch<T: bytemuck::NoUninit>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    crate::x86::fetch(bytemuck::cast_slice(values));
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}
