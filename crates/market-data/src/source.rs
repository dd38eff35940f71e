//! From paths and globs to the tables in the files.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use barloom_columnar::catch_damage;
use bytes::Bytes;
use rayon::prelude::*;

use crate::bars::{Bars, Unreadable};
use crate::cache::{self, Content};
use crate::join::Joiner;
use crate::table::Table;
use crate::text::Bounds;
use crate::{MarketDataError, ReadOptions, columnar, databento, foreign, json, packed, text};

/// The most bytes that any compressed file may unpack to.
pub(crate) const UNPACKED_LIMIT: u64 = barloom_columnar::BATCH_LIMIT;

/// Bytes that are read at once.
pub(crate) const BUFFER: usize = 1 << 20;

/// How a Zstandard frame begins.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads the bars in files: Parquet, Arrow IPC and Feather, CSV, JSON, packed by gzip, zip or Zstandard
/// too, and DBN. The files of a glob or a folder are taken in natural order (`x-2` before `x-10`).
///
/// # Errors
/// A path or glob names no file, a file can't be read, or it holds no bars; see
/// [`MarketDataError`]. Unusable bars are no error here.
pub fn read(paths: &[String], options: &ReadOptions) -> Result<Bars, MarketDataError> {
    crate::time::zone(&options.timezone)?;
    read_files(&expand_all(paths)?, options, &mut |_, error| Err(error))
}

/// Reads files as [`read`] does, those that can be read of several: [`Bars::unreadable`] lists the
/// others. No bars are read where every file is one of these.
///
/// # Errors
/// A path or glob names no file, an option is wrong, or the only file can't be read.
pub fn read_readable(paths: &[String], options: &ReadOptions) -> Result<Bars, MarketDataError> {
    crate::time::zone(&options.timezone)?;
    let files = expand_all(paths)?;
    let mut unreadable = Vec::new();
    let mut bars = read_files(&files, options, &mut |file, error| match &files[..] {
        [_] => Err(error),
        _ => {
            unreadable.push(Unreadable { file: file.to_owned(), problem: error.message() });
            Ok(())
        }
    })?;
    bars.unreadable = unreadable;
    Ok(bars)
}

/// Reads files in their order; `fail` takes the error of each that can't be read, or gives it back.
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

/// Takes the tables of a file, one after the other.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(Table) -> Result<(), MarketDataError>;

/// The tables in a file. DBN, whose files are large, is read as it is used; others at once.
fn read_file(file: &str, options: &ReadOptions, emit: Emit<'_>) -> Result<(), MarketDataError> {
    let path = Path::new(file);
    let mut opened = File::open(path).map_err(MarketDataError::io(path, "read"))?;
    let mut bytes = Vec::new();
    let read = opened.by_ref().take(4).read_to_end(&mut bytes);
    read.map_err(MarketDataError::io(path, "read"))?;
    let (is_dbn, is_zstd) = (databento::begins(&bytes), bytes.starts_with(&ZSTD_MAGIC));
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
            None => unpacked(file, whole(path, &opened, bytes)?, options),
        }
    };
    if is_text {
        text::check_begin(file, &opened)?;
    }
    cache::tables_of(file, Content::File(&opened), options, parse)?.into_iter().try_for_each(emit)
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
    tables(name, Bytes::copy_from_slice(bytes), options, &mut |table| joiner.push(table))?;
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
    /// What messages call it, and the symbol of rows that name none.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

/// The files that paths, globs and folders name; of each in natural order.
pub(crate) fn expand_all(paths: &[String]) -> Result<Vec<String>, MarketDataError> {
    let mut files = Vec::new();
    for pattern in paths {
        files.extend(expand(pattern)?);
    }
    if files.is_empty() {
        return Err(MarketDataError::NoFile { pattern: paths.join(", ") });
    }
    Ok(files)
}

/// The files that a path or glob names, or that are in a folder, in natural order.
pub(crate) fn expand(pattern: &str) -> Result<Vec<String>, MarketDataError> {
    let none = || MarketDataError::NoFile { pattern: pattern.to_owned() };
    let path = Path::new(pattern);
    if path.is_dir() {
        let mut files = Vec::new();
        list(path, &mut files)?;
        files.sort_by_cached_key(|file| natural(file));
        let problem = "the folder holds no files of bars; name another, or a file";
        return match files.is_empty() {
            true => Err(MarketDataError::file(pattern, problem)),
            false => Ok(files),
        };
    }
    if !pattern.contains(['*', '?', '[']) || path.exists() {
        return if path.exists() { Ok(vec![pattern.to_owned()]) } else { Err(none()) };
    }
    let found = glob::glob(pattern)
        .map_err(|e| MarketDataError::file(pattern, format!("it is not a glob: {e}")))?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|e| {
            let at = e.path().to_path_buf();
            MarketDataError::Io { path: at, action: "list", source: e.into() }
        })?;
        if path.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    if files.is_empty() {
        return Err(none());
    }
    files.sort_by_cached_key(|file| natural(file));
    Ok(files)
}

