//! Bars from Parquet, Arrow IPC and Feather.

mod labels;
#[cfg(feature = "parquet")]
mod parquet;
mod symbols;
mod times;
mod values;

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, SchemaRef};
use barloom_bars::{Column, PRICE_COLUMNS};
use barloom_columnar::{read_file, read_stream};
use bytes::Bytes;

use crate::names::symbol_of_file;
use crate::number::Numbers;
use crate::panel::check_weak;
use crate::records::{FIXED_POINT, Records, clear_undefined, is_large};
use crate::rename::renamed;
use crate::roles::{Roles, check_roles, is_unnamed, shown, wanted_roles};
use crate::shown::cut;
use crate::side::{SIDE, SideColumn};
use crate::table::{Kind, Rows, Table};
use crate::time::{self, Written};
use crate::times::{Instants, Order, instants};
use crate::{MarketDataError, ReadOptions};
use labels::check_labels;
#[cfg(feature = "parquet")]
pub(crate) use parquet::read_parquet;
use symbols::Symbols;
pub use times::read_times;
use times::{begins_with_time, written, written_apart};
use values::{check_actions, check_twins, floats, numbers_in_text, sides, symbols_of};

/// Rows of which the first value of a column of text is looked for.
const FIRST_ROWS: usize = 64;

/// Some columns of a file, in the order of its schema.
struct Columns {
    /// The place of each in the schema.
    places: Vec<usize>,
    batches: Vec<RecordBatch>,
}

impl Columns {
    fn all(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { places: (0..schema.fields().len()).collect(), batches }
    }

    /// A column, by its place in the schema: names may be there twice.
    fn get(&self, file: &str, name: &str, at: usize) -> Result<ArrayRef, MarketDataError> {
        let place = self.places.binary_search(&at).unwrap_or(usize::MAX);
        let arrays: Vec<&dyn Array> = self
            .batches
            .iter()
            .filter_map(|batch| batch.columns().get(place).map(|array| &**array))
            .collect();
        concat(&arrays).map_err(|e| MarketDataError::file(file, format!("column {name}: {e}")))
    }
}

/// Reads an Arrow IPC file (Feather version 2) or stream.
pub(crate) fn read_arrow(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let error = |e: &dyn std::fmt::Display| {
        MarketDataError::file(file, format!("it is not readable as Arrow IPC: {e}"))
    };
    let (schema, batches) = if bytes.starts_with(b"ARROW1") {
        read_file(bytes).map_err(|e| error(&e))?
    } else {
        read_stream(bytes).map_err(|e| error(&e))?
    };
    tables(file, &schema, batches, options)
}

/// The table of all columns, or one for each symbol that names of columns say.
fn tables(
    file: &str,
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let Some(symbols) = Symbols::of(schema).filter(|_| options.values.is_none()) else {
        return Ok(vec![of_batches(file, schema, batches, options)?]);
    };
    let places: Vec<usize> = (0..schema.fields().len()).collect();
    symbols.tables(&places, &batches, |schema, batches| of_batches(file, schema, batches, options))
}

/// The table of all columns.
fn of_batches(
    file: &str,
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let columns = Columns::all(schema, batches);
    let roles = all_roles(file, schema, &header(file, schema, options)?, options)?;
    let is_number = |at: usize| begins_with_number(&columns, at, options);
    let (roles, available) = usable_roles(schema, roles, is_number, options);
    let table = table(file, schema, (&roles, available), &columns, options)?;
    check_labels(schema, &table, &roles, |_| {
        Ok(Columns { places: columns.places.clone(), batches: columns.batches.clone() })
    })?;
    Ok(table)
}

/// Takes a table that is in memory.
pub(crate) fn take_batches(
    name: &str,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let tables = tables(name, schema, batches.to_vec(), options)?;
    Ok(tables.into_iter().map(|table| Table { symbol: name.to_owned(), ..table }).collect())
}

/// The names of the columns, with those that are to be others.
fn header(
    file: &str,
    schema: &SchemaRef,
    options: &ReadOptions,
) -> Result<Vec<String>, MarketDataError> {
    let header: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    renamed(file, &header, &options.rename)
}

