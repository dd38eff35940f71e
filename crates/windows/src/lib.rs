//! The valid positions of samples in a market, and the windows before them.
//!
//! A position is a bar t at which a decision is taken. Its window is the `lookback` bars before t,
//! `[t - L, t)`, and its reward uses the `forward` bars from t on, `[t, t + F)`. [`Positions`]
//! numbers the valid positions from 0 in arena order. It stores one range of rows per segment and
//! their prefix sums, not a list of bars, so memory is O(segments). The price is a look-up for each
//! sample, and a short search if segments are short. [Weights](Positions::weighted) of series give
//! a position several numbers, so one drawn number still finds it. Windows are views of columns.
//! [`cut`] is the loop that cuts many windows; the caller scales and stores their values with a
//! [`Scale`].
//!
//! ```
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_windows::{Positions, window};
//!
//! let minute = 60_000_000_000;
//! let prices: Vec<f64> = (0..10).map(|bar| 100.0 + f64::from(bar)).collect();
//! let column = |name: &str| Column::new(name, prices.clone());
//! let columns = vec![column("open"), column("high"), column("low"), column("close")];
//! let series = Series::new("SPY", (0..10).map(|bar| bar * minute).collect(), columns)?;
//! let market = Market::new(&[series], &["close".into()], MaxGap::None)?;
//!
//! let positions = Positions::new(&market, 4, 3, None)?;
//! assert_eq!(positions.count(), 4); // t = 4, 5, 6, 7
//! let last = positions.locate(3);
//! assert_eq!(last.row, 7); // labels on bars 7, 8 and 9: the last ones included
//! assert_eq!(window(market.close(), last.row, 4), [103.0, 104.0, 105.0, 106.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod copies;
mod cut;
mod error;
mod missing;
mod positions;
mod view;

pub use cut::{Places, PlainStore, Scale, SteppedStore, Store, cut, cut_ordered};
pub use error::{NearestRun, WindowsError};
pub use missing::{MissingColumn, MissingRows};
pub use positions::{Position, PositionRange, Positions, Wanted};
pub use view::{window, windows_of};
