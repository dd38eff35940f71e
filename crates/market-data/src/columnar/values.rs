//! Numbers and symbols in columns of any type, and columns that mean the same.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};

use super::{cast_to, cell};
use crate::number::Numbers;
use crate::roles::shown;
use crate::side::SideColumn;
use crate::table::{Name, SymbolCodes};
use crate::twins::differ;
use crate::{MarketDataError, ReadOptions};

/// Numbers, missing ones as NaN.
pub(super) fn floats(
    file: &str,
    column: &str,
    array: &ArrayRef,
) -> Result<Vec<f64>, MarketDataError> {
    let cast = cast_to(file, column, array, &DataType::Float64)?;
    if let Some(row) = (0..array.len()).find(|row| array.is_valid(*row) && cast.is_null(*row)) {
        return Err(cell(file, column, array, row, "a number"));
    }
    Ok(cast.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}

/// Numbers that are written as text, missing ones as NaN; none if one is no number and need not be.
pub(super) fn numbers_in_text(
    file: &str,
    column: &str,
    array: &ArrayRef,
    options: &ReadOptions,
    needed: bool,
) -> Result<Option<Vec<f64>>, MarketDataError> {
    let numbers = Numbers::of(&options.csv);
    let text = cast_to(file, column, array, &DataType::Utf8)?;
    let mut values = Vec::with_capacity(array.len());
    for (row, text) in text.as_string::<i32>().iter().enumerate() {
        match numbers.read(text.unwrap_or("").trim().as_bytes()) {
            Some(value) => values.push(value),
            None if needed => return Err(cell(file, column, array, row, "a number")),
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}

/// The aggressors of trades; none if a value is no side and need not be.
pub(super) fn sides(
    file: &str,
    column: &str,
    array: &ArrayRef,
    meaning: SideColumn,
    needed: bool,
) -> Result<Option<Vec<f64>>, MarketDataError> {
    let text = cast_to(file, column, array, &DataType::Utf8)?;
    let mut values = Vec::with_capacity(array.len());
    for (row, text) in text.as_string::<i32>().iter().enumerate() {
        match meaning.read(text.unwrap_or("").trim().as_bytes()) {
            Some(value) => values.push(value),
            None if needed => return Err(cell(file, column, array, row, meaning.expected())),
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}

/// The symbol of each row, of which a second column may be a further part.
pub(super) fn symbols_of(
    file: &str,
    array: &ArrayRef,
    series: Option<&ArrayRef>,
) -> Result<(Vec<u32>, Vec<Name>), MarketDataError> {
    let texts = |array: &ArrayRef| {
        let text = cast_to(file, "symbol", array, &DataType::Utf8)?;
        match (0..array.len()).find(|row| array.is_valid(*row) && text.is_null(*row)) {
            Some(row) => Err(cell(file, "symbol", array, row, "text in UTF-8")),
            None => Ok(text),
        }
    };
    let symbols = texts(array)?;
    let series = series.map(texts).transpose()?;
    let mut codes = SymbolCodes::default();
    for (row, symbol) in symbols.as_string::<i32>().iter().enumerate() {
        let symbol = symbol.unwrap_or("");
        let series = series.as_ref().filter(|series| series.is_valid(row));
        match series.map(|series| series.as_string::<i32>().value(row)) {
            None | Some("") => codes.push(symbol),
            Some(series) => codes.push(&format!("{symbol}-{series}")),
        }
    }
    Ok(codes.finish())
}

/// Compares two columns that mean the same.
pub(super) fn check_twins(
    file: &str,
    twins: [(&Vec<String>, usize, ArrayRef); 2],
) -> Result<(), MarketDataError> {
    let [one, other] = twins;
    let text = |(header, at, array): &(&Vec<String>, usize, ArrayRef)| {
        cast_to(file, &shown(header, *at), array, &DataType::Utf8)
    };
    let both_numbers = [&one, &other].iter().all(|(.., array)| array.data_type().is_numeric());
    let as_numbers = |array: &ArrayRef| cast_to(file, "", array, &DataType::Float64);
    let row = if both_numbers {
        let (a, b) = (as_numbers(&one.2)?, as_numbers(&other.2)?);
        let same = |a: Option<f64>, b: Option<f64>| {
            let (a, b) = (a.unwrap_or(f64::NAN), b.unwrap_or(f64::NAN));
            a == b || a.is_nan() && b.is_nan()
        };
        let pairs = a.as_primitive::<Float64Type>().iter().zip(b.as_primitive::<Float64Type>());
        pairs.into_iter().position(|(a, b)| !same(a, b))
    } else {
        let (a, b) = (text(&one)?, text(&other)?);
        let pairs = a.as_string::<i32>().iter().zip(b.as_string::<i32>());
        pairs.into_iter().position(|(a, b)| a != b)
    };
    let Some(row) = row else { return Ok(()) };
    let shown = |(header, at, array): &(&Vec<String>, usize, ArrayRef)| {
        let got = arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
        (shown(header, *at), got)
    };
    Err(differ(file, &format!("row {}", row + 1), &shown(&one), &shown(&other)))
}

/// Refuses records that are no trades.
pub(super) fn check_actions(file: &str, array: &ArrayRef) -> Result<(), MarketDataError> {
    let text = cast_to(file, "action", array, &DataType::Utf8)?;
    match text.as_string::<i32>().iter().position(|action| action != Some("T")) {
        Some(row) => {
            Err(cell(file, "action", array, row, "a trade, T; keep the rows of trades alone"))
        }
        None => Ok(()),
    }
}