/// Roles of all columns.
fn all_roles(
    file: &str,
    schema: &SchemaRef,
    header: &[String],
    options: &ReadOptions,
) -> Result<Roles, MarketDataError> {
    let mut roles = wanted_roles(header, options.values.as_ref());
    if let Some(clock) = roles.time_of_day
        && matches!(schema.field(clock).data_type(), DataType::Timestamp(..))
    {
        // It holds the date too.
        (roles.time, roles.time_of_day) = (Some(clock), None);
    }
    check_roles(file, header, &roles)?;
    if roles.kind == Kind::Trades {
        options.check_trades(file)?;
    }
    Ok(roles)
}

/// Tells whether a column is one of text.
fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Tells whether a column is read whatever it holds.
fn is_needed(name: &str, kind: Kind) -> bool {
    let of_bars = PRICE_COLUMNS.contains(&name) || name == "volume";
    kind == Kind::Trades || kind == Kind::Bars && of_bars
}

/// Tells whether the first value of a column of text is a number.
fn begins_with_number(columns: &Columns, at: usize, options: &ReadOptions) -> bool {
    let numbers = Numbers::of(&options.csv);
    let place = columns.places.binary_search(&at);
    let Some(batch) = columns.batches.iter().find(|batch| batch.num_rows() > 0) else {
        return false;
    };
    let Some(array) = place.ok().and_then(|place| batch.columns().get(place)) else { return false };
    let rows = array.len().min(FIRST_ROWS);
    let Ok(texts) = cast(&array.slice(0, rows), &DataType::Utf8) else { return false };
    let first =
        texts.as_string::<i32>().iter().flatten().find(|text| !time::is_missing(text.trim()));
    first.is_some_and(|text| numbers.read(text.trim().as_bytes()).is_some())
}

/// Roles of the columns, without those that are neither wanted nor numeric; and the names of all
/// that are numeric, some of them as text.
fn usable_roles(
    schema: &SchemaRef,
    mut roles: Roles,
    is_number: impl Fn(usize) -> bool,
    options: &ReadOptions,
) -> (Roles, Vec<String>) {
    let is_numeric = |at: usize| {
        let kind = schema.field(at).data_type();
        kind.is_numeric() || is_text(kind) && is_number(at)
    };
    let mut available = Vec::new();
    let kind = roles.kind;
    roles.side = roles.side.filter(|_| options.wants("buy_volume"));
    if kind != Kind::Trades {
        let numeric = roles.values.iter().filter(|(at, name)| {
            let of_volume = name == "volume" && is_text(schema.field(*at).data_type());
            is_numeric(*at) || of_volume
        });
        available = numeric.map(|(_, name)| name.clone()).collect();
        roles.values.retain(|(at, name)| {
            kind == Kind::Bars && PRICE_COLUMNS.contains(&name.as_str())
                || options.wants(name)
                    && (is_numeric(*at) || name == "volume" || options.columns.is_some())
        });
    }
    let read: BTreeSet<usize> = roles
        .values
        .iter()
        .map(|(at, _)| *at)
        .chain([roles.time, roles.time_of_day, roles.symbol, roles.series].into_iter().flatten())
        .collect();
    roles.twins.retain(|(one, _)| read.contains(one));
    (roles, available)
}

