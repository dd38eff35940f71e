//! `cargo xtask tidy`: what compilers don't check.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};
use clap::Args;
use sha2::{Digest, Sha256};

use crate::drawing::{self, Crate};
use crate::layers::LAYERS;

/// Lines above which a source file holds more than one idea.
const LONGEST_FILE: usize = 600;

/// The only files that may hold unsafe code, each of which says why.
const UNSAFE_FILES: &[&str] = &[
    "crates/backend-cpu/src/x86.rs",
    "crates/backend-cuda/src/chosen.rs",
    "crates/backend-cuda/src/device.rs",
    "crates/backend-cuda/src/session.rs",
    "crates/backend-cuda/tests/device_output.rs",
    "crates/backend-cuda/tests/libm.rs",
    "crates/cuda-driver/src/library.rs",
    "crates/cuda-driver/src/symbols.rs",
    "crates/memory/src/raw.rs",
    "crates/python/src/arrays.rs",
    "crates/python/src/tables.rs",
];

/// Code that reaches a file system past the storages of `crates/files`.
const PAST_STORAGES: &[&str] = &[
    "std::fs",
    "fs::",
    "File::",
    "fs4::",
    ".is_file()",
    ".is_dir()",
    ".is_symlink()",
    ".exists()",
    ".try_exists()",
    ".symlink_metadata()",
    ".read_dir()",
    ".read_link()",
    ".canonicalize()",
];

/// The problems found: place, fault, remedy.
type Problems = Vec<String>;

/// The options of the command.
#[derive(Args)]
pub(crate) struct Tidy {
    /// Write the drawing of the crates in docs/architecture.md, and lower the limits of
    /// xtask/english.toml.
    #[arg(long)]
    write: bool,
    /// Write today's numbers to xtask/english.toml also where they rose, as after a merge.
    #[arg(long)]
    raise: bool,
}

/// Runs every check and fails with all problems.
pub(crate) fn run(root: &Path, tidy: &Tidy) -> Result<()> {
    let crates = drawing::crates(&metadata(root)?);
    let mut problems = layers(&crates);
    problems.extend(drawing::unused_layers(&crates));
    problems.extend(drawing::described(&crates));
    problems.extend(drawing::page(root, &crates, tidy.write)?);
    problems.extend(crate::rooms::problems(root)?);
    problems.extend(manifests(root)?);
    problems.extend(architecture(root)?);
    problems.extend(sources(root)?);
    problems.extend(storages(root)?);
    problems.extend(crate::messages::problems(root, &tracked(root)?)?);
    problems.extend(fixtures(root)?);
    problems.extend(paths(root)?);
    problems.extend(crate::english::check(root, &tracked(root)?, tidy.write, tidy.raise)?);
    problems.extend(crate::ptx::stale(root)?);
    problems.extend(crate::peers::stale(root)?);
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        println!("tidy: {} crates, nothing to mend", LAYERS.len());
        return Ok(());
    }
    bail!("{} things to mend", problems.len())
}

fn metadata(root: &Path) -> Result<Metadata> {
    let manifest = root.join("Cargo.toml");
    Ok(MetadataCommand::new().manifest_path(manifest).no_deps().exec()?)
}

/// Crates depend on those that the table allows, and the table goes one way.
fn layers(crates: &[Crate]) -> Problems {
    let mut problems = Problems::new();
    for (place, (name, below)) in LAYERS.iter().enumerate() {
        for dependency in *below {
            if !LAYERS[..place].iter().any(|(earlier, _)| earlier == dependency) {
                problems.push(format!(
                    "xtask/src/layers.rs: {name} depends on {dependency}, which is not below it: move one"
                ));
            }
        }
    }
    for Crate { name, below, .. } in crates {
        let Some((_, allowed)) = LAYERS.iter().find(|(crate_name, _)| crate_name == name) else {
            problems.push(format!("crates/{name}: xtask/src/layers.rs has no such crate: add it"));
            continue;
        };
        for dependency in below.iter().filter(|one| !allowed.contains(&one.as_str())) {
            problems.push(format!(
                "crates/{name}/Cargo.toml: it may not depend on {dependency}: see xtask/src/layers.rs"
            ));
        }
    }
    problems
}

/// Versions are given once, in the workspace.
fn manifests(root: &Path) -> Result<Problems> {
    let mut problems = Problems::new();
    let mut manifests =
        ["benches", "fuzz", "xtask"].map(|name| format!("{name}/Cargo.toml")).to_vec();
    manifests.extend(crate_folders(root)?.iter().map(|name| format!("crates/{name}/Cargo.toml")));
    for manifest in manifests {
        let text = read(root, &manifest)?;
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies")
                && line.contains('=')
                && !line.contains("workspace = true")
            {
                problems.push(format!(
                    "{manifest}: {line}: give the version in the workspace's Cargo.toml"
                ));
            }
        }
        if !text.contains("[lints]\nworkspace = true") {
            problems
                .push(format!("{manifest}: it does not inherit the workspace's lints: add them"));
        }
    }
    Ok(problems)
}

