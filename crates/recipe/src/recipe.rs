//! The recipe as a whole.

use barloom_bars::{Market, MaxGap};
use barloom_rewards::{Formulas, RewardSettings};
use barloom_sampling::{ActionSource, SamplingSettings};
use barloom_scaling::ChannelScaler;
use barloom_splits::Part;
use serde::{Serialize, Serializer};

use crate::choice::Choice;
use crate::data::{self, DataSettings};
use crate::dataset::{self, DatasetSettings};
use crate::output::{self, OutputSettings};
use crate::reader::{Document, Table};
use crate::reward::{self, RewardTable};
use crate::scaler::ScalerSetting;
use crate::scaling::ScalingSettings;
use crate::{
    BestSettings, Channels, Classes, FeatureSettings, FoldSettings, LabelSettings, RecipeError,
    SplitSettings, WeightSettings, actions, best, init, label, label_weights, sampling, split,
};

/// Tables and their keys. `[scaling]` has any channel's name beside these, `[features]` any name.
pub(crate) const TABLES: [(&str, &[&str]); 11] = [
    ("data", data::KEYS),
    ("features", &[]),
    ("dataset", dataset::KEYS),
    ("sampling", sampling::KEYS),
    ("scaling", &["price", "volume"]),
    ("reward", reward::KEYS),
    ("split", split::KEYS),
    ("output", output::KEYS),
    ("label", label::KEYS),
    ("weights", label_weights::KEYS),
    ("best", best::KEYS),
];

/// Everything that determines a dataset but the bars. DESIGN section 5 tells its TOML.
///
/// One that comes from [`Recipe::from_toml`] is valid; one that is changed in code should pass
/// [`Recipe::validate`] again.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The bars, and the settings of their reader.
    pub data: DataSettings,
    /// Columns computed from the bars.
    pub features: FeatureSettings,
    /// Number, shape and seed of the samples.
    pub dataset: DatasetSettings,
    /// Draws of states and actions.
    pub sampling: SamplingSettings,
    /// Scalers of channels.
    pub scaling: ScalingSettings,
    /// Prices of actions.
    pub reward: RewardTable,
    /// Parts in time order, or folds; none for one dataset.
    pub split: Option<SplitSettings>,
    /// Values that a learner is taught to foretell.
    pub labels: Vec<LabelSettings>,
    /// Weights of samples; none for samples without weights.
    pub weights: Option<WeightSettings>,
    /// Bounds of the best action, which samples are compared with; none without it.
    pub best: Option<BestSettings>,
    /// Storage of samples.
    pub output: OutputSettings,
}

/// The tables as a recipe writes them.
#[derive(Serialize)]
struct Written<'a> {
    data: &'a DataSettings,
    #[serde(skip_serializing_if = "FeatureSettings::is_empty")]
    features: &'a FeatureSettings,
    dataset: dataset::Written<'a>,
    sampling: sampling::Written<'a>,
    scaling: &'a ScalingSettings,
    reward: reward::Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'a SplitSettings>,
    #[serde(rename = "label", skip_serializing_if = "<[_]>::is_empty")]
    labels: &'a [LabelSettings],
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<&'a WeightSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<&'a BestSettings>,
    output: &'a OutputSettings,
}

impl Serialize for Recipe {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written {
            data: &self.data,
            features: &self.features,
            dataset: self.dataset.written(self.sampling.actions),
            sampling: sampling::written(&self.sampling),
            scaling: &self.scaling,
            reward: self.reward.written(),
            split: self.split.as_ref(),
            labels: &self.labels,
            weights: self.weights.as_ref(),
            best: self.best.as_ref(),
            output: &self.output,
        }
        .serialize(to)
    }
}

impl Default for Recipe {
    /// The recipe of an empty text.
    fn default() -> Self {
        Self::new(Formulas::V1)
    }
}

impl Recipe {
    fn new(formulas: Formulas) -> Self {
        Self {
            data: DataSettings::default(),
            features: FeatureSettings::default(),
            dataset: DatasetSettings::new(formulas),
            sampling: SamplingSettings::default(),
            scaling: ScalingSettings::default(),
            reward: RewardTable::new(formulas),
            split: None,
            labels: Vec::new(),
            weights: None,
            best: None,
            output: OutputSettings::default(),
        }
    }

