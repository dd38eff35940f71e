//! Rewards alone: trades and metrics of draws that were made beforehand, in sample order.

use anyhow::{Context, Result};
use barloom_backend::Draws;
use barloom_rewards::{Actions, Metric, Pricer, Prices, RewardsMut, TradeColumns};
use rayon::prelude::*;

use super::Options;
use crate::clock::{repeat, time};
use crate::measurement::Measurement;

/// Rewards that a task prices.
const CHUNK: u64 = 1_024;

/// Draws as columns, and what is priced of them.
#[derive(Clone, Default)]
struct Chunk {
    row: Vec<usize>,
    direction: Vec<i8>,
    dollars: Vec<f64>,
    stop: Vec<f64>,
    target: Vec<f64>,
    equity: Vec<f64>,
    trades: TradeColumns,
    value: Vec<f64>,
    clipped: Vec<u8>,
}

impl Chunk {
    fn draw(draws: &Draws, first: u64, rows: u64) -> Self {
        let mut chunk = Self::default();
        for i in first..first + rows {
            let draw = draws.sampler.draw(i);
            chunk.row.push(draws.positions.locate(draw.rank).row);
            chunk.direction.push(draw.direction);
            chunk.dollars.push(draw.dollars);
            chunk.stop.push(draw.stop);
            chunk.target.push(draw.target);
            chunk.equity.push(draw.equity);
        }
        let rows = chunk.row.len();
        Self {
            trades: TradeColumns::zeroed(rows),
            value: vec![0.0; rows],
            clipped: vec![0; rows],
            ..chunk
        }
    }

    fn price(&mut self, pricer: &Pricer, metric: Metric) {
        let actions = Actions {
            row: &self.row,
            direction: &self.direction,
            dollars: &self.dollars,
            stop: &self.stop,
            target: &self.target,
        };
        pricer.trades(actions, |_| (), &mut self.trades.as_mut());
        let mut out = RewardsMut { value: &mut self.value, clipped: &mut self.clipped };
        pricer.rewards(actions, &self.equity, self.trades.read(), metric, &mut out);
    }
}

pub(super) fn run(options: &Options) -> Result<Measurement> {
    let ready = options.job.ready("parquet")?;
    let session = ready.session()?;
    let (program, market) = (session.program(), &ready.market);
    let prices = || Prices::from(market.prices());
    let (prepare_s, pricer) = time(|| Ok(Pricer::of(prices(), program.reward.clone())?))?;
    let metric = *program.reward.metrics.first().context("a metric")?;
    let samples = options.job.rows;
    let firsts: Vec<u64> = (0..samples).step_by(CHUNK as usize).collect();
    let mut chunks: Vec<Chunk> = firsts
        .into_iter()
        .map(|first| Chunk::draw(session.draws(), first, CHUNK.min(samples - first)))
        .collect();
    let mut pass = || {
        chunks.par_iter_mut().for_each(|chunk| chunk.price(&pricer, metric));
        std::hint::black_box(&mut chunks);
        Ok(())
    };
    let (cold_s, ()) = time(&mut pass)?;
    let warm_s = repeat(options.job.repetitions, &mut pass)?;
    Ok(Measurement {
        prepare_s,
        cold_s: Some(cold_s),
        warm_s,
        samples: options.job.rows,
        bytes: options.job.rows * size_of::<f64>() as u64,
        ..Measurement::default()
    })
}
