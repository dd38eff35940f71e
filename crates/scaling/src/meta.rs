//! Reversible min-max scaling of meta fields over fixed bounds.

use serde::{Deserialize, Serialize};

/// The bounds that a field scales by.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MetaField {
    /// The field: `equity`.
    pub name: String,
    /// The value that scales to 0.
    pub min: f64,
    /// The value that scales to 1.
    pub max: f64,
}

/// Scales fields by their bounds, which are those of the recipe and not of what was drawn, so a
/// part of a dataset never needs another part. Written with a dataset as `scalers.json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MetaScaler {
    /// The fields in the order of a scaled meta vector.
    pub fields: Vec<MetaField>,
}

impl MetaScaler {
    /// `f32((x - min) / (max - min))`, in f64 before the cast; 0 if `min == max`.
    ///
    /// # Panics
    /// There is no such field.
    #[inline]
    #[must_use]
    pub fn scale(&self, field: usize, x: f64) -> f32 {
        let MetaField { min, max, .. } = &self.fields[field];
        if min == max { 0.0 } else { ((x - min) / (max - min)) as f32 }
    }

    /// `min + scaled * (max - min)`: the value again, as exactly as an `f32` holds it.
    ///
    /// # Panics
    /// There is no such field.
    #[inline]
    #[must_use]
    pub fn unscale(&self, field: usize, scaled: f32) -> f64 {
        let MetaField { min, max, .. } = &self.fields[field];
        min + f64::from(scaled) * (max - min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scaler(min: f64, max: f64) -> MetaScaler {
        MetaScaler { fields: vec![MetaField { name: "equity".into(), min, max }] }
    }

    #[test]
    fn ends_middle_and_constants() {
        let s = scaler(1e4, 1e5);
        assert_eq!([1e4, 5.5e4, 1e5].map(|x| s.scale(0, x)), [0.0, 0.5, 1.0]);
        let constant = scaler(7.0, 7.0);
        assert_eq!((constant.scale(0, 7.0), constant.unscale(0, 0.0)), (0.0, 7.0));
    }

    #[test]
    fn its_file() {
        let json = serde_json::to_string(&scaler(0.001, 0.05)).unwrap();
        assert_eq!(json, r#"{"fields":[{"name":"equity","min":0.001,"max":0.05}]}"#);
        assert_eq!(serde_json::from_str::<MetaScaler>(&json).unwrap(), scaler(0.001, 0.05));
    }

    proptest! {
        #[test]
        fn reversible_to_f32(min in -1e6..1e6_f64, width in 1e-3..1e6_f64, part in 0.0..=1.0_f64) {
            let s = scaler(min, min + width);
            let x = min + part * width;
            let back = s.unscale(0, s.scale(0, x));
            prop_assert!((back - x).abs() <= width * f64::from(f32::EPSILON) + x.abs() * 1e-15);
        }
    }
}
