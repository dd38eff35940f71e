//! Builds blocks of samples on the CPU.
//!
//! Preparing does what can be done once a bar: casts, logarithms, the horizon index. A block is
//! then filled in one pass over its rows: draw, place, cut and scale, price. Rows are split in
//! halves over rayon's pool; as every sample is a function of its number alone, the split can't
//! be seen in the result.
//!
//! ```
//! use std::sync::Arc;
//! use barloom_backend::{Backend, Plan};
//! use barloom_backend_cpu::CpuBackend;
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_recipe::Recipe;
//!
//! let n = 1_000;
//! let price = |shift: f64| (0..n).map(|i| 100.0 + f64::from(i % 7) + shift).collect::<Vec<_>>();
//! let columns = vec![
//!     Column::new("open", price(0.0)),
//!     Column::new("high", price(0.5)),
//!     Column::new("low", price(-0.5)),
//!     Column::new("close", price(0.25)),
//!     Column::new("volume", vec![10.0; n as usize]),
//! ];
//! let ts = (0..i64::from(n)).map(|i| i * 60_000_000_000).collect();
//! let recipe = Recipe::default();
//! let series = Series::new("DEMO", ts, columns)?;
//! let market = Arc::new(Market::new(&[series], &recipe.data.channels, MaxGap::Auto)?);
//! let plan = Arc::new(Plan::new(&recipe.resolve(&market)?, &market, None)?);
//! let session = CpuBackend.prepare(market, plan)?;
//! let mut block = session.allocate(100);
//! session.fill(0, 100, &mut block)?;
//! assert_eq!(block.window(3, 0).last(), Some(&1.0), "the last close over itself");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Plan, RowsMut, SampleBlock, Session};
use barloom_bars::Market;
use barloom_rewards::{Action, Pricer, Prices};
use barloom_sampling::Draw;
use barloom_scaling::{ChannelScaler, PreparedChannel, Reference};

/// Rows that one task fills without splitting further: some tens of microseconds of work.
const GRAIN: usize = 256;

/// The backend that every machine has.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuBackend;

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn prepare(
        &self,
        market: Arc<Market>,
        plan: Arc<Plan>,
    ) -> Result<Box<dyn Session>, BackendError> {
        let pricer = Pricer::new(prices(&market), plan.reward.clone())?;
        let scalers: Vec<ChannelScaler> = plan.channels.iter().map(|c| c.scaler).collect();
        let reference = Reference::new(market.close(), &scalers);
        let channels = plan
            .channels
            .iter()
            .map(|c| PreparedChannel::new(c.scaler, market.column(&c.name).unwrap_or_default()))
            .collect();
        Ok(Box::new(CpuSession { market, plan, pricer, reference, channels }))
    }
}

fn prices(market: &Market) -> Prices<'_> {
    Prices { open: market.open(), high: market.high(), low: market.low(), close: market.close() }
}

struct CpuSession {
    market: Arc<Market>,
    plan: Arc<Plan>,
    pricer: Pricer,
    reference: Reference,
    channels: Vec<PreparedChannel>,
}

impl Session for CpuSession {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn fill(&self, first: u64, rows: usize, block: &mut SampleBlock) -> Result<(), BackendError> {
        self.plan.check_range(first, rows)?;
        if block.shape() != self.plan.block_shape() {
            return Err(BackendError::BlockShape {
                got: block.shape(),
                expected: self.plan.block_shape(),
            });
        }
        self.fill_rows(first, block.begin(first, rows)?);
        Ok(())
    }
}

impl CpuSession {
    fn fill_rows(&self, first: u64, mut rows: RowsMut<'_>) {
        if rows.len() > GRAIN {
            let middle = rows.len() / 2;
            let (left, right) = rows.split_at(middle, self.plan.lookback);
            rayon::join(
                || self.fill_rows(first, left),
                || self.fill_rows(first + middle as u64, right),
            );
            return;
        }
        let prices = prices(&self.market);
        for row in 0..rows.len() {
            let draw = self.plan.sampler.draw(first + row as u64);
            let position = self.plan.positions.locate(draw.rank);
            self.write_windows(position.row, row, &mut rows);
            rows.symbol[row] = position.series;
            rows.bar[row] = position.bar as i64;
            rows.ts[row] = self.market.ts()[position.row];
            self.price(prices, position.row, &draw, row, &mut rows);
            write_draw(&draw, row, &mut rows);
        }
    }

    fn write_windows(&self, at: usize, row: usize, rows: &mut RowsMut<'_>) {
        let l = self.plan.lookback;
        for (channel, windows) in self.channels.iter().zip(&mut rows.windows) {
            channel.scale(&self.reference, at, &mut windows[row * l..(row + 1) * l]);
        }
    }

    fn price(
        &self,
        prices: Prices<'_>,
        at: usize,
        draw: &Draw,
        row: usize,
        rows: &mut RowsMut<'_>,
    ) {
        let action = Action {
            direction: draw.act_dir,
            notional: draw.act_dollar,
            stop: draw.act_sl,
            target: draw.act_tp,
        };
        let trade = self.pricer.trade(prices, at, &action);
        rows.entry_price[row] = trade.entry_price;
        rows.exit_price[row] = trade.exit_price;
        rows.pnl[row] = action.notional * trade.unit_return;
        rows.held_bars[row] = trade.held_bars as i32;
        rows.exit_reason[row] = trade.reason as u8;
        for (metric, name) in self.plan.reward.metrics.iter().enumerate() {
            let reward = self.pricer.reward(prices, at, &action, draw.equity, &trade, *name);
            rows.rewards[metric][row] = reward.value;
            rows.clipped[metric][row] = u8::from(reward.clipped);
        }
    }
}

fn write_draw(draw: &Draw, row: usize, rows: &mut RowsMut<'_>) {
    rows.equity[row] = draw.equity;
    rows.balance[row] = draw.balance;
    rows.position[row] = draw.position;
    rows.sl_dist[row] = draw.sl_dist;
    rows.tp_dist[row] = draw.tp_dist;
    rows.act_dir[row] = draw.act_dir;
    rows.act_dollar[row] = draw.act_dollar;
    rows.act_sl[row] = draw.act_sl;
    rows.act_tp[row] = draw.act_tp;
}
