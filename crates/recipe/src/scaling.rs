//! The `[scaling]` table: how each channel and each column of the snapshot is scaled.

use std::collections::{BTreeMap, BTreeSet};

use barloom_bars::PRICE_COLUMNS;
use barloom_scaling::ChannelScaler;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::choice::{self, nearest};
use crate::data::DataSettings;
use crate::reader::{Table, toml_key};
use crate::scaler::ScalerSetting;
use crate::{RecipeError, SplitSettings};

/// The key that stands for the price columns.
const PRICE: &str = "price";
const VOLUME: &str = "volume";
/// The price by which some scalers divide.
const CLOSE: &str = "close";
/// The key of the scaler of all features without a scaler of their own.
const FEATURES: &str = "features";
/// The table of scalers for the snapshot alone.
const SNAPSHOT: &str = "snapshot";

/// The `[scaling]` table.
///
/// A channel takes the scaler under its own name; else open, high, low and close take `price`,
/// whose default is `last_close`, and volume takes `log1p_last`. Any other channel must have its
/// own key: a guess would be silent and often wrong. In a recipe the key `features` stands for all
/// features that samples hold and that have no key of their own.
///
/// A column of the snapshot takes its scaler in the table `snapshot`; else it has that of a channel
/// of its name. Its scaler [is of a bar](ChannelScaler::is_of_bar).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScalingSettings {
    /// For open, high, low and close; as written, none for the default.
    pub price: Option<ChannelScaler>,
    /// For one channel, by its name; as written.
    pub channels: BTreeMap<String, ScalerSetting>,
    /// For one column of the snapshot, by its name; as written.
    pub snapshot: BTreeMap<String, ScalerSetting>,
}

/// The columns that samples hold.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) channels: &'a [String],
    pub(crate) snapshot: &'a [String],
}

impl<'a> Columns<'a> {
    fn all(self) -> impl Iterator<Item = &'a String> + Clone {
        self.channels.iter().chain(self.snapshot)
    }
}

impl Serialize for ScalingSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(price) = &self.price {
            map.serialize_entry(PRICE, choice::Choice::word(*price))?;
        }
        for (name, scaler) in &self.channels {
            map.serialize_entry(name, scaler)?;
        }
        if !self.snapshot.is_empty() {
            map.serialize_entry(SNAPSHOT, &self.snapshot)?;
        }
        map.end()
    }
}

impl ScalingSettings {
    /// The scaler of a channel; none for one that needs a key of its own and has none.
    #[must_use]
    pub fn scaler(&self, channel: &str) -> Option<ScalerSetting> {
        match self.channels.get(channel) {
            Some(scaler) => Some(scaler.clone()),
            None if is_price(channel) => {
                Some(self.price.unwrap_or(ChannelScaler::LastClose).into())
            }
            None if plain(channel) == VOLUME => Some(ChannelScaler::Log1pLast.into()),
            None => None,
        }
    }

