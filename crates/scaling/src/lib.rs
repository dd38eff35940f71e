//! Scalers: windows of market columns to `f32`, and meta fields to the unit interval and back.
//!
//! What depends on a bar alone (its `f32`, its logarithm) is done once a bar, when a
//! [`PreparedChannel`] is made; what depends on the window is done when it is scaled, by loops
//! over plain slices. The price is one prepared copy of each channel. A window is the `out.len()`
//! rows before a row: where that row came from is not known here, and nothing at or after it is
//! read.
//!
//! ```
//! use barloom_scaling::{ChannelScaler, PreparedChannel, Reference};
//!
//! let close = [10.0, 11.0, 12.5, 20.0];
//! let high = [10.5, 11.5, 13.0, 21.0];
//! let reference = Reference::new(&close, &[ChannelScaler::LastClose]);
//! let channel = PreparedChannel::new(ChannelScaler::LastClose, &high);
//!
//! let mut window = [0.0_f32; 2]; // lookback 2
//! channel.scale(&reference, 3, &mut window); // bars 1 and 2, as known before bar 3 opens
//! assert_eq!(window, [11.5 / 12.5, 13.0 / 12.5]);
//! ```
#![forbid(unsafe_code)]

mod channel;
mod lanes;
mod meta;
mod scaler;

pub use channel::{
    Places, PlainStore, PreparedChannel, PreparedValues, Reference, SteppedStore, Store,
};
pub use meta::{MetaField, MetaScaler};
pub use scaler::{ChannelScaler, usable};
