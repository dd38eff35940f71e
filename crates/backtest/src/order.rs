//! Orders: what is wanted, before its bar is known.

use crate::{BacktestError, Size};

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It gains when prices rise.
    Long,
    /// It gains when prices fall.
    Short,
}

impl Side {
    /// 1 or -1.
    #[must_use]
    #[inline]
    pub fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }
}

/// The positions of a symbol that an order closes before it opens its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Close {
    /// None.
    #[default]
    Nothing,
    /// Positions in this direction.
    Side(Side),
    /// All.
    All,
}

/// An order at a bar: made before it, filled at its open or close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// The arena row of its bar.
    pub row: usize,
    /// The positions that it closes, whatever the overlap is.
    pub close: Close,
    /// The direction of the position that it opens; none to open none.
    pub side: Option<Side>,
    /// The size of the position.
    pub size: Size,
    /// The distance of the stop, a fraction of the entry price; infinite without one.
    pub stop: f64,
    /// The distance of the target, a fraction of the entry price; infinite without one.
    pub target: f64,
    /// The number of bars after which the position closes, its first one counted; none for no
    /// limit. It closes at the close of the last of them.
    pub hold: Option<u32>,
}

impl Order {
    /// An order without stop, target and limit of bars.
    #[must_use]
    pub fn market(row: usize, side: Side, size: Size) -> Self {
        let (stop, target) = (f64::INFINITY, f64::INFINITY);
        Self { row, close: Close::Nothing, side: Some(side), size, stop, target, hold: None }
    }

    /// An order that closes positions.
    #[must_use]
    pub fn exit(row: usize, close: Close) -> Self {
        Self { close, side: None, ..Self::market(row, Side::Long, Size::Dollars(0.0)) }
    }

    /// Checks an order of a market of so many rows.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub(crate) fn check(
        &self,
        order: usize,
        rows: usize,
        shortest: u32,
    ) -> Result<(), BacktestError> {
        let error = |field, got: String, expected| {
            Err(BacktestError::Order { order, field, got, expected })
        };
        if self.row >= rows {
            return error("row", self.row.to_string(), "a row of the market");
        }
        let (name, size) = match self.size {
            Size::Dollars(x) => ("dollars", x),
            Size::Fraction(x) => ("fraction", x),
            Size::Units(x) => ("units", x),
        };
        if !(size >= 0.0 && size.is_finite()) {
            return error(name, size.to_string(), "a finite number of at least 0");
        }
        for (field, distance) in [("stop", self.stop), ("target", self.target)] {
            if distance.is_nan() || distance <= 0.0 {
                return error(
                    field,
                    distance.to_string(),
                    "a fraction above 0, or infinity for none",
                );
            }
        }
        match self.hold {
            Some(hold) if hold < shortest => {
                let expected = "at least 1 bar, at least 2 where trades enter at a close";
                error("hold", hold.to_string(), expected)
            }
            _ => Ok(()),
        }
    }
}
