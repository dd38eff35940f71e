//! Scalers: functions of bars' values, windows of them to `f32`, and meta fields to the unit interval
//! and back.
//!
//! What depends on a bar alone (its `f32`, its logarithm) is a function of its value, to be computed
//! once a bar; what depends on the window, its mean or its last value, is a function of the window; the
//! rest is a function of a value and these. Where values come from and where they go is not known here.
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

mod lanes;
mod meta;
mod scaler;
mod window;

pub use meta::{MetaField, MetaScaler};
pub use scaler::{ChannelScaler, usable};
pub use window::{
    extent, less, ln, log1p, log1p_divisor, moments, over, standard, unsigned_zero, within,
};
