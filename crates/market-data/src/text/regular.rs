//! Blocks of lines that all have the header's fields, as those of most files do: the ends of fields
//! are found 64 bytes at a time, and then each column is read from one end to the other.

use wide::u8x16;

use super::clock::Clock;
use super::digits;
use super::layout::Layout;
use super::rows::{Rows, trimmed};
use crate::number::{Numbers, decimal_at, whole_at};
use crate::side::SideColumn;
use crate::time;

/// The ends of a block's fields.
#[derive(Default)]
pub(super) struct Index {
    /// The end of each field. Before the first is an end one below 0.
    ends: Vec<u32>,
    /// The number of these ends that are ends of lines.
    lines: usize,
    /// True if there is a quote, in which an end may not be one.
    has_quotes: bool,
}

impl Index {
    /// Finds the ends in a block, whose bytes are fewer than 32 bits count.
    pub(super) fn find(&mut self, bytes: &[u8], separator: u8) {
        self.ends.clear();
        self.ends.push(u32::MAX);
        let mut quotes = u8x16::splat(0);
        let (separators, newlines) = (u8x16::splat(separator), u8x16::splat(b'\n'));
        let quote = u8x16::splat(b'"');
        let (blocks, rest) = bytes.as_chunks::<64>();
        self.lines = 0;
        let mut found = [0; 64];
        for (block, bytes) in blocks.iter().enumerate() {
            let mut ends = 0_u64;
            let mut ends_lines = 0_u64;
            for (quarter, sixteen) in bytes.as_chunks::<16>().0.iter().enumerate() {
                let sixteen = u8x16::new(*sixteen);
                let ends_line = sixteen.simd_eq(newlines);
                let ends_field = sixteen.simd_eq(separators) | ends_line;
                quotes |= sixteen.simd_eq(quote);
                ends |= u64::from(ends_field.to_bitmask()) << (16 * quarter);
                ends_lines |= u64::from(ends_line.to_bitmask()) << (16 * quarter);
            }
            self.lines += ends_lines.count_ones() as usize;
            // Eight at a time: to look whether there is another one takes longer than to find it.
            let count = ends.count_ones() as usize;
            for eight in found.chunks_exact_mut(8).take(count.div_ceil(8)) {
                for place in eight {
                    *place = block as u32 * 64 + ends.trailing_zeros();
                    ends &= ends.wrapping_sub(1);
                }
            }
            self.ends.extend_from_slice(&found[..count]);
        }
        self.has_quotes = quotes.to_bitmask() != 0 || rest.contains(&b'"');
        for (at, byte) in rest.iter().enumerate() {
            self.lines += usize::from(*byte == b'\n');
            if *byte == separator || *byte == b'\n' {
                self.ends.push((bytes.len() - rest.len() + at) as u32);
            }
        }
        if bytes.last().is_some_and(|last| *last != b'\n') {
            self.lines += 1;
            self.ends.push(bytes.len() as u32);
        }
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    pub(super) fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Returns true if every line has so many fields.
    fn is_regular(&self, bytes: &[u8], width: usize) -> bool {
        let ends = &self.ends[1..];
        // As many lines as there are rows, each of which ends one: none is within a row.
        ends.len() == self.lines * width
            && ends[width - 1..]
                .iter()
                .step_by(width)
                .all(|end| bytes.get(*end as usize).is_none_or(|byte| *byte == b'\n'))
    }
}

/// Reads the rows of a block. False, and rows that are unspecified, if they are better read one by
/// one: a line has another number of fields, a field is not what its column needs.
pub(super) fn read(layout: &Layout<'_>, bytes: &[u8], index: &Index, rows: &mut Rows) -> bool {
    let width = layout.header.len();
    let told = matches!(layout.clock, Clock::Told) && layout.time_of_day.is_none();
    if !told
        || layout.series.is_some()
        || layout.action.is_some()
        || index.lines == 0
        || !index.is_regular(bytes, width)
    {
        return false;
    }
    let fields = |column: usize| Fields { bytes, ends: &index.ends, width, column };
    if !times(layout, &fields(layout.time), rows) {
        return false;
    }
    for (place, column) in layout.values.iter().enumerate() {
        let values = &mut rows.values[place];
        values.resize(index.lines, f64::NAN);
        let are_read = |values: &mut [f64]| match column.side {
            Some(side) => sides(side, &fields(column.at), values),
            None => numbers(layout.numbers, &fields(column.at), values),
        };
        if !rows.is_text[place] && !are_read(values) {
            let is_side = column.side.is_some();
            if column.needed || !is_side && is_marked(layout.numbers, &fields(column.at)) {
                return false;
            }
            rows.is_text[place] = true;
            values.fill(f64::NAN);
        }
        if column.divisor != 1.0 {
            values.iter_mut().for_each(|value| *value /= column.divisor);
        }
    }
    if let Some(at) = layout.symbol {
        return fields(at).all(|start, end| rows.symbols.push_bytes(trimmed(&bytes[start..end])));
    }
    true
}

/// Reads a column of numbers; false if one is none.
fn numbers(numbers: Numbers, fields: &Fields<'_>, values: &mut [f64]) -> bool {
    let bytes = fields.bytes;
    let any = |start: usize, end: usize| numbers.read(trimmed(&bytes[start..end]));
    let mut places = values.iter_mut();
    if !numbers.are_plain() {
        return fields.all(|start, end| {
            any(start, end).zip(places.next()).map(|(value, place)| *place = value).is_some()
        });
    }
    fields.all(|start, end| {
        let Some(place) = places.next() else { return false };
        if let Some(value) = decimal_at(bytes, start, end) {
            *place = value;
            return true;
        }
        any(start, end).map(|value| *place = value).is_some()
    })
}

/// Reads a column of sides; false if a field is not a side.
fn sides(side: SideColumn, fields: &Fields<'_>, values: &mut [f64]) -> bool {
    let mut places = values.iter_mut();
    fields.all(|start, end| {
        let value = side.read(trimmed(&fields.bytes[start..end]));
        value.zip(places.next()).map(|(value, place)| *place = value).is_some()
    })
}

/// Tells whether the first field that is no number is one with marks that were not told.
fn is_marked(numbers: Numbers, fields: &Fields<'_>) -> bool {
    let mut is_marked = false;
    fields.all(|start, end| {
        let field = trimmed(&fields.bytes[start..end]);
        let is_number = numbers.read(field).is_some();
        is_marked = !is_number && digits::is_number(&String::from_utf8_lossy(field));
        is_number
    });
    is_marked
}

/// Reads the column of times; false if one is none.
fn times(layout: &Layout<'_>, fields: &Fields<'_>, rows: &mut Rows) -> bool {
    let bytes = fields.bytes;
    let field = |start: usize, end: usize| trimmed(&bytes[start..end]);
    let (start, end) = fields.first();
    let first = field(start, end);
    if let Some((range, unit, name)) = time::digits(first).and_then(time::plain_epochs) {
        // Mostly all are of one unit, which then is looked for once.
        let read = |start: usize, end: usize| {
            let number = whole_at(bytes, start, end).or_else(|| time::digits(field(start, end)))?;
            range.contains(&number).then_some(number)?.checked_mul(unit)
        };
        let ns = rows.times.epochs(name);
        ns.reserve(fields.rows());
        if fields.all(|start, end| read(start, end).map(|one| ns.push(one)).is_some()) {
            return true;
        }
        rows.times.clear();
    }
    fields.all(|start, end| match layout.clock.read_field(field(start, end)) {
        Some(written) => {
            rows.times.push(written);
            true
        }
        None => false,
    })
}

/// The fields of a column.
struct Fields<'a> {
    bytes: &'a [u8],
    ends: &'a [u32],
    width: usize,
    column: usize,
}

