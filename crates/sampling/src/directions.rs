//! Draws of a direction.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lanes::{self, LANES, Words};
use crate::stream::below;

/// Directions to choose from with equal chances, repeats being weights: 0 is flat or hold, 1 is
/// long, -1 is short. In a recipe a list, or a lone number for always that one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "Form")]
pub struct Directions(pub Vec<i8>);

impl Directions {
    /// The direction that 64 random bits stand for.
    ///
    /// # Panics
    /// There are none to choose from.
    #[inline]
    #[must_use]
    pub fn value(&self, u: u64) -> i8 {
        self.0[below(u, self.0.len() as u64) as usize]
    }

    /// [`value`](Self::value) in each lane.
    #[inline(always)]
    pub(crate) fn values(&self, words: &Words) -> [i8; LANES] {
        let mut out = [0; LANES];
        let choices = lanes::below(words, self.0.len() as u64);
        for (out, choice) in out.iter_mut().zip(&choices) {
            *out = self.0[*choice as usize];
        }
        out
    }

    /// Returns true if this direction can come up.
    #[must_use]
    pub fn contains(&self, direction: i8) -> bool {
        self.0.contains(&direction)
    }

    /// Returns true if there is something to draw and all of it is -1, 0 or 1.
    pub(crate) fn is_sound(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|d| (-1..=1).contains(d))
    }
}

impl Default for Directions {
    /// 0, 1, -1.
    fn default() -> Self {
        Self(vec![0, 1, -1])
    }
}

impl fmt::Display for Directions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a list of directions, each 0 (flat, hold), 1 (long) or -1 (short)"
)]
enum Form {
    One(i8),
    Many(Vec<i8>),
}

impl From<Form> for Directions {
    fn from(form: Form) -> Self {
        match form {
            Form::One(one) => Self(vec![one]),
            Form::Many(many) => Self(many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_weights() {
        let mostly_long = Directions(vec![1, 1, 1, -1]);
        let eighths: Vec<i8> = (0..8).map(|i| mostly_long.value(i << 61)).collect();
        assert_eq!(eighths, [1, 1, 1, 1, 1, 1, -1, -1]);
    }
}
