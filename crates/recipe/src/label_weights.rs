//! The `[weights]` table: weights of samples by their labels.

use barloom_bars::{duration_text, parse_duration};
use serde::{Serialize, Serializer};

use crate::choice::nearest;
use crate::label::{LabelKind, LabelSettings};
use crate::reader::{Entry, Table};
use crate::{Recipe, RecipeError};

pub(crate) const KEYS: &[&str] = &["kind", "of", "half_life"];

/// The begin of the word for the values of a column.
const COLUMN: &str = "column:";

/// The words for kinds that need no name.
const WORDS: [(&str, WeightKind); 4] = [
    ("uniqueness", WeightKind::Uniqueness),
    ("return", WeightKind::Return),
    ("time_decay", WeightKind::TimeDecay),
    ("balance", WeightKind::Balance),
];

const EXPECTED: &str = "\"uniqueness\", \"return\", \"time_decay\", \"balance\" or \"column:NAME\"";

/// A factor of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightKind {
    /// The average uniqueness of the label.
    Uniqueness,
    /// The absolute return that is attributed to the label.
    Return,
    /// A half each half-life before the last labelled bar.
    TimeDecay,
    /// The same sum for each class.
    Balance,
    /// The values of a column of the bars, or of a feature.
    Column(String),
}

/// The `[weights]` table: the column `weight` is the product of its kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSettings {
    /// The factors, at least one, none twice.
    pub kinds: Vec<WeightKind>,
    /// The name of the label whose life or classes count; none for the only one.
    pub of: Option<String>,
    /// The half-life of `time_decay` in ns.
    pub half_life: Option<i64>,
}

#[derive(Serialize)]
struct Written<'a> {
    kind: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    half_life: Option<String>,
}

impl Serialize for WeightSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written {
            kind: self.kinds.iter().map(WeightKind::word).collect(),
            of: self.of.as_deref(),
            half_life: self.half_life.map(duration_text),
        }
        .serialize(to)
    }
}

impl WeightKind {
    /// The word for it in a recipe.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Column(name) => format!("{COLUMN}{name}"),
            other => WORDS.iter().find(|(_, kind)| kind == other).map_or("", |one| one.0).into(),
        }
    }

    fn read(entry: &Entry<'_>) -> Result<Self, RecipeError> {
        let text = entry.as_text().ok_or_else(|| entry.expected(EXPECTED))?;
        if let Some(name) = text.strip_prefix(COLUMN) {
            return Ok(Self::Column(name.to_owned()));
        }
        let known = WORDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, kind)| kind.clone()).ok_or_else(|| RecipeError::Choice {
            at: Some(Box::new(entry.place())),
            key: entry.key.clone(),
            got: text.to_owned(),
            allowed: EXPECTED.to_owned(),
            nearest: nearest(text, WORDS.iter().map(|(word, _)| *word)),
        })
    }

    /// True if it depends on a label.
    fn is_of_label(&self) -> bool {
        matches!(self, Self::Uniqueness | Self::Return | Self::Balance)
    }
}

impl WeightSettings {
    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let kinds = table.read("kind", |e| match e.items() {
            Some(items) => items.iter().map(WeightKind::read).collect(),
            None => WeightKind::read(e).map(|kind| vec![kind]),
        })?;
        let half_life = table.read("half_life", |e| {
            let expected = "a whole number with a unit, \"365d\" or \"12h\"";
            e.as_text().and_then(parse_duration).ok_or_else(|| e.expected(expected))
        })?;
        let of = table.read("of", |e| e.text().map(str::to_owned))?;
        Ok(Self { kinds: kinds.unwrap_or_default(), of, half_life })
    }

    /// The label whose life or classes count; none where no kind depends on a label.
    #[must_use]
    pub fn label<'a>(&self, labels: &'a [LabelSettings]) -> Option<&'a LabelSettings> {
        if !self.kinds.iter().any(WeightKind::is_of_label) {
            return None;
        }
        match &self.of {
            Some(name) => labels.iter().find(|label| label.name == *name),
            None => labels.first(),
        }
    }

    /// The columns whose values are factors.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().filter_map(|kind| match kind {
            WeightKind::Column(name) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(crate) fn columns_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.kinds.iter_mut().filter_map(|kind| match kind {
            WeightKind::Column(name) => Some(name),
            _ => None,
        })
    }

    pub(crate) fn validate(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let Some(kind) = self.kinds.first() else {
            let expected = format!("{EXPECTED}, or a list of them");
            return Err(RecipeError::expected("weights.kind", expected, &"none"));
        };
        for (i, kind) in self.kinds.iter().enumerate() {
            if self.kinds[..i].contains(kind) {
                let problem = format!("{:?} is listed twice; leave one out", kind.word());
                return Err(RecipeError::conflict(format!("weights.kind[{i}]"), problem));
            }
        }
        if self.columns().any(str::is_empty) {
            let expected = "the name of a column of the bars or of a feature after column:";
            return Err(RecipeError::expected("weights.kind", expected, &"an empty text"));
        }
        let decays = self.kinds.contains(&WeightKind::TimeDecay);
        match self.half_life {
            Some(_) if !decays => {
                let because = "without the kind \"time_decay\"";
                return Err(RecipeError::does_not_apply("weights.half_life", because));
            }
            None if decays => {
                let problem = "the kind \"time_decay\" needs a half-life; add half_life = \"365d\"";
                return Err(RecipeError::conflict("weights.half_life", problem));
            }
            Some(ns) if ns <= 0 => {
                return Err(RecipeError::expected("weights.half_life", "a time above 0", &ns));
            }
            _ => {}
        }
        if !self.kinds.iter().any(WeightKind::is_of_label) {
            if self.of.is_some() {
                let because = format!("to kind = {:?}, which depends on no label", kind.word());
                return Err(RecipeError::does_not_apply("weights.of", because));
            }
            return Ok(());
        }
        self.validate_label(&recipe.labels)
    }

    /// Checks the label that kinds depend on.
    fn validate_label(&self, labels: &[LabelSettings]) -> Result<(), RecipeError> {
        let names: Vec<&str> = labels.iter().map(|label| label.name.as_str()).collect();
        let known = match names.as_slice() {
            [] => "the recipe has no [[label]]".to_owned(),
            names => format!("the labels are {}", names.join(", ")),
        };
        if self.of.is_none() && names.len() != 1 {
            let problem = format!("name the label whose life counts; {known}");
            return Err(RecipeError::conflict("weights.of", problem));
        }
        let Some(label) = self.label(labels) else {
            let name = self.of.as_deref().unwrap_or_default();
            let problem = format!("there is no label {name:?}; {known}");
            return Err(RecipeError::conflict("weights.of", problem));
        };
        if !self.kinds.contains(&WeightKind::Balance) {
            return Ok(());
        }
        let classes = label.class_columns().len();
        let problem = match label.kind {
            LabelKind::TripleBarrier(_) => return Ok(()),
            _ if classes == 1 => return Ok(()),
            _ if classes == 0 => "has no classes; add classes = { quantiles = 3 } to it",
            _ => "has classes for several horizons; give it one horizon",
        };
        let problem =
            format!("\"balance\" needs a label of one class, and {} {problem}", label.name);
        Err(RecipeError::conflict("weights.of", problem))
    }

    /// These settings with every key written that applies.
    pub(crate) fn written_out(&self, labels: &[LabelSettings]) -> Self {
        let of = self.label(labels).map(|label| label.name.clone());
        Self { of, ..self.clone() }
    }
}
