//! The `[dataset]` table: how many samples, of which shape, from which seed.

use std::fmt;
use std::str::FromStr;

use barloom_bars::Session;
use barloom_rewards::Formulas;
use barloom_sampling::{ActionSource, MAX_SAMPLES, PositionOrder};
use barloom_splits::Part;
use serde::{Serialize, Serializer};

use crate::choice;
use crate::data::parsed;
use crate::reader::{Entry, Table};
use crate::reward::RewardTable;
use crate::{LabelSettings, RecipeError, SymbolWeights, reader};

pub(crate) const KEYS: &[&str] = &[
    "samples",
    "seed",
    "lookback",
    "forward",
    "positions",
    "actions_per_state",
    "symbol_weights",
    "where",
    "session",
    "need",
];

const SAMPLES_EXPECTED: &str = "a whole number from 1 to 2^62 - 1, or \"all\"";

/// Number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// This many; with a split each part gets its share.
    Count(u64),
    /// Every position of the market, `actions_per_state` times; for sequential positions.
    All,
}

impl Samples {
    /// A part's samples: its share of the count, rounded half up; all stay all.
    #[must_use]
    pub fn of_part(self, part: &Part) -> Self {
        match self {
            // From 2^53 on the product is not exact, but it is the same everywhere.
            Self::Count(count) => Self::Count((count as f64 * part.share).round() as u64),
            Self::All => Self::All,
        }
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::All => f.write_str("all"),
        }
    }
}

/// A whole number, also as `1e6`; none for one that is not whole or not exact.
fn whole(text: &str) -> Option<u64> {
    if !text.contains(['e', 'E']) {
        return text.parse().ok();
    }
    let number: f64 = text.parse().ok()?;
    let exact = (0.0..(1_u64 << 62) as f64).contains(&number) && number.fract() == 0.0;
    exact.then_some(number as u64)
}

impl FromStr for Samples {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        match text {
            "all" => Ok(Self::All),
            _ => whole(&text.replace('_', "")).map(Self::Count).ok_or_else(|| {
                RecipeError::expected("dataset.samples", SAMPLES_EXPECTED, &format!("{text:?}"))
            }),
        }
    }
}

impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => to.serialize_u64(*count),
            Self::All => to.serialize_str("all"),
        }
    }
}

/// The `[dataset]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSettings {
    /// Number of samples.
    pub samples: Samples,
    /// The seed of every draw.
    pub seed: u64,
    /// L: bars that a window holds, at least 1.
    pub lookback: usize,
    /// F: bars that an action is judged on, at least 1. Unused without actions.
    pub forward: usize,
    /// Positions of samples.
    pub positions: PositionOrder,
    /// K: actions that are priced in one state, at least 1. Unused unless actions are drawn.
    pub actions_per_state: u64,
    /// Shares of symbols in the samples. Not written where they are by length.
    pub symbol_weights: SymbolWeights,
    /// The expression under `where`, which is true on the row before each decision bar; none for
    /// all bars.
    pub condition: Option<String>,
    /// The times of day of decision bars; none for all.
    pub session: Option<Session>,
    /// The names of the labels that a labelled bar must have; none for all labels.
    pub need: Option<Vec<String>>,
}

/// The table as a recipe writes it.
#[derive(Serialize)]
pub(crate) struct Written<'a> {
    samples: Samples,
    seed: u64,
    lookback: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<usize>,
    #[serde(serialize_with = "choice::serialize")]
    positions: PositionOrder,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions_per_state: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol_weights: Option<&'a SymbolWeights>,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    need: Option<&'a [String]>,
}

impl DatasetSettings {
    /// The defaults beside these formulas: 64 bars back and forward, 200 for `frel-v1`.
    pub(crate) fn new(formulas: Formulas) -> Self {
        let bars = match formulas {
            Formulas::V1 => 64,
            Formulas::FrelV1 => 200,
        };
        Self {
            samples: Samples::Count(100_000),
            seed: 42,
            lookback: bars,
            forward: bars,
            positions: PositionOrder::Random,
            actions_per_state: 1,
            symbol_weights: SymbolWeights::Length,
            condition: None,
            session: None,
            need: None,
        }
    }

    /// Reads the table. Supervised samples are each labelled bar once, in order, unless a number is
    /// given.
    pub(crate) fn read(
        table: &Table<'_>,
        formulas: Formulas,
        supervised: bool,
    ) -> Result<Self, RecipeError> {
        let mut default = Self::new(formulas);
        let is_random = table.read("positions", Entry::choice)? == Some(PositionOrder::Random);
        if supervised && table.get("samples").is_none() && !is_random {
            default.samples = Samples::All;
            default.positions = PositionOrder::Sequential;
        }
        Ok(Self {
            samples: table.read("samples", samples)?.unwrap_or(default.samples),
            seed: table.read("seed", Entry::whole)?.unwrap_or(default.seed),
            lookback: table.read("lookback", Entry::size)?.unwrap_or(default.lookback),
            forward: table.read("forward", Entry::size)?.unwrap_or(default.forward),
            positions: table.read("positions", Entry::choice)?.unwrap_or(default.positions),
            actions_per_state: table
                .read("actions_per_state", Entry::whole)?
                .unwrap_or(default.actions_per_state),
            symbol_weights: table
                .read("symbol_weights", SymbolWeights::read)?
                .unwrap_or(default.symbol_weights),
            condition: table.read("where", |e| e.text().map(str::to_owned))?,
            session: table.read("session", |entry| parsed(entry, Session::EXPECTED))?,
            need: table.read("need", need)?.flatten(),
        })
    }

