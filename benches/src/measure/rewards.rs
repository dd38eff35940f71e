//! Rewards alone: trades and metrics of draws that were made beforehand, in sample order.

use anyhow::{Context, Result};
use barloom_rewards::{Action, Pricer, Prices};
use rayon::prelude::*;

use super::Options;
use crate::clock::{repeat, time};
use crate::measurement::Measurement;

/// Rewards that a task prices.
const CHUNK: usize = 1_024;

struct Decision {
    row: usize,
    action: Action,
    equity: f64,
}

pub(super) fn run(options: &Options) -> Result<Measurement> {
    let ready = options.job.ready("parquet")?;
    let session = ready.session()?;
    let (plan, market) = (session.plan(), &ready.market);
    let prices = Prices {
        open: market.open(),
        high: market.high(),
        low: market.low(),
        close: market.close(),
    };
    let (prepare_s, pricer) = time(|| Ok(Pricer::new(prices, plan.reward.clone())?))?;
    let decide = |i: u64| {
        let draw = plan.sampler.draw(i);
        let action = Action {
            direction: draw.act_dir,
            notional: draw.act_dollar,
            stop: draw.act_sl,
            target: draw.act_tp,
        };
        Decision { row: plan.positions.locate(draw.rank).row, action, equity: draw.equity }
    };
    let decisions: Vec<Decision> = (0..options.job.rows).map(decide).collect();
    let metric = *plan.reward.metrics.first().context("a metric")?;
    let price = |chunk: &[Decision]| {
        let one = |d: &Decision| {
            let trade = pricer.trade(prices, d.row, &d.action);
            pricer.reward(prices, d.row, &d.action, d.equity, &trade, metric).value
        };
        chunk.iter().map(one).sum::<f64>()
    };
    let pass = || {
        std::hint::black_box(decisions.par_chunks(CHUNK).map(price).collect::<Vec<f64>>());
        Ok(())
    };
    let (cold_s, ()) = time(pass)?;
    let warm_s = repeat(options.job.repetitions, pass)?;
    Ok(Measurement {
        prepare_s,
        cold_s: Some(cold_s),
        warm_s,
        samples: options.job.rows,
        bytes: options.job.rows * size_of::<f64>() as u64,
        ..Measurement::default()
    })
}
