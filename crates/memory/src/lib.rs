//! Long columns in memory.
//!
//! What is read or written at random rows of megabytes waits for the tables that translate
//! addresses, unless it lies in few large pages. And what is stored a vector at a time should
//! begin a line of the cache. A [`Column`] is written by its one owner; a [`SharedColumn`] is only
//! read, by any number of holders, and may lie in memory of something else, such as a mapped file.
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
