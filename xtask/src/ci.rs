//! `cargo xtask ci`.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// Runs `.ci/run`.
pub(crate) fn run(root: &Path) -> Result<()> {
    let status = Command::new("bash").arg(".ci/run").current_dir(root).status()?;
    ensure!(status.success(), ".ci/run failed");
    Ok(())
}
