//! What host and kernels share. Written by `cargo xtask codegen` from xtask/src/codegen/layout.rs.
//!
//! Fields are addresses in the device's memory, numbers, or structures of them.
#![allow(dead_code, reason = "some constants are for kernels alone")]

/// Threads of a block of every kernel.
pub(crate) const BLOCK_THREADS: u64 = 256;

/// Nodes of a block of the horizon index, children of a node of a tree.
pub(crate) const FAN: u64 = 8;

/// Rows of a leaf of a tree.
pub(crate) const LEAF: u64 = 64;

/// Levels that a horizon below 2^31 can use.
pub(crate) const MOST_LEVELS: u64 = 12;

/// The bits of 2^-40: how near a bar comes that reaches a barrier, as a fraction of it.
pub(crate) const TOUCH_BITS: u64 = 0x3d70000000000000;

/// From a sample's seed to the next one's, and SplitMix64's increment.
pub(crate) const STRIDE: u64 = 0x78dde6e5fd29f054;
pub(crate) const GAMMA: u64 = 0x9e3779b97f4a7c15;

/// How a real is drawn.
pub(crate) const REAL_CONSTANT: u64 = 0;
pub(crate) const REAL_RANGE: u64 = 1;
pub(crate) const REAL_CHOICE: u64 = 2;

/// Exit reasons as datasets number them.
pub(crate) const EXIT_NONE: u64 = 0;
pub(crate) const EXIT_STOP: u64 = 1;
pub(crate) const EXIT_TARGET: u64 = 2;
pub(crate) const EXIT_HORIZON: u64 = 3;

/// Reward metrics.
pub(crate) const METRIC_PNL: u64 = 0;
pub(crate) const METRIC_RETURN: u64 = 1;
pub(crate) const METRIC_PNL_PCT: u64 = 2;
pub(crate) const METRIC_LOG_RETURN: u64 = 3;
pub(crate) const METRIC_R_MULTIPLE: u64 = 4;
pub(crate) const METRIC_BARRIER: u64 = 5;
pub(crate) const METRIC_CAR: u64 = 6;
pub(crate) const METRIC_SHARPE: u64 = 7;
pub(crate) const METRIC_SORTINO: u64 = 8;
pub(crate) const METRIC_CALMAR: u64 = 9;

/// Channel scalers.
pub(crate) const SCALER_NONE: u64 = 0;
pub(crate) const SCALER_OVER: u64 = 1;
pub(crate) const SCALER_LOG_RETURN: u64 = 2;
pub(crate) const SCALER_ZSCORE: u64 = 3;
pub(crate) const SCALER_MINMAX: u64 = 4;

/// How a real field is drawn.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Real {
    /// REAL_CONSTANT, REAL_RANGE or REAL_CHOICE.
    pub(crate) kind: u64,
    /// The constant, or the least value of a range.
    pub(crate) lo: f64,
    /// The end of a range.
    pub(crate) hi: f64,
    /// What to choose from.
    pub(crate) choices: u64,
    /// How many choices there are.
    pub(crate) count: u64,
}
const _: () = assert!(size_of::<Real>() == 40);

/// How a direction is drawn.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Directions {
    /// What to choose from.
    pub(crate) choices: u64,
    /// How many there are.
    pub(crate) count: u64,
}
const _: () = assert!(size_of::<Directions>() == 16);

