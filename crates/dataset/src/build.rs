//! Building datasets: one folder, or one a part.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use barloom_backend::{ContentDigest, Session};
use barloom_bars::{Market, Part};
use barloom_market_data::write_market;
use barloom_recipe::{Format, Recipe};

use crate::files::{PartialFile, sync_dir, write_bytes};
use crate::parallel::in_parallel;
use crate::shard::ShardWriter;
use crate::staging::Staging;
use crate::summary::Gather;
use crate::{
    DatasetError, FORMAT_VERSION, FileRecord, Layout, Manifest, MarketRecord, PartRecord,
    ShardRecord, Summary,
};

/// More samples than a block can hold, far from the end of the numbers.
const MOST_CHUNK_ROWS: usize = usize::MAX / 4;

/// A dataset, or one part of it, that is to be built.
pub struct PartBuild {
    /// The part; none for a dataset without a split.
    pub part: Option<Part>,
    /// Makes its samples.
    pub session: Box<dyn Session>,
}

/// Everything that a build needs.
pub struct Build<'a> {
    /// The dataset's folder.
    pub out: &'a Path,
    /// The resolved recipe.
    pub recipe: &'a Recipe,
    /// The bars.
    pub market: &'a Market,
    /// Bars dropped while reading, by fault, for the manifest.
    pub dropped: &'a BTreeMap<String, u64>,
    /// One without a part, or the parts of the split.
    pub parts: Vec<PartBuild>,
    /// Whether a dataset that is there may be replaced.
    pub overwrite: bool,
    /// Samples made at once for each shard being written: rounded up to whole row groups. What
    /// fits the processor's cache is fastest.
    pub chunk_rows: usize,
    /// How many threads write shards: one each, or two side by side while there are enough. Time
    /// [`Build::run`] to time a whole build.
    pub threads: usize,
    /// Told from any thread how many more samples are written.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// A dataset that was built.
#[derive(Clone, Debug)]
pub struct BuiltPart {
    /// Its folder.
    pub path: std::path::PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Build<'_> {
    /// Builds the dataset: whole, or on an error not at all.
    ///
    /// # Errors
    /// The output is there or can't be written; the backend fails.
    pub fn run(self) -> Result<Vec<BuiltPart>, DatasetError> {
        let staging = Staging::create(self.out, self.overwrite)?;
        // Hashed while the first part is written.
        let market = LazyLock::new(|| MarketRecord::new(self.market, self.dropped));
        let built = thread::scope(|scope| {
            scope.spawn(|| LazyLock::force(&market));
            self.write_parts(&staging, &market)
        })?;
        staging.commit()?;
        tracing::info!("{} has its name", self.out.display());
        Ok(built)
    }

    fn write_parts(
        &self,
        staging: &Staging,
        market: &impl Deref<Target = MarketRecord>,
    ) -> Result<Vec<BuiltPart>, DatasetError> {
        let mut built = Vec::new();
        for part in &self.parts {
            let name = part.part.as_ref().map(|p| p.name.as_str());
            let dir = name.map_or_else(|| staging.dir().to_owned(), |n| staging.dir().join(n));
            fs::create_dir_all(&dir).map_err(DatasetError::io(&dir, "create"))?;
            let manifest = self.write_part(part, &dir, market)?;
            sync_dir(&dir)?;
            let path = name.map_or_else(|| self.out.to_owned(), |n| self.out.join(n));
            let (samples, shards) = (manifest.samples, manifest.shards.len());
            tracing::info!("{}: samples {samples}, shards {shards}", dir.display());
            built.push(BuiltPart { path, manifest });
        }
        Ok(built)
    }

    fn write_part(
        &self,
        build: &PartBuild,
        dir: &Path,
        market: &impl Deref<Target = MarketRecord>,
    ) -> Result<Manifest, DatasetError> {
        let plan = build.session.plan();
        let format = self.recipe.output.format;
        let stop = AtomicBool::new(false);
        let (files, samples) = thread::scope(|scope| {
            let files = scope.spawn(|| {
                let files = self.write_side_files(dir, build);
                stop.fetch_or(files.is_err(), Ordering::Relaxed);
                files
            });
            let samples = match format {
                Format::Virtual => Ok((Vec::new(), None, None)),
                Format::Parquet => self
                    .write_shards(dir, build, &stop)
                    .map(|(shards, digest, summary)| (shards, Some(digest), Some(summary))),
            };
            (files.join().unwrap_or(Err(DatasetError::Stopped)), samples)
        });
        let (files, (shards, content_digest, summary)) = (files?, samples?);
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            barloom_version: env!("CARGO_PKG_VERSION").to_owned(),
            format: format.to_string(),
            samples: plan.samples,
            positions: plan.positions.count(),
            part: build.part.as_ref().map(|part| PartRecord {
                index: part.index,
                name: part.name.clone(),
                start_ns: (part.start_ns != i64::MIN).then_some(part.start_ns),
                end_ns: (part.end_ns != i64::MAX).then_some(part.end_ns),
            }),
            recipe_digest: self.recipe.digest(),
            recipe: self.recipe.to_json(),
            market: (**market).clone(),
            files,
            shards,
            content_digest,
            summary,
            manifest_digest: String::new(),
        };
        let text = manifest.to_json();
        let path = dir.join("manifest.json");
        write_bytes(dir, "manifest.json", text.as_bytes())?;
        Manifest::from_json(&text, &path)
    }

    fn write_side_files(
        &self,
        dir: &Path,
        build: &PartBuild,
    ) -> Result<Vec<FileRecord>, DatasetError> {
        let mut bars = PartialFile::create(dir, "bars.arrow")?;
        write_market(&mut bars, self.market).map_err(DatasetError::io(bars.path(), "write"))?;
        let meta = serde_json::to_string_pretty(&build.session.plan().meta).unwrap_or_default();
        Ok(vec![
            bars.finish().settle()?,
            write_bytes(dir, "meta_scaler.json", (meta + "\n").as_bytes())?,
            write_bytes(dir, "recipe.toml", self.recipe.to_toml().as_bytes())?,
        ])
    }

    fn write_shards(
        &self,
        dir: &Path,
        build: &PartBuild,
        stop: &AtomicBool,
    ) -> Result<(Vec<ShardRecord>, String, Summary), DatasetError> {
        let plan = build.session.plan();
        let layout = Layout::new(plan, self.market);
        let totals = Mutex::new(Gather::new(plan.reward.metrics.len()));
        let count = plan.samples.div_ceil(self.recipe.output.shard_rows);
        let writer = ShardWriter {
            session: &*build.session,
            layout: &layout,
            dir,
            compression: self.recipe.output.compression,
            shard_rows: self.recipe.output.shard_rows,
            chunk_rows: self.chunk_rows.min(MOST_CHUNK_ROWS),
            alone: count >= self.threads as u64,
            progress: self.progress,
            stop: &|| stop.load(Ordering::Relaxed),
            idle: Mutex::default(),
            totals: &totals,
        };
        let built = in_parallel(
            count,
            self.threads,
            stop,
            |numbers| writer.write(numbers),
            |file| file.settle().map(drop),
        )?;
        let mut gather = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut digest = ContentDigest::new(&layout.channels(), plan.lookback, &layout.metrics());
        let mut shards = Vec::with_capacity(built.len());
        for shard in built {
            shard.digests.iter().for_each(|block| digest.push(*block));
            gather.push(shard.moments);
            shards.push(shard.record);
        }
        Ok((shards, digest.finish(), gather.finish(&layout.metrics())))
    }
}
