//! The `[data]` table: which bars, and how to read them.

use std::collections::BTreeSet;

use barloom_bars::{BarSpec, MaxGap};
use barloom_sampling::META_FIELDS;
use serde::Serialize;

use crate::choice::{self, Choice};
use crate::reader::{Entry, Table};
use crate::{RecipeError, duration};

pub(crate) const KEYS: &[&str] = &[
    "bars",
    "channels",
    "max_gap",
    "on_bad_bar",
    "timezone",
    "stamp",
    "aggregate",
    "partial_bar",
    "empty_bars",
];

/// Columns that every dataset has beside its channels and the meta fields.
const DATASET_COLUMNS: [&str; 9] = [
    "sample",
    "symbol",
    "bar",
    "ts",
    "entry_price",
    "exit_price",
    "pnl",
    "held_bars",
    "exit_reason",
];

/// What to do with a bar that can't be, such as one whose high is below its low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBadBar {
    /// Refuse the bars.
    #[default]
    Error,
    /// Leave it out, end the segment there, and count it in the manifest.
    Drop,
}

/// Which end of its interval a bar's time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// The bar opens then.
    #[default]
    Open,
    /// The bar closes then.
    Close,
}

/// What to do with the last bar that is made of trades or finer bars, of which some may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartialBar {
    /// It stays.
    #[default]
    Keep,
    /// It is left out.
    Drop,
}

/// What to do with intervals without trades or bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyBars {
    /// They have no bar.
    #[default]
    Skip,
    /// They have one at the close before, without volume, where a segment spans them.
    Fill,
}

/// How trades or finer bars become bars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Aggregation {
    /// What ends a bar: an interval, `"5m"`, or `"1000 ticks"`, `"5e4 volume"`, `"1e6 dollars"`.
    #[serde(rename = "aggregate", serialize_with = "serialize_spec")]
    pub spec: BarSpec,
    /// What to do with the last bar.
    #[serde(serialize_with = "choice::serialize")]
    pub partial_bar: PartialBar,
    /// What to do with empty intervals, which only time bars have.
    #[serde(serialize_with = "choice::serialize")]
    pub empty_bars: EmptyBars,
}

fn serialize_spec<S: serde::Serializer>(spec: &BarSpec, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(spec)
}

impl Choice for PartialBar {
    const WORDS: &'static [(&'static str, Self)] = &[("keep", Self::Keep), ("drop", Self::Drop)];
}

impl Choice for EmptyBars {
    const WORDS: &'static [(&'static str, Self)] = &[("skip", Self::Skip), ("fill", Self::Fill)];
}

impl Choice for OnBadBar {
    const WORDS: &'static [(&'static str, Self)] = &[("error", Self::Error), ("drop", Self::Drop)];
}

impl Choice for Stamp {
    const WORDS: &'static [(&'static str, Self)] = &[("open", Self::Open), ("close", Self::Close)];
}

/// The `[data]` table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataSettings {
    /// Files and globs.
    pub bars: Vec<String>,
    /// Names of the columns that windows hold, in order; at least one, none twice.
    pub channels: Vec<String>,
    /// The longest step between bars that a segment may span. In a recipe `"auto"`, `"none"` or
    /// a whole number with a unit: `"30s"`, `"90m"`, `"36h"`, `"5d"`, `"2w"`; ms, us, ns too.
    #[serde(serialize_with = "duration::serialize")]
    pub max_gap: MaxGap,
    /// What to do with bad bars.
    #[serde(serialize_with = "choice::serialize")]
    pub on_bad_bar: OnBadBar,
    /// The time zone of naive timestamps; the reader of bars knows which there are.
    pub timezone: String,
    /// Which end of its interval a bar's time is.
    #[serde(serialize_with = "choice::serialize")]
    pub stamp: Stamp,
    /// How trades or finer bars become bars; none takes bars as they are.
    #[serde(flatten)]
    pub aggregate: Option<Aggregation>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            bars: Vec::new(),
            channels: ["open", "high", "low", "close", "volume"].map(String::from).to_vec(),
            max_gap: MaxGap::Auto,
            on_bad_bar: OnBadBar::Error,
            timezone: "UTC".into(),
            stamp: Stamp::Open,
            aggregate: None,
        }
    }
}

