//! The `[sampling]` table of a recipe.

use serde::{Deserialize, Serialize};

use crate::{Directions, Real, SamplingError};

/// The source of the actions of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionSource {
    /// Each action is drawn.
    #[default]
    Random,
    /// Each state has every combination of the listed actions.
    Grid,
    /// There are no actions, nor states of an account.
    None,
}

impl ActionSource {
    /// True where actions are drawn, as in recipes that do not name a source.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_random(&self) -> bool {
        *self == Self::Random
    }
}

/// The distributions of states and actions: the `[sampling]` table of a recipe.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplingSettings {
    /// The source of actions.
    #[serde(skip_serializing_if = "ActionSource::is_random")]
    pub actions: ActionSource,
    /// Account equity in dollars; positive.
    pub equity: Real,
    /// Dollars taken off the equity to give the balance.
    pub balance_offset: Real,
    /// The position that is held already.
    pub position: Directions,
    /// Its stop's distance, a fraction of the entry price; positive.
    pub sl_dist: Real,
    /// Its target's distance, a fraction of the entry price; positive.
    pub tp_dist: Real,
    /// The action's direction.
    pub act_dir: Directions,
    /// The action's notional in dollars; positive, and 0 when the action is hold.
    pub act_dollar: Real,
    /// The action's stop distance, a fraction of the entry price; positive, 0 when hold.
    pub act_sl: Real,
    /// The action's target distance, a fraction of the entry price; positive, 0 when hold.
    pub act_tp: Real,
}

impl Default for SamplingSettings {
    fn default() -> Self {
        let range = |lo, hi| Real::Range { lo, hi };
        Self {
            actions: ActionSource::Random,
            equity: range(1e4, 1e5),
            balance_offset: range(-5e3, 5e3),
            position: Directions::default(),
            sl_dist: range(0.001, 0.05),
            tp_dist: range(0.001, 0.10),
            act_dir: Directions::default(),
            act_dollar: range(1e3, 5e4),
            act_sl: range(0.001, 0.05),
            act_tp: range(0.001, 0.10),
        }
    }
}

impl SamplingSettings {
    /// Checks that every field can be drawn and makes sense.
    ///
    /// # Errors
    /// The first field with a range that is not `lo <= hi`, a number that is not finite, an empty
    /// list, a direction that is none, or equity, dollars or distances that are not positive.
    pub fn validate(&self) -> Result<(), SamplingError> {
        let positive = |field, real: &Real| {
            let expected = "positive finite numbers, a range with lo <= hi";
            refuse_unless(real.is_sound() && real.bounds().0 > 0.0, field, expected, real)
        };
        let direction = |field, directions: &Directions| {
            let expected = "a list of directions, each 0, 1 or -1, at least one";
            refuse_unless(directions.is_sound(), field, expected, directions)
        };
        positive("equity", &self.equity)?;
        refuse_unless(
            self.balance_offset.is_sound(),
            "balance_offset",
            "finite numbers, a range with lo <= hi",
            &self.balance_offset,
        )?;
        direction("position", &self.position)?;
        positive("sl_dist", &self.sl_dist)?;
        positive("tp_dist", &self.tp_dist)?;
        direction("act_dir", &self.act_dir)?;
        positive("act_dollar", &self.act_dollar)?;
        positive("act_sl", &self.act_sl)?;
        positive("act_tp", &self.act_tp)
    }
}

fn refuse_unless(
    sound: bool,
    field: &'static str,
    expected: &'static str,
    got: &impl ToString,
) -> Result<(), SamplingError> {
    if sound {
        Ok(())
    } else {
        Err(SamplingError::Setting { field, expected, got: got.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_by_key() {
        let bad = [
            ("equity", "equity = [0.0, 1e5]"),
            ("equity", "equity = [1e5, 1e4]"),
            ("equity", "equity = nan"),
            ("balance_offset", "balance_offset = [-inf, 0]"),
            ("balance_offset", "balance_offset = [-1.7e308, 1.7e308]"),
            ("position", "position = []"),
            ("position", "position = [0, 2]"),
            ("sl_dist", "sl_dist = -0.01"),
            ("tp_dist", "tp_dist = { choice = [] }"),
            ("act_dir", "act_dir = 5"),
            ("act_dollar", "act_dollar = { choice = [100.0, 0.0] }"),
            ("act_sl", "act_sl = 0"),
            ("act_tp", "act_tp = [0.1, inf]"),
        ];
        for (key, text) in bad {
            let settings: SamplingSettings = toml::from_str(text).unwrap();
            let message = settings.validate().unwrap_err().to_string();
            assert!(message.starts_with(&format!("{key}: expected ")), "{message}");
        }
        SamplingSettings::default().validate().unwrap();
    }

    #[test]
    fn recipes_write_numbers_ranges_and_choices() {
        let text = "equity = 50_000\nsl_dist = [0.01, 0.02]\nact_dollar = { choice = [1000, 2e3] }\n\
                    act_dir = 1\nposition = [0, 1]\n";
        let settings: SamplingSettings = toml::from_str(text).unwrap();
        assert_eq!(settings.equity, Real::Constant(5e4));
        assert_eq!(settings.sl_dist, Real::Range { lo: 0.01, hi: 0.02 });
        assert_eq!(settings.act_dollar, Real::Choice(vec![1e3, 2e3]));
        assert_eq!(settings.act_dir, Directions(vec![1]));
        assert_eq!(settings.act_tp, SamplingSettings::default().act_tp);
        let again: SamplingSettings = toml::from_str(&toml::to_string(&settings).unwrap()).unwrap();
        assert_eq!(again, settings);
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<SamplingSettings>(&json).unwrap(), settings);
    }

    #[test]
    fn malformed_values_say_what_is_taken() {
        for (text, part) in [
            ("equity = [1, 2, 3]", "a range [lo, hi]"),
            ("equity = { chosen = [1] }", "choice"),
            ("act_dir = ['long']", "1 (long)"),
            ("equty = 1", "equty"),
        ] {
            let message = toml::from_str::<SamplingSettings>(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
