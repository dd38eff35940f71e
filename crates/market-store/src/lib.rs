//! `bars.arrow`: all bars of a market with their segments, as one Arrow IPC file.
//!
//! The key decision: a market is stored as it is, with its times and segments. So reading it back
//! checks no bars and needs no reader of other formats. The price is a larger file than the files
//! from which the bars came.
//!
//! ```
//! use barloom_bars::{Column, Market, MaxGap, Series};
//! use barloom_market_store::{market_of_bytes, write_market};
//!
//! let columns = ["open", "high", "low", "close"].map(|name| Column::new(name, vec![10.0, 11.0]));
//! let series = Series::new("ACME", vec![0, 60_000_000_000], columns.to_vec())?;
//! let market = Market::new(&[series], &[], MaxGap::Limit(60_000_000_000))?;
//! let mut bytes = Vec::new();
//! write_market(&mut bytes, &market)?;
//! let back = market_of_bytes("bars", bytes, &[])?;
//! assert_eq!(back.ts(), market.ts());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod arrow;
mod error;

pub use arrow::{
    market_of_bytes, read_market_arrow, read_stored_market, write_market, write_market_arrow,
};
pub use error::MarketStoreError;