/// The files in a folder and the folders in it, but those that are hidden, and checksums of others.
fn list(folder: &Path, files: &mut Vec<String>) -> Result<(), MarketDataError> {
    let entries = std::fs::read_dir(folder).map_err(MarketDataError::io(folder, "list"))?;
    for entry in entries {
        let entry = entry.map_err(MarketDataError::io(folder, "list"))?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let is_checksum = [".checksum", ".md5", ".sha256"].iter().any(|end| name.ends_with(end));
        if name.starts_with(['.', '_']) || is_checksum {
            continue;
        }
        let path = entry.path();
        // A link to a folder may lead back.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// A key that orders digits by their number.
fn natural(text: &str) -> Vec<(String, u64)> {
    let mut key = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(word);
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        key.push((head.to_owned(), tail[..digits].parse().unwrap_or(u64::MAX)));
        rest = &tail[digits..];
    }
    key
}

/// The tables in a file, by what its bytes say it is.
fn tables(
    file: &str,
    bytes: Bytes,
    options: &ReadOptions,
    emit: Emit<'_>,
) -> Result<(), MarketDataError> {
    if bytes.starts_with(&ZSTD_MAGIC) {
        return packed::unpack_zstd(file, &bytes, options, emit);
    }
    if databento::begins(&bytes) {
        return unless_damaged(file, || databento::read(file, &bytes[..], options, emit));
    }
    unpacked(file, bytes, options)?.into_iter().try_for_each(emit)
}

/// The tables in a file that is neither DBN nor packed by Zstandard, by what its bytes say it is.
fn unpacked(
    file: &str,
    bytes: Bytes,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    if bytes.starts_with(b"PK\x03\x04") {
        return packed::unzip(file, bytes, options);
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return packed::unpack_gzip(file, &bytes, options);
    }
    table(file, &bytes, options, Bounds::NONE)
}

/// The tables in bytes that are not packed, by what they say they are.
pub(crate) fn table(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
    bounds: Bounds,
) -> Result<Vec<Table>, MarketDataError> {
    if bytes.starts_with(b"PAR1") {
        unless_damaged(file, || columnar::read_parquet(file, bytes, options))
    } else if bytes.starts_with(b"ARROW1") || bytes.starts_with(&[0xff, 0xff, 0xff, 0xff]) {
        unless_damaged(file, || columnar::read_arrow(file, bytes, options))
    } else if databento::begins(bytes) {
        // Its tables need not be one.
        Err(MarketDataError::file(file, "it is DBN within another format; unpack it"))
    } else if bytes.starts_with(b"FEA1") {
        Err(MarketDataError::file(file, "it is Feather version 1; write it again as version 2"))
    } else if let Some((ending, format)) = columnar_name(file).filter(|_| !bytes.is_empty()) {
        let problem = format!(
            "it is named .{ending} but does not begin like {format}; get it again, or name it by what it is"
        );
        Err(MarketDataError::file(file, problem))
    } else {
        foreign::refuse(file, bytes)?;
        if !json::begins(bytes) {
            return text::read(file, bytes, options, bounds);
        }
        // A header in brackets begins like JSON too.
        let name = file.to_lowercase();
        let is_json = |name: &str| [".json", ".jsonl", ".ndjson"].iter().any(|e| name.contains(e));
        json::read(file, bytes, options, bounds).or_else(|error| match is_json(&name) {
            true => Err(error),
            false => text::read(file, bytes, options, bounds).map_err(|_| error),
        })
    }
}

/// Tells whether a file whose first four bytes or more these are is text, not packed.
pub(crate) fn is_text(file: &str, begin: &[u8]) -> bool {
    let others: [&[u8]; 6] = [b"PK\x03\x04", &[0x1f, 0x8b], b"PAR1", b"ARRO", &[0xff; 4], b"FEA1"];
    !others.iter().any(|other| begin.starts_with(other))
        && !json::begins(begin)
        && columnar_name(file).is_none()
}

/// The ending and the format of a file whose name says that it is no text.
fn columnar_name(file: &str) -> Option<(String, &'static str)> {
    let name = file.to_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let ending = name.rsplit(['/', '\\']).next()?.rsplit_once('.')?.1;
    let format = match ending {
        "parquet" | "pq" => "Parquet",
        "arrow" | "ipc" | "feather" => "Arrow IPC",
        "dbn" => "DBN",
        "dbz" => "DBN (it is DBZ, the format before it, which Databento's `dbn` converts)",
        "frag" => "DBN (it is a fragment without metadata)",
        _ => return None,
    };
    Some((ending.to_owned(), format))
}

/// Some damage to Parquet and Arrow files makes their readers panic; here it is an error, and the
/// panic prints nothing.
pub(crate) fn unless_damaged<T>(
    file: &str,
    read: impl FnOnce() -> Result<T, MarketDataError>,
) -> Result<T, MarketDataError> {
    catch_damage(AssertUnwindSafe(read)).unwrap_or_else(|| {
        let problem = "its contents contradict each other: it is damaged; get it again";
        Err(MarketDataError::file(file, problem))
    })
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names = ["b-1", "a-10", "a-2", "a-2.csv", "a"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(names, ["a", "a-2", "a-2.csv", "a-10", "b-1"]);
    }
}
