//! `cargo xtask fuzz`: the readers of bytes from outside, under libFuzzer.
//!
//! What cargo-fuzz needs a nightly compiler for are sanitizers. Coverage alone, which guides the
//! search, is a pass of LLVM that a stable compiler runs too; memory is watched by the targets'
//! allocator and by libFuzzer, and there is no unsafe code of ours in what is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;

/// The package of the programs, outside the workspace.
const PACKAGE: &str = "fuzz/targets";
/// Seeds, and what found something: a folder for each target.
const CORPUS: &str = "fuzz/corpus";

/// Coverage as libFuzzer wants it: a counter for each edge, and what comparisons compare.
const RUSTFLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing";

/// Seconds that one input may take, MiB that the process may have, and the longest input.
const LIMITS: [&str; 3] = ["-timeout=5", "-rss_limit_mb=2048", "-max_len=8192"];

/// The options of the command.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// Targets, one after the other: csv, klines, arrow, parquet, recipe, manifest, samples; all of
    /// them where none is named.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// The minutes that each target runs.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    minutes: f64,
    /// Check the targets' types and run none; it needs neither a C++ compiler nor libFuzzer.
    #[arg(long, conflicts_with = "build")]
    check: bool,
    /// Build the targets and run none.
    #[arg(long)]
    build: bool,
}

/// Builds the targets and runs them.
pub(crate) fn run(root: &Path, fuzz: &Fuzz) -> Result<()> {
    let known = targets(root)?;
    if let Some(other) = fuzz.targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no target {other}; there are {}", known.join(", "));
    }
    ensure!(fuzz.minutes > 0.0, "--minutes {}: expected more than 0", fuzz.minutes);
    let wanted = if fuzz.targets.is_empty() { &known } else { &fuzz.targets };
    let metadata =
        MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let scratch = metadata.target_directory.into_std_path_buf().join("fuzz");
    if fuzz.check {
        return check(root, &scratch);
    }
    let programs = build(root, &scratch, wanted)?;
    if fuzz.build {
        println!("fuzz: {} built", wanted.join(", "));
        return Ok(());
    }
    let mut found = Vec::new();
    for target in wanted {
        if !search(root, &scratch, &programs, target, fuzz.minutes)? {
            found.push(target.as_str());
        }
    }
    ensure!(
        found.is_empty(),
        "{}: something was found; it lies in {CORPUS}: mend the reader, and keep the input there",
        found.join(", ")
    );
    println!("fuzz: nothing found");
    Ok(())
}

/// The targets that there are, by the sources of their programs.
fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(PACKAGE).join("bins"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Checks the types of all programs on the stable compiler.
fn check(root: &Path, scratch: &Path) -> Result<()> {
    lock(root)?;
    // The workspace's own folder: packages that its checks compiled are not compiled again.
    let folder = scratch.parent().context("the folder of what is built has no parent")?;
    let status = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--bins", "--manifest-path"])
        .arg(root.join(PACKAGE).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder)
        // Its build script then looks for no library, and a check links none.
        .env("CUSTOM_LIBFUZZER_PATH", scratch.join("libfuzzer.a"))
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the fuzz targets do not compile");
    println!("fuzz: the types of all targets are right");
    Ok(())
}

/// Compiles the programs and gives their folder.
fn build(root: &Path, scratch: &Path, targets: &[String]) -> Result<PathBuf> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let silent = Command::new(&compiler).arg("--version").stdout(Stdio::null()).status();
    ensure!(
        silent.is_ok_and(|status| status.success()),
        "there is no C++ compiler {compiler}, which libFuzzer is compiled with: install one \
         (g++ or clang++), or name it in CXX"
    );
    lock(root)?;
    let host = host()?;
    let folder = scratch.join("build");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--manifest-path"]);
    cargo.arg(root.join(PACKAGE).join("Cargo.toml"));
    // With a platform named, build scripts and macros are compiled without the flags.
    cargo.args(["--target", &host, "--target-dir"]).arg(&folder);
    for target in targets {
        cargo.args(["--bin", target]);
    }
    let status = cargo.env("RUSTFLAGS", RUSTFLAGS).current_dir(root).status()?;
    ensure!(status.success(), "the fuzz targets do not compile");
    Ok(folder.join(host).join("release"))
}

/// The programs run the versions that the workspace runs: their lock begins as its.
fn lock(root: &Path) -> Result<()> {
    let [ours, theirs] = [root.join("Cargo.lock"), root.join(PACKAGE).join("Cargo.lock")];
    let changed = |path: &Path| fs::metadata(path).and_then(|of| of.modified()).ok();
    if changed(&theirs) <= changed(&ours) {
        fs::copy(&ours, &theirs).with_context(|| format!("can't write {}", theirs.display()))?;
    }
    Ok(())
}

/// The platform that is compiled for.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("can't run rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

/// Runs a target; whether nothing was found.
fn search(
    root: &Path,
    scratch: &Path,
    programs: &Path,
    target: &str,
    minutes: f64,
) -> Result<bool> {
    // What grows is kept from run to run, and is not of the repository.
    let working = scratch.join("corpus").join(target);
    fs::create_dir_all(&working).with_context(|| format!("can't make {}", working.display()))?;
    let kept = root.join(CORPUS).join(target);
    println!("fuzz: {target}, {minutes} min, corpus in {}", working.display());
    let program = programs.join(target).with_extension(std::env::consts::EXE_EXTENSION);
    let status = Command::new(program)
        .args([&working, &kept])
        .args(LIMITS)
        .arg(format!("-max_total_time={}", (minutes * 60.0).ceil()))
        .arg(format!("-artifact_prefix={}/", kept.display()))
        .arg("-print_final_stats=1")
        .current_dir(root)
        .status()
        .with_context(|| format!("can't run the program of {target}"))?;
    Ok(status.success())
}
