//! `cargo xtask ptx`: compiles the CUDA kernels to the PTX that is checked in.
//!
//! Who builds Barloom needs no CUDA: the PTX, its manifest and the table of what each kernel takes
//! are files of the repository. Without a compiler, [`stale`] tells whether they still belong
//! to the sources; with one, `--check` builds everything again and compares.

mod compiler;
mod manifest;
mod ptxas;
mod rules;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;

use compiler::Compiler;
use manifest::{Manifest, Sources};
use ptxas::Ptxas;

pub(crate) use manifest::stale;

/// The folder of the kernels: one translation unit and its headers.
const KERNELS: &str = "crates/backend-cuda/kernels";
/// The file that is compiled; it includes the others.
const UNIT: &str = "kernels.cu";
const FOLDER: &str = "crates/backend-cuda/ptx";
const PTX: &str = "crates/backend-cuda/ptx/kernels.ptx";
const MANIFEST: &str = "crates/backend-cuda/ptx/manifest.json";
/// The resources that each kernel takes of each GPU.
const TABLE: &str = "docs/kernels-ptxas.md";

/// The options of the command.
#[derive(Args)]
pub(crate) struct Ptx {
    /// Build in memory and compare with what is checked in; a difference is an error.
    #[arg(long)]
    check: bool,
    /// Make a virtual environment in target/ptx-venv with the compilers of
    /// xtask/ptx-requirements.txt, and do nothing else.
    #[arg(long, conflicts_with_all = ["check", "nvrtc"])]
    install: bool,
    /// The NVRTC library; else what BARLOOM_NVRTC names, else that of target/ptx-venv.
    #[arg(long, value_name = "PATH")]
    nvrtc: Option<PathBuf>,
}

/// A generated file: its path in the workspace and what it holds.
type Generated = (&'static str, String);

/// Installs, checks or writes.
pub(crate) fn run(root: &Path, ptx: &Ptx) -> Result<()> {
    let metadata =
        MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let target = metadata.target_directory.into_std_path_buf();
    if ptx.install {
        return compiler::install(&target);
    }
    let given = ptx.nvrtc.clone().or_else(|| std::env::var_os("BARLOOM_NVRTC").map(PathBuf::from));
    let compiler = Compiler::find(&target, given.as_deref())?;
    let files = build(root, &compiler, Ptxas::find(&target)?.as_ref(), &target.join("ptx"))?;
    if !files.iter().any(|(name, _)| *name == TABLE) {
        eprintln!("no ptxas in target/ptx-venv, so {TABLE} is left out: {}", compiler::HOW);
    }
    if ptx.check { check(root, &files) } else { write(root, &files) }
}

/// Everything that the kernels generate; the table only where there is a ptxas.
fn build(
    root: &Path,
    compiler: &Compiler,
    ptxas: Option<&Ptxas>,
    scratch: &Path,
) -> Result<Vec<Generated>> {
    let sources = Sources::read(root)?;
    let ptx = compiler.compile(&sources)?;
    let broken = rules::broken(&ptx);
    ensure!(
        broken.is_empty(),
        "{KERNELS}: {} instructions would not give the same bits as the CPU:\n{}",
        broken.len(),
        broken.join("\n")
    );
    let manifest = Manifest::new(&sources, &ptx)?;
    let table = ptxas.map(|ptxas| ptxas.table(&ptx, &manifest, scratch)).transpose()?;
    let mut files = vec![(MANIFEST, manifest.to_json()?), (PTX, ptx)];
    files.extend(table.map(|table| (TABLE, table)));
    Ok(files)
}

fn write(root: &Path, files: &[Generated]) -> Result<()> {
    for (name, text) in files {
        let path = root.join(name);
        let folder = path.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        fs::write(&path, text).with_context(|| format!("can't write {name}"))?;
        println!("{name}: {} bytes", text.len());
    }
    Ok(())
}

fn check(root: &Path, files: &[Generated]) -> Result<()> {
    let mut report = String::new();
    for (name, built) in files {
        let path = root.join(name);
        if !path.is_file() {
            writeln!(report, "{name}: it is not there")?;
            continue;
        }
        let stored = fs::read_to_string(&path).with_context(|| format!("can't read {name}"))?;
        if let Some(difference) = first_difference(&stored, built) {
            writeln!(report, "{name}:{difference}")?;
        }
    }
    if report.is_empty() {
        println!("ptx: {} files are what the kernels give", files.len());
        return Ok(());
    }
    bail!("{report}these are not what the kernels give: run `cargo xtask ptx` and check them in");
}

/// The first line that differs, with its number, as stored and as built.
fn first_difference(stored: &str, built: &str) -> Option<String> {
    if stored == built {
        return None;
    }
    let (stored, built) = (stored.split('\n'), built.split('\n'));
    let mut pairs = stored.map(Some).chain([None]).zip(built.map(Some).chain([None]));
    let number = pairs.clone().position(|(old, new)| old != new)?;
    let (old, new) = pairs.nth(number)?;
    let line = |text: Option<&str>| text.map_or("the end".to_owned(), |line| format!("{line:?}"));
    Some(format!("{}: checked in {}, built {}", number + 1, line(old), line(new)))
}

#[cfg(test)]
mod tests;
