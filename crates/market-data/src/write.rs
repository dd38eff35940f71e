//! Writes bars as Parquet, Arrow or CSV.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::ipc::writer::FileWriter;
use barloom_bars::{PRICE_COLUMNS, Series};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::MarketDataError;

/// Writes series to one file, by its ending: `.parquet`, `.arrow` or `.feather`, `.csv`.
///
/// Columns are `symbol`, `ts` (bar open, UTC), open, high, low, close and the others; a column
/// that a series lacks is missing there. The file appears whole or not at all.
///
/// # Errors
/// The ending is unknown, the file is there and `overwrite` is false, or it can't be written.
pub fn write(path: &Path, series: &[Series], overwrite: bool) -> Result<(), MarketDataError> {
    let name = path.to_string_lossy().into_owned();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let write: fn(&mut BufWriter<&File>, &RecordBatch) -> Result<(), String> = match &*ending {
        "parquet" | "pq" => write_parquet,
        "arrow" | "ipc" | "feather" => write_arrow,
        "csv" => write_csv,
        _ => return Err(MarketDataError::UnknownEnding(path.to_path_buf())),
    };
    if !overwrite && fs::symlink_metadata(path).is_ok() {
        return Err(MarketDataError::Exists(path.to_path_buf()));
    }
    let batch = batch(series).map_err(|e| MarketDataError::file(&name, e))?;
    tracing::info!("writing {} rows to {name}", batch.num_rows());
    write_whole(path, |file| {
        let mut file = BufWriter::new(file);
        // A batch that was made can be written: what fails is the file.
        let io = |e| MarketDataError::io(path, "write")(std::io::Error::other::<String>(e));
        write(&mut file, &batch).map_err(io)?;
        file.flush().map_err(MarketDataError::io(path, "write"))
    })
}

/// Writes beside the path, syncs, renames; on an error nothing stays.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&File) -> Result<(), MarketDataError>,
) -> Result<(), MarketDataError> {
    let (file, temporary) = create_beside(path).map_err(MarketDataError::io(path, "write"))?;
    let written = write(&file)
        .and_then(|()| file.sync_all().map_err(MarketDataError::io(path, "sync")))
        .and_then(|()| fs::rename(&temporary, path).map_err(MarketDataError::io(path, "rename")));
    if written.is_err() {
        // It is gone, or nothing more can be done.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file beside the path, under a name that nothing has: `<path>.tmp`, or with a number
/// before the ending.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 0_u32;
    loop {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(if number == 0 { ".tmp".into() } else { format!(".{number}.tmp") });
        match File::create_new(&temporary) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < 1_000 => number += 1,
            created => return Ok((created?, temporary.into())),
        }
    }
}

/// The bars of series as one table: `symbol`, `ts` (bar open, ns UTC), open, high, low, close and
/// the other columns, null where a value is missing or a series lacks the column.
///
/// # Errors
/// Symbols are longer in all than an array of text can be, 2 GiB.
pub fn to_table(series: &[Series]) -> Result<RecordBatch, MarketDataError> {
    batch(series).map_err(|e| MarketDataError::file("bars", e))
}

fn batch(series: &[Series]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut names: Vec<&str> = PRICE_COLUMNS.to_vec();
    for column in series.iter().flat_map(Series::columns) {
        if !names.contains(&column.name.as_str()) {
            names.push(&column.name);
        }
    }
    let symbols = series.iter().flat_map(|s| std::iter::repeat_n(s.symbol(), s.len()));
    let ts = series.iter().flat_map(|s| s.ts().iter().copied());
    let time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let mut fields =
        vec![Field::new("symbol", DataType::Utf8, false), Field::new("ts", time, false)];
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(symbols)),
        Arc::new(TimestampNanosecondArray::from_iter_values(ts).with_timezone("UTC")),
    ];
    for name in names {
        let mut values = Vec::new();
        for one in series {
            match one.column(name) {
                Some(column) => values.extend(column.iter().map(|v| (!v.is_nan()).then_some(*v))),
                None => values.extend(std::iter::repeat_n(None, one.len())),
            }
        }
        let missing = values.iter().any(Option::is_none);
        fields.push(Field::new(name, DataType::Float64, missing));
        columns.push(Arc::new(Float64Array::from(values)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn write_parquet(file: &mut BufWriter<&File>, batch: &RecordBatch) -> Result<(), String> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let text = |e: parquet::errors::ParquetError| e.to_string();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(text)?;
    writer.write(batch).map_err(text)?;
    writer.close().map(drop).map_err(text)
}

fn write_arrow(file: &mut BufWriter<&File>, batch: &RecordBatch) -> Result<(), String> {
    let text = |e: arrow::error::ArrowError| e.to_string();
    let mut writer = FileWriter::try_new(file, &batch.schema()).map_err(text)?;
    writer.write(batch).map_err(text)?;
    writer.finish().map_err(text)
}

/// Times as ISO 8601 with nanoseconds where there are any, numbers in their shortest exact form.
fn write_csv(file: &mut BufWriter<&File>, batch: &RecordBatch) -> Result<(), String> {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, TimestampNanosecondType};
    let text = |e: csv::Error| e.to_string();
    let mut writer = csv::Writer::from_writer(file);
    let schema = batch.schema();
    writer.write_record(schema.fields().iter().map(|f| f.name())).map_err(text)?;
    let symbols = batch.column(0).as_string::<i32>();
    let ts = batch.column(1).as_primitive::<TimestampNanosecondType>();
    let values: Vec<_> =
        batch.columns()[2..].iter().map(AsArray::as_primitive::<Float64Type>).collect();
    let mut record: Vec<String> = Vec::new();
    for row in 0..batch.num_rows() {
        record.clear();
        record.push(symbols.value(row).to_owned());
        let time = chrono::DateTime::from_timestamp_nanos(ts.value(row));
        record.push(time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string());
        for column in &values {
            let missing = arrow::array::Array::is_null(column, row);
            record.push(if missing { String::new() } else { column.value(row).to_string() });
        }
        writer.write_record(&record).map_err(text)?;
    }
    writer.flush().map_err(|e| e.to_string())
}
