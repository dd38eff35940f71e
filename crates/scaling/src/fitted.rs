//! Scalers whose parameters are fitted to values of a part, as functions of a bar's value.
//!
//! Parameters and results are f64. A fit depends on the values and their order alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lanes;
use crate::window::unsigned_zero;

/// Knots of [`Fitted::Quantile`].
pub const KNOTS: usize = 256;

/// The factor that makes the median absolute deviation of a normal distribution its standard
/// deviation.
const NORMAL: f64 = 1.4826;

/// The kind of a fitted scaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FitKind {
    /// `(x - mean) / std`.
    Standard,
    /// `(x - median) / (1.4826 * median absolute deviation)`.
    Robust,
    /// `(x - min) / (max - min)`.
    Range,
    /// The place of x among 256 quantiles, from 0 to 1, linear between them.
    Quantile,
}

impl FitKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Robust, Self::Range, Self::Quantile];

    /// Its name in a recipe.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Robust => "robust",
            Self::Range => "range",
            Self::Quantile => "quantile",
        }
    }
}

/// Values that no scaler can be fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// There are none.
    #[error("there is no value")]
    NoValues,
    /// Their spread is 0, or below what a float holds.
    #[error("{0} is 0")]
    NoSpread(&'static str),
    /// Their spread is beyond what a float holds.
    #[error("the values are too far apart")]
    TooFar,
}

/// The parameters of a scaler that was fitted.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fitted {
    /// Parameters of [`FitKind::Standard`].
    Standard {
        /// The mean.
        mean: f64,
        /// The population standard deviation.
        std: f64,
    },
    /// Parameters of [`FitKind::Robust`].
    Robust {
        /// The median.
        median: f64,
        /// 1.4826 times the median absolute deviation from it.
        scale: f64,
    },
    /// Parameters of [`FitKind::Range`].
    Range {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
    },
    /// Parameters of [`FitKind::Quantile`].
    Quantile {
        /// 256 quantiles at equal steps, ascending: the least value first, the greatest last.
        knots: Vec<f64>,
    },
}

impl Fitted {
    /// Fits a scaler to finite values.
    ///
    /// # Errors
    /// There are none, or they differ too little or too much.
    pub fn fit(kind: FitKind, values: &[f64]) -> Result<Self, FitError> {
        if values.is_empty() {
            return Err(FitError::NoValues);
        }
        let spread = |name: &'static str, spread: f64| match spread {
            spread if !spread.is_finite() => Err(FitError::TooFar),
            spread if spread > 0.0 => Ok(()),
            _ => Err(FitError::NoSpread(name)),
        };
        let (min, max) = lanes::min_max(values);
        let (min, max) = (unsigned_zero(min), unsigned_zero(max));
        match kind {
            FitKind::Standard => {
                let n = values.len() as f64;
                let mean = lanes::sum(values, |x| x) / n;
                let std = (lanes::sum(values, |x| (x - mean) * (x - mean)) / n).sqrt();
                // The mean of equal values may be rounded.
                spread("its standard deviation", if min == max { 0.0 } else { std })?;
                Ok(Self::Standard { mean, std })
            }
            FitKind::Robust => {
                let median = quantile(&sorted(values.iter().copied()), 1, 2);
                let distances = sorted(values.iter().map(|x| (x - median).abs()));
                let scale = NORMAL * quantile(&distances, 1, 2);
                spread("its median absolute deviation", scale)?;
                Ok(Self::Robust { median, scale })
            }
            FitKind::Range => {
                spread("its range", max - min)?;
                Ok(Self::Range { min, max })
            }
            FitKind::Quantile => {
                spread("its range", max - min)?;
                let sorted = sorted(values.iter().copied());
                let knot = |k: usize| quantile(&sorted, k, KNOTS - 1);
                Ok(Self::Quantile { knots: (0..KNOTS).map(knot).collect() })
            }
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> FitKind {
        match self {
            Self::Standard { .. } => FitKind::Standard,
            Self::Robust { .. } => FitKind::Robust,
            Self::Range { .. } => FitKind::Range,
            Self::Quantile { .. } => FitKind::Quantile,
        }
    }

    /// True if the parameters are those of some fit: finite, with a spread, knots ascending.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let wide = |low: f64, width: f64| low.is_finite() && width.is_finite() && width > 0.0;
        match self {
            Self::Standard { mean, std } => wide(*mean, *std),
            Self::Robust { median, scale } => wide(*median, *scale),
            Self::Range { min, max } => wide(*min, max - min),
            Self::Quantile { knots } => {
                knots.len() == KNOTS
                    && knots.is_sorted()
                    && wide(knots[0], knots[KNOTS - 1] - knots[0])
            }
        }
    }

