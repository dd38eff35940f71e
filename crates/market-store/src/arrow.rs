//! The file, written and read back.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::panic::AssertUnwindSafe;
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
use barloom_bars::{Column, Market, Segment, Series, market_columns};
use barloom_columnar::{catch_damage, read_file};
use barloom_files::{Existing, NewFile};

use crate::MarketStoreError;

/// The first bytes of an Arrow IPC file.
const ARROW_MAGIC: &[u8; 6] = b"ARROW1";

/// Writes a market as one Arrow IPC file: `symbol`, `ts`, `segment` (null in none), prices and
/// channels. The bytes are a function of the market.
///
/// # Errors
/// The file cannot be written.
pub fn write_market_arrow(path: &Path, market: &Market) -> Result<(), MarketStoreError> {
    let new = NewFile::beside(path).map_err(MarketStoreError::io(path, "create"))?;
    write_market(new.file(), market)
        .and_then(|()| new.finish(Existing::Replaced))
        .map_err(MarketStoreError::io(path, "write"))
}

/// Writes what [`write_market_arrow`] writes to any place.
///
/// # Errors
/// The place cannot be written to.
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
        columns.push(Arc::new(Float64Array::from(column.values.to_vec())));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// Reads back the very market that [`write_market_arrow`] wrote, with all of its columns.
/// `channels` must be among them.
///
/// # Errors
/// The file cannot be read, is none that [`write_market_arrow`] wrote, or lacks a channel.
pub fn read_market_arrow(path: &Path, channels: &[String]) -> Result<Market, MarketStoreError> {
    let bytes = fs::read(path).map_err(MarketStoreError::io(path, "read"))?;
    market_of_bytes(&path.to_string_lossy(), bytes, channels)
}

/// As [`read_market_arrow`], of what [`write_market`] wrote to memory. `name` is what errors call
/// it.
///
/// # Errors
/// As [`read_market_arrow`].
pub fn market_of_bytes(
    name: &str,
    bytes: Vec<u8>,
    channels: &[String],
) -> Result<Market, MarketStoreError> {
    let bytes = bytes.into();
    unless_damaged(name, || {
        let (schema, batches) =
            read_file(&bytes).map_err(|e| MarketStoreError::file(name, e.to_string()))?;
        let mut columns = stored_columns(&schema);
        columns.extend(
            channels.iter().filter(|name| !columns.contains(name)).cloned().collect::<Vec<_>>(),
        );
        market_of(name, &schema, batches, &columns)
    })
}

/// The columns of numbers of a stored market: channels and what else it keeps.
fn stored_columns(schema: &SchemaRef) -> Vec<String> {
    let keys = fields();
    let is_key = |name: &String| keys.iter().any(|key| key.name() == name);
    let numbers = schema.fields().iter().filter(|field| *field.data_type() == DataType::Float64);
    numbers.map(|field| field.name().clone()).filter(|name| !is_key(name)).collect()
}

/// Reads the market in the one file that `paths` names, if that is a dataset's `bars.arrow`:
/// times and segments are as stored. `None` for anything else, which a reader of bars reads.
///
/// Channels may be spelled in any way that `spelled` takes to the names of columns; beside the
/// market are the names under which it has them. Those that are `optional` are left out where the
/// file has no such column.
///
/// # Errors
/// The file cannot be read, is damaged, or lacks a channel.
pub fn read_stored_market(
    paths: &[String],
    channels: &[String],
    optional: &[String],
    spelled: impl Fn(&str) -> String,
) -> Result<Option<(Market, Vec<String>)>, MarketStoreError> {
    let [path] = paths else { return Ok(None) };
    let path = Path::new(path);
    let mut magic = [0; ARROW_MAGIC.len()];
    let begins = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    if begins.is_err() || magic != *ARROW_MAGIC {
        return Ok(None);
    }
    let name = path.to_string_lossy();
    let bytes = fs::read(path).map_err(MarketStoreError::io(path, "read"))?.into();
    unless_damaged(&name, || {
        let Ok((schema, batches)) = read_file(&bytes) else { return Ok(None) };
        if !is_stored(&schema) {
            return Ok(None);
        }
        tracing::info!("{name} is a dataset's bars: its times and segments are taken as stored");
        let is_there = |name: &str| schema.index_of(&spelled(name)).is_ok();
        let wanted = channels.iter().filter(|name| is_there(name) || !optional.contains(name));
        let channels: Vec<String> = wanted.map(|name| spelled(name)).collect();
        let market = market_of(&name, &schema, batches, &channels)?;
        Ok(Some((market, channels)))
    })
}

