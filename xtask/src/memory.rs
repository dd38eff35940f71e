//! `cargo xtask memory`: how much memory a build takes, few samples against many.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

/// Memory that a build with many samples may take above one with few.
const MOST_MORE: u64 = 400 << 20;

#[derive(Args)]
pub(crate) struct Memory {
    /// Samples of the small build.
    #[arg(long, default_value_t = 100_000)]
    few: u64,
    /// Samples of the large one: 4.2 kB each are written.
    #[arg(long, default_value_t = 5_000_000)]
    many: u64,
    /// The folder in which both are built, and removed.
    #[arg(long, default_value = "target/memory")]
    out: PathBuf,
}

pub(crate) fn run(root: &Path, memory: &Memory) -> Result<()> {
    let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--release", "--locked", "-p", "orchestrator"])
        .current_dir(root)
        .status()
        .context("cargo")?;
    ensure!(built.success(), "the release build fails");
    let folder = root.join(&memory.out);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    println!("| samples | format | peak resident memory |\n|--:|---|--:|");
    for format in ["parquet", "arrow", "npy"] {
        let few = peak(root, &folder, format, memory.few)?;
        let many = peak(root, &folder, format, memory.many)?;
        for (samples, bytes) in [(memory.few, few), (memory.many, many)] {
            println!("| {samples} | {format} | {} MiB |", bytes >> 20);
        }
        ensure!(
            many < few + MOST_MORE,
            "{format}: {} MiB more, and {} are allowed",
            (many - few) >> 20,
            MOST_MORE >> 20
        );
    }
    Ok(())
}

/// The peak resident memory of a build, in bytes. Its dataset is removed.
fn peak(root: &Path, folder: &Path, format: &str, samples: u64) -> Result<u64> {
    let out = folder.join(format);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let recipe = folder.join("recipe.toml");
    fs::write(&recipe, "dataset = { lookback = 200 }\n")?;
    let child = Command::new(target.join("release/barloom"))
        .args(["build", "--quiet", "--overwrite", "--backend", "cpu", "--format", format])
        .args(["--samples", &samples.to_string()])
        .arg("--config")
        .arg(recipe)
        .arg("--bars")
        .arg(root.join("fixtures/spy_1h.parquet"))
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .spawn()
        .context("barloom")?;
    let peak = watch(child);
    fs::remove_dir_all(&out).with_context(|| out.display().to_string())?;
    peak
}

/// The system keeps the peak; it is asked often, as it is gone with the process.
fn watch(mut child: Child) -> Result<u64> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(ended) = child.try_wait()? {
            ensure!(ended.success(), "the build fails: {ended}");
            break;
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        peak = kibibytes.map_or(peak, |kibibytes: u64| kibibytes << 10);
        sleep(Duration::from_millis(5));
    }
    if peak == 0 {
        bail!("{status} does not tell the peak of resident memory; this needs Linux");
    }
    Ok(peak)
}
