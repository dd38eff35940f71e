//! A block of consecutive samples, as columns.

use barloom_memory::{Bytes, Column};

use crate::BackendError;

/// What the columns of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockShape {
    /// Lookback L in bars.
    pub lookback: usize,
    /// Channels C.
    pub channels: usize,
    /// Reward metrics.
    pub metrics: usize,
}

/// The columns of a block, the same for the vectors that own them and for slices of their rows.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident $(<$life:lifetime>)?, $column:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name $(<$life>)? {
            /// `[C]` of `[rows, L]`: the scaled windows of each channel, oldest bar first.
            pub windows: Vec<$column!($($life,)? f32)>,
            /// `[rows]`: index of the symbol in the market's table.
            pub symbol: $column!($($life,)? u32),
            /// `[rows]`: bar t within its series, from 0.
            pub bar: $column!($($life,)? i64),
            /// `[rows]`: open time of bar t, ns since 1970 UTC.
            pub ts: $column!($($life,)? i64),
            /// `[rows]`: account equity, dollars.
            pub equity: $column!($($life,)? f64),
            /// `[rows]`: account balance, dollars.
            pub balance: $column!($($life,)? f64),
            /// `[rows]`: position held: 1 long, -1 short, 0 flat.
            pub position: $column!($($life,)? i8),
            /// `[rows]`: stop distance of the state, fraction of the entry price.
            pub sl_dist: $column!($($life,)? f64),
            /// `[rows]`: target distance of the state, fraction of the entry price.
            pub tp_dist: $column!($($life,)? f64),
            /// `[rows]`: direction of the action: 1 long, -1 short, 0 hold.
            pub act_dir: $column!($($life,)? i8),
            /// `[rows]`: notional of the action, dollars; 0 when it holds.
            pub act_dollar: $column!($($life,)? f64),
            /// `[rows]`: stop distance of the action, fraction; 0 when it holds.
            pub act_sl: $column!($($life,)? f64),
            /// `[rows]`: target distance of the action, fraction; 0 when it holds.
            pub act_tp: $column!($($life,)? f64),
            /// `[metrics]` of `[rows]`: rewards, in the recipe's order.
            pub rewards: Vec<$column!($($life,)? f64)>,
            /// `[rows]`: entry price.
            pub entry_price: $column!($($life,)? f64),
            /// `[rows]`: exit price; the entry price when the action holds.
            pub exit_price: $column!($($life,)? f64),
            /// `[rows]`: profit or loss after costs, dollars.
            pub pnl: $column!($($life,)? f64),
            /// `[rows]`: exit bar - t.
            pub held_bars: $column!($($life,)? i32),
            /// `[rows]`: 0 none, 1 stop, 2 target, 3 horizon.
            pub exit_reason: $column!($($life,)? u8),
            /// `[metrics]` of `[rows]`: 1 where the reward was clipped. Not part of the content.
            pub clipped: Vec<$column!($($life,)? u8)>,
        }
    };
}

macro_rules! owned {
    ($type:ty) => { Column<$type> };
}
macro_rules! borrowed {
    ($life:lifetime, $type:ty) => { &$life mut [$type] };
}

columns! {
    /// The columns of [`SampleBlock`] as vectors.
    Columns, owned
}
columns! {
    /// Mutable rows of a block, which can be split between threads.
    RowsMut<'a>, borrowed
}

/// Runs a macro over the per-row columns that are single vectors.
macro_rules! for_plain {
    ($run:ident) => {
        $run!(
            symbol,
            bar,
            ts,
            equity,
            balance,
            position,
            sl_dist,
            tp_dist,
            act_dir,
            act_dollar,
            act_sl,
            act_tp,
            entry_price,
            exit_price,
            pnl,
            held_bars,
            exit_reason
        )
    };
}

