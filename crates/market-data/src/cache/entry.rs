//! An entry: tables as Arrow IPC streams, one after the other, and a hash of all of it at the end.
//!
//! Streams are written by the `arrow` crate, so that others can read them: of each row its time,
//! its line, the code of its symbol if it has one, and its values; the rest of a table is JSON in
//! the schema. They are read here by their offsets, as what an entry says is believed only once
//! its hash is right: until then nothing is looked up, and no more memory is asked for than the
//! file has bytes.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampNanosecondArray, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::ipc::{self, root_as_message};
use barloom_bars::{Column, PRICE_COLUMNS};
use barloom_memory::vec_with_capacity;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use crate::origins::{Origin, Origins};
use crate::side::SIDE;
use crate::table::{Kind, NO_TIME, Name, Rows, Table};

/// The key of the schema's metadata that holds a table's [`Header`].
const HEADER: &str = "barloom";

/// Rows of a record batch: a few MB, so that an entry takes no memory beside its tables.
const BATCH: usize = 1 << 15;

/// Bytes of the hash at the end.
const TRAILER: u64 = 16;

/// Columns of a table at most. More are of no bars, and schemas of very many cannot be read.
const MOST_COLUMNS: usize = 10_000;

/// The units of epoch times.
const UNITS: [&str; 4] = ["s", "ms", "us", "ns"];

/// All of a table but its rows.
#[derive(Serialize, Deserialize)]
struct Header {
    /// The entry's key: one that was renamed is none.
    key: String,
    /// The number of tables in the entry.
    tables: usize,
    trades: bool,
    file: String,
    symbol: String,
    rows: usize,
    /// Symbols and venues, by their codes.
    names: Option<Vec<(String, Option<String>)>>,
    unit_jumps: Vec<(usize, String, String)>,
    #[serde(default)]
    cut: Option<(u32, String)>,
    time_unit: Option<String>,
    naive: bool,
    notes: Vec<String>,
    available: Vec<String>,
    columns: Vec<String>,
}

/// Bytes of a row: its time, its line, the code of its symbol, its values.
fn row_bytes(has_symbols: bool, columns: usize) -> u64 {
    8 + 4 + 4 * u64::from(has_symbols) + 8 * columns as u64
}

/// Returns true if tables can be an entry.
pub(super) fn can_be(tables: &[Table]) -> bool {
    let fits =
        |table: &Table| matches!(table.rows, Rows::Lines(_)) && table.columns.len() <= MOST_COLUMNS;
    !tables.is_empty() && tables.iter().all(fits)
}

/// About how many bytes the entry of tables has.
pub(super) fn size(tables: &[Table]) -> u64 {
    let of = |table: &Table| {
        row_bytes(table.symbols.is_some(), table.columns.len()) * table.ts.len() as u64
    };
    tables.iter().map(of).sum()
}

/// Writes an entry; its bytes.
pub(super) fn write(file: File, key: &str, tables: &[Table]) -> io::Result<u64> {
    let hash = XxHash3_128::with_seed(0);
    let mut out = Hashed { out: BufWriter::new(file), hash, bytes: 0 };
    let broken = |error: ArrowError| match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    };
    for table in tables {
        stream(&mut out, key, tables.len(), table).map_err(broken)?;
    }
    out.out.write_all(&out.hash.finish_128().to_le_bytes())?;
    out.out.flush()?;
    Ok(out.bytes + TRAILER)
}

