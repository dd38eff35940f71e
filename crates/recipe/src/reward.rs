//! The `[reward]` table: how actions are priced, as written.

use barloom_bars::Market;
use barloom_rewards::{
    BarRates, Barriers, Costs, Entry, Formulas, Metric, RewardSettings, SameBar,
};
use serde::{Serialize, Serializer};

use crate::RecipeError;
use crate::choice::{self, Choice};
use crate::reader::{self, Table};

pub(crate) const KEYS: &[&str] = &[
    "formulas",
    "metric",
    "entry",
    "barriers",
    "same_bar",
    "costs",
    "fee_bps",
    "slippage_bps",
    "spread_bps",
    "carry_bps",
    "bars_per_year",
    "eps",
    "clip",
];

/// The word for no metric.
const NONE: &str = "none";

/// The table as a recipe writes it: without actions it prices nothing.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Written<'a> {
    None {
        metric: &'static str,
        #[serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "choice::serialize_option"
        )]
        entry: Option<Entry>,
    },
    All(&'a RewardTable),
}

/// Bars a year, for the annualised metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BarsPerYear {
    /// The number of each series, by the steps between its bars:
    /// `barloom_bars::Market::bars_per_year`.
    Auto,
    /// This many.
    Number(f64),
}

impl BarsPerYear {
    /// The number that is written; none for `"auto"`.
    fn fixed(self) -> Option<f64> {
        match self {
            Self::Auto => None,
            Self::Number(number) => Some(number),
        }
    }
}

impl Serialize for BarsPerYear {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => to.serialize_str("auto"),
            Self::Number(number) => to.serialize_f64(*number),
        }
    }
}

/// The `[reward]` table.
///
/// Keys that may not apply are `None` where they are not written: `entry`, `barriers`, `same_bar`
/// and `costs` belong to the formulas `v1`, `same_bar` to honoured barriers, `clip` to the
/// metrics car, sharpe, sortino and calmar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RewardTable {
    /// The formulas.
    #[serde(serialize_with = "choice::serialize")]
    pub formulas: Formulas,
    /// The metrics, none twice; the first is the column `reward`. Empty for `"none"`: there are no
    /// actions to price.
    #[serde(rename = "metric", serialize_with = "serialize_metrics")]
    pub metrics: Vec<Metric>,
    /// The price at which a trade opens.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "choice::serialize_option")]
    pub entry: Option<Entry>,
    /// Rule for stops and targets: they end a trade, or are ignored.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "choice::serialize_option")]
    pub barriers: Option<Barriers>,
    /// The barrier that counts when a bar holds both.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "choice::serialize_option")]
    pub same_bar: Option<SameBar>,
    /// When costs are paid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "choice::serialize_option")]
    pub costs: Option<Costs>,
    /// Commission a side, basis points of notional.
    pub fee_bps: f64,
    /// Slippage a side, basis points of notional.
    pub slippage_bps: f64,
    /// The whole bid-ask spread, basis points; a side pays half.
    pub spread_bps: f64,
    /// Carry for each bar boundary held over, basis points of notional; negative is earned.
    pub carry_bps: f64,
    /// Bars a year.
    pub bars_per_year: BarsPerYear,
    /// Added to denominators of sharpe, sortino and calmar.
    pub eps: f64,
    /// Bounds of car, sharpe, sortino and calmar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<[f64; 2]>,
}

impl RewardTable {
    /// The defaults beside these formulas.
    pub(crate) fn new(formulas: Formulas) -> Self {
        let default = default_settings(formulas, 2);
        Self {
            formulas,
            metrics: default.metrics,
            entry: None,
            barriers: None,
            same_bar: None,
            costs: None,
            fee_bps: default.fee_bps,
            slippage_bps: default.slippage_bps,
            spread_bps: default.spread_bps,
            carry_bps: default.carry_bps,
            bars_per_year: match formulas {
                Formulas::V1 => BarsPerYear::Auto,
                Formulas::FrelV1 => BarsPerYear::Number(default.bars_per_year.at(0)),
            },
            eps: default.eps,
            clip: None,
        }
    }

