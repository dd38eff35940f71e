//! Columns without values, or with one alone.

use barloom_bars::{Column, PRICE_COLUMNS};
use barloom_market_data::cut;

use super::{Found, Of};

/// Values that a column must have before it can be called constant.
const CONSTANT: usize = 20;

/// Columns that are there to be passed over: the last of Binance's klines.
const IGNORED: [&str; 1] = ["ignore"];

/// `zero_volume`: bars whose volume is 0.
pub(crate) fn find_zero_volume(of: &Of<'_>, found: &mut Found) {
    for (row, volume) in of.raw.column("volume").unwrap_or_default().iter().enumerate() {
        if *volume == 0.0 {
            found.warn(of, "zero_volume", row, || "volume is 0".to_owned());
        }
    }
}

/// `missing_value`: NaN or infinite values of columns other than the prices. A column without any
/// value is reported as a whole.
pub(crate) fn find_missing(of: &Of<'_>, found: &mut Found) {
    for column in others(of).filter(|column| !is_empty(column)) {
        // An infinite volume is a fault of the bar already.
        let is_volume = column.name == "volume";
        for (row, value) in column.values.iter().enumerate() {
            if !value.is_finite() && (value.is_nan() || !is_volume) {
                found
                    .warn(of, "missing_value", row, || format!("{} is {value}", cut(&column.name)));
            }
        }
    }
}

/// `empty_column`: a column other than the prices that has no value at all in a series.
/// `constant_column`: one with the same value wherever it has one, in 20 rows or more. The place is
/// the first row with that value.
pub(crate) fn find_constant(of: &Of<'_>, found: &mut Found) {
    for column in others(of).filter(|column| !column.values.is_empty()) {
        let (name, shown) = (&column.name, cut(&column.name));
        if is_empty(column) {
            found.warn(of, "empty_column", 0, || format!("{shown} has no value"));
        } else if let Some((row, value, rows)) = constant(&column.values)
            && !IGNORED.contains(&name.as_str())
        {
            let what = || format!("{shown} is {value} in all {rows} rows that have it");
            found.warn(of, "constant_column", row, what);
        }
    }
}

fn others<'a>(of: &Of<'a>) -> impl Iterator<Item = &'a Column> {
    of.raw.columns.iter().filter(|c| !PRICE_COLUMNS.contains(&c.name.as_str()))
}

fn is_empty(column: &Column) -> bool {
    column.values.iter().all(|value| value.is_nan())
}

/// The first row with the one value that there is, the value, and how many have it.
fn constant(values: &[f64]) -> Option<(usize, f64, usize)> {
    let row = values.iter().position(|value| !value.is_nan())?;
    let value = values[row];
    let mut rows = 0;
    for other in &values[row..] {
        if *other == value {
            rows += 1;
        } else if !other.is_nan() {
            return None;
        }
    }
    (rows >= CONSTANT).then_some((row, value, rows))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bar, places, report};

    #[test]
    fn one_value_or_none_is_told_once() {
        let columns = |funding: [&str; 3]| {
            let row = |i: usize| format!("{},{}", i + 1, funding[i % 3]);
            report(",volume,funding", &Bar::walk(30), row)
        };
        let constant = columns(["0.01", "0.01", ""]);
        assert_eq!(places(&constant, "constant_column"), [2]);
        let what = &constant.findings.iter().find(|f| f.kind == "constant_column").unwrap();
        assert_eq!(what.places[0].what, "funding is 0.01 in all 20 rows that have it");
        assert_eq!(places(&columns(["0.01", "0.01", "0.02"]), "constant_column"), [0_u32; 0]);
        let empty = columns(["", "", ""]);
        assert_eq!(places(&empty, "empty_column"), [2]);
        assert_eq!(places(&empty, "missing_value"), [0_u32; 0], "it is reported as a whole");
        assert_eq!(places(&constant, "missing_value").len(), 10);
        let few = report(",funding", &Bar::walk(19), |_| "5".into());
        assert_eq!(places(&few, "constant_column"), [0_u32; 0]);
        let flat = report(",volume", &Bar::walk(30), |_| "0".into());
        assert_eq!(places(&flat, "constant_column"), [2], "volume too");
        let kline = report(",ignore", &Bar::walk(30), |_| "0".into());
        assert!(kline.findings.is_empty(), "{kline}");
    }
}
