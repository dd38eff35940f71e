//! A date and a time of day in two columns.

use super::layout::reader;
use crate::time;

/// Number of digits that the times of day of a column have, if they are digits alone: six as
/// HHMMSS, or four as HHMM. Programs that take them for numbers leave leading zeros out, so it is
/// the longest that says it. Two, which no time of day is read from, where none is longer: those
/// are hours.
pub(super) fn digits(rows: &[u8], separator: u8, column: usize) -> usize {
    let mut records = reader(rows, separator);
    let mut record = csv::ByteRecord::new();
    let (mut longest, mut is_zero) = (0, true);
    while records.read_byte_record(&mut record).is_ok_and(|read| read) {
        let field = record.get(column).unwrap_or_default();
        if field.len() > 4 && time::digits(field).is_some() {
            return 6;
        }
        longest = longest.max(field.len());
        is_zero &= field.iter().all(|byte| *byte == b'0');
    }
    if longest <= 2 && !is_zero { 2 } else { 4 }
}

/// Tells whether the second field of rows without a header is a time of day, and the first a date.
pub(super) fn has_clock(first: &csv::ByteRecord) -> bool {
    let text = |at: usize| std::str::from_utf8(first.get(at).unwrap_or_default()).unwrap_or("");
    let (date, clock) = (text(0), text(1));
    if !time::is_date(date) {
        return false;
    }
    if clock.contains(':') {
        return time::of_text(&format!("2024-01-01 {clock}")).is_some();
    }
    let digits = [4, 6].contains(&clock.len()) && time::digits(clock.as_bytes()).is_some();
    let is_clock = digits && time::of_clock_digits(clock, clock.len()).is_some();
    // No price begins with a zero before another digit; else the prices say it.
    is_clock && (clock.starts_with('0') || are_bars(first, 2) && !are_bars(first, 1))
}

/// Tells whether four fields from there on can be open, high, low and close.
fn are_bars(record: &csv::ByteRecord, from: usize) -> bool {
    let number = |at: usize| -> Option<f64> {
        std::str::from_utf8(record.get(from + at)?).ok()?.parse().ok()
    };
    let prices = [number(0), number(1), number(2), number(3)];
    let [Some(open), Some(high), Some(low), Some(close)] = prices else { return false };
    low > 0.0 && low <= open.min(close) && high >= open.max(close)
}
