//! NumPy's files, one a column: headers by the `npyz` crate, values as they are in memory.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int8Array, Int32Array, Int64Array, RecordBatch,
    TimestampNanosecondArray,
};
use barloom_backend::{Program, SampleBlock};
use npyz::{DType, TypeStr, WriteOptions, WriterBuilder};

use crate::format::encode::{EncodeError, Pieces};
use crate::{DatasetError, Layout, ShardRecord, reader};

/// Fields of a meta vector.
const META_FIELDS: usize = 9;

/// A column as NumPy sees it.
pub(crate) struct NpyColumn {
    /// Its name, and that of its files.
    pub(crate) name: String,
    /// NumPy's name of its type.
    pub(crate) dtype: &'static str,
    /// Bytes of a value.
    pub(crate) width: usize,
    /// The shape of a row; empty for a single value.
    pub(crate) shape: Vec<usize>,
}

impl NpyColumn {
    fn new(name: impl Into<String>, dtype: &'static str, width: usize) -> Self {
        Self { name: name.into(), dtype, width, shape: Vec::new() }
    }

    /// Values of a row.
    pub(crate) fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// The bytes before the values in a file of so many rows.
    pub(crate) fn header(&self, rows: u64) -> io::Result<Vec<u8>> {
        let dtype: TypeStr = self.dtype.parse().map_err(io::Error::other)?;
        let mut shape = vec![rows];
        shape.extend(self.shape.iter().map(|n| *n as u64));
        let options = WriteOptions::new_header_only().dtype(DType::new_scalar(dtype));
        options.shape(&shape).writer(Vec::new()).write_header_only()
    }
}

/// The columns of a dataset: `windows` `[rows, C, L]`, `meta` `[rows, 9]`, then those of
/// [`Layout::schema`] that are no windows, in its order. Symbols are their place in the manifest's
/// list, exit reasons 0 none, 1 stop, 2 target, 3 horizon.
pub(crate) fn columns(layout: &Layout) -> Vec<NpyColumn> {
    let (channels, lookback) = (layout.channels().len(), layout.lookback());
    let windows =
        NpyColumn { shape: vec![channels, lookback], ..NpyColumn::new("windows", "<f4", 4) };
    let meta = NpyColumn { shape: vec![META_FIELDS], ..NpyColumn::new("meta", "<f4", 4) };
    let mut columns = vec![windows, meta];
    let double = |name: &str| NpyColumn::new(name, "<f8", 8);
    columns.extend([
        NpyColumn::new("sample", "<i8", 8),
        NpyColumn::new("symbol", "<i4", 4),
        NpyColumn::new("bar", "<i8", 8),
        NpyColumn::new("ts", "<M8[ns]", 8),
        double("equity"),
        double("balance"),
        NpyColumn::new("position", "|i1", 1),
        double("sl_dist"),
        double("tp_dist"),
        NpyColumn::new("act_dir", "|i1", 1),
        double("act_dollar"),
        double("act_sl"),
        double("act_tp"),
    ]);
    columns.extend(layout.reward_names().iter().map(|name| double(name)));
    columns.extend([
        double("entry_price"),
        double("exit_price"),
        double("pnl"),
        NpyColumn::new("held_bars", "<i4", 4),
        NpyColumn::new("exit_reason", "|u1", 1),
    ]);
    columns
}

/// Whether some dataset has a column of this name.
pub(crate) fn is_column(name: &str) -> bool {
    let metrics = ["reward".to_owned(), "reward_of_any_metric".to_owned()];
    let layout = Layout::of_names(Vec::new(), 1, metrics.to_vec(), Vec::new());
    name.starts_with("reward_") || columns(&layout).iter().any(|column| column.name == name)
}

