//! The `[scaling]` table: how each channel is scaled.

use std::collections::{BTreeMap, BTreeSet};

use barloom_bars::PRICE_COLUMNS;
use barloom_scaling::ChannelScaler;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::RecipeError;
use crate::choice::{self, nearest};
use crate::reader::{Table, toml_key};

/// The key that stands for the price columns.
const PRICE: &str = "price";
const VOLUME: &str = "volume";

/// The `[scaling]` table.
///
/// A channel takes the scaler under its own name; else open, high, low and close take `price`,
/// whose default is `last_close`, and volume takes `log1p_last`. Any other channel must have its
/// own key: a guess would be silent and often wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScalingSettings {
    /// For open, high, low and close; as written, none for the default.
    pub price: Option<ChannelScaler>,
    /// For one channel, by its name; as written.
    pub channels: BTreeMap<String, ChannelScaler>,
}

impl Serialize for ScalingSettings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(price) = &self.price {
            map.serialize_entry(PRICE, choice::Choice::word(*price))?;
        }
        for (name, scaler) in &self.channels {
            map.serialize_entry(name, choice::Choice::word(*scaler))?;
        }
        map.end()
    }
}

impl ScalingSettings {
    /// The scaler of a channel; none for one that needs a key of its own and has none.
    #[must_use]
    pub fn scaler(&self, channel: &str) -> Option<ChannelScaler> {
        match self.channels.get(channel) {
            Some(scaler) => Some(*scaler),
            None if is_price(channel) => Some(self.price.unwrap_or(ChannelScaler::LastClose)),
            None if plain(channel) == VOLUME => Some(ChannelScaler::Log1pLast),
            None => None,
        }
    }

    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let mut settings = Self::default();
        for entry in table.entries() {
            let scaler = entry.choice()?;
            if entry.name == PRICE {
                settings.price = Some(scaler);
            } else {
                settings.channels.insert(entry.name.to_owned(), scaler);
            }
        }
        Ok(settings)
    }

    /// Leaves out what does not apply to these channels.
    pub(crate) fn fit(&mut self, channels: &[String]) {
        let meant = |key: String| {
            let same = |channel: &&String| plain(channel) == plain(&key);
            if channels.contains(&key) { Some(key) } else { channels.iter().find(same).cloned() }
        };
        let given = std::mem::take(&mut self.channels).into_iter();
        self.channels = given.filter_map(|(key, scaler)| Some((meant(key)?, scaler))).collect();
        if !self.price_applies(channels) {
            self.price = None;
        }
    }

    pub(crate) fn validate(&self, channels: &[String]) -> Result<(), RecipeError> {
        let known: BTreeSet<&String> = channels.iter().collect();
        if let Some(name) = self.channels.keys().find(|name| !known.contains(name)) {
            return Err(not_a_channel(name, channels));
        }
        if self.price.is_some() && !self.price_applies(channels) {
            return Err(RecipeError::does_not_apply(
                "scaling.price",
                "where no price column is a channel without a scaler of its own",
            ));
        }
        match channels.iter().find(|channel| self.scaler(channel).is_none()) {
            None => Ok(()),
            Some(channel) => Err(no_scaler(channel)),
        }
    }

    /// These settings with every key written that applies to the channels.
    pub(crate) fn written_out(&self, channels: &[String]) -> Self {
        let mut written = self.clone();
        if self.price_applies(channels) {
            written.price = Some(self.price.unwrap_or(ChannelScaler::LastClose));
        }
        for channel in channels.iter().filter(|channel| !is_price(channel)) {
            if let Some(scaler) = self.scaler(channel) {
                written.channels.insert(channel.clone(), scaler);
            }
        }
        written
    }

    /// Tells if one of these channels takes the scaler under `price`.
    #[must_use]
    pub fn price_applies(&self, channels: &[String]) -> bool {
        channels.iter().any(|c| is_price(c) && !self.channels.contains_key(c))
    }
}

fn is_price(channel: &str) -> bool {
    PRICE_COLUMNS.contains(&&*plain(channel))
}

/// A name as columns are known by, whatever its case and spaces: `Adj Close` is `adj_close`.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn not_a_channel(name: &str, channels: &[String]) -> RecipeError {
    let known = channels.iter().map(String::as_str).chain([PRICE]);
    RecipeError::UnknownKey {
        at: None,
        key: format!("scaling.{name}"),
        nearest: nearest(name, known).map(|name| format!("scaling.{name}")),
        known: format!(
            "the keys of [scaling] are price and the data.channels {}; add the column there \
             or leave the key out",
            channels.join(", ")
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
