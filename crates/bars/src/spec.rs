//! What ends a bar.

use std::fmt;
use std::str::FromStr;

use crate::{duration_text, parse_duration};

/// What ends a bar that is made of trades, or of finer bars.
///
/// As text: `5m` (and s, h, d, w, ms, us, ns), `1000 ticks`, `5e4 volume`, `1e6 dollars`.
///
/// ```
/// use barloom_bars::BarSpec;
/// assert_eq!("5m".parse(), Ok(BarSpec::Time(300_000_000_000)));
/// assert_eq!("1000 ticks".parse(), Ok(BarSpec::Ticks(1_000)));
/// assert_eq!("1e6 dollars".parse(), Ok(BarSpec::Dollars(1e6)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BarSpec {
    /// The end of an interval of this many ns, counted from 1970-01-01 00:00 UTC; of whole weeks
    /// from the Monday before it.
    Time(i64),
    /// This many trades.
    Ticks(u64),
    /// The trade that brings the volume to this much.
    Volume(f64),
    /// The trade that brings the sum of price times size to this much, in the currency of prices.
    Dollars(f64),
}

/// A text says nothing that ends a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", BarSpec::EXPECTED)]
pub struct NoBarSpec;

impl BarSpec {
    /// What texts are.
    pub const EXPECTED: &str = "an interval such as \"1m\", \"4h\" or \"1d\", or \"1000 ticks\", \
                                \"5e4 volume\", \"1e6 dollars\"";
}

impl FromStr for BarSpec {
    type Err = NoBarSpec;

    fn from_str(text: &str) -> Result<Self, NoBarSpec> {
        if let Some(ns) = parse_duration(text) {
            return Ok(Self::Time(ns));
        }
        let (number, what) = text.trim().split_once(' ').ok_or(NoBarSpec)?;
        let number: f64 = number.replace('_', "").parse().map_err(|_| NoBarSpec)?;
        if !number.is_finite() || number <= 0.0 {
            return Err(NoBarSpec);
        }
        match what.trim() {
            // Above 2^53 not every number of trades can be said.
            "tick" | "ticks" if number.fract() == 0.0 && number < 9e15 => {
                Ok(Self::Ticks(number as u64))
            }
            "volume" => Ok(Self::Volume(number)),
            "dollars" => Ok(Self::Dollars(number)),
            _ => Err(NoBarSpec),
        }
    }
}

impl fmt::Display for BarSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(ns) => f.write_str(&duration_text(*ns)),
            Self::Ticks(n) => write!(f, "{n} ticks"),
            Self::Volume(volume) => write!(f, "{volume} volume"),
            Self::Dollars(dollars) => write!(f, "{dollars} dollars"),
        }
    }
}

const WEEK: i64 = 7 * 86_400_000_000_000;
/// 1970-01-01 was a Thursday.
const MONDAY: i64 = -3 * 86_400_000_000_000;

/// The begin of the interval of so many ns that a time lies in; times and result in ns since 1970
/// UTC. Intervals are counted from 1970-01-01 00:00 UTC, those of whole weeks from the Monday
/// before it.
///
/// # Panics
/// The interval is not positive.
#[must_use]
pub fn interval_start(ts: i64, interval: i64) -> i64 {
    assert!(interval > 0, "an interval is longer than nothing");
    let origin = if interval % WEEK == 0 { MONDAY } else { 0 };
    ts.saturating_sub(ts.saturating_sub(origin).rem_euclid(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        for spec in [
            BarSpec::Time(300_000_000_000),
            BarSpec::Time(7),
            BarSpec::Ticks(1_000),
            BarSpec::Volume(0.5),
            BarSpec::Dollars(1e6),
        ] {
            assert_eq!(spec.to_string().parse(), Ok(spec));
        }
        assert_eq!("10_000 ticks".parse(), Ok(BarSpec::Ticks(10_000)));
        for wrong in ["", "5", "ticks", "0 ticks", "1.5 ticks", "-1 volume", "nan dollars", "5 min"]
        {
            assert_eq!(wrong.parse::<BarSpec>(), Err(NoBarSpec), "{wrong}");
        }
    }

    #[test]
    fn intervals_begin_where_clocks_say() {
        const DAY: i64 = 86_400_000_000_000;
        assert_eq!(interval_start(DAY + 1, DAY), DAY);
        assert_eq!(interval_start(-1, DAY), -DAY);
        // 1970-01-05 was a Monday.
        assert_eq!(interval_start(4 * DAY, WEEK), 4 * DAY);
        assert_eq!(interval_start(4 * DAY - 1, WEEK), -3 * DAY);
        assert!(interval_start(i64::MIN + 1, WEEK) <= i64::MIN + 1);
    }
}
