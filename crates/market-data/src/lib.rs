//! Reads and writes market bars.
//!
//! Files of all supported formats (Parquet, Arrow IPC and Feather, CSV and its dialects, JSON,
//! Databento DBN; text also compressed by gzip, zip or Zstandard) become one collection of
//! [`Bars`]. It has the columns of each symbol, and the file and row of every bar. Bars are judged
//! only after all are read: [`Bars::into_series`] refuses or drops unusable bars and names their
//! places, and the crate `doctor` reports everything that is wrong with them. The price is that all
//! bars are in memory at once. Trades, from which bars are built, are in memory one file at a time,
//! or less.
//!
//! ```
//! use barloom_market_data::{OnBadBar, ReadOptions, read_bytes};
//!
//! let csv = b"Date,Open,High,Low,Close,Volume\n\
//!             2024-01-02,10,12,9,11,1000\n\
//!             2024-01-03,11,13,10,12,1500\n";
//! let bars = read_bytes("ACME.csv", csv, &ReadOptions::default())?;
//! let loaded = bars.into_series(OnBadBar::Error)?;
//! assert_eq!(loaded.series[0].symbol(), "ACME");
//! assert_eq!(loaded.series[0].column("close"), Some(&[11.0, 12.0][..]));
//! # Ok::<(), barloom_market_data::MarketDataError>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "csv"),
    expect(dead_code, unused_imports, reason = "parts of other modules are for text alone")
)]

mod adjust;
mod ahead;
mod attributes;
mod bars;
mod bounds;
mod cache;
mod columnar;
mod convert;
mod damage;
#[cfg(feature = "dbn")]
mod databento;
mod error;
mod foreign;
mod formats;
mod join;
#[cfg(feature = "json")]
mod json;
mod kept;
mod levels;
mod names;
mod new_folder;
mod number;
#[cfg(not(all(
    feature = "csv",
    feature = "dbn",
    feature = "gzip",
    feature = "json",
    feature = "parquet",
    feature = "zip"
)))]
mod off;
mod options;
mod origins;
mod packed;
mod panel;
mod paths;
mod places;
mod records;
mod rename;
mod roles;
mod shown;
mod side;
mod source;
mod stored;
mod table;
#[cfg(feature = "csv")]
mod text;
mod time;
mod times;
mod twins;
mod values;
mod write;

#[cfg(not(feature = "dbn"))]
use off::databento;
#[cfg(not(feature = "json"))]
use off::json;
#[cfg(not(feature = "csv"))]
use off::text;

pub use attributes::{AttributeTable, read_attributes};
pub use barloom_bars::{Anchor, Interval};
pub use barloom_market_store::{
    MarketStoreError, market_of_bytes, read_market_arrow, write_market, write_market_arrow,
};
pub use barloom_reading::{
    Adjust, Aggregate, CsvOptions, EmptyBars, OnBadBar, OnDuplicate, PartialBar, Stamp,
};
pub use bars::{Bars, Fault, Joined, Loaded, RawSeries, SourceFile, Unreadable};
pub use cache::Cache;
pub use columnar::read_times;
pub use convert::{Conversion, Converted};
pub use error::{ErrorKind, MarketDataError};
pub use options::ReadOptions;
pub use origins::{Origin, Origins};
pub use places::{Place, Places, utc_text};
pub use shown::{acts, cut, listed, printable, printable_lines};
pub use source::{MemoryTable, read, read_bytes, read_readable, read_tables};
pub use stored::read_stored_market;
pub use table::{NO_TIME, ValueColumns};
pub use values::{ValueSeries, read_values};
pub use write::{Compression, WriteOptions, to_table, to_table_of, write};