/// The values of rows `[start, end)` of a block, column by column.
pub(crate) fn values<'a>(
    program: &Program,
    block: &'a SampleBlock,
    start: usize,
    end: usize,
) -> Vec<Cow<'a, [u8]>> {
    fn bytes<T: bytemuck::NoUninit>(values: &[T]) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::cast_slice(values))
    }
    let samples: Vec<i64> = (start..end).map(|row| block.sample(row) as i64).collect();
    let mut columns = vec![
        Cow::Owned(windows(block, start, end)),
        Cow::Owned(bytemuck::cast_slice(&meta(program, block, start, end)).to_vec()),
        Cow::Owned(bytemuck::cast_slice(&samples).to_vec()),
        bytes(&block.symbol[start..end]),
        bytes(&block.bar[start..end]),
        bytes(&block.ts[start..end]),
        bytes(&block.equity[start..end]),
        bytes(&block.balance[start..end]),
        bytes(&block.position[start..end]),
        bytes(&block.sl_dist[start..end]),
        bytes(&block.tp_dist[start..end]),
        bytes(&block.act_dir[start..end]),
        bytes(&block.act_dollar[start..end]),
        bytes(&block.act_sl[start..end]),
        bytes(&block.act_tp[start..end]),
    ];
    columns.extend(block.rewards.iter().map(|reward| bytes(&reward[start..end])));
    columns.extend([
        bytes(&block.entry_price[start..end]),
        bytes(&block.exit_price[start..end]),
        bytes(&block.pnl[start..end]),
        bytes(&block.held_bars[start..end]),
        bytes(&block.exit_reason[start..end]),
    ]);
    columns
}

/// `[rows, C, L]` of what a block has as `[C]` of `[rows, L]`.
fn windows(block: &SampleBlock, start: usize, end: usize) -> Vec<u8> {
    let shape = block.shape();
    let mut out = Vec::with_capacity((end - start) * shape.channels * shape.lookback * 4);
    for row in start..end {
        for channel in 0..shape.channels {
            out.extend_from_slice(bytemuck::cast_slice(block.window(channel, row)));
        }
    }
    out
}

/// `[rows, 9]`: the scaled meta fields, in the order of `meta_scaler.json`.
pub(crate) fn meta(program: &Program, block: &SampleBlock, start: usize, end: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity((end - start) * META_FIELDS);
    for row in start..end {
        out.extend(block.meta(row).into_iter().enumerate().map(|(f, x)| program.meta.scale(f, x)));
    }
    out
}

/// Puts headers before the values.
pub(crate) struct NpyEncoder {
    /// Those that are not written yet.
    headers: Vec<Vec<u8>>,
}

impl NpyEncoder {
    /// Files of so many rows.
    pub(crate) fn new(layout: &Layout, rows: u64) -> io::Result<Self> {
        let headers: io::Result<_> = columns(layout).iter().map(|c| c.header(rows)).collect();
        Ok(Self { headers: headers? })
    }

    /// What follows in each file.
    pub(crate) fn encode<'a>(&mut self, columns: &'a [Cow<'a, [u8]>]) -> Vec<Pieces<'a>> {
        let headers = self.headers.iter_mut().map(std::mem::take);
        headers
            .zip(columns)
            .map(|(h, values)| vec![Cow::Owned(h), Cow::Borrowed(&**values)])
            .collect()
    }
}

/// The files of a shard, for reading.
pub(crate) struct NpyFiles<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) layout: &'a Layout,
    pub(crate) shard: &'a ShardRecord,
}

