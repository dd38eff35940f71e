//! A recipe resolved against a market, for one part.

use barloom_bars::{EmptyBars, Market, Part};
use barloom_recipe::{Recipe, Samples};
use barloom_rewards::{Metric, RewardSettings};
use barloom_sampling::{MAX_SAMPLES, PositionOrder, Sampler};
use barloom_scaling::{ChannelScaler, MetaField, MetaScaler, usable};
use barloom_windows::{PositionRange, Positions, WindowsError};

use crate::{BackendError, BlockShape, Numbers, WindowLayout};

/// Trades of F bars a year up to which their return may well be compounded over one: one a week.
const MOST_TRADES: f64 = 52.0;

/// How often a window may be drawn on average before it is worth a warning.
const MOST_DRAWS: f64 = 4.0;

/// Share of entries on filled bars above which it is worth a warning.
const MOST_FILLED: f64 = 0.1;

/// A channel of the windows.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanChannel {
    /// The market's column.
    pub name: String,
    /// How its windows are scaled.
    pub scaler: ChannelScaler,
}

/// Everything a backend needs to know beside the market: what sample i is, for one part.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many samples there are.
    pub samples: u64,
    /// The part of the split; none without one.
    pub part: Option<Part>,
    /// L in bars.
    pub lookback: usize,
    /// F in bars.
    pub forward: usize,
    /// Channels in recipe order.
    pub channels: Vec<PlanChannel>,
    /// Draws of sample i.
    pub sampler: Sampler,
    /// Where samples may stand.
    pub positions: Positions,
    /// Symbols that have a weight and no position, so no sample. Empty where weights are lengths.
    pub unplaced: Vec<String>,
    /// Share of the draws that stand at a bar that `empty_bars = "fill"` made, where nothing was
    /// traded; 0 where it did not.
    pub filled_entries: f64,
    /// How actions are priced.
    pub reward: RewardSettings,
    /// How the nine meta fields scale.
    pub meta: MetaScaler,
}

impl Plan {
    /// Resolves a recipe against a market, for one part of its split or, without one, whole.
    ///
    /// # Errors
    /// The recipe is wrong, gives the part no sample, or asks for 2^62 or more; the market has no
    /// position for it, lacks a channel, or a channel holds a value that its scaler can't take.
    pub fn new(
        recipe: &Recipe,
        market: &Market,
        part: Option<&Part>,
    ) -> Result<Self, BackendError> {
        let (lookback, forward) = (recipe.dataset.lookback, recipe.dataset.forward);
        let channels: Vec<PlanChannel> = recipe
            .data
            .channels
            .iter()
            .map(|name| PlanChannel { name: name.clone(), scaler: recipe.channel_scaler(name) })
            .collect();
        channels.iter().try_for_each(|channel| check_values(channel, market))?;
        let weights = recipe.dataset.symbol_weights.of(market)?;
        let positions = match &weights {
            None => Positions::new(market, lookback, forward, part),
            Some(weights) => Positions::weighted(market, lookback, forward, part, weights),
        };
        let positions = positions.map_err(|error| match error {
            WindowsError::Weights { .. } | WindowsError::SmallWeight { .. } => {
                BackendError::SymbolWeights(error)
            }
            error => error.into(),
        })?;
        let unplaced = weights.map_or_else(Vec::new, |w| unplaced(market, &positions, &w));
        let samples =
            match part.map_or(recipe.dataset.samples, |p| recipe.dataset.samples.of_part(p)) {
                Samples::All => every(positions.count(), recipe.dataset.actions_per_state)?,
                Samples::Count(count) => count,
            };
        if let (0, Some(part)) = (samples, part) {
            let (part, samples) = (part.name.clone(), recipe.dataset.samples.to_string());
            return Err(BackendError::NoSamples { part, samples });
        }
        let sampler = Sampler::new(
            &recipe.sampling,
            recipe.dataset.seed,
            part.map(|p| p.index),
            recipe.dataset.actions_per_state,
            recipe.dataset.positions,
            positions.ranks(),
        )?;
        let reward = recipe.reward_settings(market)?;
        let fills =
            recipe.data.aggregate.as_ref().is_some_and(|made| made.empty == EmptyBars::Fill);
        let filled_entries = if fills { filled_entries(market, &positions) } else { 0.0 };
        let field = |b: barloom_sampling::FieldBounds| MetaField {
            name: b.name.to_owned(),
            min: b.lo,
            max: b.hi,
        };
        let meta = MetaScaler { fields: recipe.sampling.bounds().map(field).to_vec() };
        let part = part.cloned();
        Ok(Self {
            samples,
            part,
            lookback,
            forward,
            channels,
            sampler,
            positions,
            unplaced,
            filled_entries,
            reward,
            meta,
        })
    }

