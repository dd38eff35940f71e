//! Columns that mean the same: one is read if they are equal, and none if they are not.

use super::layout::{Layout, reader};
use crate::MarketDataError;
use crate::number::Numbers;
use crate::roles::shown;
use crate::twins::differ;

/// Compares columns that mean the same, row by row.
///
/// # Errors
/// Two of them differ: the error says where.
pub(super) fn check(layout: &Layout<'_>) -> Result<(), MarketDataError> {
    if layout.twins.is_empty() {
        return Ok(());
    }
    let mut records = reader(layout.rows, layout.separator);
    let mut record = csv::ByteRecord::new();
    while records.read_byte_record(&mut record).is_ok_and(|read| read) {
        let field = |at: usize| record.get(at).unwrap_or_default();
        if layout.is_header(record.len(), &field) {
            continue;
        }
        for (one, other) in &layout.twins {
            if !are_equal(layout.numbers, field(*one), field(*other)) {
                let above = record.position().map_or(0, |position| position.line() - 1);
                let line = u64::from(layout.line) + above;
                let [one, other] = [*one, *other].map(|at| {
                    let got = String::from_utf8_lossy(field(at)).into_owned();
                    (shown(&layout.header, at), got)
                });
                return Err(differ(layout.file, &format!("line {line}"), &one, &other));
            }
        }
    }
    Ok(())
}

/// Tells whether two fields say the same: as text, or as numbers.
fn are_equal(numbers: Numbers, one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    match (numbers.read(one), numbers.read(other)) {
        (Some(one), Some(other)) => one == other || one.is_nan() && other.is_nan(),
        _ => false,
    }
}
