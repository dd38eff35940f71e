//! Columns made ready for scaling, and the scaling of a window.

use crate::{ChannelScaler, lanes};

/// The closes that windows are measured against: of the same bars as the channels, row by row.
#[derive(Clone, Debug)]
pub struct Reference {
    close: Vec<f32>,
    ln_close: Vec<f64>,
}

impl Reference {
    /// Makes the closes ready for these scalers: as `f32`, and their logarithms if one needs them.
    #[must_use]
    pub fn new(close: &[f64], scalers: &[ChannelScaler]) -> Self {
        let logs = scalers.contains(&ChannelScaler::LogReturn);
        Self {
            close: close.iter().map(|x| *x as f32).collect(),
            ln_close: if logs { close.iter().map(|x| libm::log(*x)).collect() } else { Vec::new() },
        }
    }

    /// The closes as `f32`, one a row.
    #[must_use]
    pub fn close(&self) -> &[f32] {
        &self.close
    }

    /// The natural logarithms of the closes, one a row; empty if no scaler needs them.
    #[must_use]
    pub fn ln_close(&self) -> &[f64] {
        &self.ln_close
    }
}

/// A column with what its scaler needs of each bar done once.
///
/// Missing values (NaN) may stand in the column, never in a window that is scaled.
#[derive(Clone, Debug)]
pub struct PreparedChannel {
    scaler: ChannelScaler,
    values: Values,
}

/// What is kept of each bar.
#[derive(Clone, Debug)]
enum Values {
    /// `f32(x)`, or `f32(log1p(x))` for [`ChannelScaler::Log1pLast`].
    Single(Vec<f32>),
    /// `x`, or `ln x` for [`ChannelScaler::LogReturn`].
    Double(Vec<f64>),
}

impl PreparedChannel {
    /// Prepares a column, one value a row.
    #[must_use]
    pub fn new(scaler: ChannelScaler, column: &[f64]) -> Self {
        let single = |f: fn(f64) -> f64| column.iter().map(|x| f(*x) as f32).collect();
        let double = |f: fn(f64) -> f64| column.iter().map(|x| f(*x)).collect();
        let values = match scaler {
            ChannelScaler::LastClose | ChannelScaler::None => Values::Single(single(|x| x)),
            ChannelScaler::Log1pLast => Values::Single(single(libm::log1p)),
            ChannelScaler::LogReturn => Values::Double(double(libm::log)),
            // -0 becomes 0: a window's least value is then one bit pattern in any order.
            ChannelScaler::Zscore | ChannelScaler::Minmax => Values::Double(double(|x| x + 0.0)),
        };
        Self { scaler, values }
    }

    /// How it scales.
    #[must_use]
    pub fn scaler(&self) -> ChannelScaler {
        self.scaler
    }

    /// Scales the window `[row - out.len(), row)` into `out`, oldest bar first; the last close is
    /// that of `row - 1`. No row from `row` on is read. An empty `out` is left so.
    ///
    /// # Panics
    /// The window is not within the column or the reference, or the scaler is not among those
    /// that the reference was made for.
    pub fn scale(&self, reference: &Reference, row: usize, out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        let (start, last) = (row - out.len(), row - 1);
        match &self.values {
            Values::Single(values) => {
                let window = &values[start..row];
                match self.scaler {
                    ChannelScaler::LastClose => divide(window, reference.close[last], out),
                    ChannelScaler::Log1pLast => {
                        divide(window, values[last].max(std::f32::consts::LN_2), out);
                    }
                    _ => out.copy_from_slice(window),
                }
            }
            Values::Double(values) => {
                let window = &values[start..row];
                match self.scaler {
                    ChannelScaler::LogReturn => subtract(window, reference.ln_close[last], out),
                    ChannelScaler::Zscore => zscore(window, out),
                    _ => minmax(window, out),
                }
            }
        }
    }
}

// The loops below are over slices of one length, so LLVM drops the bounds checks and vectorises.
// A division stays a division: times the reciprocal would round twice.

#[inline]
fn divide(window: &[f32], by: f32, out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(window) {
        *out = x / by;
    }
}

#[inline]
fn subtract(window: &[f64], what: f64, out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(window) {
        *out = (x - what) as f32;
    }
}

#[inline]
fn shift_and_divide(window: &[f64], shift: f64, by: f64, out: &mut [f32]) {
    for (out, x) in out.iter_mut().zip(window) {
        *out = ((x - shift) / by) as f32;
    }
}

/// Two passes for mean and variance, each a sum in lanes.
fn zscore(window: &[f64], out: &mut [f32]) {
    let (min, max) = lanes::min_max(window);
    let n = window.len() as f64;
    let mean = lanes::sum(window, |x| x) / n;
    let std = (lanes::sum(window, |x| (x - mean) * (x - mean)) / n).sqrt();
    // Squares of differences below 1e-162 vanish; such a window counts as constant.
    if min == max || std == 0.0 {
        out.fill(0.0);
    } else {
        shift_and_divide(window, mean, std, out);
    }
}

fn minmax(window: &[f64], out: &mut [f32]) {
    let (min, max) = lanes::min_max(window);
    if min == max {
        out.fill(0.0);
    } else {
        shift_and_divide(window, min, max - min, out);
    }
}
