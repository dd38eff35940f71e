//! Functions with memory.
//!
//! Each is a small [`State`] that takes one row at a time. A column is computed by the same code,
//! so a stream of rows gives the bits of a batch. The price is that a value depends on all rows
//! before it: see [`Recursive::warm_up`].
//!
//! NaN means missing, and infinite inputs count as missing.
//!
//! ```
//! use barloom_features::recursive::Recursive;
//!
//! let close = [1.0, 2.0, 3.0, 4.0];
//! let mut ema = [0.0; 4];
//! Recursive::Ema { rows: 3 }.apply(&close, &mut ema);
//! assert!(ema[1].is_nan());
//! assert_eq!(ema[2..], [2.0, 3.0]);
//! ```

mod state;

pub use state::{Saved, State};

/// The weight below which rows before the first one do not matter.
const SETTLED: f64 = 1e-8;

/// A function with memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Recursive {
    /// TA-Lib's exponential average: the mean of the first `rows` values, then
    /// `ema + (x - ema) * 2 / (rows + 1)`. NaN before the first one. After a missing row it starts
    /// again.
    Ema {
        /// The number of rows, at least 1.
        rows: usize,
    },
    /// The exponential mean of pandas' `ewm(alpha, adjust=False)`: it starts with the first value.
    /// A missing row ages the mean (`ignore_na=False`), and has the mean of the row before.
    EwmMean {
        /// The weight of the newest row, in (0, 1].
        alpha: f64,
    },
    /// The standard deviation of pandas' `ewm(alpha, adjust=False)` with `bias=False`. Missing rows
    /// are those of `EwmMean`. NaN before the second value. It is computed from deviations, so it
    /// keeps its digits where values are large and their moves small.
    EwmStd {
        /// The weight of the newest row, in (0, 1].
        alpha: f64,
    },
    /// The symmetric CUSUM filter (Lopez de Prado 2018, snippet 2.4): with moves d between present
    /// rows, `up = max(0, up + d)` and `down = min(0, down + d)`. The value is -1 and `down`
    /// restarts where `down < -threshold`, else it is 1 and `up` restarts where `up > threshold`,
    /// else it is 0. NaN in a missing row; the next move bridges it.
    Cusum {
        /// The threshold of an event, in units of the input.
        threshold: f64,
    },
    /// The sum since the first row, with compensated rounding. NaN in a missing row, which adds
    /// nothing.
    CumSum,
}

impl Recursive {
    /// The weight of the newest row for a span: `2 / (span + 1)`, span at least 1.
    #[must_use]
    pub fn alpha_of_span(span: f64) -> f64 {
        2.0 / (span + 1.0)
    }

    /// The weight of the newest row for a half-life in rows: `1 - exp(-ln 2 / halflife)`.
    #[must_use]
    pub fn alpha_of_halflife(halflife: f64) -> f64 {
        1.0 - libm::exp(-std::f64::consts::LN_2 / halflife)
    }

    /// The state before the first row.
    #[must_use]
    pub fn start(self) -> State {
        State::new(self)
    }

    /// The number of first rows of a run to leave out, so that rows before the run would weigh less
    /// than 1e-8 in the others.
    ///
    /// `None` if that never ends: `Cusum` and `CumSum` depend on their first row, and so does a
    /// mean whose alpha is so small that the number has no end.
    #[must_use]
    pub fn warm_up(self) -> Option<usize> {
        let settles = |alpha: f64| {
            if alpha >= 1.0 {
                return Some(0);
            }
            let rows = (libm::log(SETTLED) / libm::log1p(-alpha)).ceil();
            (rows.is_finite() && rows < 1e15).then_some(rows as usize)
        };
        match self {
            Self::Ema { rows } => settles(2.0 / (rows as f64 + 1.0)).map(|more| rows - 1 + more),
            Self::EwmMean { alpha } | Self::EwmStd { alpha } => settles(alpha),
            Self::Cusum { .. } | Self::CumSum => None,
        }
    }

    /// Computes a column from a fresh state.
    ///
    /// # Panics
    ///
    /// Panics if `x` and `out` differ in length.
    pub fn apply(self, x: &[f64], out: &mut [f64]) {
        assert_eq!(x.len(), out.len(), "a value for each row");
        let mut state = self.start();
        for (&x, out) in x.iter().zip(out) {
            *out = state.push(x);
        }
    }
}
