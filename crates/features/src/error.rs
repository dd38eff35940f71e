//! Errors of features: the feature, the place in its text, and the remedy.

use std::fmt;

/// A fault of a feature, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.shown())]
pub struct FeatureError {
    /// The name of the feature.
    pub feature: String,
    /// The place in its text, in characters from 1; none where the whole is meant.
    pub column: Option<usize>,
    /// The fault and its remedy, as a sentence without a full stop.
    pub problem: String,
}

impl FeatureError {
    /// A fault of a whole feature.
    pub(crate) fn whole(feature: &str, problem: impl Into<String>) -> Self {
        Self { feature: feature.to_owned(), column: None, problem: problem.into() }
    }

    fn shown(&self) -> String {
        let Self { feature, column, problem } = self;
        match column {
            Some(column) => format!("feature `{feature}`, column {column}: {problem}"),
            None => format!("feature `{feature}`: {problem}"),
        }
    }
}

/// A fault at a byte of a text, before the feature's name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte at which it is.
    pub at: usize,
    /// The fault and its remedy.
    pub problem: String,
}

impl Fault {
    pub(crate) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into() }
    }

    /// The error of the feature with this name and text.
    #[must_use]
    pub fn of(self, feature: &str, text: &str) -> FeatureError {
        let before = text.get(..self.at).unwrap_or(text);
        let column = Some(before.chars().count() + 1);
        FeatureError { feature: feature.to_owned(), column, problem: self.problem }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

/// The name that is closest to one that is not there, as words to add to an error; empty if none
/// is close.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let close = names
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len().min(name.len()) / 4)
        .min();
    close.map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}
