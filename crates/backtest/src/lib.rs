//! Backtests: an account on which decisions are traded, by the fills of rewards.
//!
//! An [`Account`] goes through time step by step. [`run`] takes it over a market with a list of
//! [`Order`]s and gives its [`Outcome`]: the equity at each time, every trade, and how many orders
//! were not filled and why. A single order with `hold = F` is the trade that a
//! [`Pricer`](barloom_rewards::Pricer) makes of it, to the bit: entries, exits and costs are the
//! same code.
//!
//! [`Statistics`] describe a curve of equity by the definitions of well-known libraries. Undefined
//! ratios are `None`.
//!
//! The key decision: an order is made before its bar, and acts at that bar's open or close. Nothing
//! here knows which model or rule made it. So all callers (tables of decisions, targets,
//! predictions, rules, environments) are filled alike.
//!
//! ```
//! use barloom_backtest::{Order, Settings, Side, Size, run};
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_rewards::RewardSettings;
//!
//! let close = [101.0, 103.0, 102.0, 106.0];
//! let open = [100.0, 101.0, 103.0, 102.0];
//! let columns = vec![
//!     Column::new("open", open.to_vec()),
//!     Column::new("high", open.iter().zip(&close).map(|(o, c)| o.max(*c)).collect()),
//!     Column::new("low", open.iter().zip(&close).map(|(o, c)| o.min(*c)).collect()),
//!     Column::new("close", close.to_vec()),
//! ];
//! let series = Series::new("SPY", vec![0, 1, 2, 3], columns)?;
//! let market = Market::new(&[series], &[], MaxGap::None)?;
//!
//! let v1 = RewardSettings::v1(1);
//! let free = RewardSettings { fee_bps: 0.0, slippage_bps: 0.0, spread_bps: 0.0, ..v1 };
//! let order = Order::market(1, Side::Long, Size::Fraction(1.0));
//! let order = Order { stop: 0.5, hold: Some(2), ..order };
//! let outcome = run(&market, &Settings::new(1_000.0, free), &[order])?;
//! assert_eq!(outcome.trades[0].exit_price, 102.0); // the close of bar 2
//! assert_eq!(outcome.equity.len(), 4);
//! assert!((outcome.equity[3] - 1_000.0 * 102.0 / 101.0).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod account;
mod error;
mod order;
mod run;
mod settings;
mod statistics;
mod sum;
mod trade;

pub use account::{Account, Bar};
pub use error::BacktestError;
pub use order::{Close, Order, Side};
pub use run::{Clock, Outcome, run};
pub use settings::{Overlap, Settings, Size};
pub use statistics::{Statistics, TradeStatistics};
pub use trade::{ExitCause, Refused, Trade};
