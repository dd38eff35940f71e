//! The obvious version: one sample at a time, one bar at a time, nothing prepared.
//!
//! Draws and runs of positions are taken from their crates, which have goldens of their own.

use barloom_backend::{Channel, Program, SampleBlock};
use barloom_bars::Market;
use barloom_plan::Plan;
use barloom_rewards::{Barriers, Costs, Entry, ExitReason, Formulas, Metric, SameBar};
use barloom_sampling::Draw;
use barloom_scaling::{ChannelScaler, Fitted, FittedScaler, Per};
use barloom_schema::Slice;
use barloom_windows::Positions;

use crate::labels;

/// Compares a block of any samples of a plan with the obvious version.
pub(super) fn compare(market: &Market, plan: &Plan, block: &SampleBlock) -> Result<(), String> {
    let program = &*plan.program;
    labels::has_schema(program, block)?;
    for row in 0..block.rows() {
        let draw = plan.draws.sampler.draw(block.sample(row));
        let (at, series) = place(&plan.draws.positions, draw.rank)
            .ok_or_else(|| format!("sample {row}: there is no rank {}", draw.rank))?;
        let start = market.series()[series as usize].start;
        let fail = |what: String| Err(format!("sample {row} (row {at}): {what}"));
        let state = (block.symbol[row], block.bar[row], block.ts[row]);
        let expected = (series, (at - start) as i64, market.ts()[at]);
        if state != expected {
            return fail(format!("symbol, bar, ts {state:?}, expected {expected:?}"));
        }
        labels::are_those(plan, at, block, row).or_else(fail)?;
        let expected = windows(market, program, at);
        for (channel, (spec, expected)) in program.channels.iter().zip(expected).enumerate() {
            let got = block.window(channel, row);
            if got.iter().map(|v| v.to_bits()).ne(expected.iter().map(|v| v.to_bits())) {
                return fail(format!("{} {got:?}, expected {expected:?}", spec.name));
            }
        }
        if !inputs_are_there(market, program, at) {
            return fail("an input is missing".into());
        }
        is_snapshot(market, program, at, block.snapshot(row)).or_else(fail)?;
        if !program.priced {
            continue;
        }
        draw_is(block, row, &draw).or_else(fail)?;
        let got = Priced {
            entry_price: block.entry_price[row],
            exit_price: block.exit_price[row],
            pnl: block.pnl[row],
            held_bars: block.held_bars[row],
            exit_reason: block.exit_reason[row],
            mfe: block.mfe[row],
            mae: block.mae[row],
        };
        let reward = |metric: usize| (block.rewards[metric][row], block.clipped[metric][row]);
        is_priced(market, program, at, &draw, &got, &reward).or_else(fail)?;
        is_judged(market, plan, at, &draw, block, row).or_else(fail)?;
    }
    Ok(())
}

/// Compares the best action's reward and the regret of a row with the obvious version: the reward
/// of a sample whose action it is.
fn is_judged(
    market: &Market,
    plan: &Plan,
    at: usize,
    draw: &Draw,
    block: &SampleBlock,
    row: usize,
) -> Result<(), String> {
    let (program, Some(best)) = (&*plan.program, &plan.draws.best) else { return Ok(()) };
    let real = |name: &str| match block.column(name) {
        Some(Slice::F64(values)) => Some(values[row]),
        _ => None,
    };
    let direction = match block.column("best_dir") {
        Some(Slice::I8(values)) => values[row],
        other => return Err(format!("best_dir is {other:?}")),
    };
    let dollars = match draw.direction {
        0 => plan.draws.sampler.dollars(block.sample(row)),
        _ => draw.dollars,
    };
    let [stop, target] = ["best_stop", "best_target"].map(|name| real(name).unwrap_or(1.0));
    let action = Draw { direction, dollars, stop, target, ..*draw };
    let trade = trade(market, program, at, &action);
    let metric = program.reward.metrics[best.metric];
    let (value, _) = reward(market, program, at, &action, &trade, metric);
    let bounds = program.reward.clip.filter(|_| metric.is_clipped());
    let value = bounds.map_or(value, |[lo, hi]| value.clamp(lo, hi));
    let own = block.rewards[best.metric][row];
    let expected = [value, if value < own { 0.0 } else { value - own }];
    let got = ["best_reward", "regret"].map(real);
    if got.map(|x| x.map(f64::to_bits)) != expected.map(|x| Some(x.to_bits())) {
        return Err(format!("best_reward, regret {got:?}, expected {expected:?}"));
    }
    if own > value + 1e-9 * own.abs() {
        return Err(format!("the reward {own} is above that of the best action, {value}"));
    }
    Ok(())
}