    /// The scaled value.
    #[must_use]
    pub fn transform(&self, x: f64) -> f64 {
        match self {
            Self::Standard { mean, std } => (x - mean) / std,
            Self::Robust { median, scale } => (x - median) / scale,
            Self::Range { min, max } => (x - min) / (max - min),
            Self::Quantile { knots } => {
                let last = knots.len() - 1;
                match knots.partition_point(|knot| *knot <= x) {
                    0 => 0.0,
                    above if above > last => 1.0,
                    above => {
                        let (low, high) = (knots[above - 1], knots[above]);
                        ((above - 1) as f64 + (x - low) / (high - low)) / last as f64
                    }
                }
            }
        }
    }

    /// The value that scales to `y`. A quantile below 0 or above 1 is the least or the greatest
    /// value.
    #[must_use]
    pub fn inverse(&self, y: f64) -> f64 {
        match self {
            Self::Standard { mean, std } => mean + y * std,
            Self::Robust { median, scale } => median + y * scale,
            Self::Range { min, max } => min + y * (max - min),
            Self::Quantile { knots } => {
                let last = knots.len() - 1;
                let place = y.clamp(0.0, 1.0) * last as f64;
                let below = (place as usize).min(last - 1);
                let (low, high) = (knots[below], knots[below + 1]);
                low + (place - below as f64) * (high - low)
            }
        }
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.map(unsigned_zero).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The quantile `k / of` of sorted values, linear between two of them.
fn quantile(sorted: &[f64], k: usize, of: usize) -> f64 {
    let steps = (sorted.len() - 1) as u128 * k as u128;
    let (below, rest) = ((steps / of as u128) as usize, (steps % of as u128) as f64);
    match (rest, sorted.get(below + 1)) {
        (0.0, _) | (_, None) => sorted[below],
        (rest, Some(above)) => {
            // Between the two also after rounding, so that knots ascend.
            (sorted[below] + (above - sorted[below]) * (rest / of as f64)).min(*above)
        }
    }
}

/// The values that a scaler is fitted to: all symbols' together, or each symbol's alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// All symbols' together.
    #[default]
    Market,
    /// Each symbol's alone.
    Symbol,
}

/// The fitted scaler of a column.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FittedScaler {
    /// The part whose rows it was fitted to, or `all`.
    pub fit: String,
    /// The symbols that share parameters.
    pub per: Per,
    /// The bound of scaled values on both sides of 0, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// The parameters: one set, or one for each symbol, in market order.
    pub parameters: Vec<Fitted>,
}

impl FittedScaler {
    /// The parameters of a series, an index into the market's.
    ///
    /// # Panics
    /// There is no such series.
    #[must_use]
    pub fn of_series(&self, series: usize) -> &Fitted {
        &self.parameters[if self.per == Per::Market { 0 } else { series }]
    }

    /// The scaled value of a series, clipped.
    ///
    /// # Panics
    /// There is no such series.
    #[must_use]
    pub fn transform(&self, series: usize, x: f64) -> f64 {
        let y = self.of_series(series).transform(x);
        self.clip.map_or(y, |clip| y.clamp(-clip, clip))
    }

    /// True if it has valid parameters for so many series.
    #[must_use]
    pub fn is_valid(&self, series: usize) -> bool {
        let sets = if self.per == Per::Market { 1 } else { series };
        let clip = self.clip.is_none_or(|clip| clip.is_finite() && clip > 0.0);
        clip && self.parameters.len() == sets && self.parameters.iter().all(Fitted::is_valid)
    }
}

/// The fitted scalers of samples, by column.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FittedScalers {
    /// Scalers of channels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<String, FittedScaler>,
    /// Scalers of the snapshot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub snapshot: BTreeMap<String, FittedScaler>,
    /// Edges between classes of labels, by the column of classes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, Vec<f64>>,
}

