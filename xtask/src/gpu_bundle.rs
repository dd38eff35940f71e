//! `cargo xtask gpu-bundle`: what runs on a machine with a GPU and no Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

/// Bytes that a bundle may take.
const MOST_BYTES: u64 = 60_000_000;

/// The script that runs there: conformance, the benchmark, then whole datasets by both backends.
const SCRIPT: &str = r#"#!/usr/bin/env bash
# Needs Linux x86-64 and an NVIDIA driver. Usage: ./run.sh [RESULTS]; exit code 0 if all is equal.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/results}
mkdir -p "$out"
nvidia-smi > "$out/nvidia-smi.txt" 2>&1 || true
"$here/barloom-gpu" --out "$out/gpu_results.json" | tee "$out/table.md"
for backend in cpu cuda; do
    rm -rf "$out/$backend"
    "$here/barloom" build --backend "$backend" --samples 300000 --bars "$here/spy_1h.parquet" \
        --out "$out/$backend" | tee "$out/$backend.txt"
done
diff -r "$out/cpu" "$out/cuda"
rm -rf "$out/cpu" "$out/cuda"
echo "datasets of both backends are equal, file by file" | tee -a "$out/table.md"
"#;

#[derive(Args)]
pub(crate) struct GpuBundle {
    /// The folder; what is in it is replaced.
    #[arg(long, default_value = "target/gpu-bundle")]
    out: PathBuf,
}

pub(crate) fn run(root: &Path, options: &GpuBundle) -> Result<()> {
    let out = root.join(&options.out);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--package", "orchestrator"])
        .args(["--package", "barloom-benches", "--bin", "barloom", "--bin", "barloom-gpu"])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the binaries don't compile");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| out.display().to_string())?;
    }
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    for name in ["barloom", "barloom-gpu"] {
        let from = target.join("release").join(name);
        let stripped = Command::new("strip").arg("-o").arg(out.join(name)).arg(&from).status();
        ensure!(stripped.is_ok_and(|s| s.success()), "strip (of binutils) fails on {name}");
    }
    fs::copy(root.join("fixtures/spy_1h.parquet"), out.join("spy_1h.parquet"))?;
    fs::write(out.join("run.sh"), SCRIPT)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(out.join("run.sh"), fs::Permissions::from_mode(0o755))?;
    }
    let mut bytes = 0;
    for entry in fs::read_dir(&out)? {
        bytes += entry?.metadata()?.len();
    }
    ensure!(bytes < MOST_BYTES, "{}: {bytes} bytes, more than {MOST_BYTES}", out.display());
    println!("gpu-bundle: {} ({bytes} bytes); there: ./run.sh", out.display());
    Ok(())
}
