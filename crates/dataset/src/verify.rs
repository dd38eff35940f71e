//! The check that a dataset matches its recipe and its bars.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type};
use arrow::util::display::array_value_to_string;
use barloom_backend::{Backend, BackendError, BlockDigest, SampleBlock, Session};
use barloom_bars::Market;
use barloom_files::Watch;
use barloom_plan::{Plan, Planner};
use barloom_schema::SNAPSHOT;
use sha2::{Digest, Sha256};

use crate::build::MOST_SHARDS;
use crate::commit::files::{check_file, read_text};
use crate::commit::ownership::Contents;
use crate::commit::record::BuiltShard;
use crate::commit::resume::{Joined, Shards};
use crate::format::{encode, npy};
use crate::names::{self, MANIFEST, RECIPE, SCALERS};
use crate::parallel::in_parallel;
use crate::scalers::Scalers;
use crate::summary::Gather;
use crate::{
    Dataset, DatasetError, FeaturesRecord, FeaturesVerified, Layout, MarketRecord, PartRecord,
    Problem, SampleReader, ShardRecord, Summary,
};

/// The samples to make again and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// None: files alone are checked.
    None,
    /// So many, chosen by the seed.
    Some {
        /// The number of samples; all if there are no more.
        count: u64,
        /// Another seed chooses others.
        seed: u64,
    },
    /// All, and the content digest and the summary that they make.
    All,
}

/// Everything that verifying needs.
pub struct Verify<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// Makes samples again.
    pub backend: &'a dyn Backend,
    /// The samples to make again.
    pub rows: Rows,
    /// The number of threads that read and compare.
    pub threads: usize,
    /// The caller's view: receives the number of samples compared, and stops the verification.
    pub watch: Watch,
}

/// The extent and the findings of a verification.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Verified {
    /// Files whose size and sha256 were compared.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Samples that were made again and compared.
    pub samples: u64,
    /// The content digest of all samples as they were made again; only if all were.
    pub content_digest: Option<String>,
    /// True if samples could be compared, with stored ones or a content digest.
    pub compared: bool,
    /// The features that were computed again, if samples hold some and the caller computes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<FeaturesVerified>,
    /// The faults, each with the file or the sample; empty if the dataset is right.
    pub problems: Vec<Problem>,
}

impl Verified {
    /// The result for a dataset that cannot be opened.
    #[must_use]
    pub fn refused(error: DatasetError) -> Self {
        Self { problems: vec![error.into()], ..Self::default() }
    }
}

/// Makes samples again and compares them.
struct Compare<'a> {
    verify: &'a Verify<'a>,
    session: Arc<dyn Session>,
    /// The number of samples of the dataset.
    samples: u64,
    layout: Layout,
    /// None where no samples are stored.
    reader: Option<SampleReader>,
}