/// Tells whether each value of the windows before a row and of its snapshot is finite.
pub(crate) fn inputs_are_there(market: &Market, program: &Program, at: usize) -> bool {
    let finite = |columns: &[Channel], from: usize| {
        let of = |channel: &Channel| market.column(&channel.name).unwrap_or_default();
        columns.iter().all(|one| of(one)[from..at].iter().all(|x| (*x as f32).is_finite()))
    };
    finite(&program.channels, at - program.lookback) && finite(&program.snapshot, at - 1)
}

/// Compares the snapshot of a row with the obvious version.
pub(crate) fn is_snapshot(
    market: &Market,
    program: &Program,
    at: usize,
    got: &[f32],
) -> Result<(), String> {
    let of = |column: &Channel| {
        let x = market.column(&column.name).unwrap_or_default()[at - 1];
        if let Some(scaler) = &column.fitted {
            return fitted(market, scaler, at - 1, x) as f32;
        }
        let close = market.close()[at - 1];
        match column.scaler {
            ChannelScaler::LastClose => x as f32 / close as f32,
            ChannelScaler::LogReturn => (libm::log(x) - libm::log(close)) as f32,
            _ => x as f32,
        }
    };
    let expected: Vec<f32> = program.snapshot.iter().map(of).collect();
    if got.iter().map(|v| v.to_bits()).eq(expected.iter().map(|v| v.to_bits())) {
        return Ok(());
    }
    Err(format!("snapshot {got:?}, expected {expected:?}"))
}

/// A trade as a block has it.
#[derive(Debug, PartialEq)]
pub(crate) struct Priced {
    pub(crate) entry_price: f64,
    pub(crate) exit_price: f64,
    pub(crate) pnl: f64,
    pub(crate) held_bars: i32,
    pub(crate) exit_reason: u8,
    pub(crate) mfe: f64,
    pub(crate) mae: f64,
}

/// Compares a trade, and the rewards that `rewarded` gives with whether they are clipped, with the
/// obvious version.
pub(crate) fn is_priced(
    market: &Market,
    program: &Program,
    at: usize,
    draw: &Draw,
    got: &Priced,
    rewarded: &dyn Fn(usize) -> (f64, u8),
) -> Result<(), String> {
    let trade = trade(market, program, at, draw);
    let expected = Priced {
        entry_price: trade.entry,
        exit_price: trade.exit,
        pnl: trade.u * draw.dollars,
        held_bars: trade.held,
        exit_reason: trade.reason as u8,
        mfe: trade.mfe,
        mae: trade.mae,
    };
    if *got != expected {
        return Err(format!("trade {got:?}, expected {expected:?}"));
    }
    for (metric, name) in program.reward.metrics.iter().enumerate() {
        let (unclipped, exact) = reward(market, program, at, draw, &trade, *name);
        let bounds = program.reward.clip.filter(|_| name.is_clipped());
        let expected = bounds.map_or(unclipped, |[lo, hi]| unclipped.clamp(lo, hi));
        let (got, was_clipped) = rewarded(metric);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        if got.to_bits() != expected.to_bits() && (exact || !near(got, expected)) {
            return Err(format!("{} {got:?}, expected {expected:?}", name.name()));
        }
        let clipped = bounds.is_some_and(|[lo, hi]| unclipped < lo || unclipped > hi);
        // A scan in another order may end on the other side of a bound that it all but meets.
        let either = !exact && bounds.is_some_and(|b| b.iter().any(|b| near(unclipped, *b)));
        if was_clipped != u8::from(clipped) && !either {
            return Err(format!("{} clipped {}, expected {clipped}", name.name(), !clipped));
        }
    }
    Ok(())
}

