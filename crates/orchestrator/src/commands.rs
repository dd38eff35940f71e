//! The commands, a module each.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod features;
mod folds;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod merge;
pub(crate) mod report;
pub(crate) mod verify;
