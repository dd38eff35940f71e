use barloom_recipe::RecipeError;
use barloom_rewards::RewardsError;
use barloom_sampling::SamplingError;
use barloom_windows::WindowsError;

/// Why a recipe gives no samples of a market.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The recipe is wrong, or does not fit the market.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The sampling settings are wrong.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// There is no position to sample from.
    #[error(transparent)]
    Windows(#[from] WindowsError),
    /// The weights of symbols can't be had from the market.
    #[error(transparent)]
    SymbolWeights(WindowsError),
    /// The reward settings are wrong.
    #[error(transparent)]
    Rewards(#[from] RewardsError),
    /// Every position with each of its actions is more than can be numbered.
    #[error(
        "dataset.actions_per_state: {actions_per_state} actions at each of {positions} positions are 2^62 samples or more; lower it"
    )]
    TooManySamples {
        /// The positions.
        positions: u64,
        /// Actions at each.
        actions_per_state: u64,
    },
    /// A part's share of the samples rounds to none.
    #[error(
        "split.part {part}: its share of {samples} samples is none; raise dataset.samples, make the part larger, or leave it out"
    )]
    NoSamples {
        /// The part.
        part: String,
        /// Number of samples of all parts.
        samples: String,
    },
    /// The market lacks a channel of the recipe.
    #[error("data.channels: the bars have no column {channel}; they have {available}")]
    MissingChannel {
        /// The channel.
        channel: String,
        /// The columns that there are, separated by commas.
        available: String,
    },
    /// A channel holds a value that its scaler can't take.
    #[error(
        "scaling.{channel}: {scaler} can't take the value {value} of symbol {symbol}, bar {bar}; choose another scaler for it"
    )]
    UnusableValue {
        /// The channel.
        channel: String,
        /// Its scaler.
        scaler: String,
        /// The value.
        value: f64,
        /// The symbol.
        symbol: String,
        /// The bar within its series, from 0.
        bar: usize,
    },
}
