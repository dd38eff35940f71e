//! Rows of several instruments that no symbol column tells apart.

use crate::MarketDataError;
use crate::roles::is_weak_symbol;
use crate::table::NO_TIME;

/// Tells whether one row in ten or more has a time that another row has too.
pub(crate) fn repeats(ts: &[i64]) -> bool {
    let rises = |pair: &[i64]| pair[0] < pair[1];
    if ts.windows(2).all(rises) || ts.windows(2).all(|pair| pair[0] > pair[1]) {
        return false;
    }
    let mut sorted: Vec<i64> = ts.iter().copied().filter(|ts| *ts != NO_TIME).collect();
    sorted.sort_unstable();
    let again = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
    again > 0 && again * 10 >= sorted.len()
}

/// Tells whether a column of text, as codes of so many values, has another value in each row of a
/// time.
pub(crate) fn tells_apart(ts: &[i64], codes: &[u32], values: usize) -> bool {
    // A column that is another one in each row is a note.
    if codes.len() != ts.len() || values < 2 || values >= ts.len() {
        return false;
    }
    let mut rows: Vec<(i64, u32)> = ts.iter().copied().zip(codes.iter().copied()).collect();
    rows.sort_unstable();
    rows.windows(2).all(|pair| pair[0] != pair[1])
}

/// Checks a column of symbols whose name also names other things: where it holds several and no two
/// rows have one time, it may as well be a remark on each row.
pub(crate) fn check_weak(
    file: &str,
    column: &str,
    ts: &[i64],
    names: usize,
) -> Result<(), MarketDataError> {
    if names < 2 || !is_weak_symbol(column) || has_twice(ts) {
        return Ok(());
    }
    let problem = format!(
        "column {column} may name instruments, or say something of each bar: no two rows have one time. \
         Say which: rename = {{ {column:?} = \"symbol\" }}, or another name for it"
    );
    Err(MarketDataError::file(file, problem))
}

/// Tells whether two rows have one time.
fn has_twice(ts: &[i64]) -> bool {
    let mut sorted: Vec<i64> = ts.iter().copied().filter(|ts| *ts != NO_TIME).collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

/// The error that a column seems to name instruments.
pub(crate) fn error(file: &str, column: &str) -> MarketDataError {
    let problem = format!(
        "its times repeat, and column {column} tells the rows of each time apart: it seems to name \
         the instrument. Say so: rename = {{ {column:?} = \"symbol\" }}"
    );
    MarketDataError::file(file, problem)
}
