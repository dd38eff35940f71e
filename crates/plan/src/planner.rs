//! From a recipe and a market to plans.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use barloom_backend::{Channel, Draws, Program};
use barloom_bars::{Market, is_missing};
use barloom_labels::{LabelColumn, Values, weight_field};
use barloom_recipe::{Classes, LabelSettings, Recipe, Samples};
use barloom_sampling::{FieldBounds, MAX_SAMPLES, PositionOrder, Sampler};
use barloom_scaling::{ChannelScaler, FittedScalers, MetaField, MetaScaler, last_divisor, usable};
use barloom_schema::Field;
use barloom_splits::{Fold, Part, Role};
use barloom_windows::{MissingRows, PositionRange, Positions, Wanted, WindowsError};

use crate::best::BestActions;
use crate::classes::{Source, classify};
use crate::fit::Columns;
use crate::folds::{Parts, intersection};
use crate::labelled::Labelled;
use crate::weights::Of;
use crate::{Plan, PlanError};

/// Resolves a recipe against a market: once what all parts share, then each part.
#[derive(Clone, Debug)]
pub struct Planner<'a> {
    recipe: &'a Recipe,
    market: &'a Market,
    labelled: Labelled,
    best: Option<BestActions>,
    parts: Parts,
    /// What parts share, by fold: one entry, 0, where folds share it too.
    shared: BTreeMap<usize, Shared>,
    /// Weights by series; none where they are lengths.
    weights: Option<Vec<f64>>,
}

/// What the parts of one fold share, or all parts.
#[derive(Clone, Debug)]
struct Shared {
    program: Arc<Program>,
    /// The columns of labels, in the order of the program's.
    labels: Vec<LabelColumn>,
    /// Notes on what was fitted.
    notes: Vec<String>,
}

impl<'a> Planner<'a> {
    /// Resolves what parts share: O(bars), for each fold where scalers or classes are fitted.
    ///
    /// # Errors
    /// The recipe is wrong; the market lacks a channel or the weight of a symbol, or a channel
    /// holds a value that its scaler can't take; the split does not fit the market; a label cannot
    /// be computed.
    pub fn new(recipe: &'a Recipe, market: &'a Market) -> Result<Self, PlanError> {
        Self::of(recipe, market, None)
    }

    /// As [`new`](Self::new), with scalers and edges of classes that were fitted before: nothing is
    /// fitted. `scalers` has those of each fold whose parts are to be planned, by its number; of a
    /// recipe without folds those of fold 0.
    ///
    /// # Errors
    /// As [`new`](Self::new); what the recipe asks for is missing, or of other settings.
    pub fn with_scalers<'s>(
        recipe: &'a Recipe,
        market: &'a Market,
        scalers: impl IntoIterator<Item = (usize, &'s FittedScalers)>,
    ) -> Result<Self, PlanError> {
        Self::of(recipe, market, Some(&scalers.into_iter().collect()))
    }

    fn of(
        recipe: &'a Recipe,
        market: &'a Market,
        known: Option<&BTreeMap<usize, &FittedScalers>>,
    ) -> Result<Self, PlanError> {
        let labelled = Labelled::new(recipe, market)?;
        let parts = Parts::new(recipe, market, &labelled)?;
        let weights = recipe.dataset.symbol_weights.of(market)?;
        let shared = BTreeMap::new();
        let best = BestActions::new(recipe, market)?;
        let mut planner = Self { recipe, market, labelled, best, parts, shared, weights };
        let folds = match known {
            // Nothing is fitted, so nothing differs.
            _ if !recipe.is_fitted() => vec![0],
            Some(known) => known.keys().copied().collect(),
            None => (0..planner.parts.folds.len().max(1)).collect(),
        };
        let shared: Result<_, PlanError> = folds
            .into_iter()
            .map(|fold| {
                let known = known.and_then(|known| known.get(&fold)).copied();
                Ok((fold, planner.share(fold, known)?))
            })
            .collect();
        planner.shared = shared?;
        Ok(planner)
    }

