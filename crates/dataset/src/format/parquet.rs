//! Parquet files of samples, written without a detour.
//!
//! The general writer of the `parquet` crate takes Arrow arrays, works out a repetition and a
//! definition level for every value, encodes those and copies the values three times. Here
//! nothing is nullable, every list has the same length, and the columns of a block are already
//! the bytes that PLAIN pages hold (little-endian, one after another). So a row group is a list
//! of slices: page headers, levels that are encoded once, and the block's own memory.
//!
//! What is written is plain Parquet: version 1 data pages, PLAIN, BYTE_STREAM_SPLIT for floats
//! if asked for, or, for strings, a dictionary;
//! the schema and the Arrow schema in the metadata are those of the general writer, and the
//! footer is encoded by the crate. There is no page index, as nearly all column chunks are one
//! page. See the [format](https://parquet.apache.org/docs/file-format/).

mod levels;
mod page;
mod statistics;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::Schema;
use barloom_backend::BLOCK_ROWS;
use barloom_recipe::Compression;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ArrowSchemaConverter, encode_arrow_schema};
use parquet::basic::{Encoding, PageType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, PageEncodingStats, ParquetMetaData,
    ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, SchemaDescPtr};

use crate::format::encode::Pieces;
use page::{Compressor, PageKind};

const _: () = assert!(cfg!(target_endian = "little"), "columns in memory are written as they are");

const MAGIC: &[u8] = b"PAR1";

/// About how many bytes of values a page of windows has.
const PAGE_BYTES: usize = 1 << 20;

