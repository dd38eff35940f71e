//! Windows as views of columns.

use barloom_bars::Market;

use crate::WindowsError;

/// The window `[row - lookback, row)` of a column, oldest bar first: what is known before the bar
/// at `row` opens.
///
/// # Panics
/// The column has no such rows.
#[must_use]
pub fn window(column: &[f64], row: usize, lookback: usize) -> &[f64] {
    &column[row - lookback..row]
}

/// The windows of several channels before an arena row, unscaled: `[C]` of `[lookback]`, channels
/// in the order given, oldest bar first.
///
/// Segments are not looked at: the row of a [`Position`](crate::Position) has its window in one.
///
/// # Errors
/// The market has no such channel, or no such rows.
pub fn windows_of<'m>(
    market: &'m Market,
    channels: &[&str],
    row: usize,
    lookback: usize,
) -> Result<Vec<&'m [f64]>, WindowsError> {
    if row > market.len() || lookback > row {
        return Err(WindowsError::OutOfRange { row, lookback, rows: market.len() });
    }
    let of_channel = |channel: &&str| {
        market.column(channel).map(|column| window(column, row, lookback)).ok_or_else(|| {
            let names: Vec<&str> = market.columns().iter().map(|c| c.name.as_str()).collect();
            let (channel, available) = ((*channel).to_owned(), names.join(", "));
            WindowsError::MissingChannel { channel, available }
        })
    };
    channels.iter().map(of_channel).collect()
}