    /// The recipe of a text that asks for `formulas = "frel-v1"` and nothing else: 200 bars back
    /// and forward, the FREL project's costs, 252 bars a year, the metric car.
    #[must_use]
    pub fn frel_v1() -> Self {
        Self::new(Formulas::FrelV1)
    }

    /// Reads and checks a recipe. `origin` is what errors call the text, usually its path.
    ///
    /// # Errors
    /// The text is not TOML, has an unknown key or an invalid value; the error
    /// names the line and the key.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, RecipeError> {
        let document = Document { origin, text };
        let parsed = document.parse()?;
        let root = Table::open(document, "", Some(&parsed)).only(&TABLES.map(|t| t.0), &TABLES)?;
        let table = |name: &str| {
            let (_, keys) = TABLES.iter().find(|(table, _)| *table == name).unwrap_or(&("", &[]));
            root.table(name)?.only(keys, &TABLES)
        };
        let formulas = RewardTable::read_formulas(&root.table("reward")?)?;
        let sampling = sampling::read(&table("sampling")?)?;
        let has_labels = root.get("label").is_some();
        let has_actions = sampling.actions != ActionSource::None;
        let dataset =
            DatasetSettings::read(&table("dataset")?, formulas, has_labels && !has_actions)?;
        let mut reward = RewardTable::read(&table("reward")?)?;
        if !has_actions && root.table("reward")?.get("metric").is_none() {
            reward = RewardTable { metrics: Vec::new(), ..reward };
        }
        actions::refuse_written(&root, sampling.actions, has_labels)?;
        let labels = root.read("label", |e| label::read(e, has_actions.then_some(dataset.forward)));
        let best = root.read("best", |e| {
            BestSettings::read(&e.table()?.only(best::KEYS, &TABLES)?, &sampling, &reward)
        });
        let mut recipe = Self {
            data: DataSettings::read(&table("data")?)?,
            features: FeatureSettings::read(&root.table("features")?)?,
            labels: labels?.unwrap_or_default(),
            best: best?,
            dataset,
            sampling,
            scaling: ScalingSettings::read(&root.table("scaling")?)?,
            reward,
            split: root.read("split", |e| e.at(split::read(e.table()?, &TABLES)))?,
            weights: root.read("weights", |e| {
                WeightSettings::read(&e.table()?.only(label_weights::KEYS, &TABLES)?)
            })?,
            output: OutputSettings::read(&table("output")?)?,
        };
        let placed = |error: RecipeError| error.placed(|key| document.find(&parsed, key));
        let features = &recipe.features;
        let spread = recipe.scaling.spread(recipe.data.sample_columns(), |name| features.has(name));
        spread.map_err(placed)?;
        recipe.validate().map_err(placed)?;
        Ok(recipe)
    }

    /// Checks a recipe that was changed in code.
    ///
    /// # Errors
    /// The first key with a value that cannot be or that does not apply, or the first two that
    /// contradict each other.
    pub fn validate(&self) -> Result<(), RecipeError> {
        if !self.data.presets.is_empty() {
            let mut fitted = self.clone();
            fitted.fit_presets(|_| true)?;
            return fitted.validate();
        }
        self.data.validate()?;
        label::validate(self)?;
        if self.has_features() {
            self.checked_features()?;
        } else {
            self.data.validate_without_features()?;
        }
        self.validate_actions()?;
        self.dataset.validate(&self.reward)?;
        self.dataset.validate_need(&self.labels)?;
        sampling::validate(&self.sampling)?;
        self.scaling.validate(self.data.sample_columns(), self.split.as_ref())?;
        self.reward.validate(self.dataset.forward)?;
        self.split.as_ref().map_or(Ok(()), split::validate)?;
        self.weights.as_ref().map_or(Ok(()), |weights| weights.validate(self))?;
        self.best.as_ref().map_or(Ok(()), |best| best.validate(self))?;
        self.output.validate()
    }

    /// The recipe as TOML, which reads back as the same recipe.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "text, numbers and lists are always TOML")]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe is TOML")
    }

    /// The recipe as JSON, for a manifest; tables and keys as in TOML.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "text, numbers and lists are always JSON")]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a recipe is JSON")
    }

    /// A commented recipe to start from: every key with its default beside these formulas.
    #[must_use]
    pub fn init_text(formulas: Formulas) -> String {
        init::text(formulas)
    }

    /// Puts other channels in the place of the recipe's. Scalers of channels that are not among
    /// them go, and so does `scaling.price` where it applies to none.
    pub fn replace_channels(&mut self, channels: Channels) {
        self.data.channels = channels;
        self.scaling.fit(self.data.sample_columns());
    }

    /// Makes a list of `data.channels = "auto"` that fits the bars: the columns that `has` is true
    /// for. Returns the others, which are left out of the channels and of `[scaling]`. A list stays
    /// as it is.
    pub fn fit_channels(&mut self, has: impl Fn(&str) -> bool) -> Vec<String> {
        let missing = self.data.channels.fit(has);
        let snapshot = &self.data.snapshot;
        let gone = |name: &String| missing.contains(name) && !snapshot.contains(name);
        self.scaling.channels.retain(|name, _| !gone(name));
        missing
    }

    /// The channels that are columns of the bars, in their order.
    #[must_use]
    pub fn bar_channels(&self) -> Vec<String> {
        let channels = self.data.channels.iter();
        channels.filter(|name| !self.features.has(name)).cloned().collect()
    }

    /// The longest step between bars that a segment may span.
    #[must_use]
    pub fn max_gap(&self) -> MaxGap {
        self.data.max_gap
    }

    /// The scaler of a channel. In a valid recipe every channel has a scaler; a name that has
    /// none is not scaled.
    #[must_use]
    pub fn channel_scaler(&self, channel: &str) -> ScalerSetting {
        self.scaling.scaler(channel).unwrap_or_else(|| ChannelScaler::None.into())
    }

    /// The scaler of a column of the snapshot. In a valid recipe each has one that needs no window;
    /// a name that has none is not scaled.
    #[must_use]
    pub fn snapshot_scaler(&self, column: &str) -> ScalerSetting {
        self.scaling.snapshot_scaler(column).unwrap_or_else(|| ChannelScaler::None.into())
    }

    /// Settings by which actions on a market are priced, with every default in place.
    /// `bars_per_year = "auto"` is that of each series. With `metric = "none"` there are no
    /// metrics.
    ///
    /// # Errors
    /// The `[reward]` table is wrong.
    pub fn reward_settings(&self, market: &Market) -> Result<RewardSettings, RecipeError> {
        let rates = self.reward.rates(market);
        self.reward.settings(self.dataset.forward, rates)
    }

    /// The settings of folds; none where the split has parts, or without a split.
    #[must_use]
    pub fn folds(&self) -> Option<&FoldSettings> {
        self.split.as_ref().and_then(SplitSettings::folds)
    }

    /// True if scalers or classes are fitted to bars, which may differ between folds.
    #[must_use]
    pub fn is_fitted(&self) -> bool {
        let is_fitted = |scaler: ScalerSetting| matches!(scaler, ScalerSetting::Fitted(_));
        self.data.channels.iter().any(|name| is_fitted(self.channel_scaler(name)))
            || self.data.snapshot.iter().any(|name| is_fitted(self.snapshot_scaler(name)))
            || self
                .labels
                .iter()
                .any(|label| matches!(label.classes, Some(Classes::Quantiles { .. })))
    }

    /// The parts of the split as time intervals of a market; empty without a split.
    ///
    /// # Errors
    /// The `[split]` table is wrong, or makes folds, which are no parts.
    pub fn parts(&self, market: &Market) -> Result<Vec<Part>, RecipeError> {
        match &self.split {
            Some(SplitSettings::Parts(split)) => Ok(split.resolve(market)?),
            Some(SplitSettings::Folds(folds)) => {
                let problem = format!("{:?} makes folds, not parts", folds.kind().word());
                Err(RecipeError::conflict("split.kind", problem))
            }
            None => Ok(Vec::new()),
        }
    }
}
