//! Scalers: functions of bars' values, windows of them to `f32`, and meta fields to the unit
//! interval and back.
//!
//! Values that depend on a bar alone (its `f32`, its logarithm) are computed once per bar. Values
//! that depend on the window (its mean or its last value) are functions of the window. The rest is
//! a function of a value and these. This crate does not know where values come from or where they
//! go.
//!
//! ```
//! use barloom_scaling::{moments, standard};
//!
//! let window = [1.0, 2.0, 3.0, 2.0];
//! let (mean, std) = moments(&window).expect("values that differ");
//! assert_eq!(window.map(|x| standard(x, mean, std)), [-1.4142135, 0.0, 1.4142135, 0.0]);
//! assert_eq!(moments(&[5.0; 4]), None);
//! ```
#![forbid(unsafe_code)]

mod fitted;
mod lanes;
mod meta;
mod scaler;
mod window;

pub use fitted::{FitError, FitKind, Fitted, FittedScaler, FittedScalers, KNOTS, Per};
pub use meta::{MetaField, MetaScaler};
pub use scaler::{ChannelScaler, of_bar, usable};
pub use window::{
    extent, last_divisor, less, ln, log1p, log1p_divisor, moments, over, standard, unsigned_zero,
    within,
};
