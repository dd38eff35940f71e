//! The best action of each bar.

use std::sync::Arc;

use barloom_backend::BestProfits;
use barloom_bars::Market;
use barloom_labels::{LabelColumn, Values};
use barloom_recipe::{BestSettings, Recipe};
use barloom_rewards::{Best, Choices, MarketIndex, Pricer, Prices};
use barloom_schema::{DType, Field, Logical, Role};
use rayon::prelude::*;

use crate::PlanError;

/// The best action of each bar, among the bounds of a recipe.
#[derive(Clone, Debug)]
pub(crate) struct BestActions {
    /// Its direction, and its distances where barriers are honoured.
    pub(crate) columns: Vec<LabelColumn>,
    /// The fields of its reward and of the regret.
    pub(crate) judged: [Field; 2],
    /// Its profits.
    pub(crate) profits: BestProfits,
}

impl BestActions {
    /// The best actions on a market; none where the recipe asks for none.
    ///
    /// # Errors
    /// The settings are wrong.
    pub(crate) fn new(recipe: &Recipe, market: &Market) -> Result<Option<Self>, PlanError> {
        let Some(best) = &recipe.best else { return Ok(None) };
        let settings = recipe.reward_settings(market)?;
        let honoured = best.stop.zip(best.target);
        // Where barriers are ignored, distances have no effect.
        let (stop, target) = honoured.unwrap_or(([1.0; 2], [1.0; 2]));
        let choices = Choices { directions: best.directions.clone(), stop, target, of: best.of };
        choices.validate(&settings)?;
        let forward = settings.forward;
        let index = Arc::new(MarketIndex::new(Prices::from(market.prices()))?);
        let pricer = Pricer::new(index, settings)?;
        let none = Best { direction: 0, stop: 0.0, target: 0.0, unit_return: 0.0 };
        let mut found = vec![none; market.len()];
        for segment in market.segments() {
            let end = (segment.end + 1).saturating_sub(forward).max(segment.start);
            let rows = segment.start..end;
            let places = found[rows.clone()].par_iter_mut();
            places.zip(rows).for_each(|(place, row)| *place = pricer.best(row, &choices));
        }
        Ok(Some(Self::of(best, recipe, &found, honoured.is_some())))
    }

    fn of(best: &BestSettings, recipe: &Recipe, found: &[Best], is_honoured: bool) -> Self {
        let reals = |of: fn(&Best) -> f64| Values::F64(found.iter().map(of).collect());
        let direction = found.iter().map(|one| one.direction);
        let directions = Values::I8(direction.clone().collect());
        let column = |name: &str, values, unit: &'static str, doc: &str| {
            let (name, doc) = (name.to_owned(), format!("{doc} of the best action"));
            LabelColumn { name, values, unit, doc }
        };
        let mut columns =
            vec![column("best_dir", directions, "", "direction (1 long, -1 short, 0 hold)")];
        if is_honoured {
            let stop = column("best_stop", reals(|one| one.stop), "fraction", "stop distance");
            let target =
                column("best_target", reals(|one| one.target), "fraction", "target distance");
            columns.extend([stop, target]);
        }
        let metric = recipe.reward.metrics.iter().position(|metric| *metric == best.of);
        let of = best.of.name();
        let profits = BestProfits {
            direction: direction.collect(),
            unit_return: found.iter().map(|one| one.unit_return).collect(),
            metric: metric.unwrap_or(0),
        };
        let judged = [
            real("best_reward", format!("{of} of the best action, with the sample's dollars")),
            real("regret", format!("best_reward less the sample's own {of}")),
        ];
        Self { columns, judged, profits }
    }
}

fn real(name: &str, doc: String) -> Field {
    Field {
        name: name.to_owned(),
        dtype: DType::F64,
        logical: Logical::Number,
        shape: Vec::new(),
        names: Vec::new(),
        role: Role::Label,
        unit: String::new(),
        doc,
    }
}
