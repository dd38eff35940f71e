//! Times in columns of any type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};

use super::{cast_to, cell, is_text};
use crate::table::NO_TIME;
use crate::time::{self, Written};
use crate::times::{Order, instants};
use crate::{MarketDataError, ReadOptions};

/// Tells whether the first value of a column of text is a whole time, with its date.
pub(super) fn begins_with_time(array: &ArrayRef) -> bool {
    if !is_text(array.data_type()) && !array.data_type().is_integer() {
        return false;
    }
    let Ok(texts) = cast(&array.slice(0, array.len().min(1)), &DataType::Utf8) else {
        return false;
    };
    texts.as_string::<i32>().iter().flatten().next().is_some_and(time::is_whole)
}

/// Times of any type that can hold them.
pub(super) fn written(
    file: &str,
    column: &str,
    array: &ArrayRef,
) -> Result<Vec<Written>, MarketDataError> {
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
        kind if kind.is_integer() => numbers(&integers(&DataType::Int64)?, &time::of_number),
        kind if kind.is_floating() => {
            let values = cast_to(file, column, array, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>().iter().enumerate();
            values
                .map(|(row, value)| match value.filter(|value| !value.is_nan()) {
                    None => Ok(Written::Missing),
                    // As the shortest text of the same number, whose fraction is exact.
                    Some(value) => of_float(value).ok_or_else(|| {
                        cell(file, column, array, row, "a number of s, ms, us or ns since 1970")
                    }),
                })
                .collect()
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
/// rules; none where one is missing. And whether some had no zone and were read as UTC. `table` is
/// what errors call what the column is of.
///
/// # Errors
/// A value is no time, or cannot be told to be one: the error names its row.
pub fn read_times(
    table: &str,
    name: &str,
    array: &ArrayRef,
    options: &ReadOptions,
) -> Result<(Vec<Option<i64>>, bool), MarketDataError> {
    let written = written(table, name, array)?;
    let place = |row: usize| format!("row {}", row + 1);
    let found = instants(table, name, written.into(), options, Order::None, place)?;
    let times = found.ts.into_iter().map(|ts| Some(ts).filter(|ts| *ts != NO_TIME)).collect();
    Ok((times, found.naive))
}

/// Times of a column of dates and one of times of day.
pub(super) fn written_apart(
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
    let is_long = |clock: &str| clock.len() > 4 && time::digits(clock.as_bytes()).is_some();
    // Two digits alone are hours, which no time of day is read from.
    let is_more = |clock: &str| clock.len() > 2 || clock.is_empty();
    let clocks_written = || texts.as_string::<i32>().iter().flatten();
    let digits = match () {
        () if clocks_written().any(is_long) => 6,
        () if clocks_written().any(is_more)
            || clocks_written().all(|c| c.trim_matches('0').is_empty()) =>
        {
            4
        }
        () => 2,
    };
    let rows = days.as_string::<i32>().iter().zip(texts.as_string::<i32>()).enumerate();
    rows.map(|(row, (day, clock))| {
        let (day, clock) = (day.unwrap_or(""), clock.unwrap_or(""));
        if time::is_missing(day) || time::is_missing(clock) {
            return Ok(Written::Missing);
        }
        let is_digits = clock.bytes().all(|byte| byte.is_ascii_digit());
        let padded = is_digits.then(|| time::of_clock_digits(clock, digits)).flatten();
        time::of_text(&format!("{day} {}", padded.as_deref().unwrap_or(clock))).ok_or_else(|| {
            let expected = format!("a time of day such as 14:30:00 beside {date_name} {day}");
            cell(file, clock_name, clocks, row, &expected)
        })
    })
    .collect()
}

/// The time that a number says.
fn of_float(value: f64) -> Option<Written> {
    if value.fract() != 0.0 {
        return time::of_decimal(value.to_string().as_bytes());
    }
    // A float holds each power of two.
    (value.abs() < 9_223_372_036_854_775_808.0).then_some(value as i64).and_then(time::of_number)
}

fn nanos(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}