/// The values of a leaf column of a row group.
#[derive(Clone, Debug)]
pub(crate) enum Values<'a> {
    /// i64, as they are or as timestamps.
    Longs(Cow<'a, [i64]>),
    /// i32, and smaller integers widened.
    Ints(Cow<'a, [i32]>),
    /// f64.
    Doubles(&'a [f64]),
    /// f32.
    Floats(&'a [f32]),
    /// f32 in lists of a fixed length.
    Windows {
        /// The lists, one after another.
        values: &'a [f32],
        /// Values of each.
        length: usize,
    },
    /// Strings by their place in a table.
    Strings {
        /// A place for each row.
        codes: Cow<'a, [u32]>,
        /// The table.
        table: &'a [String],
    },
}

/// Encodes a file: row groups in order, then the end. It writes nothing itself.
pub(crate) struct ParquetEncoder {
    schema: SchemaDescPtr,
    arrow_schema: String,
    compressor: Compressor,
    /// True if floats are stored byte plane by byte plane.
    split: bool,
    /// Bytes of the file until now.
    offset: usize,
    groups: Vec<RowGroupMetaData>,
    /// Levels of pages of windows, by rows and list length.
    levels: BTreeMap<(usize, usize), Vec<u8>>,
}

/// A column chunk while its pages are put together.
struct Chunk<'a, 'b> {
    pieces: &'b mut Pieces<'a>,
    compressor: &'b mut Compressor,
    stored: usize,
    plain: usize,
    pages: Vec<PageEncodingStats>,
}

impl<'a> Chunk<'a, '_> {
    fn page(&mut self, kind: PageKind, values: usize, body: Pieces<'a>) -> Result<()> {
        let length = |pieces: &Pieces<'_>| pieces.iter().map(|p| p.len()).sum::<usize>();
        let plain = length(&body);
        let body = self.compressor.compress(body)?;
        let stored = length(&body);
        let header = page::header(kind, values, plain, stored)?;
        self.plain += header.len() + plain;
        self.stored += header.len() + stored;
        self.pieces.push(Cow::Owned(header));
        self.pieces.extend(body);
        let (page_type, encoding) = match kind {
            PageKind::Data(encoding) => (PageType::DATA_PAGE, encoding),
            PageKind::Dictionary => (PageType::DICTIONARY_PAGE, Encoding::PLAIN),
        };
        match self.pages.iter_mut().find(|p| (p.page_type, p.encoding) == (page_type, encoding)) {
            Some(page) => page.count += 1,
            None => self.pages.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
        Ok(())
    }
}

impl ParquetEncoder {
    /// A file with this schema, which must be one of required columns of the kinds of [`Values`].
    pub(crate) fn new(schema: &Schema, compression: Compression, split: bool) -> Result<Self> {
        Ok(Self {
            schema: Arc::new(ArrowSchemaConverter::new().convert(schema)?),
            arrow_schema: encode_arrow_schema(schema),
            compressor: Compressor::new(compression)?,
            split,
            offset: 0,
            groups: Vec::new(),
            levels: BTreeMap::new(),
        })
    }

    /// The bytes of the next row group of `rows` rows, `columns` being those of the schema in its
    /// order. Without compression nearly all of them are those of `columns` themselves.
    pub(crate) fn row_group<'a>(
        &mut self,
        rows: usize,
        columns: &'a [Values<'a>],
    ) -> Result<Pieces<'a>> {
        if columns.len() != self.schema.num_columns() {
            return Err(ParquetError::General(format!(
                "{} columns, and the schema has {}",
                columns.len(),
                self.schema.num_columns()
            )));
        }
        let mut pieces = Pieces::new();
        if self.offset == 0 {
            pieces.push(Cow::Borrowed(MAGIC));
            self.offset = MAGIC.len();
        }
        let begin = self.offset;
        let mut chunks = Vec::with_capacity(columns.len());
        for (values, column) in columns.iter().zip(self.schema.columns().to_vec()) {
            chunks.push(self.column(rows, values, column, &mut pieces)?);
        }
        let group = RowGroupMetaData::builder(Arc::clone(&self.schema))
            .set_num_rows(rows as i64)
            .set_total_byte_size(chunks.iter().map(ColumnChunkMetaData::uncompressed_size).sum())
            .set_ordinal(i32::try_from(self.groups.len()).unwrap_or(i32::MAX))
            .set_file_offset(begin as i64)
            .set_column_metadata(chunks)
            .build()?;
        self.groups.push(group);
        Ok(pieces)
    }

    fn column<'a>(
        &mut self,
        rows: usize,
        values: &'a Values<'a>,
        column: ColumnDescPtr,
        pieces: &mut Pieces<'a>,
    ) -> Result<ColumnChunkMetaData> {
        let mut chunk = Chunk {
            pieces,
            compressor: &mut self.compressor,
            stored: 0,
            plain: 0,
            pages: Vec::new(),
        };
        let plain = PageKind::Data(Encoding::PLAIN);
        let floats = if self.split { PageKind::Data(Encoding::BYTE_STREAM_SPLIT) } else { plain };
        let split = self.split;
        let mut count = rows;
        let mut dictionary_bytes = None;
        match values {
            Values::Longs(longs) => chunk.page(plain, rows, vec![bytes(longs)])?,
            Values::Ints(ints) => chunk.page(plain, rows, vec![bytes(ints)])?,
            Values::Doubles(doubles) => {
                chunk.page(floats, rows, vec![planes(doubles, split)])?;
            }
            Values::Floats(values) => chunk.page(floats, rows, vec![planes(values, split)])?,
            Values::Windows { values, length } => {
                count = values.len();
                for page in values.chunks(page_rows(*length) * length) {
                    let shape = (page.len() / length, *length);
                    let levels = self.levels.entry(shape);
                    let levels = levels.or_insert_with(|| levels::list_levels(shape.0, shape.1));
                    let body = vec![Cow::Owned(levels.clone()), planes(page, split)];
                    chunk.page(floats, page.len(), body)?;
                }
            }
            Values::Strings { codes, table } => {
                chunk.page(PageKind::Dictionary, table.len(), vec![plain_strings(table)])?;
                dictionary_bytes = Some(chunk.stored);
                let indices = Cow::Owned(levels::indices(codes, table.len()));
                chunk.page(PageKind::Data(Encoding::RLE_DICTIONARY), rows, vec![indices])?;
            }
        }
        let begin = self.offset;
        self.offset += chunk.stored;
        let mut encodings = vec![Encoding::RLE];
        encodings.extend(chunk.pages.iter().map(|page| page.encoding));
        let mut builder = ColumnChunkMetaData::builder(column)
            .set_encodings(encodings)
            .set_total_compressed_size(chunk.stored as i64)
            .set_total_uncompressed_size(chunk.plain as i64)
            .set_page_encoding_stats(chunk.pages)
            .set_compression(self.compressor.codec())
            .set_num_values(count as i64)
            .set_dictionary_page_offset(dictionary_bytes.map(|_| begin as i64))
            .set_data_page_offset((begin + dictionary_bytes.unwrap_or(0)) as i64);
        if let Some(statistics) = statistics_of(values) {
            builder = builder.set_statistics(statistics);
        }
        builder.build()
    }

    /// The bytes of the end of the file.
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        let mut out = if self.offset == 0 { MAGIC.to_vec() } else { Vec::new() };
        let rows = self.groups.iter().map(RowGroupMetaData::num_rows).sum();
        let created_by = format!("barloom {}", env!("CARGO_PKG_VERSION"));
        let arrow = KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), self.arrow_schema);
        let file =
            FileMetaData::new(1, rows, Some(created_by), Some(vec![arrow]), self.schema, None);
        let metadata = ParquetMetaData::new(file, self.groups);
        ParquetMetaDataWriter::new(&mut out, &metadata).finish()?;
        Ok(out)
    }
}

