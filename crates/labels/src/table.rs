//! Labels of a market as columns.

use barloom_memory::SharedColumn;

/// A class that a bar does not have.
pub const MISSING_CLASS: i8 = -128;

/// A number of bars that a bar does not have.
pub const MISSING_BARS: i32 = -1;

/// Values by arena row.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers; NaN where a bar has no value.
    F64(SharedColumn<f64>),
    /// Classes; [`MISSING_CLASS`] where a bar has no class.
    I8(SharedColumn<i8>),
    /// Numbers of bars; [`MISSING_BARS`] where a bar has no number.
    I32(SharedColumn<i32>),
    /// True or false; false where a bar has no value.
    Bool(SharedColumn<bool>),
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
}

/// A label of a market.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its columns, the main one first.
    pub columns: Vec<LabelColumn>,
    /// The number of bars from each on that the label depends on, its own included: 0 where a
    /// column has no value.
    pub life: Vec<u32>,
}

impl Values {
    /// The value of a row as a number: NaN where a bar has no value. A path has no single value.
    #[must_use]
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Self::F64(values) => values[row],
            Self::I8(values) if values[row] == MISSING_CLASS => f64::NAN,
            Self::I8(values) => f64::from(values[row]),
            Self::I32(values) if values[row] == MISSING_BARS => f64::NAN,
            Self::I32(values) => f64::from(values[row]),
            Self::Bool(values) => f64::from(u8::from(values[row])),
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
