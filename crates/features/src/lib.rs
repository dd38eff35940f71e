//! Features of bars: expressions, their functions, and their evaluation over a market.
//!
//! A feature is a column computed from the bars of a market. Its value at a row uses rows up to
//! this one, so it is known at the close of its bar. [`Features`] checks expressions and evaluates
//! them. [`functions::OWN`] has the functions that expressions call; `ta` has those of TA-Lib.

#![forbid(unsafe_code)]

mod calendar;
mod error;
mod evaluate;
mod family;
mod features;
pub mod functions;
mod fused;
mod graph;
#[cfg(feature = "ta")]
mod indicators;
mod join;
pub mod live;
mod lower;
mod map;
mod presets;
pub mod recursive;
pub mod rolling;
mod rows;
mod stored;
pub mod syntax;
#[cfg(feature = "ta")]
pub mod ta;
mod tape;

pub use error::{Fault, FeatureError};
pub use family::family;
pub use features::{Attributes, Features, History, MOST_FEATURES, Options, WarmUp};
pub use functions::FUNCTIONS_VERSION;
pub use join::{AsOf, JOIN, Join, Records, Ties, parts as join_parts};
pub use presets::{OPTIONAL_COLUMNS, PRESETS, Preset, preset};