/// The page that explains the house names every crate, and no other.
fn architecture(root: &Path) -> Result<Problems> {
    let page = "docs/architecture.md";
    let text = read(root, page)?;
    let crates = crate_folders(root)?;
    let mut problems = Problems::new();
    for name in &crates {
        if !text.contains(&format!("`crates/{name}`")) {
            problems.push(format!("{page}: crates/{name} is not named: describe it"));
        }
    }
    for named in text.split("`crates/").skip(1) {
        let name = named.split(['`', '/']).next().unwrap_or_default();
        if !crates.iter().any(|c| c == name) {
            problems.push(format!("{page}: crates/{name} is named and does not exist: remove it"));
        }
    }
    Ok(problems)
}

/// No unsafe code, no file that holds too much.
fn sources(root: &Path) -> Result<Problems> {
    let mut problems = Problems::new();
    for name in crate_folders(root)? {
        let source = format!("crates/{name}/src");
        let top = ["lib.rs", "main.rs"].map(|f| format!("{source}/{f}"));
        let top = top.iter().find(|f| root.join(f).is_file());
        let top = top.with_context(|| format!("{source} has neither lib.rs nor main.rs"))?;
        let corner = UNSAFE_FILES.iter().any(|file| file.starts_with(&source));
        let rule = if corner { "#![deny(unsafe_code)]" } else { "#![forbid(unsafe_code)]" };
        if !read(root, top)?.contains(rule) {
            problems.push(format!("{top}: it says nothing against unsafe code: add {rule}"));
        }
    }
    for file in tracked(root)?.iter().filter(|f| f.ends_with(".rs") && f.contains("/src/")) {
        let text = read(root, file)?;
        let allows = text.contains("(unsafe_code, reason");
        if allows && file.starts_with("crates/") && !UNSAFE_FILES.contains(&file.as_str()) {
            problems.push(format!("{file}: no unsafe code here: see xtask/src/tidy.rs"));
        }
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            problems.push(format!("{file}: {lines} lines: split it by its ideas"));
        }
    }
    Ok(problems)
}

/// Datasets reach files through a storage alone. Tests look at what came to the disk.
fn storages(root: &Path) -> Result<Problems> {
    let mut problems = Problems::new();
    let ours = |file: &&String| file.starts_with("crates/dataset/src/") && file.ends_with(".rs");
    for file in tracked(root)?.iter().filter(ours).filter(|file| !file.ends_with("/tests.rs")) {
        let text = read(root, file)?;
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if let Some(found) = PAST_STORAGES.iter().find(|words| has_words(line, words)) {
                let number = number + 1;
                problems
                    .push(format!("{file}:{number}: {found}: go through barloom_files::Storage"));
            }
        }
    }
    Ok(problems)
}

/// Tells whether a line has these words, not as the end of a longer one.
fn has_words(line: &str, words: &str) -> bool {
    let begins_word = words.starts_with(|c: char| c.is_alphanumeric());
    line.match_indices(words).any(|(at, _)| {
        let longer = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        !(begins_word && longer)
    })
}

/// Fixtures are the files that their metadata describes.
fn fixtures(root: &Path) -> Result<Problems> {
    let mut problems = Problems::new();
    let metadata: serde_json::Value = serde_json::from_str(&read(root, "fixtures/metadata.json")?)?;
    let described = metadata.as_object().context("fixtures/metadata.json is an object")?;
    for (name, what) in described {
        let bytes = fs::read(root.join("fixtures").join(name))
            .with_context(|| format!("fixtures/{name}"))?;
        let sha256: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if what["sha256"] != sha256.as_str() || what["bytes"] != bytes.len() {
            problems.push(format!(
                "fixtures/{name}: {} bytes with sha256 {sha256}: metadata.json says otherwise",
                bytes.len()
            ));
        }
    }
    for file in tracked(root)?.iter().filter_map(|f| f.strip_prefix("fixtures/")) {
        let data = [".parquet", ".csv", ".arrow", ".zip"].iter().any(|e| file.ends_with(e));
        if data && !described.contains_key(file) {
            problems.push(format!("fixtures/{file}: metadata.json does not describe it: add it"));
        }
    }
    Ok(problems)
}

/// No file names a path of the machine that it was written on.
fn paths(root: &Path) -> Result<Problems> {
    let mut problems = Problems::new();
    let machine = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["artif", "actory"].concat()];
    for file in tracked(root)? {
        let Ok(text) = fs::read_to_string(root.join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(found) = machine.iter().find(|m| line.contains(m.as_str())) {
                let line = number + 1;
                problems.push(format!(
                    "{file}:{line}: it names {found}, a place of one machine: remove it"
                ));
            }
        }
    }
    Ok(problems)
}

fn crate_folders(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Files under version control.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let list = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output()?;
    let text = String::from_utf8(list.stdout)?;
    let files = text.split('\0').filter(|f| !f.is_empty() && root.join(f).is_file());
    Ok(files.map(str::to_owned).collect())
}

fn read(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| file.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_tidy() {
        let root = crate::root().expect("the workspace");
        super::run(&root, &super::Tidy { write: false, raise: false }).expect("nothing to mend");
    }
}
