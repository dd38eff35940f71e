//! Reading `[[label]]` tables.

use barloom_labels::{Touch, Vertical};
use barloom_rewards::SameBar;
use toml::de::DeValue;

use super::{Across, BarrierSettings, Classes, KEYS, LabelKind, LabelSettings, ScaleSetting};
use crate::RecipeError;
use crate::choice::Choice;
use crate::reader::{Entry, Table, as_number};

/// The keys of `classes`.
const CLASSES: &[&str] = &["quantiles", "fit", "edges"];

impl Choice for Touch {
    const WORDS: &'static [(&'static str, Self)] =
        &[("high_low", Self::HighLow), ("close", Self::Close)];
}

impl Choice for Vertical {
    const WORDS: &'static [(&'static str, Self)] = &[("zero", Self::Zero), ("sign", Self::Sign)];
}

impl Choice for Across {
    const WORDS: &'static [(&'static str, Self)] =
        &[("rank", Self::Rank), ("zscore", Self::ZScore), ("demean", Self::Demean)];
}

/// A kind without its settings.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    Return,
    TripleBarrier,
    Volatility,
    Excursion,
    Trend,
    Path,
    Expression,
}

impl Choice for Word {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("return", Self::Return),
        ("triple_barrier", Self::TripleBarrier),
        ("volatility", Self::Volatility),
        ("excursion", Self::Excursion),
        ("trend", Self::Trend),
        ("path", Self::Path),
        ("expression", Self::Expression),
    ];
}

impl Word {
    /// The keys beside `name` and `kind`.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Return | Self::Volatility | Self::Trend => &["horizon", "classes", "across"],
            Self::TripleBarrier => {
                &["horizon", "up", "down", "scale", "touch", "same_bar", "vertical", "side"]
            }
            Self::Excursion | Self::Path => &["horizon"],
            Self::Expression => &["of", "classes", "across"],
        }
    }
}

/// Reads the list of labels. `forward` is the horizon of those that give none; with none there is
/// no such horizon.
pub(crate) fn read(
    entry: &Entry<'_>,
    forward: Option<usize>,
) -> Result<Vec<LabelSettings>, RecipeError> {
    let expected = "a list of tables, each headed [[label]]";
    let items = entry.items().ok_or_else(|| entry.expected(expected))?;
    items.iter().map(|item| one(item, forward)).collect()
}

fn one(entry: &Entry<'_>, forward: Option<usize>) -> Result<LabelSettings, RecipeError> {
    let table = entry.table()?.only(KEYS, &[])?;
    let name = table.read("name", |e| e.text().map(str::to_owned))?;
    let name = name.ok_or_else(|| lacks(entry, "name", "\"fwd\""))?;
    let word: Word =
        table.read("kind", Entry::choice)?.ok_or_else(|| lacks(entry, "kind", "\"return\""))?;
    let applies = |key: &str| ["name", "kind"].contains(&key) || word.keys().contains(&key);
    if let Some(other) = table.entries().iter().find(|entry| !applies(entry.name)) {
        let because = format!("to kind = {:?}", word.word());
        return other.at(Err(RecipeError::does_not_apply(other.key.clone(), because)));
    }
    let horizon = || horizon(entry, &table, forward);
    let kind = match word {
        Word::Return => LabelKind::Return { horizons: horizons(entry, &table, forward)? },
        Word::TripleBarrier => LabelKind::TripleBarrier(barrier(entry, &table, horizon()?)?),
        Word::Volatility => LabelKind::Volatility { horizon: horizon()? },
        Word::Excursion => LabelKind::Excursion { horizon: horizon()? },
        Word::Trend => {
            let [least, most] = table
                .read("horizon", |e| match e.items().as_deref() {
                    Some([least, most]) => Ok([least.size()?, most.size()?]),
                    _ => Err(e.expected("the shortest and the longest horizon in bars, [16, 64]")),
                })?
                .ok_or_else(|| lacks(entry, "horizon", "[16, 64]"))?;
            LabelKind::Trend { least, most }
        }
        Word::Path => LabelKind::Path { horizon: horizon()? },
        Word::Expression => {
            let of = table.read("of", |e| e.text().map(str::to_owned))?;
            LabelKind::Expression { of: of.ok_or_else(|| lacks(entry, "of", "\"std(ret, 20)\""))? }
        }
    };
    let classes = table.read("classes", classes)?;
    Ok(LabelSettings { name, kind, classes, across: table.read("across", Entry::choice)? })
}

