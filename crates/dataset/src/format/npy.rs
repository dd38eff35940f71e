//! NumPy's files, one a column: a header, then values as they are in memory.

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::error::ArrowError;
use barloom_backend::{Program, SampleBlock};
use barloom_files::Folder;
use barloom_schema::{DType, Element, Field, Logical, META, Role, Slice};

use crate::format::encode::{EncodeError, Pieces};
use crate::{DatasetError, Layout, ShardRecord, reader};

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
    fn new(name: &str, dtype: &'static str, width: usize) -> Self {
        Self { name: name.to_owned(), dtype, width, shape: Vec::new() }
    }

    /// Values of a row.
    pub(crate) fn values(&self) -> usize {
        self.shape.iter().product()
    }

    /// The bytes before the values in a file of so many rows, as NumPy writes them: format 1.0.
    pub(crate) fn header(&self, rows: u64) -> Vec<u8> {
        let sizes = [rows].into_iter().chain(self.shape.iter().map(|n| *n as u64));
        let sizes: Vec<String> = sizes.map(|n| n.to_string()).collect();
        // A tuple of one has a comma.
        let comma = if sizes.len() == 1 { "," } else { "" };
        let (dtype, sizes) = (self.dtype, sizes.join(", "));
        let mut header =
            format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({sizes}{comma}), }}");
        // Values begin at a multiple of 64, after the magic bytes, the version and the length.
        let length = (HEADER_BEGIN + header.len() + 1).next_multiple_of(64) - HEADER_BEGIN;
        header.extend(std::iter::repeat_n(' ', length - 1 - header.len()));
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        // A handful of sizes is far from 64 KiB.
        bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(header.into_bytes());
        bytes
    }
}

/// Bytes of a file before the text of its header.
const HEADER_BEGIN: usize = 10;

/// The columns of a dataset: `windows` `[rows, C, L]`, `meta` `[rows, fields]` of samples that are
/// priced, then those of [`Layout::columns`] that are no windows, in its order, with `snapshot`
/// `[rows, K]` among them.
/// Symbols are their place in the manifest's list, exit reasons their place in
/// [`barloom_schema::EXIT_REASONS`].
pub(crate) fn columns(layout: &Layout) -> Vec<NpyColumn> {
    let (channels, lookback) = (layout.channels().len(), layout.lookback());
    let windows =
        NpyColumn { shape: vec![channels, lookback], ..NpyColumn::new("windows", "<f4", 4) };
    let meta = NpyColumn { shape: vec![META.len()], ..NpyColumn::new("meta", "<f4", 4) };
    let others = layout.columns().fields().iter().filter(|field| field.role != Role::Window);
    let meta = layout.is_priced().then_some(meta);
    [windows].into_iter().chain(meta).chain(others.map(of_field)).collect()
}

fn of_field(field: &Field) -> NpyColumn {
    let dtype = match (field.logical, field.dtype) {
        (Logical::Time, _) => "<M8[ns]",
        (Logical::Symbol, _) | (_, DType::I32) => "<i4",
        (_, DType::F16) => "<f2",
        (_, DType::F32) => "<f4",
        (_, DType::F64) => "<f8",
        (_, DType::I8) => "|i1",
        (_, DType::I64) => "<i8",
        (_, DType::U8) => "|u1",
        (_, DType::U32) => "<u4",
    };
    let shape = field.shape.clone();
    NpyColumn { name: field.name.clone(), dtype, width: field.dtype.size(), shape }
}

/// True if a dataset with these labels may have a file of a column of this name.
pub(crate) fn is_column(name: &str, labels: &[String]) -> bool {
    let is_weight = ["weight", "weights"].contains(&name);
    !is_weight && barloom_schema::is_reserved(name) || labels.iter().any(|label| label == name)
}

/// The values of rows `[start, end)` of a block, column by column.
pub(crate) fn values<'a>(
    program: &Program,
    layout: &Layout,
    block: &'a SampleBlock,
    start: usize,
    end: usize,
) -> Vec<Cow<'a, [u8]>> {
    let samples: Vec<i64> = (start..end).map(|row| block.sample(row) as i64).collect();
    let mut columns = vec![Cow::Owned(windows(block, start, end))];
    if layout.is_priced() {
        let meta = meta(program, block, start, end);
        columns.push(Cow::Owned(bytemuck::cast_slice(&meta).to_vec()));
    }
    columns.push(Cow::Owned(bytemuck::cast_slice(&samples).to_vec()));
    let content = layout.columns().content().zip(block.slices(start..end));
    let others = content.filter(|(field, _)| field.role != Role::Window);
    columns.extend(others.map(|(_, values)| Cow::Borrowed(values.bytes())));
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

/// `[rows, fields]`: the scaled meta fields, in the order of `scalers.json`.
pub(crate) fn meta(program: &Program, block: &SampleBlock, start: usize, end: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity((end - start) * META.len());
    for row in start..end {
        out.extend(block.meta(row).into_iter().enumerate().map(|(f, x)| program.meta.scale(f, x)));
    }
    out
}

