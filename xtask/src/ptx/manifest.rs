//! `manifest.json` beside the PTX: of which sources it is, and by which compiler.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::compiler::{ARCHITECTURE, FLAGS, NVRTC};
use super::{FOLDER, KERNELS, MANIFEST, PTX, TABLE, UNIT};

/// The PTX ISA that the pinned compiler writes. It decides the oldest driver: see docs/cuda.md.
const ISA: &str = "8.4";

/// The kernels' files by name, as text.
pub(super) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Reads `*.cu` and `*.cuh` of the kernels' folder.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let entries = fs::read_dir(root.join(KERNELS));
        for entry in entries.with_context(|| format!("can't list {KERNELS}"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_file() && (name.ends_with(".cu") || name.ends_with(".cuh")) {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("can't read {KERNELS}/{name} as text"))?;
                files.insert(name, text);
            }
        }
        Ok(Self(files))
    }

    /// The text of the translation unit.
    pub(super) fn unit(&self) -> Result<&str> {
        let unit = self.0.get(UNIT).map(String::as_str);
        unit.with_context(|| format!("{KERNELS}/{UNIT} is not there: it includes all kernels"))
    }

    /// All others, by the name that an include gives.
    pub(super) fn headers(&self) -> BTreeMap<&str, &str> {
        let files = self.0.iter().filter(|(name, _)| *name != UNIT);
        files.map(|(name, text)| (name.as_str(), text.as_str())).collect()
    }

    fn digests(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, text)| (name.clone(), sha256(text))).collect()
    }
}

/// The contents of the manifest.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    compiler: String,
    compiler_version: String,
    flags: Vec<String>,
    virtual_architecture: String,
    ptx_isa: String,
    sources_sha256: BTreeMap<String, String>,
    pub(super) ptx_sha256: String,
}

impl Manifest {
    /// The manifest of these sources and this PTX, which must be the pinned compiler's.
    pub(super) fn new(sources: &Sources, ptx: &str) -> Result<Self> {
        let release = after(ptx, "// Cuda compilation tools, release ")?;
        let version = release.split(", V").nth(1).unwrap_or(release);
        ensure!(
            version == NVRTC.version(),
            "this NVRTC is {version}; kernels are compiled with {}: see xtask/ptx-requirements.txt",
            NVRTC.version()
        );
        let isa = after(ptx, ".version ")?;
        ensure!(isa == ISA, "PTX ISA {isa}, not {ISA}: see docs/cuda.md");
        let target = after(ptx, ".target ")?.replacen("sm_", "compute_", 1);
        ensure!(target == ARCHITECTURE, "PTX for {target}, not for {ARCHITECTURE}");
        Ok(Self::expected(sources.digests(), sha256(ptx)))
    }

    /// The contents that the manifest must have today.
    fn expected(sources_sha256: BTreeMap<String, String>, ptx_sha256: String) -> Self {
        Self {
            compiler: "NVRTC".to_owned(),
            compiler_version: NVRTC.version().to_owned(),
            flags: FLAGS.map(str::to_owned).into(),
            virtual_architecture: ARCHITECTURE.to_owned(),
            ptx_isa: ISA.to_owned(),
            sources_sha256,
            ptx_sha256,
        }
    }

    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// Differences from the kernels, without compiling; nothing where there is no PTX yet.
pub(crate) fn stale(root: &Path) -> Result<Vec<String>> {
    if !root.join(FOLDER).exists() {
        return Ok(Vec::new());
    }
    let mut problems = Vec::new();
    let mut read = |name: &str| {
        let text = fs::read_to_string(root.join(name));
        text.map_err(|error| problems.push(format!("{name}: {error}: run `cargo xtask ptx`"))).ok()
    };
    let (Some(text), Some(ptx)) = (read(MANIFEST), read(PTX)) else { return Ok(problems) };
    let stored: Manifest = match serde_json::from_str(&text) {
        Ok(stored) => stored,
        Err(error) => return Ok(vec![format!("{MANIFEST}: {error}: run `cargo xtask ptx`")]),
    };
    let sources =
        if root.join(KERNELS).exists() { Sources::read(root)?.digests() } else { BTreeMap::new() };
    let mut names: Vec<_> = sources.keys().chain(stored.sources_sha256.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let changed = match (sources.get(name), stored.sources_sha256.get(name)) {
            (Some(now), Some(then)) if now == then => continue,
            (Some(_), Some(_)) => "it changed",
            (Some(_), None) => "it is new",
            (None, _) => "it is gone",
        };
        problems.push(format!(
            "{KERNELS}/{name}: {changed} after the PTX was built: run `cargo xtask ptx`"
        ));
    }
    let digest = sha256(&ptx);
    if stored.ptx_sha256 != digest {
        problems.push(format!(
            "{PTX}: sha256 {digest}, and manifest.json says {}: run `cargo xtask ptx`",
            stored.ptx_sha256
        ));
    }
    let ours = Manifest::expected(stored.sources_sha256.clone(), stored.ptx_sha256.clone());
    if stored != ours {
        problems.push(format!(
            "{MANIFEST}: not by the compiler and flags of xtask/src/ptx: run `cargo xtask ptx`"
        ));
    }
    if let Ok(table) = fs::read_to_string(root.join(TABLE))
        && !table.contains(&stored.ptx_sha256)
    {
        problems.push(format!("{TABLE}: it is of another PTX: run `cargo xtask ptx`"));
    }
    Ok(problems)
}

/// The text after these words on the first line that starts with them.
fn after<'a>(ptx: &'a str, words: &str) -> Result<&'a str> {
    let line = ptx.lines().find_map(|line| line.strip_prefix(words));
    Ok(line.with_context(|| format!("the PTX has no line {words:?}: is this NVRTC?"))?.trim())
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
