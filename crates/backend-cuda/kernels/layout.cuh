// Written by `cargo xtask codegen` from xtask/src/codegen/layout.rs.
#pragma once

#include "types.cuh"

// Threads of a block of every kernel.
static const u64 BLOCK_THREADS = 256;

// Nodes of a block of the horizon index, children of a node of a tree.
static const u64 FAN = 8;

// Rows of a leaf of a tree.
static const u64 LEAF = 64;

// Levels that a horizon below 2^31 can use.
static const u64 MOST_LEVELS = 12;

// The bits of 2^-40: how near a bar comes that reaches a barrier, as a fraction of it.
static const u64 TOUCH_BITS = 0x3d70000000000000ull;

// From a sample's seed to the next one's, and SplitMix64's increment.
static const u64 STRIDE = 0x78dde6e5fd29f054ull;
static const u64 GAMMA = 0x9e3779b97f4a7c15ull;

// How a real is drawn.
static const u64 REAL_CONSTANT = 0;
static const u64 REAL_RANGE = 1;
static const u64 REAL_CHOICE = 2;

// Exit reasons as datasets number them.
static const u64 EXIT_NONE = 0;
static const u64 EXIT_STOP = 1;
static const u64 EXIT_TARGET = 2;
static const u64 EXIT_HORIZON = 3;

// Reward metrics.
static const u64 METRIC_PNL = 0;
static const u64 METRIC_RETURN = 1;
static const u64 METRIC_PNL_PCT = 2;
static const u64 METRIC_LOG_RETURN = 3;
static const u64 METRIC_R_MULTIPLE = 4;
static const u64 METRIC_BARRIER = 5;
static const u64 METRIC_CAR = 6;
static const u64 METRIC_SHARPE = 7;
static const u64 METRIC_SORTINO = 8;
static const u64 METRIC_CALMAR = 9;

// Channel scalers.
static const u64 SCALER_NONE = 0;
static const u64 SCALER_OVER = 1;
static const u64 SCALER_LOG_RETURN = 2;
static const u64 SCALER_ZSCORE = 3;
static const u64 SCALER_MINMAX = 4;

// How a real field is drawn.
struct Real {
    // REAL_CONSTANT, REAL_RANGE or REAL_CHOICE.
    u64 kind;
    // The constant, or the least value of a range.
    f64 lo;
    // The end of a range.
    f64 hi;
    // What to choose from.
    const f64* choices;
    // How many choices there are.
    u64 count;
};
static_assert(sizeof(Real) == 40, "Real");

// How a direction is drawn.
struct Directions {
    // What to choose from.
    const i8* choices;
    // How many there are.
    u64 count;
};
static_assert(sizeof(Directions) == 16, "Directions");

// Draws and positions of samples.
struct Draws {
    // The seed of sample 0.
    u64 base;
    // Samples in a row that share their state.
    u64 actions_per_state;
    // How many ranks the positions have.
    u64 ranks;
    // 1 if state j stands at rank j, else 0.
    u64 sequential;
    // Equity.
    Real equity;
    // What balance is below equity.
    Real balance_offset;
    // Stop distance of the state.
    Real sl_dist;
    // Target distance of the state.
    Real tp_dist;
    // Notional of the action.
    Real act_dollar;
    // Stop distance of the action.
    Real act_sl;
    // Target distance of the action.
    Real act_tp;
    // Position held.
    Directions position;
    // Direction of the action.
    Directions act_dir;
    // `[actions_per_state]`: directions that are listed; null where actions are drawn.
    const i8* grid_dir;
    // `[actions_per_state]`: their notional.
    const f64* grid_dollar;
    // `[actions_per_state]`: their stop distance.
    const f64* grid_sl;
    // `[actions_per_state]`: their target distance.
    const f64* grid_tp;
    // How many runs of positions there are: at least one.
    u64 ranges;
    // `[ranges]`: first rank of the first position, ascending.
    const u64* first_rank;
    // `[ranges]`: ranks of each position; null where all have one.
    const u64* copies;
    // `[ranges]`: row of the first position.
    const u64* start;
    // `[ranges]`: first row of the series.
    const u64* series_start;
    // `[ranges]`: index of the series.
    const u64* series;
    // `[rows of the market]`: open times, ns.
    const i64* ts;
};
static_assert(sizeof(Draws) == 432, "Draws");

