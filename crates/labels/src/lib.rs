//! Labels of bars: what a learner is taught to foretell.
//!
//! A label at bar t is a function of the bars `[t, t + horizon)`, and, for its scale, of rows
//! before t. It never depends on what was drawn, so a [`Label`] is computed once for a market, into
//! a [`Table`] with a value a bar. A sample takes the values of its bar.
//!
//! | kind | value |
//! |---|---|
//! | [`Kind::Return`] | `log(close[t+h-1] / entry)` for each horizon h |
//! | [`Kind::TripleBarrier`] | 1, -1 or 0: the barrier that comes first; its return and time |
//! | [`Kind::Volatility`] | standard deviation of log returns over the horizon |
//! | [`Kind::Excursion`] | greatest and least move from the entry |
//! | [`Kind::Trend`] | t-value of the slope over the horizon with the strongest trend |
//! | [`Kind::Path`] | log returns from the entry to each close |
//! | [`Kind::Feature`] | any column at t-1 |
//!
//! [`across`] compares the values of all symbols at one time.
//!
//! A label whose horizon leaves the segment is missing: NaN, or [`MISSING_CLASS`] for a class. The
//! table also has the number of bars that a label saw of each bar on, its life, by which folds are
//! purged.
#![forbid(unsafe_code)]

mod across;
mod barrier;
mod classes;
mod error;
mod horizon;
mod label;
mod rows;
mod table;
mod trend;
mod weights;

pub use across::across;
pub use barloom_bars::Across;
pub use barrier::{Scale, Touch, TripleBarrier, Vertical};
pub use classes::Edges;
pub use error::LabelsError;
pub use label::{Context, Kind, Label};
pub use table::{LabelColumn, MISSING_BARS, MISSING_CLASS, Table, Values, WEIGHT, weight_field};
pub use weights::{balance, concurrency, return_attribution, time_decay, uniqueness};
