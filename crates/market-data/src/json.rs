//! Bars and trades from JSON and JSON Lines.
//!
//! A file is looked through for tables: lists of records, of rows or of columns, at any place in
//! it. Each table is written as delimited text and read as that is, so that names, times and
//! numbers mean what they mean there.

mod find;
mod tape;

use barloom_reading::CsvOptions;

use crate::bounds::Bounds;
use crate::table::{Name, Rows, Table};
use crate::{MarketDataError, ReadOptions, text};
use find::Found;
use tape::Tape;

/// Reads JSON: one table, or one for each symbol that keys name.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    options: &ReadOptions,
    bounds: Bounds,
) -> Result<Vec<Table>, MarketDataError> {
    let error = |problem: String| MarketDataError::file(file, problem);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|e| error(format!("it is JSON that is not UTF-8: {e}; save it as UTF-8")))?;
    let tape = Tape::of(text).map_err(error)?;
    let found = find::tables(&tape, options).map_err(error)?;
    let mut tables = Vec::with_capacity(found.len());
    for Found { header, symbol, rows, .. } in found {
        // Rows without names have those that are given.
        let delimited = rows.written(&tape, header.len()).map_err(error)?;
        let csv = CsvOptions {
            skip_rows: 0,
            separator: Some(','),
            has_header: Some(false),
            names: if header.is_empty() { options.csv.names.clone() } else { header },
            ..options.csv.clone()
        };
        let options = ReadOptions { csv, ..options.clone() };
        let read = text::read(file, &delimited, &options, bounds).map_err(by_row)?;
        for mut table in read {
            // Each row is a line.
            table.rows = Rows::Numbered(0);
            if let (None, Some(symbol)) = (&table.symbols, &symbol) {
                table.symbols = Some((vec![0; table.ts.len()], vec![Name::from(symbol.clone())]));
            }
            tables.push(table);
        }
    }
    Ok(tables)
}

/// An error whose place is a row, not a line.
fn by_row(error: MarketDataError) -> MarketDataError {
    let renamed = |text: String| match text.strip_prefix("line ") {
        Some(rest) => format!("row {rest}"),
        None => text,
    };
    match error {
        MarketDataError::Cell { file, place, column, got, expected } => {
            MarketDataError::Cell { file, place: renamed(place), column, got, expected }
        }
        MarketDataError::File { file, problem } => {
            MarketDataError::File { file, problem: renamed(problem) }
        }
        other => other,
    }
}
