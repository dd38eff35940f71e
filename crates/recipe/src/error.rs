//! Why a recipe is refused.

use std::fmt;

/// A place in a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the caller named it.
    pub origin: String,
    /// The line, from 1; none when it is about something that is not there.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Why a recipe is refused. `key` is the key's path, `reward.eps`; list items count from 0.
/// `at` is `None` where the recipe was changed in code and no text stands behind it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// The text is not TOML.
    #[error("{}column {column}: this is not TOML: {problem}", prefix(.at))]
    Syntax {
        /// The place.
        at: Option<Box<Place>>,
        /// The column, from 1.
        column: usize,
        /// The parser's message.
        problem: String,
    },
    /// A key or a table that no recipe has.
    #[error(
        "{}{key}: unknown key;{} {known}",
        prefix(.at),
        hint(.nearest.as_deref())
    )]
    UnknownKey {
        /// The place.
        at: Option<Box<Place>>,
        /// The key.
        key: String,
        /// The known key that it resembles most, if it resembles one.
        nearest: Option<String>,
        /// The key that there is in its place.
        known: String,
    },
    /// A value of the wrong type, or an invalid value.
    #[error("{}{key}: expected {expected}, got {got}", prefix(.at))]
    Expected {
        /// The place.
        at: Option<Box<Place>>,
        /// The key.
        key: String,
        /// The values that the key takes.
        expected: String,
        /// The value that it has.
        got: String,
    },
    /// A word that is none of those the key takes.
    #[error(
        "{}{key}: expected {allowed}, got {got:?}{}",
        prefix(.at),
        .nearest.map_or_else(String::new, |n| format!("; did you mean {n:?}?"))
    )]
    Choice {
        /// The place.
        at: Option<Box<Place>>,
        /// The key.
        key: String,
        /// The word.
        got: String,
        /// The words that the key takes.
        allowed: String,
        /// The one that it resembles most, if it resembles one.
        nearest: Option<&'static str>,
    },
    /// A key that means nothing beside the others, so that it would be silently ignored.
    #[error("{}{key}: it does not apply {because}; leave it out", prefix(.at))]
    DoesNotApply {
        /// The place.
        at: Option<Box<Place>>,
        /// The key.
        key: String,
        /// Beside what.
        because: String,
    },
    /// Keys that contradict each other, or something that is missing.
    #[error("{}{key}: {problem}", prefix(.at))]
    Conflict {
        /// The place.
        at: Option<Box<Place>>,
        /// The key.
        key: String,
        /// The fault and its remedy.
        problem: String,
    },
    /// Parts of a split written as keys.
    #[error(
        "{}{key}: the parts of a split are an ordered list, write it as\n\n\
         [[split.part]]\nname = \"{name}\"\n{end}\n",
        prefix(.at)
    )]
    SplitForm {
        /// The place.
        at: Option<Box<Place>>,
        /// The key.
        key: String,
        /// The name of the part.
        name: String,
        /// Its end as it should be written.
        end: String,
    },
}

impl RecipeError {
    /// The same error without the line, for a text that was made and that nobody sees.
    #[must_use]
    pub fn without_line(mut self) -> Self {
        if let Some(place) = self.at_mut() {
            place.line = None;
        }
        self
    }

    /// The key that is wrong, if it is about one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. }
            | Self::Expected { key, .. }
            | Self::Choice { key, .. }
            | Self::DoesNotApply { key, .. }
            | Self::Conflict { key, .. }
            | Self::SplitForm { key, .. } => Some(key),
            Self::Syntax { .. } => None,
        }
    }

    /// The place, if there is a text.
    #[must_use]
    pub fn at(&self) -> Option<&Place> {
        match self {
            Self::Syntax { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::Expected { at, .. }
            | Self::Choice { at, .. }
            | Self::DoesNotApply { at, .. }
            | Self::Conflict { at, .. }
            | Self::SplitForm { at, .. } => at.as_deref(),
        }
    }

    fn at_mut(&mut self) -> &mut Option<Box<Place>> {
        match self {
            Self::Syntax { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::Expected { at, .. }
            | Self::Choice { at, .. }
            | Self::DoesNotApply { at, .. }
            | Self::Conflict { at, .. }
            | Self::SplitForm { at, .. } => at,
        }
    }

    /// This error with its place, which `find` gives for a key.
    pub(crate) fn placed(mut self, find: impl FnOnce(&str) -> Place) -> Self {
        if let Some(key) = self.key().map(str::to_owned)
            && self.at().is_none()
        {
            *self.at_mut() = Some(Box::new(find(&key)));
        }
        self
    }

    pub(crate) fn expected(key: &str, expected: impl Into<String>, got: &impl ToString) -> Self {
        let (key, got) = (key.to_owned(), got.to_string());
        Self::Expected { at: None, key, expected: expected.into(), got }
    }

    /// The error of a key, with the fault and its remedy.
    #[must_use]
    pub fn conflict(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Conflict { at: None, key: key.into(), problem: problem.into() }
    }

    pub(crate) fn does_not_apply(key: impl Into<String>, because: impl Into<String>) -> Self {
        Self::DoesNotApply { at: None, key: key.into(), because: because.into() }
    }
}

fn prefix(at: &Option<Box<Place>>) -> String {
    at.as_ref().map_or_else(String::new, |at| format!("{at}: "))
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(" did you mean {nearest}?"))
}
