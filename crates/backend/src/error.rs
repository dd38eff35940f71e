use barloom_recipe::RecipeError;
use barloom_rewards::RewardsError;
use barloom_sampling::SamplingError;
use barloom_windows::WindowsError;

use crate::BlockShape;

/// Why samples can't be built.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
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
        /// How many samples all parts have.
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
    /// Samples were asked for that the plan does not have.
    #[error("samples {first}..{end} were asked for, but there are {samples}")]
    OutOfRange {
        /// The first sample asked for.
        first: u64,
        /// One past the last one.
        end: u64,
        /// How many there are.
        samples: u64,
    },
    /// There is no memory for a block.
    #[error(
        "there is no memory for {rows} samples at once, which take {bytes} bytes. Make fewer at once (--chunk-rows, batch_size, a slice)"
    )]
    NoMemory {
        /// Rows asked for.
        rows: usize,
        /// The bytes that they take.
        bytes: u64,
    },
    /// A block can't hold the rows asked for.
    #[error("a block made for {capacity} samples can't hold {rows}")]
    BlockTooSmall {
        /// Rows asked for.
        rows: usize,
        /// Rows it was made for.
        capacity: usize,
    },
    /// A block was made for another plan.
    #[error("the block has {got:?}, the plan {expected:?}; allocate blocks from the session")]
    BlockShape {
        /// The block's shape.
        got: BlockShape,
        /// The plan's.
        expected: BlockShape,
    },
    /// Rows that would share a window are of different states.
    #[error(
        "samples {sample} and {other} can't share a window: with {actions_per_state} actions a state they are of different states"
    )]
    StatesApart {
        /// One of them.
        sample: u64,
        /// The one whose window it would be.
        other: u64,
        /// Actions of a state.
        actions_per_state: u64,
    },
    /// A device failed.
    #[error("{0}")]
    Device(String),
}
