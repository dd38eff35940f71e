//! Options of the command line for reading bars.

use std::path::Path;

use barloom_engine::{
    Aggregate, Cache, EmptyBars, OnBadBar, PartialBar, ReadOptions, Stamp, default_cache,
    read_options, read_recipe,
};
use barloom_recipe::Recipe;

use crate::arguments::Reading;
use crate::failure::Failure;
use crate::recipe::in_recipe;

impl Reading {
    /// Puts what is given in the place of what the recipe says.
    pub(crate) fn apply(&self, recipe: &mut Recipe) -> Result<(), Failure> {
        let data = &mut recipe.data;
        if let Some(timezone) = &self.timezone {
            data.timezone.clone_from(timezone);
        }
        if let Some(stamp) = &self.stamp {
            data.stamp = if stamp == "close" { Stamp::Close } else { Stamp::Open };
        }
        if self.drop_bad_bars {
            data.on_bad_bar = OnBadBar::Drop;
        }
        if let Some(on_bad_bar) = self.on_bad_bar {
            data.on_bad_bar = on_bad_bar;
        }
        data.interval = self.interval.or(data.interval);
        if let Some(word) = &self.on_duplicate {
            let key = format!("data.on_duplicate = {word:?}");
            data.on_duplicate = in_recipe("--on-duplicate", &key)?.data.on_duplicate;
        }
        if !self.rename.is_empty() {
            data.rename = self.rename.iter().cloned().collect();
        }
        if let Some(spec) = self.aggregate {
            data.aggregate = Some(Aggregate {
                anchor: data.aggregate.and_then(|aggregate| aggregate.anchor),
                spec,
                partial: if self.drop_partial { PartialBar::Drop } else { PartialBar::Keep },
                empty: if self.fill_empty { EmptyBars::Fill } else { EmptyBars::Skip },
            });
        }
        if let Some(anchor) = self.anchor {
            let Some(aggregate) = &mut data.aggregate else {
                let problem = "--anchor sets where the bars of --aggregate begin; pass \
                    --aggregate too";
                return Err(Failure::usage(problem));
            };
            aggregate.anchor = Some(anchor);
        }
        // As they are written in a recipe, so that they are read and told of as there.
        if let Some(adjust) = &self.adjust {
            data.adjust = in_recipe("--adjust", &format!("data.adjust = {adjust:?}"))?.data.adjust;
        }
        if let Some(keys) = &self.csv {
            data.csv = in_recipe("--csv", &format!("data.csv = {{ {keys} }}"))?.data.csv;
        }
        Ok(())
    }

    /// Settings of the reader without a recipe, or for all columns though there is one; and the
    /// recipe with these settings.
    pub(crate) fn all_columns(
        &self,
        config: Option<&Path>,
    ) -> Result<(ReadOptions, Recipe), Failure> {
        let mut recipe = config.map(read_recipe).transpose()?.unwrap_or_default();
        self.apply(&mut recipe)?;
        recipe.validate()?;
        let options = ReadOptions { columns: None, cache: self.cache(), ..read_options(&recipe) };
        Ok((options, recipe))
    }

    /// The cache of parsed text files, if there is to be one.
    pub(crate) fn cache(&self) -> Option<Cache> {
        if self.no_cache { None } else { default_cache() }
    }
}
