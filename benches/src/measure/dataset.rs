//! Whole datasets, from bars in memory to a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs, process};

use anyhow::{Context, Result};
use barloom_backend_cpu::CpuBackend;
use barloom_dataset::{Build, Manifest, PartBuild};

use super::Options;
use crate::clock::time;
use crate::job::Ready;
use crate::measurement::Measurement;

/// Samples that a thread makes at once.
const CHUNK_ROWS: usize = 4_096;

pub(super) fn run(options: &Options, format: &str) -> Result<Measurement> {
    let ready = options.job.ready(format)?;
    let mut measured = Measurement { samples: options.job.rows, ..Measurement::default() };
    let repetitions = options.job.repetitions;
    for number in 0..=repetitions {
        let out = Scratch::new(options.job.out.as_deref(), options.keep && number == repetitions);
        let (seconds, (prepare_s, manifest)) = time(|| build(options, &ready, &out.path))?;
        measured.prepare_s = prepare_s;
        // Preparing belongs to a virtual dataset's time: there is little else.
        let seconds = if format == "virtual" { seconds } else { seconds - prepare_s };
        measured.bytes = manifest.shards.iter().flat_map(|s| &s.files).map(|file| file.bytes).sum();
        measured.extra.insert("files".into(), manifest.shards.len().into());
        match number {
            0 => measured.cold_s = Some(seconds),
            _ => measured.warm_s.push(seconds),
        }
    }
    Ok(measured)
}

fn build(options: &Options, ready: &Ready, out: &Path) -> Result<(f64, Manifest)> {
    let (prepare_s, (plan, session)) = time(|| {
        let plan = ready.plan()?;
        let session = plan.session(&CpuBackend::default(), Arc::clone(&ready.market))?;
        Ok((plan, session))
    })?;
    let parts = vec![PartBuild { plan, session }];
    let built = Build {
        overwrite: true,
        chunk_rows: CHUNK_ROWS,
        threads: options.job.threads(),
        ..Build::new(out, &ready.recipe, &ready.market, parts)
    }
    .run()?;
    let part = built.into_iter().next().context("a dataset without a split is one part")?;
    Ok((prepare_s, part.manifest))
}

/// A place for files of this process, removed in the end.
pub(super) struct Scratch {
    pub(super) path: PathBuf,
    keep: bool,
}

impl Scratch {
    /// The folder itself when it is kept, else one of this process inside it.
    pub(super) fn new(folder: Option<&Path>, keep: bool) -> Self {
        let folder = folder.map_or_else(env::temp_dir, Path::to_owned);
        let own = folder.join(format!("barloom-measure-{}", process::id()));
        Self { path: if keep { folder } else { own }, keep }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing to be done where it fails, and the measurement stands.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}
