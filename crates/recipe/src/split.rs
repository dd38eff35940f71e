//! The `[split]` table: parts in time order, or folds.

use barloom_splits::{LookbackFrom, PartEnd, PartSpec, Split};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::choice::{self, Choice};
use crate::reader::{self, Entry, Table};
use crate::{FoldSettings, RecipeError, date};

pub(crate) const KEYS: &[&str] = &[
    "kind",
    "embargo",
    "lookback_from",
    "part",
    "train",
    "anchored",
    "test",
    "step",
    "validation",
    "folds",
    "test_folds",
    "purge",
];
pub(crate) const PART_KEYS: &[&str] = &["name", "fraction", "until"];

/// The keys of folds that people write as parts.
const ROLES: [&str; 3] = ["train", "test", "validation"];

impl Choice for LookbackFrom {
    const WORDS: &'static [(&'static str, Self)] =
        &[("history", Self::History), ("part", Self::Part)];
}

/// The kind of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SplitKind {
    Parts,
    WalkForward,
    PurgedKFold,
    Cpcv,
}

impl Choice for SplitKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("parts", Self::Parts),
        ("walk_forward", Self::WalkForward),
        ("purged_kfold", Self::PurgedKFold),
        ("cpcv", Self::Cpcv),
    ];
}

impl SplitKind {
    /// The keys that apply.
    fn applies(self, key: &str) -> bool {
        let own: &[&str] = match self {
            Self::Parts => &["part"],
            Self::WalkForward => &["train", "anchored", "test", "step", "validation", "purge"],
            Self::PurgedKFold => &["folds", "purge"],
            Self::Cpcv => &["folds", "test_folds", "purge"],
        };
        ["kind", "embargo", "lookback_from"].contains(&key) || own.contains(&key)
    }
}

/// The `[split]` table.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitSettings {
    /// Parts in time order.
    Parts(Split),
    /// Folds, each with roles.
    Folds(FoldSettings),
}

impl From<Split> for SplitSettings {
    fn from(split: Split) -> Self {
        Self::Parts(split)
    }
}

impl SplitSettings {
    /// The parts; none where there are folds.
    #[must_use]
    pub fn parts(&self) -> &[PartSpec] {
        match self {
            Self::Parts(split) => &split.parts,
            Self::Folds(_) => &[],
        }
    }

    /// The settings of folds; none where there are parts.
    #[must_use]
    pub fn folds(&self) -> Option<&FoldSettings> {
        match self {
            Self::Parts(_) => None,
            Self::Folds(folds) => Some(folds),
        }
    }
}

pub(crate) fn read(
    table: Table<'_>,
    elsewhere: &[(&str, &[&str])],
) -> Result<SplitSettings, RecipeError> {
    let kind = table.read("kind", Entry::choice)?.unwrap_or(SplitKind::Parts);
    if kind == SplitKind::Parts
        && let Some(entry) = table.entries().iter().find(|entry| is_part_as_key(entry))
    {
        return Err(split_form(entry));
    }
    let table = table.only(KEYS, elsewhere)?;
    if let Some(other) = table.entries().iter().find(|entry| !kind.applies(entry.name)) {
        let because = match kind {
            SplitKind::Parts => {
                let words = SplitKind::WORDS.iter().filter(|(_, kind)| kind.applies(other.name));
                let words: Vec<String> = words.map(|(word, _)| format!("{word:?}")).collect();
                format!("to kind = \"parts\", only to {}", words.join(", "))
            }
            _ => format!("to kind = {:?}", kind.word()),
        };
        return other.at(Err(RecipeError::does_not_apply(other.key.clone(), because)));
    }
    if kind != SplitKind::Parts {
        return FoldSettings::read(kind, &table).map(SplitSettings::Folds);
    }
    Ok(SplitSettings::Parts(Split {
        parts: table.read("part", parts)?.unwrap_or_default(),
        embargo: table.read("embargo", Entry::whole)?.unwrap_or(0),
        lookback_from: table.read("lookback_from", Entry::choice)?.unwrap_or_default(),
    }))
}

pub(crate) fn validate(split: &SplitSettings) -> Result<(), RecipeError> {
    match split {
        SplitSettings::Parts(split) => Ok(split.check()?),
        SplitSettings::Folds(folds) => folds.validate(),
    }
}