/// The row and the series of a rank: positions are passed one by one, each with its ranks.
fn place(positions: &Positions, rank: u64) -> Option<(usize, u32)> {
    let mut left = rank;
    for range in positions.ranges() {
        for row in range.start..range.end {
            if left < range.copies {
                return Some((row, range.series));
            }
            left -= range.copies;
        }
    }
    None
}

/// The state and the action are those that the sampler draws, bit for bit.
fn draw_is(block: &SampleBlock, row: usize, draw: &Draw) -> Result<(), String> {
    macro_rules! is_drawn {
        ($($column:ident: $name:ident),*) => {
            $(let (got, expected) = (block.$column[row], draw.$name);
            if got.to_ne_bytes() != expected.to_ne_bytes() {
                let name = stringify!($column);
                return Err(format!("{name} {got:?}, expected {expected:?}"));
            })*
        };
    }
    is_drawn!(
        equity: equity,
        balance: balance,
        position: position,
        sl_dist: sl_dist,
        tp_dist: tp_dist,
        act_dir: direction,
        act_dollar: dollars,
        act_sl: stop,
        act_tp: target
    );
    Ok(())
}

/// The windows before a row, one a channel.
pub(crate) fn windows(market: &Market, program: &Program, at: usize) -> Vec<Vec<f32>> {
    let of = |channel: &Channel| {
        let column = market.column(&channel.name).unwrap_or_default();
        match &channel.fitted {
            None => window(channel.scaler, column, market.close(), at, program.lookback),
            Some(scaler) => {
                let values = column[at - program.lookback..at].iter();
                values.map(|x| fitted(market, scaler, at - 1, *x) as f32).collect()
            }
        }
    };
    program.channels.iter().map(of).collect()
}

/// A value of a bar by a scaler that was fitted.
fn fitted(market: &Market, scaler: &FittedScaler, row: usize, x: f64) -> f64 {
    let series = market.series().iter().position(|span| span.start <= row && row < span.end);
    let set = if scaler.per == Per::Symbol { series.unwrap_or(usize::MAX) } else { 0 };
    let y = match &scaler.parameters[set] {
        Fitted::Standard { mean, std } => (x - mean) / std,
        Fitted::Robust { median, scale } => (x - median) / scale,
        Fitted::Range { min, max } => (x - min) / (max - min),
        Fitted::Quantile { knots } if x < knots[0] => 0.0,
        Fitted::Quantile { knots } if x >= knots[255] => 1.0,
        Fitted::Quantile { knots } => {
            let mut k = 0;
            while knots[k + 1] <= x {
                k += 1;
            }
            (k as f64 + (x - knots[k]) / (knots[k + 1] - knots[k])) / 255.0
        }
    };
    match scaler.clip {
        Some(clip) if y > clip => clip,
        Some(clip) if y < -clip => -clip,
        _ => y,
    }
}

fn window(scaler: ChannelScaler, x: &[f64], close: &[f64], at: usize, l: usize) -> Vec<f32> {
    let w = &x[at - l..at];
    let last_close = close[at - 1];
    let log1p = |v: f64| libm::log1p(v) as f32;
    match scaler {
        ChannelScaler::LastClose => w.iter().map(|v| *v as f32 / last_close as f32).collect(),
        ChannelScaler::Log1pLast => {
            let by = log1p(w[l - 1]).max(std::f64::consts::LN_2 as f32);
            w.iter().map(|v| log1p(*v) / by).collect()
        }
        ChannelScaler::Last => {
            let by = w[l - 1] as f32 + 1e-12_f32;
            w.iter().map(|v| *v as f32 / by).collect()
        }
        ChannelScaler::None => w.iter().map(|v| *v as f32).collect(),
        ChannelScaler::LogReturn => {
            w.iter().map(|v| (libm::log(*v) - libm::log(last_close)) as f32).collect()
        }
        ChannelScaler::Zscore => {
            let mean = lanes(w.iter().copied()) / l as f64;
            let std = (lanes(w.iter().map(|v| (v - mean) * (v - mean))) / l as f64).sqrt();
            let flat = w.iter().all(|v| *v == w[0]);
            w.iter().map(|v| if flat { 0.0 } else { ((v - mean) / std) as f32 }).collect()
        }
        ChannelScaler::Minmax => {
            let min = w.iter().copied().fold(f64::INFINITY, f64::min);
            let max = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let scale = |v: f64| if max == min { 0.0 } else { ((v - min) / (max - min)) as f32 };
            w.iter().map(|v| scale(*v)).collect()
        }
    }
}

