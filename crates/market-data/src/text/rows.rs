//! The rows of delimited text: in blocks, which are read side by side.

use barloom_memory::vec_with_capacity;
use rayon::prelude::*;

use super::blocks::{self, Placed, Source};
use super::digits;
use super::layout::{Layout, reader};
use super::regular::{self, Index};
use crate::MarketDataError;
use crate::bounds::Stop;
use crate::origins::{Origin, Origins};
use crate::records;
use crate::table::SymbolCodes;
use crate::time::{self, Written};
use crate::times::Times;

/// Blocks that a thread reads before all are put together.
const ROUND: usize = 4;

/// Bytes that a line without a row counts for.
const BLANK: usize = 16;

/// Quoted rows after which their memory is looked at.
const CHECKED: usize = 4_096;

/// The content of rows.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) times: Times,
    pub(super) symbols: SymbolCodes,
    /// The values of each column; NaN is missing.
    pub(super) values: Vec<Vec<f64>>,
    /// True for a column of text.
    pub(super) is_text: Vec<bool>,
    /// The line of each row, from 1.
    pub(super) lines: Origins,
}

/// Reads all rows of text in memory, which may take so many bytes.
pub(super) fn read(layout: &Layout<'_>, most: usize) -> Result<Rows, MarketDataError> {
    match read_blocks(layout, &mut Source::Placed(Placed::memory(layout.rows)), most) {
        Ok(rows) => Ok(rows),
        Err(Stop::Row(error) | Stop::Whole(error)) => Err(error),
        // Fields in quotes may hold separators and ends of lines.
        Err(Stop::Unread | Stop::Stream(_)) => read_quoted(layout, most),
    }
}

/// A block while it is read, whose memory is used for the next one.
struct Piece {
    buffer: Vec<u8>,
    index: Index,
    /// The rows, whose lines count from 0 as if the block were the whole text.
    rows: Rows,
    state: State,
}

enum State {
    Read,
    /// Something in it is not what it should be.
    Wrong,
    /// A line in it is too long, after so many others.
    TooLong(u32),
    /// It cannot be read in blocks.
    No,
}

/// Fails once the watch stops the reading.
fn go_on(layout: &Layout<'_>) -> Result<(), MarketDataError> {
    if (layout.watch.stop)() { Err(MarketDataError::Stopped) } else { Ok(()) }
}

/// Reads all rows in blocks; they may take so many bytes.
///
/// # Errors
/// A row or a line is wrong, the rows take more, or they cannot be read in blocks, for quotes or
/// because the source cannot be read.
pub(super) fn read_blocks(
    layout: &Layout<'_>,
    source: &mut Source<'_>,
    most: usize,
) -> Result<Rows, Stop> {
    let piece = || Piece {
        buffer: Vec::new(),
        index: Index::default(),
        rows: Rows::of(layout),
        state: State::No,
    };
    let mut at_once = ROUND * rayon::current_num_threads();
    if let Source::Placed(placed) = source {
        at_once = at_once.min(placed.len());
    }
    let mut pieces: Vec<Piece> = (0..at_once).map(|_| piece()).collect();
    let mut all = Rows::of(layout);
    let mut line = layout.line;
    let mut start = 0;
    loop {
        go_on(layout).map_err(Stop::Whole)?;
        let blocks = match source {
            Source::Placed(placed) => at_once.min(placed.len() - start),
            Source::Stream(stream) => {
                let buffers = pieces.iter_mut().map(|piece| &mut piece.buffer);
                stream.fill(buffers).map_err(|error| match blocks::lines_before_long(&error) {
                    Some(lines) => Stop::Whole(layout.long_line_error(line.saturating_add(lines))),
                    None => Stop::Stream(error),
                })?
            }
        };
        if blocks == 0 {
            return Ok(all);
        }
        let placed = match source {
            Source::Placed(placed) => Some(&*placed),
            Source::Stream(_) => None,
        };
        let pieces = &mut pieces[..blocks];
        pieces
            .par_iter_mut()
            .with_max_len(1)
            .enumerate()
            .for_each(|(at, piece)| piece.read(layout, placed, start + at));
        let mut first = line;
        for (at, piece) in pieces.iter_mut().enumerate() {
            match piece.state {
                State::Read => {}
                State::Wrong => {
                    // Once more, for the error to say the line.
                    let text = match placed {
                        Some(placed) => placed.block(start + at, &mut piece.buffer),
                        None => Ok(&piece.buffer[..]),
                    };
                    piece.rows.clear();
                    let text = text.map_err(Stop::Stream)?;
                    let read = read_plain(layout, text, first, &mut piece.rows);
                    return Err(read.err().map_or(Stop::Unread, Stop::Row));
                }
                State::TooLong(lines) => {
                    let line = first.saturating_add(lines);
                    return Err(Stop::Whole(layout.long_line_error(line)));
                }
                State::No => return Err(Stop::Unread),
            }
            first = first.saturating_add(u32::try_from(piece.index.lines()).unwrap_or(u32::MAX));
        }
        if let (0, Some(placed)) = (start, placed) {
            let rows: usize = pieces.iter().map(|piece| piece.rows.times.len()).sum();
            let share = placed.len().div_ceil(blocks);
            // Rows at the end may be longer or shorter.
            all = Rows::with_capacity(layout, rows * share + rows * share / 64);
        }
        all.append(pieces, line);
        line = first;
        start += blocks;
        all.check(layout, line, most).map_err(Stop::Whole)?;
    }
}

