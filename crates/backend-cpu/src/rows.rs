//! One task: up to [`GRAIN`] rows of a block, column by column while they are in the caches.

use barloom_backend::RowsMut;
use barloom_rewards::{Actions, RewardsMut, Trades, TradesMut};
use barloom_sampling::DrawsMut;
use barloom_scaling::{PlainStore, StoreLine};

use crate::instructions::Task;
use crate::{CpuSession, prices};

/// Rows of a task: some tens of microseconds of work, and columns that stay in the first cache.
pub(crate) const GRAIN: usize = 256;

/// Rows to fill, from sample `first` on.
pub(crate) struct Fill<'a> {
    pub(crate) session: &'a CpuSession,
    pub(crate) first: u64,
    pub(crate) rows: RowsMut<'a>,
    /// Whether windows go past the caches.
    pub(crate) streamed: bool,
}

impl Task for Fill<'_> {
    #[inline(always)]
    fn run(mut self) {
        let (mut rank, mut row) = ([0; GRAIN], [0; GRAIN]);
        let (rank, row) = (&mut rank[..self.rows.len()], &mut row[..self.rows.len()]);
        self.draw(rank);
        self.locate(rank, row);
        self.price(row);
        #[cfg(target_arch = "x86_64")]
        if self.streamed {
            self.cut(crate::x86::Stream, row);
            crate::x86::finish_streams();
            return;
        }
        self.cut(PlainStore, row);
    }
}

impl Fill<'_> {
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
    fn locate(&mut self, rank: &[u64], row: &mut [usize]) {
        let (session, rows) = (self.session, &mut self.rows);
        let ts = session.market.ts();
        for (i, rank) in rank.iter().enumerate() {
            let position = session.plan.positions.locate(*rank);
            row[i] = position.row;
            rows.symbol[i] = position.series;
            rows.bar[i] = position.bar as i64;
            fetch(std::slice::from_ref(session.pricer.source(position.row)));
            fetch(&ts[position.row..=position.row]);
        }
        for (out, row) in rows.ts.iter_mut().zip(row) {
            *out = ts[*row];
        }
    }

    #[inline(always)]
    fn price(&mut self, row: &[usize]) {
        let (session, rows) = (self.session, &mut self.rows);
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

    #[inline(always)]
    fn cut(&mut self, store: impl StoreLine, row: &[usize]) {
        let reference = &self.session.reference;
        for (channel, windows) in self.session.channels.iter().zip(&mut self.rows.windows) {
            channel.scale_rows(store, fetch, reference, row, windows);
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
