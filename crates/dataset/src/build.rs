//! Building datasets: one folder, or one a part.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;

use barloom_backend::{BLOCK_ROWS, Session};
use barloom_bars::Market;
use barloom_files::{Folder, Watch};
use barloom_market_store::write_market;
use barloom_plan::Plan;
use barloom_recipe::{Format, Recipe};
use barloom_schema::Schema;

use crate::commit::begun::{Begun, Piece, write_valid};
use crate::commit::files::{
    PartialFile, check_size, create_samples, read_text, sync_dataset, write_hashed,
};
use crate::commit::leftovers::Leftovers;
use crate::commit::ownership;
use crate::commit::piece::PieceManifest;
use crate::commit::record::BuiltShard;
use crate::commit::resume::{Joined, Shards};
use crate::commit::staging::{self, Staging};
use crate::names::{self, BARS, BEGUN, MANIFEST, PIECE, RECIPE, SCALERS, SHARED_BARS};
use crate::parallel::{Workers, in_parallel};
use crate::scalers::Scalers;
use crate::shard::ShardWriter;
use crate::summary::Gather;
use crate::{
    Dataset, DatasetError, FORMAT_VERSION, FeaturesRecord, FileRecord, Layout, Manifest,
    MarketRecord, PartRecord, ShardRecord, room,
};

/// Threads that write npy shards, at most.
const MOST_NPY_THREADS: usize = 32;

/// More samples than a block can hold, far from the end of the numbers.
const MOST_CHUNK_ROWS: usize = usize::MAX / 4;

/// Shards that a part may have: what is known of each stays in memory until the manifest is
/// written, and no folder takes many more files.
pub(crate) const MOST_SHARDS: u64 = 1 << 24;

/// A dataset, or one part of it, that is to be built.
pub struct PartBuild {
    /// The plan of its samples.
    pub plan: Plan,
    /// Makes them.
    pub session: Arc<dyn Session>,
}

/// Everything that a build needs.
pub struct Build<'a> {
    /// The dataset's folder, of any storage.
    pub out: Folder,
    /// The resolved recipe.
    pub recipe: &'a Recipe,
    /// The bars.
    pub market: &'a Market,
    /// Bars dropped while reading, by fault, for the manifest.
    pub dropped: &'a BTreeMap<String, u64>,
    /// Bars whose high or low was widened while reading, for the manifest.
    pub widened: u64,
    /// The features that samples hold, for the manifest.
    pub features: Option<FeaturesRecord>,
    /// A single build without a part, or the parts of the split.
    pub parts: Vec<PartBuild>,
    /// True if an existing dataset may be replaced.
    pub overwrite: bool,
    /// True to resume a stopped build of the same dataset.
    pub resume: bool,
    /// The piece to build; all shards without one.
    pub piece: Option<Piece>,
    /// True to make a virtual dataset's samples once, for its content digest and summary.
    pub digest: bool,
    /// The number of samples made at once for each shard, rounded up to whole row groups. A number
    /// that fits the processor's cache is fastest.
    pub chunk_rows: usize,
    /// The number of threads that write shards: one shard each, or two side by side while there are
    /// enough. Time [`Build::run`] to time a whole build.
    pub threads: usize,
    /// The caller's view: receives the number of samples finished, and stops the build.
    pub watch: Watch,
}

/// A dataset that was built, or a piece of one.
#[derive(Clone, Debug)]
pub struct BuiltPart {
    /// Its folder.
    pub path: PathBuf,
    /// Its manifest. A piece has the manifest of the whole dataset, with the shards of the piece.
    pub manifest: Manifest,
    /// The number of samples that this build made; others were there before.
    pub made: u64,
    /// The piece of the dataset.
    pub piece: Option<Piece>,
}

/// A part whose folder exists.
struct Begin<'a> {
    build: &'a PartBuild,
    dir: Folder,
    layout: Layout,
    /// Complete shards of an earlier build.
    whole: BTreeMap<u64, BuiltShard>,
    /// The counts of all shards so far.
    totals: Mutex<Gather>,
    /// Shards that are still to be built.
    missing: Vec<u64>,
}