fn parts(entry: &Entry<'_>) -> Result<Vec<PartSpec>, RecipeError> {
    let expected = "a list of tables, each headed [[split.part]]";
    let items = entry.items().ok_or_else(|| entry.expected(expected))?;
    items.iter().map(part).collect()
}

fn part(entry: &Entry<'_>) -> Result<PartSpec, RecipeError> {
    let table = entry.table()?.only(PART_KEYS, &[])?;
    let missing = |problem: &str| RecipeError::Conflict {
        at: Some(Box::new(entry.place())),
        key: entry.key.clone(),
        problem: problem.to_owned(),
    };
    let name = table.read("name", |e| e.text().map(str::to_owned))?;
    let fraction = table.read("fraction", Entry::number)?;
    let until = table.read("until", until)?;
    let end = match (fraction, until) {
        (Some(fraction), None) => PartEnd::Fraction(fraction),
        (None, Some(ns)) => PartEnd::Until(ns),
        (Some(_), Some(_)) => {
            return Err(missing("it has both a fraction and a date (until); leave one out"));
        }
        (None, None) => {
            return Err(missing("it has no size; add fraction = 0.2 or until = 2024-01-01"));
        }
    };
    let name = name.ok_or_else(|| missing("it has no name; add name = \"train\""))?;
    Ok(PartSpec { name, end })
}

/// A date of TOML's, or a text that holds one; ns since 1970 UTC.
fn until(entry: &Entry<'_>) -> Result<i64, RecipeError> {
    let written = match entry.value {
        DeValue::Datetime(written) => Some(*written),
        DeValue::String(text) => text.parse().ok(),
        _ => None,
    };
    written.and_then(|w| date::nanoseconds(&w)).ok_or_else(|| entry.expected(date::EXPECTED))
}

/// Recognises `train = 0.8` or `[split.train]`: a key that resembles none that there
/// is, with a value that a part could have.
fn is_part_as_key(entry: &Entry<'_>) -> bool {
    let is_end = match entry.value {
        DeValue::Datetime(_) | DeValue::Table(_) => true,
        DeValue::String(text) => text.parse::<toml::value::Datetime>().is_ok(),
        _ => false,
    };
    // The names of roles are keys of folds too, with lengths.
    if ROLES.contains(&entry.name) {
        return is_end || matches!(entry.value, DeValue::Float(_));
    }
    let resembles = choice::nearest(entry.name, KEYS.iter().copied().filter(|key| *key != "part"));
    !KEYS.contains(&entry.name)
        && resembles.is_none()
        && !PART_KEYS.contains(&entry.name)
        && (reader::as_number(entry.value).is_some() || is_end || entry.as_text().is_some())
}

fn split_form(entry: &Entry<'_>) -> RecipeError {
    let end = match entry.value {
        DeValue::Datetime(written) => format!("until = {written}"),
        DeValue::String(text) => format!("until = {text:?}"),
        DeValue::Float(number) => format!("fraction = {number}"),
        _ => "fraction = 0.8".to_owned(),
    };
    let (key, name) = (entry.key.clone(), entry.name.to_owned());
    RecipeError::SplitForm { at: Some(Box::new(entry.place())), key, name, end }
}

#[derive(Serialize)]
struct WrittenSplit<'a> {
    embargo: u64,
    lookback_from: &'static str,
    part: Vec<WrittenPart<'a>>,
}

#[derive(Serialize)]
struct WrittenPart<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl Serialize for SplitSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Parts(split) => serialize(split, to),
            Self::Folds(folds) => folds.serialize(to),
        }
    }
}

/// Serialises parts as a recipe writes them.
fn serialize<S: Serializer>(split: &Split, to: S) -> Result<S::Ok, S::Error> {
    let part = |part: &'_ PartSpec| -> (Option<f64>, Option<String>) {
        match part.end {
            PartEnd::Fraction(fraction) => (Some(fraction), None),
            PartEnd::Until(ns) => (None, Some(date::text(ns))),
        }
    };
    let written = split.parts.iter().map(|spec| {
        let (fraction, until) = part(spec);
        WrittenPart { name: &spec.name, fraction, until }
    });
    WrittenSplit {
        embargo: split.embargo,
        lookback_from: split.lookback_from.word(),
        part: written.collect(),
    }
    .serialize(to)
}