impl Verify<'_> {
    /// Checks files, then what can be derived again from recipe and bars, then samples.
    ///
    /// # Errors
    /// The backend or the system fails, it was stopped, or the files are right and samples of other
    /// semantics, which cannot be made again: what is wrong with the dataset itself
    /// is in the result.
    pub fn run(&self) -> Result<Verified, DatasetError> {
        let mut verified = Verified::default();
        self.check_files(&mut verified)?;
        if !verified.problems.is_empty() {
            return Ok(verified);
        }
        self.dataset.check_semantics()?;
        match self.check_samples(&mut verified) {
            Err(error) if error.is_of_dataset() => verified.problems.push(error.into()),
            done => done?,
        }
        // Shards that a wrong manifest leaves out are its own fault.
        if verified.problems.is_empty() {
            self.check_strays(&mut verified)?;
        }
        Ok(verified)
    }

    /// Finds data among the samples that the manifest does not list.
    fn check_strays(&self, verified: &mut Verified) -> Result<(), DatasetError> {
        let dir = self.dataset.folder();
        let foreign = Contents::of(dir)?.foreign;
        for name in foreign.iter().filter(|name| names::is_sample_data(name)) {
            let problem = "the manifest does not list it, and readers of the folder would take it for \
                           samples; move it elsewhere";
            let path = dir.file(name);
            verified.problems.push(DatasetError::Damaged { path, problem: problem.into() }.into());
        }
        Ok(())
    }

    fn check_files(&self, verified: &mut Verified) -> Result<(), DatasetError> {
        let (dir, manifest) = (self.dataset.folder(), self.dataset.manifest());
        if let Some(entries) = Contents::of(dir)?.foreign_text() {
            tracing::warn!(
                "{} holds files that do not belong to the dataset: {entries}",
                dir.display()
            );
        }
        let files: Vec<_> = manifest.all_files().collect();
        let numbers: Vec<u64> = (0..files.len() as u64).collect();
        let check = |numbers: &[u64]| {
            if (self.watch.stop)() {
                return Err(DatasetError::Stopped);
            }
            let check = |number: &u64| check_file(dir, files[*number as usize], &self.watch);
            Ok(numbers.iter().map(|number| (check(number), ())).collect())
        };
        let stop = AtomicBool::new(false);
        for result in in_parallel(&numbers, self.threads.into(), &stop, check, |()| Ok(()))? {
            match result {
                Err(error) if error.is_of_dataset() => verified.problems.push(error.into()),
                result => result?,
            }
        }
        verified.files = files.len() as u64 + 1;
        verified.bytes = files.iter().map(|file| file.bytes).sum();
        Ok(())
    }

    /// Checks that the bars are those of the manifest.
    fn check_market(&self, market: &Market) -> Result<(), DatasetError> {
        let told = &self.dataset.manifest().market;
        let mut found = MarketRecord::new(market, &told.dropped, told.widened);
        for (found, told) in found.symbols.iter_mut().zip(&told.symbols) {
            found.bars_per_year = found.bars_per_year.filter(|_| told.bars_per_year.is_some());
        }
        if found == *told {
            return Ok(());
        }
        self.wrong(self.dataset.manifest().bars(), "it is not the market of the manifest")
    }

    /// Checks the values that recipe and bars give again: number of samples and part, meta bounds,
    /// names of files.
    fn check_derived(&self, market: &Market, plan: &Plan) -> Result<(), DatasetError> {
        let (dir, manifest) = (self.dataset.folder(), self.dataset.manifest());
        let output = &self.dataset.recipe().output;
        if self.dataset.recipe().resolve(market)?.to_json() != manifest.recipe {
            return self.wrong(RECIPE, "it is not the recipe of the manifest");
        }
        if (plan.samples, plan.draws.positions.count()) != (manifest.samples, manifest.positions) {
            return self.wrong(MANIFEST, "recipe and bars give another number of samples");
        }
        if plan.part.as_ref().map(PartRecord::new) != manifest.part {
            return self.wrong(MANIFEST, "its part does not match the recipe's split");
        }
        let side_files = names::side_files(plan.part.as_ref().is_some_and(|p| p.role().is_some()));
        if !manifest.files.iter().map(|file| &*file.name).eq(side_files) {
            let problem = format!("files are not {}", side_files.join(", "));
            return self.wrong(MANIFEST, &problem);
        }
        let layout = Layout::new(&plan.program, market);
        let shards = Shards { layout: &layout, output, samples: plan.samples };
        if !shards.are(&manifest.shards) {
            return self.wrong(MANIFEST, "its shards do not match the recipe");
        }
        let found = serde_json::from_str(&read_text(dir, SCALERS)?).ok();
        if found != Some(Scalers::new(&plan.program)) {
            return self.wrong(SCALERS, "its scalers do not match the recipe and the manifest");
        }
        // Of the manifest, as those of the plan are.
        let planner = Planner::new(self.dataset.recipe(), market)?;
        let part = self.dataset.part_of(&planner.parts())?;
        let fitted = planner.program_of(part.as_ref()).fitted();
        if fitted != manifest.scalers {
            return self.wrong(MANIFEST, "the bars give its fitted scalers other parameters");
        }
        let functions_version = manifest.features.as_ref().and_then(|f| f.functions_version);
        let features = FeaturesRecord::new(self.dataset.recipe(), market);
        if features.map(|f| FeaturesRecord { functions_version, ..f }) != manifest.features {
            return self.wrong(MANIFEST, "its features do not match the recipe and the bars");
        }
        if manifest.schema != *layout.columns() {
            return self.wrong(MANIFEST, "its schema does not match the recipe");
        }
        Ok(())
    }

    fn wrong(&self, file: &str, problem: &str) -> Result<(), DatasetError> {
        let path = self.dataset.path().join(file);
        Err(DatasetError::Damaged { path, problem: problem.to_owned() })
    }

    fn check_samples(&self, verified: &mut Verified) -> Result<(), DatasetError> {
        let market = Arc::new(self.dataset.market()?);
        self.check_market(&market)?;
        let unfit = |error: &dyn std::fmt::Display| {
            self.wrong(RECIPE, &format!("it does not fit bars.arrow: {error}"))
        };
        let plan = match self.dataset.plan(&market) {
            Err(DatasetError::Plan(error)) => return unfit(&error),
            plan => plan?,
        };
        let session = match plan.session(self.backend, Arc::clone(&market)) {
            Err(error) if !matches!(error, BackendError::Device(_)) => return unfit(&error),
            session => session?,
        };
        self.check_derived(&market, &plan)?;
        let stored = !self.dataset.manifest().shards.is_empty();
        verified.compared = stored || self.dataset.manifest().content_digest.is_some();
        let compare = Compare {
            verify: self,
            layout: Layout::new(&plan.program, &market),
            reader: stored.then(|| SampleReader::stored(self.dataset)),
            session,
            samples: plan.samples,
        };
        match self.rows {
            Rows::None => Ok(()),
            // Nothing is stored that they could be compared with.
            Rows::Some { .. } if !stored => Ok(()),
            Rows::Some { count, seed } => compare.some(count, seed, verified),
            Rows::All => compare.all(verified),
        }
    }
}

