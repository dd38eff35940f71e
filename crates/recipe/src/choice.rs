//! Words that stand for one of a few things.

use barloom_rewards::{Barriers, Costs, Entry, Formulas, Metric, SameBar};
use barloom_sampling::PositionOrder;
use barloom_scaling::ChannelScaler;
use serde::Serializer;

use crate::RecipeError;

/// A value that a recipe writes as one of a few words.
///
/// The words are here and not with the types, so that a recipe reads the same whatever the
/// crates that own the types call their variants.
pub(crate) trait Choice: Copy + PartialEq + 'static {
    /// Each word and what it stands for, the default first.
    const WORDS: &'static [(&'static str, Self)];

    /// Words of former versions, and the word for each now.
    const FORMER: &'static [(&'static str, &'static str)] = &[];

    /// The word for it.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| *word)
    }
}

/// The setting that a word stands for as the value of a key.
pub(crate) fn parse<T: Choice>(key: &str, got: &str) -> Result<T, RecipeError> {
    let words = || T::WORDS.iter().map(|(word, _)| *word);
    let former = T::FORMER.iter().find(|(word, _)| *word == got).map(|(_, now)| *now);
    T::WORDS.iter().find(|(word, _)| *word == got).map(|(_, value)| *value).ok_or_else(|| {
        RecipeError::Choice {
            at: None,
            key: key.to_owned(),
            got: got.to_owned(),
            allowed: one_of::<T>(),
            nearest: former.or_else(|| nearest(got, words())),
        }
    })
}

/// The words of a type for people: `"a", "b" or "c"`.
pub(crate) fn one_of<T: Choice>() -> String {
    let words: Vec<String> = T::WORDS.iter().map(|(word, _)| format!("{word:?}")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The known word that resembles this one most, if any resembles it.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const RESEMBLES: f64 = 0.75;
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= RESEMBLES)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Serialises the word.
pub(crate) fn serialize<T: Choice, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(value.word())
}

/// Serialises the word of a key that is written.
pub(crate) fn serialize_option<T: Choice, S: Serializer>(
    value: &Option<T>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.serialize_str(value.word()),
        None => to.serialize_none(),
    }
}

impl Choice for PositionOrder {
    const WORDS: &'static [(&'static str, Self)] =
        &[("random", Self::Random), ("sequential", Self::Sequential)];
}

impl Choice for ChannelScaler {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("last_close", Self::LastClose),
        ("log1p_last", Self::Log1pLast),
        ("none", Self::None),
        ("log_return", Self::LogReturn),
        ("zscore", Self::Zscore),
        ("minmax", Self::Minmax),
        ("last", Self::Last),
    ];
}

impl Choice for Formulas {
    const WORDS: &'static [(&'static str, Self)] = &[("v1", Self::V1), ("frel-v1", Self::FrelV1)];
}

impl Choice for Metric {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("return", Self::Return),
        ("pnl", Self::Pnl),
        ("pnl_pct", Self::PnlPct),
        ("log_return", Self::LogReturn),
        ("r_multiple", Self::RMultiple),
        ("barrier", Self::Barrier),
        ("car", Self::Car),
        ("sharpe", Self::Sharpe),
        ("sortino", Self::Sortino),
        ("calmar", Self::Calmar),
    ];

    const FORMER: &'static [(&'static str, &'static str)] = &[("label", "barrier")];
}

impl Choice for Entry {
    const WORDS: &'static [(&'static str, Self)] =
        &[("next_open", Self::NextOpen), ("next_close", Self::NextClose)];
}

impl Choice for Barriers {
    const WORDS: &'static [(&'static str, Self)] =
        &[("honour", Self::Honour), ("ignore", Self::Ignore)];
}

impl Choice for SameBar {
    const WORDS: &'static [(&'static str, Self)] =
        &[("stop_first", Self::StopFirst), ("target_first", Self::TargetFirst)];
}

impl Choice for Costs {
    const WORDS: &'static [(&'static str, Self)] =
        &[("both_sides", Self::BothSides), ("once", Self::Once)];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_crates_that_own_the_types() {
        for (word, scaler) in ChannelScaler::WORDS {
            assert_eq!(*word, scaler.name());
        }
        assert_eq!(ChannelScaler::WORDS.len(), ChannelScaler::ALL.len());
        for (word, metric) in Metric::WORDS {
            assert_eq!(*word, metric.name());
        }
    }

    #[test]
    fn resemblance() {
        assert_eq!(nearest("lookbak", ["seed", "lookback"]), Some("lookback"));
        assert_eq!(nearest("SHARPE", ["sortino", "sharpe"]), Some("sharpe"));
        assert_eq!(nearest("appl", ["MSFT", "AAPL"]), Some("AAPL"));
        assert_eq!(nearest("zebra", ["seed", "lookback"]), None);
    }
}
