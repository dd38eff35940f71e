//! The event that ends a bar.

use std::fmt;
use std::str::FromStr;

use crate::Interval;

/// The event that ends a bar that is made of trades, or of finer bars.
///
/// As text: an [`Interval`] such as `5m`, `1d` or `1mo`; `1000 ticks`, `5e4 volume`, `1e6 dollars`.
///
/// ```
/// use barloom_bars::{BarSpec, Interval};
/// assert_eq!("5m".parse(), Ok(BarSpec::Time(Interval::Fixed(300_000_000_000))));
/// assert_eq!("1000 ticks".parse(), Ok(BarSpec::Ticks(1_000)));
/// assert_eq!("1e6 dollars".parse(), Ok(BarSpec::Dollars(1e6)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BarSpec {
    /// The end of an interval of this length; a [`Grid`](crate::Grid) says where it is.
    Time(Interval),
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
    /// The forms of its texts.
    pub const EXPECTED: &str = "an interval such as \"1m\", \"4h\", \"1d\" or \"1mo\", or \"1000 ticks\", \
                                \"5e4 volume\", \"1e6 dollars\"";
}

impl FromStr for BarSpec {
    type Err = NoBarSpec;

    fn from_str(text: &str) -> Result<Self, NoBarSpec> {
        if let Ok(interval) = text.parse() {
            return Ok(Self::Time(interval));
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
            Self::Time(interval) => interval.fmt(f),
            Self::Ticks(n) => write!(f, "{n} ticks"),
            Self::Volume(volume) => write!(f, "{volume} volume"),
            Self::Dollars(dollars) => write!(f, "{dollars} dollars"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        for spec in [
            BarSpec::Time(Interval::Fixed(300_000_000_000)),
            BarSpec::Time(Interval::Fixed(7)),
            BarSpec::Time(Interval::Months(3)),
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
}