/// A sum in eight strided lanes, added left to right: the order that the contract fixes.
fn lanes(values: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = [0.0; 8];
    values.enumerate().for_each(|(k, v)| lanes[k % 8] += v);
    lanes.iter().sum()
}

struct Trade {
    entry: f64,
    exit: f64,
    exit_bar: usize,
    held: i32,
    reason: ExitReason,
    u: f64,
    mfe: f64,
    mae: f64,
}

fn costs(program: &Program) -> (f64, f64) {
    let r = &program.reward;
    ((r.fee_bps + r.slippage_bps + r.spread_bps / 2.0) * 1e-4, r.carry_bps * 1e-4)
}

/// A price reaches a barrier below it from `barrier * 2^-40` above the barrier on.
fn falls_to(price: f64, barrier: f64) -> bool {
    price <= barrier + barrier * (1.0 / (1_u64 << 40) as f64)
}

/// A price reaches a barrier above it from `barrier * 2^-40` below the barrier on.
fn rises_to(price: f64, barrier: f64) -> bool {
    price >= barrier - barrier * (1.0 / (1_u64 << 40) as f64)
}

fn trade(market: &Market, program: &Program, t: usize, draw: &Draw) -> Trade {
    let r = &program.reward;
    let frel = r.formulas == Formulas::FrelV1;
    let next_open = r.entry == Entry::NextOpen && !frel;
    let entry = if next_open { market.open()[t] } else { market.close()[t] };
    if draw.direction == 0 {
        return Trade {
            entry,
            exit: entry,
            exit_bar: t,
            held: 0,
            reason: ExitReason::None,
            u: 0.0,
            mfe: 0.0,
            mae: 0.0,
        };
    }
    let s = f64::from(draw.direction);
    let last = t + program.forward - 1;
    let mut out = (market.close()[last], last, ExitReason::Horizon);
    if r.barriers == Barriers::Honour && !frel {
        let stop = entry * (1.0 - s * draw.stop);
        let target = entry * (1.0 + s * draw.target);
        let first = if next_open { t } else { t + 1 };
        for j in first..=last {
            let (open, high, low) = (market.open()[j], market.high()[j], market.low()[j]);
            let hit = |low: f64, high: f64| match s > 0.0 {
                true => (falls_to(low, stop), rises_to(high, target)),
                false => (rises_to(high, stop), falls_to(low, target)),
            };
            let ((beyond_stop, beyond_target), (hit_stop, hit_target)) =
                (hit(open, open), hit(low, high));
            let stop_first = r.same_bar == SameBar::StopFirst;
            out = if beyond_stop {
                (open, j, ExitReason::Stop)
            } else if beyond_target {
                (open, j, ExitReason::Target)
            } else if hit_stop && (stop_first || !hit_target) {
                (stop, j, ExitReason::Stop)
            } else if hit_target {
                (target, j, ExitReason::Target)
            } else {
                continue;
            };
            break;
        }
    }
    let (exit, exit_bar, reason) = out;
    let (c, q) = costs(program);
    let held = (exit_bar - t) as f64;
    let once = r.costs == Costs::Once || frel;
    let fee = if once { c } else { c * (1.0 + exit / entry) };
    let u = s * (exit / entry - 1.0) - fee - q * held;
    // Prices that the trade lives through: all bars to the exit bar; of that one the open and the exit
    // where a barrier ends it.
    let first = if next_open { t } else { t + 1 };
    let mut prices = vec![entry, exit];
    for j in first..=exit_bar {
        if j < exit_bar || reason == ExitReason::Horizon {
            prices.extend([market.low()[j], market.high()[j]]);
        } else {
            prices.push(market.open()[j]);
        }
    }
    let up = prices.iter().copied().fold(entry, f64::max) / entry - 1.0;
    let down = 1.0 - prices.iter().copied().fold(entry, f64::min) / entry;
    let (mfe, mae) = if s > 0.0 { (up, down) } else { (down, up) };
    Trade { entry, exit, exit_bar, held: held as i32, reason, u, mfe, mae }
}

