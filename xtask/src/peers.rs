//! `cargo xtask peers NAME`: comparisons with other packages, each in an environment of its own.
//!
//! A peer is a folder `benches/peers/NAME` with `requirements.txt` (pinned versions), `compare.py`
//! (it prints its results as JSON) and `golden.json` (the results, with the script's hash and the
//! versions). The packages are installed into `target/peers/NAME`, as many of them want other
//! versions of the same packages. CI installs none of them: it checks that no golden is stale, and
//! tests against the goldens.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The folder of the peers' folders.
const FOLDER: &str = "benches/peers";

/// The options of the command.
#[derive(Args)]
pub(crate) struct Peers {
    /// The peer that is compared; all are listed where none is named.
    name: Option<String>,
    /// Write the results to the golden file in place of comparing them with it.
    #[arg(long)]
    write: bool,
}

/// The results of a peer, as they are checked in.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    /// SHA-256 of the files of the peer's folder but this one.
    sha256: BTreeMap<String, String>,
    /// Version by package.
    packages: BTreeMap<String, String>,
    results: Value,
}

/// Lists the peers, or runs one.
pub(crate) fn run(root: &Path, peers: &Peers) -> Result<()> {
    let Some(name) = &peers.name else {
        ensure!(!peers.write, "--write: name the peer whose golden is written");
        for name in names(root)? {
            let packages = packages(&root.join(FOLDER).join(&name))?;
            let packages: Vec<_> =
                packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
            println!("{name}: {}", packages.join(", "));
        }
        return Ok(());
    };
    let known = names(root)?;
    if !known.contains(name) {
        bail!("unknown peer {name}: expected {}", known.join(", "));
    }
    let folder = root.join(FOLDER).join(name);
    let python = environment(root, name)?;
    let output = Command::new(python)
        .arg(folder.join("compare.py"))
        .env("BARLOOM", barloom(root)?)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{name}: the comparison failed");
    let results = serde_json::from_slice(&output.stdout).context("compare.py prints JSON")?;
    let found = Golden { sha256: hashes(&folder)?, packages: packages(&folder)?, results };
    let path = folder.join("golden.json");
    if peers.write {
        fs::write(&path, serde_json::to_string_pretty(&found)? + "\n")?;
        println!("peers: wrote {}", path.display());
        return Ok(());
    }
    ensure!(
        golden(&folder)? == found,
        "{name}: the results are not those of {}: mend what changed, or pass --write",
        path.display()
    );
    println!("peers: {name}: the results are those of its golden");
    Ok(())
}

/// The peers whose golden does not belong to the files beside it.
pub(crate) fn stale(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for name in names(root)? {
        let folder = root.join(FOLDER).join(&name);
        let golden = golden(&folder)?;
        if golden.sha256 != hashes(&folder)? || golden.packages != packages(&folder)? {
            problems.push(format!(
                "{FOLDER}/{name}/golden.json: its files changed: run `cargo xtask peers {name} --write`"
            ));
        }
    }
    Ok(problems)
}

/// The folders with requirements of their own.
fn names(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER))? {
        let entry = entry?;
        if entry.path().join("requirements.txt").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn golden(folder: &Path) -> Result<Golden> {
    let path = folder.join("golden.json");
    let text = fs::read(&path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// SHA-256 of each file that results depend on.
fn hashes(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && name != "golden.json" {
            let digest = Sha256::digest(fs::read(entry.path())?);
            hashes.insert(name, digest.iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    Ok(hashes)
}

/// The pinned packages of a peer.
fn packages(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = folder.join("requirements.txt");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .map(|line| {
            let pin = line.split_once("==").with_context(|| {
                format!("{}: {line}: expected package==version", path.display())
            })?;
            Ok((pin.0.to_owned(), pin.1.to_owned()))
        })
        .collect()
}

/// Makes the peer's environment, where its requirements changed, and gives its Python.
fn environment(root: &Path, name: &str) -> Result<PathBuf> {
    let folder = root.join("target/peers").join(name);
    let requirements = root.join(FOLDER).join(name).join("requirements.txt");
    let wanted = fs::read(&requirements)?;
    let installed = folder.join("requirements.txt");
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = programs.join("python");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    println!("peers: installing {} into {}", requirements.display(), folder.display());
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).status()?;
    ensure!(made.success(), "python3 makes no environment in {}", folder.display());
    let status = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&requirements)
        .status()?;
    ensure!(status.success(), "pip did not install {}", requirements.display());
    fs::write(installed, wanted)?;
    Ok(python)
}

/// Compiles the command and gives its path.
fn barloom(root: &Path) -> Result<PathBuf> {
    // A test of the command is built with it, and dependencies have the features that tests compile.
    let status = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--locked", "--workspace", "--no-run", "--test", "bad_input"])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the command does not compile");
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let program = metadata.target_directory.into_std_path_buf().join("debug/barloom");
    Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_pinned() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("requirements.txt"), "# some\nduckdb==2.0.0\n")
            .expect("a file");
        let found = packages(folder.path()).expect("packages");
        assert_eq!(found, BTreeMap::from([("duckdb".to_owned(), "2.0.0".to_owned())]));
        fs::write(folder.path().join("requirements.txt"), "duckdb>=2\n").expect("a file");
        let error = packages(folder.path()).expect_err("an error").to_string();
        assert!(error.contains("duckdb>=2: expected package==version"), "{error}");
    }

    #[test]
    fn a_changed_script_makes_its_golden_stale() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join(FOLDER).join("one");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("requirements.txt"), "one==1.0\n").expect("a file");
        fs::write(folder.join("compare.py"), "print(1)\n").expect("a file");
        let golden = Golden {
            sha256: hashes(&folder).expect("hashes"),
            packages: packages(&folder).expect("packages"),
            results: 1.into(),
        };
        let text = serde_json::to_string(&golden).expect("JSON");
        fs::write(folder.join("golden.json"), text).expect("a file");
        assert_eq!(stale(root.path()).expect("peers"), Vec::<String>::new());
        fs::write(folder.join("compare.py"), "print(2)\n").expect("a file");
        assert_eq!(stale(root.path()).expect("peers").len(), 1);
    }
}
