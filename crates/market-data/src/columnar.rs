//! Bars from Parquet, Arrow IPC and Feather.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef, TimeUnit};
use barloom_bars::{Column, PRICE_COLUMNS};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::names::symbol_of_file;
use crate::rename::renamed;
use crate::roles::{Roles, check_roles, is_unnamed, roles, shown};
use crate::shown::cut;
use crate::source::unpacked_limit;
use crate::table::{Kind, NO_TIME, Name, Rows, SymbolCodes, Table};
use crate::time::{self, Written};
use crate::times::{Instants, Order, instants};
use crate::{MarketDataError, ReadOptions, ipc, pages};

/// Reads a Parquet file: only the columns that bars are made from.
pub(crate) fn read_parquet(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let error = |e: &dyn std::fmt::Display| {
        MarketDataError::file(file, format!("it is not readable as Parquet: {e}"))
    };
    pages::check_footer(bytes).map_err(|e| error(&e))?;
    let limit = unpacked_limit(bytes.len() as u64);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).map_err(|e| error(&e))?;
    let schema = builder.schema().clone();
    let (roles, available) = usable_roles(file, &schema, options)?;
    let mut wanted: Vec<usize> = roles.values.iter().map(|(at, _)| *at).collect();
    wanted.extend([roles.time, roles.time_of_day, roles.symbol].into_iter().flatten());
    let batch_rows = pages::check(bytes, builder.metadata(), &wanted).map_err(|e| error(&e))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let reader =
        builder.with_projection(mask).with_batch_size(batch_rows).build().map_err(|e| error(&e))?;
    let mut batches = Vec::new();
    let mut unpacked = 0;
    for batch in reader {
        let batch = batch.map_err(|e| error(&e))?;
        unpacked += batch.get_array_memory_size() as u64;
        if unpacked > limit {
            return Err(error(&pages::too_large(limit)));
        }
        batches.push(batch);
    }
    table(file, &schema, (&roles, available), &batches, options)
}

/// Reads an Arrow IPC file (Feather version 2) or stream.
pub(crate) fn read_arrow(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let error = |e: &dyn std::fmt::Display| {
        MarketDataError::file(file, format!("it is not readable as Arrow IPC: {e}"))
    };
    let (schema, batches) = if bytes.starts_with(b"ARROW1") {
        ipc::read_file(bytes).map_err(|e| error(&e))?
    } else {
        ipc::read_stream(bytes).map_err(|e| error(&e))?
    };
    let (roles, available) = usable_roles(file, &schema, options)?;
    table(file, &schema, (&roles, available), &batches, options)
}

