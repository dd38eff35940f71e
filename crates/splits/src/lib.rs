//! Parts and folds of a market: sets of bars to train on, to validate with and to test on, without
//! a leak.
//!
//! A [`Split`] cuts the times of a market into parts, one after the other. Each [`Part`] has its
//! label bars to itself.
//!
//! A [`Scheme`] cuts the times of a market into [`Fold`]s: walk-forward, purged k-fold, or
//! combinatorial purged cross-validation (CPCV). A fold has three [`Role`]s, each a set of time
//! intervals common to all symbols. [`Purge`] then decides for each bar whether a sample that
//! stands on it may have the role.
//!
//! **No pair of a train and a test sample shares a bar of their labels.** A sample that stands on
//! bar t lives from the open of t to the close of its last label or reward bar. A bar is no train
//! bar if its life meets that of any test or validation bar of any symbol, or begins within the
//! embargo after it. Likewise no validation bar's life meets that of a test bar. Each sample has
//! its own life, so short labels lose fewer bars than long ones.
//!
//! ```
//! use barloom_bars::{Column, Market, MaxGap, PRICE_COLUMNS, Series, Zone};
//! use barloom_splits::{Embargo, Lives, Purge, Role, Scheme};
//!
//! let minute = 60_000_000_000;
//! let columns = PRICE_COLUMNS.iter().map(|name| Column::new(*name, vec![100.0; 30])).collect();
//! let series = Series::new("SPY", (0..30).map(|bar| bar * minute).collect(), columns)?;
//! let market = Market::new(&[series], &[], MaxGap::None)?;
//!
//! let folds = Scheme::PurgedKFold { folds: 3 }.folds(&market, Zone::UTC)?;
//! // Labels of four bars, t to t+3, so none from bar 27 on.
//! let lives = Lives::new(&market, (0..30).map(|bar| if bar < 27 { 4 } else { 0 }).collect());
//! let purge = Purge { embargo: Embargo::Bars(2), ..Purge::default() };
//! let roles = purge.roles(&market, &folds[1], &lives)?;
//! assert_eq!(roles.rows(Role::Test), [10..20]);
//! // Bars 7 to 9 see bar 10 or later. The last test bar ends with bar 22; two bars of embargo.
//! assert_eq!(roles.rows(Role::Train), [0..7, 25..27]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod clock;
mod combinations;
mod error;
mod fold;
mod lives;
mod parts;
mod purge;
mod scheme;

pub use clock::Length;
pub use combinations::count_of_paths;
pub use error::SplitsError;
pub use fold::{Fold, Role, paths};
pub use lives::Lives;
pub use parts::{FoldRole, LookbackFrom, Part, PartEnd, PartRule, PartSpec, Split};
pub use purge::{Embargo, Purge, Roles};
pub use scheme::{MOST_FOLDS, Scheme, Train};
