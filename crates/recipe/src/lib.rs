//! The recipe of a dataset: all settings that determine its samples, except the bars.
//!
//! A recipe is written in TOML, with one table per stage. [`Recipe::from_toml`] refuses invalid
//! recipes and names the place. [`Recipe::resolve`] writes every key that applies, and replaces
//! each `"auto"` by the value in use. [`Recipe::digest`] identifies all settings that change
//! samples.
//!
//! The key decision: recipes are not deserialized by serde. A walk over the parsed document reads
//! them, so every error names its key, its line, the expected value and the nearest valid word. The
//! price: a key is in three places: its settings type, the function that reads it, and the list of
//! known keys. A test compares them. Recipes are [`serde::Serialize`], but not `Deserialize`.
//!
//! ```
//! use barloom_recipe::{Recipe, Samples};
//!
//! let recipe = Recipe::from_toml("[dataset]\nsamples = 5_000\nlookback = 32\n", "my.toml")?;
//! assert_eq!(recipe.dataset.samples, Samples::Count(5_000));
//! assert_eq!(recipe.dataset.forward, 64, "what is not written has its default");
//!
//! let error = Recipe::from_toml("[dataset]\nlookbak = 32\n", "my.toml").unwrap_err();
//! assert!(error.to_string().starts_with(
//!     "my.toml:2: dataset.lookbak: unknown key; did you mean dataset.lookback?"
//! ));
//!
//! // What is written of a recipe reads back as the same recipe.
//! let again = Recipe::from_toml(&recipe.to_toml(), "again.toml")?;
//! assert_eq!(again.digest(), recipe.digest());
//! # Ok::<(), barloom_recipe::RecipeError>(())
//! ```
//!
//! Paths and `[output]` do not change what the samples are, so the digest leaves them out:
//!
//! ```
//! # use barloom_recipe::{Format, Recipe};
//! let mut recipe = Recipe::default();
//! let digest = recipe.digest();
//! recipe.output.format = Format::Virtual;
//! recipe.data.bars = vec!["elsewhere/*.parquet".into()];
//! assert_eq!(recipe.digest(), digest);
//! recipe.dataset.seed += 1;
//! assert_ne!(recipe.digest(), digest);
//! ```

#![forbid(unsafe_code)]

mod actions;
mod best;
mod channels;
mod choice;
mod csv;
mod data;
mod dataset;
mod date;
mod duration;
mod error;
mod features;
mod fold;
mod hidden;
mod init;
mod join;
mod label;
mod label_weights;
mod output;
mod paths;
mod presets;
mod reader;
mod recipe;
mod resolve;
mod reward;
mod sampling;
mod scaler;
mod scaling;
mod split;
mod weights;

pub use barloom_bars::Across;
pub use best::BestSettings;
pub use channels::Channels;
pub use data::DataSettings;
pub use dataset::{DatasetSettings, Samples};
pub use error::{Place, RecipeError};
pub use features::{FeatureSettings, History, WarmUp};
pub use fold::FoldSettings;
pub use hidden::CONDITION;
pub use join::{By, JoinSettings, MissingSymbol};
pub use label::{BarrierSettings, Classes, LabelKind, LabelSettings, ScaleSetting};
pub use label_weights::{WeightKind, WeightSettings};
pub use output::{Checksum, Compression, Format, OutputSettings, SHARD_ALIGNMENT};
pub use recipe::Recipe;
pub use reward::{BarsPerYear, RewardTable};
pub use scaler::{FitSettings, ScalerSetting};
pub use scaling::ScalingSettings;
pub use split::SplitSettings;
pub use weights::SymbolWeights;

pub use barloom_rewards::Formulas;