/// Takes a table that is in memory.
pub(crate) fn take_batches(
    name: &str,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let (roles, available) = usable_roles(name, schema, options)?;
    let table = table(name, schema, (&roles, available), batches, options)?;
    Ok(Table { symbol: name.to_owned(), ..table })
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

/// Roles of the columns, without those that are neither wanted nor numeric; and the names of all
/// that are numeric.
fn usable_roles(
    file: &str,
    schema: &SchemaRef,
    options: &ReadOptions,
) -> Result<(Roles, Vec<String>), MarketDataError> {
    let header = header(file, schema, options)?;
    let mut roles = roles(&header);
    if let Some(clock) = roles.time_of_day
        && matches!(schema.field(clock).data_type(), DataType::Timestamp(..))
    {
        // It holds the date too.
        (roles.time, roles.time_of_day) = (Some(clock), None);
    }
    check_roles(file, &header, &roles)?;
    if roles.kind == Kind::Trades {
        options.check_trades(file)?;
        return Ok((roles, Vec::new()));
    }
    let is_numeric = |at: usize| schema.field(at).data_type().is_numeric();
    let numeric = roles.values.iter().filter(|(at, _)| is_numeric(*at));
    let available = numeric.map(|(_, name)| name.clone()).collect();
    roles.values.retain(|(at, name)| {
        PRICE_COLUMNS.contains(&name.as_str())
            || options.wants(name) && (is_numeric(*at) || options.columns.is_some())
    });
    Ok((roles, available))
}

fn table(
    file: &str,
    schema: &SchemaRef,
    (roles, available): (&Roles, Vec<String>),
    batches: &[RecordBatch],
    options: &ReadOptions,
) -> Result<Table, MarketDataError> {
    let column = |at: usize| -> Result<ArrayRef, MarketDataError> {
        let name = schema.field(at).name();
        let arrays: Vec<ArrayRef> =
            batches.iter().filter_map(|b| b.column_by_name(name).cloned()).collect();
        let arrays: Vec<&dyn Array> = arrays.iter().map(|a| &**a).collect();
        concat(&arrays).map_err(|e| MarketDataError::file(file, format!("column {name}: {e}")))
    };
    if batches.iter().all(|b| b.num_rows() == 0) {
        return Err(MarketDataError::file(file, "it has no rows; expected bars"));
    }
    let time = roles.time.unwrap_or_default();
    let header = header(file, schema, options)?;
    let name = shown(&header, time);
    let written = match roles.time_of_day {
        None => written(file, &name, &column(time)?)?,
        Some(clock) => {
            let clock = (shown(&header, clock), column(clock)?);
            written_apart(file, (&name, &column(time)?), (&clock.0, &clock.1))?
        }
    };
    if is_unnamed(&header[time]) && !written.first().is_some_and(Written::is_plausible) {
        check_roles(file, &header, &Roles::default())?;
    }
    let symbols = roles.symbol.map(column).transpose()?;
    let symbols = symbols.map(|array| symbols_of(file, &array)).transpose()?;
    let codes = symbols.as_ref().map(|(codes, _)| &codes[..]);
    let order = match roles.kind {
        Kind::Bars => Order::Bars(codes),
        Kind::Trades => Order::Trades(codes),
    };
    let place = |row: usize| format!("row {}", row + 1);
    let Instants { ts, time_unit, unit_jumps, naive, notes } =
        instants(file, &name, written.into(), options, order, place)?;
    let mut columns = Vec::with_capacity(roles.values.len());
    for (at, role) in &roles.values {
        columns.push(Column::new(role.clone(), floats(file, role, &column(*at)?)?));
    }
    Ok(Table {
        kind: roles.kind,
        file: file.to_owned(),
        symbol: symbol_of_file(file, &ts),
        symbols,
        ts,
        time_unit,
        unit_jumps,
        naive,
        notes,
        available,
        columns,
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

/// Numbers, missing ones as NaN.
fn floats(file: &str, column: &str, array: &ArrayRef) -> Result<Vec<f64>, MarketDataError> {
    let cast = cast_to(file, column, array, &DataType::Float64)?;
    if let Some(row) = (0..array.len()).find(|row| array.is_valid(*row) && cast.is_null(*row)) {
        return Err(cell(file, column, array, row, "a number"));
    }
    Ok(cast.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}

fn symbols_of(file: &str, array: &ArrayRef) -> Result<(Vec<u32>, Vec<Name>), MarketDataError> {
    let text = cast_to(file, "symbol", array, &DataType::Utf8)?;
    // Bytes that are no text, which would all become one symbol.
    if let Some(row) = (0..array.len()).find(|row| array.is_valid(*row) && text.is_null(*row)) {
        return Err(cell(file, "symbol", array, row, "a symbol in UTF-8"));
    }
    let mut codes = SymbolCodes::default();
    for symbol in text.as_string::<i32>() {
        codes.push(symbol.unwrap_or(""));
    }
    Ok(codes.finish())
}

/// Times of any type that can hold them.
fn written(file: &str, column: &str, array: &ArrayRef) -> Result<Vec<Written>, MarketDataError> {
    let integers = |to: &DataType| -> Result<ArrayRef, MarketDataError> {
        let cast = cast_to(file, column, &cast_to(file, column, array, to)?, &DataType::Int64)?;
        match (0..array.len()).find(|row| array.is_valid(*row) && cast.is_null(*row)) {
            Some(row) => {
                Err(cell(file, column, array, row, "a time within the years 1678 to 2261"))
            }
            None => Ok(cast),
        }
    };
    let numbers = |array: &ArrayRef, of: &dyn Fn(i64) -> Option<Written>| {
        let values = array.as_primitive::<Int64Type>().iter().enumerate();
        values
            .map(|(row, value)| match value {
                None => Ok(Written::Missing),
                Some(value) => of(value).ok_or_else(|| {
                    cell(file, column, array, row, "a number of s, ms, us or ns since 1970")
                }),
            })
            .collect()
    };
    match array.data_type() {
        DataType::Timestamp(unit, zone) => {
            let (per, has_zone) = (nanos(*unit), zone.is_some());
            let raw = integers(array.data_type())?;
            numbers(&raw, &|value| {
                let ns = value.checked_mul(per)?;
                Some(if has_zone { Written::Instant(ns) } else { Written::Local(ns) })
            })
        }
        DataType::Date32 | DataType::Date64 => {
            let raw = integers(&DataType::Timestamp(TimeUnit::Millisecond, None))?;
            numbers(&raw, &|value| Some(Written::Local(value.checked_mul(1_000_000)?)))
        }
        kind if kind.is_integer() || kind.is_floating() => {
            numbers(&integers(&DataType::Int64)?, &time::of_number)
        }
        _ => {
            let text = cast_to(file, column, array, &DataType::Utf8)?;
            let times = text.as_string::<i32>().iter().enumerate();
            times
                .map(|(row, value)| {
                    time::of_text(value.unwrap_or("")).ok_or_else(|| {
                        cell(file, column, array, row, "a time such as 2024-01-31 14:30:00")
                    })
                })
                .collect()
        }
    }
}

/// Times in ns since 1970 UTC of a column of any type that the times of bars can have, by the same
/// rules; none where one is missing. `table` is what errors call what the column is of.
///
/// # Errors
/// A value is no time, or can't be told to be one: the error names its row.
pub fn read_times(
    table: &str,
    name: &str,
    array: &ArrayRef,
    options: &ReadOptions,
) -> Result<Vec<Option<i64>>, MarketDataError> {
    let written = written(table, name, array)?;
    let place = |row: usize| format!("row {}", row + 1);
    let found = instants(table, name, written.into(), options, Order::None, place)?;
    Ok(found.ts.into_iter().map(|ts| Some(ts).filter(|ts| *ts != NO_TIME)).collect())
}

/// Times of a column of dates and one of times of day.
fn written_apart(
    file: &str,
    (date_name, dates): (&str, &ArrayRef),
    (clock_name, clocks): (&str, &ArrayRef),
) -> Result<Vec<Written>, MarketDataError> {
    let date_kind = dates.data_type();
    let mut days = Arc::clone(dates);
    if matches!(date_kind, DataType::Timestamp(..) | DataType::Date64) {
        days = cast_to(file, date_name, dates, &DataType::Date32)?;
        let again = cast_to(file, date_name, &days, date_kind)?;
        let [before, after] =
            [dates, &again].map(|a| cast_to(file, date_name, a, &DataType::Int64));
        let (before, after) = (before?, after?);
        let mut pairs =
            before.as_primitive::<Int64Type>().iter().zip(after.as_primitive::<Int64Type>());
        if let Some(row) = pairs.position(|(before, after)| before != after) {
            let expected = format!("a date; the time of day is in column {clock_name}");
            return Err(cell(file, date_name, dates, row, &expected));
        }
    }
    let days = cast_to(file, date_name, &days, &DataType::Utf8)?;
    let texts = cast_to(file, clock_name, clocks, &DataType::Utf8)?;
    let rows = days.as_string::<i32>().iter().zip(texts.as_string::<i32>()).enumerate();
    rows.map(|(row, (day, clock))| {
        let (day, clock) = (day.unwrap_or(""), clock.unwrap_or(""));
        if time::is_missing(day) || time::is_missing(clock) {
            return Ok(Written::Missing);
        }
        time::of_text(&format!("{day} {clock}")).ok_or_else(|| {
            let expected = format!("a time of day such as 14:30:00 beside {date_name} {day}");
            cell(file, clock_name, clocks, row, &expected)
        })
    })
    .collect()
}

fn nanos(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
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