impl Compare<'_> {
    fn some(&self, count: u64, seed: u64, verified: &mut Verified) -> Result<(), DatasetError> {
        let Some(reader) = &self.reader else { return Ok(()) };
        let samples = self.samples;
        self.check_count(count.min(samples), MOST_ROWS)?;
        // Few are left to be found where nearly all are asked for.
        let mut chosen: Vec<u64> = if count >= samples / 2 {
            (0..samples).collect()
        } else {
            let chosen = (0..).map(|number| choose(seed, number, samples));
            distinct(chosen, count)
        };
        chosen.sort_unstable();
        // By the files that they are in, so that each is opened once.
        let rows = self.verify.dataset.recipe().output.rows_of_shards(samples);
        let groups: Vec<&[u64]> = chosen.chunk_by(|a, b| a / rows == b / rows).collect();
        let most = (MOST_BYTES / row_bytes(&self.layout)).clamp(1, 1_024);
        let groups: Vec<&[u64]> = groups.iter().flat_map(|group| group.chunks(most)).collect();
        let numbers: Vec<u64> = (0..groups.len() as u64).collect();
        let compare = |numbers: &[u64]| {
            for number in numbers {
                let samples = groups[*number as usize];
                let stored = reader.take(samples)?;
                let mut block = self.session.allocate(1)?;
                for (row, sample) in samples.iter().enumerate() {
                    if (self.verify.watch.stop)() {
                        return Err(DatasetError::Stopped);
                    }
                    self.session.fill_alone(*sample, 1, &mut block)?;
                    self.same(&stored.slice(row, 1), &block)?;
                }
                (self.verify.watch.progress)(samples.len() as u64);
            }
            Ok(numbers.iter().map(|_| ((), ())).collect())
        };
        let stop = AtomicBool::new(false);
        in_parallel(&numbers, self.verify.threads.into(), &stop, compare, |()| Ok(()))?;
        verified.samples = chosen.len() as u64;
        Ok(())
    }

    fn all(&self, verified: &mut Verified) -> Result<(), DatasetError> {
        let samples = self.samples;
        let format = self.verify.dataset.recipe().output.format;
        // Files are opened anew for each piece of work, so it is not small.
        let group = encode::group_rows(format, &self.layout);
        let rows =
            (MOST_BYTES / row_bytes(&self.layout)).next_multiple_of(group).clamp(group, 1 << 16);
        let rows = rows.next_multiple_of(group) as u64;
        self.check_count(samples, rows.saturating_mul(MOST_SHARDS))?;
        let numbers: Vec<u64> = (0..samples.div_ceil(rows)).collect();
        let totals = Mutex::new(Gather::of(&self.layout));
        let idle = Mutex::new(Vec::<SampleBlock>::new());
        let one = |number: u64| -> Result<BuiltShard, DatasetError> {
            if (self.verify.watch.stop)() {
                return Err(DatasetError::Stopped);
            }
            let first = number * rows;
            let rows = rows.min(samples - first);
            let held = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut block = match held.filter(|held| held.capacity() >= rows as usize) {
                Some(held) => held,
                None => self.session.allocate(rows.max(1) as usize)?,
            };
            self.session.fill_alone(first, rows as usize, &mut block)?;
            if let Some(reader) = &self.reader {
                self.same(&reader.read(first..first + rows)?, &block)?;
            }
            let mut gather = Gather::of(&self.layout);
            gather.add(&block);
            let digests = BlockDigest::of_block(&block);
            let moments = totals.lock().unwrap_or_else(PoisonError::into_inner).absorb(gather);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(block);
            (self.verify.watch.progress)(rows);
            let record = ShardRecord { first, rows, files: Vec::new() };
            Ok(BuiltShard { record, digests, moments })
        };
        let many = |numbers: &[u64]| {
            numbers.iter().map(|number| Ok((one(*number)?, ()))).collect::<Result<Vec<_>, _>>()
        };
        let stop = AtomicBool::new(false);
        let built = in_parallel(&numbers, self.verify.threads.into(), &stop, many, |()| Ok(()))?;
        let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        let joined = Joined::new(&self.layout, totals, built);
        self.check_joined(&joined.content_digest, &joined.summary)?;
        verified.samples = samples;
        verified.content_digest = Some(joined.content_digest);
        Ok(())
    }

    /// Refuses more samples than what is known of each piece of work has memory for.
    fn check_count(&self, samples: u64, most: u64) -> Result<(), DatasetError> {
        let path = self.verify.dataset.path().to_owned();
        match samples <= most {
            true => Ok(()),
            false => Err(DatasetError::TooManyToVerify { path, samples, most }),
        }
    }

    /// Checks that the manifest's digest and summary are those of all samples.
    fn check_joined(&self, content_digest: &str, summary: &Summary) -> Result<(), DatasetError> {
        let manifest = self.verify.dataset.manifest();
        let path = self.verify.dataset.path().join(MANIFEST);
        let problem = if manifest.content_digest.as_ref().is_some_and(|d| d != content_digest) {
            format!(
                "content_digest does not match the samples; recipe and bars give {content_digest}"
            )
        } else if manifest.summary.as_ref().is_some_and(|s| s != summary) {
            "summary does not match the samples".to_owned()
        } else {
            return Ok(());
        };
        Err(DatasetError::Damaged { path, problem })
    }

    /// Checks that stored rows equal those of a block, bit for bit.
    fn same(&self, stored: &RecordBatch, block: &SampleBlock) -> Result<(), DatasetError> {
        let dir = self.verify.dataset.path();
        let made = self.layout.record_batch(block, 0, block.rows());
        let made = made.map_err(DatasetError::format(dir))?;
        let mut first: Option<(usize, usize)> = None;
        for (column, (stored, made)) in stored.columns().iter().zip(made.columns()).enumerate() {
            if !same_values(stored, made) {
                let row = first_difference(stored, made);
                first = first.filter(|(other, _)| *other <= row).or(Some((row, column)));
            }
        }
        let differs = |row: usize, column: &str, stored: String, made: String| {
            let sample = block.sample(row);
            Err(DatasetError::Differs {
                path: self.verify.dataset.file_of(sample, column),
                sample,
                column: column.to_owned(),
                stored,
                made,
            })
        };
        if let Some((row, column)) = first {
            let name = made.schema().field(column).name().clone();
            let [stored, made] = [stored, &made].map(|batch| batch.column(column));
            let (stored, made) = shown(&name, &stored.slice(row, 1), &made.slice(row, 1));
            return differs(row, &name, stored, made);
        }
        let first = block.samples().get(0);
        let samples = first..first + block.rows() as u64;
        let stored = self.reader.as_ref().map(|reader| reader.meta(samples));
        if let Some(stored) = stored.transpose()?.flatten() {
            let made = npy::meta(self.session.program(), block, 0, block.rows());
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let pairs = stored.chunks(9).zip(made.chunks(9));
            for (row, (stored, made)) in pairs.enumerate() {
                if bits(stored) != bits(made) {
                    return differs(row, "meta", format!("{stored:?}"), format!("{made:?}"));
                }
            }
        }
        Ok(())
    }
}

