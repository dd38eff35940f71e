//! The `[split]` table of folds.

use barloom_bars::{Interval, duration_text, parse_duration};
use barloom_splits::{Embargo, Length, LookbackFrom, Purge, Scheme, Train};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::choice::Choice;
use crate::reader::{Entry, Table, as_number};
use crate::split::SplitKind;
use crate::{RecipeError, date};

const LENGTH: &str = "a number of bars, or a text: a whole number with a unit, \"12h\", \"30d\", \
                      \"3mo\" or \"2y\"";

const EMBARGO: &str =
    "a number of bars, a text such as \"1d\", or a fraction of all bars such as 0.01";

/// The settings of folds.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldSettings {
    /// The scheme by which they are cut.
    pub scheme: Scheme,
    /// The time after test and validation bars within which no train bar begins.
    pub embargo: Embargo,
    /// True if every sample is purged as if it had the longest horizon.
    pub by_horizon: bool,
    /// Rows in which lookbacks may lie.
    pub lookback_from: LookbackFrom,
}

/// The lives by which train bars are purged.
#[derive(Clone, Copy, PartialEq)]
enum PurgeBy {
    Label,
    Horizon,
}

impl Choice for PurgeBy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("label", Self::Label), ("horizon", Self::Horizon)];
}

impl FoldSettings {
    /// The kind of these folds, as recipes write it.
    pub(crate) fn kind(&self) -> SplitKind {
        match self.scheme {
            Scheme::WalkForward { .. } => SplitKind::WalkForward,
            Scheme::PurgedKFold { .. } => SplitKind::PurgedKFold,
            Scheme::Cpcv { .. } => SplitKind::Cpcv,
        }
    }

    /// The rules by which bars of a fold are left out, for inputs that reach so many rows back.
    #[must_use]
    pub fn purge(&self, reach: usize) -> Purge {
        let Self { embargo, by_horizon, lookback_from, .. } = *self;
        Purge { embargo, by_horizon, lookback_from, reach }
    }

    /// Reads the table, whose keys are of the kind.
    pub(crate) fn read(kind: SplitKind, table: &Table<'_>) -> Result<Self, RecipeError> {
        let needs = |key: &str, example: &str| {
            let problem = format!("kind = {:?} needs it; add {key} = {example}", kind.word());
            RecipeError::conflict(format!("split.{key}"), problem)
        };
        let groups = || table.read("folds", Entry::whole)?.ok_or_else(|| needs("folds", "5"));
        let scheme = match kind {
            SplitKind::PurgedKFold => Scheme::PurgedKFold { folds: groups()? },
            SplitKind::Cpcv => Scheme::Cpcv {
                groups: groups()?,
                tested: table
                    .read("test_folds", Entry::whole)?
                    .ok_or_else(|| needs("test_folds", "2"))?,
            },
            SplitKind::WalkForward | SplitKind::Parts => Scheme::WalkForward {
                train: table.read("train", train)?.ok_or_else(|| needs("train", "\"2y\""))?,
                anchored: table.read("anchored", Entry::boolean)?.unwrap_or_default(),
                test: table.read("test", length)?.ok_or_else(|| needs("test", "\"3mo\""))?,
                step: table.read("step", length)?,
                validation: table.read("validation", length)?,
            },
        };
        let purge = table.read("purge", Entry::choice)?.unwrap_or(PurgeBy::Label);
        Ok(Self {
            scheme,
            embargo: table.read("embargo", embargo)?.unwrap_or(Embargo::Bars(0)),
            by_horizon: purge == PurgeBy::Horizon,
            lookback_from: table.read("lookback_from", Entry::choice)?.unwrap_or_default(),
        })
    }

    pub(crate) fn validate(&self) -> Result<(), RecipeError> {
        self.scheme.check()?;
        self.purge(0).check()?;
        Ok(())
    }
}

fn length(entry: &Entry<'_>) -> Result<Length, RecipeError> {
    match entry.as_text() {
        Some(text) => text.parse().map(Length::Time).map_err(|_| entry.expected(LENGTH)),
        None => entry.whole().map(Length::Bars).map_err(|_| entry.expected(LENGTH)),
    }
}

/// A length, or a date at which the first train interval ends.
fn train(entry: &Entry<'_>) -> Result<Train, RecipeError> {
    let date = match entry.value {
        DeValue::Datetime(written) => Some(*written),
        DeValue::String(text) => text.parse().ok(),
        _ => None,
    };
    if let Some(written) = date {
        let until = date::nanoseconds(&written).ok_or_else(|| entry.expected(date::EXPECTED))?;
        return Ok(Train::Until(until));
    }
    let length = length(entry).map_err(|_| entry.expected(format!("{LENGTH}; or a date")))?;
    Ok(Train::Lasts(length))
}

fn embargo(entry: &Entry<'_>) -> Result<Embargo, RecipeError> {
    match entry.value {
        DeValue::Integer(_) => entry.whole().map(Embargo::Bars),
        DeValue::Float(_) => {
            as_number(entry.value).map(Embargo::Fraction).ok_or_else(|| entry.expected(EMBARGO))
        }
        _ => match entry.as_text() {
            Some("0s") => Ok(Embargo::Time(0)),
            text => text
                .and_then(parse_duration)
                .map(Embargo::Time)
                .ok_or_else(|| entry.expected(EMBARGO)),
        },
    }
}

/// A number of bars, a fraction, or a text.
#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Whole(u64),
    Number(f64),
    Text(String),
}

impl From<Length> for Written {
    fn from(length: Length) -> Self {
        match length {
            Length::Bars(bars) => Self::Whole(bars),
            Length::Time(Interval::Fixed(ns)) => Self::Text(duration_text(ns)),
            Length::Time(interval) => Self::Text(interval.to_string()),
        }
    }
}

impl From<Train> for Written {
    fn from(train: Train) -> Self {
        match train {
            Train::Lasts(length) => length.into(),
            Train::Until(ns) => Self::Text(date::text(ns)),
        }
    }
}

impl From<Embargo> for Written {
    fn from(embargo: Embargo) -> Self {
        match embargo {
            Embargo::Bars(bars) => Self::Whole(bars),
            Embargo::Time(0) => Self::Text("0s".into()),
            Embargo::Time(ns) => Self::Text(duration_text(ns)),
            Embargo::Fraction(share) => Self::Number(share),
        }
    }
}

#[derive(Serialize)]
struct WrittenFolds {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    train: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchored: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_folds: Option<u64>,
    embargo: Written,
    purge: &'static str,
    lookback_from: &'static str,
}

impl Serialize for FoldSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let purge = if self.by_horizon { PurgeBy::Horizon } else { PurgeBy::Label };
        let mut written = WrittenFolds {
            kind: self.kind().word(),
            train: None,
            anchored: None,
            test: None,
            step: None,
            validation: None,
            folds: None,
            test_folds: None,
            embargo: self.embargo.into(),
            purge: purge.word(),
            lookback_from: self.lookback_from.word(),
        };
        match self.scheme {
            Scheme::WalkForward { train, anchored, test, step, validation } => {
                written.train = Some(train.into());
                written.anchored = Some(anchored);
                written.test = Some(test.into());
                written.step = step.map(Written::from);
                written.validation = validation.map(Written::from);
            }
            Scheme::PurgedKFold { folds } => written.folds = Some(folds),
            Scheme::Cpcv { groups, tested } => {
                written.folds = Some(groups);
                written.test_folds = Some(tested);
            }
        }
        written.serialize(to)
    }
}
