//! `cargo xtask bench`: builds what measures, runs criterion, then the report.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use clap::Args;

const PACKAGE: [&str; 2] = ["--package", "barloom-benches"];

/// The options of the command.
#[derive(Args)]
pub(crate) struct Bench {
    /// A smoke run with few samples.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// The whole grid, up to 10,000,000 samples.
    #[arg(long)]
    full: bool,
    /// Files or globs of bars; none for a generated walk.
    #[arg(long, num_args = 1..)]
    bars: Vec<String>,
    /// Measure Python peers too: makes a virtual environment in target/bench.
    #[arg(long)]
    peers: bool,
    /// Only what holds this in its name: criterion, build, digest, tmpfs, disk, rewards, virtual,
    /// loader, symbols, reading, features, peers, "grid n", "grid L", "grid F", "grid threads",
    /// product.
    #[arg(long)]
    only: Option<String>,
    /// Keep this run's ratios as target/bench/baselines/NAME.json.
    #[arg(long, value_name = "NAME")]
    save_baseline: Option<String>,
    /// Compare this run's ratios with those kept; a ratio worse by more than 10% is an error.
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// The date in the report; today where none is given.
    #[arg(long)]
    date: Option<String>,
    /// Arguments for criterion, such as a filter; with any, criterion alone runs.
    #[arg(last = true)]
    criterion: Vec<String>,
}

/// Measures, and writes target/bench.
pub(crate) fn run(root: &Path, bench: &Bench) -> Result<()> {
    let metadata =
        MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let target = metadata.target_directory.into_std_path_buf();
    let out = target.join("bench");
    let estimates = out.join("criterion");
    if !bench.criterion.is_empty() {
        return criterion(root, &estimates, &bench.criterion);
    }
    cargo(root, &["build", "--release", "--bins"])?;
    let program =
        target.join("release/barloom-bench").with_extension(std::env::consts::EXE_EXTENSION);
    let mut report = Command::new(program);
    report.arg("--out").arg(&out).arg("--root").arg(root);
    let only = bench.only.as_deref();
    if only.is_none_or(|only| "criterion".contains(only)) {
        criterion(root, &estimates, &bench.short_times())?;
        report.arg("--criterion").arg(&estimates);
    }
    let status = report.args(bench.report()).status().context("can't run barloom-bench")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(1) if bench.baseline.is_some() => bail!("see regression_test_results.log"),
        _ => bail!("barloom-bench: {status}"),
    }
}

impl Bench {
    /// Options of criterion, so that it is done in time.
    fn short_times(&self) -> Vec<String> {
        let (warm, measure, samples) = match (self.quick, self.full) {
            (true, _) => ("0.05", "0.1", "10"),
            (_, true) => ("1", "3", "100"),
            _ => ("0.2", "0.5", "20"),
        };
        [
            "--warm-up-time",
            warm,
            "--measurement-time",
            measure,
            "--sample-size",
            samples,
            "--noplot",
        ]
        .map(str::to_owned)
        .into()
    }

    /// Options of the report.
    fn report(&self) -> Vec<String> {
        let mode = if self.quick {
            "quick"
        } else if self.full {
            "full"
        } else {
            "default"
        };
        let mut arguments = vec!["--mode".to_owned(), mode.to_owned()];
        let given = [
            ("--only", &self.only),
            ("--save-baseline", &self.save_baseline),
            ("--baseline", &self.baseline),
            ("--date", &self.date),
        ];
        for (name, value) in given {
            arguments.extend(value.iter().flat_map(|value| [name.to_owned(), value.clone()]));
        }
        if self.peers {
            arguments.push("--peers".to_owned());
        }
        if !self.bars.is_empty() {
            arguments.push("--bars".to_owned());
            arguments.extend(self.bars.iter().cloned());
        }
        arguments
    }
}

fn criterion(root: &Path, estimates: &Path, arguments: &[String]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .arg("bench")
        .args(PACKAGE)
        .args(["--bench", "blocks", "--"])
        .args(arguments)
        .env("CRITERION_HOME", estimates)
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "a benchmark failed");
    println!("estimates are under {}", estimates.display());
    Ok(())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let status =
        Command::new(env!("CARGO")).args(arguments).args(PACKAGE).current_dir(root).status()?;
    ensure!(status.success(), "cargo {} failed", arguments.join(" "));
    Ok(())
}
