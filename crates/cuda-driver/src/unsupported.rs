//! Systems on which no driver is looked for.

use std::path::Path;

use crate::{Driver, Missing};

/// A driver library, which this system cannot have.
pub(crate) enum Library {}

impl Library {
    pub(crate) fn describe(&self) -> Result<Driver, Missing> {
        match *self {}
    }
}

pub(crate) fn of_process(_: Option<&Path>) -> Result<&'static Library, Missing> {
    let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
    Err(Missing::System { system })
}

pub(crate) fn name_and_text(code: i32) -> (String, String) {
    (format!("CUresult {code}"), "no CUDA driver on this system".to_owned())
}
