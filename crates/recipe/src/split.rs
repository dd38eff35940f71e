//! The `[split]` table: parts in time order. Its settings live in the bars crate.

use barloom_splits::{LookbackFrom, PartEnd, PartSpec, Split};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::choice::{self, Choice};
use crate::reader::{self, Entry, Table};
use crate::{RecipeError, date};

pub(crate) const KEYS: &[&str] = &["embargo", "lookback_from", "part"];
pub(crate) const PART_KEYS: &[&str] = &["name", "fraction", "until"];

impl Choice for LookbackFrom {
    const WORDS: &'static [(&'static str, Self)] =
        &[("history", Self::History), ("part", Self::Part)];
}

pub(crate) fn read(table: Table<'_>, elsewhere: &[(&str, &[&str])]) -> Result<Split, RecipeError> {
    if let Some(entry) = table.entries().iter().find(|entry| is_part_as_key(entry)) {
        return Err(split_form(entry));
    }
    let table = table.only(KEYS, elsewhere)?;
    Ok(Split {
        parts: table.read("part", parts)?.unwrap_or_default(),
        embargo: table.read("embargo", Entry::whole)?.unwrap_or(0),
        lookback_from: table.read("lookback_from", Entry::choice)?.unwrap_or_default(),
    })
}

pub(crate) fn validate(split: &Split) -> Result<(), RecipeError> {
    Ok(split.check()?)
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
    !KEYS.contains(&entry.name)
        && choice::nearest(entry.name, KEYS.iter().copied().filter(|key| *key != "part")).is_none()
        && !PART_KEYS.contains(&entry.name)
        && (reader::as_number(entry.value).is_some()
            || matches!(entry.value, DeValue::Datetime(_) | DeValue::String(_) | DeValue::Table(_)))
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

/// Serialises a split as a recipe writes it.
pub(crate) fn serialize<S: Serializer>(split: &Option<Split>, to: S) -> Result<S::Ok, S::Error> {
    let Some(split) = split else { return to.serialize_none() };
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