impl NpyFiles<'_> {
    /// Rows of the shard, with the columns of [`Layout::schema`].
    pub(crate) fn read(&self, runs: &[Range<usize>]) -> Result<RecordBatch, DatasetError> {
        let (channels, lookback) = (self.layout.channels().len(), self.layout.lookback());
        let rows: usize = runs.iter().map(Range::len).sum();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (place, column) in columns(self.layout).iter().enumerate() {
            let array: ArrayRef = match (&*column.name, column.dtype) {
                ("meta", _) => continue,
                ("windows", _) => {
                    let values: Vec<f32> = self.values(place, column, runs)?;
                    let channel = |channel: usize| {
                        let windows = values.chunks_exact(lookback).skip(channel).step_by(channels);
                        let mut one = Vec::with_capacity(rows * lookback);
                        windows.for_each(|window| one.extend_from_slice(window));
                        self.layout.window_array(one)
                    };
                    let windows: Result<Vec<_>, _> = (0..channels).map(channel).collect();
                    arrays.extend(windows.map_err(self.refused(place))?);
                    continue;
                }
                ("symbol", _) => {
                    let codes = self.values(place, column, runs)?;
                    self.layout.symbol_array(codes).map_err(self.refused(place))?
                }
                ("exit_reason", _) => {
                    let codes: Vec<u8> = self.values(place, column, runs)?;
                    let codes = codes.into_iter().map(i32::from).collect();
                    self.layout.reason_array(codes).map_err(self.refused(place))?
                }
                ("ts", _) => {
                    let ts =
                        TimestampNanosecondArray::from(self.values::<i64>(place, column, runs)?);
                    Arc::new(ts.with_timezone("UTC"))
                }
                (_, "<i8") => Arc::new(Int64Array::from(self.values::<i64>(place, column, runs)?)),
                (_, "<i4") => Arc::new(Int32Array::from(self.values::<i32>(place, column, runs)?)),
                (_, "|i1") => Arc::new(Int8Array::from(self.values::<i8>(place, column, runs)?)),
                _ => Arc::new(Float64Array::from(self.values::<f64>(place, column, runs)?)),
            };
            arrays.push(array);
        }
        // Windows come first in the files, after the first four columns in the schema.
        arrays[..channels + 4].rotate_left(channels);
        RecordBatch::try_new(self.layout.schema(), arrays).map_err(DatasetError::format(self.dir))
    }

    /// Rows of `meta`: `[rows, 9]`.
    pub(crate) fn meta(&self, run: Range<usize>) -> Result<Vec<f32>, DatasetError> {
        let columns = columns(self.layout);
        let place = columns.iter().position(|column| column.name == "meta").unwrap_or(0);
        self.values(place, &columns[place], &[run])
    }

    fn path(&self, place: usize) -> PathBuf {
        self.shard.files.get(place).map_or(self.dir.to_owned(), |file| self.dir.join(&file.name))
    }

    fn refused<E: std::fmt::Display>(
        &self,
        place: usize,
    ) -> impl FnOnce(E) -> DatasetError + use<E> {
        let path = self.path(place);
        move |error| DatasetError::Damaged { path, problem: error.to_string() }
    }

    /// The values of a column in some rows.
    fn values<T: bytemuck::Pod>(
        &self,
        place: usize,
        column: &NpyColumn,
        runs: &[Range<usize>],
    ) -> Result<Vec<T>, DatasetError> {
        let path = self.path(place);
        let read = || -> Result<Vec<T>, EncodeError> {
            let mut file = reader::open(&path, self.shard.files.get(place))?;
            let header = column.header(self.shard.rows)?;
            let row_bytes = column.width * column.values();
            let whole = self.shard.rows.checked_mul(row_bytes as u64);
            let whole = whole.and_then(|bytes| bytes.checked_add(header.len() as u64));
            if whole != Some(file.metadata()?.len()) {
                return Err("it has not the size of its rows".into());
            }
            let mut found = vec![0; header.len()];
            file.read_exact(&mut found)?;
            if found != header {
                return Err("it does not begin as what was written".into());
            }
            let rows: usize = runs.iter().map(Range::len).sum();
            let count = rows.checked_mul(column.values());
            let mut values = Vec::new();
            let room = count.filter(|count| values.try_reserve_exact(*count).is_ok());
            values.resize(room.ok_or("its rows take more memory than there is")?, T::zeroed());
            let mut left: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
            for run in runs {
                let (now, later) = left.split_at_mut(run.len() * row_bytes);
                let at = header.len() as u64 + run.start as u64 * row_bytes as u64;
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(now)?;
                left = later;
            }
            Ok(values)
        };
        let damaged = |problem: String| DatasetError::Damaged { path: path.clone(), problem };
        read().map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                damaged("it ends before its last row".to_owned())
            }
            Ok(error) => DatasetError::io(&path, "read")(*error),
            Err(error) => damaged(error.to_string()),
        })
    }
}
