//! The `[data]` table: which bars, and how to read them.

use std::collections::{BTreeMap, BTreeSet};

use barloom_bars::{Anchor, BarSpec, Interval, MaxGap};
use barloom_features::JOIN;
use barloom_reading::{
    Adjust, Aggregate, CsvOptions, EmptyBars, OnBadBar, OnDuplicate, PartialBar, Stamp,
};
use barloom_schema::is_reserved;
use serde::Serialize;

use crate::choice::{self, Choice};
use crate::features::{History, WarmUp};
use crate::reader::{Entry, Table};
use crate::scaling::Columns;
use crate::{Channels, JoinSettings, RecipeError, csv, duration, join};

pub(crate) const KEYS: &[&str] = &[
    "bars",
    "channels",
    "snapshot",
    "presets",
    "max_gap",
    "on_bad_bar",
    "timezone",
    "stamp",
    "interval",
    "on_duplicate",
    "rename",
    "aggregate",
    "anchor",
    "partial_bar",
    "empty_bars",
    "adjust",
    "feature_history",
    "feature_warmup",
    "csv",
    "attributes",
    "join",
];

impl Choice for PartialBar {
    const WORDS: &'static [(&'static str, Self)] = &[("keep", Self::Keep), ("drop", Self::Drop)];
}

impl Choice for EmptyBars {
    const WORDS: &'static [(&'static str, Self)] = &[("skip", Self::Skip), ("fill", Self::Fill)];
}

impl Choice for OnBadBar {
    const WORDS: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("drop", Self::Drop), ("widen", Self::Widen)];
}

impl Choice for OnDuplicate {
    const WORDS: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("first", Self::First), ("last", Self::Last)];
}

impl Choice for Stamp {
    const WORDS: &'static [(&'static str, Self)] = &[("open", Self::Open), ("close", Self::Close)];
}

/// The `[data]` table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DataSettings {
    /// Files and globs.
    pub bars: Vec<String>,
    /// Names of the columns that windows hold, in order; at least one, none twice. Or `"auto"`.
    pub channels: Channels,
    /// Names of the columns of which a sample has the value of bar t-1, in order; none twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub snapshot: Vec<String>,
    /// Names of sets of features. A resolved recipe has none:
    /// [`Recipe::fit_presets`](crate::Recipe::fit_presets) writes them out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<String>,
    /// The longest step between bars that a segment may span. In a recipe `"auto"`, `"none"` or
    /// a whole number with a unit: `"30s"`, `"90m"`, `"36h"`, `"5d"`, `"2w"`; ms, us, ns too.
    #[serde(serialize_with = "duration::serialize")]
    pub max_gap: MaxGap,
    /// Treatment of bad bars.
    #[serde(serialize_with = "choice::serialize")]
    pub on_bad_bar: OnBadBar,
    /// The time zone of naive timestamps; the reader of bars knows which there are.
    pub timezone: String,
    /// The end of its interval that a bar's time names.
    #[serde(serialize_with = "choice::serialize")]
    pub stamp: Stamp,
    /// The length of a bar; none for the most frequent step of each series. In a recipe a whole
    /// number with a unit: `"1m"`, `"1d"`, `"1w"`, `"1mo"`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_interval")]
    pub interval: Option<Interval>,
    /// The row that is kept of several rows of a symbol with one time.
    #[serde(skip_serializing_if = "is_default", serialize_with = "choice::serialize")]
    pub on_duplicate: OnDuplicate,
    /// Settings that make bars of trades or finer bars; none takes bars as they are.
    #[serde(flatten, serialize_with = "serialize_aggregate")]
    pub aggregate: Option<Aggregate>,
    /// The begin of days, from which the periods of features are counted, where bars are taken as
    /// they are. With `aggregate` it is the key of that.
    #[serde(
        rename = "anchor",
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_anchor"
    )]
    pub feature_anchor: Option<Anchor>,
    /// The rows that features see of those before.
    #[serde(skip_serializing_if = "is_default", serialize_with = "choice::serialize")]
    pub feature_history: History,
    /// The first values of features with memory.
    #[serde(skip_serializing_if = "is_default", serialize_with = "choice::serialize")]
    pub feature_warmup: WarmUp,
    /// Adjustment of prices for splits and dividends.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_adjust")]
    pub adjust: Option<Adjust>,
    /// Other names for columns, by those in the files.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// Layout of delimited text.
    #[serde(skip_serializing_if = "csv::is_default", serialize_with = "csv::serialize")]
    pub csv: CsvOptions,
    /// A file of texts by symbol, such as their sectors, for `by=` of features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// Slower series whose values features use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub join: Vec<JoinSettings>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            bars: Vec::new(),
            channels: Channels::auto(),
            snapshot: Vec::new(),
            presets: Vec::new(),
            max_gap: MaxGap::Auto,
            on_bad_bar: OnBadBar::Error,
            timezone: "UTC".into(),
            stamp: Stamp::Open,
            interval: None,
            on_duplicate: OnDuplicate::Error,
            aggregate: None,
            feature_anchor: None,
            feature_history: History::default(),
            feature_warmup: WarmUp::default(),
            adjust: None,
            rename: BTreeMap::new(),
            csv: CsvOptions::default(),
            attributes: None,
            join: Vec::new(),
        }
    }
}