/// Samples that can be chosen to be compared.
const MOST_ROWS: u64 = 1 << 24;

/// Bytes of windows that a thread reads at a time.
const MOST_BYTES: usize = 32 << 20;

/// Bytes of the windows, the snapshot and the paths of a sample.
fn row_bytes(layout: &Layout) -> usize {
    layout.floats().saturating_mul(size_of::<f32>()).max(1)
}

/// The first so many that are different.
fn distinct(numbers: impl Iterator<Item = u64>, count: u64) -> Vec<u64> {
    let mut seen = BTreeSet::new();
    numbers.filter(|number| seen.insert(*number)).take(count as usize).collect()
}

/// A sample below `samples` for each number: the high half of a hash's first 64 bits times
/// `samples`.
fn choose(seed: u64, number: u64, samples: u64) -> u64 {
    let hash = Sha256::digest([seed.to_le_bytes(), number.to_le_bytes()].concat());
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash[..8]);
    ((u128::from(u64::from_le_bytes(bits)) * u128::from(samples)) >> 64) as u64
}

/// Strings instead of places in a dictionary, whose order may differ.
fn plain(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Dictionary(..) => {
            cast(array, &DataType::Utf8).unwrap_or_else(|_| Arc::clone(array))
        }
        _ => Arc::clone(array),
    }
}

