//! A report on the values of features over bars.

use std::collections::BTreeMap;

use barloom_bars::{Market, is_missing};
use barloom_dataset::{FeaturesRecord, LostBars};
use barloom_market_data::Bars;
use barloom_recipe::Recipe;

use crate::Error;
use crate::features::Evaluated;

/// The values of a feature over bars.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureReport {
    /// The name of the feature.
    pub name: String,
    /// The first bar with a value, from 0 in its series: the earliest of all series. None without
    /// any value.
    pub first: Option<u64>,
    /// The bars in segments without a value.
    pub lost: LostBars,
    /// Their share of the bars in segments, from 0 to 1.
    pub missing_share: f64,
    /// The smallest value in a segment.
    pub min: Option<f64>,
    /// The largest value in a segment.
    pub max: Option<f64>,
    /// True if it has values in segments, and these are all equal.
    pub constant: bool,
    /// A column of the bars or an earlier feature with the same bits on every bar.
    pub equal_to: Option<String>,
}

/// Reports on all features of a recipe over bars: those of [`FeatureTable`](crate::FeatureTable).
///
/// # Errors
/// As [`FeatureTable::new`](crate::FeatureTable::new).
pub fn report_features(recipe: &Recipe, bars: Bars) -> Result<Vec<FeatureReport>, Error> {
    let columns = bars.columns().into_iter();
    let columns = columns.filter(|name| bars.symbols_without(name).is_empty()).map(str::to_owned);
    let columns: Vec<String> = columns.collect();
    let Evaluated { recipe, names, market, .. } = Evaluated::new(recipe, bars, &columns, None)?;
    let shown: Vec<&str> = names.iter().map(String::as_str).collect();
    let record = FeaturesRecord::of(&shown, recipe.data.feature_history, &market);
    let mut equal = equal_columns(&market, &shown);
    let report = |name: &str| {
        let values = market.column(name).unwrap_or(&[]);
        let lost = record.lost.get(name).copied().unwrap_or_default();
        let present = |row: &usize| !is_missing(values[*row]);
        let firsts = market.series().iter().filter_map(|span| {
            (span.start..span.end).find(present).map(|row| (row - span.start) as u64)
        });
        let rows = market.segments().iter().flat_map(|segment| segment.start..segment.end);
        let (mut min, mut max) = (None, None);
        for value in rows.filter(present).map(|row| values[row]) {
            min = Some(min.map_or(value, |min: f64| min.min(value)));
            max = Some(max.map_or(value, |max: f64| max.max(value)));
        }
        FeatureReport {
            name: name.to_owned(),
            first: firsts.min(),
            lost,
            missing_share: lost.bars() as f64 / record.bars.max(1) as f64,
            min,
            max,
            constant: min.is_some() && min == max,
            equal_to: equal.remove(name),
        }
    };
    Ok(shown.iter().copied().map(report).collect())
}

/// The features that equal a column before them: those of the bars, then those of the features.
fn equal_columns(market: &Market, features: &[&str]) -> BTreeMap<String, String> {
    // A missing value equals a missing value.
    let bits = |value: &f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    let hash = |values: &[f64]| {
        let step = |hash: u64, bits: u64| (hash ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        values.iter().map(bits).fold(0_u64, |hash, bits| step(hash, bits).rotate_left(29))
    };
    let mut known: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    let mut equal = BTreeMap::new();
    for column in market.columns() {
        let (name, values) = (column.name.as_str(), &column.values[..]);
        let before = known.entry(hash(values)).or_default();
        let is_same = |other: &&&str| {
            let other = market.column(other).unwrap_or(&[]);
            other.iter().map(bits).eq(values.iter().map(bits))
        };
        let has_values = values.iter().any(|value| !is_missing(*value));
        match before.iter().find(is_same) {
            Some(other) if has_values && features.contains(&name) => {
                equal.insert(name.to_owned(), (*other).to_owned());
            }
            Some(_) => {}
            None => before.push(name),
        }
    }
    equal
}
