//! Hidden features: expressions of labels and conditions, as columns of the market.

use std::collections::BTreeMap;

use barloom_features::{FeatureError, Features};

use crate::{LabelSettings, Recipe, RecipeError, WeightSettings};

/// The name of the feature of `dataset.where`.
pub const CONDITION: &str = "dataset.where";

impl Recipe {
    /// The hidden features, names with expressions: `label.NAME.scale` and `label.NAME.of` of
    /// labels, `dataset.where`. They are columns of the market like other features. Samples do not
    /// hold them.
    #[must_use]
    pub fn hidden_features(&self) -> Vec<(String, String)> {
        let labels = self.labels.iter().filter_map(LabelSettings::expression);
        let condition = self.dataset.condition.iter();
        labels.chain(condition.map(|text| (CONDITION.to_owned(), text.clone()))).collect()
    }

    /// True if named features have the definitions and the settings that they have in another
    /// recipe.
    #[must_use]
    pub fn computes_as(&self, other: &Self) -> bool {
        let settings = |recipe: &Self| {
            let data = &recipe.data;
            let presets = data.presets.clone();
            (data.feature_anchor, data.feature_history, data.feature_warmup, presets)
        };
        self.features == other.features
            && settings(self) == settings(other)
            && self.data.join == other.data.join
    }

    /// True if a column of the market has this name and is computed: a feature or a hidden one.
    #[must_use]
    pub fn is_feature(&self, name: &str) -> bool {
        self.features.has(name) || self.hidden_features().iter().any(|(known, _)| known == name)
    }

    /// True if columns are computed: the recipe has features or hidden ones.
    #[must_use]
    pub fn has_features(&self) -> bool {
        !self.features.is_empty() || !self.hidden_features().is_empty()
    }

    /// The columns that labels and weights name, each once: sides, and factors of weights.
    fn named_columns(&self) -> Vec<String> {
        let sides = self.labels.iter().filter_map(|label| label.side());
        let factors = self.weights.iter().flat_map(WeightSettings::columns);
        let mut columns: Vec<String> = Vec::new();
        for name in sides.chain(factors) {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        }
        columns
    }

    /// The columns of bars and the features that a dataset's `bars.arrow` must have: those that
    /// samples hold, those that labels and weights name, and hidden features. Columns that features
    /// are computed from are stored beside them.
    #[must_use]
    pub fn stored_columns(&self) -> Vec<String> {
        let mut columns = self.data.columns();
        let hidden = self.hidden_features().into_iter().map(|(name, _)| name);
        for name in self.named_columns().into_iter().chain(hidden) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        columns
    }

    /// The columns of bars that are used by name and are no features: channels, then those of the
    /// snapshot alone, then those of labels and weights.
    #[must_use]
    pub fn bar_columns(&self) -> Vec<String> {
        let mut columns = self.stored_columns();
        columns.retain(|name| !self.is_feature(name));
        columns
    }

    /// The recipe of the same inputs: without labels, weights, and conditions of decision bars.
    #[must_use]
    pub fn without_labels(&self) -> Self {
        let mut recipe = self.clone();
        recipe.labels.clear();
        recipe.weights = None;
        recipe.dataset.condition = None;
        recipe.dataset.need = None;
        recipe
    }

    /// All features under `[features]`, ready to be evaluated.
    ///
    /// # Errors
    /// The `[features]` table is wrong, or an expression of a label or of `dataset.where`.
    pub fn all_features(&self) -> Result<Features, RecipeError> {
        let features = self.checked_features()?;
        let names: Vec<&str> = self.features.features.iter().map(|(name, _)| &**name).collect();
        Ok(if features.names().count() == names.len() { features } else { features.only(&names) })
    }

    /// The features that are columns of the market, ready to be evaluated: those that samples hold,
    /// those that labels and weights name, and hidden ones.
    ///
    /// # Errors
    /// As [`all_features`](Self::all_features).
    pub fn used_features(&self) -> Result<Features, RecipeError> {
        let features = self.checked_features()?;
        let mut used = self.stored_columns();
        used.retain(|name| self.is_feature(name));
        Ok(features.only(&used.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// All features and hidden ones, checked.
    pub(crate) fn checked_features(&self) -> Result<Features, RecipeError> {
        let session = self.dataset.session;
        let features = self.features.checked(&self.data, session, self.hidden_features())?;
        features.map_err(|e| self.error_of(e))
    }

    /// The error of a feature under its key: a hidden one has that of its table.
    #[must_use]
    fn error_of(&self, error: FeatureError) -> RecipeError {
        let is_of = |label: &LabelSettings| {
            label.expression().is_some_and(|(name, _)| name == error.feature)
        };
        let Some(place) = self.labels.iter().position(is_of) else { return error.into() };
        let key = error.feature.rsplit('.').next().unwrap_or_default();
        let key = format!("label[{place}].{key}");
        RecipeError::of_feature(key, error)
    }

    /// Gives columns of the bars that labels and weights name the names by which the bars have
    /// them.
    pub fn rename_label_columns(&mut self, names: &BTreeMap<&String, &String>) {
        let renamed = |name: &str| names.get(&name.to_owned()).map(|new| (*new).clone());
        for label in &mut self.labels {
            if let Some(name) = label.side().and_then(renamed) {
                label.rename_side(name);
            }
        }
        for column in self.weights.iter_mut().flat_map(WeightSettings::columns_mut) {
            if let Some(name) = renamed(column) {
                *column = name;
            }
        }
    }
}