fn table(
    file: &str,
    schema: &SchemaRef,
    (roles, available): (&Roles, Vec<String>),
    columns: &Columns,
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let header = header(file, schema, options)?;
    let column = |at: usize| columns.get(file, &shown(&header, at), at);
    if columns.batches.iter().all(|b| b.num_rows() == 0) {
        return Err(MarketDataError::file(
            file,
            match roles.kind {
                Kind::Values => "it has no rows; expected records",
                _ => "it has no rows; expected bars",
            },
        ));
    }
    let time = roles.time.unwrap_or_default();
    let name = shown(&header, time);
    let (name, written) = match roles.time_of_day {
        None => (name.clone(), written(file, &name, &column(time)?)?),
        Some(clock) => {
            let (clock_name, clocks) = (shown(&header, clock), column(clock)?);
            if begins_with_time(&clocks) {
                let times = written(file, &clock_name, &clocks)?;
                (clock_name, times)
            } else {
                let dates = column(time)?;
                let times = written_apart(file, (&name, &dates), (&clock_name, &clocks))?;
                (name, times)
            }
        }
    };
    if is_unnamed(&header[time]) && !written.first().is_some_and(Written::is_plausible) {
        check_roles(file, &header, &Roles::default())?;
    }
    for (one, twin) in &roles.twins {
        check_twins(file, [(&header, *one, column(*one)?), (&header, *twin, column(*twin)?)])?;
    }
    let mut symbols = roles.symbol.map(column).transpose()?;
    let records = Records::of(&header, roles.kind);
    let mut says_number = false;
    if let (None, Some(records)) = (&symbols, &records) {
        (symbols, says_number) = (Some(column(records.instrument)?), true);
    }
    let series = roles.series.map(column).transpose()?;
    let symbols = symbols.map(|array| symbols_of(file, &array, series.as_ref())).transpose()?;
    let codes = symbols.as_ref().map(|(codes, _)| &codes[..]);
    let order = match roles.kind {
        Kind::Bars => Order::Bars(codes),
        Kind::Trades | Kind::Values => Order::Trades(codes),
    };
    let place = |row: usize| format!("row {}", row + 1);
    let Instants { ts, time_unit, unit_jumps, naive, notes } =
        instants(file, &name, written.into(), options, order, place)?;
    if let (Some(at), Some((_, names)), Kind::Bars | Kind::Trades) =
        (roles.symbol, &symbols, roles.kind)
    {
        check_weak(file, &shown(&header, at), &ts, names.len())?;
    }
    let is_price = |name: &str| PRICE_COLUMNS.contains(&name) || name == "price";
    let mut prices = roles.values.iter().filter(|(_, name)| is_price(name));
    let mut is_fixed_point =
        records.is_some() && prices.all(|(at, _)| schema.field(*at).data_type().is_integer());
    if is_fixed_point {
        // Whole prices that are small are in units of the currency.
        let mut largest = 0.0_f64;
        for (at, _) in roles.values.iter().filter(|(_, name)| is_price(name)) {
            let values = floats(file, &shown(&header, *at), &column(*at)?)?;
            largest = values.into_iter().fold(largest, |largest, value| largest.max(value.abs()));
        }
        is_fixed_point = is_large(largest);
    }
    let mut read = Vec::with_capacity(roles.values.len());
    for (at, role) in &roles.values {
        let array = column(*at)?;
        let shown = shown(&header, *at);
        let values = match is_text(array.data_type()) {
            false => Some(floats(file, &shown, &array)?),
            true => numbers_in_text(file, &shown, &array, options, {
                is_needed(role, roles.kind) || options.columns.is_some()
            })?,
        };
        let Some(mut values) = values else { continue };
        if is_fixed_point && is_price(role) {
            values.iter_mut().for_each(|value| *value /= FIXED_POINT);
            clear_undefined(&mut values);
        }
        read.push(Column::new(role.clone(), values));
    }
    if let Some((at, meaning)) = roles.side {
        let meaning = if records.is_some() { SideColumn::Letters } else { meaning };
        let needed = options.columns.is_some();
        let values = sides(file, &shown(&header, at), &column(at)?, meaning, needed)?;
        read.extend(values.map(|values| Column::new(SIDE, values)));
    }
    if let Some(action) = records.as_ref().and_then(|records| records.action) {
        check_actions(file, &column(action)?)?;
    }
    Ok(Table {
        kind: roles.kind,
        file: file.to_owned(),
        symbol: symbol_of_file(file, &ts),
        // One instrument is called what its file is.
        symbols: symbols.filter(|(_, names)| !says_number || names.len() > 1),
        ts,
        time_unit,
        unit_jumps,
        naive,
        notes,
        available,
        columns: read,
        rows: Rows::Numbered(0),
        cut: None,
    })
}

fn cast_to(
    file: &str,
    column: &str,
    array: &ArrayRef,
    to: &DataType,
) -> Result<ArrayRef, MarketDataError> {
    cast(array, to).map_err(|e| MarketDataError::file(file, format!("column {column}: {e}")))
}

fn cell(file: &str, column: &str, array: &ArrayRef, row: usize, expected: &str) -> MarketDataError {
    MarketDataError::Cell {
        file: file.to_owned(),
        place: format!("row {}", row + 1),
        column: column.to_owned(),
        got: cut(&arrow::util::display::array_value_to_string(array, row).unwrap_or_default())
            .into_owned(),
        expected: expected.to_owned(),
    }
}