impl DataSettings {
    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let default = Self::default();
        let max_gap = table.read("max_gap", |entry| {
            entry
                .as_text()
                .and_then(duration::parse)
                .ok_or_else(|| entry.expected(duration::EXPECTED))
        })?;
        Ok(Self {
            bars: table.read("bars", Entry::texts)?.unwrap_or(default.bars),
            channels: table.read("channels", Entry::texts)?.unwrap_or(default.channels),
            max_gap: max_gap.unwrap_or(default.max_gap),
            on_bad_bar: table.read("on_bad_bar", Entry::choice)?.unwrap_or_default(),
            timezone: table
                .read("timezone", |e| e.text().map(str::to_owned))?
                .unwrap_or(default.timezone),
            stamp: table.read("stamp", Entry::choice)?.unwrap_or_default(),
            aggregate: Self::read_aggregate(table)?,
        })
    }

    fn read_aggregate(table: &Table<'_>) -> Result<Option<Aggregation>, RecipeError> {
        let spec = table.read("aggregate", |entry| {
            let spec = entry.as_text().and_then(|text| text.parse::<BarSpec>().ok());
            spec.ok_or_else(|| entry.expected(BarSpec::EXPECTED))
        })?;
        let partial_bar = table.read("partial_bar", Entry::choice)?;
        let empty_bars = table.read("empty_bars", Entry::choice)?;
        let Some(spec) = spec else {
            for (key, given) in
                [("partial_bar", partial_bar.is_some()), ("empty_bars", empty_bars.is_some())]
            {
                if given {
                    let problem = "it says how data.aggregate makes bars; set that too, or leave \
                                   this out";
                    return Err(RecipeError::conflict(format!("data.{key}"), problem));
                }
            }
            return Ok(None);
        };
        let (partial_bar, empty_bars) =
            (partial_bar.unwrap_or_default(), empty_bars.unwrap_or_default());
        Ok(Some(Aggregation { spec, partial_bar, empty_bars }))
    }

    pub(crate) fn validate(&self) -> Result<(), RecipeError> {
        if let Some(i) = self.bars.iter().position(String::is_empty) {
            let key = format!("data.bars[{i}]");
            return Err(RecipeError::expected(&key, "a file or a glob", &"an empty text"));
        }
        self.validate_channels()?;
        if let MaxGap::Limit(ns) = self.max_gap
            && ns <= 0
        {
            return Err(RecipeError::expected("data.max_gap", duration::EXPECTED, &ns));
        }
        if let Some(Aggregation { spec, empty_bars: EmptyBars::Fill, .. }) = self.aggregate
            && !matches!(spec, BarSpec::Time(_))
        {
            let problem = format!("bars of {spec} have no empty intervals; leave it out");
            return Err(RecipeError::conflict("data.empty_bars", problem));
        }
        if self.timezone.is_empty() {
            let expected = "a time zone such as \"UTC\" or \"America/New_York\"";
            return Err(RecipeError::expected("data.timezone", expected, &"an empty text"));
        }
        Ok(())
    }

    fn validate_channels(&self) -> Result<(), RecipeError> {
        if self.channels.is_empty() {
            let expected = "at least one column of the bars";
            return Err(RecipeError::expected("data.channels", expected, &"an empty list"));
        }
        let mut seen = BTreeSet::new();
        for (i, name) in self.channels.iter().enumerate() {
            let conflict = |problem: String| {
                Err(RecipeError::conflict(format!("data.channels[{i}]"), problem))
            };
            if name.is_empty() {
                return conflict("a channel is the name of a column, not an empty text".into());
            }
            if !seen.insert(name) {
                return conflict(format!("{name:?} is there twice; leave one out"));
            }
            if is_dataset_column(name) {
                return conflict(format!(
                    "{name:?} is a column that datasets have anyway; rename the bars' column"
                ));
            }
        }
        Ok(())
    }
}

/// Whether a dataset has a column of this name whatever its channels are.
fn is_dataset_column(name: &str) -> bool {
    DATASET_COLUMNS.contains(&name)
        || META_FIELDS.contains(&name)
        || name == "reward"
        || name.starts_with("reward_")
}