/// The error of a table without a key that it needs.
fn lacks(entry: &Entry<'_>, key: &str, example: &str) -> RecipeError {
    let problem = format!("it has no {key}; add {key} = {example}");
    RecipeError::conflict(entry.key.clone(), problem).placed(|_| entry.place())
}

/// The error of a label without a horizon where there is no default.
fn no_horizon(entry: &Entry<'_>) -> RecipeError {
    lacks(entry, "horizon", "64, as actions = \"none\" has no dataset.forward to take")
}

fn horizon(
    entry: &Entry<'_>,
    table: &Table<'_>,
    forward: Option<usize>,
) -> Result<usize, RecipeError> {
    table.read("horizon", Entry::size)?.or(forward).ok_or_else(|| no_horizon(entry))
}

fn horizons(
    entry: &Entry<'_>,
    table: &Table<'_>,
    forward: Option<usize>,
) -> Result<Vec<usize>, RecipeError> {
    let written = table.read("horizon", |e| match e.items() {
        Some(items) => items.iter().map(Entry::size).collect(),
        None => e.size().map(|bars| vec![bars]),
    })?;
    written.or(forward.map(|bars| vec![bars])).ok_or_else(|| no_horizon(entry))
}

fn barrier(
    entry: &Entry<'_>,
    table: &Table<'_>,
    horizon: usize,
) -> Result<BarrierSettings, RecipeError> {
    let distance = |key: &str| {
        let distance = table.read(key, Entry::number)?;
        distance.ok_or_else(|| lacks(entry, key, "1.0, a multiple of scale; 0 for no barrier"))
    };
    let scale = table.read("scale", |e| match (e.as_text(), as_number(e.value)) {
        (Some(text), _) => Ok(ScaleSetting::Expression(text.to_owned())),
        (_, Some(number)) => Ok(ScaleSetting::Fixed(number)),
        _ => Err(e.expected("a fraction of the price: a number or an expression in quotes")),
    })?;
    let side = table.read("side", |e| e.text().map(str::to_owned))?;
    let touch: Touch = table.read("touch", Entry::choice)?.unwrap_or_default();
    let refused = |key: &str, because: &str| match table.get(key) {
        Some(entry) => entry.at(Err(RecipeError::does_not_apply(entry.key.clone(), because))),
        None => Ok(()),
    };
    if touch == Touch::Close {
        refused("same_bar", "with touch = \"close\": one close cannot reach both barriers")?;
    }
    if side.is_some() {
        refused("vertical", "with side: the class is 1 where the profit comes first, else 0")?;
    }
    Ok(BarrierSettings {
        horizon,
        up: distance("up")?,
        down: distance("down")?,
        scale: scale.ok_or_else(|| lacks(entry, "scale", "\"ta.atr(14) / close\", or a number"))?,
        touch,
        same_bar: table.read("same_bar", Entry::choice::<SameBar>)?.unwrap_or_default(),
        vertical: table.read("vertical", Entry::choice)?.unwrap_or_default(),
        side,
    })
}

fn classes(entry: &Entry<'_>) -> Result<Classes, RecipeError> {
    let expected = "{ quantiles = 3, fit = \"train\" } or { edges = [-0.001, 0.001] }";
    let DeValue::Table(_) = entry.value else { return Err(entry.expected(expected)) };
    let table = entry.table()?.only(CLASSES, &[])?;
    let fit = table.read("fit", |e| e.text().map(str::to_owned))?;
    let count = table.read("quantiles", Entry::size)?;
    let edges = table.read("edges", |e| {
        let items = e.items().ok_or_else(|| e.expected("a list of numbers, ascending"))?;
        items.iter().map(Entry::number).collect::<Result<Vec<f64>, _>>()
    })?;
    match (count, edges) {
        (Some(count), None) => Ok(Classes::Quantiles { count, fit }),
        (None, Some(edges)) => match table.get("fit") {
            Some(fit) => {
                let because = "to edges of your own, which are fitted to nothing";
                fit.at(Err(RecipeError::does_not_apply(fit.key.clone(), because)))
            }
            None => Ok(Classes::Edges(edges)),
        },
        _ => Err(entry.expected(expected)),
    }
}
