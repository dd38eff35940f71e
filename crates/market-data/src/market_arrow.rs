//! `bars.arrow`: all bars of a market with their segments.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{
    DataType, Field, Float64Type, Int32Type, Schema, SchemaRef, TimeUnit, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;
use barloom_bars::{Column, Market, PRICE_COLUMNS, Segment, Series};

use crate::names::normalise;
use crate::source::unless_damaged;
use crate::write::write_whole;
use crate::{MarketDataError, ipc};

/// How an Arrow IPC file begins.
const ARROW_MAGIC: &[u8; 6] = b"ARROW1";

/// Writes a market as one Arrow IPC file: `symbol`, `ts`, `segment` (null in none), prices and
/// channels. The bytes are a function of the market.
///
/// # Errors
/// The file can't be written.
pub fn write_market_arrow(path: &Path, market: &Market) -> Result<(), MarketDataError> {
    write_whole(path, |file| write_market(file, market).map_err(MarketDataError::io(path, "write")))
}

/// Writes what [`write_market_arrow`] writes to any place.
///
/// # Errors
/// The place can't be written to.
pub fn write_market(out: impl Write, market: &Market) -> io::Result<()> {
    let write = || -> Result<(), ArrowError> {
        let batch = batch(market)?;
        let mut writer = FileWriter::try_new(out, &batch.schema())?;
        writer.write(&batch)?;
        writer.finish()
    };
    write().map_err(|error| match error {
        ArrowError::IoError(_, error) => error,
        // A batch that was made can be written: what fails is the place.
        error => io::Error::other(error),
    })
}

/// The columns before the prices.
fn fields() -> Vec<Field> {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    vec![
        Field::new("symbol", text, false),
        Field::new("ts", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), false),
        Field::new("segment", DataType::Int32, true),
    ]
}