/// Returns true if two columns hold the same bits.
fn same_values(a: &ArrayRef, b: &ArrayRef) -> bool {
    plain(a).to_data() == plain(b).to_data()
}

/// The first row in which two columns differ, by halves.
fn first_difference(a: &ArrayRef, b: &ArrayRef) -> usize {
    let (mut start, mut end) = (0, a.len().min(b.len()));
    while end - start > 1 {
        let half = (end - start) / 2;
        if same_values(&a.slice(start, half), &b.slice(start, half)) {
            start += half;
        } else {
            end = start + half;
        }
    }
    start
}

/// Two values that differ, for people; of lists the first place where they do.
fn shown(column: &str, stored: &ArrayRef, made: &ArrayRef) -> (String, String) {
    let list = |array: &ArrayRef| -> Option<Vec<f32>> {
        let list = array.as_fixed_size_list_opt()?.value(0);
        Some(list.as_primitive_opt::<Float32Type>()?.values().to_vec())
    };
    if let (Some(a), Some(b)) = (list(stored), list(made)) {
        let place = a.iter().zip(&b).position(|(x, y)| x.to_bits() != y.to_bits()).unwrap_or(0);
        let place_of = match column {
            SNAPSHOT => format!("value {place} of the snapshot"),
            _ => format!("bar {place} of the window"),
        };
        let value = |values: &[f32]| format!("{:?} at {place_of}", values[place]);
        return (value(&a), value(&b));
    }
    let text = |array: &ArrayRef| array_value_to_string(array, 0).unwrap_or_default();
    (text(stored), text(made))
}

impl Dataset {
    /// The file that holds a column of a sample.
    fn file_of(&self, sample: u64, column: &str) -> std::path::PathBuf {
        let shards = &self.manifest().shards;
        let after = shards.partition_point(|shard| shard.first <= sample);
        let files = after.checked_sub(1).map_or(&[][..], |place| &shards[place].files);
        let own = |name: &str| names::column_of(name) == Some(column);
        let file = files.iter().find(|file| own(&file.name)).or(files.first());
        file.map_or(self.path().to_owned(), |file| self.path().join(&file.name))
    }
}
