//! From paths and globs to the tables in the files.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use rayon::prelude::*;

use crate::bars::{Bars, Unreadable};
use crate::bounds::Bounds;
use crate::cache::Content;
use crate::damage::unless_damaged;
use crate::foreign::begins_dbn;
use crate::formats::{is_text, table};
use crate::join::Joiner;
#[cfg(not(all(feature = "gzip", feature = "zip")))]
use crate::off::off;
use crate::packed::BUFFER;
use crate::paths::expand_all;
use crate::table::{Emit, Table};
use crate::{MarketDataError, ReadOptions, columnar, databento, kept, packed, text};

/// The first bytes of a Zstandard frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads the bars in files: Parquet, Arrow IPC and Feather, CSV, JSON, packed by gzip, zip or
/// Zstandard too, and DBN. The files of a glob or a folder are taken in natural order (`x-2` before
/// `x-10`).
///
/// # Errors
/// A path or glob names no file, a file cannot be read, or it holds no bars; see
/// [`MarketDataError`]. Unusable bars are no error here.
pub fn read(paths: &[String], options: &ReadOptions) -> Result<Bars, MarketDataError> {
    crate::time::zone(&options.timezone)?;
    read_files(&expand_all(paths)?, options, &mut |_, error| Err(error))
}

/// Reads files as [`read`] does, those that can be read of several: [`Bars::unreadable`] lists the
/// others. No bars are read where every file is one of these.
///
/// # Errors
/// A path or glob names no file, an option is wrong, or the only file cannot be read.
pub fn read_readable(paths: &[String], options: &ReadOptions) -> Result<Bars, MarketDataError> {
    crate::time::zone(&options.timezone)?;
    let files = expand_all(paths)?;
    let mut unreadable = Vec::new();
    let mut bars = read_files(&files, options, &mut |file, error| match &files[..] {
        [_] => Err(error),
        _ if matches!(error, MarketDataError::Stopped) => Err(error),
        _ => {
            unreadable.push(Unreadable { file: file.to_owned(), problem: error.message() });
            Ok(())
        }
    })?;
    bars.unreadable = unreadable;
    Ok(bars)
}

/// Reads files in their order; `fail` takes the error of each that cannot be read, or gives it
/// back.
fn read_files(
    files: &[String],
    options: &ReadOptions,
    fail: &mut dyn FnMut(&str, MarketDataError) -> Result<(), MarketDataError>,
) -> Result<Bars, MarketDataError> {
    let mut joiner = Joiner::new(options)?;
    if options.aggregate.is_some() {
        // Trades are used up as they are read: those of a file that is read again would count twice.
        let mut known = BTreeSet::new();
        for file in files {
            if !known.insert(std::fs::canonicalize(file).unwrap_or_else(|_| file.into())) {
                return Err(MarketDataError::file(file, "it is named twice; name it once"));
            }
            let mut rows = 0;
            let read = read_file(file, options, &mut |table| {
                rows += table.ts.len();
                joiner.push(table)
            });
            match read {
                Ok(()) => tracing::info!("read {rows} rows of {file}"),
                Err(error) => fail(file, error)?,
            }
        }
        return joiner.finish();
    }
    let tables: Vec<Result<Vec<Table>, MarketDataError>> = files
        .par_iter()
        .map(|file| {
            let mut tables = Vec::new();
            read_file(file, options, &mut |table| {
                tables.push(table);
                Ok(())
            })?;
            let rows: usize = tables.iter().map(|table| table.ts.len()).sum();
            tracing::info!("read {rows} rows of {file}");
            Ok(tables)
        })
        .collect();
    for (file, tables) in files.iter().zip(tables) {
        let pushed =
            tables.and_then(|tables| tables.into_iter().try_for_each(|table| joiner.push(table)));
        if let Err(error) = pushed {
            fail(file, error)?;
        }
    }
    joiner.finish()
}