/// Some damage to Arrow files makes their reader panic; here it is an error, and the panic prints
/// nothing.
fn unless_damaged<T>(
    file: &str,
    read: impl FnOnce() -> Result<T, MarketStoreError>,
) -> Result<T, MarketStoreError> {
    catch_damage(AssertUnwindSafe(read)).unwrap_or_else(|| {
        let problem = "its contents contradict each other: it is damaged; get it again";
        Err(MarketStoreError::file(file, problem))
    })
}

/// Tells whether a file's columns begin as [`write_market_arrow`] writes them.
fn is_stored(schema: &SchemaRef) -> bool {
    let written = fields();
    schema.fields().iter().zip(&written).filter(|(a, b)| ***a == **b).count() == written.len()
}

fn market_of(
    name: &str,
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
    channels: &[String],
) -> Result<Market, MarketStoreError> {
    let columns = market_columns(channels);
    let mut stored = Stored { name, columns, bars: 0, series: Vec::new(), segments: Vec::new() };
    for name in ["symbol", "ts", "segment"].iter().chain(&stored.columns) {
        stored.column_index(schema, name)?;
    }
    for batch in batches {
        stored.take(&batch)?;
    }
    let series: Result<Vec<Series>, _> = stored
        .series
        .into_iter()
        .map(|one| {
            let columns = stored.columns.iter().zip(one.values);
            let columns = columns.map(|(name, values)| Column::new(*name, values)).collect();
            Series::new(one.symbol, one.ts, columns)
        })
        .collect();
    let segments = stored.segments.into_iter().filter_map(|(key, segment)| key.map(|_| segment));
    Ok(Market::with_segments(series?, channels, segments.collect())?)
}

/// The content of a stored market.
struct Stored<'a> {
    /// The file's name in errors.
    name: &'a str,
    /// The columns that are read.
    columns: Vec<&'a str>,
    /// Bars so far.
    bars: usize,
    series: Vec<StoredSeries>,
    /// Runs of rows with the same segment, or none.
    segments: Vec<(Option<i32>, Segment)>,
}

struct StoredSeries {
    symbol: String,
    ts: Vec<i64>,
    /// The values of each column.
    values: Vec<Vec<f64>>,
}

impl Stored<'_> {
    fn broken(&self, problem: &str) -> MarketStoreError {
        MarketStoreError::file(self.name, problem)
    }

    fn column_index(&self, schema: &Schema, name: &str) -> Result<usize, MarketStoreError> {
        let missing = || format!("it has no column {name}; expected a dataset's bars.arrow");
        schema.index_of(name).map_err(|_| self.broken(&missing()))
    }

    fn column(
        &self,
        batch: &RecordBatch,
        name: &str,
        kind: &DataType,
    ) -> Result<ArrayRef, MarketStoreError> {
        let array = batch.column(self.column_index(&batch.schema(), name)?);
        let cast = arrow::compute::cast(array, kind);
        cast.map_err(|e| self.broken(&format!("column {name}: {e}")))
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<(), MarketStoreError> {
        let symbols = self.column(batch, "symbol", &DataType::Utf8)?;
        let symbols = symbols.as_string::<i32>();
        let ts = self.column(batch, "ts", &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
        let ts = ts.as_primitive::<TimestampNanosecondType>().values();
        let segment = self.column(batch, "segment", &DataType::Int32)?;
        let segment = segment.as_primitive::<Int32Type>();
        let of = |name: &&str| self.column(batch, name, &DataType::Float64);
        let columns: Vec<ArrayRef> = self.columns.iter().map(of).collect::<Result<_, _>>()?;
        let rows = batch.num_rows();
        for (start, end) in runs(rows, |a, b| symbols.value(a) == symbols.value(b)) {
            let symbol = symbols.value(start);
            if self.series.last().is_none_or(|one| one.symbol != symbol) {
                let values = vec![Vec::new(); columns.len()];
                self.series.push(StoredSeries { symbol: symbol.to_owned(), ts: vec![], values });
            }
            let Some(one) = self.series.last_mut() else { continue };
            one.ts.extend_from_slice(&ts[start..end]);
            for (to, from) in one.values.iter_mut().zip(&columns) {
                to.extend_from_slice(&from.as_primitive::<Float64Type>().values()[start..end]);
            }
            let key = |row: usize| segment.is_valid(row).then(|| segment.value(row));
            for (first, last) in runs(end - start, |a, b| key(start + a) == key(start + b)) {
                let key = key(start + first);
                let (first, last) = (self.bars + start + first, self.bars + start + last);
                match self.segments.last_mut() {
                    Some((before, run)) if *before == key => run.end = last,
                    _ => {
                        let series = self.series.len() as u32 - 1;
                        self.segments.push((key, Segment { series, start: first, end: last }));
                    }
                }
            }
        }
        self.bars += rows;
        Ok(())
    }
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
