//! The `[sampling]` table; its settings live in the sampling crate.

use barloom_sampling::{ActionSource, Directions, Real, SamplingSettings};
use serde::Serialize;

use crate::RecipeError;
use crate::choice::Choice;
use crate::reader::{self, Entry, Table};

pub(crate) const KEYS: &[&str] = &[
    "actions",
    "equity",
    "balance_offset",
    "position",
    "sl_dist",
    "tp_dist",
    "act_dir",
    "act_dollar",
    "act_sl",
    "act_tp",
];

impl Choice for ActionSource {
    const WORDS: &'static [(&'static str, Self)] =
        &[("random", Self::Random), ("grid", Self::Grid), ("none", Self::None)];
}

/// The table as a recipe writes it: without actions nothing is drawn.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Written<'a> {
    None { actions: &'static str },
    All(&'a SamplingSettings),
}

pub(crate) fn written(settings: &SamplingSettings) -> Written<'_> {
    match settings.actions {
        ActionSource::None => Written::None { actions: settings.actions.word() },
        ActionSource::Random | ActionSource::Grid => Written::All(settings),
    }
}

const DIRECTION: &str = "0 (flat, hold), 1 (long) or -1 (short)";

pub(crate) fn read(table: &Table<'_>) -> Result<SamplingSettings, RecipeError> {
    let default = SamplingSettings::default();
    let read = |name, default| table.read(name, real).map(|real| real.unwrap_or(default));
    let directed = |name, default| {
        table.read(name, directions).map(|directions| directions.unwrap_or(default))
    };
    Ok(SamplingSettings {
        actions: table.read("actions", Entry::choice)?.unwrap_or_default(),
        equity: read("equity", default.equity)?,
        balance_offset: read("balance_offset", default.balance_offset)?,
        position: directed("position", default.position)?,
        sl_dist: read("sl_dist", default.sl_dist)?,
        tp_dist: read("tp_dist", default.tp_dist)?,
        act_dir: directed("act_dir", default.act_dir)?,
        act_dollar: read("act_dollar", default.act_dollar)?,
        act_sl: read("act_sl", default.act_sl)?,
        act_tp: read("act_tp", default.act_tp)?,
    })
}

pub(crate) fn validate(settings: &SamplingSettings) -> Result<(), RecipeError> {
    Ok(settings.validate()?)
}

/// A number, `[lo, hi]`, or `{ choice = [a, b, ..] }`.
fn real(entry: &Entry<'_>) -> Result<Real, RecipeError> {
    let wrong = || entry.expected("a number, a range [lo, hi] or { choice = [a, b, ..] }");
    if let Some(number) = reader::as_number(entry.value) {
        return Ok(Real::Constant(number));
    }
    if let Some(items) = entry.items() {
        return match items.as_slice() {
            [lo, hi] => Ok(Real::Range { lo: lo.number()?, hi: hi.number()? }),
            _ => Err(wrong()),
        };
    }
    let table = entry.table().map_err(|_| wrong())?.only(&["choice"], &[])?;
    let choice = table.get("choice").ok_or_else(wrong)?;
    let items = choice.items().ok_or_else(|| choice.expected("a list of numbers"))?;
    items.iter().map(Entry::number).collect::<Result<_, _>>().map(Real::Choice)
}

/// A direction or a list of them.
pub(crate) fn directions(entry: &Entry<'_>) -> Result<Directions, RecipeError> {
    let direction = |entry: &Entry<'_>, expected: &str| {
        reader::as_whole(entry.value)
            .and_then(|whole| i8::try_from(whole).ok())
            .filter(|direction| (-1..=1).contains(direction))
            .ok_or_else(|| entry.expected(expected))
    };
    match entry.items() {
        Some(items) => {
            items.iter().map(|i| direction(i, DIRECTION)).collect::<Result<_, _>>().map(Directions)
        }
        None => {
            let expected = format!("{DIRECTION}, or a list of them");
            direction(entry, &expected).map(|direction| Directions(vec![direction]))
        }
    }
}
