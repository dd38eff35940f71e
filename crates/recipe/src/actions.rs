//! Settings that apply to some sources of actions alone.

use barloom_rewards::{Entry, Formulas};
use barloom_sampling::{ActionSource, Real, SamplingSettings};

use crate::dataset::DatasetSettings;
use crate::reader::Table;
use crate::reward::RewardTable;
use crate::{Recipe, RecipeError, sampling};

/// Refuses keys that are written and apply to other sources of actions.
pub(crate) fn refuse_written(
    root: &Table<'_>,
    actions: ActionSource,
    has_labels: bool,
) -> Result<(), RecipeError> {
    let refuse = |table: &str, applies: &dyn Fn(&str) -> bool| -> Result<(), RecipeError> {
        match root.table(table)?.entries().iter().find(|entry| !applies(entry.name)) {
            Some(entry) => {
                entry.at(Err(RecipeError::does_not_apply(entry.key.clone(), because(actions))))
            }
            None => Ok(()),
        }
    };
    let known = |key: &str| sampling::KEYS.contains(&key);
    match actions {
        ActionSource::Random => Ok(()),
        ActionSource::Grid => refuse("dataset", &|key| key != "actions_per_state"),
        ActionSource::None => {
            refuse("dataset", &|key| key != "forward" && key != "actions_per_state")?;
            refuse("sampling", &|key| key == "actions" || !known(key))?;
            refuse("reward", &|key| key == "metric" || key == "entry" && has_labels)
        }
    }
}

fn because(actions: ActionSource) -> &'static str {
    match actions {
        ActionSource::Grid => "with actions = \"grid\", which gives the number of actions",
        _ => "with actions = \"none\": no action is drawn or priced",
    }
}

impl Recipe {
    /// False with `actions = "none"` and `metric = "none"`: samples have windows and labels alone.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.reward.is_priced()
    }

    /// The price at which trades open, and from which labels count.
    #[must_use]
    pub fn entry(&self) -> Entry {
        match self.reward.formulas {
            Formulas::V1 => self.reward.entry.unwrap_or(Entry::NextOpen),
            Formulas::FrelV1 => Entry::NextClose,
        }
    }

    /// Checks the settings beside the source of actions.
    pub(crate) fn validate_actions(&self) -> Result<(), RecipeError> {
        let source = self.sampling.actions;
        let refused = |key: &str| Err(RecipeError::does_not_apply(key, because(source)));
        match source {
            ActionSource::None => self.validate_no_actions(),
            _ if !self.is_priced() => {
                let problem = "\"none\" goes with sampling.actions = \"none\" alone; add that, or \
                               name a metric";
                Err(RecipeError::conflict("reward.metric", problem))
            }
            ActionSource::Random => Ok(()),
            ActionSource::Grid if self.dataset.actions_per_state != 1 => {
                refused("dataset.actions_per_state")
            }
            ActionSource::Grid => {
                let SamplingSettings { act_dollar, act_sl, act_tp, .. } = &self.sampling;
                for (key, real) in
                    [("act_dollar", act_dollar), ("act_sl", act_sl), ("act_tp", act_tp)]
                {
                    if let Real::Range { .. } = real {
                        let key = format!("sampling.{key}");
                        let expected =
                            "a number or { choice = [a, b, ..] } with actions = \"grid\"";
                        return Err(RecipeError::expected(&key, expected, real));
                    }
                }
                Ok(())
            }
        }
    }

    fn validate_no_actions(&self) -> Result<(), RecipeError> {
        let refused =
            |key: &str| Err(RecipeError::does_not_apply(key, because(ActionSource::None)));
        if self.is_priced() {
            let problem = "actions = \"none\" has no actions to price; write metric = \"none\", or \
                           leave [reward] out";
            return Err(RecipeError::conflict("reward.metric", problem));
        }
        if self.sampling != (SamplingSettings { actions: ActionSource::None, ..Default::default() })
        {
            return refused("sampling");
        }
        if self.reward.entry.is_some() && self.labels.is_empty() {
            return refused("reward.entry");
        }
        if self.reward != RewardTable::unpriced(self.reward.entry) {
            return refused("reward");
        }
        let default = DatasetSettings::new(Formulas::V1);
        if self.dataset.forward != default.forward {
            return refused("dataset.forward");
        }
        if self.dataset.actions_per_state != default.actions_per_state {
            return refused("dataset.actions_per_state");
        }
        Ok(())
    }
}
