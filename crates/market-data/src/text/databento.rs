//! Databento's records as text, as its portal and its command line write them.

use crate::roles::normalise;
use crate::table::Kind;

/// What whole numbers of prices are divided by: they are in units of 1e-9.
pub(crate) const FIXED_POINT: f64 = 1e9;

/// The number that stands for a missing price, 2^63 - 1, once it was divided.
const UNDEFINED: f64 = 9_223_372_036_854_775_807.0 / FIXED_POINT;

/// The columns that only such records have.
pub(crate) struct Records {
    /// The number of the instrument.
    pub(crate) instrument: usize,
    /// What happened: a trade, or something else.
    pub(crate) action: Option<usize>,
}

impl Records {
    /// The columns, if a header is that of such records.
    pub(crate) fn of(header: &[String], kind: Kind) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
        let find = |name: &str| names.iter().position(|other| other == name);
        find("rtype").and(find("publisher_id"))?;
        let action = find("action").filter(|_| kind == Kind::Trades);
        Some(Self { instrument: find("instrument_id")?, action })
    }
}

/// Whether a record of that action is a trade.
pub(super) fn is_trade(action: &[u8]) -> bool {
    action.eq_ignore_ascii_case(b"T")
}

/// Whether text is a whole number: prices with a point are in units of the currency.
pub(super) fn is_whole(field: &[u8]) -> bool {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Marks prices as missing that were in fixed point and stand for none.
pub(crate) fn clear_undefined(prices: &mut [f64]) {
    prices.iter_mut().filter(|price| **price == UNDEFINED).for_each(|price| *price = f64::NAN);
}
