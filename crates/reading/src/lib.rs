//! Settings of the readers of bars, which recipes hold too. No IO: `market-data` reads.
//!
//! Recipes hold these settings, and readers obey them. They are a crate of their own, so that
//! recipes need no reader, and `bars` knows no files. The price is a crate of plain types: each
//! says what it means, and [`CsvOptions::check`] alone refuses values.
//!
//! ```
//! use barloom_reading::{Aggregate, CsvOptions, EmptyBars};
//!
//! let hours = Aggregate { empty: EmptyBars::Fill, ..Aggregate::new("1h".parse()?) };
//! assert!(hours.fills());
//! let csv = CsvOptions { decimal: Some(';'), ..CsvOptions::default() };
//! assert_eq!(csv.check().unwrap_err().key, "decimal");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod aggregate;
mod csv;
mod rows;

pub use aggregate::{Aggregate, EmptyBars, PartialBar};
pub use csv::{CsvFault, CsvOptions};
pub use rows::{Adjust, OnBadBar, OnDuplicate, Stamp};
