//! Bars and trades from delimited text.

mod apart;
mod blocks;
mod clock;
mod cut;
mod digits;
mod encoding;
mod headerless;
mod labels;
mod layout;
mod order;
mod propose;
mod regular;
mod rows;
mod sample;
mod twins;

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use barloom_bars::Column;
use barloom_reading::CsvOptions;

use crate::bounds::{Bounds, HEAD, Stop};
use crate::foreign::begins_json;
use crate::names::symbol_of_file;
use crate::roles::shown;
use crate::table::{self, Kind, Table};
use crate::times::{Instants, Order, instants};
use crate::{MarketDataError, ReadOptions, panel, records};
use blocks::{Placed, Source, Stream};
use layout::Layout;
use rows::Rows;

/// Reads delimited text, with a header or without: one table, or one for each symbol of a wide one.
/// An error says what options would read it, where there are some.
///
/// # Errors
/// The text is not what it should be, or takes more than the bounds.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    options: &ReadOptions,
    bounds: Bounds,
) -> Result<Vec<Table>, MarketDataError> {
    options.go_on()?;
    let text = encoding::to_utf8(decoded(file, bytes)?);
    // No options read these.
    layout::check_lines(file, &text, 0)?;
    let read = tables(file, &text, options, bounds.rows);
    match read {
        read if text.len() > bounds.proposed => read,
        Err(MarketDataError::Stopped) => Err(MarketDataError::Stopped),
        Err(_) if is_cut(file, &text, options, bounds.rows) => {
            let line = 1 + memchr::memchr_iter(b'\n', &text).count();
            let problem = format!(
                "line {line}, the last, is cut: the file ends inside it. Get the file again, or delete \
                 that line"
            );
            Err(MarketDataError::file(file, problem))
        }
        Err(error) if options.csv == CsvOptions::default() && options.values.is_none() => {
            Err(match propose::for_text(file, &text, options, bounds.rows) {
                Some(propose::Proposal::Keys(keys)) => {
                    MarketDataError::Proposed { error: Box::new(error), keys }
                }
                Some(propose::Proposal::Hint(hint)) => error.with_hint(&hint),
                None => error,
            })
        }
        read => read,
    }
}

/// Tells whether text that cannot be read could be without its last line, which has no end.
fn is_cut(file: &str, text: &[u8], options: &ReadOptions, most: usize) -> bool {
    cut::whole_lines(text)
        .filter(|lines| cut::has_fewer_fields(lines, &text[lines.len()..]))
        .is_some_and(|lines| tables(file, lines, options, most).is_ok())
}

/// Reads a large file of delimited text in blocks, without holding it whole; none if it cannot be
/// read so: it is small, no plain text, or not what it should be, of which [`read`] then tells. A
/// file with a line that is too long is an error, before anything holds it.
pub(crate) fn read_file(
    file: &str,
    opened: &File,
    options: &ReadOptions,
) -> Option<Result<Vec<Table>, MarketDataError>> {
    match in_blocks(file, opened, options) {
        Some(tables) => Some(Ok(tables)),
        None if may_be_json(opened) => None,
        None => {
            let line = blocks::long_line(opened, u64::MAX).ok()??;
            Some(Err(layout::too_long(file, line)))
        }
    }
}

/// Checks the lines at the begin of a large file of text, before all of it is hashed for the cache.
///
/// # Errors
/// A line is too long.
pub(crate) fn check_begin(file: &str, opened: &File) -> Result<(), MarketDataError> {
    const LARGE: u64 = 64 << 20;
    let is_large = opened.metadata().is_ok_and(|metadata| metadata.len() > LARGE);
    if !is_large || may_be_json(opened) {
        return Ok(());
    }
    match blocks::long_line(opened, LARGE) {
        Ok(Some(line)) => Err(layout::too_long(file, line)),
        _ => Ok(()),
    }
}

/// Tells whether a file begins like JSON, which may all be on one line.
fn may_be_json(opened: &File) -> bool {
    let mut begin = [0; 64];
    let read = blocks::read_exact_at(opened, &mut begin, 0);
    read.is_ok() && begins_json(&begin)
}

fn in_blocks(file: &str, opened: &File, options: &ReadOptions) -> Option<Vec<Table>> {
    let size = opened.metadata().ok()?.len();
    if size <= HEAD as u64 {
        return None;
    }
    let mut head = vec![0; HEAD];
    blocks::read_exact_at(opened, &mut head, 0).ok()?;
    let layout = layout_of_head(file, &head, options)?;
    let above = head.len() - layout.rows.len();
    let mut source = Source::Placed(Placed::File(opened, above as u64, size));
    let rows = rows::read_blocks(&layout, &mut source, usize::MAX).ok()?;
    let mut tail = vec![0; cut::TAIL as usize];
    blocks::read_exact_at(opened, &mut tail, size - cut::TAIL).ok()?;
    let cut = cut::value(&tail, layout.separator);
    let same = opened.metadata().is_ok_and(|metadata| metadata.len() == size);
    if !same {
        return None;
    }
    of_rows(file, &layout, rows, cut, options).ok().filter(|tables| !tables.iter().any(is_panel))
}