impl<'a> Build<'a> {
    /// Builds a whole dataset on all processors; the dataset must not exist yet.
    #[must_use]
    pub fn new(
        out: impl Into<Folder>,
        recipe: &'a Recipe,
        market: &'a Market,
        parts: Vec<PartBuild>,
    ) -> Self {
        static NOTHING: BTreeMap<String, u64> = BTreeMap::new();
        Self {
            out: out.into(),
            recipe,
            market,
            dropped: &NOTHING,
            widened: 0,
            features: FeaturesRecord::new(recipe, market),
            parts,
            overwrite: false,
            resume: false,
            piece: None,
            digest: false,
            chunk_rows: BLOCK_ROWS,
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            watch: Watch::default(),
        }
    }
}

impl Build<'_> {
    /// Builds the dataset: whole, or on an error not at all. Where an error leaves whole shards,
    /// it says where, and a build with [`resume`](Build::resume) goes on with them.
    ///
    /// # Errors
    /// The output is there or cannot be written; the backend fails; it was stopped; there is
    /// something to go on with, but of another recipe, other bars or another piece.
    pub fn run(mut self) -> Result<Vec<BuiltPart>, DatasetError> {
        if self.piece.is_some() && self.recipe.output.format == Format::Virtual {
            return Err(DatasetError::VirtualPiece);
        }
        // On a store builders of one dataset share its folder: each goes on with what is there.
        let on_store = self.out.file_system().is_none();
        self.resume |= on_store && self.out.has_file(BEGUN);
        // Hashed while the first part is written.
        let begun = LazyLock::new(|| {
            let market = MarketRecord::new(self.market, self.dropped, self.widened);
            let program = self.parts.first().map(|part| &part.plan.program);
            let labels = program.map_or(&[][..], |program| &program.labels);
            Begun::new(self.recipe.to_json(), market, self.piece, labels)
        });
        if self.resume
            && let Some(built) = self.built_before(&begun)?
        {
            return Ok(built);
        }
        let leftovers = match (self.resume, self.overwrite) {
            (true, _) => Leftovers::Kept,
            (false, true) => Leftovers::Cleared,
            (false, false) => Leftovers::ClearedUnlessWhole,
        };
        let mut staging = Staging::create(&self.out, self.overwrite, leftovers)?;
        let told = Told { begun: &begun, dir: staging.dir(), is_told: Mutex::new(false) };
        let built = thread::scope(|scope| {
            // Samples need not wait for it.
            let telling =
                scope.spawn(|| if self.resume || on_store { Ok(()) } else { told.tell() });
            let built = self.write_parts(&staging, &told);
            telling.join().unwrap_or(Err(DatasetError::Stopped)).and(built)
        });
        let done = built.and_then(|built| staging.commit().map(|()| built));
        let built = done.map_err(|error| staging.leave(error))?;
        tracing::info!("{} has its name", self.out.display());
        Ok(built)
    }

    /// Returns the existing dataset if it is complete and the one to build.
    fn built_before(&self, begun: &Begun) -> Result<Option<Vec<BuiltPart>>, DatasetError> {
        let out = staging::target(&self.out)?;
        // An empty folder is nothing to go on with: a build that was killed once it had its name
        // left it.
        let incomplete = staging::folder_of(&out)?;
        let is_begun = out.file_system().is_some()
            && incomplete.stat().is_ok()
            && !ownership::entries(&incomplete).is_ok_and(|e| e.is_empty());
        if !out.is_taken() || is_begun {
            return Ok(None);
        }
        let mut built = Vec::new();
        for part in &self.parts {
            let dir = part.folder_in(&self.out);
            let found = match self.piece {
                Some(_) => PieceManifest::read(&dir)?.map(|p| (p.manifest, Some(p.piece))),
                None if !dir.has_file(MANIFEST) && out.file_system().is_none() => None,
                None => match Dataset::open(dir.clone()) {
                    Err(DatasetError::NotADataset(_)) => None,
                    Err(DatasetError::OlderFormat { .. }) if self.overwrite => None,
                    dataset => Some((dataset?.manifest().clone(), None)),
                },
            };
            let Some((mut manifest, piece)) = found else { return Ok(None) };
            match begun.same(&Begun::of(&manifest, piece), dir.path()) {
                Err(_) if self.overwrite => return Ok(None),
                same => same?,
            }
            if self.digest && manifest.content_digest.is_none() {
                return Ok(None);
            }
            if piece.is_some() {
                manifest.shards = ownership::shards_in(&dir)?;
                self.check_piece(&dir, part, &manifest.shards)?;
            }
            let files = manifest.shards.iter().flat_map(|shard| &shard.files);
            manifest.files.iter().chain(files).try_for_each(|file| check_size(&dir, file))?;
            let path = dir.path().to_path_buf();
            built.push(BuiltPart { path, manifest, piece: self.piece, made: 0 });
        }
        staging::remove_traces(&out)?;
        tracing::warn!(
            "{} is whole already: its files have their sizes (verify checks the rest)",
            self.out.display()
        );
        Ok(Some(built))
    }

    /// Checks that a piece has all shards that are its own.
    fn check_piece(
        &self,
        dir: &Folder,
        part: &PartBuild,
        found: &[ShardRecord],
    ) -> Result<(), DatasetError> {
        let layout = Layout::new(&part.plan.program, self.market);
        let (output, samples) = (&self.recipe.output, part.plan.samples);
        let shards = Shards { layout: &layout, output, samples };
        let ours = (0..shards.count()).filter(|n| self.piece.is_none_or(|piece| piece.has(*n)));
        for number in ours {
            if !found.iter().any(|shard| shard.first == shards.range(number).0) {
                let (path, problem) =
                    (dir.file(&names::record(number)), "it is not there".to_owned());
                return Err(DatasetError::Damaged { path, problem });
            }
        }
        Ok(())
    }

    fn write_parts(
        &self,
        staging: &Staging,
        told: &Told<'_>,
    ) -> Result<Vec<BuiltPart>, DatasetError> {
        let dir = staging.dir();
        if self.resume
            && let Some(found) = Begun::read(dir)?
        {
            told.begun.same(&found, dir.path())?;
        }
        if self.resume || dir.file_system().is_none() {
            told.tell()?;
        }
        if dir.file_system().is_none() {
            self.check_claimed(told.begun)?;
        }
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            parts.push(self.begin(part, told.begun, dir)?);
        }
        self.check_room(dir, &parts)?;
        parts.iter_mut().try_for_each(|part| self.find_missing(part))?;
        let mut built = Vec::with_capacity(parts.len());
        let shared = OnceLock::new();
        for part in parts {
            let (path, dir) = (part.build.folder_in(&self.out), part.dir.clone());
            let made = self.rows(&part, &part.missing);
            let manifest = self.write_part(part, told, &shared)?;
            sync_dataset(&dir)?;
            let (samples, shards) = (manifest.samples, manifest.shards.len());
            tracing::info!("{}: samples {samples}, shards {shards}", dir.display());
            let path = path.path().to_path_buf();
            built.push(BuiltPart { path, manifest, piece: self.piece, made });
        }
        Ok(built)
    }

    /// Refuses to write to a folder of a store that another dataset has got since it was looked at:
    /// it was claimed, built and its claim deleted before this build claimed it.
    fn check_claimed(&self, begun: &Begun) -> Result<(), DatasetError> {
        for part in &self.parts {
            let dir = part.folder_in(&self.out);
            if dir.has_file(MANIFEST) {
                let manifest = read_text(&dir, MANIFEST)?;
                let manifest = Manifest::from_json(&manifest, &dir.file(MANIFEST))?;
                begun.same(&Begun::of(&manifest, self.piece), dir.path())?;
            } else if let Some(PieceManifest { piece, manifest, .. }) = PieceManifest::read(&dir)? {
                begun.same(&Begun::of(&manifest, Some(piece)), dir.path())?;
            }
        }
        Ok(())
    }

    /// Makes a part's folder, or finds what is whole in it.
    fn begin<'a>(
        &self,
        build: &'a PartBuild,
        begun: &dyn Deref<Target = Begun>,
        staging: &Folder,
    ) -> Result<Begin<'a>, DatasetError> {
        let (plan, output) = (&build.plan, &self.recipe.output);
        let dir = build.folder_in(staging);
        dir.create().map_err(DatasetError::io(dir.path(), "create"))?;
        if output.format != Format::Virtual {
            create_samples(&dir)?;
        }
        let layout = Layout::new(&plan.program, self.market);
        let totals = Mutex::new(Gather::of(&layout));
        let mut whole = BTreeMap::new();
        if self.resume {
            let identity = &begun.identity(build.plan.part.as_ref().map(PartRecord::new).as_ref());
            let shards = Shards { layout: &layout, output, samples: plan.samples };
            whole = shards.keep_whole(&dir, identity, self.threads, &totals, &self.watch)?;
        }
        if !whole.is_empty() {
            tracing::info!("{}: {} shards are whole already", dir.display(), whole.len());
            (self.watch.progress)(whole.values().map(|shard| shard.record.rows).sum());
        }
        Ok(Begin { build, dir, layout, whole, totals, missing: Vec::new() })
    }

    /// Finds the shards of a part that are still to be built.
    fn find_missing(&self, part: &mut Begin<'_>) -> Result<(), DatasetError> {
        let output = &self.recipe.output;
        if output.format == Format::Virtual && !self.digest {
            return Ok(());
        }
        let samples = part.build.plan.samples;
        let count = self.shards(part).count();
        if count > MOST_SHARDS {
            return Err(DatasetError::TooManyShards { samples, count, most: MOST_SHARDS });
        }
        let ours = |number: &u64| self.piece.is_none_or(|piece| piece.has(*number));
        part.missing = (0..count).filter(|n| ours(n) && !part.whole.contains_key(n)).collect();
        Ok(())
    }

    /// Checks that there is room for what is still to be written.
    fn check_room(&self, dir: &Folder, parts: &[Begin<'_>]) -> Result<(), DatasetError> {
        let output = &self.recipe.output;
        let mut needed = 0_u64;
        for (place, part) in parts.iter().enumerate() {
            // Folds share one copy of the bars.
            let of_fold = part.build.plan.part.as_ref().is_some_and(|part| part.role().is_some());
            let market = (place == 0 || !of_fold).then_some(self.market);
            let whole: u64 = part.whole.values().map(|shard| shard.record.rows).sum();
            let rows = self.shards(part).rows_of(self.piece).saturating_sub(whole);
            let bytes = room::dataset_bytes(output.format, &part.layout, market, rows);
            needed = needed.saturating_add(bytes);
        }
        room::check(dir, needed, output)
    }

    /// All shards of a part, built or not.
    fn shards<'b>(&'b self, part: &'b Begin<'_>) -> Shards<'b> {
        let samples = part.build.plan.samples;
        Shards { layout: &part.layout, output: &self.recipe.output, samples }
    }

    /// The samples of some of a part's shards.
    fn rows(&self, part: &Begin<'_>, numbers: &[u64]) -> u64 {
        let shards = self.shards(part);
        numbers.iter().map(|number| shards.range(*number).1).sum()
    }

    /// Writes a part. `shared` is the record of the bars that folds share, once they are written.
    fn write_part(
        &self,
        mut part: Begin<'_>,
        told: &Told<'_>,
        shared: &OnceLock<FileRecord>,
    ) -> Result<Manifest, DatasetError> {
        let stop = AtomicBool::new(false);
        let (files, samples) = thread::scope(|scope| {
            let (dir, build) = (&part.dir, part.build);
            let files = scope.spawn(|| {
                let files = self.write_side_files(dir, build, shared);
                stop.fetch_or(files.is_err(), Ordering::Relaxed);
                files
            });
            let samples = self.write_shards(&part, told, &stop);
            (files.join().unwrap_or(Err(DatasetError::Stopped)), samples)
        });
        let (files, built) = (files?, samples?);
        if (self.watch.stop)() {
            return Err(DatasetError::Stopped);
        }
        let mut shards: BTreeMap<u64, BuiltShard> = part.missing.into_iter().zip(built).collect();
        shards.append(&mut part.whole);
        let totals = part.totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut manifest = self.draft(part.build, told.begun, part.layout.columns(), files);
        told.tell()?;
        // The names of shards must stay before the file that makes them a dataset may.
        sync_dataset(&part.dir)?;
        if let Some(piece) = self.piece {
            let text = PieceManifest::new(piece, manifest.clone()).text();
            write_valid(&part.dir, PIECE, &text)?;
            manifest.shards = shards.into_values().map(|shard| shard.record).collect();
            return Ok(manifest);
        }
        if self.recipe.output.format != Format::Virtual || self.digest {
            Joined::new(&part.layout, totals, shards.into_values()).put_into(&mut manifest);
        }
        let text = manifest.to_json();
        write_valid(&part.dir, MANIFEST, &text)?;
        Manifest::from_json(&text, &part.dir.file(MANIFEST))
    }

    /// The manifest without what the samples tell.
    fn draft(
        &self,
        build: &PartBuild,
        begun: &Begun,
        schema: &Schema,
        files: Vec<FileRecord>,
    ) -> Manifest {
        let plan = &build.plan;
        Manifest {
            format_version: FORMAT_VERSION,
            semantics: begun.semantics,
            barloom_version: begun.barloom_version.clone(),
            format: self.recipe.output.format.to_string(),
            samples: plan.samples,
            positions: plan.draws.positions.count(),
            part: build.plan.part.as_ref().map(PartRecord::new),
            recipe_digest: self.recipe.digest(),
            recipe: begun.recipe.clone(),
            schema: schema.clone(),
            scalers: plan.program.fitted(),
            market: begun.market.clone(),
            features: self.features.clone(),
            files,
            shards: Vec::new(),
            content_digest: None,
            summary: None,
            manifest_digest: String::new(),
        }
    }

    fn write_side_files(
        &self,
        dir: &Folder,
        build: &PartBuild,
        shared: &OnceLock<FileRecord>,
    ) -> Result<Vec<FileRecord>, DatasetError> {
        let checksum = self.recipe.output.checksum;
        let of_fold = build.plan.part.as_ref().is_some_and(|part| part.role().is_some());
        let bars = match (shared.get(), of_fold) {
            (Some(bars), true) => bars.clone(),
            (_, false) => self.write_bars(dir)?,
            (None, true) => {
                let bars = self.write_bars(&dir.parent())?;
                let bars = FileRecord { name: SHARED_BARS.to_owned(), ..bars };
                shared.get_or_init(|| bars).clone()
            }
        };
        let scalers = Scalers::new(&build.plan.program);
        let scalers = serde_json::to_string_pretty(&scalers).unwrap_or_default() + "\n";
        Ok(vec![
            bars,
            write_hashed(dir, RECIPE, self.recipe.to_toml().as_bytes(), checksum)?,
            write_hashed(dir, SCALERS, scalers.as_bytes(), checksum)?,
        ])
    }

    fn write_bars(&self, dir: &Folder) -> Result<FileRecord, DatasetError> {
        let mut bars = PartialFile::create(dir, BARS, self.recipe.output.checksum)?;
        write_market(&mut bars, self.market).map_err(DatasetError::io(bars.path(), "write"))?;
        bars.finish().settle()
    }

    /// Builds the shards that are missing, in their order.
    fn write_shards(
        &self,
        part: &Begin<'_>,
        told: &Told<'_>,
        stop: &AtomicBool,
    ) -> Result<Vec<BuiltShard>, DatasetError> {
        if part.missing.is_empty() {
            return Ok(Vec::new());
        }
        let identity =
            told.begun.identity(part.build.plan.part.as_ref().map(PartRecord::new).as_ref());
        // An npy shard has a file for each column, and a process may open so many.
        let many_files = self.recipe.output.format == Format::Npy;
        let threads = if many_files { self.threads.min(MOST_NPY_THREADS) } else { self.threads };
        let writer = ShardWriter {
            session: &*part.build.session,
            samples: part.build.plan.samples,
            layout: &part.layout,
            dir: &part.dir,
            output: &self.recipe.output,
            chunk_rows: self.chunk_rows.min(MOST_CHUNK_ROWS),
            alone: part.missing.len() >= threads,
            watch: &self.watch,
            stop,
            idle: Mutex::default(),
            totals: &part.totals,
            identity: &identity,
        };
        // Two files are hashed faster together than one after the other.
        let workers = Workers { threads, pairs: !many_files, few_waiting: many_files };
        in_parallel(
            &part.missing,
            workers,
            stop,
            |numbers| writer.write(numbers),
            |shard| told.tell().and_then(|()| shard.settle(&part.dir, self.piece.is_some())),
        )
    }
}

/// The announcement of a build in its folder: `build.json`, which is there before anything is that
/// would be lost if the folder were cleared.
struct Told<'a> {
    /// Known once the bars are hashed.
    begun: &'a (dyn Deref<Target = Begun> + Sync),
    dir: &'a Folder,
    is_told: Mutex<bool>,
}

impl Told<'_> {
    /// Writes `build.json`, or waits for a thread that does.
    fn tell(&self) -> Result<(), DatasetError> {
        let mut is_told = self.is_told.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_told {
            self.begun.write(self.dir)?;
            *is_told = true;
        }
        Ok(())
    }
}

impl PartBuild {
    /// The part's folder in that of the dataset.
    fn folder_in(&self, dir: &Folder) -> Folder {
        self.plan.part.as_ref().map_or_else(|| dir.clone(), |part| dir.join(&part.name))
    }
}