/// The reward before it is clipped, and whether it is exact rather than a scan in another order.
fn reward(
    market: &Market,
    program: &Program,
    t: usize,
    draw: &Draw,
    trade: &Trade,
    metric: Metric,
) -> (f64, bool) {
    if draw.direction == 0 {
        return (0.0, true);
    }
    let r = &program.reward;
    let year = r.bars_per_year.at(t);
    let u = trade.u;
    let exact = match metric {
        Metric::Pnl => draw.dollars * u,
        Metric::Return => draw.dollars * u / draw.equity,
        Metric::PnlPct => u,
        Metric::LogReturn => libm::log((1.0 + u).max(1e-12)),
        Metric::RMultiple => u / draw.stop,
        Metric::Barrier => match trade.reason {
            ExitReason::Stop => -1.0,
            ExitReason::Target => 1.0,
            _ => 0.0,
        },
        Metric::Car => libm::pow((1.0 + u).max(0.0), year / program.forward as f64) - 1.0,
        _ => {
            let path = path(market, program, t, draw, trade);
            let frel = r.formulas == Formulas::FrelV1;
            let m = path.len() as f64;
            let mean = path.iter().sum::<f64>() / m;
            let value = match metric {
                Metric::Sharpe => mean / (std(&path) + r.eps) * year.sqrt(),
                Metric::Sortino if frel => {
                    let down: Vec<f64> = path.iter().copied().filter(|r| *r < 0.0).collect();
                    mean / (std(&down) + r.eps) * year.sqrt()
                }
                Metric::Sortino => {
                    let down = path.iter().map(|r| r.min(0.0) * r.min(0.0)).sum::<f64>() / m;
                    mean / (down.sqrt() + r.eps) * year.sqrt()
                }
                _ => mean * year / (drawdown(&path, frel) + r.eps),
            };
            return (value, false);
        }
    };
    (exact, true)
}

/// Steps of the trade's profit over the whole horizon: per unit of notional, or in dollars.
fn path(market: &Market, program: &Program, t: usize, draw: &Draw, trade: &Trade) -> Vec<f64> {
    let s = f64::from(draw.direction);
    let (c, q) = costs(program);
    let close = market.close();
    if program.reward.formulas == Formulas::FrelV1 {
        let d = draw.dollars;
        return (t + 1..t + program.forward)
            .map(|j| s * (close[j] / close[j - 1] - 1.0) * d - (c + q) * d)
            .collect();
    }
    let first = if program.reward.entry == Entry::NextOpen { t } else { t + 1 };
    let mut before = trade.entry;
    let mut steps = Vec::new();
    for (j, at_close) in close.iter().enumerate().take(t + program.forward).skip(first) {
        if j > trade.exit_bar {
            steps.push(0.0);
            continue;
        }
        let now = if j == trade.exit_bar { trade.exit } else { *at_close };
        let mut step = s * (now - before) / trade.entry;
        if j == first {
            step -= c;
        }
        if j == trade.exit_bar {
            let out =
                if program.reward.costs == Costs::Once { 0.0 } else { c * (now / trade.entry) };
            step -= out + q * f64::from(trade.held);
        }
        steps.push(step);
        before = now;
    }
    steps
}

fn std(values: &[f64]) -> f64 {
    if values.iter().all(|v| *v == values[0]) {
        return 0.0;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

fn drawdown(path: &[f64], from_first: bool) -> f64 {
    let (mut sum, mut peak, mut worst) = (0.0, f64::NEG_INFINITY, 0.0_f64);
    if !from_first {
        peak = 0.0;
    }
    for step in path {
        sum += step;
        peak = peak.max(sum);
        worst = worst.max(peak - sum);
    }
    worst
}
