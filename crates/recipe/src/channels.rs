//! The columns that windows hold: a list of names, or `"auto"`.

use std::ops::Deref;

use serde::{Serialize, Serializer};

use crate::RecipeError;
use crate::reader::Entry;

/// The word for the channels that bars have.
const AUTO: &str = "auto";
/// The channels of `"auto"`.
const AUTO_CHANNELS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Names of the columns that windows hold, in order. A recipe writes a list, or `"auto"`: open,
/// high, low, close, and volume if the bars have it.
///
/// As a slice, `"auto"` is all five; [`Recipe::fit_channels`](crate::Recipe::fit_channels) makes a
/// list of it that fits the bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    names: Vec<String>,
    auto: bool,
}

impl Channels {
    /// `"auto"`.
    #[must_use]
    pub fn auto() -> Self {
        Self { names: AUTO_CHANNELS.map(str::to_owned).to_vec(), auto: true }
    }

    /// Tells `"auto"` from a list.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        self.auto
    }

    pub(crate) fn read(entry: &Entry<'_>) -> Result<Self, RecipeError> {
        if entry.as_text() == Some(AUTO) {
            return Ok(Self::auto());
        }
        Ok(entry.texts()?.into())
    }

    /// Makes a list of `"auto"` and returns the names that `has` is false for, which it leaves out.
    /// A list stays as it is.
    pub(crate) fn fit(&mut self, has: impl Fn(&str) -> bool) -> Vec<String> {
        if !self.auto {
            return Vec::new();
        }
        self.auto = false;
        let (kept, missing) =
            std::mem::take(&mut self.names).into_iter().partition(|name| has(name));
        self.names = kept;
        missing
    }
}

impl From<Vec<String>> for Channels {
    fn from(names: Vec<String>) -> Self {
        Self { names, auto: false }
    }
}

impl Deref for Channels {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.names
    }
}

impl<const N: usize> PartialEq<[&str; N]> for Channels {
    fn eq(&self, other: &[&str; N]) -> bool {
        self.names == other
    }
}

impl Serialize for Channels {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.auto { to.serialize_str(AUTO) } else { self.names.serialize(to) }
    }
}