    /// The scaler of a column of the snapshot; none for one that needs a key of its own and has
    /// none.
    #[must_use]
    pub fn snapshot_scaler(&self, column: &str) -> Option<ScalerSetting> {
        self.snapshot.get(column).cloned().or_else(|| self.scaler(column))
    }

    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let mut settings = Self::default();
        for entry in table.entries() {
            if entry.name == SNAPSHOT {
                for entry in entry.table()?.entries() {
                    let scaler = ScalerSetting::read(entry)?;
                    settings.snapshot.insert(entry.name.to_owned(), scaler);
                }
                continue;
            }
            if entry.name == PRICE {
                settings.price = Some(entry.choice()?);
            } else {
                settings.channels.insert(entry.name.to_owned(), ScalerSetting::read(entry)?);
            }
        }
        Ok(settings)
    }

    /// Gives the scaler under `features` to all features that samples hold and that have no scaler
    /// of their own. A column of the bars may be called `features`, too.
    ///
    /// # Errors
    /// Samples hold no such feature.
    pub(crate) fn spread(
        &mut self,
        columns: Columns<'_>,
        is_feature: impl Fn(&str) -> bool,
    ) -> Result<(), RecipeError> {
        if columns.all().any(|name| name == FEATURES) {
            return Ok(());
        }
        let Some(scaler) = self.channels.remove(FEATURES) else { return Ok(()) };
        let features: Vec<&String> = columns.all().filter(|name| is_feature(name)).collect();
        if features.is_empty() {
            let because = "where samples hold no feature; name features in data.channels or \
                           data.snapshot";
            return Err(RecipeError::does_not_apply(format!("scaling.{FEATURES}"), because));
        }
        for name in features {
            if !self.snapshot.contains_key(name) || columns.channels.contains(name) {
                self.channels.entry(name.clone()).or_insert_with(|| scaler.clone());
            }
        }
        Ok(())
    }

    /// Leaves out what does not apply to these columns.
    pub(crate) fn fit(&mut self, columns: Columns<'_>) {
        let meant = |key: String| {
            let same = |channel: &&String| plain(channel) == plain(&key);
            if columns.all().any(|name| *name == key) {
                Some(key)
            } else {
                columns.all().find(same).cloned()
            }
        };
        let given = std::mem::take(&mut self.channels).into_iter();
        self.channels = given.filter_map(|(key, scaler)| Some((meant(key)?, scaler))).collect();
        if !self.price_applies(columns) {
            self.price = None;
        }
    }

    pub(crate) fn validate(
        &self,
        columns: Columns<'_>,
        split: Option<&SplitSettings>,
    ) -> Result<(), RecipeError> {
        let known: BTreeSet<&String> = columns.all().collect();
        if let Some(name) = self.channels.keys().find(|name| !known.contains(name)) {
            return Err(unknown_column(name, columns));
        }
        let of_snapshot = |name: &&String| columns.snapshot.contains(name);
        if let Some(name) = self.snapshot.keys().find(|name| !of_snapshot(name)) {
            let key = format!("scaling.{SNAPSHOT}.{name}");
            return Err(RecipeError::does_not_apply(
                key,
                "to a column that is not in data.snapshot",
            ));
        }
        if self.price.is_some() && !self.price_applies(columns) {
            return Err(RecipeError::does_not_apply(
                "scaling.price",
                "where no price column is a channel without a scaler of its own",
            ));
        }
        if let Some(channel) = columns.channels.iter().find(|name| self.scaler(name).is_none()) {
            return Err(no_scaler(channel));
        }
        for (name, scaler) in &self.channels {
            scaler.validate(&format!("scaling.{name}"), split)?;
        }
        for (name, scaler) in &self.snapshot {
            scaler.validate(&format!("scaling.{SNAPSHOT}.{name}"), split)?;
        }
        columns.snapshot.iter().try_for_each(|name| self.validate_snapshot(name))
    }

    /// Checks the scaler of a column of the snapshot.
    fn validate_snapshot(&self, name: &str) -> Result<(), RecipeError> {
        let allowed = || {
            let of_bar = ChannelScaler::ALL.into_iter().filter(|scaler| scaler.is_of_bar());
            let of_bar: Vec<_> = of_bar.map(|scaler| format!("{:?}", scaler.name())).collect();
            format!("{} or {{ kind = \"standard\" }}", of_bar.join(", "))
        };
        let write = || {
            let key = toml_key(name);
            format!(
                "write under [scaling] {SNAPSHOT} = {{ {key} = \"none\" }}, or another of {}",
                allowed()
            )
        };
        let key = format!("scaling.{SNAPSHOT}.{name}");
        let Some(scaler) = self.snapshot_scaler(name) else {
            let problem = format!("the snapshot's column {name:?} has no scaler; {}", write());
            return Err(RecipeError::conflict(key, problem));
        };
        let ScalerSetting::Named(scaler) = scaler else { return Ok(()) };
        if !scaler.is_of_bar() {
            let problem =
                format!("{scaler} needs a window, and a snapshot is one bar; {}", write());
            return Err(RecipeError::conflict(key, problem));
        }
        if plain(name) == CLOSE && scaler != ChannelScaler::None {
            let problem = format!("{scaler} of the close is the same in all bars; {}", write());
            return Err(RecipeError::conflict(key, problem));
        }
        Ok(())
    }

    /// These settings with every key written that applies to the columns.
    pub(crate) fn written_out(&self, columns: Columns<'_>) -> Self {
        let mut written = self.clone();
        if self.price_applies(columns) {
            written.price = Some(self.price.unwrap_or(ChannelScaler::LastClose));
        }
        for channel in columns.channels.iter().filter(|channel| !is_price(channel)) {
            if let Some(scaler) = self.scaler(channel) {
                written.channels.insert(channel.clone(), scaler);
            }
        }
        let scalers = written.channels.values_mut().chain(written.snapshot.values_mut());
        scalers.for_each(|scaler| *scaler = scaler.written_out());
        written
    }

    /// Tells if one of these columns takes the scaler under `price`.
    fn price_applies(&self, columns: Columns<'_>) -> bool {
        let of_price = |name: &&String| is_price(name) && !self.channels.contains_key(*name);
        let mut snapshot = columns.snapshot.iter().filter(|c| !self.snapshot.contains_key(*c));
        columns.channels.iter().any(|c| of_price(&c)) || snapshot.any(|c| of_price(&c))
    }

    /// Leaves out `price` where it applies to no column of these.
    pub fn drop_idle_price(&mut self, data: &DataSettings) {
        if !self.price_applies(data.sample_columns()) {
            self.price = None;
        }
    }
}

fn is_price(channel: &str) -> bool {
    PRICE_COLUMNS.contains(&&*plain(channel))
}

/// A name as columns are known by, whatever its case and spaces: `Adj Close` is `adj_close`.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn unknown_column(name: &str, columns: Columns<'_>) -> RecipeError {
    let known = columns.all().map(String::as_str).chain([PRICE, SNAPSHOT]);
    let snapshot = match columns.snapshot {
        [] => String::new(),
        names => format!(", {SNAPSHOT}, the data.snapshot {}", names.join(", ")),
    };
    RecipeError::UnknownKey {
        at: None,
        key: format!("scaling.{name}"),
        nearest: nearest(name, known).map(|name| format!("scaling.{name}")),
        known: format!(
            "the keys of [scaling] are price{snapshot} and the data.channels {}; add the column \
             there or leave the key out",
            columns.channels.join(", ")
        ),
    }
}

fn no_scaler(channel: &str) -> RecipeError {
    let typo = nearest(channel, PRICE_COLUMNS.into_iter().chain([VOLUME]))
        .map_or_else(String::new, |name| format!(" (or did you mean the channel {name:?}?)"));
    RecipeError::conflict(
        format!("scaling.{channel}"),
        format!(
            "the channel {channel:?} has no scaler; write under [scaling] {} = \"zscore\", or \
             another of {}{typo}",
            toml_key(channel),
            choice::one_of::<ChannelScaler>()
        ),
    )
}
