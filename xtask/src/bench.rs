//! `cargo xtask bench`.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// Runs the benchmarks of the package in `benches/`.
pub(crate) fn run(root: &Path, criterion: &[String]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "--package", "barloom-benches", "--benches", "--"])
        .args(criterion)
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "a benchmark failed");
    println!("estimates are under {}", root.join("target/criterion").display());
    Ok(())
}
