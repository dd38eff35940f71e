//! Paths in a recipe of the fields that errors of other crates name.

use barloom_rewards::RewardsError;
use barloom_sampling::SamplingError;
use barloom_splits::SplitsError;

use crate::RecipeError;

/// Fields that the settings of sampling and rewards take from `[dataset]`.
const OF_DATASET: &[&str] = &["lookback", "forward", "actions_per_state", "symbol_weights"];

/// The path of a field of the settings that `table` holds: `reward.fee_bps`; `forward` is
/// `dataset.forward` in any.
fn path(table: &str, field: &str) -> String {
    let table = if OF_DATASET.contains(&field) { "dataset" } else { table };
    format!("{table}.{field}")
}

impl From<RewardsError> for RecipeError {
    fn from(error: RewardsError) -> Self {
        match error {
            RewardsError::Setting { field, got, expected } => {
                Self::expected(&path("reward", field), expected, &got)
            }
            other => Self::conflict("reward", other.to_string()),
        }
    }
}

impl From<SamplingError> for RecipeError {
    fn from(error: SamplingError) -> Self {
        match error {
            SamplingError::Setting { field, expected, got } => {
                Self::expected(&path("sampling", field), expected, &got)
            }
            other => Self::conflict("sampling", other.to_string()),
        }
    }
}

/// An error about a split.
impl From<SplitsError> for RecipeError {
    fn from(error: SplitsError) -> Self {
        match error {
            SplitsError::Part { field, problem } => Self::conflict(path("split", &field), problem),
            SplitsError::Setting { field, problem } => {
                Self::conflict(path("split", field), problem)
            }
            SplitsError::TooFewBars { field, .. } => {
                Self::conflict(path("split", field), error.to_string())
            }
            other => Self::conflict("split", other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_gets_the_path_of_its_table() {
        for (table, field, expected) in [
            ("reward", "fee_bps", "reward.fee_bps"),
            ("reward", "forward", "dataset.forward"),
            ("sampling", "act_dollar", "sampling.act_dollar"),
            ("sampling", "actions_per_state", "dataset.actions_per_state"),
            ("split", "part[1].name", "split.part[1].name"),
        ] {
            assert_eq!(path(table, field), expected);
        }
        let error = SplitsError::Part { field: "part".into(), problem: "none".into() };
        assert_eq!(RecipeError::from(error).key(), Some("split.part"));
    }
}
