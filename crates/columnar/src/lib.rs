//! Guards for Parquet and Arrow files: the sizes that a file declares are checked before memory is
//! given for them.
//!
//! The readers of the `arrow` and `parquet` crates allocate what a footer, a page's header or a packed
//! buffer declares before they find that the bytes aren't there. A flipped byte could ask for more
//! memory than there is and end the process. So a file is walked through first; its footer and its
//! headers are small.
//!
//! The key decision: the caller names the limit. A file of bars may unpack to so many times its size
//! ([`unpacked_limit`]); of a shard the caller knows how many bytes its rows have.
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
mod thrift;

pub use error::ColumnarError;
pub use ipc::{IpcFile, read_stream};
pub use pages::{Declared, check_footer, check_pages};

/// The bytes that one column batch may unpack to: more is taken for a bomb.
pub const BATCH_LIMIT: u64 = 8 << 30;

/// The most that a byte can unpack to: 2 bits of deflate copy 258 bytes.
const DEFLATED: u64 = 1_032;

/// The bytes that a file of so many bytes may unpack to. Formats of columns could hold more, as a
/// value that repeats takes next to no room in them. Prices and times differ.
#[must_use]
pub fn unpacked_limit(bytes: u64) -> u64 {
    const SMALL: u64 = 64 << 20;
    bytes.saturating_mul(DEFLATED).max(SMALL)
}
