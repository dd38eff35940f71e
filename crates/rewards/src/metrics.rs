//! Metrics that follow from the trade alone.

use crate::settings::{Metric, RewardSettings};
use crate::trade::{Action, ExitReason, Trade};

/// The metric, or `None` for one over the trade's path.
#[inline(always)]
pub(crate) fn of_trade(
    settings: &RewardSettings,
    t: usize,
    action: &Action,
    equity: f64,
    trade: &Trade,
    metric: Metric,
) -> Option<f64> {
    let u = trade.unit_return;
    Some(match metric {
        Metric::RMultiple => u / action.stop,
        Metric::Barrier => match trade.reason {
            ExitReason::Stop => -1.0,
            ExitReason::Target => 1.0,
            ExitReason::None | ExitReason::Horizon => 0.0,
        },
        _ => return of_unit_return(settings, t, action.dollars, equity, u, metric),
    })
}

/// The metric, or `None` for one that depends on more than the profit per unit of notional.
#[inline(always)]
pub(crate) fn of_unit_return(
    settings: &RewardSettings,
    t: usize,
    dollars: f64,
    equity: f64,
    u: f64,
    metric: Metric,
) -> Option<f64> {
    Some(match metric {
        Metric::Pnl => dollars * u,
        Metric::Return => dollars * u / equity,
        Metric::PnlPct => u,
        Metric::LogReturn => libm::log((1.0 + u).max(1e-12)),
        Metric::Car => {
            let exponent = settings.bars_per_year.at(t) / settings.forward as f64;
            libm::pow((1.0 + u).max(0.0), exponent) - 1.0
        }
        Metric::RMultiple | Metric::Barrier | Metric::Sharpe | Metric::Sortino | Metric::Calmar => {
            return None;
        }
    })
}
