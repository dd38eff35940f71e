//! Databento's records as text, as its portal and its command line write them.

use crate::roles::normalise;
use crate::table::Kind;

/// The divisor of whole prices, which are in units of 1e-9.
pub(crate) const FIXED_POINT: f64 = 1e9;

/// The number that stands for a missing price, 2^63 - 1, once it was divided.
const UNDEFINED: f64 = 9_223_372_036_854_775_807.0 / FIXED_POINT;

/// The columns that only such records have.
pub(crate) struct Records {
    /// The number of the instrument.
    pub(crate) instrument: usize,
    /// The column of events: a trade, or something else.
    pub(crate) action: Option<usize>,
}

impl Records {
    /// The columns, if a header is that of such records.
    pub(crate) fn of(header: &[String], kind: Kind) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
        let find = |name: &str| names.iter().position(|other| other == name);
        find("rtype").and(find("publisher_id")).filter(|_| kind != Kind::Values)?;
        let action = find("action").filter(|_| kind == Kind::Trades);
        Some(Self { instrument: find("instrument_id")?, action })
    }
}

/// Tells whether a record of that action is a trade.
pub(crate) fn is_trade(action: &[u8]) -> bool {
    action.eq_ignore_ascii_case(b"T")
}

/// The least that the largest price of a file in fixed point is: 0.01 of the currency.
const LEAST: f64 = 1e7;

/// Tells whether prices, as text, are in fixed point: all are whole, and they are large. Whole
/// prices that are small are in units of the currency, as those with a fraction are.
pub(crate) fn are_fixed_point<'f>(mut fields: impl Iterator<Item = &'f str>) -> bool {
    let mut largest = 0.0_f64;
    let are_whole = fields.all(|field| {
        let digits = field.strip_prefix('-').unwrap_or(field);
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let Ok(price) = digits.parse::<f64>() else { return true };
        largest = largest.max(price);
        is_whole
    });
    are_whole && is_large(largest)
}

/// Tells whether the largest of whole prices is so large that they are in fixed point.
pub(crate) fn is_large(largest: f64) -> bool {
    largest >= LEAST
}

/// Marks prices as missing that were in fixed point and stand for none.
pub(crate) fn clear_undefined(prices: &mut [f64]) {
    prices.iter_mut().filter(|price| **price == UNDEFINED).for_each(|price| *price = f64::NAN);
}