    /// The table as a recipe writes it.
    pub(crate) fn written(&self, actions: ActionSource) -> Written<'_> {
        let is_drawn = actions == ActionSource::Random;
        let weights = &self.symbol_weights;
        Written {
            samples: self.samples,
            seed: self.seed,
            lookback: self.lookback,
            forward: (actions != ActionSource::None).then_some(self.forward),
            positions: self.positions,
            actions_per_state: is_drawn.then_some(self.actions_per_state),
            symbol_weights: (!weights.is_length()).then_some(weights),
            condition: self.condition.as_deref(),
            session: self.session.map(|session| session.to_string()),
            need: self.need.as_deref(),
        }
    }

    pub(crate) fn validate(&self, reward: &RewardTable) -> Result<(), RecipeError> {
        match self.samples {
            Samples::Count(count) if count == 0 || count >= MAX_SAMPLES => {
                return Err(RecipeError::expected("dataset.samples", SAMPLES_EXPECTED, &count));
            }
            Samples::All if self.positions != PositionOrder::Sequential => {
                return Err(RecipeError::conflict(
                    "dataset.samples",
                    "\"all\" means each position once and needs positions = \"sequential\"; add \
                     that, or give a number",
                ));
            }
            _ => {}
        }
        for (key, bars) in [("dataset.lookback", self.lookback), ("dataset.forward", self.forward)]
        {
            if bars == 0 || i32::try_from(bars).is_err() {
                return Err(RecipeError::expected(key, "a whole number from 1 to 2^31 - 1", &bars));
            }
        }
        if self.forward == 1
            && reward.is_priced()
            && let Some(why) = reward.enters_at_close()
        {
            let expected =
                format!("2 or more with {why}, which enters at the close of the first bar");
            return Err(RecipeError::expected("dataset.forward", expected, &1));
        }
        if self.actions_per_state == 0 {
            let expected = "a whole number from 1";
            return Err(RecipeError::expected("dataset.actions_per_state", expected, &0));
        }
        self.symbol_weights.validate(self.positions)
    }

    /// Checks the names of labels under `need`.
    pub(crate) fn validate_need(&self, labels: &[LabelSettings]) -> Result<(), RecipeError> {
        let Some(need) = &self.need else { return Ok(()) };
        if labels.is_empty() {
            return Err(RecipeError::does_not_apply("dataset.need", "without [[label]]"));
        }
        if need.is_empty() {
            return Err(RecipeError::expected("dataset.need", NEED_EXPECTED, &"an empty list"));
        }
        for (i, name) in need.iter().enumerate() {
            let key = format!("dataset.need[{i}]");
            if !labels.iter().any(|label| label.name == *name) {
                let known: Vec<&str> = labels.iter().map(|label| label.name.as_str()).collect();
                let typo = choice::nearest(name, known.iter().copied())
                    .map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
                let known = known.join(", ");
                let problem = format!("there is no label {name:?}; the labels are {known}{typo}");
                return Err(RecipeError::conflict(key, problem));
            }
            if need[..i].contains(name) {
                let problem = format!("{name:?} is listed twice; leave one out");
                return Err(RecipeError::conflict(key, problem));
            }
        }
        Ok(())
    }
}

const NEED_EXPECTED: &str = "\"all\", or a list of names of labels";

/// The names of labels; none for `"all"`.
fn need(entry: &Entry<'_>) -> Result<Option<Vec<String>>, RecipeError> {
    if entry.as_text() == Some("all") {
        return Ok(None);
    }
    let items = entry.items().ok_or_else(|| entry.expected(NEED_EXPECTED))?;
    items.iter().map(|item| item.text().map(str::to_owned)).collect::<Result<_, _>>().map(Some)
}

fn samples(entry: &Entry<'_>) -> Result<Samples, RecipeError> {
    match (entry.as_text(), reader::as_whole(entry.value)) {
        (Some("all"), _) => Ok(Samples::All),
        (_, Some(whole)) => {
            u64::try_from(whole).map(Samples::Count).map_err(|_| entry.expected(SAMPLES_EXPECTED))
        }
        _ => Err(entry.expected(SAMPLES_EXPECTED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_every_usual_form() {
        for text in ["1000000", "1_000_000", "1e6", "1E6", "1.0e6", "10e5"] {
            assert_eq!(text.parse(), Ok(Samples::Count(1_000_000)), "{text}");
        }
        assert_eq!("all".parse(), Ok(Samples::All));
        for text in ["1.5", "1.5e0", "1e-3", "1e30", "-1e6", "e", "many", "", "inf", "nane"] {
            assert!(text.parse::<Samples>().is_err(), "{text}");
        }
    }
}