    /// How many windows differ by their position, of all samples: every position, or as many as
    /// there are states, if positions are in order; else what is expected of n states drawn at
    /// random, the sum over positions of 1 - (1 - p)^n, each with its share p of the draws.
    #[must_use]
    pub fn distinct_windows(&self) -> f64 {
        let positions = self.positions.count() as f64;
        let states = self.states();
        match self.sampler.order() {
            PositionOrder::Sequential => positions.min(states),
            PositionOrder::Random => {
                let ranks = self.positions.ranks() as f64;
                let of_range = |range: &PositionRange| {
                    let share = range.copies as f64 / ranks;
                    let missed = libm::exp(states * libm::log1p(-share));
                    (range.end - range.start) as f64 * (1.0 - missed)
                };
                self.positions.ranges().iter().map(of_range).sum()
            }
        }
    }

    /// How many states samples are of.
    fn states(&self) -> f64 {
        self.samples.div_ceil(self.sampler.actions_per_state()) as f64
    }

    /// What a person should know before samples are built: a yearly reward that a short trade is
    /// raised to; windows that are drawn more than four times each; many entries at bars without a
    /// trade; symbols that get no sample.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let bars_per_year = self.reward.bars_per_year.rates().fold(0.0, f64::max);
        let trades = bars_per_year / self.forward as f64;
        if self.reward.metrics.contains(&Metric::Car) && trades > MOST_TRADES {
            warnings.push(format!(
                "reward.metric: car raises the return of one trade to the power of {trades:.1} \
                 (bars_per_year / forward), above {MOST_TRADES}, so most of it is extreme or \
                 clipped; a longer dataset.forward, log_return or pnl_pct would tell more"
            ));
        }
        let (states, positions) = (self.states(), self.positions.count());
        if states > MOST_DRAWS * positions as f64 {
            let windows = self.distinct_windows();
            warnings.push(format!(
                "dataset.samples: {} samples of {positions} positions have about {windows:.0} \
                 distinct windows, each drawn about {:.0} times; more bars, a shorter lookback or \
                 forward, or fewer samples would repeat less",
                self.samples,
                states / windows
            ));
        }
        if self.filled_entries > MOST_FILLED {
            warnings.push(format!(
                "data.empty_bars: about {:.0}% of the samples enter at a bar that \"fill\" made, in \
                 which nothing was traded; empty_bars = \"skip\" leaves such bars out, and a longer \
                 aggregate has fewer of them",
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
                self.lookback,
                self.forward,
                if rest.is_empty() { "it gets" } else { "they get" },
            ));
        }
        warnings
    }

    /// The shape of this plan's blocks.
    #[must_use]
    pub fn block_shape(&self) -> BlockShape {
        BlockShape {
            lookback: self.lookback,
            channels: self.channels.len(),
            metrics: self.reward.metrics.len(),
            layout: WindowLayout::PerChannel,
            rows_per_window: 1,
        }
    }

    /// Checks that these samples are the plan's.
    ///
    /// # Errors
    /// They are not.
    pub fn check_samples(&self, samples: Numbers<'_>) -> Result<(), BackendError> {
        let (first, end) = match samples {
            Numbers::Range { first, rows } => (first, first.saturating_add(rows as u64)),
            Numbers::Listed(list) => {
                let greatest = list.iter().copied().max().unwrap_or(0);
                (greatest, greatest.saturating_add(u64::from(!list.is_empty())))
            }
        };
        if end > self.samples {
            return Err(BackendError::OutOfRange { first, end, samples: self.samples });
        }
        Ok(())
    }

    /// Checks that these samples are the plan's and can be put in blocks of this shape.
    ///
    /// # Errors
    /// They are not the plan's; the shape is of another plan; rows that would share a window are
    /// of different states.
    pub fn check(&self, samples: Numbers<'_>, shape: BlockShape) -> Result<(), BackendError> {
        self.check_samples(samples)?;
        let expected = self.block_shape();
        if !shape.fits(&expected) {
            return Err(BackendError::BlockShape { got: shape, expected });
        }
        let (every, actions) = (shape.rows_per_window, self.sampler.actions_per_state());
        if every > 1 {
            let state = |row: usize| samples.get(row) / actions;
            let other = |row: &usize| state(*row) != state(row - row % every);
            if let Some(row) = (0..samples.len()).find(other) {
                return Err(BackendError::StatesApart {
                    sample: samples.get(row),
                    other: samples.get(row - row % every),
                    actions_per_state: actions,
                });
            }
        }
        Ok(())
    }
}

