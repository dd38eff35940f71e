//! Rows of Parquet and Arrow shards.
//!
//! A shard may come from somebody else, so nothing that it declares is believed: its columns are
//! the dataset's, its rows those of its record, and what it unpacks to is what such rows take,
//! before anything makes room for it.

use std::ops::Range;

use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use ::parquet::file::metadata::RowGroupMetaData;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema};
use barloom_backend::BLOCK_ROWS;
use barloom_columnar::{ColumnarError, IpcFile, check_footer, check_pages};
use barloom_recipe::Format;

use crate::Layout;
use crate::format::encode::EncodeError;
use crate::format::parquet;
use crate::format::ranged::Ranged;

/// A shard's file, and what it must hold.
pub(crate) struct StoredShard<'a> {
    pub(crate) file: Ranged,
    pub(crate) format: Format,
    pub(crate) layout: &'a Layout,
    /// Rows that its record names.
    pub(crate) rows: u64,
}

/// Bytes beside the values of columns: headers, dictionaries of few names.
const BESIDE: u64 = 1 << 20;

/// Times that the values of rows may be held at once by a reader: unpacked, decoded, in vectors
/// that grow by doubling.
const COPIES: u64 = 4;

/// Four times the bytes that names take where a reader copies one for each row.
const NAMES: u64 = 1 << 30;

impl StoredShard<'_> {
    /// Rows of the shard, which are ascending and disjoint.
    pub(crate) fn read(self, runs: &[Range<usize>]) -> Result<RecordBatch, EncodeError> {
        let schema = self.layout.schema();
        let batches = match self.format {
            Format::Parquet => self.parquet(runs),
            _ => self.arrow(runs),
        };
        let batches = batches.map_err(|error| match error.downcast::<ColumnarError>() {
            // The cause, which is not damage.
            Ok(error) => match *error {
                ColumnarError::Io(error) => error.into(),
                error => error.into(),
            },
            Err(error) => error,
        })?;
        Ok(concat_batches(&schema, &batches)?)
    }

    /// Refuses other columns than the dataset's.
    fn check_columns(&self, found: &Schema) -> Result<(), EncodeError> {
        let columns = |schema: &Schema| -> Vec<(String, DataType)> {
            let fields = schema.fields().iter();
            fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        if columns(found) == columns(&self.layout.schema()) {
            Ok(())
        } else {
            Err("its columns are not those of the dataset".into())
        }
    }

    /// Bytes that so many rows may take, with tables of names in each of so many pieces.
    fn limit(&self, rows: u64, pieces: u64) -> u64 {
        let rows = rows.saturating_mul(self.layout.row_bytes());
        let tables = pieces.saturating_mul(self.layout.tables_bytes());
        rows.saturating_add(tables).saturating_mul(COPIES).saturating_add(BESIDE)
    }

    fn parquet(&self, runs: &[Range<usize>]) -> Result<Vec<RecordBatch>, EncodeError> {
        check_footer(&self.file)?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(self.file.clone())?;
        self.check_columns(builder.schema())?;
        let rows = builder.metadata().file_metadata().num_rows();
        if u64::try_from(rows) != Ok(self.rows) {
            return Err(format!("it has {rows} rows, and {} were written", self.rows).into());
        }
        let sizes = builder.metadata().row_groups().iter().map(RowGroupMetaData::num_rows);
        let groups = self.groups(sizes, runs)?;
        let pieces = groups.len() as u64;
        let limit = self.limit(pieces.saturating_mul(self.group_rows()), pieces);
        let columns: Vec<usize> = (0..builder.schema().fields().len()).collect();
        let declared = check_pages(&self.file, builder.metadata(), groups, &columns, limit)?;
        let count: usize = runs.iter().map(Range::len).sum();
        let batch_rows = declared.batch_rows(NAMES).min(count.max(1));
        let pieces = pieces.saturating_add((count / batch_rows) as u64 + 1);
        let limit = self.limit(count as u64, pieces);
        let rows = usize::try_from(self.rows)?;
        let selection = RowSelection::from_consecutive_ranges(runs.iter().cloned(), rows);
        let reader = builder.with_row_selection(selection).with_batch_size(batch_rows).build()?;
        let (mut batches, mut taken) = (Vec::new(), 0_u64);
        for batch in reader {
            let batch = batch?;
            taken = taken.saturating_add(batch.get_array_memory_size() as u64);
            if taken > limit {
                return Err(ColumnarError::too_large(limit).into());
            }
            batches.push(batch);
        }
        Ok(batches)
    }

    /// The most rows that a build puts into a row group.
    fn group_rows(&self) -> u64 {
        parquet::row_group_rows(self.layout.floats()) as u64
    }

    /// The row groups that hold these rows. All of them together hold the shard's rows, and none
    /// more than a build puts into one.
    fn groups(
        &self,
        sizes: impl Iterator<Item = i64>,
        runs: &[Range<usize>],
    ) -> Result<Vec<usize>, EncodeError> {
        let (mut start, mut groups) = (0_u64, Vec::new());
        for (number, size) in sizes.enumerate() {
            let size = u64::try_from(size).ok().filter(|size| *size <= self.group_rows());
            let Some(end) = size.map(|size| start.saturating_add(size)) else {
                return Err("a row group is not of a size that a build writes".into());
            };
            if runs.iter().any(|run| (run.start as u64) < end && (run.end as u64) > start) {
                groups.push(number);
            }
            start = end;
        }
        if start == self.rows {
            Ok(groups)
        } else {
            Err("its row groups do not hold its rows".into())
        }
    }

    fn arrow(&self, runs: &[Range<usize>]) -> Result<Vec<RecordBatch>, EncodeError> {
        let block = |row: usize| row / BLOCK_ROWS;
        let blocks = |run: &Range<usize>| (run.end.div_ceil(BLOCK_ROWS) - block(run.start)) as u64;
        let blocks = runs.iter().map(blocks).fold(0, u64::saturating_add);
        let limit = self.limit(blocks.saturating_mul(BLOCK_ROWS as u64), blocks.saturating_add(1));
        let mut file = IpcFile::open(self.file.clone(), limit)?;
        self.check_columns(file.schema())?;
        let mut batches = Vec::new();
        let mut held: Option<(usize, RecordBatch)> = None;
        for run in runs {
            let mut row = run.start;
            while row < run.end {
                let number = block(row);
                if held.as_ref().is_none_or(|(held, _)| *held != number) {
                    let batch = file.batch(number)?.ok_or("it has too few record batches")?;
                    held = Some((number, batch));
                }
                let Some((_, batch)) = &held else { break };
                let start = row % BLOCK_ROWS;
                let rows = (run.end - row).min(BLOCK_ROWS - start);
                if start + rows > batch.num_rows() {
                    return Err("its record batches are too short".into());
                }
                batches.push(batch.slice(start, rows));
                row += rows;
            }
        }
        Ok(batches)
    }
}
