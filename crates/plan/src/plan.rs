//! A recipe's plan for a part of a market.

use std::ops::Range;
use std::sync::Arc;

use barloom_backend::{Backend, BackendError, Draws, Numbers, Program, Session};
use barloom_bars::Market;
use barloom_recipe::Recipe;
use barloom_rewards::Metric;
use barloom_sampling::PositionOrder;
use barloom_splits::Part;
use barloom_windows::PositionRange;

use crate::{PlanError, Planner};

/// Trades of F bars a year up to which their return may well be compounded over one: one a week.
const MOST_TRADES: f64 = 52.0;

/// Draws of a window on average above which it is worth a warning.
const MOST_DRAWS: f64 = 4.0;

/// Share of entries on filled bars above which it is worth a warning.
const MOST_FILLED: f64 = 0.1;

/// A recipe resolved against a market, for one part of its split or, without one, for all bars.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program, which all parts share.
    pub program: Arc<Program>,
    /// The draws of the part.
    pub draws: Arc<Draws>,
    /// Number of samples.
    pub samples: u64,
    /// The part of the split; none without one.
    pub part: Option<Part>,
    /// Symbols that have a weight and no position, so no sample. Empty where weights are lengths.
    pub unplaced: Vec<String>,
    /// Share of the draws that stand at a bar that `empty_bars = "fill"` made, where nothing was
    /// traded; 0 where it did not.
    pub filled_entries: f64,
    /// Notes on what was fitted for it.
    pub notes: Vec<String>,
    /// The arena rows of its decision bars, ascending and disjoint. They have inputs, and may lack
    /// labels.
    pub decisions: Arc<[Range<usize>]>,
}

impl Plan {
    /// Resolves a recipe for one part: a [`Planner`] resolves it for several.
    ///
    /// # Errors
    /// As [`Planner::new`] and [`Planner::plan`].
    pub fn new(recipe: &Recipe, market: &Market, part: Option<&Part>) -> Result<Self, PlanError> {
        Planner::new(recipe, market)?.plan(part)
    }

    /// Loads the market on a backend for this plan alone.
    ///
    /// # Errors
    /// The backend fails.
    pub fn session(
        &self,
        backend: &dyn Backend,
        market: Arc<Market>,
    ) -> Result<Arc<dyn Session>, BackendError> {
        backend.load(market, Arc::clone(&self.program))?.session(Arc::clone(&self.draws))
    }

    /// Checks that these samples are among the plan's.
    ///
    /// # Errors
    /// They are not.
    pub fn check_samples(&self, samples: Numbers<'_>) -> Result<(), BackendError> {
        samples.check_below(self.samples)
    }

    /// Number of windows that differ by their position, of all samples: every position, or as many
    /// as there are states, if positions are in order; else what is expected of n states drawn at
    /// random, the sum over positions of 1 - (1 - p)^n, each with its share p of the draws.
    #[must_use]
    pub fn distinct_windows(&self) -> f64 {
        let positions = self.draws.positions.count() as f64;
        let states = self.states();
        match self.draws.sampler.order() {
            PositionOrder::Sequential => positions.min(states),
            PositionOrder::Random => {
                let ranks = self.draws.positions.ranks() as f64;
                let of_range = |range: &PositionRange| {
                    let share = range.copies as f64 / ranks;
                    let missed = libm::exp(states * libm::log1p(-share));
                    (range.end - range.start) as f64 * (1.0 - missed)
                };
                self.draws.positions.ranges().iter().map(of_range).sum()
            }
        }
    }

    /// Number of states of the samples.
    fn states(&self) -> f64 {
        self.samples.div_ceil(self.draws.sampler.actions_per_state()) as f64
    }

    /// Warnings for people before samples are built: a yearly reward that a short trade is
    /// raised to; windows that are drawn more than four times each; many entries at bars without a
    /// trade; symbols that get no sample.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let bars_per_year = self.program.reward.bars_per_year.rates().fold(0.0, f64::max);
        let trades = bars_per_year / self.program.forward as f64;
        if self.program.reward.metrics.contains(&Metric::Car) && trades > MOST_TRADES {
            warnings.push(format!(
                "reward.metric: car raises the return of one trade to the power of {trades:.1} \
                 (bars_per_year / forward), above {MOST_TRADES}, so most values are extreme or clipped; use a longer dataset.forward, log_return or pnl_pct"
            ));
        }
        let (states, positions) = (self.states(), self.draws.positions.count());
        if states > MOST_DRAWS * positions as f64 {
            let windows = self.distinct_windows();
            warnings.push(format!(
                "dataset.samples: {} samples of {positions} positions have about {windows:.0} \
                 distinct windows, each drawn about {:.0} times; use more bars, a shorter lookback or forward, or fewer samples to repeat less",
                self.samples,
                states / windows
            ));
        }
        if self.filled_entries > MOST_FILLED {
            warnings.push(format!(
                "data.empty_bars: about {:.0}% of the samples enter at a bar that \"fill\" made \
                 and that has no trades; use empty_bars = \"skip\" to leave such bars out, or a \
                     longer aggregate to get fewer",
                100.0 * self.filled_entries
            ));
        }
        if let Some((first, rest)) = self.unplaced.split_first() {
            let who = match rest.len() {
                0 => format!("symbol {first} has"),
                more => format!("symbol {first} and {more} more have"),
            };
            warnings.push(format!(
                "dataset.symbol_weights: {who} a weight and no position for lookback {} and forward \
                 {}, so {} no sample",
                self.program.lookback,
                self.program.forward,
                if rest.is_empty() { "it gets" } else { "they get" },
            ));
        }
        warnings
    }
}
