//! A recipe with nothing left open, and its digest.

use std::collections::BTreeMap;
use std::fmt::Write;

use barloom_bars::{Anchor, Interval, Market, MaxGap};
use barloom_reading::{Adjust, Aggregate, CsvOptions, OnBadBar, OnDuplicate, Stamp};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::data::{self, DataSettings};
use crate::reward::{self, BarsPerYear, RewardTable};
use crate::scaling::ScalingSettings;
use crate::{
    BestSettings, FeatureSettings, History, JoinSettings, LabelSettings, Recipe, RecipeError,
    SplitSettings, WarmUp, WeightSettings, choice, csv, dataset, duration, sampling,
};

/// The bars of a dataset, beside its recipe.
const STORED_BARS: &str = "bars.arrow";

/// The settings that samples depend on, in the order of hashing. The order of fields here and in
/// the settings types is part of the digest.
#[derive(Serialize)]
struct Digested<'a> {
    data: DigestedData<'a>,
    #[serde(skip_serializing_if = "FeatureSettings::is_empty")]
    features: FeatureSettings,
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
}

/// [`DataSettings`] without paths.
#[derive(Serialize)]
struct DigestedData<'a> {
    channels: &'a [String],
    #[serde(serialize_with = "duration::serialize")]
    max_gap: MaxGap,
    #[serde(serialize_with = "choice::serialize")]
    on_bad_bar: OnBadBar,
    timezone: &'a str,
    #[serde(serialize_with = "choice::serialize")]
    stamp: Stamp,
    #[serde(flatten, serialize_with = "serialize_aggregate")]
    aggregate: &'a Option<Aggregate>,
    #[serde(skip_serializing_if = "is_none", serialize_with = "serialize_adjust")]
    adjust: &'a Option<Adjust>,
    #[serde(skip_serializing_if = "csv_is_default", serialize_with = "serialize_csv")]
    csv: &'a CsvOptions,
    // What is not said leaves the digest as it was before these keys were there.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "data::serialize_interval")]
    interval: Option<Interval>,
    #[serde(skip_serializing_if = "data::is_default", serialize_with = "choice::serialize")]
    on_duplicate: OnDuplicate,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rename: &'a BTreeMap<String, String>,
    #[serde(
        rename = "anchor",
        skip_serializing_if = "Option::is_none",
        serialize_with = "data::serialize_anchor"
    )]
    feature_anchor: Option<Anchor>,
    #[serde(skip_serializing_if = "data::is_default", serialize_with = "choice::serialize")]
    feature_history: History,
    #[serde(skip_serializing_if = "data::is_default", serialize_with = "choice::serialize")]
    feature_warmup: WarmUp,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    snapshot: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    presets: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    join: &'a [JoinSettings],
}

impl Recipe {
    /// The recipe that a dataset of this market holds: every key that applies is written, each
    /// `"auto"` is replaced by what it stands for, and the bars are the dataset's own.
    ///
    /// `max_gap` stays `"auto"` where series differ in their limits, and `bars_per_year` where they
    /// differ in their bars a year. Resolving again changes nothing.
    ///
    /// # Errors
    /// As [`Recipe::validate`].
    pub fn resolve(&self, market: &Market) -> Result<Self, RecipeError> {
        self.validate()?;
        let mut fitted = self.clone();
        fitted.fit_presets(|name| market.column(name).is_some())?;
        fitted.fit_channels(|name| market.column(name).is_some());
        let mut resolved = fitted.written_out();
        resolved.data = resolved.data.without_paths();
        resolved.data.bars = vec![STORED_BARS.to_owned()];
        if resolved.data.max_gap == MaxGap::Auto {
            let mut limits = market.series().iter().map(|series| series.max_gap_ns);
            if let Some(Some(first)) = limits.next()
                && limits.all(|limit| limit == Some(first))
            {
                resolved.data.max_gap = MaxGap::Limit(first);
            }
        }
        if resolved.is_priced() && resolved.reward.bars_per_year == BarsPerYear::Auto {
            let rates = resolved.reward.rates(market);
            let mut rates = rates.rates();
            if let (Some(all), None) = (rates.next(), rates.next()) {
                resolved.reward.bars_per_year = BarsPerYear::Number(all);
            }
        }
        resolved.validate()?;
        Ok(resolved)
    }

