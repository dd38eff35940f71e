//! NVRTC: where it is, how it is installed, how it is called.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::manifest::Sources;
use super::{KERNELS, UNIT};

/// The virtual architecture: Turing, the oldest that later toolkits compile for too.
pub(super) const ARCHITECTURE: &str = "compute_75";

/// Flags of NVRTC. Each arithmetic flag but the first is its default, said aloud; none is
/// fast-math. No folder is searched for headers.
pub(super) const FLAGS: [&str; 7] = [
    "--gpu-architecture=compute_75",
    "--std=c++17",
    "--fmad=false",
    "--ftz=false",
    "--prec-div=true",
    "--prec-sqrt=true",
    "--no-source-include",
];

/// The command that installs the compilers.
pub(super) const HOW: &str = "run `cargo xtask ptx --install` (it needs python3 with venv and pip)";

const REQUIREMENTS: &str = include_str!("../../ptx-requirements.txt");

/// A wheel that xtask/ptx-requirements.txt pins.
pub(super) struct Wheel(&'static str);

pub(super) const NVRTC: Wheel = Wheel("nvidia-cuda-nvrtc-cu12");
pub(super) const NVCC: Wheel = Wheel("nvidia-cuda-nvcc-cu12");

impl Wheel {
    /// The exact version, which is also what the tool inside says of itself.
    pub(super) fn version(&self) -> &'static str {
        let pin = |line: &'static str| line.strip_prefix(self.0)?.strip_prefix("==");
        REQUIREMENTS.lines().find_map(pin).unwrap_or("not pinned in xtask/ptx-requirements.txt")
    }
}

/// NVRTC, and the Python that calls it.
pub(super) struct Compiler {
    python: PathBuf,
    library: PathBuf,
}

impl Compiler {
    /// The library that was given, else that of the virtual environment.
    pub(super) fn find(target: &Path, given: Option<&Path>) -> Result<Self> {
        let venv = venv(target);
        let python = python(&venv);
        if let Some(given) = given {
            let library = given.canonicalize().with_context(|| {
                format!("--nvrtc or BARLOOM_NVRTC: {} is not a library", given.display())
            })?;
            let python = if python.is_file() { python } else { system_python().into() };
            return Ok(Self { python, library });
        }
        let names = if cfg!(windows) { "bin/nvrtc64_120_0.dll" } else { "lib/libnvrtc.so.12" };
        let library = site_packages(&venv).map(|s| s.join("nvidia/cuda_nvrtc").join(names));
        match library.filter(|library| library.is_file() && python.is_file()) {
            Some(library) => Ok(Self { python, library }),
            None => bail!(
                "no NVRTC in {}: {HOW}, or name the library of NVRTC {} with --nvrtc PATH or \
                 BARLOOM_NVRTC",
                venv.display(),
                NVRTC.version()
            ),
        }
    }

    /// The PTX of the translation unit; warnings go to standard error.
    pub(super) fn compile(&self, sources: &Sources) -> Result<String> {
        let request = json!({
            "name": UNIT,
            "source": sources.unit()?,
            "headers": sources.headers(),
            "options": FLAGS,
        });
        let output = self.ask(&request)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {}", self.library.display(), said.trim());
        let answer: Value = serde_json::from_slice(&output.stdout)
            .context("xtask/ptx/nvrtc.py did not answer in JSON")?;
        let log = answer["log"].as_str().unwrap_or_default().trim();
        let Some(ptx) = answer["ptx"].as_str() else {
            bail!("{KERNELS} does not compile:\n{log}");
        };
        if !log.is_empty() {
            eprintln!("{log}");
        }
        Ok(ptx.to_owned())
    }

    fn ask(&self, request: &Value) -> Result<Output> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ptx/nvrtc.py");
        let mut python = Command::new(&self.python)
            .args(["-I", "-X", "utf8"])
            .arg(script)
            .arg(&self.library)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't run {}: {HOW}", self.python.display()))?;
        let mut input = python.stdin.take().context("standard input is a pipe")?;
        // Where the script ended before it read all, its own message says more than a closed pipe.
        let sent = input.write_all(request.to_string().as_bytes());
        drop(input);
        let output = python.wait_with_output()?;
        if output.status.success() {
            sent.context("can't send the kernels to xtask/ptx/nvrtc.py")?;
        }
        Ok(output)
    }
}

/// Makes the virtual environment, or brings it up to the requirements.
pub(super) fn install(target: &Path) -> Result<()> {
    let venv = venv(target);
    let make = Command::new(system_python()).args(["-m", "venv"]).arg(&venv).status();
    let made = make.with_context(|| format!("can't run {}: install Python 3", system_python()))?;
    ensure!(made.success(), "python3 -m venv {}: {made}", venv.display());
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("ptx-requirements.txt");
    let status = Command::new(python(&venv))
        .args(["-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--requirement"])
        .arg(&requirements)
        .status()?;
    ensure!(status.success(), "pip install --requirement {}: {status}", requirements.display());
    println!("NVRTC {} and ptxas {} are ready", NVRTC.version(), NVCC.version());
    Ok(())
}

/// The folder of the pinned wheels' files in the virtual environment, if there is one.
pub(super) fn site_packages(venv: &Path) -> Option<PathBuf> {
    if cfg!(windows) {
        return Some(venv.join("Lib/site-packages"));
    }
    let versions = fs::read_dir(venv.join("lib")).ok()?;
    versions.flatten().map(|v| v.path().join("site-packages")).find(|s| s.join("nvidia").is_dir())
}

pub(super) fn venv(target: &Path) -> PathBuf {
    target.join("ptx-venv")
}

fn python(venv: &Path) -> PathBuf {
    venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

fn system_python() -> &'static str {
    if cfg!(windows) { "python" } else { "python3" }
}
