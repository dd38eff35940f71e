//! Features of bars: expressions, their functions, and their evaluation over a market.
//!
//! A feature is a column computed from the bars of a market. Its value at a row uses rows up to
//! this one, so it is known at the close of its bar.

mod error;
pub mod rolling;
pub mod syntax;
#[cfg(feature = "ta")]
pub mod ta;

pub use error::{FeatureError, Fault};
