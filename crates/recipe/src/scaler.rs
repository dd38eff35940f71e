//! The scaler of one column: a word, or the table of a scaler that is fitted.

use barloom_scaling::{ChannelScaler, FitKind, Per};
use serde::{Serialize, Serializer};

use crate::choice::{self, Choice};
use crate::reader::Entry;
use crate::{RecipeError, SplitSettings};

/// The word for the rows of all parts.
pub(crate) const ALL: &str = "all";
/// The part that a scaler is fitted to unless the recipe names another.
const TRAIN: &str = "train";
/// The keys of a table.
const KEYS: &[&str] = &["kind", "fit", "per", "clip"];

impl Choice for FitKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("standard", Self::Standard),
        ("robust", Self::Robust),
        ("range", Self::Range),
        ("quantile", Self::Quantile),
    ];
}

impl Choice for Per {
    const WORDS: &'static [(&'static str, Self)] =
        &[("market", Self::Market), ("symbol", Self::Symbol)];
}

/// The scaler of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalerSetting {
    /// A scaler by its name.
    Named(ChannelScaler),
    /// A scaler that is fitted to values of the bars.
    Fitted(FitSettings),
}

/// The table of a scaler that is fitted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitSettings {
    /// The kind.
    #[serde(serialize_with = "choice::serialize")]
    pub kind: FitKind,
    /// The part, or the role of each fold, whose rows it is fitted to, or `"all"`; none for
    /// `train`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<String>,
    /// The symbols that share parameters.
    #[serde(serialize_with = "choice::serialize")]
    pub per: Per,
    /// The bound of scaled values on both sides of 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
}

impl Serialize for ScalerSetting {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(scaler) => choice::serialize(scaler, to),
            Self::Fitted(settings) => settings.serialize(to),
        }
    }
}

impl From<ChannelScaler> for ScalerSetting {
    fn from(scaler: ChannelScaler) -> Self {
        Self::Named(scaler)
    }
}

impl PartialEq<ChannelScaler> for ScalerSetting {
    fn eq(&self, other: &ChannelScaler) -> bool {
        matches!(self, Self::Named(scaler) if scaler == other)
    }
}

impl ScalerSetting {
    /// The scaler of windows: `none` for fitted values.
    #[must_use]
    pub fn of_window(&self) -> ChannelScaler {
        match self {
            Self::Named(scaler) => *scaler,
            Self::Fitted(_) => ChannelScaler::None,
        }
    }

    /// The settings of a scaler that is fitted.
    #[must_use]
    pub fn fitted(&self) -> Option<&FitSettings> {
        match self {
            Self::Named(_) => None,
            Self::Fitted(settings) => Some(settings),
        }
    }

    /// Its name in a recipe.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Named(scaler) => scaler.name(),
            Self::Fitted(settings) => settings.kind.name(),
        }
    }

    pub(crate) fn read(entry: &Entry<'_>) -> Result<Self, RecipeError> {
        if entry.as_text().is_some() {
            if let Some(kind) =
                FitKind::ALL.iter().find(|kind| entry.as_text() == Some(kind.name()))
            {
                let table = format!("a table, {{ kind = {:?}, fit = \"train\" }}", kind.name());
                return Err(entry.expected(table));
            }
            return Ok(Self::Named(entry.choice()?));
        }
        let Ok(table) = entry.table() else {
            let words = choice::one_of::<ChannelScaler>();
            return Err(entry.expected(format!("{words}, or a table with a kind")));
        };
        let table = table.only(KEYS, &[])?;
        let kind = table.read("kind", Entry::choice)?;
        let kind =
            kind.ok_or_else(|| entry.expected(format!("kind = {}", choice::one_of::<FitKind>())))?;
        Ok(Self::Fitted(FitSettings {
            kind,
            fit: table.read("fit", |entry| entry.text().map(str::to_owned))?,
            per: table.read("per", Entry::choice)?.unwrap_or_default(),
            clip: table.read("clip", Entry::number)?,
        }))
    }

    /// The setting with every key written.
    pub(crate) fn written_out(&self) -> Self {
        match self {
            Self::Fitted(settings) => {
                let fit = Some(settings.part().unwrap_or(ALL).to_owned());
                Self::Fitted(FitSettings { fit, ..settings.clone() })
            }
            named @ Self::Named(_) => named.clone(),
        }
    }

    /// Checks the setting under a key.
    pub(crate) fn validate(
        &self,
        key: &str,
        split: Option<&SplitSettings>,
    ) -> Result<(), RecipeError> {
        let Self::Fitted(settings) = self else { return Ok(()) };
        if let Some(clip) = settings.clip
            && !(clip.is_finite() && clip > 0.0)
        {
            return Err(RecipeError::expected(&format!("{key}.clip"), "a number above 0", &clip));
        }
        check_fit(key, settings.fit.as_deref(), split)
    }
}

/// The name of the part, or of the role of each fold, that a key `fit` names; none for all rows.
pub(crate) fn part_of(fit: Option<&str>) -> Option<&str> {
    Some(fit.unwrap_or(TRAIN)).filter(|name| *name != ALL)
}

/// Checks the key `fit` of a table.
pub(crate) fn check_fit(
    key: &str,
    fit: Option<&str>,
    split: Option<&SplitSettings>,
) -> Result<(), RecipeError> {
    let Some(name) = part_of(fit) else { return Ok(()) };
    let known = match split {
        None => "the recipe has no [split]".to_owned(),
        Some(SplitSettings::Folds(_)) if name == TRAIN => return Ok(()),
        Some(SplitSettings::Folds(_)) => {
            let problem = format!(
                "{name:?} cannot be fitted to; with folds it is {TRAIN:?}, the train bars of each \
                 fold, or {ALL:?} for all rows"
            );
            return Err(RecipeError::conflict(format!("{key}.fit"), problem));
        }
        Some(split) => {
            let parts: Vec<&str> = split.parts().iter().map(|part| part.name.as_str()).collect();
            if parts.contains(&name) {
                return Ok(());
            }
            match parts.as_slice() {
                [] => "the recipe has no [split]".to_owned(),
                parts => format!("the parts are {}", parts.join(", ")),
            }
        }
    };
    let what = match fit {
        Some(_) => format!("there is no part {name:?}"),
        None => format!("the default is the part {name:?}, which is missing"),
    };
    let problem = format!("{what}; {known}; name one of them, or write fit = \"all\" for all rows");
    Err(RecipeError::conflict(format!("{key}.fit"), problem))
}

impl FitSettings {
    /// The name of the part, or of the role of each fold; none for all rows.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        part_of(self.fit.as_deref())
    }
}