impl Piece {
    /// Reads a block of what lies somewhere, or the one in the buffer.
    fn read(&mut self, layout: &Layout<'_>, placed: Option<&Placed<'_>>, block: usize) {
        self.state = State::No;
        self.rows.clear();
        let text = match placed {
            Some(placed) => placed.block(block, &mut self.buffer),
            None => Ok(&self.buffer[..]),
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                if let Some(lines) = blocks::lines_before_long(&error) {
                    self.state = State::TooLong(lines);
                }
                return;
            }
        };
        self.index.find(text, layout.separator);
        if self.index.has_quotes() {
            return;
        }
        if regular::read(layout, text, &self.index, &mut self.rows) {
            let first = Origin { file: 0, row: 0 };
            self.rows.lines = Origins::following(first, self.index.lines());
            self.state = State::Read;
            return;
        }
        self.rows.clear();
        let read = read_plain(layout, text, 0, &mut self.rows);
        self.state = if read.is_ok() { State::Read } else { State::Wrong };
    }
}

/// Reads rows without quotes, of which the first is on that line.
fn read_plain(
    layout: &Layout<'_>,
    bytes: &[u8],
    mut line: u32,
    rows: &mut Rows,
) -> Result<(), MarketDataError> {
    let mut ends: Vec<usize> = Vec::with_capacity(layout.header.len() + 1);
    for text in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        ends.clear();
        ends.extend(memchr::memchr_iter(layout.separator, text));
        ends.push(text.len());
        let field = |field: usize| {
            let begin = if field == 0 { 0 } else { ends[field - 1] + 1 };
            trimmed(&text[begin..ends[field]])
        };
        if ends.len() > 1 || !field(0).is_empty() {
            rows.push(layout, ends.len(), field, line)?;
        }
        line = line.saturating_add(1);
    }
    Ok(())
}

/// A field without blanks around it.
#[inline]
pub(super) fn trimmed(field: &[u8]) -> &[u8] {
    match field {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        field => field.trim_ascii(),
    }
}

fn read_quoted(layout: &Layout<'_>, most: usize) -> Result<Rows, MarketDataError> {
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
        if rows.times.len().is_multiple_of(CHECKED) {
            go_on(layout)?;
            rows.check(layout, line, most)?;
        }
    }
    Ok(rows)
}