    /// What the parts of a fold share.
    fn share(&self, fold: usize, known: Option<&FittedScalers>) -> Result<Shared, PlanError> {
        let Self { recipe, market, labelled, parts, .. } = self;
        let columns = Columns { recipe, market, parts, fold, known };
        let (channels, snapshot) = (columns.channels()?, columns.snapshot()?);
        let key = |key: &'static str| move |channel: &Channel| check_values(key, channel, market);
        channels.iter().try_for_each(key("data.channels"))?;
        snapshot.iter().try_for_each(key("data.snapshot"))?;
        let (mut labels, mut classes, mut notes) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (label, table) in recipe.labels.iter().zip(&labelled.tables) {
            let rows = self.class_rows(fold, label);
            let source = known.map_or(Source::Rows(rows.as_deref()), |k| Source::Known(&k.classes));
            let classified = classify(label, table, source)?;
            labels.extend(table.columns.iter().cloned());
            labels.extend(classified.columns);
            classes.extend(classified.fitted);
            notes.extend(classified.notes);
        }
        let mut fields: Vec<Field> = labels.iter().map(LabelColumn::field).collect();
        fields.extend(recipe.weights.as_ref().map(|_| weight_field()));
        if let Some(best) = &self.best {
            fields.extend(best.columns.iter().map(LabelColumn::field));
            fields.extend(best.judged.iter().cloned());
        }
        let field = |b: FieldBounds| MetaField { name: b.name.to_owned(), min: b.lo, max: b.hi };
        let priced = recipe.reward.is_priced();
        let program = Program {
            lookback: recipe.dataset.lookback,
            forward: if priced { recipe.dataset.forward } else { 1 },
            reward: recipe.reward_settings(market)?,
            meta: MetaScaler { fields: recipe.sampling.bounds().map(field).to_vec() },
            missing: MissingRows::new(market, names(&channels), names(&snapshot)),
            channels,
            snapshot,
            labels: fields,
            classes,
            priced,
        };
        Ok(Shared { program: Arc::new(program), labels, notes })
    }

    /// The rows that classes of a label are fitted to; none for all rows.
    fn class_rows(&self, fold: usize, label: &LabelSettings) -> Option<Vec<Range<usize>>> {
        let Self { market, labelled, parts, .. } = self;
        let name = label.classes.as_ref().and_then(Classes::fit);
        let is_it = |part: &&Part| match part.role() {
            Some(role) => role.fold as usize == fold && Some(role.role.name()) == name,
            None => Some(part.name.as_str()) == name,
        };
        labelled.rows(market, parts.parts.iter().find(is_it))
    }

    /// The parts of the recipe's split in the order of their streams; one `None` without a split.
    #[must_use]
    pub fn parts(&self) -> Vec<Option<Part>> {
        let parts = &self.parts.parts;
        if parts.is_empty() { vec![None] } else { parts.iter().cloned().map(Some).collect() }
    }

    /// The folds of the recipe's split; none without folds.
    #[must_use]
    pub fn folds(&self) -> &[Fold] {
        &self.parts.folds
    }

