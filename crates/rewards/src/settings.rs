//! Settings for the pricing of actions.

use serde::{Deserialize, Serialize};

use crate::{BarRates, RewardsError};

/// The formulas of rewards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Formulas {
    /// Barloom's own.
    #[default]
    #[serde(rename = "v1")]
    V1,
    /// The FREL project's published formulas: entry at the close of bar t, no barriers, costs once.
    #[serde(rename = "frel-v1")]
    FrelV1,
}

/// A reward metric. `u` is the trade's profit per unit of notional after costs.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// `u * notional`, dollars.
    Pnl,
    /// `pnl / equity`.
    Return,
    /// `u`.
    PnlPct,
    /// `ln(max(1 + u, 1e-12))`.
    LogReturn,
    /// `u / stop`: profit in units of the risk taken.
    RMultiple,
    /// -1 stop, 0 horizon (and hold), 1 target.
    Barrier,
    /// Compound annual return: `max(1 + u, 0)^(bars_per_year / F) - 1`.
    Car,
    /// `mean / (std + eps) * sqrt(bars_per_year)` of the path's steps; population std.
    Sharpe,
    /// As sharpe, over `sqrt(mean(min(r, 0)^2))`.
    Sortino,
    /// `sum * bars_per_year / m` over the maximum drawdown (+ eps) of the path's m steps.
    Calmar,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 10] = [
        Self::Pnl,
        Self::Return,
        Self::PnlPct,
        Self::LogReturn,
        Self::RMultiple,
        Self::Barrier,
        Self::Car,
        Self::Sharpe,
        Self::Sortino,
        Self::Calmar,
    ];

    /// Its name in recipes and columns.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pnl => "pnl",
            Self::Return => "return",
            Self::PnlPct => "pnl_pct",
            Self::LogReturn => "log_return",
            Self::RMultiple => "r_multiple",
            Self::Barrier => "barrier",
            Self::Car => "car",
            Self::Sharpe => "sharpe",
            Self::Sortino => "sortino",
            Self::Calmar => "calmar",
        }
    }

    /// Returns true if the metric can divide by a tiny number, so that it is clipped.
    #[must_use]
    pub fn is_clipped(self) -> bool {
        matches!(self, Self::Car | Self::Sharpe | Self::Sortino | Self::Calmar)
    }
}

/// The price at which a trade opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// At the open of bar t; live bars are t to t+F-1.
    #[default]
    NextOpen,
    /// At the close of bar t; live bars are t+1 to t+F-1.
    NextClose,
}

/// The effect of stops and targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barriers {
    /// They do.
    #[default]
    Honour,
    /// They don't: the trade ends at the close of bar t+F-1.
    Ignore,
}

/// The barrier that counts if the range of one bar holds both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameBar {
    /// The stop.
    #[default]
    StopFirst,
    /// The target.
    TargetFirst,
}

/// When costs are paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Costs {
    /// At the entry on the notional, at the exit on its value then.
    #[default]
    BothSides,
    /// At the entry alone.
    Once,
}

/// Settings for the pricing of actions: the recipe's `[reward]` with every key resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardSettings {
    /// The formulas. With frel-v1, `entry`, `barriers`, `same_bar` and `costs` have no effect.
    pub formulas: Formulas,
    /// The metrics; the first is the dataset's `reward`. Without any, trades alone are computed.
    pub metrics: Vec<Metric>,
    /// The price at which a trade opens.
    pub entry: Entry,
    /// The effect of stops and targets.
    pub barriers: Barriers,
    /// The barrier that counts if one bar holds both.
    pub same_bar: SameBar,
    /// When costs are paid.
    pub costs: Costs,
    /// Commission a side, basis points of notional.
    pub fee_bps: f64,
    /// Slippage a side, basis points of notional.
    pub slippage_bps: f64,
    /// The whole bid-ask spread, basis points; a side pays half.
    pub spread_bps: f64,
    /// Carry for each bar boundary held over, basis points of notional.
    pub carry_bps: f64,
    /// Bars a year, for the annualised metrics.
    pub bars_per_year: BarRates,
    /// Added to denominators of sharpe, sortino and calmar.
    pub eps: f64,
    /// Bounds for car, sharpe, sortino and calmar.
    pub clip: Option<[f64; 2]>,
    /// F: bars a trade may live, counted from t.
    pub forward: usize,
}

