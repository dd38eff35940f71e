//! The recipe of a build: a file's, or the default one, with what the command line says in its
//! place.

use std::collections::BTreeMap;

use barloom_engine::read_recipe;
use barloom_recipe::{Recipe, SplitSettings};

use crate::arguments::{Build, Shape};
use crate::failure::Failure;

impl Build {
    /// The recipe of this build.
    pub(crate) fn recipe(&self) -> Result<Recipe, Failure> {
        let mut recipe = match &self.config {
            None => Recipe::default(),
            Some(path) => read_recipe(path)?,
        };
        for bars in [&self.bars, &self.more_bars].into_iter().filter(|bars| !bars.is_empty()) {
            recipe.data.bars.clone_from(bars);
        }
        self.reading.apply(&mut recipe)?;
        self.shape.apply(&mut recipe)?;
        recipe.validate()?;
        Ok(recipe)
    }
}

impl Shape {
    /// Puts what is given in the place of what the recipe says.
    fn apply(&self, recipe: &mut Recipe) -> Result<(), Failure> {
        let dataset = &mut recipe.dataset;
        if let Some(samples) = &self.samples {
            dataset.samples =
                samples.parse().map_err(|e| Failure::usage(format!("--samples {samples}: {e}")))?;
        }
        if let Some(seed) = self.seed {
            dataset.seed = seed;
        }
        if let Some(lookback) = self.lookback {
            dataset.lookback = bars("lookback", lookback)?.dataset.lookback;
        }
        if let Some(forward) = self.forward {
            dataset.forward = bars("forward", forward)?.dataset.forward;
        }
        if !self.channels.is_empty() {
            self.apply_channels(recipe)?;
        }
        if !self.metric.is_empty() {
            let metrics: Vec<String> = self.metric.iter().map(|name| quoted(name)).collect();
            let keys = format!("reward.metric = [{}]", metrics.join(", "));
            recipe.reward.metrics = in_recipe("--metric", &keys)?.reward.metrics;
            if !recipe.reward.metrics.iter().any(|metric| metric.is_clipped()) {
                // As the scalers of channels that go.
                recipe.reward.clip = None;
            }
        }
        if !self.split.is_empty() {
            let given = in_recipe("--split", &split(&self.split)?)?.split;
            match (&mut recipe.split, given) {
                // Its embargo stays.
                (Some(SplitSettings::Parts(split)), Some(SplitSettings::Parts(given))) => {
                    split.parts = given.parts;
                }
                (split, given) => *split = given,
            }
        }
        if let Some(format) = &self.format {
            recipe.output.format =
                format.parse().map_err(|e| Failure::usage(format!("--format {format}: {e}")))?;
        }
        Ok(())
    }

    /// Channels and their scalers; those of channels that are not there any more go.
    fn apply_channels(&self, recipe: &mut Recipe) -> Result<(), Failure> {
        let (mut names, mut scalers) = (Vec::new(), BTreeMap::new());
        for channel in &self.channels {
            let (name, scaler) = channel.split_once('=').unzip();
            let name = name.unwrap_or(channel).trim().to_owned();
            if let Some(scaler) = scaler {
                let (key, scaler) = (quoted(&name), quoted(scaler));
                let keys = format!("data.channels = [{key}]\nscaling.{key} = {scaler}");
                scalers.extend(in_recipe("--channels", &keys)?.scaling.channels);
            }
            names.push(name);
        }
        recipe.replace_channels(names.into());
        recipe.scaling.channels.extend(scalers);
        recipe.scaling.drop_idle_price(&recipe.data);
        Ok(())
    }
}

/// The recipe with one number of bars.
fn bars(key: &str, bars: u64) -> Result<Recipe, Failure> {
    in_recipe(&format!("--{key} {bars}"), &format!("dataset.{key} = {bars}"))
}

/// Parts as keys of a recipe: `train=0.8` is a fraction, `train=2024-01-01` an end date.
fn split(parts: &[String]) -> Result<String, Failure> {
    let mut keys = String::new();
    for part in parts {
        let Some((name, end)) = part.split_once('=') else {
            return Err(Failure::usage(format!(
                "--split: {part:?} is not a part; write NAME=FRACTION or NAME=END-DATE, as in \
                 train=0.8,test=0.2"
            )));
        };
        let end = match end.parse::<f64>() {
            Ok(fraction) if fraction.is_finite() => format!("fraction = {fraction:?}"),
            _ => format!("until = {}", quoted(end)),
        };
        keys += &format!("[[split.part]]\nname = {}\n{end}\n", quoted(name));
    }
    Ok(keys)
}

/// The recipe with these keys alone, so that what an argument says is read and refused as in a
/// file.
pub(crate) fn in_recipe(argument: &str, keys: &str) -> Result<Recipe, Failure> {
    Recipe::from_toml(keys, argument).map_err(Failure::of_argument)
}

/// A text as TOML's, which JSON's are too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.trim()).to_string()
}
