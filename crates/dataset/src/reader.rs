//! Reading samples by range and by index, in any format.

use std::io;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use barloom_backend::{BackendError, Numbers, SampleBlock, Session, Threads};
use barloom_bars::Market;
use barloom_columnar::catch_damage;
use barloom_files::{Folder, ReadAt};
use barloom_recipe::Format;

use crate::format::encode::EncodeError;
use crate::format::npy::NpyFiles;
use crate::format::ranged::Ranged;
use crate::format::stored::StoredShard;
use crate::names::MANIFEST;
use crate::{Dataset, DatasetError, FileRecord, Layout, ShardRecord};

/// Rows that a virtual dataset makes at once.
const MADE_ROWS: usize = 65_536;

/// Rows from which on several threads make them.
const SHARED_ROWS: usize = 1_024;

/// Reads samples of a dataset as Arrow record batches with the columns of [`Layout::schema`].
///
/// Of stored samples, only those asked for are read: of Parquet the row groups that hold them, of
/// Arrow the record batches, of npy the very bytes.
pub struct SampleReader {
    layout: Layout,
    samples: u64,
    source: Source,
}

enum Source {
    Stored { dir: Folder, format: Format, shards: Vec<ShardRecord> },
    Made(Arc<dyn Session>),
}

/// Rows of a shard: ascending, disjoint.
type Runs = Vec<Range<usize>>;

impl SampleReader {
    pub(crate) fn stored(dataset: &Dataset) -> Self {
        let manifest = dataset.manifest();
        let (dir, format) = (dataset.folder().clone(), dataset.recipe().output.format);
        let source = Source::Stored { dir, format, shards: manifest.shards.clone() };
        let layout = Layout::of_manifest(manifest, dataset.recipe());
        Self { layout, samples: manifest.samples, source }
    }

    /// Makes samples instead of reading them: so many of a session over this market.
    #[must_use]
    pub fn made(session: Arc<dyn Session>, samples: u64, market: &Market) -> Self {
        let layout = Layout::new(session.program(), market);
        Self { layout, samples, source: Source::Made(session) }
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.layout.schema()
    }

    /// Samples `[start, end)`.
    ///
    /// # Errors
    /// There are no such samples, or a file is damaged.
    pub fn read(&self, samples: Range<u64>) -> Result<RecordBatch, DatasetError> {
        if samples.end > self.samples && !samples.is_empty() {
            let sample = samples.start.max(self.samples);
            return Err(DatasetError::NoSuchSample { sample, samples: self.samples });
        }
        match &self.source {
            Source::Made(session) => {
                let rows = self.rows_of(&samples)?;
                self.make(&**session, Numbers::Range { first: samples.start, rows })
            }
            Source::Stored { shards, .. } => {
                let mut batches = Vec::new();
                let from = shards.partition_point(|s| s.first + s.rows <= samples.start);
                for shard in shards[from..].iter().take_while(|s| s.first < samples.end) {
                    let end = samples.end.min(shard.first + shard.rows) - shard.first;
                    let start = samples.start.max(shard.first) - shard.first;
                    if start < end {
                        let run = start as usize..end as usize;
                        batches.push(self.rows(shard, &std::iter::once(run).collect())?);
                    }
                }
                self.joined(&batches, samples.end.saturating_sub(samples.start))
            }
        }
    }

    /// Samples by their numbers, in any order, also several times.
    ///
    /// # Errors
    /// There are no such samples, or a file is damaged.
    pub fn take(&self, samples: &[u64]) -> Result<RecordBatch, DatasetError> {
        let last = samples.iter().copied().max();
        if let Some(sample) = last.filter(|last| *last >= self.samples) {
            return Err(DatasetError::NoSuchSample { sample, samples: self.samples });
        }
        let shards = match &self.source {
            Source::Made(session) => return self.make(&**session, Numbers::Listed(samples)),
            Source::Stored { shards, .. } => shards,
        };
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut batches = Vec::new();
        for shard in shards {
            let start = sorted.partition_point(|s| *s < shard.first);
            let end = sorted.partition_point(|s| *s < shard.first + shard.rows);
            let offset = |run: Range<u64>| {
                (run.start - shard.first) as usize..(run.end - shard.first) as usize
            };
            let runs: Runs = runs(&sorted[start..end]).into_iter().map(offset).collect();
            if !runs.is_empty() {
                batches.push(self.rows(shard, &runs)?);
            }
        }
        let places = samples.iter().map(|s| sorted.partition_point(|other| other < s) as u64);
        let places = UInt64Array::from_iter_values(places);
        take_record_batch(&self.joined(&batches, sorted.len() as u64)?, &places)
            .map_err(self.refused())
    }

    /// Batches that hold so many rows, as one.
    fn joined(&self, batches: &[RecordBatch], rows: u64) -> Result<RecordBatch, DatasetError> {
        if let Source::Stored { dir, .. } = &self.source
            && batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>() != rows
        {
            let problem = "its shards do not hold every sample once".to_owned();
            return Err(DatasetError::Damaged { path: dir.file(MANIFEST), problem });
        }
        match batches {
            [one] => Ok(one.clone()),
            _ => concat_batches(&self.schema(), batches).map_err(self.refused()),
        }
    }

