//! Prices actions on bars: trade simulation with stop and target barriers, and reward metrics.
//!
//! A [`MarketIndex`] is built once for a market. Its hierarchy of extreme lows and highs finds the
//! first bar that touches a barrier in O(log F). Its trees of block summaries compute metrics over
//! the trade's path in O(log F) too. The price is a few bytes of memory per bar, and an order of
//! summation that depends on the rows of the market, not on the trade. Results have the same bits
//! on every machine, and agree with a plain scan within rounding. A [`Pricer`] is an index with
//! settings. A second pricer, with other costs or another F, uses the same index.
//!
//! This crate does not know how actions are drawn or where bars come from. Columns are
//! [shared](barloom_memory::SharedColumn), so an index reads its market's columns in place.
//!
//! ```
//! use barloom_rewards::{Action, ExitReason, Metric, Prices, Pricer, RewardSettings};
//!
//! let prices = Prices::new(
//!     vec![100.0, 101.0, 103.0],
//!     vec![101.5, 103.5, 104.0],
//!     vec![99.5, 100.5, 101.0],
//!     vec![101.0, 103.0, 102.0],
//! );
//! let pricer = Pricer::of(prices, RewardSettings::v1(3))?;
//! // Buy 1,000 dollars at the open of row 0; stop 2% below, target 3% above.
//! let action = Action { direction: 1, dollars: 1_000.0, stop: 0.02, target: 0.03 };
//! let trade = pricer.trade(0, &action);
//! assert_eq!((trade.exit_price, trade.held_bars), (103.0, 1));
//! assert_eq!(trade.reason, ExitReason::Target);
//! let reward = pricer.reward(0, &action, 10_000.0, &trade, Metric::Return);
//! assert_eq!(reward.value, 1_000.0 * trade.unit_return / 10_000.0);
//!
//! // The same market at a broker without fees.
//! let free = RewardSettings { fee_bps: 0.0, ..RewardSettings::v1(3) };
//! let pricer = Pricer::new(pricer.index().clone(), free)?;
//! assert!(pricer.trade(0, &action).unit_return > trade.unit_return);
//! # Ok::<(), barloom_rewards::RewardsError>(())
//! ```
#![forbid(unsafe_code)]

mod barriers;
mod best;
mod error;
mod frel;
mod horizon;
mod index;
mod metrics;
mod path;
mod pricer;
mod prices;
mod rates;
mod settings;
mod shelf;
mod starts;
mod tables;
mod trade;
mod trades;
mod tree;

pub use barriers::{BarrierPrices, TOUCH};
pub use best::{Best, Choices};
pub use error::RewardsError;
pub use horizon::HorizonIndex;
pub use index::MarketIndex;
pub use pricer::{Pricer, Reward};
pub use prices::Prices;
pub use rates::BarRates;
pub use settings::{Barriers, Costs, Entry, Formulas, Metric, RewardSettings, SameBar};
pub use tables::{Tables, TreeTable};
pub use trade::{Action, Bar, ExitReason, Trade, fill};
pub use trades::{Actions, RewardsMut, TradeColumns, Trades, TradesMut};
