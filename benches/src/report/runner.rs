//! Runs measurements in turn: every case of a set once, then all of them again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::measurement::Measurement;
use crate::report::cases::{Case, Place};
use crate::report::peers::Peers;
use crate::report::places::Places;
use crate::report::results::Figure;

/// Cases that are compared with each other, so measured in turn: A B A B.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its name.
    pub name: &'static str,
    /// Number of measurements of each case.
    pub rounds: usize,
    /// Number of repetitions in a measurement, after the first time.
    pub repetitions: usize,
    /// The cases.
    pub cases: Vec<Case>,
}

/// The runner of sets, and its results.
pub struct Runner {
    /// `barloom-measure`.
    pub measure: PathBuf,
    /// Bars that measurements read; none for the generated walk.
    pub bars: Vec<String>,
    /// The place of files.
    pub places: Places,
    /// The peers, where they are wanted and there.
    pub peers: Option<Peers>,
    /// The measurements.
    pub figures: Vec<Figure>,
    /// The cases left out, and why.
    pub skipped: BTreeMap<String, String>,
}

impl Runner {
    /// Runs a set. What fails is skipped, with the reason.
    pub fn run(&mut self, set: &Set) {
        let mut measured: BTreeMap<String, Vec<Measurement>> = BTreeMap::new();
        for round in 1..=set.rounds {
            for case in &set.cases {
                let id = case.id();
                if self.skipped.contains_key(&id) {
                    continue;
                }
                eprintln!("{} {round}/{}: {id}", set.name, set.rounds);
                match self.one(case, set.repetitions, &measured) {
                    Ok(measurement) => measured.entry(id).or_default().push(measurement),
                    Err(why) => {
                        self.skipped.insert(id, format!("{why:#}"));
                    }
                }
            }
        }
        for case in &set.cases {
            let done = measured.remove(&case.id()).unwrap_or_default();
            self.figures.extend(Figure::new(set.name, case, &done));
        }
    }

    fn one(
        &self,
        case: &Case,
        repetitions: usize,
        measured: &BTreeMap<String, Vec<Measurement>>,
    ) -> Result<Measurement> {
        if let Some(why) = self.places.refuse(case) {
            bail!("not measured: {why}");
        }
        if case.peer {
            let peers = self.peers.as_ref().context("not measured: peers were not asked for")?;
            return peers.measure(case, repetitions, self);
        }
        let mut arguments: Vec<OsString> = case.arguments().into_iter().map(Into::into).collect();
        arguments.extend(["--repetitions".into(), repetitions.to_string().into()]);
        if let Some(folder) = case.place.and_then(|place| self.places.folder(place)) {
            arguments.extend(["--out".into(), folder.into()]);
        }
        if case.kind == "write" {
            let (bytes, files) = self.bytes_of_build(case, measured)?;
            arguments.extend(["--bytes".into(), bytes.to_string().into()]);
            arguments.extend(["--files".into(), files.to_string().into()]);
        }
        self.call(arguments)
    }

    /// Runs `barloom-measure`, with the bars of this run.
    ///
    /// # Errors
    /// It fails, or prints no measurement.
    pub fn call(&self, mut arguments: Vec<OsString>) -> Result<Measurement> {
        if !self.bars.is_empty() {
            arguments.push("--bars".into());
            arguments.extend(self.bars.iter().map(Into::into));
        }
        measurement(&self.measure, &arguments)
    }

    /// Bytes and files that the Parquet build of the same samples wrote, at either place.
    fn bytes_of_build(
        &self,
        write: &Case,
        measured: &BTreeMap<String, Vec<Measurement>>,
    ) -> Result<(u64, u64)> {
        let parquet = Case { sync: false, ..write.kind("parquet") };
        let places = [Place::Tmpfs, Place::Disk].map(|place| parquet.at(place).id());
        let now = places.iter().find_map(|id| measured.get(id)?.last());
        let now = now.map(|m| (m.bytes, m.extra.get("files").and_then(serde_json::Value::as_u64)));
        let before = self.figures.iter().find(|figure| places.contains(&figure.id));
        let before =
            before.map(|f| (f.bytes, f.extra.get("files").and_then(serde_json::Value::as_u64)));
        let (bytes, files) =
            now.or(before).ok_or_else(|| anyhow!("not measured: there is no build of its size"))?;
        Ok((bytes, files.unwrap_or(1)))
    }
}

/// Runs a program that prints one measurement.
///
/// # Errors
/// It fails, or prints something else.
pub fn measurement(program: &Path, arguments: &[OsString]) -> Result<Measurement> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("can't run {}", program.display()))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let last = told.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        bail!("not measured: {}: {last}", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).with_context(|| format!("not a measurement: {text}"))
}
