//! The tasks of a block: up to [`GRAIN`] rows but for their windows, column by column while they
//! are in the caches; and the windows of one channel.

use barloom_backend::RowsMut;
use barloom_rewards::{Actions, RewardsMut, Trades, TradesMut};
use barloom_sampling::DrawsMut;
use barloom_scaling::PlainStore;

use crate::instructions::Task;
use crate::{CpuSession, prices};

/// Rows of a task: some tens of microseconds of work, and columns that stay in the first cache.
pub(crate) const GRAIN: usize = 256;

/// Rows to fill, from sample `first` on, but for their windows; the market's row of each goes to
/// `at`.
pub(crate) struct Price<'a> {
    pub(crate) session: &'a CpuSession,
    pub(crate) first: u64,
    pub(crate) rows: RowsMut<'a>,
    pub(crate) at: &'a mut [usize],
}

/// Windows of one channel to cut, before the rows `at`.
pub(crate) struct Cut<'a> {
    pub(crate) session: &'a CpuSession,
    pub(crate) channel: usize,
    pub(crate) at: &'a [usize],
    /// The order to take them in, if not in turn; then they go past the caches.
    pub(crate) order: Option<&'a [u32]>,
    pub(crate) out: &'a mut [f32],
}

impl Task for Price<'_> {
    #[inline(always)]
    fn run(mut self) {
        let mut rank = [0; GRAIN];
        let rank = &mut rank[..self.at.len()];
        self.draw(rank);
        self.locate(rank);
        self.price();
    }
}

impl Task for Cut<'_> {
    #[inline(always)]
    fn run(self) {
        let (channel, reference) = (&self.session.channels[self.channel], &self.session.reference);
        #[cfg(target_arch = "x86_64")]
        if let Some(order) = self.order {
            channel.scale_ordered(crate::x86::Stream, reference, self.at, order, self.out);
            crate::x86::finish_streams();
            return;
        }
        channel.scale_rows(PlainStore, fetch, reference, self.at, self.out);
    }
}

impl Price<'_> {
    #[inline(always)]
    fn draw(&mut self, rank: &mut [u64]) {
        let rows = &mut self.rows;
        let mut out = DrawsMut {
            rank,
            equity: rows.equity,
            balance: rows.balance,
            position: rows.position,
            sl_dist: rows.sl_dist,
            tp_dist: rows.tp_dist,
            act_dir: rows.act_dir,
            act_dollar: rows.act_dollar,
            act_sl: rows.act_sl,
            act_tp: rows.act_tp,
        };
        self.session.plan.sampler.draws(self.first, &mut out);
    }

    #[inline(always)]
    fn locate(&mut self, rank: &[u64]) {
        let (session, rows) = (self.session, &mut self.rows);
        let ts = session.market.ts();
        for (i, rank) in rank.iter().enumerate() {
            let position = session.plan.positions.locate(*rank);
            self.at[i] = position.row;
            rows.symbol[i] = position.series;
            rows.bar[i] = position.bar as i64;
            fetch(std::slice::from_ref(session.pricer.source(position.row)));
            fetch(&ts[position.row..=position.row]);
        }
        for (out, row) in rows.ts.iter_mut().zip(&*self.at) {
            *out = ts[*row];
        }
    }

    #[inline(always)]
    fn price(&mut self) {
        let (session, rows, row) = (self.session, &mut self.rows, &*self.at);
        let prices = prices(&session.market);
        let actions = Actions {
            row,
            direction: rows.act_dir,
            notional: rows.act_dollar,
            stop: rows.act_sl,
            target: rows.act_tp,
        };
        let mut unit_return = [0.0; GRAIN];
        let unit_return = &mut unit_return[..row.len()];
        let mut trades = TradesMut {
            entry_price: rows.entry_price,
            exit_price: rows.exit_price,
            held_bars: rows.held_bars,
            exit_reason: rows.exit_reason,
            unit_return,
        };
        session.pricer.trades(prices, actions, fetch, &mut trades);
        let trades = Trades {
            entry_price: rows.entry_price,
            exit_price: rows.exit_price,
            held_bars: rows.held_bars,
            exit_reason: rows.exit_reason,
            unit_return,
        };
        for ((pnl, notional), u) in rows.pnl.iter_mut().zip(actions.notional).zip(&*unit_return) {
            *pnl = notional * u;
        }
        let columns = rows.rewards.iter_mut().zip(&mut rows.clipped);
        for (metric, (value, clipped)) in session.plan.reward.metrics.iter().zip(columns) {
            let mut out = RewardsMut { value, clipped };
            session.pricer.rewards(prices, actions, rows.equity, trades, *metric, &mut out);
        }
    }
}

/// Starts to bring memory to the caches, where there is an instruction for it.
#[inline(always)]
fn fetch<T: bytemuck::NoUninit>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    crate::x86::fetch(bytemuck::cast_slice(values));
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}
