//! `cargo xtask cross`: the types of the code that other systems compile.
//!
//! `cargo check` for each target that is installed. Nothing is linked, so C needs no cross
//! compiler: the C compiler and the archiver are a program that does nothing and succeeds. Nothing
//! is downloaded; the output names targets that are not installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;

/// The other systems that the code names.
const TARGETS: [&str; 3] =
    ["x86_64-pc-windows-gnu", "aarch64-apple-darwin", "aarch64-unknown-linux-gnu"];

/// The options of the command.
#[derive(Args)]
pub(crate) struct Cross {
    /// Targets; all where none is named.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Fails for a target that is not installed.
    #[arg(long)]
    strict: bool,
}

/// Checks the crates for each target.
pub(crate) fn run(root: &Path, cross: &Cross) -> Result<()> {
    let known: Vec<String> = TARGETS.map(str::to_owned).to_vec();
    let wanted = if cross.targets.is_empty() { &known } else { &cross.targets };
    if let Some(other) = wanted.iter().find(|target| !known.contains(target)) {
        bail!("unknown target {other}: expected {}", known.join(", "));
    }
    let metadata =
        MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let folder = metadata.target_directory.join("cross");
    for target in wanted {
        if !installed(target)? {
            ensure!(!cross.strict, "{target} is not installed: rustup target add {target}");
            println!("cross: {target} skipped: not installed (rustup target add {target})");
            continue;
        }
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--quiet", "--workspace", "--locked", "--target", target]);
        // Tools of the workspace, which run on the system of whoever works on it.
        for tool in ["barloom-benches", "barloom-fuzz", "xtask"] {
            cargo.args(["--exclude", tool]);
        }
        cargo.arg("--target-dir").arg(&folder).current_dir(root);
        let suffix = target.replace('-', "_");
        for tool in ["CC", "CXX", "AR", "RANLIB"] {
            cargo.env(format!("{tool}_{suffix}"), "true");
        }
        ensure!(cargo.status()?.success(), "{target}: the crates do not compile");
        println!("cross: {target}: the crates compile (checked, not linked)");
    }
    Ok(())
}

/// Looks for the target's standard library.
fn installed(target: &str) -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("rustc does not start")?;
    let folder = String::from_utf8(output.stdout)?;
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}
