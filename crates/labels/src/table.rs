//! Labels of a market as columns.

use barloom_memory::SharedColumn;
use barloom_schema::{DType, Field, Logical, Role};

/// A class that a bar does not have.
pub const MISSING_CLASS: i8 = -128;

/// A number of bars that a bar does not have.
pub const MISSING_BARS: i32 = -1;

/// Values by arena row. Clones share them.
#[derive(Clone, Debug)]
pub enum Values {
    /// Weights.
    F32(SharedColumn<f32>),
    /// Numbers; NaN where a bar has no value.
    F64(SharedColumn<f64>),
    /// Classes; [`MISSING_CLASS`] where a bar has no class.
    I8(SharedColumn<i8>),
    /// Numbers of bars; [`MISSING_BARS`] where a bar has no number.
    I32(SharedColumn<i32>),
    /// Flags, 0 or 1; 0 where a bar has no value.
    U8(SharedColumn<u8>),
    /// A path of so many values, from two columns: value k of row t is `close[t + k] - entry[t]` as
    /// f32, where both are logarithms.
    Path {
        /// Logarithms of closes.
        close: SharedColumn<f64>,
        /// Logarithms of entries; NaN where the path leaves the segment.
        entry: SharedColumn<f64>,
        /// The number of values.
        horizon: usize,
    },
}

/// A column of a label.
#[derive(Clone, Debug)]
pub struct LabelColumn {
    /// Its name in samples.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// The unit of its values: `fraction`, `bars`, `log return`; empty without one.
    pub unit: &'static str,
    /// A sentence that says what it holds.
    pub doc: String,
}

/// The name of the column of weights.
pub const WEIGHT: &str = "weight";

/// A label of a market.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its columns, the main one first.
    pub columns: Vec<LabelColumn>,
    /// The number of bars from each on that the label depends on, its own included: 0 where a
    /// column has no value.
    pub life: Vec<u32>,
}

impl LabelColumn {
    /// The column of a label in samples.
    #[must_use]
    pub fn field(&self) -> Field {
        Field {
            name: self.name.clone(),
            dtype: self.values.dtype(),
            logical: Logical::Number,
            shape: self.values.shape(),
            names: Vec::new(),
            role: Role::Label,
            unit: self.unit.to_owned(),
            doc: self.doc.clone(),
        }
    }
}

/// The column of weights in samples: [`Values::F32`].
#[must_use]
pub fn weight_field() -> Field {
    Field {
        name: WEIGHT.to_owned(),
        dtype: DType::F32,
        logical: Logical::Number,
        shape: Vec::new(),
        names: Vec::new(),
        role: Role::Weight,
        unit: String::new(),
        doc: "weight of the sample in training".to_owned(),
    }
}

impl Values {
    /// The type of a value in samples.
    #[must_use]
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) | Self::Path { .. } => DType::F32,
            Self::F64(_) => DType::F64,
            Self::I8(_) => DType::I8,
            Self::I32(_) => DType::I32,
            Self::U8(_) => DType::U8,
        }
    }

    /// The shape of a sample's values: empty for one value, `[H]` for a path.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Path { horizon, .. } => vec![*horizon],
            _ => Vec::new(),
        }
    }

    /// The number of arena rows; none where the two columns of a path have different numbers.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        match self {
            Self::F32(values) => Some(values.len()),
            Self::F64(values) => Some(values.len()),
            Self::I8(values) => Some(values.len()),
            Self::I32(values) => Some(values.len()),
            Self::U8(values) => Some(values.len()),
            Self::Path { close, entry, .. } => Some(close.len()).filter(|n| *n == entry.len()),
        }
    }

    /// Returns true if two columns hold the same bits.
    #[must_use]
    pub fn same_bits(&self, other: &Self) -> bool {
        fn same<T: bytemuck::NoUninit>(a: &[T], b: &[T]) -> bool {
            bytemuck::cast_slice::<T, u8>(a) == bytemuck::cast_slice::<T, u8>(b)
        }
        match (self, other) {
            (Self::F32(a), Self::F32(b)) => same(a, b),
            (Self::F64(a), Self::F64(b)) => same(a, b),
            (Self::I8(a), Self::I8(b)) => same(a, b),
            (Self::I32(a), Self::I32(b)) => same(a, b),
            (Self::U8(a), Self::U8(b)) => same(a, b),
            (
                Self::Path { close, entry, horizon },
                Self::Path { close: other_close, entry: other_entry, horizon: other_horizon },
            ) => horizon == other_horizon && same(close, other_close) && same(entry, other_entry),
            _ => false,
        }
    }

    /// The value of a row as a number: NaN where a bar has no value. A path has no single value.
    #[must_use]
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Self::F32(values) => f64::from(values[row]),
            Self::F64(values) => values[row],
            Self::I8(values) if values[row] == MISSING_CLASS => f64::NAN,
            Self::I8(values) => f64::from(values[row]),
            Self::I32(values) if values[row] == MISSING_BARS => f64::NAN,
            Self::I32(values) => f64::from(values[row]),
            Self::U8(values) => f64::from(values[row]),
            Self::Path { .. } => f64::NAN,
        }
    }

    /// The path of a row into `out`, which has a place for each value.
    ///
    /// # Panics
    /// It is no path, or the path leaves the market; paths of rows whose entry is NaN do not.
    pub fn path(&self, row: usize, out: &mut [f32]) {
        let Self::Path { close, entry, horizon } = self else { panic!("these values are no path") };
        let entry = entry[row];
        if entry.is_nan() {
            out.fill(f32::NAN);
            return;
        }
        let closes = &close[row..row + horizon];
        out.iter_mut().zip(closes).for_each(|(out, close)| *out = (close - entry) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_say_what_samples_hold() {
        let path = Values::Path {
            close: vec![0.0, 0.5, f64::NAN].into(),
            entry: vec![0.25, f64::NAN, f64::NAN].into(),
            horizon: 2,
        };
        let doc = "log returns from the entry".to_owned();
        let column =
            LabelColumn { name: "p".into(), values: path.clone(), unit: "log return", doc };
        let field = column.field();
        assert_eq!(
            (field.dtype, &field.shape[..], field.role),
            (DType::F32, &[2][..], Role::Label)
        );
        assert_eq!((path.rows(), field.unit.as_str()), (Some(3), "log return"));
        let mut out = [0.0; 2];
        path.path(0, &mut out);
        assert_eq!(out, [-0.25, 0.25]);
        assert_eq!(weight_field().role, Role::Weight);
    }

    #[test]
    fn bits_are_compared_not_values() {
        let of = |values: &[f64]| Values::F64(values.to_vec().into());
        assert!(of(&[f64::NAN, 1.0]).same_bits(&of(&[f64::NAN, 1.0])));
        assert!(!of(&[0.0]).same_bits(&of(&[-0.0])));
        assert!(!of(&[0.0]).same_bits(&Values::F32(vec![0.0].into())));
        let path = |horizon: usize| Values::Path {
            close: vec![0.0].into(),
            entry: vec![0.0].into(),
            horizon,
        };
        assert!(path(1).same_bits(&path(1)) && !path(1).same_bits(&path(2)));
    }
}