impl FittedScalers {
    /// True if no column is fitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.snapshot.is_empty() && self.classes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(kind: FitKind, values: &[f64]) -> Fitted {
        Fitted::fit(kind, values).unwrap()
    }

    #[test]
    fn parameters_of_known_values() {
        let values = [4.0, 1.0, 3.0, 2.0, 10.0];
        let Fitted::Standard { mean, std } = fit(FitKind::Standard, &values) else { panic!() };
        assert_eq!((mean, std), (4.0, 10.0_f64.sqrt()));
        let robust = Fitted::Robust { median: 3.0, scale: NORMAL };
        assert_eq!(fit(FitKind::Robust, &values), robust);
        assert_eq!(fit(FitKind::Range, &values), Fitted::Range { min: 1.0, max: 10.0 });
        let Fitted::Quantile { knots } = fit(FitKind::Quantile, &[0.0, 255.0]) else { panic!() };
        assert_eq!(knots.len(), KNOTS);
        for (k, knot) in knots.iter().enumerate() {
            assert!((knot - k as f64).abs() < 1e-12, "{k} {knot}");
        }
        assert_eq!(quantile(&[1.0, 2.0], 1, 2), 1.5);
    }

    #[test]
    fn values_without_a_spread_are_refused() {
        for kind in FitKind::ALL {
            assert_eq!(Fitted::fit(kind, &[]), Err(FitError::NoValues));
            let constant = Fitted::fit(kind, &[0.1; 7]);
            assert!(matches!(constant, Err(FitError::NoSpread(_))), "{kind:?} {constant:?}");
            let wide = Fitted::fit(kind, &[-1e308, 1.2e308, -1.1e308, 1e308]);
            assert!(wide.is_err(), "{wide:?}");
        }
        let mostly_equal = Fitted::fit(FitKind::Robust, &[1.0, 1.0, 1.0, 9.0]);
        assert_eq!(mostly_equal, Err(FitError::NoSpread("its median absolute deviation")));
    }

    #[test]
    fn quantiles_with_ties_ascend() {
        let scaler = fit(FitKind::Quantile, &[0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        let scaled: Vec<f64> = [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0].map(|x| scaler.transform(x)).into();
        assert!(scaled.is_sorted() && scaler.is_valid(), "{scaled:?}");
        let halves: Vec<f64> = (0..300).map(|k| f64::from(k % 7) * 0.3 + 1.1).collect();
        assert!(fit(FitKind::Quantile, &halves).is_valid(), "knots ascend between equal values");
        assert_eq!((scaled[0], scaled[4], scaled[5]), (0.0, 1.0, 1.0));
        assert_eq!([-1.0, 0.0, 1.0, 2.0].map(|y| scaler.inverse(y)), [0.0, 0.0, 2.0, 2.0]);
    }

    #[test]
    fn its_file() {
        let scaler = FittedScaler {
            fit: "train".into(),
            per: Per::Symbol,
            clip: Some(5.0),
            parameters: vec![Fitted::Standard { mean: 0.1, std: 2.0 }],
        };
        let json = r#"{"fit":"train","per":"symbol","clip":5.0,"parameters":[{"kind":"standard","mean":0.1,"std":2.0}]}"#;
        assert_eq!(serde_json::to_string(&scaler).unwrap(), json);
        assert_eq!(serde_json::from_str::<FittedScaler>(json).unwrap(), scaler);
        assert!(scaler.is_valid(1) && !scaler.is_valid(2));
        assert_eq!((scaler.transform(0, 100.0), scaler.transform(0, -100.0)), (5.0, -5.0));
    }

    proptest! {
        #[test]
        fn inverse_of_transform(
            values in prop::collection::vec(-1e3..1e3_f64, 5..400),
            at in 0.0..1.0_f64,
        ) {
            let (min, max) = lanes::min_max(&values);
            let x = min + at * (max - min);
            for kind in FitKind::ALL {
                let Ok(scaler) = Fitted::fit(kind, &values) else { continue };
                prop_assert!(scaler.is_valid());
                let y = scaler.transform(x);
                if matches!(kind, FitKind::Range | FitKind::Quantile) {
                    prop_assert!((-1e-12..=1.0 + 1e-12).contains(&y), "{kind:?} {y}");
                }
                let back = scaler.inverse(y);
                prop_assert!((back - x).abs() <= 1e-12 * 1e3, "{:?}: {} {}", kind, back, x);
                // The order of the values changes no quantile.
                let reversed: Vec<f64> = values.iter().rev().copied().collect();
                if kind != FitKind::Standard {
                    prop_assert_eq!(&Fitted::fit(kind, &reversed).unwrap(), &scaler);
                }
                let json = serde_json::to_string(&scaler).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Fitted>(&json).unwrap(), &scaler);
            }
        }
    }
}
