//! Guards for Parquet and Arrow files: the sizes that a file declares are checked before memory is
//! allocated for them.
//!
//! The readers of the `arrow` and `parquet` crates allocate the size that a footer, a page header
//! or a compressed buffer declares, before they find that the bytes are missing. A flipped byte
//! could ask for more memory than is available and end the process. So this crate walks through a
//! file first. Its footer and headers are small.
//!
//! The key decision: the caller sets the limit. A file of bars may decompress to a multiple of its
//! size ([`unpacked_limit`]). For a shard, the caller knows the bytes of its rows.
//!
//! ```
//! use barloom_columnar::{ColumnarError, check_footer};
//! use bytes::Bytes;
//!
//! let cut = Bytes::from_static(b"PAR1 and no more");
//! let error = check_footer(&cut).unwrap_err();
//! assert_eq!(error.to_string(), "its end is missing");
//! ```
#![forbid(unsafe_code)]

mod error;
mod ipc;
#[cfg(feature = "parquet")]
mod pages;
mod quiet;
#[cfg(not(feature = "parquet"))]
mod ranges;
#[cfg(feature = "parquet")]
mod thrift;

pub use error::ColumnarError;
pub use ipc::{IpcFile, read_file, read_stream};
#[cfg(feature = "parquet")]
pub use pages::{Declared, check_footer, check_pages};
pub use quiet::catch_damage;

/// The bytes that one column batch may unpack to: more is taken for a bomb.
pub const BATCH_LIMIT: u64 = 8 << 30;

/// The bytes that a file of so many packed bytes may unpack to, whatever packed it: more is taken
/// for a bomb. Packers can turn one byte into 32,768; but prices and times differ, and real bars
/// unpack to 3 to 30 times their size.
#[must_use]
pub fn unpacked_limit(bytes: u64) -> u64 {
    const SMALL: u64 = 64 << 20;
    const TIMES: u64 = 256;
    bytes.saturating_mul(TIMES).clamp(SMALL, BATCH_LIMIT)
}
