//! From a recipe and a market to plans.

use std::sync::Arc;

use barloom_backend::{Channel, Draws, Program};
use barloom_bars::{Market, is_missing};
use barloom_recipe::{Recipe, Samples};
use barloom_sampling::{FieldBounds, MAX_SAMPLES, Sampler};
use barloom_scaling::{ChannelScaler, FittedScalers, MetaField, MetaScaler, last_divisor, usable};
use barloom_splits::Part;
use barloom_windows::{MissingRows, PositionRange, Positions, Wanted, WindowsError};

use crate::fit::Columns;
use crate::{Plan, PlanError};

/// Resolves a recipe against a market: once what all parts share, then each part.
#[derive(Clone, Debug)]
pub struct Planner<'a> {
    recipe: &'a Recipe,
    market: &'a Market,
    program: Arc<Program>,
    /// Weights by series; none where they are lengths.
    weights: Option<Vec<f64>>,
}

impl<'a> Planner<'a> {
    /// Resolves what all parts share: O(bars).
    ///
    /// # Errors
    /// The recipe is wrong; the market lacks a channel or the weight of a symbol, or a channel
    /// holds a value that its scaler can't take.
    pub fn new(recipe: &'a Recipe, market: &'a Market) -> Result<Self, PlanError> {
        Self::of(recipe, market, None)
    }

    /// As [`new`](Self::new), with scalers that were fitted before: none is fitted.
    ///
    /// # Errors
    /// As [`new`](Self::new); a scaler that the recipe asks for is missing, or of other settings.
    pub fn with_scalers(
        recipe: &'a Recipe,
        market: &'a Market,
        scalers: &FittedScalers,
    ) -> Result<Self, PlanError> {
        Self::of(recipe, market, Some(scalers))
    }

    fn of(
        recipe: &'a Recipe,
        market: &'a Market,
        known: Option<&FittedScalers>,
    ) -> Result<Self, PlanError> {
        let columns = Columns { recipe, market, known };
        let (channels, snapshot) = (columns.channels()?, columns.snapshot()?);
        let key = |key: &'static str| move |channel: &Channel| check_values(key, channel, market);
        channels.iter().try_for_each(key("data.channels"))?;
        snapshot.iter().try_for_each(key("data.snapshot"))?;
        let weights = recipe.dataset.symbol_weights.of(market)?;
        let reward = recipe.reward_settings(market)?;
        let field = |b: FieldBounds| MetaField { name: b.name.to_owned(), min: b.lo, max: b.hi };
        let meta = MetaScaler { fields: recipe.sampling.bounds().map(field).to_vec() };
        let (lookback, forward) = (recipe.dataset.lookback, recipe.dataset.forward);
        let missing = MissingRows::new(market, names(&channels), names(&snapshot));
        let (labels, priced) = (Vec::new(), true);
        let program = Program {
            lookback,
            forward,
            channels,
            snapshot,
            reward,
            meta,
            missing,
            labels,
            priced,
        };
        let program = Arc::new(program);
        Ok(Self { recipe, market, program, weights })
    }

    /// The program, which all plans share.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The plan of one part of the split or, without one, of all bars.
    ///
    /// # Errors
    /// The recipe gives the part no sample, or 2^62 or more, or the market has no position for it.
    pub fn plan(&self, part: Option<&Part>) -> Result<Plan, PlanError> {
        let Self { recipe, market, program, weights } = self;
        let (lookback, forward) = (program.lookback, program.forward);
        let (weights, missing) = (weights.as_deref(), &program.missing);
        let wanted = Wanted { lookback, forward, part, weights, missing, rows: None };
        let positions = Positions::find(market, wanted).map_err(|error| match error {
            WindowsError::Weights { .. } | WindowsError::SmallWeight { .. } => {
                PlanError::SymbolWeights(error)
            }
            error => error.into(),
        })?;
        let unplaced = weights.map_or_else(Vec::new, |w| unplaced(market, &positions, w));
        let samples =
            match part.map_or(recipe.dataset.samples, |p| recipe.dataset.samples.of_part(p)) {
                Samples::All => every(positions.count(), recipe.dataset.actions_per_state)?,
                Samples::Count(count) => count,
            };
        if let (0, Some(part)) = (samples, part) {
            let (part, samples) = (part.name.clone(), recipe.dataset.samples.to_string());
            return Err(PlanError::NoSamples { part, samples });
        }
        let sampler = Sampler::new(
            &recipe.sampling,
            recipe.dataset.seed,
            part.map(|p| p.index),
            recipe.dataset.actions_per_state,
            recipe.dataset.positions,
            positions.ranks(),
        )?;
        let fills = recipe.data.aggregate.is_some_and(|made| made.fills());
        let filled_entries = if fills { filled_entries(market, &positions) } else { 0.0 };
        let draws = Arc::new(Draws { sampler, positions, labels: Vec::new() });
        let (program, part) = (Arc::clone(program), part.cloned());
        Ok(Plan { program, draws, samples, part, unplaced, filled_entries })
    }

    /// The plans of several parts, in their order.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn plans<'p>(
        &self,
        parts: impl IntoIterator<Item = &'p Option<Part>>,
    ) -> Result<Vec<Plan>, PlanError> {
        parts.into_iter().map(|part| self.plan(part.as_ref())).collect()
    }
}

fn names(columns: &[Channel]) -> impl Iterator<Item = &str> {
    columns.iter().map(|one| one.name.as_str())
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
fn every(positions: u64, actions_per_state: u64) -> Result<u64, PlanError> {
    let samples = positions.checked_mul(actions_per_state).filter(|n| *n < MAX_SAMPLES);
    samples.ok_or(PlanError::TooManySamples { positions, actions_per_state })
}

/// Every value that a window can hold must suit the channel's scaler, and no quotient of a value
/// and a close of its segment may be beyond `f32` where the scaler divides them. No window holds a
/// missing value.
fn check_values(key: &'static str, channel: &Channel, market: &Market) -> Result<(), PlanError> {
    let Some(column) = market.column(&channel.name) else {
        let names: Vec<&str> = market.columns().iter().map(|c| &*c.name).collect();
        let (channel, available) = (channel.name.clone(), names.join(", "));
        return Err(PlanError::MissingChannel { key, channel, available });
    };
    for segment in market.segments() {
        let values = &column[segment.start..segment.end];
        let series = segment.series as usize;
        let closes = &market.close()[segment.start..segment.end];
        let least = match channel.scaler {
            ChannelScaler::LastClose => closes.iter().copied().fold(f64::INFINITY, f64::min) as f32,
            ChannelScaler::Last => {
                let divisors = values.iter().filter(|x| !is_missing(**x));
                let divisors = divisors.map(|x| last_divisor(*x as f32).abs());
                divisors.fold(f32::INFINITY, f32::min)
            }
            _ => 1.0,
        };
        let fits = |value: f64| match &channel.fitted {
            _ if is_missing(value) => true,
            Some(fitted) => !is_missing(fitted.transform(series, value)),
            None => usable(channel.scaler, value) && (value as f32 / least).is_finite(),
        };
        if let Some(at) = values.iter().position(|value| !fits(*value)) {
            let span = &market.series()[series];
            let fitted = channel.fitted.as_ref().map(|one| one.of_series(series).kind().name());
            return Err(PlanError::UnusableValue {
                channel: channel.name.clone(),
                scaler: fitted.unwrap_or_else(|| channel.scaler.name()).to_owned(),
                value: values[at],
                symbol: span.symbol.clone(),
                bar: segment.start + at - span.start,
            });
        }
    }
    Ok(())
}