/// The name of the column that prices can be adjusted to.
const ADJ_CLOSE: &str = "adj_close";

fn adjust(texts: Vec<String>) -> Adjust {
    if texts == [ADJ_CLOSE] { Adjust::AdjClose } else { Adjust::Factors(texts) }
}

/// Serialises the column, or the files.
pub(crate) fn serialize_adjust<S: serde::Serializer>(
    adjust: &Option<Adjust>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match adjust {
        None => to.serialize_none(),
        Some(Adjust::AdjClose) => to.serialize_str(ADJ_CLOSE),
        Some(Adjust::Factors(files)) => files.serialize(to),
    }
}

/// Serialises the text of a length.
pub(crate) fn serialize_interval<S: serde::Serializer>(
    interval: &Option<Interval>,
    to: S,
) -> Result<S::Ok, S::Error> {
    interval.map(|interval| interval.to_string()).serialize(to)
}

/// Serialises the text of an anchor.
pub(crate) fn serialize_anchor<S: serde::Serializer>(
    anchor: &Option<Anchor>,
    to: S,
) -> Result<S::Ok, S::Error> {
    anchor.map(|anchor| anchor.to_string()).serialize(to)
}

/// Tells whether a value is the default.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The keys of [`Aggregate`], as they are written.
#[derive(Serialize)]
struct AggregateKeys {
    aggregate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<String>,
    partial_bar: &'static str,
    empty_bars: &'static str,
}

