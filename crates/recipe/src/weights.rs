//! `dataset.symbol_weights`: how samples are shared out among symbols.

use std::collections::BTreeMap;

use barloom_bars::Market;
use barloom_sampling::PositionOrder;
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::reader::Entry;
use crate::{RecipeError, choice};

pub(crate) const KEY: &str = "dataset.symbol_weights";

/// The name that stands for every symbol that is not named.
const OTHERS: &str = "*";

const EXPECTED: &str = "\"length\", \"equal\" or a table such as { AAPL = 2.0, \"*\" = 1.0 }";

/// Shares of the symbols of a market in samples at random positions. In each part of a
/// split, a symbol's share is that among the symbols with positions there.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SymbolWeights {
    /// By how many positions each has, so that all positions have the same chance.
    #[default]
    Length,
    /// To each the same.
    Equal,
    /// By a weight of each, finite and at least 0; one with 0 gets none. `*` is the weight of
    /// symbols that are not named; without it, all have to be.
    Given(BTreeMap<String, f64>),
}

impl SymbolWeights {
    /// Returns true if samples are shared out by length.
    #[must_use]
    pub fn is_length(&self) -> bool {
        *self == Self::Length
    }

    /// The weight of each series of a market, in its order; none where they are lengths.
    ///
    /// # Errors
    /// A symbol of the market has no weight, or one with a weight is not in the market.
    pub fn of(&self, market: &Market) -> Result<Option<Vec<f64>>, RecipeError> {
        let given = match self {
            Self::Length => return Ok(None),
            Self::Equal => return Ok(Some(vec![1.0; market.series().len()])),
            Self::Given(given) => given,
        };
        let symbols = || market.series().iter().map(|series| &*series.symbol);
        let known: BTreeMap<&str, ()> = symbols().map(|symbol| (symbol, ())).collect();
        let stranger = |name: &&String| *name != OTHERS && !known.contains_key(name.as_str());
        if let Some(name) = given.keys().find(stranger) {
            let nearest = choice::nearest(name, symbols())
                .map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
            let problem = format!("the bars have no such symbol{nearest}");
            return Err(RecipeError::conflict(format!("{KEY}.{name}"), problem));
        }
        let weight = |symbol: &str| given.get(symbol).or_else(|| given.get(OTHERS)).copied();
        let weights: Option<Vec<f64>> = symbols().map(weight).collect();
        if let Some(weights) = weights {
            return Ok(Some(weights));
        }
        let mut unnamed = symbols().filter(|symbol| weight(symbol).is_none());
        let first = unnamed.next().unwrap_or_default();
        let more = match unnamed.count() {
            0 => "has".to_owned(),
            more => format!("and {more} more have"),
        };
        Err(RecipeError::conflict(
            KEY,
            format!(
                "symbol {first} {more} no weight; add it, or \"*\" = 1.0 for all other symbols"
            ),
        ))
    }

    /// Reads the key.
    pub(crate) fn read(entry: &Entry<'_>) -> Result<Self, RecipeError> {
        match (entry.as_text(), entry.value) {
            (Some("length"), _) => Ok(Self::Length),
            (Some("equal"), _) => Ok(Self::Equal),
            (_, DeValue::Table(_)) => {
                let table = entry.table()?;
                let weight = |entry: &Entry<'_>| match entry.value {
                    // BRK.B = 1.0 is B in BRK.
                    DeValue::Table(_) => {
                        Err(entry.expected("a number (quote a name with a dot: \"BRK.B\" = 1.0)"))
                    }
                    // 0 for -0.
                    _ => Ok((entry.name.to_owned(), entry.number()? + 0.0)),
                };
                table.entries().iter().map(weight).collect::<Result<_, _>>().map(Self::Given)
            }
            _ => Err(entry.expected(EXPECTED)),
        }
    }

    /// Checks them beside the order of positions.
    pub(crate) fn validate(&self, order: PositionOrder) -> Result<(), RecipeError> {
        if !self.is_length() && order == PositionOrder::Sequential {
            let because = "with positions = \"sequential\", which takes each position in turn";
            return Err(RecipeError::does_not_apply(KEY, because));
        }
        let Self::Given(given) = self else { return Ok(()) };
        let wrong = |(_, weight): &(&String, &f64)| !(weight.is_finite() && **weight >= 0.0);
        if let Some((name, weight)) = given.iter().find(wrong) {
            let expected = "a finite weight, 0 or more";
            return Err(RecipeError::expected(&format!("{KEY}.{name}"), expected, weight));
        }
        if given.values().all(|weight| *weight == 0.0) {
            let got = if given.is_empty() { "an empty table" } else { "0 for all" };
            let expected = "a weight above 0 for at least one symbol";
            return Err(RecipeError::expected(KEY, expected, &got));
        }
        Ok(())
    }
}

impl Serialize for SymbolWeights {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Length => to.serialize_str("length"),
            Self::Equal => to.serialize_str("equal"),
            Self::Given(given) => given.serialize(to),
        }
    }
}