/// Lists of a page: about [`PAGE_BYTES`] of values, at least one list.
fn page_rows(length: usize) -> usize {
    (PAGE_BYTES / size_of::<f32>() / length.max(1)).max(1)
}

/// Rows of a Parquet row group: a power of two from 4,096 to 65,536 whose windows, snapshots and
/// paths, of so many floats a row, take at most about 8 MiB. So one is built, hashed and written
/// while it is in the processor's cache, and readers hold little at once. It depends on the shape
/// alone.
pub(crate) fn row_group_rows(floats: usize) -> usize {
    const BYTES: usize = 8 << 20;
    let row = floats.saturating_mul(size_of::<f32>()).max(1);
    let rows = (BYTES / row).clamp(BLOCK_ROWS, 16 * BLOCK_ROWS);
    1 << rows.ilog2()
}

fn bytes<T: bytemuck::NoUninit>(values: &[T]) -> Cow<'_, [u8]> {
    Cow::Borrowed(bytemuck::cast_slice(values))
}

/// The bytes of floats; with `split` first those of lowest order of all, then the next, as
/// [BYTE_STREAM_SPLIT] has them.
///
/// [BYTE_STREAM_SPLIT]: https://parquet.apache.org/docs/file-format/data-pages/encodings/#BYTESTREAMSPLIT
fn planes<T: bytemuck::NoUninit>(values: &[T], split: bool) -> Cow<'_, [u8]> {
    if !split {
        return bytes(values);
    }
    let (bytes, width) = (bytes(values), size_of::<T>());
    let mut out = Vec::with_capacity(bytes.len());
    for plane in 0..width {
        out.extend(bytes[plane.min(bytes.len())..].iter().step_by(width));
    }
    Cow::Owned(out)
}

/// PLAIN strings: the length in four bytes before each.
fn plain_strings(table: &[String]) -> Cow<'static, [u8]> {
    let mut out = Vec::new();
    for string in table {
        out.extend((string.len() as u32).to_le_bytes());
        out.extend_from_slice(string.as_bytes());
    }
    Cow::Owned(out)
}

fn statistics_of(values: &Values<'_>) -> Option<Statistics> {
    match values {
        Values::Longs(longs) => statistics::of_longs(longs),
        Values::Ints(ints) => statistics::of_ints(ints),
        Values::Doubles(doubles) => statistics::of_doubles(doubles),
        Values::Floats(_) | Values::Windows { .. } => None,
        Values::Strings { codes, table } => statistics::of_strings(codes, table),
    }
}