/// Draws and positions of samples.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Draws {
    /// The seed of sample 0.
    pub(crate) base: u64,
    /// Samples in a row that share their state.
    pub(crate) actions_per_state: u64,
    /// How many ranks the positions have.
    pub(crate) ranks: u64,
    /// 1 if state j stands at rank j, else 0.
    pub(crate) sequential: u64,
    /// Equity.
    pub(crate) equity: Real,
    /// What balance is below equity.
    pub(crate) balance_offset: Real,
    /// Stop distance of the state.
    pub(crate) sl_dist: Real,
    /// Target distance of the state.
    pub(crate) tp_dist: Real,
    /// Notional of the action.
    pub(crate) act_dollar: Real,
    /// Stop distance of the action.
    pub(crate) act_sl: Real,
    /// Target distance of the action.
    pub(crate) act_tp: Real,
    /// Position held.
    pub(crate) position: Directions,
    /// Direction of the action.
    pub(crate) act_dir: Directions,
    /// `[actions_per_state]`: directions that are listed; null where actions are drawn.
    pub(crate) grid_dir: u64,
    /// `[actions_per_state]`: their notional.
    pub(crate) grid_dollar: u64,
    /// `[actions_per_state]`: their stop distance.
    pub(crate) grid_sl: u64,
    /// `[actions_per_state]`: their target distance.
    pub(crate) grid_tp: u64,
    /// How many runs of positions there are: at least one.
    pub(crate) ranges: u64,
    /// `[ranges]`: first rank of the first position, ascending.
    pub(crate) first_rank: u64,
    /// `[ranges]`: ranks of each position; null where all have one.
    pub(crate) copies: u64,
    /// `[ranges]`: row of the first position.
    pub(crate) start: u64,
    /// `[ranges]`: first row of the series.
    pub(crate) series_start: u64,
    /// `[ranges]`: index of the series.
    pub(crate) series: u64,
    /// `[rows of the market]`: open times, ns.
    pub(crate) ts: u64,
}
const _: () = assert!(size_of::<Draws>() == 432);

/// Columns of the samples of a launch, one value a sample.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Samples {
    /// How many samples there are.
    pub(crate) count: u64,
    /// Number of the first, where they are consecutive.
    pub(crate) first: u64,
    /// `[samples]`: their numbers; null where they are consecutive.
    pub(crate) listed: u64,
    /// Row t of the market; not part of a dataset.
    pub(crate) row: u64,
    /// Profit per unit of notional; not part of a dataset.
    pub(crate) unit_return: u64,
    /// place of the symbol in the market's table
    pub(crate) symbol: u64,
    /// bar t within its series, from 0
    pub(crate) bar: u64,
    /// open time of bar t, ns since 1970 UTC
    pub(crate) ts: u64,
    /// account equity
    pub(crate) equity: u64,
    /// account balance
    pub(crate) balance: u64,
    /// position held: 1 long, -1 short, 0 flat
    pub(crate) position: u64,
    /// stop distance of the state, of the entry price
    pub(crate) sl_dist: u64,
    /// target distance of the state, of the entry price
    pub(crate) tp_dist: u64,
    /// direction of the action: 1 long, -1 short, 0 hold
    pub(crate) act_dir: u64,
    /// notional of the action; 0 where it holds
    pub(crate) act_dollar: u64,
    /// stop distance of the action; 0 where it holds
    pub(crate) act_sl: u64,
    /// target distance of the action; 0 where it holds
    pub(crate) act_tp: u64,
    /// entry price
    pub(crate) entry_price: u64,
    /// exit price; the entry price where the action holds
    pub(crate) exit_price: u64,
    /// profit or loss after costs
    pub(crate) pnl: u64,
    /// exit bar - t
    pub(crate) held_bars: u64,
    /// 0 none, 1 stop, 2 target, 3 horizon
    pub(crate) exit_reason: u64,
    /// largest favourable excursion between entry and exit, of the entry price
    pub(crate) mfe: u64,
    /// largest adverse excursion between entry and exit, of the entry price
    pub(crate) mae: u64,
}
const _: () = assert!(size_of::<Samples>() == 192);

/// A level of the horizon index.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Blocks {
    /// `[count, 2, FAN]`: lows, then highs, of each block.
    pub(crate) values: u64,
    /// Blocks.
    pub(crate) count: u64,
}
const _: () = assert!(size_of::<Blocks>() == 16);