impl RewardSettings {
    /// The defaults: `return` with barriers honoured; 252 bars a year.
    #[must_use]
    pub fn v1(forward: usize) -> Self {
        Self {
            formulas: Formulas::V1,
            metrics: vec![Metric::Return],
            entry: Entry::NextOpen,
            barriers: Barriers::Honour,
            same_bar: SameBar::StopFirst,
            costs: Costs::BothSides,
            fee_bps: 5.0,
            slippage_bps: 1.0,
            spread_bps: 2.0,
            carry_bps: 0.0,
            bars_per_year: BarRates::from(252.0),
            eps: 1e-8,
            clip: Some([-1_000.0, 1_000.0]),
            forward,
        }
    }

    /// The defaults of FREL's formulas.
    #[must_use]
    pub fn frel_v1(forward: usize) -> Self {
        Self {
            formulas: Formulas::FrelV1,
            metrics: vec![Metric::Car],
            entry: Entry::NextClose,
            barriers: Barriers::Ignore,
            costs: Costs::Once,
            fee_bps: 0.2,
            slippage_bps: 0.1,
            spread_bps: 0.05,
            carry_bps: 2.0,
            clip: None,
            ..Self::v1(forward)
        }
    }

    /// Cost of a side as a fraction of notional: `(fee + slippage + spread / 2) * 1e-4`.
    #[must_use]
    pub fn side_cost(&self) -> f64 {
        (self.fee_bps + self.slippage_bps + self.spread_bps / 2.0) * 1e-4
    }

    /// u: the profit per unit of notional of a trade after costs, from its entry to its exit price.
    /// `direction` is 1 for long and -1 for short.
    #[must_use]
    #[inline]
    pub fn unit_return(&self, direction: f64, entry: f64, exit: f64, held_bars: usize) -> f64 {
        crate::trade::unit_return(self, direction, entry, exit, held_bars)
    }

    /// Carry a bar as a fraction of notional.
    #[must_use]
    pub fn carry(&self) -> f64 {
        self.carry_bps * 1e-4
    }

    /// Returns true if trades enter at the open of bar t.
    #[must_use]
    pub fn enters_at_open(&self) -> bool {
        self.formulas == Formulas::V1 && self.entry == Entry::NextOpen
    }

    /// Returns true if stops and targets end trades.
    #[must_use]
    pub fn honours_barriers(&self) -> bool {
        self.formulas == Formulas::V1 && self.barriers == Barriers::Honour
    }

    /// Returns true if costs are paid only at the entry.
    #[must_use]
    pub fn pays_once(&self) -> bool {
        self.formulas == Formulas::FrelV1 || self.costs == Costs::Once
    }

    /// Steps of a trade's path: F entering at the open, else F-1.
    #[must_use]
    pub fn steps(&self) -> usize {
        if self.enters_at_open() { self.forward } else { self.forward - 1 }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first field that is wrong: a metric twice, a horizon too short, a cost that is
    /// negative or not finite, `barrier` without barriers.
    pub fn validate(&self) -> Result<(), RewardsError> {
        let error =
            |field, got: String, expected| Err(RewardsError::Setting { field, got, expected });
        for (place, metric) in self.metrics.iter().enumerate() {
            if self.metrics[..place].contains(metric) {
                let expected = "each metric once";
                return error("metric", format!("{} twice", metric.name()), expected);
            }
        }
        if self.metrics.contains(&Metric::Barrier) && !self.honours_barriers() {
            let expected = "another metric where barriers are ignored: every value would be 0";
            return error("metric", "barrier".into(), expected);
        }
        let shortest = if self.enters_at_open() { 1 } else { 2 };
        if self.forward < shortest || i32::try_from(self.forward).is_err() {
            let expected = "at least 1 bar, at least 2 when trades enter at a close, below 2^31";
            return error("forward", self.forward.to_string(), expected);
        }
        for (field, value) in [
            ("fee_bps", self.fee_bps),
            ("slippage_bps", self.slippage_bps),
            ("spread_bps", self.spread_bps),
            ("eps", self.eps),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return error(field, value.to_string(), "a finite number, 0 or more");
            }
        }
        if !self.carry_bps.is_finite() {
            return error("carry_bps", self.carry_bps.to_string(), "a finite number");
        }
        let wrong = |rate: &f64| !(*rate > 0.0 && rate.is_finite());
        if let Some(rate) = self.bars_per_year.rates().find(wrong) {
            let expected = "a finite number above 0, or \"auto\"";
            return error("bars_per_year", rate.to_string(), expected);
        }
        match self.clip {
            Some([lo, hi]) if !(lo < hi && lo.is_finite() && hi.is_finite()) => {
                error("clip", format!("[{lo}, {hi}]"), "two finite numbers, ascending")
            }
            _ => Ok(()),
        }
    }
}
