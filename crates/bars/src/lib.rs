//! Validated bars: series, markets and segments. No IO, no randomness.
//!
//! A [`Series`] holds the bars of one symbol as columns. A series that exists is valid, so no later
//! code checks a price again. A [`Market`] holds all series in one arena of columns, one after
//! another. Its [`Segment`]s are the runs of bars that belong together. Segments express gaps,
//! several symbols and the parts of a split, so a window within a segment crosses none of them. The
//! price of the arena is one copy of the columns when it is built. [`TradeBars`] builds bars from
//! trades, and [`resample`] builds coarser bars from bars.
//!
//! ```
//! use barloom_bars::{Column, Market, MaxGap, Series};
//!
//! let minute = 60_000_000_000;
//! let column = |name: &str, values: [f64; 3]| Column::new(name, values.to_vec());
//! let series = Series::new(
//!     "SPY",
//!     vec![0, minute, 400 * minute], // bar open times, ns since 1970 UTC
//!     vec![
//!         column("open", [100.0, 101.0, 102.0]),
//!         column("high", [101.5, 102.5, 103.5]),
//!         column("low", [99.5, 100.5, 101.5]),
//!         column("close", [101.0, 102.0, 103.0]),
//!     ],
//! )?;
//! let market = Market::new(&[series], &["close".into()], MaxGap::Limit(60 * minute))?;
//! assert_eq!(market.segments().len(), 2, "the step of 399 minutes ends a segment");
//! # Ok::<(), barloom_bars::BarsError>(())
//! ```
#![forbid(unsafe_code)]

mod across;
mod anchor;
mod closes;
mod dates;
mod duration;
mod error;
mod interval;
mod market;
mod resample;
mod segments;
mod series;
mod session;
mod spec;
mod sum;
mod trades;
mod validate;
mod zone;

pub use across::Across;
pub use anchor::{Anchor, Grid, NoAnchor};
pub use closes::{close_of, close_times};
pub use duration::{duration_text, parse_duration};
pub use error::BarsError;
pub use interval::{Interval, NoInterval};
pub use market::{Market, MarketColumn, SeriesSpan, bars_per_year, is_missing, market_columns};
pub use resample::{FLOW_COLUMNS, coarser_value, fill, resample};
pub use segments::{MaxGap, Segment, is_gap, median_of_steps};
pub use series::{Column, Series};
pub use session::{NoSession, Session};
pub use spec::{BarSpec, NoBarSpec};
pub use trades::{Aggregated, Aggressor, TRADE_BAR_COLUMNS, TradeBars, TradeFault};
pub use validate::{BarFault, NEEDS_POSITIVE, bar_fault, first_fault, first_non_positive};
pub use zone::{Local, UnknownZone, Zone};

/// The price columns that every series has, in this order.
pub const PRICE_COLUMNS: [&str; 4] = ["open", "high", "low", "close"];