/// Consecutive samples as columns. Derefs to its columns for reading.
#[derive(Debug)]
pub struct SampleBlock {
    shape: BlockShape,
    capacity: usize,
    first: u64,
    rows: usize,
    columns: Columns,
}

impl std::ops::Deref for SampleBlock {
    type Target = Columns;

    fn deref(&self) -> &Columns {
        &self.columns
    }
}

impl SampleBlock {
    /// An empty block that holds up to `capacity` samples.
    #[must_use]
    pub fn new(shape: BlockShape, capacity: usize) -> Self {
        Self::new_in(shape, capacity, &|_| None)
    }

    /// As [`new`](Self::new), in memory of the caller's: `allocate` is asked for so many bytes for
    /// a column, or more; where it has none, the column is like any other.
    #[must_use]
    pub fn new_in(shape: BlockShape, capacity: usize, allocate: Allocate<'_>) -> Self {
        macro_rules! reserve {
            ($($name:ident),*) => {
                Columns {
                    windows: each(shape.channels, capacity * shape.lookback, allocate),
                    rewards: each(shape.metrics, capacity, allocate),
                    clipped: each(shape.metrics, capacity, allocate),
                    $($name: column(capacity, allocate),)*
                }
            };
        }
        Self { shape, capacity, first: 0, rows: 0, columns: for_plain!(reserve) }
    }

    fn resize(&mut self, rows: usize) {
        let (shape, columns) = (self.shape, &mut self.columns);
        macro_rules! resize {
            ($($name:ident),*) => { $(columns.$name.set_len(rows);)* };
        }
        for_plain!(resize);
        columns.windows.iter_mut().for_each(|w| w.set_len(rows * shape.lookback));
        columns.rewards.iter_mut().for_each(|r| r.set_len(rows));
        columns.clipped.iter_mut().for_each(|c| c.set_len(rows));
        self.rows = rows;
    }

    /// Makes the block hold samples `[first, first + rows)` and gives their rows to be filled.
    /// What they hold until then is unspecified.
    ///
    /// # Errors
    /// More rows than the block was made for.
    pub fn begin(&mut self, first: u64, rows: usize) -> Result<RowsMut<'_>, BackendError> {
        if rows > self.capacity {
            return Err(BackendError::BlockTooSmall { rows, capacity: self.capacity });
        }
        self.first = first;
        self.resize(rows);
        let columns = &mut self.columns;
        macro_rules! borrow {
            ($($name:ident),*) => {
                RowsMut {
                    windows: columns.windows.iter_mut().map(|column| &mut column[..]).collect(),
                    rewards: columns.rewards.iter_mut().map(|column| &mut column[..]).collect(),
                    clipped: columns.clipped.iter_mut().map(|column| &mut column[..]).collect(),
                    $($name: &mut columns.$name,)*
                }
            };
        }
        Ok(for_plain!(borrow))
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> BlockShape {
        self.shape
    }

    /// Number of the first sample.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many samples it holds.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many samples it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The window of a channel: `[L]`, oldest bar first. `row` counts from the block's first
    /// sample.
    ///
    /// # Panics
    /// There is no such channel or row.
    #[must_use]
    pub fn window(&self, channel: usize, row: usize) -> &[f32] {
        let l = self.shape.lookback;
        &self.columns.windows[channel][row * l..(row + 1) * l]
    }

    /// The meta fields of a sample, not scaled: equity, balance, position, sl_dist, tp_dist,
    /// act_dollar, act_sl, act_tp, act_dir, the order of [`Plan::meta`](crate::Plan::meta). `row`
    /// counts from the block's first sample.
    ///
    /// # Panics
    /// There is no such row.
    #[must_use]
    pub fn meta(&self, row: usize) -> [f64; 9] {
        let columns = &self.columns;
        [
            columns.equity[row],
            columns.balance[row],
            f64::from(columns.position[row]),
            columns.sl_dist[row],
            columns.tp_dist[row],
            columns.act_dollar[row],
            columns.act_sl[row],
            columns.act_tp[row],
            f64::from(columns.act_dir[row]),
        ]
    }

