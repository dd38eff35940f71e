//! The aggressor of a trade in a column of text or flags.

use barloom_bars::Aggressor;

/// The name of the column of aggressors in a table of trades.
pub(crate) const SIDE: &str = "side";

/// The meaning of a column of sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SideColumn {
    /// The aggressor: `buy` or `sell`.
    Taker,
    /// Flags that are true where the buyer had the resting order, so that the seller is the
    /// aggressor.
    BuyerMaker,
    /// Databento's letters: B (bid) for a buyer, A (ask) for a seller.
    Letters,
}

impl SideColumn {
    /// The aggressor that a field names, as a number of a table; none if it names none. A missing
    /// one is unknown.
    pub(crate) fn read(self, field: &[u8]) -> Option<f64> {
        let is =
            |words: &[&str]| words.iter().any(|word| field.eq_ignore_ascii_case(word.as_bytes()));
        let (buyer, seller): (&[&str], &[&str]) = match self {
            Self::Taker => (&["buy", "b", "buyer", "1"], &["sell", "s", "seller", "-1"]),
            Self::BuyerMaker => (&["false", "f", "0"], &["true", "t", "1"]),
            Self::Letters => (&["B"], &["A"]),
        };
        let aggressor = if is(buyer) {
            Aggressor::Buyer
        } else if is(seller) {
            Aggressor::Seller
        } else if is(&["", "n", "none", "null", "nan", "unknown"]) {
            Aggressor::Unknown
        } else {
            return None;
        };
        Some(number_of(aggressor))
    }

    /// The fields that are expected.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Taker => "the side of the aggressor: buy, sell, or nothing where it is unknown",
            Self::BuyerMaker => "true or false: is the buyer the maker?",
            Self::Letters => "the side of the aggressor: B, A or N",
        }
    }
}

/// An aggressor as a number of a table: 1 for a buyer, -1 for a seller, NaN.
pub(crate) fn number_of(aggressor: Aggressor) -> f64 {
    match aggressor {
        Aggressor::Buyer => 1.0,
        Aggressor::Seller => -1.0,
        Aggressor::Unknown => f64::NAN,
    }
}

/// The aggressor that a number of a table stands for.
pub(crate) fn aggressor_of(number: f64) -> Aggressor {
    if number > 0.0 {
        Aggressor::Buyer
    } else if number < 0.0 {
        Aggressor::Seller
    } else {
        Aggressor::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_those_of_the_aggressor() {
        for (column, field, expected) in [
            (SideColumn::Taker, "Buy", Some(Aggressor::Buyer)),
            (SideColumn::Taker, "s", Some(Aggressor::Seller)),
            (SideColumn::Taker, "", Some(Aggressor::Unknown)),
            (SideColumn::Taker, "ask", None),
            (SideColumn::BuyerMaker, "True", Some(Aggressor::Seller)),
            (SideColumn::BuyerMaker, "0", Some(Aggressor::Buyer)),
            (SideColumn::BuyerMaker, "buy", None),
            (SideColumn::Letters, "A", Some(Aggressor::Seller)),
            (SideColumn::Letters, "B", Some(Aggressor::Buyer)),
            (SideColumn::Letters, "N", Some(Aggressor::Unknown)),
        ] {
            let read = column.read(field.as_bytes()).map(aggressor_of);
            assert_eq!(read, expected, "{column:?} {field:?}");
        }
    }
}
