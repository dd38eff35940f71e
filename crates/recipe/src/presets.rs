//! `data.presets`: sets of features by name.

use barloom_features::{PRESETS, Preset, preset};
use barloom_scaling::ChannelScaler;

use crate::choice::{self, nearest};
use crate::reader::toml_key;
use crate::{Recipe, RecipeError};

impl Recipe {
    /// Writes the presets out for bars that have the columns which `has` is true for: their features
    /// go into `[features]`, and their columns take the place of their names in `data.channels`,
    /// `data.snapshot` and `[scaling]`. A column without a scaler gets that of its preset. Returns
    /// notes: what stands in for a column `vwap`.
    ///
    /// # Errors
    /// An unknown preset, or one that is listed twice; a feature of a preset has the name of
    /// another feature.
    pub fn fit_presets(&mut self, has: impl Fn(&str) -> bool) -> Result<Vec<String>, RecipeError> {
        let mut notes = Vec::new();
        // Turnovers are not adjusted, so their quotient with volumes is no price of the bar.
        let is_adjusted = self.data.adjust.is_some();
        let has = |name: &str| has(name) && !(is_adjusted && name == "quote_volume");
        for (i, name) in std::mem::take(&mut self.data.presets).iter().enumerate() {
            let key = format!("data.presets[{i}]");
            let Some(preset) = preset(name, has) else {
                let typo = nearest(name, PRESETS).map(|name| format!("; did you mean {name:?}?"));
                let got = format!("{name:?}{}", typo.unwrap_or_default());
                let known = PRESETS.map(|name| format!("{name:?}")).join(" or ");
                return Err(RecipeError::expected(&key, known, &got));
            };
            self.add(name, preset.clone(), &key)?;
            if preset.vwap != "vwap" {
                let text = preset.vwap;
                notes.push(format!("the bars have no column vwap, so {name} takes {text} for it"));
            }
        }
        Ok(notes)
    }

    fn add(&mut self, name: &str, preset: Preset, key: &str) -> Result<(), RecipeError> {
        let Preset { features, channels, .. } = preset;
        let taken = |name: &str| self.features.has(name);
        if let Some((feature, _)) = features.iter().find(|(feature, _)| taken(feature)) {
            let problem = format!(
                "{name} has a feature {feature}, and there is another one of this name; list a \
                 preset once, and take another name for a feature of yours"
            );
            return Err(RecipeError::conflict(key, problem));
        }
        if taken(name) {
            let problem = format!("{name:?} is the name of a feature too; take another for that");
            return Err(RecipeError::conflict(format!("features.{}", toml_key(name)), problem));
        }
        let columns: Vec<String> = channels.iter().map(|(column, _)| column.clone()).collect();
        let mut list = self.data.channels.to_vec();
        let mut is_listed = spread(&mut list, name, &columns);
        if is_listed {
            self.data.channels = list.into();
        }
        is_listed |= spread(&mut self.data.snapshot, name, &columns);
        let given = self.scaling.channels.remove(name);
        let of_snapshot = self.scaling.snapshot.remove(name);
        if (given.is_some() || of_snapshot.is_some()) && !is_listed {
            let because = format!("where {name:?} is not in data.channels or data.snapshot");
            return Err(RecipeError::does_not_apply(format!("scaling.{name}"), because));
        }
        let used = self.data.columns();
        for (column, word) in channels {
            let is_feature = features.iter().any(|(feature, _)| *feature == column);
            if !used.contains(&column) || !(is_listed || is_feature) {
                continue;
            }
            let key = format!("scaling.{}", toml_key(&column));
            let own = match &given {
                Some(scaler) => Some(scaler.clone()),
                // Prices have a scaler: that under `price`.
                None if self.scaling.scaler(&column).is_some() && column != "volume" => None,
                None => Some(choice::parse::<ChannelScaler>(&key, word)?.into()),
            };
            if let Some(own) = own {
                self.scaling.channels.entry(column.clone()).or_insert(own);
            }
            if let Some(scaler) = &of_snapshot
                && self.data.snapshot.contains(&column)
            {
                self.scaling.snapshot.entry(column).or_insert_with(|| scaler.clone());
            }
        }
        self.features.features.extend(features);
        Ok(())
    }
}

/// Puts columns in the place of a name in a list, but those that it has already. True if the name was
/// there.
fn spread(list: &mut Vec<String>, name: &str, columns: &[String]) -> bool {
    let Some(place) = list.iter().position(|listed| listed == name) else { return false };
    let new: Vec<String> = columns.iter().filter(|new| !list.contains(new)).cloned().collect();
    list.splice(place..=place, new);
    true
}