impl Fields<'_> {
    fn rows(&self) -> usize {
        (self.ends.len() - 1) / self.width
    }

    /// The start and end of the first row's field.
    fn first(&self) -> (usize, usize) {
        let mut first = (0, 0);
        self.all(|start, end| {
            first = (start, end);
            false
        });
        first
    }

    /// Takes of each row where its field begins and ends, until one is not as it should be; whether
    /// all were.
    #[inline]
    fn all(&self, mut take: impl FnMut(usize, usize) -> bool) -> bool {
        let is_last = self.column + 1 == self.width;
        let mut at = self.column;
        (0..self.rows()).all(|_| {
            let (start, mut end) =
                (self.ends[at].wrapping_add(1) as usize, self.ends[at + 1] as usize);
            at += self.width;
            if is_last && end > start && self.bytes[end - 1] == b'\r' {
                end -= 1;
            }
            take(start, end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &[u8]) -> Index {
        let mut index = Index::default();
        index.find(text, b',');
        index
    }

    #[test]
    fn ends_are_where_they_are() {
        let long = "a,bc,\n".repeat(50);
        for text in ["", "a", "a,b\n", "a,b\nc", ",,\n\n,", "a,b\r\nc,d\r\n", &long] {
            let index = index(text.as_bytes());
            let closed = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            let closed = format!("{text}{closed}");
            let expected: Vec<u32> = closed
                .bytes()
                .enumerate()
                .filter(|(_, byte)| matches!(byte, b',' | b'\n'))
                .map(|(at, _)| at as u32)
                .collect();
            assert_eq!(index.ends[1..], expected, "{text:?}");
            assert_eq!(index.lines, closed.matches('\n').count(), "{text:?}");
        }
        assert!(index(b"a,b,c,d,e,f,g,h,i\",").has_quotes() && index(b"1,\"").has_quotes());
    }

    #[test]
    fn lines_of_other_widths_are_told() {
        let is_regular =
            |text: &str, width| index(text.as_bytes()).is_regular(text.as_bytes(), width);
        assert!(is_regular("1,2\n3,4\n", 2) && is_regular("1,2\n3,4", 2));
        assert!(is_regular("1\n2\n", 1));
        // Together they have the right number of fields.
        assert!(!is_regular("1\n2\n3,4\n", 2) && !is_regular("1\n2\n", 2));
        assert!(!is_regular("1,2,3\n4\n", 2) && !is_regular("1\n2,3,4\n", 2));
        assert!(!is_regular("1,2\n\n3,4\n", 2) && !is_regular("1,2\n3,4\n\n", 2));
    }

    #[test]
    fn fields_are_those_between_ends() {
        let text = b"1,22,\r\n,4,5\r\n6,7,88";
        let index = index(text);
        let of = |column: usize| -> Vec<&str> {
            let fields = Fields { bytes: text, ends: &index.ends, width: 3, column };
            let mut found = Vec::new();
            fields.all(|a, b| {
                found.push(str::from_utf8(&text[a..b]).unwrap());
                true
            });
            assert_eq!(&text[fields.first().0..fields.first().1], found[0].as_bytes());
            found
        };
        assert_eq!([of(0), of(1), of(2)], [["1", "", "6"], ["22", "4", "7"], ["", "5", "88"]]);
    }
}
