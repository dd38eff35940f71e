//! The `[[data.join]]` tables: slower series whose values features use.

use std::collections::BTreeSet;

use barloom_bars::{duration_text, parse_duration};
use barloom_features::{AsOf, Ties};
use serde::{Serialize, Serializer};

use crate::RecipeError;
use crate::choice::{self, Choice};
use crate::data::is_default;
use crate::reader::{Entry, Table};

const KEYS: &[&str] = &["name", "files", "time", "delay", "max_age", "ties", "by", "missing"];

impl Choice for Ties {
    const WORDS: &'static [(&'static str, Self)] = &[("before", Self::Before), ("at", Self::At)];
}

/// The series of a join's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// One, for all symbols of the bars.
    #[default]
    All,
    /// One for each symbol.
    Symbol,
}

/// A symbol of the bars of which the files of a join have no record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingSymbol {
    /// It is an error.
    #[default]
    Error,
    /// Its values are missing.
    Allow,
}

impl Choice for MissingSymbol {
    const WORDS: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("allow", Self::Allow)];
}

/// A slower series, joined by time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JoinSettings {
    /// The name by which features use its values: `join.NAME.VALUE`.
    pub name: String,
    /// Files and globs; none in the recipe of a dataset, whose bars have the values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The column of the time at which a record is known.
    pub time: String,
    /// The records that bars take.
    #[serde(flatten, serialize_with = "serialize_as_of")]
    pub as_of: AsOf,
    /// The series of its files.
    #[serde(skip_serializing_if = "is_default", serialize_with = "serialize_by")]
    pub by: By,
    /// A symbol without records.
    #[serde(skip_serializing_if = "is_default", serialize_with = "choice::serialize")]
    pub missing: MissingSymbol,
}

/// The keys of [`AsOf`], as they are written.
#[derive(Serialize)]
struct AsOfKeys {
    delay: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<String>,
    ties: &'static str,
}

fn text(ns: i64) -> String {
    if ns == 0 { "0s".to_owned() } else { duration_text(ns) }
}

fn serialize_as_of<S: Serializer>(as_of: &AsOf, to: S) -> Result<S::Ok, S::Error> {
    let AsOf { delay, max_age, ties } = *as_of;
    AsOfKeys { delay: text(delay), max_age: max_age.map(text), ties: ties.word() }.serialize(to)
}

fn serialize_by<S: Serializer>(by: &By, to: S) -> Result<S::Ok, S::Error> {
    match by {
        By::All => to.serialize_none(),
        By::Symbol => to.serialize_str("symbol"),
    }
}

/// Reads the list of joins.
pub(crate) fn read(entry: &Entry<'_>) -> Result<Vec<JoinSettings>, RecipeError> {
    let expected = "a list of tables, each headed [[data.join]]";
    let items = entry.items().ok_or_else(|| entry.expected(expected))?;
    items.iter().map(one).collect()
}

fn one(entry: &Entry<'_>) -> Result<JoinSettings, RecipeError> {
    let table = entry.table()?.only(KEYS, &[])?;
    let text = |key: &str, example: &str| -> Result<String, RecipeError> {
        match table.read(key, |e| e.text().map(str::to_owned))? {
            Some(text) => Ok(text),
            None => {
                let problem = format!("it has no {key}; add {key} = {example}");
                entry.at(Err(RecipeError::conflict(entry.key.clone(), problem)))
            }
        }
    };
    let as_of = AsOf {
        delay: duration(&table, "delay", true)?.unwrap_or(0),
        max_age: duration(&table, "max_age", false)?,
        ties: table.read("ties", Entry::choice)?.unwrap_or_default(),
    };
    let by = table.read("by", |e| match e.as_text() {
        Some("symbol") => Ok(By::Symbol),
        _ => Err(e.expected("\"symbol\"; leave it out for one series of all symbols")),
    })?;
    Ok(JoinSettings {
        name: text("name", "\"funding\"")?,
        files: table.read("files", Entry::texts)?.unwrap_or_default(),
        time: text("time", "\"ts\", the column of the time at which a value is known")?,
        as_of,
        by: by.unwrap_or_default(),
        missing: table.read("missing", Entry::choice)?.unwrap_or_default(),
    })
}

fn duration(table: &Table<'_>, key: &str, none: bool) -> Result<Option<i64>, RecipeError> {
    table.read(key, |entry| {
        let expected = "a whole number with a unit, \"90s\", \"15m\", \"9h\", \"2d\"";
        match entry.as_text() {
            Some("0" | "0s" | "0m" | "0h" | "0d") if none => Ok(0),
            text => text.and_then(parse_duration).ok_or_else(|| entry.expected(expected)),
        }
    })
}

/// Checks the joins.
pub(crate) fn validate(joins: &[JoinSettings]) -> Result<(), RecipeError> {
    let mut seen = BTreeSet::new();
    for (i, join) in joins.iter().enumerate() {
        let conflict = |key: &str, problem: String| {
            Err(RecipeError::conflict(format!("data.join[{i}]{key}"), problem))
        };
        let JoinSettings { name, files, time, as_of, by, missing } = join;
        let first = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !first || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            let problem = format!(
                "{name:?} cannot stand in an expression; a name has letters, digits and `_`, and \
                 begins with no digit"
            );
            return conflict(".name", problem);
        }
        if !seen.insert(name) {
            return conflict(".name", format!("{name:?} is the name of two joins; rename one"));
        }
        if files.iter().any(String::is_empty) {
            return conflict(".files", "expected files or globs, got an empty text".into());
        }
        if time.is_empty() {
            return conflict(".time", "expected the name of a column, got an empty text".into());
        }
        if as_of.delay < 0 || as_of.max_age.is_some_and(|age| age < 0) {
            return conflict("", "a negative delay or age would look ahead".into());
        }
        if *missing != MissingSymbol::Error && *by == By::All {
            let because = "without by = \"symbol\"";
            return Err(RecipeError::does_not_apply(format!("data.join[{i}].missing"), because));
        }
    }
    Ok(())
}
