//! Columns that are prices or returns of later bars.

use barloom_bars::{Column, PRICE_COLUMNS};
use barloom_market_data::cut;

use super::super::text::counted;
use super::super::{Found, Of};

/// The farthest bar that is compared.
const AHEAD: usize = 10;
/// Rows that are compared first.
const PROBES: usize = 512;
/// The least number of these rows whose values say something.
const FEW: usize = 8;
/// Rows of the whole column that must say something.
const ENOUGH: usize = 20;
/// The share of rows that may differ.
const DIFFER: f64 = 0.01;
/// The same, of rows that are compared first.
const PROBES_DIFFER: usize = 40;
/// Two prices are the same within this part of them: a unit or two of a 32-bit float.
const SAME: f64 = 2e-7;
/// Two returns are the same within this part, and within this number: prices may be rounded.
const SAME_RETURN: f64 = 1e-6;
const SAME_RETURNS: f64 = 1e-10;

/// A value that a row may hold of the bar `ahead` rows later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Its price.
    Price,
    /// Its return from the bar before it.
    Step { log: bool },
    /// Its return from the row's own bar.
    Ahead { log: bool },
}

impl Form {
    const ALL: [Self; 5] = [
        Self::Price,
        Self::Step { log: false },
        Self::Step { log: true },
        Self::Ahead { log: false },
        Self::Ahead { log: true },
    ];

    fn text(self, name: &str, ahead: usize) -> String {
        let bars = counted(ahead as u64, "bar");
        let kind = |log: bool| if log { "log return" } else { "return" };
        match self {
            Self::Price => format!("the {name} of {bars} later"),
            Self::Step { log } => format!("the {} of {name} of {bars} later", kind(log)),
            Self::Ahead { log } => format!("the {} of {name} over the next {bars}", kind(log)),
        }
    }
}

/// The rows of a column compared with one form of a price.
struct Against<'a> {
    values: &'a [f64],
    price: &'a [f64],
    form: Form,
    ahead: usize,
}

impl Against<'_> {
    fn rows(&self) -> usize {
        self.values.len().saturating_sub(self.ahead)
    }

    /// Tells whether a row agrees. Rows without a value, and rows on which the price does not move,
    /// tell nothing.
    fn agrees(&self, row: usize) -> Option<bool> {
        let (value, later) = (self.values[row], self.price[row + self.ahead]);
        let base = match self.form {
            Form::Step { .. } => self.price[row + self.ahead - 1],
            _ => self.price[row],
        };
        if !value.is_finite() || !later.is_finite() || !base.is_finite() || later == base {
            return None;
        }
        let log = match self.form {
            Form::Price => return Some((value - later).abs() <= SAME * later.abs()),
            Form::Step { log } | Form::Ahead { log } => log,
        };
        if base == 0.0 {
            return None;
        }
        let ratio = later / base;
        let expected = if log { libm::log(ratio) } else { ratio - 1.0 };
        let off = (value - expected).abs();
        Some(off <= SAME_RETURN * expected.abs() + SAME_RETURNS)
    }

    /// Tells whether a few rows agree.
    fn may_be(&self) -> bool {
        let rows = self.rows();
        let (mut same, mut differ) = (0, 0);
        for row in (0..rows).step_by(rows.div_ceil(PROBES).max(1)) {
            match self.agrees(row) {
                None => {}
                Some(true) => same += 1,
                Some(false) => differ += 1,
            }
            if differ > PROBES_DIFFER {
                return false;
            }
        }
        same >= FEW && differ * 10 <= same
    }

    /// The rows that agree, and those that tell something.
    fn count(&self) -> (usize, usize) {
        let told = (0..self.rows()).filter_map(|row| self.agrees(row));
        told.fold((0, 0), |(same, all), agrees| (same + usize::from(agrees), all + 1))
    }
}

/// Finds the price that a column holds, of 1 to 10 bars later, on all but one in a hundred of the
/// rows on which that price moves. Returns true if there is one.
pub(crate) fn find(of: &Of<'_>, column: &Column, found: &mut Found) -> bool {
    let prices = of.prices();
    // The close first: it is what most columns are made of.
    for at in [3, 1, 2] {
        for ahead in 1..=AHEAD {
            // Over one bar both returns are the same.
            let forms = Form::ALL
                .into_iter()
                .filter(|form| ahead > 1 || !matches!(form, Form::Ahead { .. }));
            for form in forms {
                let against = Against { values: &column.values, price: prices[at], form, ahead };
                if !against.may_be() {
                    continue;
                }
                let (same, all) = against.count();
                if all < ENOUGH || (all - same) as f64 > DIFFER * all as f64 {
                    continue;
                }
                let is_same = |row: &usize| against.agrees(*row) == Some(true);
                let row = (0..against.rows()).find(is_same).unwrap_or(0);
                found.warn(of, "leak_copy", row, || {
                    let what = form.text(PRICE_COLUMNS[at], ahead);
                    format!("{} is {what} in {same} of {all} rows that tell", cut(&column.name))
                });
                return true;
            }
        }
    }
    false
}
