//! The trade of an action on the bars after it.

use crate::barriers::BarrierPrices;
use crate::settings::{RewardSettings, SameBar};

/// An action at bar t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    /// 1 long, -1 short, 0 hold.
    pub direction: i8,
    /// Dollars.
    pub dollars: f64,
    /// Distance of the stop, as a fraction of the entry price.
    pub stop: f64,
    /// Distance of the target, as a fraction of the entry price.
    pub target: f64,
}

/// The event that ended a trade.
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
    /// The reason of a number; 3 and above are the horizon.
    #[inline(always)]
    pub(crate) fn of(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Stop,
            2 => Self::Target,
            _ => Self::Horizon,
        }
    }

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
    /// The event that ended it.
    pub reason: ExitReason,
    /// u: profit per unit of notional, after costs.
    pub unit_return: f64,
    /// The largest favourable excursion between entry and exit, as a fraction of the entry price:
    /// at least 0.
    ///
    /// Prices between entry and exit are E, the highs and lows of the live bars before the exit
    /// bar, and X. A trade that ends at the horizon lives through all of the exit bar, so its high
    /// and low count; one that ends at a barrier sees of that bar its open and X alone.
    pub mfe: f64,
    /// The largest adverse excursion, likewise: at least 0.
    pub mae: f64,
}

/// The largest favourable and adverse excursion, as fractions of the entry price, of a trade whose
/// prices beside the entry's lie from `low` to `high`.
#[inline(always)]
pub(crate) fn excursions(long: bool, entry: f64, [low, high]: [f64; 2]) -> [f64; 2] {
    let up = (if high > entry { high } else { entry }) / entry - 1.0;
    let down = 1.0 - (if low < entry { low } else { entry }) / entry;
    if long { [up, down] } else { [down, up] }
}

/// u: profit per unit of notional of a trade in direction `s`, after costs.
#[inline(always)]
pub(crate) fn unit_return(
    settings: &RewardSettings,
    s: f64,
    entry: f64,
    exit: f64,
    held_bars: usize,
) -> f64 {
    let c = settings.side_cost();
    let costs = if settings.pays_once() { c } else { c * (1.0 + exit / entry) };
    let carry = settings.carry() * held_bars as f64;
    s * (exit / entry - 1.0) - costs - carry
}

/// A bar that a trade may exit on.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// Its open.
    pub open: f64,
    /// Its low.
    pub low: f64,
    /// Its high.
    pub high: f64,
}

/// The price and reason of an exit on a bar that reaches a barrier.
#[must_use]
#[inline(always)]
pub fn fill(bar: Bar, barriers: &BarrierPrices, same_bar: SameBar) -> (f64, ExitReason) {
    let Bar { open, low, high } = bar;
    // At or beyond a barrier already at the open: the market gives no better price.
    let (stopped, reached) = barriers.reached(open, open);
    if stopped {
        return (open, ExitReason::Stop);
    }
    if reached {
        return (open, ExitReason::Target);
    }
    let (stopped, reached) = barriers.reached(low, high);
    if stopped && (!reached || same_bar == SameBar::StopFirst) {
        (barriers.stop, ExitReason::Stop)
    } else {
        (barriers.target, ExitReason::Target)
    }
}