fn batch(market: &Market) -> Result<RecordBatch, ArrowError> {
    let mut fields = fields();
    let mut codes = Vec::with_capacity(market.len());
    for (code, series) in market.series().iter().enumerate() {
        codes.resize(series.end, code as i32);
    }
    let names = market.series().iter().map(|s| Some(s.symbol.as_str()));
    let names: ArrayRef = Arc::new(StringArray::from_iter(names));
    let mut segments = vec![None; market.len()];
    for (number, segment) in market.segments().iter().enumerate() {
        segments[segment.start..segment.end].fill(Some(number as i32));
    }
    let ts = TimestampNanosecondArray::from(market.ts().to_vec()).with_timezone("UTC");
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(codes), names)?),
        Arc::new(ts),
        Arc::new(Int32Array::from(segments)),
    ];
    for column in market.columns() {
        fields.push(Field::new(&column.name, DataType::Float64, false));
        columns.push(Arc::new(Float64Array::from(column.values.clone())));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// Reads back the very market that [`write_market_arrow`] wrote.
///
/// # Errors
/// The file can't be read, is none that [`write_market_arrow`] wrote, or lacks a channel.
pub fn read_market_arrow(path: &Path, channels: &[String]) -> Result<Market, MarketDataError> {
    let bytes = fs::read(path).map_err(MarketDataError::io(path, "read"))?;
    market_of_bytes(&path.to_string_lossy(), &bytes, channels)
}

/// As [`read_market_arrow`], of what [`write_market`] wrote to memory. `name` is what errors call
/// it.
///
/// # Errors
/// As [`read_market_arrow`].
pub fn market_of_bytes(
    name: &str,
    bytes: &[u8],
    channels: &[String],
) -> Result<Market, MarketDataError> {
    unless_damaged(name, || market(name, bytes, channels))
}

/// Reads the market in the one file that `paths` names, if that is a dataset's `bars.arrow`:
/// times and segments are as stored. `None` for anything else, which [`read`](crate::read) reads.
///
/// Channels may be spelled in any way; beside the market are the names under which it has them.
///
/// # Errors
/// The file can't be read, is damaged, or lacks a channel.
pub fn read_stored_market(
    paths: &[String],
    channels: &[String],
) -> Result<Option<(Market, Vec<String>)>, MarketDataError> {
    let [path] = paths else { return Ok(None) };
    let path = Path::new(path);
    let mut magic = [0; ARROW_MAGIC.len()];
    let begins = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    if begins.is_err() || magic != *ARROW_MAGIC {
        return Ok(None);
    }
    let name = path.to_string_lossy();
    let bytes = fs::read(path).map_err(MarketDataError::io(path, "read"))?;
    let channels: Vec<String> = channels.iter().map(|name| normalise(name)).collect();
    unless_damaged(&name, || {
        let Ok((schema, batches)) = ipc::read_file(&bytes) else { return Ok(None) };
        if !is_stored(&schema) {
            return Ok(None);
        }
        tracing::info!("{name} is a dataset's bars: its times and segments are taken as stored");
        let market = market_of(&name, &schema, &batches, &channels)?;
        Ok(Some((market, channels)))
    })
}

/// Whether a file's columns begin as [`write_market_arrow`] writes them.
fn is_stored(schema: &SchemaRef) -> bool {
    let written = fields();
    schema.fields().iter().zip(&written).filter(|(a, b)| ***a == **b).count() == written.len()
}

fn market(name: &str, bytes: &[u8], channels: &[String]) -> Result<Market, MarketDataError> {
    let (schema, batches) =
        ipc::read_file(bytes).map_err(|e| MarketDataError::file(name, e.to_string()))?;
    market_of(name, &schema, &batches, channels)
}

fn market_of(
    name: &str,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    channels: &[String],
) -> Result<Market, MarketDataError> {
    let broken = |problem: String| MarketDataError::file(name, problem);
    let batch =
        arrow::compute::concat_batches(schema, batches).map_err(|e| broken(e.to_string()))?;
    let column = |name: &str, kind: &DataType| -> Result<ArrayRef, MarketDataError> {
        let array = batch.column_by_name(name).ok_or_else(|| {
            broken(format!("it has no column {name}; expected a dataset's bars.arrow"))
        })?;
        arrow::compute::cast(array, kind).map_err(|e| broken(format!("column {name}: {e}")))
    };
    let symbols = column("symbol", &DataType::Utf8)?;
    let symbols = symbols.as_string::<i32>();
    let ts = column("ts", &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
    let ts = ts.as_primitive::<TimestampNanosecondType>().values();
    let segment = column("segment", &DataType::Int32)?;
    let segment = segment.as_primitive::<Int32Type>();
    let mut names: Vec<&str> = PRICE_COLUMNS.to_vec();
    names.extend(channels.iter().map(String::as_str).filter(|c| !PRICE_COLUMNS.contains(c)));
    let mut columns = Vec::new();
    for name in names {
        let values = column(name, &DataType::Float64)?;
        columns.push((name, values.as_primitive::<Float64Type>().values().to_vec()));
    }
    let spans = runs(batch.num_rows(), |a, b| symbols.value(a) == symbols.value(b));
    let mut series = Vec::with_capacity(spans.len());
    for (start, end) in &spans {
        let columns = columns.iter().map(|(n, v)| Column::new(*n, v[*start..*end].to_vec()));
        let ts = ts[*start..*end].to_vec();
        series.push(Series::new(symbols.value(*start), ts, columns.collect())?);
    }
    let key = |row: usize| segment.is_valid(row).then(|| segment.value(row));
    let mut segments = Vec::new();
    for (start, end) in runs(batch.num_rows(), |a, b| key(a) == key(b)) {
        if key(start).is_some() {
            let at = spans.partition_point(|(first, _)| *first <= start) - 1;
            segments.push(Segment { series: at as u32, start, end });
        }
    }
    Ok(Market::with_segments(&series, channels, segments)?)
}

/// Maximal runs of rows of which each is the same as the one before it.
fn runs(rows: usize, same: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    for row in 1..=rows {
        if row == rows || !same(row - 1, row) {
            runs.push((start, row));
            start = row;
        }
    }
    runs
}