    fn refused<E: std::fmt::Display>(&self) -> impl FnOnce(E) -> DatasetError + use<E> {
        let path = match &self.source {
            Source::Stored { dir, .. } => dir.path(),
            Source::Made(_) => Path::new("samples"),
        };
        DatasetError::format(path)
    }

    fn make(
        &self,
        session: &dyn Session,
        samples: Numbers<'_>,
    ) -> Result<RecordBatch, DatasetError> {
        self.check_room(samples.len())?;
        let mut batches = Vec::new();
        let most = samples.len().min(MADE_ROWS);
        let mut block: SampleBlock = session.allocate(most)?;
        for start in (0..samples.len()).step_by(MADE_ROWS) {
            let end = samples.len().min(start + MADE_ROWS);
            // Few samples are made before another thread wakes up.
            let threads = if most < SHARED_ROWS { Threads::Calling } else { Threads::All };
            session.sample(samples.rows(start, end), threads, &mut block)?;
            let batch = self.layout.record_batch(&block, 0, end - start);
            batches.push(batch.map_err(self.refused())?);
        }
        self.joined(&batches, samples.len() as u64)
    }

    /// Refuses more rows at once than there is memory for, as far as the system tells.
    fn check_room(&self, rows: usize) -> Result<(), DatasetError> {
        let bytes = self.layout.row_bytes().saturating_mul(rows as u64);
        let there_is = |bytes: usize| Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
        if usize::try_from(bytes).is_ok_and(there_is) {
            return Ok(());
        }
        Err(BackendError::NoMemory { rows, bytes }.into())
    }

    /// The number of rows of a range.
    fn rows_of(&self, samples: &Range<u64>) -> Result<usize, DatasetError> {
        let rows = samples.end.saturating_sub(samples.start);
        usize::try_from(rows).map_err(self.refused())
    }

    /// Rows of a shard. Some damage makes readers panic.
    fn rows(&self, shard: &ShardRecord, runs: &Runs) -> Result<RecordBatch, DatasetError> {
        let count: usize = runs.iter().map(Range::len).sum();
        self.check_room(count)?;
        let Source::Stored { dir, format, .. } = &self.source else {
            return Err(DatasetError::Stopped);
        };
        let first = shard.files.first();
        if *format == Format::Npy {
            return NpyFiles { dir, layout: &self.layout, shard }.read(runs);
        }
        let read = || -> Result<RecordBatch, EncodeError> {
            let file = Ranged(open(dir, first.ok_or("it has no file")?)?);
            let (format, layout, rows) = (*format, &self.layout, shard.rows);
            StoredShard { file, format, layout, rows }.read(runs)
        };
        let path = first.map_or_else(|| dir.path().to_owned(), |file| dir.file(&file.name));
        let damaged = |problem: String| DatasetError::Damaged { path: path.clone(), problem };
        match catch_damage(AssertUnwindSafe(read)) {
            Some(Ok(batch)) if batch.num_rows() == count => Ok(batch),
            Some(Ok(batch)) => {
                Err(damaged(format!("{} of {count} rows are present", batch.num_rows())))
            }
            Some(Err(error)) => Err(match error.downcast::<io::Error>() {
                Ok(error) => DatasetError::io(&path, "read")(*error),
                Err(error) => damaged(error.to_string()),
            }),
            None => Err(damaged("its contents contradict each other".into())),
        }
    }

    /// The scaled meta fields of samples of an npy dataset, which no other format stores; none
    /// where samples have none.
    pub(crate) fn meta(&self, samples: Range<u64>) -> Result<Option<Vec<f32>>, DatasetError> {
        let Source::Stored { dir, format: Format::Npy, shards } = &self.source else {
            return Ok(None);
        };
        if !self.layout.is_priced() {
            return Ok(None);
        }
        let mut meta = Vec::new();
        let from = shards.partition_point(|s| s.first + s.rows <= samples.start);
        for shard in shards[from..].iter().take_while(|s| s.first < samples.end) {
            let clamp = |s: u64| s.clamp(shard.first, shard.first + shard.rows) - shard.first;
            let run = clamp(samples.start) as usize..clamp(samples.end) as usize;
            if !run.is_empty() {
                meta.extend(NpyFiles { dir, layout: &self.layout, shard }.meta(run)?);
            }
        }
        Ok(Some(meta))
    }
}

/// Ascending numbers as ranges of consecutive ones.
fn runs(sorted: &[u64]) -> Vec<Range<u64>> {
    let ends = sorted.chunk_by(|a, b| a + 1 == *b);
    ends.filter_map(|run| Some(*run.first()?..run.last()? + 1)).collect()
}

/// Opens a file whose size is checked.
pub(crate) fn open(dir: &Folder, record: &FileRecord) -> Result<Arc<dyn ReadAt>, EncodeError> {
    let file = dir.open(&record.name)?;
    let bytes = file.bytes();
    if record.bytes != bytes {
        return Err(format!("it has {bytes} bytes, and {} were written", record.bytes).into());
    }
    Ok(file)
}
