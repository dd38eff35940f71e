//! Draws of a real number.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lanes::{self, LANES, Words};
use crate::stream::below;

/// The distribution of a real field. One draw of 64 bits gives one value, whichever it is.
///
/// In a recipe: a number, `[lo, hi]`, or `{ choice = [0.01, 0.02, 0.02] }`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(from = "Form", into = "Form")]
pub enum Real {
    /// Always this number; the draw is taken all the same.
    Constant(f64),
    /// Uniform in `[lo, hi)`. Rounding to f64 reaches `hi` itself once in about 2^53 draws.
    Range {
        /// The least value.
        lo: f64,
        /// The end of the range.
        hi: f64,
    },
    /// A choice with equal chances; repeats are weights.
    Choice(Vec<f64>),
}

impl Real {
    /// The value that 64 random bits stand for: for a range
    /// `lo + (u >> 11) * 2^-53 * (hi - lo)`, evaluated in that order.
    ///
    /// # Panics
    /// A choice of nothing.
    #[inline]
    #[must_use]
    pub fn value(&self, u: u64) -> f64 {
        match self {
            Self::Constant(x) => *x,
            Self::Range { lo, hi } => in_range(u, *lo, *hi),
            Self::Choice(list) => list[below(u, list.len() as u64) as usize],
        }
    }

    /// [`value`](Self::value) in each lane.
    #[inline(always)]
    pub(crate) fn values(&self, words: &Words) -> [f64; LANES] {
        let mut out = [0.0; LANES];
        match self {
            Self::Constant(x) => out = [*x; LANES],
            Self::Range { lo, hi } => {
                for (out, u) in out.iter_mut().zip(words) {
                    *out = in_range(*u, *lo, *hi);
                }
            }
            Self::Choice(list) => {
                let choices = lanes::below(words, list.len() as u64);
                for (out, choice) in out.iter_mut().zip(&choices) {
                    *out = list[*choice as usize];
                }
            }
        }
        out
    }

    /// The least and the greatest value it can give: a range's two ends.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        match self {
            Self::Constant(x) => (*x, *x),
            Self::Range { lo, hi } => (*lo, *hi),
            Self::Choice(list) => list
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(*x), hi.max(*x))),
        }
    }

    /// Returns true if there is something to draw and all of it is finite, the range's width too.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Constant(x) => x.is_finite(),
            Self::Range { lo, hi } => lo <= hi && (hi - lo).is_finite(),
            Self::Choice(list) => !list.is_empty() && list.iter().all(|x| x.is_finite()),
        }
    }
}

#[inline(always)]
fn in_range(u: u64, lo: f64, hi: f64) -> f64 {
    const ULP: f64 = 1.0 / (1_u64 << 53) as f64;
    lo + (u >> 11) as f64 * ULP * (hi - lo)
}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(x) => write!(f, "{x:?}"),
            Self::Range { lo, hi } => write!(f, "[{lo:?}, {hi:?}]"),
            Self::Choice(list) => write!(f, "{{ choice = {list:?} }}"),
        }
    }
}

/// The form in which a recipe writes it.
#[derive(Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a number, a range [lo, hi] or { choice = [a, b, ..] }")]
enum Form {
    Constant(f64),
    Range([f64; 2]),
    Choice(Choice),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    choice: Vec<f64>,
}

impl From<Form> for Real {
    fn from(form: Form) -> Self {
        match form {
            Form::Constant(x) => Self::Constant(x),
            Form::Range([lo, hi]) => Self::Range { lo, hi },
            Form::Choice(Choice { choice }) => Self::Choice(choice),
        }
    }
}

impl From<Real> for Form {
    fn from(real: Real) -> Self {
        match real {
            Real::Constant(x) => Self::Constant(x),
            Real::Range { lo, hi } => Self::Range([lo, hi]),
            Real::Choice(choice) => Self::Choice(Choice { choice }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_at_the_ends() {
        let range = Real::Range { lo: 1.0, hi: 3.0 };
        assert_eq!(range.value(0), 1.0);
        assert_eq!(range.value(1 << 63), 2.0);
        assert_eq!(range.value(u64::MAX), 3.0, "3 less 2^-52 is rounded to even");
        assert_eq!(Real::Range { lo: 5.0, hi: 5.0 }.value(u64::MAX), 5.0);
        assert_eq!(Real::Constant(-0.5).value(123), -0.5);
        let weighted = Real::Choice(vec![1.0, 2.0, 2.0, 2.0]);
        assert_eq!([0, 1 << 62, u64::MAX].map(|u| weighted.value(u)), [1.0, 2.0, 2.0]);
        assert_eq!(weighted.bounds(), (1.0, 2.0));
    }

    proptest! {
        #[test]
        fn a_range_keeps_its_ends(u: u64, lo in -1e9..1e9_f64, width in 0.0..1e9_f64) {
            let real = Real::Range { lo, hi: lo + width };
            let x = real.value(u);
            // Rounding may reach the end of the range, and miss it by one step where lo + width
            // was rounded.
            prop_assert!(lo <= x && x <= (lo + width).next_up());
        }
    }
}
