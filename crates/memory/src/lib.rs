//! Long columns in memory.
//!
//! Random reads and writes over megabytes wait for address translation, unless the memory has few
//! large pages. Vector stores are fastest if they begin at a cache line. A [`Column`] has one
//! owner, which writes it. A [`SharedColumn`] is read-only and has any number of holders. It may
//! lie in memory of another owner, such as a mapped file.
//!
//! ```
//! use barloom_memory::Column;
//!
//! let squares: Column<u64> = (0..1_000_000).map(|i| i * i).collect();
//! assert_eq!(squares[1_000], 1_000_000);
//! assert_eq!(squares.as_ptr().addr() % 64, 0);
//! ```
#![deny(unsafe_code)]

mod column;
mod raw;
mod room;
mod shared;

pub use column::{Bytes, Column};
pub use room::vec_with_capacity;
pub use shared::{CastError, SharedColumn};
