//! A market made ready for pricing actions.

use std::sync::Arc;

use crate::error::RewardsError;
use crate::frel::FrelTrees;
use crate::horizon::HorizonIndex;
use crate::index::MarketIndex;
use crate::metrics;
use crate::path::PathTrees;
use crate::prices::Prices;
use crate::settings::{Formulas, Metric, RewardSettings};
use crate::starts::Starts;
use crate::trade::{Action, Trade};
use crate::trades::{self, Actions};

/// The one NaN that rewards hold.
const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// A reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reward {
    /// Its value. NaN is always the same bit pattern.
    pub value: f64,
    /// True if the value was outside the clip bounds.
    pub clipped: bool,
}

/// Prices actions on one market by one set of settings.
#[derive(Debug)]
pub struct Pricer {
    pub(crate) index: Arc<MarketIndex>,
    pub(crate) settings: RewardSettings,
    pub(crate) starts: Arc<Starts>,
    pub(crate) horizon: HorizonIndex,
    pub(crate) path: PathKind,
}

#[derive(Debug)]
pub(crate) enum PathKind {
    V1(PathTrees),
    Frel(FrelTrees),
}

impl Pricer {
    /// Checks the settings and takes what they need of an index, which builds what it has not built
    /// yet: see [`MarketIndex`].
    ///
    /// # Errors
    /// The settings are wrong.
    pub fn new(index: Arc<MarketIndex>, settings: RewardSettings) -> Result<Self, RewardsError> {
        settings.validate()?;
        let horizon = index.horizon().clone();
        let path = match settings.formulas {
            Formulas::V1 => PathKind::V1(PathTrees::new(&index, &settings)),
            Formulas::FrelV1 => PathKind::Frel(FrelTrees::new(&index, &settings)),
        };
        let starts = index.starts(&settings);
        Ok(Self { index, settings, starts, horizon, path })
    }

    /// As [`new`](Self::new), with an index of its own.
    ///
    /// # Errors
    /// The settings are wrong, or the columns have different lengths.
    pub fn of(prices: Prices, settings: RewardSettings) -> Result<Self, RewardsError> {
        Self::new(Arc::new(MarketIndex::new(prices)?), settings)
    }

    /// The index that it takes the market's prices from.
    #[must_use]
    pub fn index(&self) -> &Arc<MarketIndex> {
        &self.index
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &RewardSettings {
        &self.settings
    }

    /// The trade that an action at row t makes on rows `[t, t+F)`.
    ///
    /// # Panics
    /// The columns have fewer than t+F rows.
    #[must_use]
    pub fn trade(&self, t: usize, action: &Action) -> Trade {
        let actions = Actions {
            row: &[t],
            direction: &[action.direction],
            dollars: &[action.dollars],
            stop: &[action.stop],
            target: &[action.target],
        };
        trades::one(|out| self.trades(actions, |_| (), out))
    }

    /// A metric of a trade that [`Pricer::trade`] gave for the same row and action. `equity` is in
    /// dollars. `metric` must be one of the settings' metrics where it is over the trade's path.
    /// Hold is 0 by every metric.
    ///
    /// # Panics
    /// The columns have fewer than t+F rows.
    #[must_use]
    #[inline]
    pub fn reward(
        &self,
        t: usize,
        action: &Action,
        equity: f64,
        trade: &Trade,
        metric: Metric,
    ) -> Reward {
        if action.direction == 0 {
            return Reward { value: 0.0, clipped: false };
        }
        let settings = &self.settings;
        let value =
            metrics::of_trade(settings, t, action, equity, trade, metric).unwrap_or_else(|| {
                let close = &self.index.prices().close;
                match &self.path {
                    PathKind::V1(trees) => trees.metric(close, settings, t, action, trade, metric),
                    PathKind::Frel(trees) => trees.metric(close, settings, t, action, metric),
                }
            });
        settings.finish(action, value, metric)
    }
}

impl RewardSettings {
    /// A metric's value as a reward: 0 for a hold, one NaN, clipped where it is to be.
    #[inline(always)]
    pub(crate) fn finish(&self, action: &Action, value: f64, metric: Metric) -> Reward {
        if action.direction == 0 {
            return Reward { value: 0.0, clipped: false };
        }
        if value.is_nan() {
            return Reward { value: NAN, clipped: false };
        }
        match self.clip {
            Some([lo, hi]) if metric.is_clipped() && (value < lo || value > hi) => {
                Reward { value: value.clamp(lo, hi), clipped: true }
            }
            _ => Reward { value, clipped: false },
        }
    }
}