    /// The program, which plans share; that of the first fold that was asked for, where folds
    /// differ in what is fitted.
    ///
    /// # Panics
    /// Scalers of no fold were given.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        let first = self.shared.values().next();
        &first.expect("what a fold shares").program
    }

    /// The program of a part.
    ///
    /// # Panics
    /// The part is of a fold whose scalers were not given.
    #[must_use]
    pub fn program_of(&self, part: Option<&Part>) -> &Arc<Program> {
        &self.shared_of(part).program
    }

    fn shared_of(&self, part: Option<&Part>) -> &Shared {
        let fold = if self.recipe.is_fitted() { Parts::fold_of(part) } else { 0 };
        self.shared.get(&fold).expect("the scalers of the part's fold")
    }

    /// The plan of one part of the split or, without one, of all bars.
    ///
    /// # Errors
    /// The recipe gives the part no sample, or 2^62 or more, or the market has no position for it.
    /// Only parts that are tested on or validated with may have no sample.
    ///
    /// # Panics
    /// The part is of a fold whose scalers were not given.
    pub fn plan(&self, part: Option<&Part>) -> Result<Plan, PlanError> {
        let Self { recipe, market, labelled, weights, .. } = self;
        let Shared { program, labels, notes } = self.shared_of(part);
        let role = part.and_then(Part::role);
        let is_judged = role.is_some_and(|role| role.role != Role::Train);
        let positions = self.positions(program, part, is_judged)?;
        let unplaced = match weights {
            Some(weights) if !is_judged => unplaced(market, &positions, weights),
            _ => Vec::new(),
        };
        let sampler = Sampler::new(
            &recipe.sampling,
            recipe.dataset.seed,
            part.map(|p| p.index),
            recipe.dataset.actions_per_state,
            if is_judged { PositionOrder::Sequential } else { recipe.dataset.positions },
            positions.ranks().max(1),
        )?;
        let actions = sampler.actions_per_state();
        let all = || every(positions.count(), actions);
        let is_listed = !sampler.grid().is_empty();
        if let (Samples::Count(samples), true) = (recipe.dataset.samples, is_listed)
            && !samples.is_multiple_of(actions)
        {
            return Err(PlanError::PartialGroup { samples, actions });
        }
        let samples =
            match part.map_or(recipe.dataset.samples, |p| recipe.dataset.samples.of_part(p)) {
                _ if is_judged => all()?,
                Samples::All => all()?,
                Samples::Count(count) if is_listed => count - count % actions,
                Samples::Count(count) => count,
            };
        if let (0, Some(part), false) = (samples, part, is_judged) {
            let (part, samples) = (part.name.clone(), recipe.dataset.samples.to_string());
            return Err(PlanError::NoSamples { part, samples });
        }
        let fills = recipe.data.aggregate.is_some_and(|made| made.fills());
        let filled_entries = if fills { filled_entries(market, &positions) } else { 0.0 };
        let mut values: Vec<Values> = labels.iter().map(|column| column.values.clone()).collect();
        if let Some(settings) = &recipe.weights {
            let tables = &labelled.tables;
            let of = Of { recipe, market, tables, columns: labels };
            let rows: Vec<_> = positions.ranges().iter().map(|one| one.start..one.end).collect();
            values.push(Values::F32(of.weights(settings, &rows)?.into()));
        }
        if let Some(best) = &self.best {
            values.extend(best.columns.iter().map(|column| column.values.clone()));
        }
        let best = self.best.as_ref().map(|best| best.profits.clone());
        let draws = Arc::new(Draws { sampler, positions, labels: values, best });
        Ok(Plan {
            program: Arc::clone(program),
            draws,
            samples,
            part: part.cloned(),
            unplaced,
            filled_entries,
            notes: notes.clone(),
            decisions: self.decisions(part).into(),
        })
    }

    /// The positions of a part's samples.
    fn positions(
        &self,
        program: &Program,
        part: Option<&Part>,
        may_be_none: bool,
    ) -> Result<Positions, PlanError> {
        let Self { market, labelled, weights, .. } = self;
        let rows = labelled.rows(market, part);
        let wanted = Wanted {
            lookback: program.lookback,
            forward: program.forward,
            part,
            weights: weights.as_deref().filter(|_| !may_be_none),
            missing: &program.missing,
            rows: rows.as_deref(),
        };
        match Positions::find(market, wanted) {
            Err(error) if error.is_without_positions() && may_be_none => Ok(Positions::none()),
            Err(error)
                if error.is_without_positions()
                    && labelled.decisions.as_ref().is_some_and(Vec::is_empty) =>
            {
                let dataset = &self.recipe.dataset;
                Err(PlanError::NoDecisions {
                    by_where: dataset.condition.is_some(),
                    by_session: dataset.session.is_some(),
                })
            }
            Err(error) if error.is_without_positions() => Err(match part.and_then(Part::role) {
                Some(role) if role.rows.is_empty() => PlanError::EmptyRole {
                    part: part.map_or_else(String::new, |part| part.name.clone()),
                    purged: role.purged,
                    embargoed: role.embargoed,
                },
                _ => error.into(),
            }),
            Err(error @ (WindowsError::Weights { .. } | WindowsError::SmallWeight { .. })) => {
                Err(PlanError::SymbolWeights(error))
            }
            found => Ok(found?),
        }
    }

    /// The arena rows of a part on which decisions may be taken, with labels or without, ascending
    /// and disjoint: all inputs are there, and the recipe's `where` and `session` allow it.
    #[must_use]
    pub fn decisions(&self, part: Option<&Part>) -> Vec<Range<usize>> {
        let Self { market, labelled, .. } = self;
        let program = self.program_of(part);
        let of_part = match part {
            None => market.series().iter().map(|span| span.start..span.end).collect(),
            Some(part) => match part.role() {
                Some(role) => role.bars(market),
                None => (0..market.series().len())
                    .map(|series| part.label_rows(market, series))
                    .collect(),
            },
        };
        let rows = match &labelled.decisions {
            None => of_part,
            Some(decisions) => intersection(&of_part, decisions),
        };
        let (lookback, missing) = (program.lookback, &program.missing);
        let (forward, part, weights, rows) = (1, None, None, Some(&rows[..]));
        let wanted = Wanted { lookback, forward, part, weights, missing, rows };
        let found = Positions::find(market, wanted);
        let ranges = found.iter().flat_map(Positions::ranges);
        ranges.map(|range| range.start..range.end).collect()
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