    /// The formulas of a `[reward]` table, on which defaults elsewhere depend.
    pub(crate) fn read_formulas(table: &Table<'_>) -> Result<Formulas, RecipeError> {
        Ok(table.read("formulas", reader::Entry::choice)?.unwrap_or_default())
    }

    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let formulas = Self::read_formulas(table)?;
        let default = Self::new(formulas);
        let number =
            |name, default| table.read(name, reader::Entry::number).map(|n| n.unwrap_or(default));
        let bars_per_year =
            table.read("bars_per_year", |e| match (e.as_text(), reader::as_number(e.value)) {
                (Some("auto"), _) => Ok(BarsPerYear::Auto),
                (_, Some(number)) => Ok(BarsPerYear::Number(number)),
                _ => Err(e.expected("a number above 0, or \"auto\"")),
            })?;
        let metrics = table.read("metric", |e| match e.items() {
            Some(items) if items.is_empty() => Err(e.expected("at least one metric")),
            Some(items) => items.iter().map(reader::Entry::choice).collect(),
            None if e.as_text() == Some(NONE) => Ok(Vec::new()),
            None => e.choice().map(|metric| vec![metric]),
        })?;
        Ok(Self {
            formulas,
            metrics: metrics.unwrap_or(default.metrics),
            entry: table.read("entry", reader::Entry::choice)?,
            barriers: table.read("barriers", reader::Entry::choice)?,
            same_bar: table.read("same_bar", reader::Entry::choice)?,
            costs: table.read("costs", reader::Entry::choice)?,
            fee_bps: number("fee_bps", default.fee_bps)?,
            slippage_bps: number("slippage_bps", default.slippage_bps)?,
            spread_bps: number("spread_bps", default.spread_bps)?,
            carry_bps: number("carry_bps", default.carry_bps)?,
            bars_per_year: bars_per_year.unwrap_or(default.bars_per_year),
            eps: number("eps", default.eps)?,
            clip: table.read("clip", reader::Entry::pair)?,
        })
    }

    /// The table of `metric = "none"`.
    pub(crate) fn unpriced(entry: Option<Entry>) -> Self {
        Self { metrics: Vec::new(), entry, ..Self::new(Formulas::V1) }
    }

    /// False for `metric = "none"`: there are no actions to price.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        !self.metrics.is_empty()
    }

    /// The table as a recipe writes it.
    pub(crate) fn written(&self) -> Written<'_> {
        if self.is_priced() {
            Written::All(self)
        } else {
            Written::None { metric: NONE, entry: self.entry }
        }
    }

    /// Checks the table; `forward` is F, already checked by itself.
    pub(crate) fn validate(&self, forward: usize) -> Result<(), RecipeError> {
        if !self.is_priced() {
            return Ok(());
        }
        if self.formulas == Formulas::FrelV1 {
            let fill = [
                ("reward.entry", self.entry.is_some()),
                ("reward.barriers", self.barriers.is_some()),
                ("reward.same_bar", self.same_bar.is_some()),
                ("reward.costs", self.costs.is_some()),
            ];
            if let Some((key, _)) = fill.iter().find(|(_, written)| *written) {
                let because = "with formulas = \"frel-v1\", which fix how trades are filled";
                return Err(RecipeError::does_not_apply(*key, because));
            }
        }
        if self.barriers == Some(Barriers::Ignore) && self.same_bar.is_some() {
            let because = "with barriers = \"ignore\", which no bar can reach";
            return Err(RecipeError::does_not_apply("reward.same_bar", because));
        }
        if self.clip.is_some() && !self.is_clipped() {
            let because = "without one of the metrics car, sharpe, sortino or calmar";
            return Err(RecipeError::does_not_apply("reward.clip", because));
        }
        self.settings(forward, self.bars_per_year.fixed().unwrap_or(1.0).into()).map(drop)
    }

    /// These settings for the rewards crate, checked.
    pub(crate) fn settings(
        &self,
        forward: usize,
        bars_per_year: BarRates,
    ) -> Result<RewardSettings, RecipeError> {
        let written = self.written_out();
        let default = default_settings(self.formulas, forward);
        let settings = RewardSettings {
            formulas: self.formulas,
            metrics: written.metrics,
            entry: written.entry.unwrap_or(default.entry),
            barriers: written.barriers.unwrap_or(default.barriers),
            same_bar: written.same_bar.unwrap_or(default.same_bar),
            costs: written.costs.unwrap_or(default.costs),
            fee_bps: self.fee_bps,
            slippage_bps: self.slippage_bps,
            spread_bps: self.spread_bps,
            carry_bps: self.carry_bps,
            bars_per_year,
            eps: self.eps,
            clip: written.clip,
            forward,
        };
        if self.is_priced() {
            settings.validate()?;
        }
        Ok(settings)
    }

    /// Bars a year of a market's rows.
    pub(crate) fn rates(&self, market: &Market) -> BarRates {
        match self.bars_per_year {
            BarsPerYear::Number(number) => number.into(),
            BarsPerYear::Auto => {
                let series = market.series().iter().enumerate();
                BarRates::by_series(
                    series.map(|(index, span)| (span.start, market.bars_per_year(index))),
                )
            }
        }
    }

    /// Tells whether stops and targets end trades.
    #[must_use]
    pub fn honours_barriers(&self) -> bool {
        self.is_priced() && self.formulas == Formulas::V1 && self.barriers != Some(Barriers::Ignore)
    }

    /// This table with every key written that applies.
    pub(crate) fn written_out(&self) -> Self {
        let mut written = self.clone();
        if self.formulas == Formulas::V1 {
            let default = default_settings(self.formulas, 2);
            let barriers = *written.barriers.get_or_insert(default.barriers);
            written.entry.get_or_insert(default.entry);
            written.costs.get_or_insert(default.costs);
            if barriers == Barriers::Honour {
                written.same_bar.get_or_insert(default.same_bar);
            }
            if self.is_clipped() {
                written.clip = written.clip.or(default.clip);
            }
        }
        written
    }

    /// The key by which trades enter at a close, so that they need two bars; none when at an open.
    pub(crate) fn enters_at_close(&self) -> Option<&'static str> {
        match (self.formulas, self.entry) {
            (Formulas::FrelV1, _) => Some("formulas = \"frel-v1\""),
            (_, Some(Entry::NextClose)) => Some("entry = \"next_close\""),
            _ => None,
        }
    }

    /// Returns true if a metric is asked for that is clipped.
    fn is_clipped(&self) -> bool {
        self.metrics.iter().any(|metric| metric.is_clipped())
    }
}

fn default_settings(formulas: Formulas, forward: usize) -> RewardSettings {
    match formulas {
        Formulas::V1 => RewardSettings::v1(forward),
        Formulas::FrelV1 => RewardSettings::frel_v1(forward),
    }
}

/// A metric as a word, several as a list.
fn serialize_metrics<S: Serializer>(metrics: &[Metric], to: S) -> Result<S::Ok, S::Error> {
    match metrics {
        [metric] => to.serialize_str(metric.word()),
        metrics => to.collect_seq(metrics.iter().map(|metric| metric.word())),
    }
}