/// Reads delimited text of which the first bytes were read, [`HEAD`] or more, and the others come
/// in a stream, without holding it whole. Its rows may take so many bytes.
///
/// # Errors
/// The text is not what it should be, or cannot be read so; see [`Stop`].
pub(crate) fn read_stream(
    file: &str,
    head: &[u8],
    stream: &mut dyn Read,
    options: &ReadOptions,
    most: usize,
) -> Result<Vec<Table>, Stop> {
    let layout = layout_of_head(file, head, options).ok_or(Stop::Unread)?;
    let mut source = Source::Stream(Stream::new(layout.rows, stream));
    let rows = rows::read_blocks(&layout, &mut source, most)?;
    let cut = match &source {
        Source::Stream(stream) => cut::value(stream.tail(), layout.separator),
        Source::Placed(_) => None,
    };
    let tables = of_rows(file, &layout, rows, cut, options).map_err(Stop::Row)?;
    if tables.iter().any(is_panel) { Err(Stop::Unread) } else { Ok(tables) }
}

/// The layout of a text that can be read in blocks, by its first bytes.
fn layout_of_head<'a>(file: &'a str, head: &'a [u8], options: &ReadOptions) -> Option<Layout<'a>> {
    let Cow::Borrowed(text) = decoded(file, head).ok()? else { return None };
    let layout = Layout::of(file, text, options).ok()?;
    // Only a scan from the beginning shows if a quote opens or closes a field.
    let above = &head[..head.len() - layout.rows.len()];
    // What the first row holds tells which columns are which.
    let has_row = memchr::memchr(b'\n', layout.rows).is_some();
    let is_plain = std::str::from_utf8(above).is_ok() && !above.contains(&b'"');
    (has_row && is_plain && layout.twins.is_empty()).then_some(layout)
}

/// Tells whether the rows of a table may be of several instruments: all of the text says which
/// column tells rows of one time apart.
fn is_panel(table: &Table) -> bool {
    table.kind == Kind::Bars && table.symbols.is_none() && panel::repeats(&table.ts)
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

fn tables(
    file: &str,
    text: &[u8],
    options: &ReadOptions,
    most: usize,
) -> Result<Vec<Table>, MarketDataError> {
    let layout = Layout::of(file, text, options)?;
    twins::check(&layout)?;
    let rows = rows::read(&layout, most)?;
    let cut = cut::value(&text[text.len().saturating_sub(cut::TAIL as usize)..], layout.separator);
    let tables = of_rows(file, &layout, rows, cut, options)?;
    if let [table] = &tables[..]
        && is_panel(table)
    {
        labels::check(&layout, &table.ts)?;
    }
    Ok(tables)
}

/// The tables that rows make; `cut` is why the last of them is cut, if it is.
fn of_rows(
    file: &str,
    layout: &Layout<'_>,
    rows: Rows,
    cut: Option<String>,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    if rows.times.len() == 0 {
        return Err(MarketDataError::file(file, "it has a header and no bars"));
    }
    let column = shown(&layout.header, layout.time);
    let lines = rows.lines;
    let place = |row: usize| format!("line {}", lines.get(row).row);
    let mut cut = cut.map(|why| (lines.get(rows.times.len() - 1).row, why));
    let named = layout.symbol.map(|_| rows.symbols.finish());
    // One instrument is called what its file is.
    let named = named.filter(|(_, names)| !layout.symbol_is_number || names.len() > 1);
    let codes = named.as_ref().map(|(codes, _)| &codes[..]);
    let order = match layout.groups.first().map(|group| group.kind) {
        Some(table::Kind::Trades | table::Kind::Values) => Order::Trades(codes),
        _ => Order::Bars(codes),
    };
    let Instants { mut ts, time_unit, unit_jumps, naive, mut notes } =
        instants(file, &column, rows.times, options, order, place)?;
    if let (Some(at), Some((_, names)), None) = (layout.symbol, &named, &options.values) {
        panel::check_weak(file, &shown(&layout.header, at), &ts, names.len())?;
    }
    let mut values: Vec<Option<Vec<f64>>> = rows.values.into_iter().map(Some).collect();
    for (value, values) in layout.values.iter().zip(values.iter_mut().flatten()) {
        if value.has_undefined {
            records::clear_undefined(values);
        }
    }
    let mut tables = Vec::with_capacity(layout.groups.len());
    let groups = layout.groups.len();
    for (at, group) in layout.groups.iter().enumerate() {
        let columns = group.values.clone().filter(|at| !rows.is_text[*at]);
        let columns = columns
            .filter_map(|at| Some(Column::new(layout.values[at].name.clone(), values[at].take()?)));
        let mut table = Table {
            kind: group.kind,
            file: file.to_owned(),
            symbol: symbol_of_file(file, &ts),
            symbols: named.clone(),
            ts: if at + 1 == groups { std::mem::take(&mut ts) } else { ts.clone() },
            time_unit,
            unit_jumps: unit_jumps.clone(),
            naive,
            // They are of the file, whatever number of tables it has.
            notes: std::mem::take(&mut notes),
            available: group.available.clone(),
            columns: columns.collect(),
            rows: table::Rows::Lines(lines.clone()),
            cut: cut.take(),
        };
        if let Some(symbol) = &group.symbol {
            table.take_symbol(symbol.clone());
        }
        tables.push(table);
    }
    Ok(tables)
}
