//! The `[best]` table: the action that would have been best, among bounds.

use barloom_rewards::Metric;
use barloom_sampling::{Directions, Real, SamplingSettings};
use serde::{Serialize, Serializer};

use crate::choice::{self, Choice};
use crate::reader::{Entry, Table, as_number};
use crate::reward::RewardTable;
use crate::sampling::directions;
use crate::{Recipe, RecipeError};

pub(crate) const KEYS: &[&str] = &["directions", "stop", "target", "of"];

/// The columns of samples that the table adds.
pub(crate) const BEST_COLUMNS: [&str; 5] =
    ["best_dir", "best_stop", "best_target", "best_reward", "regret"];

/// The metrics for which the best action is one of finitely many.
const METRICS: [Metric; 5] =
    [Metric::Pnl, Metric::Return, Metric::PnlPct, Metric::LogReturn, Metric::Car];

const BOUNDS: &str = "a number above 0, or bounds [lo, hi]";

/// The `[best]` table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestSettings {
    /// The directions that an action may have, each once.
    pub directions: Vec<i8>,
    /// The bounds of stops, fractions of the entry price; none where barriers are ignored.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_bounds")]
    pub stop: Option<[f64; 2]>,
    /// The bounds of targets, fractions of the entry price; none where barriers are ignored.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_bounds")]
    pub target: Option<[f64; 2]>,
    /// The metric that the best action has the most of.
    #[serde(serialize_with = "choice::serialize")]
    pub of: Metric,
}

fn serialize_bounds<S: Serializer>(bounds: &Option<[f64; 2]>, to: S) -> Result<S::Ok, S::Error> {
    match bounds {
        Some([lo, hi]) if lo == hi => to.serialize_f64(*lo),
        bounds => bounds.serialize(to),
    }
}

impl BestSettings {
    /// Reads the table. Keys that are not written have the values of what is drawn and rewarded.
    pub(crate) fn read(
        table: &Table<'_>,
        sampling: &SamplingSettings,
        reward: &RewardTable,
    ) -> Result<Self, RecipeError> {
        let barrier = |key: &str, drawn: &Real| -> Result<Option<[f64; 2]>, RecipeError> {
            let written = table.read(key, |e| match as_number(e.value) {
                Some(number) => Ok([number; 2]),
                None => e.pair().map_err(|_| e.expected(BOUNDS)),
            })?;
            let (lo, hi) = drawn.bounds();
            Ok(written.or(reward.honours_barriers().then_some([lo, hi])))
        };
        let written = table.read("directions", directions)?;
        let of = table.read("of", Entry::choice)?;
        Ok(Self {
            directions: match written {
                Some(Directions(written)) => written,
                None => distinct(&sampling.act_dir),
            },
            stop: barrier("stop", &sampling.act_sl)?,
            target: barrier("target", &sampling.act_tp)?,
            of: of.or(reward.metrics.first().copied()).unwrap_or(Metric::Return),
        })
    }

    pub(crate) fn validate(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let Recipe { sampling, reward, .. } = recipe;
        if !recipe.is_priced() {
            let because = "with actions = \"none\", which takes no action";
            return Err(RecipeError::does_not_apply("best", because));
        }
        let expected = "a list of directions, each 1, -1 or 0 and once";
        let is_known = |direction: &i8| (-1..=1).contains(direction);
        let twice = distinct(&Directions(self.directions.clone())) != self.directions;
        if self.directions.is_empty() || !self.directions.iter().all(is_known) || twice {
            let got = format!("{:?}", self.directions);
            return Err(RecipeError::expected("best.directions", expected, &got));
        }
        let drawn = distinct(&sampling.act_dir);
        if let Some(other) = drawn.iter().find(|direction| !self.directions.contains(direction)) {
            let problem = format!(
                "sampling.act_dir draws {other}, which is not among {:?}: the best action must be \
                 the best of all that are drawn; add it",
                self.directions
            );
            return Err(RecipeError::conflict("best.directions", problem));
        }
        for (key, bounds, drawn) in
            [("stop", self.stop, &sampling.act_sl), ("target", self.target, &sampling.act_tp)]
        {
            check_bounds(key, bounds, drawn, reward)?;
        }
        if !METRICS.contains(&self.of) {
            let known: Vec<String> =
                METRICS.iter().map(|one| format!("{:?}", one.word())).collect();
            let problem = format!(
                "the best action by {:?} is not known; write of = one of {}",
                self.of.word(),
                known.join(", ")
            );
            return Err(RecipeError::conflict("best.of", problem));
        }
        if !reward.metrics.contains(&self.of) {
            let known: Vec<&str> = reward.metrics.iter().map(|one| one.word()).collect();
            let problem = format!(
                "{:?} is not among reward.metric, {}: the regret is less the sample's own reward; add \
                 it there, or choose one of these",
                self.of.word(),
                known.join(", ")
            );
            return Err(RecipeError::conflict("best.of", problem));
        }
        if reward.carry_bps < 0.0 {
            let problem = "with [best] it must be 0 or more: where carry is earned, the best exit is \
                           not at a record of prices";
            return Err(RecipeError::conflict("reward.carry_bps", problem));
        }
        Ok(())
    }
}

/// Checks the bounds of a barrier beside the distances that are drawn.
fn check_bounds(
    key: &str,
    bounds: Option<[f64; 2]>,
    drawn: &Real,
    reward: &RewardTable,
) -> Result<(), RecipeError> {
    let path = format!("best.{key}");
    let Some([lo, hi]) = bounds else {
        if reward.honours_barriers() {
            return Err(RecipeError::expected(&path, BOUNDS, &"none"));
        }
        return Ok(());
    };
    if !reward.honours_barriers() {
        let because = "where barriers are ignored: the best action is long, short or hold";
        return Err(RecipeError::does_not_apply(path, because));
    }
    if !(lo > 0.0 && lo <= hi && hi.is_finite()) {
        return Err(RecipeError::expected(&path, BOUNDS, &format!("[{lo}, {hi}]")));
    }
    let (least, most) = drawn.bounds();
    if lo > least || hi < most {
        let of = if key == "stop" { "act_sl" } else { "act_tp" };
        let problem = format!(
            "[{lo}, {hi}] does not hold all of sampling.{of}, {least} to {most}: the best action must \
             be the best of all that are drawn; widen it"
        );
        return Err(RecipeError::conflict(path, problem));
    }
    Ok(())
}

/// The directions, each once, in the order of their first place.
fn distinct(directions: &Directions) -> Vec<i8> {
    let mut distinct: Vec<i8> = Vec::new();
    for direction in &directions.0 {
        if !distinct.contains(direction) {
            distinct.push(*direction);
        }
    }
    distinct
}