/// How actions are traded.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trading {
    /// `[rows, 4]`: what a trade needs of its first row.
    pub(crate) starts: u64,
    /// 1 if barriers end trades, else 0.
    pub(crate) honoured: u64,
    /// 1 if the target counts when one bar holds both, else 0.
    pub(crate) target_first: u64,
    /// 1 if costs are paid at the entry alone, else 0.
    pub(crate) pays_once: u64,
    /// Cost of a side per unit of notional.
    pub(crate) side_cost: f64,
    /// Carry a bar per unit of notional.
    pub(crate) carry: f64,
    /// F.
    pub(crate) forward: u64,
    /// Bars that a trade lives at most.
    pub(crate) steps: u64,
    /// `[rows]`: opens.
    pub(crate) open: u64,
    /// Levels of the horizon index.
    pub(crate) levels: u64,
    /// The levels, bars first.
    pub(crate) blocks: [Blocks; 12],
}
const _: () = assert!(size_of::<Trading>() == 272);

/// Summaries of rows: the levels of a tree.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tree {
    /// Levels there are.
    pub(crate) levels: u64,
    /// `[nodes, size of a summary]` of each level, leaves first.
    pub(crate) nodes: [u64; 12],
}
const _: () = assert!(size_of::<Tree>() == 104);

/// A reward metric.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Metric {
    /// METRIC_...
    pub(crate) metric: u64,
    /// 1 for the FREL project's formulas, else 0.
    pub(crate) frel: u64,
    /// `[series]`: bars a year.
    pub(crate) bars_per_year: u64,
    /// Added to denominators.
    pub(crate) eps: f64,
    /// 1 if values are clipped, else 0.
    pub(crate) clipped: u64,
    /// The least value.
    pub(crate) clip_lo: f64,
    /// The greatest value.
    pub(crate) clip_hi: f64,
    /// 1 if trades enter at an open, else 0.
    pub(crate) enters_at_open: u64,
    /// `[rows]`: closes.
    pub(crate) close: u64,
    /// Changes of the close: moments, squares of falls and of rises.
    pub(crate) changes: Tree,
    /// Closes: least, greatest, largest fall and rise.
    pub(crate) extremes: Tree,
    /// Returns a bar: moments.
    pub(crate) returns: Tree,
    /// Negative steps of shorts and of longs: moments.
    pub(crate) losses: [Tree; 2],
    /// Cumulative steps of shorts and of longs.
    pub(crate) cumulative: [Tree; 2],
    /// `[samples]`: the reward.
    pub(crate) value: u64,
    /// `[samples]`: 1 where it was clipped, else 0.
    pub(crate) was_clipped: u64,
}
const _: () = assert!(size_of::<Metric>() == 816);

/// A channel of windows.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Channel {
    /// SCALER_...
    pub(crate) scaler: u64,
    /// L.
    pub(crate) lookback: u64,
    /// `[rows]`: values of SCALER_NONE and SCALER_OVER.
    pub(crate) singles: u64,
    /// `[rows]`: what SCALER_OVER divides by, of the row before t.
    pub(crate) over: u64,
    /// `[rows]`: values of the other scalers.
    pub(crate) doubles: u64,
    /// `[rows]`: what SCALER_LOG_RETURN takes off, of the row before t.
    pub(crate) less: u64,
    /// How many windows there are.
    pub(crate) windows: u64,
    /// Samples that share a window: window w is of sample w * this.
    pub(crate) rows_per_window: u64,
    /// `[windows]`: mean or least value of a window.
    pub(crate) shift: u64,
    /// `[windows]`: deviation or range; 0 for a constant window.
    pub(crate) width: u64,
    /// The first value of the first scaled window.
    pub(crate) out: u64,
    /// From a value of a window to the next, in values.
    pub(crate) step: u64,
    /// From a window to the next, in values.
    pub(crate) stride: u64,
}
const _: () = assert!(size_of::<Channel>() == 104);

/// The columns of a snapshot.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    /// K.
    pub(crate) columns: u64,
    /// `[rows, K]`: scaled values.
    pub(crate) values: u64,
    /// `[samples, K]`: the snapshots.
    pub(crate) out: u64,
}
const _: () = assert!(size_of::<Snapshot>() == 24);
