//! The rows of delimited text: cut into pieces at the ends of lines, which are read side by side.

use rayon::prelude::*;

use super::layout::{Layout, reader};
use crate::MarketDataError;
use crate::table::SymbolCodes;
use crate::time::Written;

/// The least bytes of a piece.
const PIECE: usize = 1 << 20;

/// What rows hold.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) written: Vec<Written>,
    pub(super) symbols: SymbolCodes,
    /// Of each column its values; NaN is missing.
    pub(super) values: Vec<Vec<f64>>,
    /// Whether a column holds text.
    pub(super) is_text: Vec<bool>,
    /// The line of each row, from 1.
    pub(super) lines: Vec<u32>,
}

/// Reads all rows.
pub(super) fn read(layout: &Layout<'_>) -> Result<Rows, MarketDataError> {
    let bytes = layout.rows;
    if memchr::memchr(b'"', bytes).is_some() {
        // Fields in quotes may hold separators and ends of lines.
        return read_quoted(layout);
    }
    let pieces = pieces(bytes, PIECE.max(bytes.len() / (4 * rayon::current_num_threads())));
    let mut line = layout.line;
    let mut starts = Vec::with_capacity(pieces.len());
    let counts: Vec<usize> =
        pieces.par_iter().map(|piece| memchr::memchr_iter(b'\n', piece).count()).collect();
    for count in counts {
        starts.push(line);
        line = line.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }
    let read: Vec<Result<Rows, MarketDataError>> = pieces
        .par_iter()
        .zip(&starts)
        .map(|(piece, line)| read_plain(layout, piece, *line))
        .collect();
    let mut all: Option<Rows> = None;
    for rows in read {
        let rows = rows?;
        match &mut all {
            Some(all) => all.append(rows),
            none => *none = Some(rows),
        }
    }
    Ok(all.unwrap_or_default())
}

/// Text cut at ends of lines into pieces of about so many bytes.
fn pieces(mut bytes: &[u8], size: usize) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let end = match bytes.get(size..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            Some(at) => size + at + 1,
            None => bytes.len(),
        };
        let (piece, rest) = bytes.split_at(end);
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Reads rows without quotes, of which the first is on that line.
fn read_plain(layout: &Layout<'_>, bytes: &[u8], line: u32) -> Result<Rows, MarketDataError> {
    let mut rows = Rows::of(layout);
    let mut ends: Vec<usize> = Vec::with_capacity(layout.header.len());
    let mut start = 0;
    for (number, end) in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]).enumerate() {
        let text = bytes[start..end].trim_ascii();
        start = (end + 1).min(bytes.len());
        if text.is_empty() {
            continue;
        }
        ends.clear();
        ends.extend(memchr::memchr_iter(layout.separator, text));
        ends.push(text.len());
        let field = |at: usize| {
            let begin = if at == 0 { 0 } else { ends[at - 1] + 1 };
            text[begin..ends[at]].trim_ascii()
        };
        rows.push(layout, ends.len(), field, line.saturating_add(number as u32))?;
    }
    Ok(rows)
}

fn read_quoted(layout: &Layout<'_>) -> Result<Rows, MarketDataError> {
    let mut rows = Rows::of(layout);
    let mut reader = reader(layout.rows, layout.separator);
    let mut record = csv::ByteRecord::new();
    let broken = |e: csv::Error| MarketDataError::file(layout.file, e);
    while reader.read_byte_record(&mut record).map_err(broken)? {
        if record.len() == 1 && record[0].is_empty() {
            continue;
        }
        let line = layout.line.saturating_add(lines_above(layout.rows, record.position()));
        let field = |at: usize| record.get(at).unwrap_or_default();
        rows.push(layout, record.len(), field, line)?;
    }
    Ok(rows)
}

/// How many lines are above a record. Its position may lie before the line ends and blank lines
/// that part it from the one above.
fn lines_above(bytes: &[u8], position: Option<&csv::Position>) -> u32 {
    let Some(position) = position else { return 0 };
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let before = rest.iter().take_while(|b| b.is_ascii_whitespace());
    let skipped = before.filter(|b| **b == b'\n').count() as u64;
    u32::try_from(position.line() - 1 + skipped).unwrap_or(u32::MAX)
}

impl Rows {
    fn of(layout: &Layout<'_>) -> Self {
        let columns = layout.values.len();
        Self { values: vec![Vec::new(); columns], is_text: vec![false; columns], ..Self::default() }
    }

    /// Takes a row of so many fields.
    fn push<'f>(
        &mut self,
        layout: &Layout<'_>,
        width: usize,
        field: impl Fn(usize) -> &'f [u8],
        line: u32,
    ) -> Result<(), MarketDataError> {
        if width != layout.header.len() {
            return Err(layout.width_error(line, width));
        }
        let text = |at: usize| String::from_utf8_lossy(field(at));
        let date = text(layout.time);
        let written = match layout.time_of_day {
            Some(at) => layout.clock.read(&format!("{date} {}", text(at))),
            None => layout.clock.read(&date),
        };
        let Some(written) = written else {
            // Files that were joined each had one.
            if let Some(header) = &layout.header_row
                && (0..width).all(|at| header.get(at) == Some(field(at)))
            {
                return Ok(());
            }
            return Err(layout.cell(line, layout.time, &date, &layout.clock.expected()));
        };
        for (place, column) in layout.values.iter().enumerate() {
            let value = if self.is_text[place] {
                f64::NAN
            } else if let Some(value) = layout.numbers.read(field(column.at)) {
                if column.divisor == 1.0 { value } else { value / column.divisor }
            } else if column.needed {
                let expected = "a number; thousands and decimal under [data.csv] say how others \
                                are written";
                return Err(layout.cell(line, column.at, &text(column.at), expected));
            } else {
                self.is_text[place] = true;
                f64::NAN
            };
            self.values[place].push(value);
        }
        if let Some(at) = layout.symbol {
            self.symbols.push(&text(at));
        }
        self.written.push(written);
        self.lines.push(line);
        Ok(())
    }

    /// Puts the rows of the next piece after these.
    fn append(&mut self, next: Self) {
        self.written.extend(next.written);
        self.symbols.append(next.symbols);
        for (mine, values) in self.values.iter_mut().zip(next.values) {
            mine.extend(values);
        }
        for (mine, is_text) in self.is_text.iter_mut().zip(next.is_text) {
            *mine |= is_text;
        }
        self.lines.extend(next.lines);
    }
}
