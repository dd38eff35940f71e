//! Python peers: a virtual environment, a small dataset to compare with, one process a measurement.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::measure::klines_file;
use crate::measurement::Measurement;
use crate::report::cases::{Case, Place};
use crate::report::runner::{Runner, measurement};

/// Samples of the dataset that peers are compared with.
const CHECK_ROWS: u64 = 20_000;

/// Batches that are timed of a loader that takes a sample at a time: it takes them for long.
const SLOW_BATCHES: u64 = 40;

/// A Python that has what the peers need.
#[derive(Clone, Debug)]
pub struct Peers {
    python: PathBuf,
    scripts: PathBuf,
    /// The reason for which our own package is missing.
    lacks_package: Option<String>,
}

impl Peers {
    /// Makes the environment, or finds the one that was made of the same requirements, and installs
    /// our own package as it is now.
    ///
    /// # Errors
    /// There is no Python, or a package of others cannot be installed.
    pub fn prepare(root: &Path, out: &Path) -> Result<Self> {
        let (python, scripts) = environment(root, out)?;
        eprintln!("peers: building crates/python");
        let package = install_package(&python, root, out).map_err(|why| format!("{why:#}"));
        Ok(Self { python, scripts, lacks_package: package.err() })
    }

    /// Measures a peer, after its output was compared with ours.
    ///
    /// # Errors
    /// The peer fails, or its output is another.
    pub fn measure(&self, case: &Case, repetitions: usize, runner: &Runner) -> Result<Measurement> {
        let mut arguments = if case.kind.starts_with("loader-") {
            self.loader(case, runner)?
        } else if case.kind.starts_with("reading-") {
            self.reader(case, runner)?
        } else if case.kind.starts_with("features-") {
            self.features(case)?
        } else {
            self.builder(case, runner)?
        };
        // The loop takes seconds each time, and differs little from one to the next.
        let repetitions = if case.kind == "pandas-loop" { 2 } else { repetitions };
        arguments.extend(["--repetitions".into(), repetitions.to_string().into()]);
        let measured = measurement(&self.python, &arguments)?;
        match measured.check.as_deref() {
            Some("equal") => Ok(measured),
            Some(differs) => bail!("not timed: its output is not ours: {differs}"),
            None => bail!("not timed: its output was not compared"),
        }
    }

    /// Arguments of Python for a measurement of building or writing samples.
    fn builder(&self, case: &Case, runner: &Runner) -> Result<Vec<OsString>> {
        let writer = case.kind.starts_with("pyarrow");
        let rows = if writer { case.n } else { CHECK_ROWS };
        let mut arguments: Vec<OsString> = vec![
            self.scripts.join("peer.py").into(),
            case.kind.clone().into(),
            "--dataset".into(),
            dataset(case, rows, "parquet", runner)?.into(),
            "--rows".into(),
            case.n.to_string().into(),
            "--threads".into(),
            case.threads.to_string().into(),
        ];
        if let Some(folder) = case.place.and_then(|place| runner.places.folder(place)) {
            arguments.extend(["--out".into(), folder.join("pyarrow").into()]);
        }
        Ok(arguments)
    }

    /// Arguments of Python for a measurement of reading bars: the file that ours reads.
    fn reader(&self, case: &Case, runner: &Runner) -> Result<Vec<OsString>> {
        self.check_package()?;
        let folder = case.place.and_then(|place| runner.places.folder(place));
        let folder = folder.context("there is no such place")?;
        let file = klines_file(folder, case.n);
        if !file.is_file() {
            let ours = Case { peer: false, ..case.kind("read-csv") };
            let mut arguments: Vec<OsString> =
                ours.arguments().into_iter().map(Into::into).collect();
            arguments.extend(["--repetitions", "0", "--keep", "--out"].map(Into::into));
            arguments.push(folder.into());
            runner.call(arguments).context("the file to compare with")?;
        }
        let script = self.scripts.join("reading_peer.py");
        Ok(vec![script.into(), case.kind.clone().into(), "--file".into(), file.into()])
    }

