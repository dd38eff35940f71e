//! The formats of samples: columns, and blocks turned into the bytes of files and back.

mod arrow;
pub(crate) mod encode;
pub(crate) mod layout;
pub(crate) mod npy;
pub(crate) mod parquet;
pub(crate) mod ranged;
pub(crate) mod stored;
