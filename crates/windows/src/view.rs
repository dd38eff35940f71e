//! Windows as views of columns.

use barloom_bars::Market;
use ndarray::{Array2, ArrayView1};

use crate::WindowsError;

/// The window `[row - lookback, row)` of a column, oldest bar first: what is known before the bar
/// at `row` opens.
///
/// # Panics
/// The column has no such rows.
#[must_use]
pub fn window(column: &[f64], row: usize, lookback: usize) -> ArrayView1<'_, f64> {
    ArrayView1::from(&column[row - lookback..row])
}

/// The windows of several channels before an arena row, unscaled: `[C, lookback]`, channels in
/// the order given, oldest bar first.
///
/// Segments are not looked at: the row of a [`Position`](crate::Position) has its window in one.
///
/// # Errors
/// The market has no such channel, or no such rows.
pub fn windows_of(
    market: &Market,
    channels: &[&str],
    row: usize,
    lookback: usize,
) -> Result<Array2<f64>, WindowsError> {
    if row > market.len() || lookback > row {
        return Err(WindowsError::OutOfRange { row, lookback, rows: market.len() });
    }
    let mut windows = Array2::zeros((channels.len(), lookback));
    for (mut out, channel) in windows.rows_mut().into_iter().zip(channels) {
        let Some(column) = market.column(channel) else {
            let names: Vec<&str> = market.columns().iter().map(|c| c.name.as_str()).collect();
            let (channel, available) = ((*channel).to_owned(), names.join(", "));
            return Err(WindowsError::MissingChannel { channel, available });
        };
        out.assign(&window(column, row, lookback));
    }
    Ok(windows)
}