/// Writes a table as a stream.
fn stream(out: &mut impl Write, key: &str, tables: usize, table: &Table) -> Result<(), ArrowError> {
    let Table {
        kind,
        file,
        symbol,
        symbols,
        ts,
        unit_jumps,
        time_unit,
        naive,
        notes,
        available,
        columns,
        rows,
        cut,
    } = table;
    let Rows::Lines(lines) = rows else {
        return Err(ArrowError::NotYetImplemented("tables of no text".into()));
    };
    let name = |name: &Name| (name.symbol.clone(), name.venue.clone());
    let header = Header {
        key: key.to_owned(),
        tables,
        trades: *kind == Kind::Trades,
        file: file.clone(),
        symbol: symbol.clone(),
        rows: ts.len(),
        names: symbols.as_ref().map(|(_, names)| names.iter().map(name).collect()),
        unit_jumps: unit_jumps
            .iter()
            .map(|(row, before, now)| (*row, (*before).to_owned(), (*now).to_owned()))
            .collect(),
        cut: cut.clone(),
        time_unit: time_unit.map(str::to_owned),
        naive: *naive,
        notes: notes.clone(),
        available: available.clone(),
        columns: columns.iter().map(|column| column.name.clone()).collect(),
    };
    let header = serde_json::to_string(&header).map_err(io::Error::from)?;
    let instant = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let mut fields =
        vec![Field::new("ts", instant, true), Field::new("line", DataType::UInt32, false)];
    fields.extend(symbols.is_some().then(|| Field::new("symbol", DataType::UInt32, false)));
    let value = |column: &Column| Field::new(column.name.clone(), DataType::Float64, false);
    fields.extend(columns.iter().map(value));
    let schema = Schema::new(fields).with_metadata([(HEADER.to_owned(), header)]);
    let schema = Arc::new(schema);
    let mut writer = StreamWriter::try_new(out, &schema)?;
    for start in (0..ts.len()).step_by(BATCH) {
        let rows = start..ts.len().min(start + BATCH);
        let times = &ts[rows.clone()];
        // What is null is still there, so it need not be asked for.
        let nulls = NullBuffer::from_iter(times.iter().map(|ts| *ts != NO_TIME));
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        let times = TimestampNanosecondArray::new(times.to_vec().into(), nulls);
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(times.with_timezone("UTC")),
            Arc::new(rows.clone().map(|row| lines.get(row).row).collect::<UInt32Array>()),
        ];
        if let Some((codes, _)) = symbols {
            arrays.push(Arc::new(UInt32Array::from(codes[rows.clone()].to_vec())));
        }
        for column in columns {
            arrays.push(Arc::new(Float64Array::from(column.values[rows.clone()].to_vec())));
        }
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), arrays)?)?;
    }
    writer.finish()
}

