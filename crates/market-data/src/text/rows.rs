//! The rows of delimited text: cut into pieces at the ends of lines, which are read side by side.

use rayon::prelude::*;
use wide::u8x16;

use super::layout::{Layout, reader};
use crate::MarketDataError;
use crate::table::SymbolCodes;
use crate::times::Times;

/// The least bytes of a piece.
const PIECE: usize = 1 << 20;

/// What rows hold.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) times: Times,
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
    let read: Result<Vec<Rows>, MarketDataError> = read.into_iter().collect();
    Ok(joined(layout, read?))
}

/// The rows of all pieces.
fn joined(layout: &Layout<'_>, mut pieces: Vec<Rows>) -> Rows {
    if pieces.len() == 1 {
        return pieces.remove(0);
    }
    let columns = layout.values.len();
    let values = (0..columns).into_par_iter().map(|column| {
        let parts: Vec<&[f64]> = pieces.iter().map(|piece| &*piece.values[column]).collect();
        parts.concat()
    });
    let is_text = |column: usize| pieces.iter().any(|piece| piece.is_text[column]);
    let mut all = Rows {
        values: values.collect(),
        is_text: (0..columns).map(is_text).collect(),
        lines: pieces.iter().map(|piece| &*piece.lines).collect::<Vec<_>>().concat(),
        ..Rows::default()
    };
    all.times.reserve(all.lines.len());
    for piece in &mut pieces {
        all.times.append(std::mem::take(&mut piece.times));
        all.symbols.append(std::mem::take(&mut piece.symbols));
    }
    // A thread each gives its memory back.
    pieces.into_par_iter().for_each(drop);
    all
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
fn read_plain(layout: &Layout<'_>, bytes: &[u8], mut line: u32) -> Result<Rows, MarketDataError> {
    let mut rows = Rows::of(layout);
    if let Some(first) = memchr::memchr(b'\n', bytes) {
        // Lines are mostly of one length.
        rows.reserve(bytes.len() / (first + 1) + bytes.len() / 1_000 + 1);
    }
    let mut ends: Vec<usize> = Vec::with_capacity(layout.header.len() + 1);
    let mut start = 0;
    let mut end_of = |at: usize, rows: &mut Rows| -> Result<(), MarketDataError> {
        if bytes.get(at) == Some(&layout.separator) {
            ends.push(at);
            return Ok(());
        }
        ends.push(at);
        let from = std::mem::replace(&mut start, at + 1);
        let field = |field: usize| {
            let begin = if field == 0 { from } else { ends[field - 1] + 1 };
            trimmed(&bytes[begin..ends[field]])
        };
        if ends.len() > 1 || !field(0).is_empty() {
            rows.push(layout, ends.len(), field, line)?;
        }
        line = line.saturating_add(1);
        ends.clear();
        Ok(())
    };
    let (separator, newline) = (u8x16::splat(layout.separator), u8x16::splat(b'\n'));
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (block, sixteen) in blocks.iter().enumerate() {
        let sixteen = u8x16::new(*sixteen);
        let mut found = (sixteen.simd_eq(separator) | sixteen.simd_eq(newline)).to_bitmask();
        while found != 0 {
            end_of(block * 16 + found.trailing_zeros() as usize, &mut rows)?;
            found &= found - 1;
        }
    }
    for (at, byte) in rest.iter().enumerate() {
        if *byte == layout.separator || *byte == b'\n' {
            end_of(bytes.len() - rest.len() + at, &mut rows)?;
        }
    }
    if bytes.last() != Some(&b'\n') {
        end_of(bytes.len(), &mut rows)?;
    }
    Ok(rows)
}

/// A field without blanks around it.
#[inline]
fn trimmed(field: &[u8]) -> &[u8] {
    match field {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        field => field.trim_ascii(),
    }
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

    fn reserve(&mut self, rows: usize) {
        self.times.reserve(rows);
        self.values.iter_mut().for_each(|values| values.reserve(rows));
        self.lines.reserve(rows);
    }

    /// Takes a row of so many fields.
    #[inline]
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
        let written = match layout.time_of_day {
            Some(at) => layout.clock.read(&format!("{} {}", text(layout.time), text(at))),
            None => layout.clock.read_field(field(layout.time)),
        };
        let Some(written) = written else {
            // Files that were joined each had one.
            if let Some(header) = &layout.header_row
                && (0..width).all(|at| header.get(at) == Some(field(at)))
            {
                return Ok(());
            }
            return Err(layout.cell(
                line,
                layout.time,
                &text(layout.time),
                &layout.clock.expected(),
            ));
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
        self.times.push(written);
        self.lines.push(line);
        Ok(())
    }
}
