//! `cargo xtask msrv`: the Rust version that the manifests declare is one that compiles them.
//!
//! Three checks: no dependency declares a newer version; clippy's `incompatible_msrv` denies calls
//! of newer functions of the standard library (every run of clippy checks this); and, where rustup
//! has that version, it compiles the workspace. Nothing is downloaded.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use cargo_metadata::semver::Version;
use cargo_metadata::{CargoOpt, MetadataCommand};

/// Runs the checks that can run here and tells which are left out.
pub(crate) fn run(root: &Path) -> Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()?;
    let ours = metadata.workspace_packages();
    let declared = ours[0].rust_version.clone().context("Cargo.toml: no rust-version")?;
    for package in &ours {
        let same = package.rust_version.as_ref() == Some(&declared);
        ensure!(same, "{}: rust-version is not {declared}: inherit it", package.name);
    }
    let packages = metadata.packages.iter().filter_map(|package| {
        Some((format!("{} {}", package.name, package.version), package.rust_version.clone()?))
    });
    let newer = newer(packages, &declared);
    ensure!(
        newer.is_empty(),
        "rust-version {declared} is older than that of {}: raise it, or take older versions",
        newer.join(", ")
    );
    println!("msrv: no dependency wants more than Rust {declared}; clippy checks our own code");

    let toolchain = declared.to_string();
    let found = Command::new("rustup")
        .args(["run", &toolchain, "rustc", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        println!(
            "msrv: not compiled with Rust {declared}: rustup has no such toolchain here \
             (rustup toolchain install {declared})"
        );
        return Ok(());
    }
    let target = metadata.target_directory.join("msrv");
    let status = Command::new("rustup")
        .args(["run", &toolchain, "cargo", "check", "--workspace", "--all-targets", "--locked"])
        .arg("--target-dir")
        .arg(target)
        .env_remove("RUSTC")
        .current_dir(root)
        .status()?;
    ensure!(
        status.success(),
        "Rust {declared}, which the manifests declare, does not compile them"
    );
    println!("msrv: Rust {declared} compiles the workspace");
    Ok(())
}

/// The packages that declare a newer version.
fn newer(packages: impl Iterator<Item = (String, Version)>, declared: &Version) -> Vec<String> {
    let newer = packages.filter(|(_, version)| version > declared);
    newer.map(|(name, version)| format!("{name} ({version})")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_dependencies_are_found() {
        let packages = [("old", [1, 85, 0]), ("same", [1, 89, 0]), ("new", [1, 89, 1])];
        let packages = packages.map(|(name, [major, minor, patch])| {
            (name.to_owned(), Version::new(major, minor, patch))
        });
        let declared = Version::new(1, 89, 0);
        assert_eq!(newer(packages.into_iter(), &declared), ["new (1.89.1)"]);
    }
}
