//! Writes bars as Parquet, Arrow or CSV.

mod csv;
#[cfg(feature = "parquet")]
mod parquet;
mod slices;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::ipc::writer::FileWriter;
use barloom_bars::Series;
use barloom_files::{Existing, NewFile};

use crate::MarketDataError;
#[cfg(not(feature = "parquet"))]
use crate::off::off;
use slices::Slices;

/// The compression of Parquet columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard, at its first level: the smallest files.
    #[default]
    Zstd,
    /// LZ4 (`LZ4_RAW`), which packs and unpacks faster.
    Lz4,
    /// Snappy, which older readers know.
    Snappy,
    /// Not at all.
    None,
}

/// Options for writing bars.
#[derive(Clone, Copy)]
pub struct WriteOptions<'a> {
    /// True if an existing file may be replaced.
    pub overwrite: bool,
    /// True if rows name their symbol; otherwise the file's place does.
    pub symbols: bool,
    /// The columns of numbers to write, in this order; `None` for all.
    pub columns: Option<&'a [String]>,
    /// The compression of Parquet columns; other formats are not compressed.
    pub compression: Compression,
    /// Called about every million rows; returns true to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Default for WriteOptions<'_> {
    fn default() -> Self {
        Self {
            overwrite: false,
            symbols: true,
            columns: None,
            compression: Compression::default(),
            stop: &|| false,
        }
    }
}

/// Writes series to one file, by its ending: `.parquet`, `.arrow` or `.feather`, `.csv`.
///
/// Columns are `symbol`, `ts` (bar open, UTC), open, high, low, close and the others; a column
/// that a series lacks is missing there. The file appears whole or not at all.
///
/// # Errors
/// The ending is unknown, the file is there and is not to be replaced, it cannot be written, or
/// writing was stopped.
pub fn write(
    path: &Path,
    series: &[Series],
    options: WriteOptions<'_>,
) -> Result<(), MarketDataError> {
    let name = path.to_string_lossy().into_owned();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let write: WriteSlices = match &*ending {
        #[cfg(feature = "parquet")]
        "parquet" | "pq" => parquet::write,
        #[cfg(not(feature = "parquet"))]
        "parquet" | "pq" => return Err(off(&name, "Parquet", "parquet")),
        "arrow" | "ipc" | "feather" => write_arrow,
        "csv" => csv::write,
        _ => return Err(MarketDataError::UnknownEnding(path.to_path_buf())),
    };
    if !options.overwrite && fs::symlink_metadata(path).is_ok() {
        return Err(MarketDataError::Exists(path.to_path_buf()));
    }
    let slices = Slices::of(series, options.symbols, options.columns);
    tracing::info!("writing {} rows to {name}", slices.rows());
    write_whole(path, options.overwrite, |file| {
        let mut file = BufWriter::with_capacity(BUFFER, file);
        write(&mut file, &slices, &options).map_err(MarketDataError::io(path, "write"))?;
        file.flush().map_err(MarketDataError::io(path, "write"))
    })
}

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;

/// Writes all slices, or stops.
type WriteSlices = fn(&mut BufWriter<&File>, &Slices<'_>, &WriteOptions<'_>) -> io::Result<()>;

/// That writing was stopped.
fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "it was stopped")
}

/// Writes a file whole or not at all: on an error nothing of it stays, and what had the name does.
pub(crate) fn write_whole(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&File) -> Result<(), MarketDataError>,
) -> Result<(), MarketDataError> {
    let new = NewFile::beside(path).map_err(MarketDataError::io(path, "create"))?;
    write(new.file())?;
    let existing = if overwrite { Existing::Replaced } else { Existing::Kept };
    new.finish(existing).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => MarketDataError::Exists(path.to_path_buf()),
        _ => MarketDataError::io(path, "write")(error),
    })
}

/// The bars of series as one table: `symbol`, `ts` (bar open, ns UTC), open, high, low, close and
/// the other columns, null where a value is missing or a series lacks the column.
///
/// # Errors
/// There are more than 2^31 symbols.
pub fn to_table(series: &[Series]) -> Result<RecordBatch, MarketDataError> {
    to_table_of(series, None)
}

/// As [`to_table`], with these columns of numbers alone, in this order; `None` for all.
///
/// # Errors
/// As [`to_table`].
pub fn to_table_of(
    series: &[Series],
    columns: Option<&[String]>,
) -> Result<RecordBatch, MarketDataError> {
    let slices = Slices::of(series, true, columns);
    slices.batch(0..slices.rows()).map_err(|e| MarketDataError::file("bars", e))
}

fn write_arrow(
    file: &mut BufWriter<&File>,
    slices: &Slices<'_>,
    options: &WriteOptions<'_>,
) -> io::Result<()> {
    let mut writer = FileWriter::try_new(file, slices.schema()).map_err(io::Error::other)?;
    for rows in slices.ranges() {
        let batch = slices.batch(rows).map_err(io::Error::other)?;
        writer.write(&batch).map_err(io::Error::other)?;
        if (options.stop)() {
            return Err(stopped());
        }
    }
    writer.finish().map_err(io::Error::other)
}