/// Hashes and counts what is written.
struct Hashed<W> {
    out: W,
    hash: XxHash3_128,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.write(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads the tables of an entry of so many bytes; none if it is not whole, or of another key.
pub(super) fn read(file: impl Read, len: u64, key: &str) -> Option<Vec<Table>> {
    let left = len.checked_sub(TRAILER)?;
    let hash = XxHash3_128::with_seed(0);
    let mut entry = Entry { file: BufReader::new(file), hash, left, bytes: Vec::new() };
    let mut tables = Vec::new();
    let mut count = None;
    while entry.left > 0 {
        let header = entry.header().filter(|header| header.key == key)?;
        if *count.get_or_insert(header.tables) != header.tables {
            return None;
        }
        tables.push(entry.table(header)?);
    }
    let mut trailer = [0; TRAILER as usize];
    entry.file.read_exact(&mut trailer).ok()?;
    let is_whole = u128::from_le_bytes(trailer) == entry.hash.finish_128();
    (is_whole && count == Some(tables.len()) && tables.iter().all(is_sound)).then_some(tables)
}

/// Returns true if the parser could have made a table, as later code assumes.
fn is_sound(table: &Table) -> bool {
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    let columns = match table.kind {
        Kind::Bars => PRICE_COLUMNS.iter().all(|name| has(name)),
        Kind::Trades => {
            let names: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
            matches!(names[..], ["price", "size"] | ["price", "size", SIDE])
        }
        // They are not kept.
        Kind::Values => false,
    };
    let codes = table.symbols.as_ref().is_none_or(|(codes, names)| {
        codes.iter().all(|code| usize::try_from(*code).is_ok_and(|code| code < names.len()))
    });
    columns && codes && table.unit_jumps.iter().all(|(row, ..)| *row < table.ts.len())
}

/// An entry that is being read.
struct Entry<R> {
    file: BufReader<R>,
    hash: XxHash3_128,
    /// Bytes before the trailer.
    left: u64,
    /// The bytes that were read last.
    bytes: Vec<u8>,
}

impl<R: Read> Entry<R> {
    /// Reads so many bytes.
    fn take(&mut self, len: u64) -> Option<&[u8]> {
        self.left = self.left.checked_sub(len)?;
        self.bytes.clear();
        // It grows by what is there.
        self.file.by_ref().take(len).read_to_end(&mut self.bytes).ok()?;
        self.hash.write(&self.bytes);
        (self.bytes.len() as u64 == len).then_some(&self.bytes)
    }

    /// Reads the metadata of the next message; it has no bytes where a stream ends.
    fn message(&mut self) -> Option<&[u8]> {
        let (continues, len) = self.take(8)?.split_first_chunk::<4>()?;
        if *continues != [0xff; 4] {
            return None;
        }
        let len = u32::from_le_bytes(len.try_into().ok()?);
        self.take(len.into())
    }

    /// Reads the schema that a stream begins with.
    fn header(&mut self) -> Option<Header> {
        let message = root_as_message(self.message()?).ok()?;
        let metadata = message.header_as_schema()?.custom_metadata()?;
        let ours = metadata.iter().find(|pair| pair.key() == Some(HEADER))?;
        serde_json::from_str(ours.value()?).ok()
    }

    /// Reads the rows of a table.
    fn table(&mut self, header: Header) -> Option<Table> {
        let rows = header.rows;
        let row = row_bytes(header.names.is_some(), header.columns.len());
        let bytes = (rows as u64).checked_mul(row)?;
        if bytes > self.left {
            return None;
        }
        let mut table = header.without_rows()?;
        let mut lines = Origins::default();
        loop {
            let message = self.message()?;
            if message.is_empty() {
                break;
            }
            let message = root_as_message(message).ok()?;
            let batch = message.header_as_record_batch()?;
            let len = u64::try_from(message.bodyLength()).ok()?;
            let mut parts = Parts::of(batch)?;
            let body = self.take(len)?;
            // Else columns could share their bytes and be any number.
            if parts.rows > rows - table.ts.len() {
                return None;
            }
            table.ts.extend(parts.next(body)?.map(i64::from_le_bytes));
            let row = |bytes| Origin { file: 0, row: u32::from_le_bytes(bytes) };
            parts.next(body)?.map(row).for_each(|line| lines.push(line));
            if let Some((codes, _)) = &mut table.symbols {
                codes.extend(parts.next(body)?.map(u32::from_le_bytes));
            }
            for column in &mut table.columns {
                column.values.extend(parts.next(body)?.map(f64::from_le_bytes));
            }
        }
        table.rows = Rows::Lines(lines);
        (table.ts.len() == rows).then_some(table)
    }
}

impl Header {
    /// The table, with room for its rows.
    fn without_rows(self) -> Option<Table> {
        let rows = self.rows;
        let unit = |unit: &str| UNITS.into_iter().find(|known| *known == unit);
        let jump =
            |(row, before, now): (usize, String, String)| Some((row, unit(&before)?, unit(&now)?));
        let time_unit = match &self.time_unit {
            None => None,
            Some(name) => Some(unit(name)?),
        };
        let names = self.names.map(|names| {
            let name = |(symbol, venue)| Name { symbol, venue };
            (vec_with_capacity(rows), names.into_iter().map(name).collect())
        });
        let column = |name| Column::new(name, vec_with_capacity(rows));
        Some(Table {
            kind: if self.trades { Kind::Trades } else { Kind::Bars },
            file: self.file,
            symbol: self.symbol,
            symbols: names,
            ts: vec_with_capacity(rows),
            unit_jumps: self.unit_jumps.into_iter().map(jump).collect::<Option<_>>()?,
            cut: self.cut,
            time_unit,
            naive: self.naive,
            notes: self.notes,
            available: self.available,
            columns: self.columns.into_iter().map(column).collect(),
            rows: Rows::Lines(Origins::default()),
        })
    }
}

/// The places of the columns' values in the body of a record batch.
struct Parts {
    starts: std::vec::IntoIter<i64>,
    rows: usize,
}

impl Parts {
    fn of(batch: ipc::RecordBatch<'_>) -> Option<Self> {
        let rows = usize::try_from(batch.length()).ok()?;
        // Of each column there are two: which values are null, and the values.
        let starts: Vec<i64> =
            batch.buffers()?.iter().skip(1).step_by(2).map(ipc::Buffer::offset).collect();
        batch.compression().is_none().then_some(Self { starts: starts.into_iter(), rows })
    }

    /// The values of the next column, of `N` bytes each.
    fn next<const N: usize>(&mut self, body: &[u8]) -> Option<impl Iterator<Item = [u8; N]>> {
        let start = usize::try_from(self.starts.next()?).ok()?;
        let bytes = body.get(start..start.checked_add(self.rows.checked_mul(N)?)?)?;
        Some(bytes.as_chunks::<N>().0.iter().copied())
    }
}