/// Share of the draws at bars that were filled: at the close before, with no volume.
fn filled_entries(market: &Market, positions: &Positions) -> f64 {
    let volume = market.column("volume");
    let is_filled = |row: usize| {
        let before = market.close()[row - 1];
        let prices = [market.open(), market.high(), market.low(), market.close()];
        prices.iter().all(|column| column[row] == before)
            && volume.is_none_or(|volume| volume[row] == 0.0)
    };
    let of_range = |range: &PositionRange| {
        let filled = (range.start.max(1)..range.end).filter(|row| is_filled(*row)).count();
        filled as f64 * range.copies as f64
    };
    let filled: f64 = positions.ranges().iter().map(of_range).sum();
    filled / positions.ranks() as f64
}

/// Symbols with a weight and no position.
fn unplaced(market: &Market, positions: &Positions, weights: &[f64]) -> Vec<String> {
    let mut placed = vec![false; weights.len()];
    positions.ranges().iter().for_each(|range| placed[range.series as usize] = true);
    let series = market.series().iter().zip(weights).zip(placed);
    let series = series.filter(|((_, weight), placed)| **weight > 0.0 && !placed);
    series.map(|((span, _), _)| span.symbol.clone()).collect()
}

/// Every position, with each of its actions.
fn every(positions: u64, actions_per_state: u64) -> Result<u64, BackendError> {
    let samples = positions.checked_mul(actions_per_state).filter(|n| *n < MAX_SAMPLES);
    samples.ok_or(BackendError::TooManySamples { positions, actions_per_state })
}

/// Every value that a window can hold must suit the channel's scaler, and no quotient of a value
/// and a close of its segment may be beyond `f32` where the scaler divides them.
fn check_values(channel: &PlanChannel, market: &Market) -> Result<(), BackendError> {
    let Some(column) = market.column(&channel.name) else {
        let names: Vec<&str> = market.columns().iter().map(|c| &*c.name).collect();
        let (channel, available) = (channel.name.clone(), names.join(", "));
        return Err(BackendError::MissingChannel { channel, available });
    };
    for segment in market.segments() {
        let values = &column[segment.start..segment.end];
        let closes = &market.close()[segment.start..segment.end];
        let least = match channel.scaler {
            ChannelScaler::LastClose => closes.iter().copied().fold(f64::INFINITY, f64::min),
            _ => 1.0,
        };
        let fits =
            |value: f64| usable(channel.scaler, value) && (value as f32 / least as f32).is_finite();
        if let Some(at) = values.iter().position(|value| !fits(*value)) {
            let span = &market.series()[segment.series as usize];
            return Err(BackendError::UnusableValue {
                channel: channel.name.clone(),
                scaler: channel.scaler.to_string(),
                value: values[at],
                symbol: span.symbol.clone(),
                bar: segment.start + at - span.start,
            });
        }
    }
    Ok(())
}