// Columns of the samples of a launch, one value a sample.
struct Samples {
    // How many samples there are.
    u64 count;
    // Number of the first, where they are consecutive.
    u64 first;
    // `[samples]`: their numbers; null where they are consecutive.
    const u64* listed;
    // Row t of the market; not part of a dataset.
    u64* row;
    // Profit per unit of notional; not part of a dataset.
    f64* unit_return;
    // place of the symbol in the market's table
    u32* symbol;
    // bar t within its series, from 0
    i64* bar;
    // open time of bar t, ns since 1970 UTC
    i64* ts;
    // account equity
    f64* equity;
    // account balance
    f64* balance;
    // position held: 1 long, -1 short, 0 flat
    i8* position;
    // stop distance of the state, of the entry price
    f64* sl_dist;
    // target distance of the state, of the entry price
    f64* tp_dist;
    // direction of the action: 1 long, -1 short, 0 hold
    i8* act_dir;
    // notional of the action; 0 where it holds
    f64* act_dollar;
    // stop distance of the action; 0 where it holds
    f64* act_sl;
    // target distance of the action; 0 where it holds
    f64* act_tp;
    // entry price
    f64* entry_price;
    // exit price; the entry price where the action holds
    f64* exit_price;
    // profit or loss after costs
    f64* pnl;
    // exit bar - t
    i32* held_bars;
    // 0 none, 1 stop, 2 target, 3 horizon
    u8* exit_reason;
    // largest favourable excursion between entry and exit, of the entry price
    f64* mfe;
    // largest adverse excursion between entry and exit, of the entry price
    f64* mae;
};
static_assert(sizeof(Samples) == 192, "Samples");

// A level of the horizon index.
struct Blocks {
    // `[count, 2, FAN]`: lows, then highs, of each block.
    const f64* values;
    // Blocks.
    u64 count;
};
static_assert(sizeof(Blocks) == 16, "Blocks");

// How actions are traded.
struct Trading {
    // `[rows, 4]`: what a trade needs of its first row.
    const f64* starts;
    // 1 if barriers end trades, else 0.
    u64 honoured;
    // 1 if the target counts when one bar holds both, else 0.
    u64 target_first;
    // 1 if costs are paid at the entry alone, else 0.
    u64 pays_once;
    // Cost of a side per unit of notional.
    f64 side_cost;
    // Carry a bar per unit of notional.
    f64 carry;
    // F.
    u64 forward;
    // Bars that a trade lives at most.
    u64 steps;
    // `[rows]`: opens.
    const f64* open;
    // Levels of the horizon index.
    u64 levels;
    // The levels, bars first.
    Blocks blocks[12];
};
static_assert(sizeof(Trading) == 272, "Trading");

// Summaries of rows: the levels of a tree.
struct Tree {
    // Levels there are.
    u64 levels;
    // `[nodes, size of a summary]` of each level, leaves first.
    const f64* nodes[12];
};
static_assert(sizeof(Tree) == 104, "Tree");

// A reward metric.
struct Metric {
    // METRIC_...
    u64 metric;
    // 1 for the FREL project's formulas, else 0.
    u64 frel;
    // `[series]`: bars a year.
    const f64* bars_per_year;
    // Added to denominators.
    f64 eps;
    // 1 if values are clipped, else 0.
    u64 clipped;
    // The least value.
    f64 clip_lo;
    // The greatest value.
    f64 clip_hi;
    // 1 if trades enter at an open, else 0.
    u64 enters_at_open;
    // `[rows]`: closes.
    const f64* close;
    // Changes of the close: moments, squares of falls and of rises.
    Tree changes;
    // Closes: least, greatest, largest fall and rise.
    Tree extremes;
    // Returns a bar: moments.
    Tree returns;
    // Negative steps of shorts and of longs: moments.
    Tree losses[2];
    // Cumulative steps of shorts and of longs.
    Tree cumulative[2];
    // `[samples]`: the reward.
    f64* value;
    // `[samples]`: 1 where it was clipped, else 0.
    u8* was_clipped;
};
static_assert(sizeof(Metric) == 816, "Metric");

// A channel of windows.
struct Channel {
    // SCALER_...
    u64 scaler;
    // L.
    u64 lookback;
    // `[rows]`: values of SCALER_NONE and SCALER_OVER.
    const f32* singles;
    // `[rows]`: what SCALER_OVER divides by, of the row before t.
    const f32* over;
    // `[rows]`: values of the other scalers.
    const f64* doubles;
    // `[rows]`: what SCALER_LOG_RETURN takes off, of the row before t.
    const f64* less;
    // How many windows there are.
    u64 windows;
    // Samples that share a window: window w is of sample w * this.
    u64 rows_per_window;
    // `[windows]`: mean or least value of a window.
    f64* shift;
    // `[windows]`: deviation or range; 0 for a constant window.
    f64* width;
    // The first value of the first scaled window.
    f32* out;
    // From a value of a window to the next, in values.
    u64 step;
    // From a window to the next, in values.
    u64 stride;
};
static_assert(sizeof(Channel) == 104, "Channel");

// The columns of a snapshot.
struct Snapshot {
    // K.
    u64 columns;
    // `[rows, K]`: scaled values.
    const f32* values;
    // `[samples, K]`: the snapshots.
    f32* out;
};
static_assert(sizeof(Snapshot) == 24, "Snapshot");
