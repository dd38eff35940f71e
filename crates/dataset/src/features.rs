//! The features of a dataset as its manifest records them.

use std::collections::BTreeMap;
use std::ops::Range;

use barloom_bars::{Market, is_missing};
use barloom_recipe::{History, Recipe};
use serde::{Deserialize, Serialize};

/// The features that are columns of the bars: those that samples hold, and those that labels,
/// weights and conditions use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeaturesRecord {
    /// The version of the functions that computed them; none where it is unknown.
    pub functions_version: Option<u32>,
    /// The bars in segments.
    pub bars: u64,
    /// The bars in segments on which each feature has no value.
    pub lost: BTreeMap<String, LostBars>,
}

/// Bars in segments on which a feature has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostBars {
    /// Bars before its first value in their segment or, with `feature_history = "series"`, in their
    /// series.
    pub warm_up: u64,
    /// The others.
    pub other: u64,
}

/// Features of a dataset that a verification computed again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FeaturesVerified {
    /// Number of features that were computed again and compared with the stored ones.
    pub compared: u64,
    /// The names of the others.
    pub skipped: Vec<String>,
    /// The reason why these were not computed again.
    pub because: Option<String>,
}

impl LostBars {
    /// Number of bars.
    #[must_use]
    pub fn bars(&self) -> u64 {
        self.warm_up + self.other
    }
}

impl FeaturesRecord {
    /// Counts the lost bars of the features that are columns of the market of a recipe. None if
    /// there is no such feature.
    #[must_use]
    pub fn new(recipe: &Recipe, market: &Market) -> Option<Self> {
        let mut names = recipe.stored_columns();
        names.retain(|name| recipe.is_feature(name));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| Self::of(&names, recipe.data.feature_history, market))
    }

    /// Counts the lost bars of these columns of the market.
    #[must_use]
    pub fn of(names: &[&str], history: History, market: &Market) -> Self {
        let count = |name: &&str| {
            let values = market.column(name).unwrap_or(&[]);
            ((*name).to_owned(), lost(values, history, market))
        };
        let segments = market.segments().iter();
        Self {
            functions_version: None,
            bars: segments.map(|segment| (segment.end - segment.start) as u64).sum(),
            lost: names.iter().map(count).collect(),
        }
    }

    /// The features that lose bars, the worst first.
    #[must_use]
    pub fn losing(&self) -> Vec<(&str, LostBars)> {
        let mut losing: Vec<(&str, LostBars)> = self
            .lost
            .iter()
            .filter(|(_, lost)| lost.bars() > 0)
            .map(|(name, lost)| (name.as_str(), *lost))
            .collect();
        losing.sort_by(|a, b| b.1.bars().cmp(&a.1.bars()).then(a.0.cmp(b.0)));
        losing
    }
}

fn lost(values: &[f64], history: History, market: &Market) -> LostBars {
    let first_of = |range: Range<usize>| {
        let end = range.end;
        range
            .into_iter()
            .find(|row| values.get(*row).is_some_and(|x| !is_missing(*x)))
            .unwrap_or(end)
    };
    let firsts: Vec<usize> = match history {
        History::Segment => Vec::new(),
        History::Series => {
            market.series().iter().map(|series| first_of(series.start..series.end)).collect()
        }
    };
    let mut lost = LostBars::default();
    for segment in market.segments() {
        let rows = segment.start..segment.end;
        let first = match firsts.get(segment.series as usize) {
            Some(first) => (*first).clamp(rows.start, rows.end),
            None => first_of(rows.clone()),
        };
        lost.warm_up += (first - rows.start) as u64;
        let after = values.get(first..rows.end).unwrap_or(&[]);
        lost.other += after.iter().filter(|x| is_missing(**x)).count() as u64;
    }
    lost
}