    /// Arguments of Python for a measurement of features, over bars like ours.
    fn features(&self, case: &Case) -> Result<Vec<OsString>> {
        self.check_package()?;
        Ok(vec![
            self.scripts.join("features_peer.py").into(),
            case.kind.clone().into(),
            "--features".into(),
            case.features.clone().into(),
            "--rows".into(),
            case.n.to_string().into(),
            "--window".into(),
            case.lookback.to_string().into(),
            "--threads".into(),
            case.threads.to_string().into(),
        ])
    }

    fn check_package(&self) -> Result<()> {
        match &self.lacks_package {
            Some(why) => bail!("not measured: the package barloom: {why}"),
            None => Ok(()),
        }
    }

    /// Arguments of Python for a measurement of a loader: its threads are processes, ours threads.
    fn loader(&self, case: &Case, runner: &Runner) -> Result<Vec<OsString>> {
        self.check_package()?;
        let format = match case.kind.as_str() {
            "loader-barloom" => "virtual",
            "loader-pyarrow" => "parquet",
            _ => "npy",
        };
        let batches = if case.kind == "loader-torch-samples" { SLOW_BATCHES } else { 0 };
        Ok(vec![
            self.scripts.join("loader_peer.py").into(),
            case.kind.clone().into(),
            "--dataset".into(),
            dataset(case, case.n, format, runner)?.into(),
            "--workers".into(),
            case.threads.to_string().into(),
            "--batches".into(),
            batches.to_string().into(),
        ])
    }
}

/// The Python and the folder of the scripts.
fn environment(root: &Path, out: &Path) -> Result<(PathBuf, PathBuf)> {
    let scripts = root.join("benches/peers");
    let requirements = scripts.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    let environment = out.join("venv");
    let done = environment.join("installed.txt");
    let python = if cfg!(windows) {
        environment.join("Scripts/python.exe")
    } else {
        environment.join("bin/python")
    };
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok((python, scripts));
    }
    eprintln!("peers: installing {}", requirements.display());
    let system = ["python3", "python"];
    let made = system.iter().any(|name| {
        call(Path::new(name), &["-m".into(), "venv".into(), environment.clone().into()]).is_ok()
    });
    if !made {
        bail!("no python3 that makes virtual environments");
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let mut arguments: Vec<OsString> = pip.iter().map(Into::into).collect();
    arguments.push(requirements.into());
    call(&python, &arguments)?;
    fs::write(&done, wanted)?;
    Ok((python, scripts))
}

/// Builds the wheel of crates/python and installs it.
fn install_package(python: &Path, root: &Path, out: &Path) -> Result<()> {
    let wheels = out.join("wheels");
    if wheels.is_dir() {
        fs::remove_dir_all(&wheels)?;
    }
    let build = ["-m", "maturin", "build", "--release", "--manifest-path"];
    let mut arguments: Vec<OsString> = build.iter().map(Into::into).collect();
    arguments.extend([root.join("crates/python/Cargo.toml").into(), "--out".into()]);
    arguments.push(wheels.clone().into());
    call(python, &arguments)?;
    let wheel = fs::read_dir(&wheels)?.next().context("maturin made no wheel")??.path();
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let mut arguments: Vec<OsString> = install.iter().map(Into::into).collect();
    arguments.extend(["--force-reinstall", "--no-deps"].map(Into::into));
    arguments.push(wheel.into());
    call(python, &arguments)
}

/// A dataset of `rows` samples with the case's L and F, built when it is first wanted.
fn dataset(case: &Case, rows: u64, format: &str, runner: &Runner) -> Result<PathBuf> {
    let place = case.place.unwrap_or(Place::Disk);
    let folder = runner.places.folder(place).context("there is no such place")?;
    let dataset = folder.join(format!("{format}-{rows}-{}-{}", case.lookback, case.forward));
    if !dataset.join("manifest.json").is_file() {
        let build = Case { n: rows, peer: false, ..case.kind(format) };
        let build = if build.threads == 0 { build.threads(1) } else { build };
        let mut arguments: Vec<OsString> = build.arguments().into_iter().map(Into::into).collect();
        arguments.extend(["--repetitions", "0", "--keep", "--out"].map(Into::into));
        arguments.push(dataset.clone().into());
        runner.call(arguments).context("the dataset to compare with")?;
    }
    Ok(dataset)
}

fn call(program: &Path, arguments: &[OsString]) -> Result<()> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let last = told.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        bail!("{}: {last}", program.display());
    }
    Ok(())
}
