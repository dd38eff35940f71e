use barloom_rewards::RewardsError;

use crate::BlockShape;

/// An error of building samples.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The reward settings are wrong.
    #[error(transparent)]
    Rewards(#[from] RewardsError),
    /// Samples were asked for that there are not.
    #[error("samples {first}..{end} were asked for, but there are {samples}")]
    OutOfRange {
        /// The first sample asked for.
        first: u64,
        /// The number after the last sample.
        end: u64,
        /// The number of samples.
        samples: u64,
    },
    /// There is no memory for a block.
    #[error("there is no memory for {rows} samples at once, which take {bytes} bytes")]
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
    /// A block was made for another program.
    #[error("the block has {got:?}, the samples {expected:?}; allocate blocks from the session")]
    BlockShape {
        /// The block's shape.
        got: BlockShape,
        /// The program's.
        expected: BlockShape,
    },
    /// A block was made for other labels.
    #[error(
        "the block has the labels {got}; expected {expected}; allocate blocks from the session"
    )]
    BlockLabels {
        /// The block's labels: name, type and number of values of each.
        got: String,
        /// The program's.
        expected: String,
    },
    /// A table of labels does not fit the program or the market.
    #[error("label {label}: {problem}")]
    LabelTable {
        /// The label.
        label: String,
        /// The mismatch.
        problem: String,
    },
    /// A window was asked for whose bars are not in one segment.
    #[error("rows[{at}]: the {lookback} bars before row {row} are not all in one segment")]
    NoWindow {
        /// Place of the row among those asked for.
        at: usize,
        /// The arena row.
        row: usize,
        /// L.
        lookback: usize,
    },
    /// A window was asked for that would hold a missing value.
    #[error(
        "rows[{at}]: an input of row {row} is missing: a value of the {lookback} bars before it"
    )]
    MissingInput {
        /// Place of the row among those asked for.
        at: usize,
        /// The arena row.
        row: usize,
        /// L.
        lookback: usize,
    },
    /// A decision's bars are not in one segment.
    #[error("rows[{at}]: the {forward} bars from row {row} on are not all in one segment")]
    NoHorizon {
        /// Place of the decision among those given.
        at: usize,
        /// Its arena row.
        row: usize,
        /// F.
        forward: usize,
    },
    /// A direction other than 1, -1 and 0.
    #[error("direction[{at}] is {direction}; expected 1, -1 or 0")]
    Direction {
        /// Place of the decision among those given.
        at: usize,
        /// Its direction.
        direction: i8,
    },
    /// A value of a decision that is not a number, or is infinite where it must not be.
    #[error("{column}[{at}] is {value}; expected a number")]
    Value {
        /// The column.
        column: &'static str,
        /// Place of the decision among those given.
        at: usize,
        /// Its value.
        value: f64,
    },
    /// Columns of decisions are of different lengths.
    #[error("decisions have {rows} rows and {other} values of another column")]
    Lengths {
        /// Rows.
        rows: usize,
        /// Values of a column that has another number of them.
        other: usize,
    },
    /// Draws stand at positions that a market does not have.
    #[error("the draws are of another market: make them for the market that was loaded")]
    OtherMarket,
    /// Rows that would share a window are of different states.
    #[error(
        "samples {sample} and {other} can't share a window: with {actions_per_state} actions a state they are of different states"
    )]
    StatesApart {
        /// A sample that would share the window.
        sample: u64,
        /// The sample whose window would be shared.
        other: u64,
        /// Actions of a state.
        actions_per_state: u64,
    },
    /// A device failed.
    #[error("{0}")]
    Device(String),
}
