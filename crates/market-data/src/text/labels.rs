//! Columns of text that seem to name instruments, though their names do not say it.

use super::layout::{Layout, reader};
use crate::roles::shown;
use crate::table::SymbolCodes;
use crate::time::{self, Written};
use crate::{MarketDataError, panel};

/// Tells whether a field is a time or a time of day.
fn holds_time(field: &[u8]) -> bool {
    let text = String::from_utf8_lossy(field);
    let is = |text: &str| time::of_text(text).is_some_and(|time| time != Written::Missing);
    is(&text) || is(&format!("2024-01-01 {text}"))
}

/// Refuses rows whose times repeat, if a column of text tells the rows of each time apart.
pub(super) fn check(layout: &Layout<'_>, ts: &[i64]) -> Result<(), MarketDataError> {
    let mut records = reader(layout.rows, layout.separator);
    let mut columns: Vec<(usize, SymbolCodes)> = Vec::new();
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while records.read_byte_record(&mut record).is_ok_and(|read| read) {
        if layout.is_header(record.len(), &|at| record.get(at).unwrap_or_default()) {
            continue;
        }
        if rows == 0 {
            let is_text = |at: &usize| {
                let is_time = *at == layout.time || layout.time_of_day == Some(*at);
                !is_time && layout.numbers.read(&record[*at]).is_none() && !holds_time(&record[*at])
            };
            columns =
                (0..record.len()).filter(is_text).map(|at| (at, SymbolCodes::default())).collect();
        }
        for (at, codes) in &mut columns {
            codes.push(&String::from_utf8_lossy(record.get(*at).unwrap_or_default()));
        }
        rows += 1;
    }
    // The one with the fewest values says it best.
    let mut found: Option<(usize, usize)> = None;
    for (at, codes) in columns {
        let (codes, names) = codes.finish();
        let is_fewer = found.is_none_or(|(_, fewest)| names.len() < fewest);
        if is_fewer && panel::tells_apart(ts, &codes, names.len()) {
            found = Some((at, names.len()));
        }
    }
    match found {
        Some((at, _)) => Err(panel::error(layout.file, &shown(&layout.header, at))),
        None => Ok(()),
    }
}
