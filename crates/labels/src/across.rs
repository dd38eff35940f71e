//! Values of all symbols at one time, compared with each other.

use barloom_bars::{Across, Market};
use rayon::prelude::*;

/// The values by arena row, each replaced by its rank, z-score or distance from the mean among the
/// values of all symbols whose bars open at the same time.
///
/// The definitions are those of the features `cs_rank`, `cs_zscore` and `cs_demean`: equal values
/// share their average rank, a value without another one at its time is NaN, and so are z-scores
/// where all values are equal. A value that is NaN or infinite is missing: it stays NaN and does
/// not count for the others. It takes time n log n for n rows.
///
/// # Panics
/// There is not one value a row of the market.
#[must_use]
pub fn across(market: &Market, values: &[f64], kind: Across) -> Vec<f64> {
    let ts = market.ts();
    assert_eq!(values.len(), ts.len(), "a value for each row of the market");
    let mut out = vec![f64::NAN; values.len()];
    // Rows are those of one series after another, so sums have the order of symbols.
    let mut rows: Vec<usize> = (0..values.len()).filter(|row| values[*row].is_finite()).collect();
    rows.par_sort_unstable_by_key(|row| (ts[*row], *row));
    let (mut group, mut spare) = (Vec::new(), Vec::new());
    for same in rows.chunk_by(|a, b| ts[*a] == ts[*b]) {
        group.clear();
        group.extend(same.iter().map(|row| values[*row]));
        kind.apply(&mut group, &mut spare);
        for (row, value) in same.iter().zip(&group) {
            out[*row] = *value;
        }
    }
    out
}
