//! Sample i: ten draws in a fixed order.

use std::sync::Arc;

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::stream::{Streams, below};
use crate::{ActionSource, GridAction, SamplingError, SamplingSettings};

/// The order in which samples visit positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PositionOrder {
    /// Each state stands at a position drawn with equal chances.
    #[default]
    Random,
    /// State j stands at position j modulo their number.
    Sequential,
}

/// The synthetic part of a sample: where it stands, its state, its action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The position's number, from 0.
    pub rank: u64,
    /// Account equity in dollars.
    pub equity: f64,
    /// Account balance in dollars: equity less the drawn offset.
    pub balance: f64,
    /// The position held already: 0 flat, 1 long, -1 short.
    pub position: i8,
    /// Its stop's distance, a fraction of the entry price.
    pub sl_dist: f64,
    /// Its target's distance, a fraction of the entry price.
    pub tp_dist: f64,
    /// The action: 0 hold, 1 long, -1 short.
    pub direction: i8,
    /// The action's notional in dollars; 0 when hold.
    pub dollars: f64,
    /// The action's stop distance, a fraction of the entry price; 0 when hold.
    pub stop: f64,
    /// The action's target distance, a fraction of the entry price; 0 when hold.
    pub target: f64,
}

/// Draws the samples of one part of a dataset.
#[derive(Clone, Debug)]
pub struct Sampler {
    pub(crate) settings: SamplingSettings,
    pub(crate) streams: Streams,
    pub(crate) actions_per_state: u64,
    pub(crate) order: PositionOrder,
    pub(crate) positions: u64,
    /// The actions of a state, where they are listed; else empty.
    pub(crate) grid: Arc<[GridAction]>,
}

impl Sampler {
    /// A sampler over `positions` positions for a part of a split (from 0), or without one for
    /// the whole. `actions_per_state` samples in a row share their state; 1 where actions are
    /// listed, as their number follows.
    ///
    /// # Errors
    /// The settings are wrong, `actions_per_state` is 0 (or not 1 where actions are listed), or
    /// there are no positions.
    pub fn new(
        settings: &SamplingSettings,
        seed: u64,
        part: Option<u32>,
        actions_per_state: u64,
        order: PositionOrder,
        positions: u64,
    ) -> Result<Self, SamplingError> {
        settings.validate()?;
        if actions_per_state == 0 {
            let (field, expected) = ("actions_per_state", "a whole number of at least 1");
            return Err(SamplingError::Setting { field, expected, got: "0".into() });
        }
        let mut grid: Arc<[GridAction]> = Arc::default();
        let mut samples = actions_per_state;
        if settings.actions == ActionSource::Grid {
            if actions_per_state != 1 {
                let (field, expected) = ("actions_per_state", "1, as the grid gives the number");
                let got = actions_per_state.to_string();
                return Err(SamplingError::Setting { field, expected, got });
            }
            grid = settings.grid()?.into();
            samples = grid.len() as u64;
        }
        if positions == 0 {
            return Err(SamplingError::NoPositions);
        }
        let streams = Streams::new(seed, part);
        let (settings, actions_per_state) = (settings.clone(), samples);
        Ok(Self { settings, streams, actions_per_state, order, positions, grid })
    }

    /// Sample `i`, counted from 0 and below [`MAX_SAMPLES`](crate::MAX_SAMPLES).
    ///
    /// Ten numbers are taken, one a field: rank, equity, balance offset, position, sl_dist,
    /// tp_dist, act_dir, act_dollar, act_sl, act_tp. With K actions a state, the first six are
    /// those of the generator of `floor(i / K)` and the last four are the seventh to tenth of
    /// that of `i`. Where actions are listed, the action is number `i mod K` of the list.
    #[must_use]
    pub fn draw(&self, i: u64) -> Draw {
        let s = &self.settings;
        let state = if self.actions_per_state == 1 { i } else { i / self.actions_per_state };
        let mut rng = self.streams.of(state);

        let u = rng.next_u64();
        let rank = match self.order {
            PositionOrder::Random => below(u, self.positions),
            PositionOrder::Sequential => state % self.positions,
        };
        let equity = s.equity.value(rng.next_u64());
        let balance = equity - s.balance_offset.value(rng.next_u64());
        let position = s.position.value(rng.next_u64());
        let sl_dist = s.sl_dist.value(rng.next_u64());
        let tp_dist = s.tp_dist.value(rng.next_u64());

        if let Some(action) = self.listed(i, state) {
            let GridAction { direction, dollars, stop, target } = *action;
            return Draw {
                rank,
                equity,
                balance,
                position,
                sl_dist,
                tp_dist,
                direction,
                dollars,
                stop,
                target,
            };
        }
        if state != i {
            rng = self.streams.of(i);
            for _ in 0..6 {
                rng.next_u64();
            }
        }
        let direction = s.act_dir.value(rng.next_u64());
        let [dollars, stop, target] =
            [&s.act_dollar, &s.act_sl, &s.act_tp].map(|real| real.value(rng.next_u64()));
        let action = if direction == 0 { [0.0; 3] } else { [dollars, stop, target] };
        let [dollars, stop, target] = action;

        Draw { rank, equity, balance, position, sl_dist, tp_dist, direction, dollars, stop, target }
    }

    /// The listed action of a sample of a state; none where actions are drawn.
    #[inline(always)]
    pub(crate) fn listed(&self, i: u64, state: u64) -> Option<&GridAction> {
        self.grid.get((i - state * self.actions_per_state) as usize)
    }

    /// The actions of each state, where they are listed: sample i has number `i mod K`. Empty where
    /// actions are drawn.
    #[must_use]
    pub fn grid(&self) -> &[GridAction] {
        &self.grid
    }

    /// The dollars that are drawn for the action of sample `i`, also where it holds. Where actions
    /// are listed, a hold has the first of `act_dollar`.
    #[must_use]
    pub fn dollars(&self, i: u64) -> f64 {
        if !self.grid.is_empty() {
            let action = &self.grid[(i % self.actions_per_state) as usize];
            let first = || self.grid.iter().find(|action| action.direction != 0);
            return match action.direction {
                0 => first().map_or(0.0, |action| action.dollars),
                _ => action.dollars,
            };
        }
        let mut rng = self.streams.of(i);
        for _ in 0..7 {
            rng.next_u64();
        }
        self.settings.act_dollar.value(rng.next_u64())
    }

    /// Number of positions that it draws from.
    #[must_use]
    pub fn positions(&self) -> u64 {
        self.positions
    }

    /// The draws of the fields.
    #[must_use]
    pub fn settings(&self) -> &SamplingSettings {
        &self.settings
    }

    /// The order in which positions are visited.
    #[must_use]
    pub fn order(&self) -> PositionOrder {
        self.order
    }

    /// The seed of sample 0's generator; each sample's is `0x78DD_E6E5_FD29_F054` above that of
    /// the one before, modulo 2^64. For backends with draws of their own.
    #[must_use]
    pub fn first_seed(&self) -> u64 {
        self.streams.seed(0)
    }

    /// Number of samples in a row that share their state.
    #[must_use]
    pub fn actions_per_state(&self) -> u64 {
        self.actions_per_state
    }
}