/// The tables in a file. DBN, whose files are large, is read as it is used; others at once.
pub(crate) fn read_file(
    file: &str,
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<(), MarketDataError> {
    options.go_on()?;
    let path = Path::new(file);
    let mut opened = File::open(path).map_err(MarketDataError::io(path, "read"))?;
    let mut bytes = Vec::new();
    let read = opened.by_ref().take(4).read_to_end(&mut bytes);
    read.map_err(MarketDataError::io(path, "read"))?;
    let (is_dbn, is_zstd) = (begins_dbn(&bytes), bytes.starts_with(&ZSTD_MAGIC));
    if is_zstd {
        return packed::unpack_zstd_file(file, (bytes, &opened), options, emit);
    }
    if is_dbn {
        let stream = BufReader::with_capacity(BUFFER, Cursor::new(bytes).chain(&opened));
        return unless_damaged(file, || databento::read(file, stream, options, emit));
    }
    // Plain text is parsed from where it lies; all others are held whole.
    let is_text = is_text(file, &bytes);
    let parse = || {
        let blocks = if is_text { text::read_file(file, &opened, options) } else { None };
        match blocks {
            Some(tables) => tables,
            None => {
                options.go_on()?;
                unpacked(file, &whole(path, &opened, bytes)?, options)
            }
        }
    };
    if is_text {
        text::check_begin(file, &opened)?;
    }
    kept::tables_of(file, Content::File(&opened), options, parse)?.into_iter().try_for_each(emit)
}

/// All bytes of an open file, of which the first were read.
fn whole(path: &Path, mut opened: &File, mut bytes: Vec<u8>) -> Result<Bytes, MarketDataError> {
    let size = opened.metadata().map_or(0, |metadata| metadata.len());
    if let Some(all) = usize::try_from(size).ok().and_then(|size| read_aside(opened, size)) {
        return Ok(all.into());
    }
    bytes.reserve(usize::try_from(size).unwrap_or(0));
    opened.read_to_end(&mut bytes).map_err(MarketDataError::io(path, "read"))?;
    Ok(bytes.into())
}

/// A large file, read in pieces side by side; none if it is small, or not to be read so.
#[cfg(unix)]
fn read_aside(file: &File, size: usize) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    const PIECE: usize = 4 << 20;
    if size < 2 * PIECE {
        return None;
    }
    let mut bytes = vec![0; size];
    let read = |(at, piece): (usize, &mut [u8])| {
        let start = u64::try_from(at * PIECE).map_err(io::Error::other)?;
        file.read_exact_at(piece, start)
    };
    let read: io::Result<()> = bytes.par_chunks_mut(PIECE).enumerate().try_for_each(read);
    // One that grows or shrinks meanwhile is read from one end to the other.
    let same = file.metadata().is_ok_and(|metadata| metadata.len() == size as u64);
    (read.is_ok() && same).then_some(bytes)
}

#[cfg(not(unix))]
fn read_aside(_: &File, _: usize) -> Option<Vec<u8>> {
    None
}

/// Reads the bars in memory as if they were a file of this name.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<Bars, MarketDataError> {
    let mut joiner = Joiner::new(options)?;
    tables(name, &Bytes::copy_from_slice(bytes), options, &mut |table| joiner.push(table))?;
    joiner.finish()
}

/// Takes tables that are in memory, as if they were files. A row without a symbol column is of the
/// symbol that its table is named.
///
/// # Errors
/// As [`read`]; there is no table.
pub fn read_tables(tables: &[MemoryTable], options: &ReadOptions) -> Result<Bars, MarketDataError> {
    if tables.is_empty() {
        return Err(MarketDataError::file("bars", "there is no table"));
    }
    let one = |table: &MemoryTable| {
        let MemoryTable { name, schema, batches } = table;
        unless_damaged(name, || columnar::take_batches(name, schema, batches, options))
    };
    let mut joiner = Joiner::new(options)?;
    for table in tables {
        one(table)?.into_iter().try_for_each(|table| joiner.push(table))?;
    }
    joiner.finish()
}

/// A table of bars in memory.
#[derive(Clone, Debug)]
pub struct MemoryTable {
    /// The name in messages, and the symbol of rows without one.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

/// The tables in a file, by what its bytes say it is.
fn tables(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<(), MarketDataError> {
    if bytes.starts_with(&ZSTD_MAGIC) {
        return packed::unpack_zstd(file, bytes, options, emit);
    }
    if begins_dbn(bytes) {
        return unless_damaged(file, || databento::read(file, &bytes[..], options, emit));
    }
    unpacked(file, bytes, options)?.into_iter().try_for_each(emit)
}

/// The tables in a file that is neither DBN nor packed by Zstandard, by what its bytes say it is.
fn unpacked(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    if bytes.starts_with(b"PK\x03\x04") {
        #[cfg(feature = "zip")]
        return packed::unzip(file, bytes.clone(), options);
        #[cfg(not(feature = "zip"))]
        return Err(off(file, "zip", "zip"));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        #[cfg(feature = "gzip")]
        return packed::unpack_gzip(file, bytes, options);
        #[cfg(not(feature = "gzip"))]
        return Err(off(file, "gzip", "gzip"));
    }
    table(file, bytes, options, Bounds::NONE)
}
