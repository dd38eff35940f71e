//! What an action does on the bars that follow.

use crate::horizon::HorizonIndex;
use crate::settings::{RewardSettings, SameBar};

/// Price columns of a market, one value a row, all of one length.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// Opens.
    pub open: &'a [f64],
    /// Highs.
    pub high: &'a [f64],
    /// Lows.
    pub low: &'a [f64],
    /// Closes.
    pub close: &'a [f64],
}

/// What is done at bar t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    /// 1 long, -1 short, 0 hold.
    pub direction: i8,
    /// Dollars.
    pub notional: f64,
    /// Distance of the stop, as a fraction of the entry price.
    pub stop: f64,
    /// Distance of the target, as a fraction of the entry price.
    pub target: f64,
}

/// Why a trade ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitReason {
    /// There was no trade.
    None = 0,
    /// It reached its stop.
    Stop = 1,
    /// It reached its target.
    Target = 2,
    /// It reached neither by the close of bar t+F-1.
    Horizon = 3,
}

impl ExitReason {
    /// Its name in datasets.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Stop => "stop",
            Self::Target => "target",
            Self::Horizon => "horizon",
        }
    }
}

/// A trade from entry to exit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// Entry price E.
    pub entry_price: f64,
    /// Exit price X; E when there was no trade.
    pub exit_price: f64,
    /// Exit bar - t.
    pub held_bars: u32,
    /// Why it ended.
    pub reason: ExitReason,
    /// u: profit per unit of notional, after costs.
    pub unit_return: f64,
}

/// Simulates an action at row t. Rows `[t, t+F)` must be there.
#[inline]
pub(crate) fn simulate(
    prices: Prices<'_>,
    settings: &RewardSettings,
    horizon: Option<&HorizonIndex>,
    t: usize,
    action: &Action,
) -> Trade {
    let at_open = settings.enters_at_open();
    let entry = if at_open { prices.open[t] } else { prices.close[t] };
    if action.direction == 0 {
        return Trade {
            entry_price: entry,
            exit_price: entry,
            held_bars: 0,
            reason: ExitReason::None,
            unit_return: 0.0,
        };
    }
    let s = f64::from(action.direction);
    let end = t + settings.forward;
    let first = if at_open { t } else { t + 1 };
    let touched = horizon.and_then(|index| {
        let stop = entry * (1.0 - s * action.stop);
        let target = entry * (1.0 + s * action.target);
        let (down, up) = if s > 0.0 { (stop, target) } else { (target, stop) };
        let row = index.first_touch(prices.low, prices.high, first, end, down, up)?;
        let (exit, reason) = fill(prices, row, s, stop, target, settings.same_bar);
        Some((row, exit, reason))
    });
    let (row, exit, reason) =
        touched.unwrap_or((end - 1, prices.close[end - 1], ExitReason::Horizon));
    let held = row - t;
    let c = settings.side_cost();
    let costs = if settings.pays_once() { c } else { c * (1.0 + exit / entry) };
    let carry = settings.carry() * held as f64;
    Trade {
        entry_price: entry,
        exit_price: exit,
        held_bars: held as u32,
        reason,
        unit_return: s * (exit / entry - 1.0) - costs - carry,
    }
}

/// The price and reason of an exit on a bar that reaches a barrier.
#[inline]
fn fill(
    prices: Prices<'_>,
    row: usize,
    s: f64,
    stop: f64,
    target: f64,
    same_bar: SameBar,
) -> (f64, ExitReason) {
    let open = prices.open[row];
    // At or beyond a barrier already at the open: the market gives no better price.
    if s * open <= s * stop {
        return (open, ExitReason::Stop);
    }
    if s * open >= s * target {
        return (open, ExitReason::Target);
    }
    let (low, high) = (prices.low[row], prices.high[row]);
    let (stopped, reached) =
        if s > 0.0 { (low <= stop, high >= target) } else { (high >= stop, low <= target) };
    if stopped && (!reached || same_bar == SameBar::StopFirst) {
        (stop, ExitReason::Stop)
    } else {
        (target, ExitReason::Target)
    }
}
