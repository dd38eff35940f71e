//! The commit of a dataset: files and folders that appear whole or not at all, what a stopped build
//! leaves, and how another goes on with it.

pub(crate) mod begun;
pub(crate) mod files;
pub(crate) mod leftovers;
mod lock;
pub(crate) mod ownership;
pub(crate) mod piece;
pub(crate) mod record;
pub(crate) mod resume;
pub(crate) mod sealed;
pub(crate) mod staging;