    /// Whether two blocks hold the same samples bit for bit; else the first sample and column
    /// that differ, with both values.
    ///
    /// # Errors
    /// The difference in words.
    pub fn same_bits(&self, other: &Self) -> Result<(), String> {
        if (self.shape, self.first, self.rows) != (other.shape, other.first, other.rows) {
            return Err(format!(
                "blocks of {:?} from {} x {} and {:?} from {} x {}",
                self.shape, self.first, self.rows, other.shape, other.first, other.rows
            ));
        }
        for row in 0..self.rows {
            self.same_row(other, row)
                .map_err(|what| format!("sample {}: {what}", self.first + row as u64))?;
        }
        Ok(())
    }

    fn same_row(&self, other: &Self, row: usize) -> Result<(), String> {
        let (a, b) = (&self.columns, &other.columns);
        macro_rules! compare {
            ($($name:ident),*) => {
                $(if a.$name[row].to_ne_bytes() != b.$name[row].to_ne_bytes() {
                    return Err(format!(
                        "{}: {:?} against {:?}", stringify!($name), a.$name[row], b.$name[row]
                    ));
                })*
            };
        }
        for_plain!(compare);
        for (metric, (x, y)) in a.rewards.iter().zip(&b.rewards).enumerate() {
            if x[row].to_bits() != y[row].to_bits() {
                return Err(format!("reward {metric}: {:?} against {:?}", x[row], y[row]));
            }
        }
        for channel in 0..self.shape.channels {
            let pairs = self.window(channel, row).iter().zip(other.window(channel, row));
            for (k, (x, y)) in pairs.enumerate() {
                if x.to_bits() != y.to_bits() {
                    return Err(format!(
                        "channel {channel}, bar {k} of the window: {x:?} against {y:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Gives memory of at least so many bytes, aligned to 64, or none.
pub type Allocate<'a> = &'a dyn Fn(usize) -> Option<Box<dyn Bytes>>;

/// Empty columns with room for `capacity` values each.
fn each<T: bytemuck::Pod>(
    columns: usize,
    capacity: usize,
    allocate: Allocate<'_>,
) -> Vec<Column<T>> {
    (0..columns).map(|_| column(capacity, allocate)).collect()
}

fn column<T: bytemuck::Pod>(capacity: usize, allocate: Allocate<'_>) -> Column<T> {
    let bytes = capacity.saturating_mul(size_of::<T>());
    allocate(bytes).map_or_else(|| Column::with_capacity(capacity), Column::in_memory)
}

impl<'a> RowsMut<'a> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bar.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bar.is_empty()
    }

    /// The rows before `middle`, and those from it on. `lookback` is L of the windows.
    ///
    /// # Panics
    /// `middle` is past the last row.
    #[must_use]
    pub fn split_at(self, middle: usize, lookback: usize) -> (Self, Self) {
        let (windows, windows_after) = split_each(self.windows, middle * lookback);
        let (rewards, rewards_after) = split_each(self.rewards, middle);
        let (clipped, clipped_after) = split_each(self.clipped, middle);
        macro_rules! split {
            ($($name:ident),*) => {{
                $(let $name = self.$name.split_at_mut(middle);)*
                (
                    RowsMut { windows, rewards, clipped, $($name: $name.0,)* },
                    RowsMut {
                        windows: windows_after,
                        rewards: rewards_after,
                        clipped: clipped_after,
                        $($name: $name.1,)*
                    },
                )
            }};
        }
        for_plain!(split)
    }
}

type Slices<'a, T> = Vec<&'a mut [T]>;

fn split_each<T>(slices: Slices<'_, T>, middle: usize) -> (Slices<'_, T>, Slices<'_, T>) {
    slices.into_iter().map(|slice| slice.split_at_mut(middle)).unzip()
}