/// Serialises the keys, none where bars are taken as they are.
pub(crate) fn serialize_aggregate<S: serde::Serializer>(
    aggregate: &Option<Aggregate>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let keys = aggregate.map(|Aggregate { spec, partial, empty, anchor }| AggregateKeys {
        aggregate: spec.to_string(),
        anchor: anchor.map(|anchor| anchor.to_string()),
        partial_bar: partial.word(),
        empty_bars: empty.word(),
    });
    keys.serialize(to)
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
            channels: table.read("channels", Channels::read)?.unwrap_or(default.channels),
            snapshot: table.read("snapshot", Entry::texts)?.unwrap_or_default(),
            presets: table.read("presets", Entry::texts)?.unwrap_or_default(),
            max_gap: max_gap.unwrap_or(default.max_gap),
            on_bad_bar: table.read("on_bad_bar", Entry::choice)?.unwrap_or_default(),
            timezone: table
                .read("timezone", |e| e.text().map(str::to_owned))?
                .unwrap_or(default.timezone),
            stamp: table.read("stamp", Entry::choice)?.unwrap_or_default(),
            interval: table.read("interval", |entry| parsed(entry, Interval::EXPECTED))?,
            on_duplicate: table.read("on_duplicate", Entry::choice)?.unwrap_or_default(),
            rename: table.read("rename", Entry::pairs)?.unwrap_or_default(),
            aggregate: Self::read_aggregate(table)?,
            feature_anchor: Self::read_feature_anchor(table)?,
            feature_history: table.read("feature_history", Entry::choice)?.unwrap_or_default(),
            feature_warmup: table.read("feature_warmup", Entry::choice)?.unwrap_or_default(),
            adjust: table.read("adjust", |entry| Ok(adjust(entry.texts()?)))?,
            csv: csv::read(table.table("csv")?)?,
            attributes: table.read("attributes", |e| e.text().map(str::to_owned))?,
            join: table.read("join", join::read)?.unwrap_or_default(),
        })
    }

    /// Refuses keys that apply to features alone where there are none.
    pub(crate) fn validate_without_features(&self) -> Result<(), RecipeError> {
        if self.feature_anchor.is_some() {
            let problem = "it only applies with data.aggregate or with [features]; set that too, or \
                           leave this out";
            return Err(RecipeError::conflict("data.anchor", problem));
        }
        let written = [
            ("feature_history", !is_default(&self.feature_history)),
            ("feature_warmup", !is_default(&self.feature_warmup)),
            ("attributes", self.attributes.is_some()),
            ("join", !self.join.is_empty()),
        ];
        match written.iter().find(|(_, is_written)| *is_written) {
            None => Ok(()),
            Some((key, _)) => {
                Err(RecipeError::does_not_apply(format!("data.{key}"), "without [features]"))
            }
        }
    }

    /// Refuses values of joins among the columns of samples.
    fn validate_join_channels(&self) -> Result<(), RecipeError> {
        let columns = [("channels", &*self.channels), ("snapshot", &self.snapshot[..])];
        for (key, names) in columns.into_iter().filter(|_| !self.join.is_empty()) {
            let Some(i) = names.iter().position(|name| name.starts_with(JOIN)) else { continue };
            let problem = format!(
                "samples hold columns of bars and features; write a feature, such as x = {0:?} \
                 under [features], and name it here",
                names[i]
            );
            return Err(RecipeError::conflict(format!("data.{key}[{i}]"), problem));
        }
        Ok(())
    }

    /// The columns of bars that samples hold: the channels, then those of the snapshot that are no
    /// channels.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let more = self.snapshot.iter().filter(|name| !self.channels.contains(name));
        self.channels.iter().chain(more).cloned().collect()
    }

    /// The same, apart.
    pub(crate) fn sample_columns(&self) -> Columns<'_> {
        Columns { channels: &self.channels, snapshot: &self.snapshot }
    }

    /// The settings that change samples. Files of factors are left out: the bars show their effect.
    /// So are those of joins, whose values are columns of the bars.
    pub(crate) fn without_paths(mut self) -> Self {
        self.bars.clear();
        self.attributes = None;
        self.join.iter_mut().for_each(|join| join.files.clear());
        self.adjust = self.adjust.filter(|adjust| *adjust == Adjust::AdjClose);
        self
    }

    /// The begin of days.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        self.aggregate.as_ref().map_or(self.feature_anchor, |aggregate| aggregate.anchor)
    }

    fn read_feature_anchor(table: &Table<'_>) -> Result<Option<Anchor>, RecipeError> {
        if table.get("aggregate").is_some() {
            return Ok(None);
        }
        table.read("anchor", |entry| parsed(entry, Anchor::EXPECTED))
    }

    fn read_aggregate(table: &Table<'_>) -> Result<Option<Aggregate>, RecipeError> {
        let spec = table.read("aggregate", |entry| parsed(entry, BarSpec::EXPECTED))?;
        let anchor = table.read("anchor", |entry| parsed(entry, Anchor::EXPECTED))?;
        let partial_bar = table.read("partial_bar", Entry::choice)?;
        let empty_bars = table.read("empty_bars", Entry::choice)?;
        let Some(spec) = spec else {
            for key in ["partial_bar", "empty_bars"] {
                if let Some(entry) = table.get(key) {
                    let problem = "it only applies with data.aggregate; set that too, or leave \
                        this out";
                    return entry.at(Err(RecipeError::conflict(format!("data.{key}"), problem)));
                }
            }
            return Ok(None);
        };
        let (partial, empty) = (partial_bar.unwrap_or_default(), empty_bars.unwrap_or_default());
        Ok(Some(Aggregate { spec, partial, empty, anchor }))
    }

    pub(crate) fn validate(&self) -> Result<(), RecipeError> {
        if let Some(i) = self.bars.iter().position(String::is_empty) {
            let key = format!("data.bars[{i}]");
            return Err(RecipeError::expected(&key, "a file or a glob", &"an empty text"));
        }
        if let Some(Adjust::Factors(files)) = &self.adjust
            && (files.is_empty() || files.iter().any(String::is_empty))
        {
            let expected = "\"adj_close\", or files of factors";
            return Err(RecipeError::expected("data.adjust", expected, &"an empty text or list"));
        }
        if self.channels.is_empty() {
            let expected = "at least one column of the bars";
            return Err(RecipeError::expected("data.channels", expected, &"an empty list"));
        }
        validate_columns("data.channels", &self.channels)?;
        validate_columns("data.snapshot", &self.snapshot)?;
        if let MaxGap::Limit(ns) = self.max_gap
            && ns <= 0
        {
            return Err(RecipeError::expected("data.max_gap", duration::EXPECTED, &ns));
        }
        if let Some(Aggregate { spec, empty: EmptyBars::Fill, .. }) = self.aggregate
            && !matches!(spec, BarSpec::Time(_))
        {
            let problem = format!("bars of {spec} have no empty intervals; leave it out");
            return Err(RecipeError::conflict("data.empty_bars", problem));
        }
        if let Some(Aggregate { spec, anchor: Some(_), .. }) = self.aggregate
            && !matches!(spec, BarSpec::Time(_))
        {
            let problem = format!("bars of {spec} can begin at any trade; leave it out");
            return Err(RecipeError::conflict("data.anchor", problem));
        }
        for (from, to) in &self.rename {
            if to.is_empty() {
                let key = format!("data.rename.{from}");
                return Err(RecipeError::expected(
                    &key,
                    "the new name of a column",
                    &"an empty text",
                ));
            }
        }
        csv::validate(&self.csv)?;
        if self.attributes.as_ref().is_some_and(String::is_empty) {
            let expected = "a file with a column symbol and others, such as sector";
            return Err(RecipeError::expected("data.attributes", expected, &"an empty text"));
        }
        join::validate(&self.join)?;
        self.validate_join_channels()?;
        if self.timezone.is_empty() {
            let expected = "a time zone such as \"UTC\" or \"America/New_York\"";
            return Err(RecipeError::expected("data.timezone", expected, &"an empty text"));
        }
        Ok(())
    }
}

/// Checks a list of columns.
fn validate_columns(key: &str, names: &[String]) -> Result<(), RecipeError> {
    let mut seen = BTreeSet::new();
    for (i, name) in names.iter().enumerate() {
        let conflict = |problem: String| Err(RecipeError::conflict(format!("{key}[{i}]"), problem));
        if name.is_empty() {
            return conflict("expected the name of a column, got an empty text".into());
        }
        if !seen.insert(name) {
            return conflict(format!("{name:?} is listed twice; leave one out"));
        }
        if is_reserved(name) {
            return conflict(format!(
                "{name:?} is the name of a dataset's own column; rename the bars' column"
            ));
        }
    }
    Ok(())
}

/// A value that is written as text.
pub(crate) fn parsed<T: std::str::FromStr>(
    entry: &Entry<'_>,
    expected: &str,
) -> Result<T, RecipeError> {
    let value = entry.as_text().and_then(|text| text.parse().ok());
    value.ok_or_else(|| entry.expected(expected))
}
