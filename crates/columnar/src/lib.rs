//! Guards for Parquet and Arrow files: the sizes that a file declares are checked before memory is
//! given for them.
//!
//! The readers of the `arrow` and `parquet` crates allocate what a footer, a page's header or a
//! packed buffer declares before they find that the bytes aren't there. A flipped byte could ask
//! for more memory than there is and end the process. So a file is walked through first; its footer
//! and its headers are small.
//!
//! The key decision: the caller names the limit. A file of bars may unpack to so many times its
//! size ([`unpacked_limit`]); of a shard the caller knows how many bytes its rows have.
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
mod pages;
mod quiet;
mod thrift;

pub use error::ColumnarError;
pub use ipc::{IpcFile, read_file, read_stream};
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
