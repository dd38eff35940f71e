//! Building a dataset.

use std::num::NonZero;
use std::path::Path;
use std::thread;

use barloom_backend::BLOCK_ROWS;
use barloom_dataset::{Build, BuiltPart, PartBuild, Piece};
use barloom_plan::Plan;
use barloom_recipe::Format;

use crate::{BackendChoice, Error, Loaded, Markets, Watch, clipping};

/// The settings of a build, beside its recipe and bars.
///
/// ```
/// use barloom_dataset::Dataset;
/// use barloom_engine::{BackendChoice, Job, Watch, load, read_bars};
/// use barloom_recipe::{Recipe, Samples};
///
/// # let bars = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/spy_1h.parquet");
/// # let folder = tempfile::tempdir().unwrap();
/// # let out = folder.path().join("my-dataset");
/// let mut recipe = Recipe::default();
/// recipe.data.bars = vec![bars.into()];
/// recipe.dataset.samples = Samples::Count(500);
/// let loaded = load(&recipe, read_bars(&recipe, None, &Watch::default())?)?;
///
/// let job = Job { backend: BackendChoice::Cpu, ..Job::new(&out) };
/// let prepared = job.prepare(&loaded)?; // nothing is written yet
/// assert_eq!(prepared.samples(), 500);
/// let built = prepared.run(&Watch::default())?;
/// assert_eq!(built[0].made, 500);
/// assert_eq!(Dataset::open(&out)?.manifest().samples, 500);
/// # Ok::<(), barloom_engine::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The dataset's folder.
    pub out: &'a Path,
    /// True if an existing dataset may be replaced.
    pub overwrite: bool,
    /// True to resume a stopped build of the same dataset.
    pub resume: bool,
    /// The piece to build; all shards without one.
    pub piece: Option<Piece>,
    /// True to make a virtual dataset's samples once, for its content digest and summary.
    pub digest: bool,
    /// Samples made at once for each shard being written. The dataset is the same for any number.
    pub chunk_rows: usize,
    /// The number of threads that write shards. The dataset is the same for any number.
    pub threads: usize,
    /// The backend that computes the samples.
    pub backend: BackendChoice,
    /// The number of the GPU, as the driver lists them; the first without one.
    pub device: Option<u32>,
}

/// A build that can begin: there is a session for each part, and nothing is written yet.
pub struct Prepared<'a> {
    job: &'a Job<'a>,
    loaded: &'a Loaded,
    parts: Vec<PartBuild>,
    samples: u64,
}

impl<'a> Job<'a> {
    /// A build of a whole dataset, where none is, on all processors or a GPU.
    #[must_use]
    pub fn new(out: &'a Path) -> Self {
        Self {
            out,
            overwrite: false,
            resume: false,
            piece: None,
            digest: false,
            chunk_rows: BLOCK_ROWS,
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            backend: BackendChoice::default(),
            device: None,
        }
    }

    /// Opens the backend and prepares every part. What plans come to, and what they warn of, goes
    /// to `tracing`; [`Prepared::plans`] has it too.
    ///
    /// # Errors
    /// There is no such backend; the split or a part does not fit the market; the backend fails.
    pub fn prepare(&'a self, loaded: &'a Loaded) -> Result<Prepared<'a>, Error> {
        // A virtual dataset has no samples to compute.
        let computes = loaded.recipe.output.format != Format::Virtual
            || self.digest
            || self.backend == BackendChoice::Cuda;
        let choice = if computes { self.backend } else { BackendChoice::Cpu };
        let backend = choice.open(self.device)?;
        let mut parts: Vec<PartBuild> = Vec::new();
        let mut markets = Markets::default();
        for set in loaded.sets()? {
            let session = set.session(&markets.of(&set, &*backend)?)?;
            log_plan(&set.plan);
            parts.push(PartBuild { plan: Plan::clone(&set.plan), session });
        }
        let samples = parts
            .iter()
            .map(|part| part.plan.samples)
            .try_fold(0_u64, u64::checked_add)
            .ok_or(Error::TooManySamples)?;
        Ok(Prepared { job: self, loaded, parts, samples })
    }
}

impl Prepared<'_> {
    /// The plans of all parts, in their order.
    pub fn plans(&self) -> impl ExactSizeIterator<Item = &Plan> {
        self.parts.iter().map(|part| &part.plan)
    }

    /// The number of samples of all parts.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Builds the dataset: whole, or on an error not at all. Where an error leaves whole shards,
    /// it says where, and a job that [resumes](Job::resume) goes on with them.
    ///
    /// # Errors
    /// The output is there or cannot be written; the backend fails; the watch stops it; there is
    /// something to go on with, but of another recipe, other bars or another piece.
    pub fn run(self, watch: &Watch) -> Result<Vec<BuiltPart>, Error> {
        let Self { job, loaded, parts, samples } = self;
        (watch.total)(samples);
        // Without a summary, which counts all samples, some stand for them.
        let has_summary =
            job.piece.is_none() && (loaded.recipe.output.format != Format::Virtual || job.digest);
        let mut clipped = Vec::new();
        for part in parts.iter().filter(|_| !has_summary) {
            clipped.extend(clipping::of_session(&*part.session, &part.plan)?);
        }
        let build = Build {
            out: job.out.into(),
            recipe: &loaded.recipe,
            market: &loaded.market,
            dropped: &loaded.dropped,
            widened: loaded.widened,
            features: loaded.features.clone(),
            parts,
            overwrite: job.overwrite,
            resume: job.resume,
            piece: job.piece,
            digest: job.digest,
            chunk_rows: job.chunk_rows,
            threads: job.threads,
            watch: watch.clone(),
        };
        let built = build.run()?;
        clipped.extend(built.iter().filter(|_| has_summary).flat_map(clipping::clip_warnings));
        clipped.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok(built)
    }
}

/// Logs the sizes of a plan and its warnings.
fn log_plan(plan: &Plan) {
    let part = plan.part.as_ref().map_or(String::new(), |part| format!("part {}: ", part.name));
    let (samples, positions) = (plan.samples, plan.draws.positions.count());
    let windows = plan.distinct_windows().round();
    tracing::info!("{part}{samples} samples from {positions} positions, about {windows} windows");
    for warning in plan.warnings() {
        tracing::warn!("{part}{warning}");
    }
}