/// The number of lines above a record. Its position may lie before the line end and the blank lines
/// that separate it from the record above.
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

    /// No rows yet, and room for so many.
    fn with_capacity(layout: &Layout<'_>, rows: usize) -> Self {
        let mut all = Self::of(layout);
        all.times = Times::with_capacity(rows);
        all.values.iter_mut().for_each(|values| *values = vec_with_capacity(rows));
        all
    }

    /// Checks that rows up to a line take no more than so many bytes. A line without a row counts
    /// too, as reading it takes time.
    fn check(&self, layout: &Layout<'_>, line: u32, most: usize) -> Result<(), MarketDataError> {
        let rows = self.times.len();
        let blank = (line.saturating_sub(layout.line) as usize).saturating_sub(rows);
        let values = 8 * self.values.len() * rows;
        let taken = self.times.bytes() + self.symbols.bytes() + self.lines.bytes() + values;
        if taken + BLANK * blank <= most {
            return Ok(());
        }
        let problem = format!(
            "line {line}, or one near it: its rows take more than {most} bytes of memory, too many for \
             its size; decompress it"
        );
        Err(MarketDataError::file(layout.file, problem))
    }

    /// Lets all rows go, and keeps what is known of columns.
    fn clear(&mut self) {
        self.times.clear();
        self.symbols = SymbolCodes::default();
        self.values.iter_mut().for_each(Vec::clear);
        self.lines = Origins::default();
    }

    /// Puts the rows of blocks after these, of which the first is on that line.
    fn append(&mut self, pieces: &[Piece], mut line: u32) {
        let Self { times, symbols, values, is_text, lines } = self;
        rayon::join(
            || {
                values.par_iter_mut().enumerate().with_max_len(1).for_each(|(column, all)| {
                    for piece in pieces {
                        all.extend_from_slice(&piece.rows.values[column]);
                    }
                });
            },
            || {
                for piece in pieces {
                    times.append(&piece.rows.times);
                    symbols.append(&piece.rows.symbols);
                    for (all, one) in is_text.iter_mut().zip(&piece.rows.is_text) {
                        *all |= *one;
                    }
                    lines.append(&piece.rows.lines.clone().moved(line));
                    let more = u32::try_from(piece.index.lines()).unwrap_or(u32::MAX);
                    line = line.saturating_add(more);
                }
            },
        );
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
        if layout.action.is_some_and(|at| !records::is_trade(field(at))) {
            return Ok(());
        }
        let written = match layout.read_time(&field) {
            // Files that were joined each had a header, whose first field may be empty.
            None | Some(Written::Missing) if layout.is_header(width, &field) => return Ok(()),
            Some(written) => written,
            None => {
                // Of two columns the one that is wrong.
                let is_date = |at: usize| time::is_date(&text(at));
                let at = layout.time_of_day.filter(|_| is_date(layout.time)).unwrap_or(layout.time);
                return Err(layout.cell(line, at, &text(at), &layout.clock.expected()));
            }
        };
        for (place, column) in layout.values.iter().enumerate() {
            let value = if self.is_text[place] {
                f64::NAN
            } else if let Some(side) = column.side {
                match side.read(field(column.at)) {
                    Some(value) => value,
                    None if column.needed => {
                        return Err(layout.cell(
                            line,
                            column.at,
                            &text(column.at),
                            side.expected(),
                        ));
                    }
                    None => {
                        self.is_text[place] = true;
                        f64::NAN
                    }
                }
            } else if let Some(value) = layout.numbers.read(field(column.at)) {
                if column.divisor == 1.0 { value } else { value / column.divisor }
            } else if column.needed || digits::is_number(&text(column.at)) {
                // What is a number with its marks told is no text, whatever column it is in.
                let expected = "a number, or nothing where it is missing; mend it, or say how numbers \
                                are written (csv.thousands, csv.decimal)";
                return Err(layout.cell(line, column.at, &text(column.at), expected));
            } else {
                self.is_text[place] = true;
                f64::NAN
            };
            self.values[place].push(value);
        }
        if let Some(at) = layout.symbol {
            let expected = "a symbol in UTF-8; save the file as UTF-8";
            let series = layout.series.map(|at| (at, field(at))).filter(|(_, s)| !s.is_empty());
            if let Some((series_at, series)) = series {
                let part = |at: usize, bytes: &'f [u8]| {
                    std::str::from_utf8(bytes)
                        .map_err(|_| layout.cell(line, at, &text(at), expected))
                };
                let (symbol, series) = (part(at, field(at))?, part(series_at, series)?);
                self.symbols.push(&format!("{symbol}-{series}"));
            } else if !self.symbols.push_bytes(field(at)) {
                return Err(layout.cell(line, at, &text(at), expected));
            }
        }
        self.times.push(written);
        self.lines.push(Origin { file: 0, row: line });
        Ok(())
    }
}
