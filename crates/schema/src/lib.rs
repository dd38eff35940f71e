//! A sample's columns as data.
//!
//! A [`Field`] has a name, a type, a shape, a [`Role`], a unit and a sentence of documentation. A
//! [`Schema`] is the ordered list of a dataset's fields. All code that has columns takes them from
//! here: blocks, the digest of the content, files of every format, batches of a loader, structures
//! of kernels, Python's lists, names that a recipe may not use, and the manifest.
//!
//! The macro [`columns!`] is the table of the columns that every sample has. Hot code makes typed
//! structures from it, and other code reads it as [`COLUMNS`]. One line in that table adds a
//! column.
//!
//! ```
//! use barloom_schema::{DType, Role, SampleColumns, Schema};
//!
//! let schema = Schema::of_samples(&SampleColumns {
//!     channels: &["close", "volume"],
//!     lookback: 64,
//!     snapshot: &["rsi"],
//!     metrics: &["return", "sharpe"],
//!     ..SampleColumns::default()
//! });
//! let names: Vec<&str> = schema.names().collect();
//! assert_eq!(&names[..6], ["sample", "symbol", "bar", "ts", "close", "volume"]);
//! assert_eq!(schema.field("close").unwrap().shape, [64]);
//! assert_eq!(schema.field("snapshot").unwrap().names, ["rsi"]);
//! assert_eq!(schema.field("reward_sharpe").unwrap().dtype, DType::F64);
//! assert_eq!(schema.of_role(Role::Action).count(), 4);
//! ```
#![forbid(unsafe_code)]

mod columns;
mod field;
mod schema;
mod slice;

pub use columns::{COLUMNS, EXIT_REASONS, META, is_reserved};
pub use field::{ColumnField, DType, Field, Logical, Role};
pub use schema::{SNAPSHOT, SampleColumns, Schema, SchemaError, reward_names};
pub use slice::{Element, Slice};
