//! Bars and trades from delimited text.

mod clock;
mod layout;
mod number;
mod propose;
mod rows;

use std::borrow::Cow;

use barloom_bars::{Column, CsvOptions};

use crate::names::symbol_of_file;
use crate::roles::shown;
use crate::table::{Name, Rows, Table};
use crate::times::instants;
use crate::{MarketDataError, ReadOptions};
use layout::Layout;

/// Reads delimited text, with a header or without: one table, or one for each symbol of a wide one.
/// An error says what options would read it, where there are some.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let text = decoded(file, bytes)?;
    let read = tables(file, &text, options);
    match read {
        Err(error) if options.csv == CsvOptions::default() => {
            Err(match propose::for_text(file, &text, options) {
                Some(proposal) => error.with_hint(&proposal),
                None => error,
            })
        }
        read => read,
    }
}

/// The text as UTF-8, without a byte order mark.
fn decoded<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, MarketDataError> {
    let error = |problem: &str| Err(MarketDataError::file(file, problem));
    let wide = match bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => None,
    };
    let text = if let Some(unit) = wide {
        let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        match text {
            Ok(text) if bytes.len().is_multiple_of(2) => Cow::from(text.into_bytes()),
            _ => return error("it is damaged UTF-16 text; save it as UTF-8"),
        }
    } else {
        Cow::from(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return error("it is empty; expected bars");
    }
    if text[..text.len().min(4_096)].contains(&0) {
        return error(
            "it is neither text nor a format that is read; expected CSV, Parquet or Arrow IPC",
        );
    }
    Ok(text)
}

fn tables(file: &str, text: &[u8], options: &ReadOptions) -> Result<Vec<Table>, MarketDataError> {
    let layout = Layout::of(file, text, options)?;
    let rows = rows::read(&layout)?;
    if rows.times.len() == 0 {
        return Err(MarketDataError::file(file, "it has a header and no bars"));
    }
    let column = shown(&layout.header, layout.time);
    let lines = rows.lines;
    let place = |row: usize| format!("line {}", lines[row]);
    let (ts, time_unit, unit_jumps) = instants(file, &column, rows.times, options, place)?;
    let named = layout.symbol.map(|_| rows.symbols.finish());
    let mut values: Vec<Option<Vec<f64>>> = rows.values.into_iter().map(Some).collect();
    let mut tables = Vec::with_capacity(layout.groups.len());
    for group in layout.groups {
        let columns = group.values.filter(|at| !rows.is_text[*at]);
        let columns = columns
            .filter_map(|at| Some(Column::new(layout.values[at].name.clone(), values[at].take()?)));
        let mut table = Table {
            kind: group.kind,
            file: file.to_owned(),
            symbol: symbol_of_file(file, &ts),
            symbols: named.clone(),
            ts: ts.clone(),
            time_unit,
            unit_jumps: unit_jumps.clone(),
            available: group.available,
            columns: columns.collect(),
            rows: Rows::Lines(lines.clone()),
        };
        if let Some(symbol) = group.symbol {
            table.symbols = Some((vec![0; table.ts.len()], vec![Name::from(symbol)]));
            table.drop_empty_rows();
        }
        tables.push(table);
    }
    Ok(tables)
}
