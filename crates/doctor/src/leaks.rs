//! Columns that seem to know later bars.

use barloom_bars::{Column, FLOW_COLUMNS, PRICE_COLUMNS};
use rayon::prelude::*;

use super::{Found, Of};

mod later;
mod returns;
mod scaled;

pub(crate) use scaled::{find as find_scaled, find_in_all as find_scaled_in_all};

/// The fewest bars of a series, and values of a column, that say something.
const BARS: usize = 60;

/// `leak_copy`: a column of the user that holds prices or returns of later bars.
/// `leak_correlation`: a column of the user that says more of the next returns than chance and the
/// autocorrelation of both explain. A column has one of them at most.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let own: Vec<&Column> = own_columns(of).collect();
    let ts = &of.raw.ts;
    // Bars in another order have an error; the next row is not the next bar there.
    if own.is_empty() || ts.len() < BARS || ts.windows(2).any(|pair| pair[1] < pair[0]) {
        return;
    }
    let close = of.prices()[3];
    let returns = returns::Returns::new(close);
    let look = |column: &&Column| {
        let mut found = Found::default();
        if !later::find(of, column, &mut found) {
            returns.find(of, column, &mut found);
        }
        found
    };
    let parts: Vec<Found> = own.par_iter().map(look).collect();
    parts.into_iter().for_each(|part| found.append(part));
}

/// The columns beside prices and sums of a bar.
fn own_columns<'a>(of: &Of<'a>) -> impl Iterator<Item = &'a Column> {
    let known = |name: &str| PRICE_COLUMNS.contains(&name) || FLOW_COLUMNS.contains(&name);
    of.raw.columns.iter().filter(move |column| !known(&column.name))
}

/// The first row with a value.
fn first_row(values: &[f64]) -> usize {
    values.iter().position(|value| value.is_finite()).unwrap_or(0)
}
