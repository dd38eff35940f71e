//! `cargo xtask deny`: the licences, bans and sources of `deny.toml`, over every dependency.
//!
//! `deny.toml` is the file of cargo-deny, and cargo-deny runs too where it is installed. Compiling
//! it takes longer than the whole check of this workspace, so the same rules are applied here to
//! what `cargo metadata` says. A key that this program does not apply is an error: no rule is
//! skipped.

mod rules;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand};
use clap::Args;

use rules::{Dependency, Package, Rules};

/// The rules, for cargo-deny and for this program.
const RULES: &str = "deny.toml";

/// The options of the command.
#[derive(Args)]
pub(crate) struct Deny {
    /// Also check for known vulnerabilities, with cargo-deny, which fetches its database.
    #[arg(long)]
    advisories: bool,
}

/// Applies the rules, and runs cargo-deny where it is installed.
pub(crate) fn run(root: &Path, deny: &Deny) -> Result<()> {
    let text = fs::read_to_string(root.join(RULES)).context(RULES)?;
    let rules = Rules::parse(&text).with_context(|| RULES.to_owned())?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()?;
    let packages = packages(&metadata)?;
    let report = rules.apply(&packages)?;
    for note in &report.notes {
        println!("deny: note: {note}");
    }
    for problem in &report.problems {
        eprintln!("deny: {problem}");
    }
    ensure!(report.problems.is_empty(), "{RULES} forbids {} things", report.problems.len());
    println!("deny: licences, bans and sources of {} packages: nothing forbidden", packages.len());
    cargo_deny(root, deny.advisories)
}

/// Runs cargo-deny, or says why it is left out.
fn cargo_deny(root: &Path, advisories: bool) -> Result<()> {
    let quiet = |arguments: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg("deny").args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        cargo.status().is_ok_and(|status| status.success())
    };
    if !quiet(&["--version"]) {
        ensure!(!advisories, "cargo-deny is not installed: cargo install cargo-deny --locked");
        println!("deny: advisories skipped: cargo-deny is not installed");
        return Ok(());
    }
    let mut checks = vec!["bans", "licenses", "sources"];
    if advisories {
        checks.insert(0, "advisories");
    } else {
        println!("deny: advisories skipped: their database is fetched; pass --advisories");
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["deny", "--log-level", "error", "check"]).args(checks).current_dir(root);
    if !cargo.status()?.success() {
        bail!("cargo deny check failed");
    }
    Ok(())
}

/// The packages of the graph, each with the packages that depend on it.
fn packages(metadata: &Metadata) -> Result<Vec<Package>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolves nothing")?;
    let mut packages = Vec::new();
    for package in &metadata.packages {
        let dependents = resolve
            .nodes
            .iter()
            .filter(|node| node.deps.iter().any(|dependency| dependency.pkg == package.id))
            .map(|node| metadata[&node.id].name.to_string())
            .collect();
        let dependencies = package
            .dependencies
            .iter()
            .map(|dependency| Dependency {
                name: dependency.name.clone(),
                requirement: dependency.req.to_string(),
                in_a_folder: dependency.path.is_some(),
            })
            .collect();
        packages.push(Package {
            name: package.name.to_string(),
            version: package.version.to_string(),
            license: package.license.clone(),
            source: package.source.as_ref().map(|source| source.repr.clone()),
            dependents,
            dependencies,
        });
    }
    Ok(packages)
}