    /// `sha256:` and 64 hex digits over everything but `data.bars` and `[output]`, with defaults
    /// written out: SHA-256 of compact JSON with keys in the order of the settings types and
    /// numbers in their shortest form that reads back.
    ///
    /// The digest that names a dataset is that of the resolved recipe.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = "sha256:".to_owned();
        for byte in Sha256::digest(self.canonical_json()) {
            write!(digest, "{byte:02x}").expect("a String takes what is written");
        }
        digest
    }

    fn canonical_json(&self) -> Vec<u8> {
        let mut recipe = self.written_out();
        recipe.data = recipe.data.without_paths();
        // Their order changes no sample.
        recipe.data.join.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let DataSettings {
            bars: _,
            channels,
            snapshot,
            presets,
            max_gap,
            on_bad_bar,
            timezone,
            stamp,
            interval,
            on_duplicate,
            aggregate,
            adjust,
            rename,
            csv,
            feature_anchor,
            feature_history,
            feature_warmup,
            attributes: _,
            join,
        } = &recipe.data;
        let digested = Digested {
            data: DigestedData {
                channels,
                max_gap: *max_gap,
                on_bad_bar: *on_bad_bar,
                timezone,
                stamp: *stamp,
                aggregate,
                adjust,
                csv,
                interval: *interval,
                on_duplicate: *on_duplicate,
                rename,
                feature_anchor: *feature_anchor,
                feature_history: *feature_history,
                feature_warmup: *feature_warmup,
                snapshot,
                presets,
                join,
            },
            features: recipe.features.sorted(),
            dataset: recipe.dataset.written(recipe.sampling.actions),
            sampling: sampling::written(&recipe.sampling),
            scaling: &recipe.scaling,
            reward: recipe.reward.written(),
            split: recipe.split.as_ref(),
            labels: &recipe.labels,
            weights: recipe.weights.as_ref(),
            best: recipe.best.as_ref(),
        };
        // Not by way of serde_json::Value: the order of its keys depends on a Cargo feature.
        serde_json::to_vec(&digested).expect("a recipe is JSON")
    }

    /// This recipe with every key written that applies.
    fn written_out(&self) -> Self {
        let mut written = self.clone();
        written.scaling = self.scaling.written_out(self.data.sample_columns());
        written.reward = self.reward.written_out();
        if !self.is_priced() {
            let entry = (!self.labels.is_empty()).then(|| self.entry());
            written.reward = RewardTable::unpriced(entry);
        }
        written.labels.iter_mut().for_each(|label| *label = label.written_out());
        written.weights = self.weights.as_ref().map(|weights| weights.written_out(&self.labels));
        written
    }
}

fn serialize_aggregate<S: serde::Serializer>(
    aggregate: &&Option<Aggregate>,
    to: S,
) -> Result<S::Ok, S::Error> {
    data::serialize_aggregate(aggregate, to)
}

fn is_none(adjust: &&Option<Adjust>) -> bool {
    adjust.is_none()
}

fn serialize_adjust<S: serde::Serializer>(
    adjust: &&Option<Adjust>,
    to: S,
) -> Result<S::Ok, S::Error> {
    data::serialize_adjust(adjust, to)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn csv_is_default(csv: &&CsvOptions) -> bool {
    csv::is_default(csv)
}

fn serialize_csv<S: serde::Serializer>(csv: &&CsvOptions, to: S) -> Result<S::Ok, S::Error> {
    csv::serialize(csv, to)
}

#[cfg(test)]
mod tests {
    use crate::Recipe;

    /// A change of this text changes the digest of every dataset that people have.
    #[test]
    fn what_is_hashed_of_the_default_recipe() {
        let json = String::from_utf8(Recipe::default().canonical_json()).unwrap();
        let expected = concat!(
            r#"{"data":{"channels":["open","high","low","close","volume"],"max_gap":"auto","#,
            r#""on_bad_bar":"error","timezone":"UTC","stamp":"open"},"#,
            r#""dataset":{"samples":100000,"seed":42,"lookback":64,"forward":64,"#,
            r#""positions":"random","actions_per_state":1},"#,
            r#""sampling":{"equity":[10000.0,100000.0],"balance_offset":[-5000.0,5000.0],"#,
            r#""position":[0,1,-1],"sl_dist":[0.001,0.05],"tp_dist":[0.001,0.1],"#,
            r#""act_dir":[0,1,-1],"act_dollar":[1000.0,50000.0],"act_sl":[0.001,0.05],"#,
            r#""act_tp":[0.001,0.1]},"scaling":{"price":"last_close","volume":"log1p_last"},"#,
            r#""reward":{"formulas":"v1","metric":"return","entry":"next_open","#,
            r#""barriers":"honour","same_bar":"stop_first","costs":"both_sides","fee_bps":5.0,"#,
            r#""slippage_bps":1.0,"spread_bps":2.0,"carry_bps":0.0,"bars_per_year":"auto","#,
            r#""eps":1e-8}}"#
        );
        assert_eq!(json, expected);
    }
}
