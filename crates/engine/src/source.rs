//! The sources of samples: recipes and bars.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use barloom_bars::Market;
use barloom_files::Watch;
use barloom_market_data::{Bars, Cache, ReadOptions, read, read_stored_market};
use barloom_recipe::Recipe;

use crate::features::optional_columns;
use crate::{Error, joins};

/// The bars from which samples are made.
#[derive(Clone, Debug)]
pub enum Source {
    /// Bars that are still to be judged and made a market.
    Bars(Bars),
    /// A dataset's `bars.arrow`: a market already, with its segments, and the names under which it
    /// has the recipe's columns, in the order of [`Recipe::bar_columns`].
    Stored(Market, Vec<String>),
}

/// Reads the recipe in a TOML file.
///
/// # Errors
/// The file cannot be read or is no recipe; the error names it, and the line.
pub fn read_recipe(path: impl AsRef<Path>) -> Result<Recipe, Error> {
    let path = path.as_ref();
    let text = fs::read_to_string(path)
        .map_err(|source| Error::RecipeFile { path: path.to_owned(), source })?;
    Ok(Recipe::from_toml(&text, &path.to_string_lossy())?)
}

/// The columns of the bars that a recipe takes.
struct Taken {
    /// The columns that samples hold, or that labels and weights name.
    held: Vec<String>,
    /// These and those that features use.
    all: Vec<String>,
    /// The columns that presets can do without.
    optional: Vec<String>,
    /// The values of joins that features use: bars of a dataset have them, others are joined.
    joined: Vec<String>,
}

impl Taken {
    fn of(recipe: &Recipe) -> Self {
        let mut fitted = recipe.clone();
        let mut optional = Vec::new();
        if fitted.fit_presets(|_| true).is_ok() {
            optional.extend(optional_columns(recipe));
        }
        let held = fitted.bar_columns();
        let (mut all, mut joined) = (held.clone(), Vec::new());
        if fitted.has_features()
            && let Ok(features) = fitted.used_features()
        {
            all.extend(joins::inputs(&features));
            joined = joins::columns(&features);
        }
        all.extend(optional.iter().filter(|name| !all.contains(name)).cloned().collect::<Vec<_>>());
        Self { held, all, optional, joined }
    }
}

/// The recipe's options for reading bars, without a cache.
#[must_use]
pub fn read_options(recipe: &Recipe) -> ReadOptions {
    ReadOptions {
        timezone: recipe.data.timezone.clone(),
        stamp: recipe.data.stamp,
        interval: recipe.data.interval,
        on_duplicate: recipe.data.on_duplicate,
        rename: recipe.data.rename.clone(),
        columns: Some(Taken::of(recipe).all),
        aggregate: recipe.data.aggregate,
        max_gap: recipe.max_gap(),
        adjust: recipe.data.adjust.clone(),
        csv: recipe.data.csv.clone(),
        cache: None,
        values: None,
        watch: Watch::default(),
    }
}

/// Reads the bars that the recipe names: files and globs, or the one `bars.arrow` of a dataset.
/// Relative paths are relative to the current folder. What text files parse to is looked for in the
/// cache, and kept there, if there is one.
///
/// # Errors
/// The recipe names none, or a time zone that is none; a file is not there, cannot be read or holds
/// no bars.
pub fn read_bars(recipe: &Recipe, cache: Option<Cache>, watch: &Watch) -> Result<Source, Error> {
    if recipe.data.bars.is_empty() {
        return Err(Error::NoBars);
    }
    let Taken { held, mut all, mut optional, joined } = Taken::of(recipe);
    all.extend(joined.iter().cloned());
    optional.extend(joined);
    let is_optional = |name: &&String| !recipe.data.snapshot.contains(name);
    if recipe.data.channels.is_auto() {
        optional.extend(recipe.data.channels.iter().filter(is_optional).cloned());
    }
    Ok(match read_stored_market(&recipe.data.bars, &all, &optional)? {
        Some((market, mut names)) => {
            let is_lost = |name: &&String| optional.contains(name) && market.column(name).is_none();
            let used = &all[held.len()..];
            let lost = used.iter().filter(is_lost).count();
            names.truncate(names.len() - (used.len() - lost));
            Source::Stored(market, names)
        }
        None => {
            let options = ReadOptions { cache, watch: watch.clone(), ..read_options(recipe) };
            Source::Bars(read(&recipe.data.bars, &options)?)
        }
    })
}

/// Bytes that the cache of a person takes at most: 8 GiB.
pub const CACHE_BYTES: u64 = 8 << 30;

/// The cache of the person whose process this is, of [`CACHE_BYTES`] at most: in the folder
/// `barloom` in that which `XDG_CACHE_HOME` names, or in `.cache` in that which `HOME` names. None
/// if neither names one by its whole path.
#[must_use]
pub fn default_cache() -> Option<Cache> {
    let folder =
        |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(Cache::new(caches.join("barloom"), CACHE_BYTES))
}