/// Puts headers before the values.
pub(crate) struct NpyEncoder {
    /// The headers that are not yet written.
    headers: Vec<Vec<u8>>,
}

impl NpyEncoder {
    /// Files of so many rows.
    pub(crate) fn new(layout: &Layout, rows: u64) -> Self {
        Self { headers: columns(layout).iter().map(|column| column.header(rows)).collect() }
    }

    /// Encodes the next bytes of each file.
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
    pub(crate) dir: &'a Folder,
    pub(crate) layout: &'a Layout,
    pub(crate) shard: &'a ShardRecord,
}

impl NpyFiles<'_> {
    /// Rows of the shard, with the columns of [`Layout::schema`].
    pub(crate) fn read(&self, runs: &[Range<usize>]) -> Result<RecordBatch, DatasetError> {
        let (channels, lookback) = (self.layout.channels().len(), self.layout.lookback());
        let rows: usize = runs.iter().map(Range::len).sum();
        let columns = columns(self.layout);
        let windows: Vec<f32> = self.values(0, &columns[0], runs)?;
        let (mut channel, mut arrays) = (0, Vec::new());
        for field in self.layout.columns().fields() {
            let array = if field.role == Role::Window {
                let ones = windows.chunks_exact(lookback).skip(channel).step_by(channels);
                let mut one = Vec::with_capacity(rows * lookback);
                ones.for_each(|window| one.extend_from_slice(window));
                channel += 1;
                self.layout.array(field, Slice::F32(&one)).map_err(self.refused(0))?
            } else {
                let named = |column: &NpyColumn| column.name == field.name;
                let place = columns.iter().position(named).unwrap_or(0);
                self.array(field, place, &columns[place], runs)?
            };
            arrays.push(array);
        }
        RecordBatch::try_new(self.layout.schema(), arrays)
            .map_err(DatasetError::format(self.dir.path()))
    }

    /// Rows of a column that is no window.
    fn array(
        &self,
        field: &Field,
        place: usize,
        column: &NpyColumn,
        runs: &[Range<usize>],
    ) -> Result<ArrayRef, DatasetError> {
        macro_rules! read {
            ($type:ty) => {{
                let values = self.values::<$type>(place, column, runs)?;
                self.layout.array(field, <$type>::slice(&values))
            }};
        }
        let array = match field.dtype {
            DType::F16 => Err(ArrowError::NotYetImplemented("half precision".to_owned())),
            DType::F32 => read!(f32),
            DType::F64 => read!(f64),
            DType::I8 => read!(i8),
            DType::I32 => read!(i32),
            DType::I64 => read!(i64),
            DType::U8 => read!(u8),
            DType::U32 => read!(u32),
        };
        array.map_err(self.refused(place))
    }

    /// Rows of `meta`: `[rows, fields]`.
    pub(crate) fn meta(&self, run: Range<usize>) -> Result<Vec<f32>, DatasetError> {
        let columns = columns(self.layout);
        let place = columns.iter().position(|column| column.name == "meta").unwrap_or(0);
        self.values(place, &columns[place], &[run])
    }

    fn path(&self, place: usize) -> PathBuf {
        let file = self.shard.files.get(place);
        file.map_or(self.dir.path().to_owned(), |file| self.dir.file(&file.name))
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
            let record = self.shard.files.get(place).ok_or("it is not in the manifest")?;
            let file = reader::open(self.dir, record)?;
            let header = column.header(self.shard.rows);
            let row_bytes = column.width * column.values();
            let whole = self.shard.rows.checked_mul(row_bytes as u64);
            let whole = whole.and_then(|bytes| bytes.checked_add(header.len() as u64));
            if whole != Some(file.bytes()) {
                return Err("its size does not match its rows".into());
            }
            if file.read(0, header.len())? != header {
                return Err("its beginning is not what was written".into());
            }
            let rows: usize = runs.iter().map(Range::len).sum();
            let count = rows.checked_mul(column.values());
            let mut values = Vec::new();
            let room = count.filter(|count| values.try_reserve_exact(*count).is_ok());
            values.resize(room.ok_or("its rows need more memory than is available")?, T::zeroed());
            let mut left: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
            for run in runs {
                let (now, later) = left.split_at_mut(run.len() * row_bytes);
                let at = header.len() as u64 + run.start as u64 * row_bytes as u64;
                file.read_exact_at(at, now)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_that_numpy_writes() {
        // numpy.lib.format.write_array_header_1_0 of NumPy 2.
        let mut column = NpyColumn::new("windows", "<f4", 4);
        for (shape, text) in [
            (vec![], "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }"),
            (vec![5, 64], "{'descr': '<f4', 'fortran_order': False, 'shape': (7, 5, 64), }"),
        ] {
            column.shape = shape;
            let header = column.header(7);
            assert_eq!(header.len(), 128);
            assert_eq!(header[..10], *b"\x93NUMPY\x01\x00\x76\x00");
            let padded = String::from_utf8(header[10..].to_vec()).unwrap();
            assert_eq!(padded.trim_end(), text);
            assert!(padded.ends_with(" \n"), "{padded:?}");
        }
    }
}
