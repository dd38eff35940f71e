//! `cargo xtask sanitize`: the kernels' tests under the address and undefined-behaviour sanitizers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use cargo_metadata::Message;

/// The sanitizers, for the kernels compiled for the host; the first finding ends the process.
const FLAGS: &str = "-g -fsanitize=address,undefined -fno-sanitize-recover=all";

/// Rust's own allocations at exit are none of the kernels'.
const OPTIONS: &str = "detect_leaks=0:abort_on_error=1";

/// Tests that run all kernels: the suite with all its markets, any recipe, windows on the device.
const TESTS: [&str; 2] = ["conformance", "device_output"];

pub(crate) fn run(root: &Path) -> Result<()> {
    let runtime = runtime()?;
    for test in TESTS {
        let program = build(root, test)?;
        println!("sanitize: {test}");
        let status = Command::new(program)
            .env("BARLOOM_FAKE_FLAGS", FLAGS)
            .env("LD_PRELOAD", &runtime)
            .env("ASAN_OPTIONS", OPTIONS)
            .current_dir(root.join("crates/backend-cuda"))
            .status()?;
        ensure!(status.success(), "the sanitizers find something in {test}, or it fails");
    }
    println!("sanitize: nothing found");
    Ok(())
}

/// The address sanitizer's library, which must be loaded before all others.
fn runtime() -> Result<PathBuf> {
    let output = Command::new("c++").arg("-print-file-name=libasan.so").output();
    let output = output.context("c++, a C++ compiler with sanitizers, is needed")?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    ensure!(path.is_absolute(), "the C++ compiler has no libasan.so: install GCC's sanitizers");
    Ok(path)
}

/// Compiles a test and gives its program.
fn build(root: &Path, test: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo)
        .args(["test", "--no-run", "--locked", "--message-format=json-render-diagnostics"])
        .args(["--package", "barloom-backend-cuda", "--test", test])
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = cargo.stdout.take().context("cargo's messages")?;
    let mut program = None;
    for message in Message::parse_stream(std::io::BufReader::new(out)) {
        if let Message::CompilerArtifact(artifact) = message?
            && artifact.target.name == test
        {
            program = artifact.executable;
        }
    }
    ensure!(cargo.wait()?.success(), "{test} does not compile");
    program.map(PathBuf::from).with_context(|| format!("cargo names no program for {test}"))
}
