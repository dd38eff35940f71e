//! A block of samples, as columns.

use std::ops::Range;

use barloom_memory::{Bytes, Column};
use barloom_rewards::{Actions, TradesMut};
use barloom_schema::{COLUMNS, Element, META, Slice};

use crate::numbers::Held;
use crate::slices::{Slices, split_each};
use crate::{BackendError, BlockShape, Numbers, WindowLayout};

/// The columns of a block: vectors that own them, and slices of their rows.
macro_rules! columns {
    (
        keys { $($key:ident: $key_type:ty, $_kl:ident, $_kr:ident, $_ku:literal, $key_doc:literal;)* }
        drawn { $($drawn:ident: $drawn_type:ty, $_dl:ident, $_dr:ident, $_du:literal, $drawn_doc:literal;)* }
        outcomes { $($out:ident: $out_type:ty, $_ol:ident, $_or:ident, $_ou:literal, $out_doc:literal;)* }
    ) => {
        /// The columns of [`SampleBlock`] as vectors: those of [`barloom_schema::COLUMNS`], windows
        /// and rewards.
        #[derive(Debug)]
        pub struct Columns {
            /// The scaled windows, oldest bar first, as [`WindowLayout`](crate::WindowLayout)
            /// tells: `[C]` of `[rows, L]`, or one `[rows, C, L]` or `[rows, L, C]`. Fewer than
            /// rows where rows share windows.
            pub windows: Vec<Column<f32>>,
            /// `[rows, K]`: the scaled values of the snapshot's columns in the bar before t.
            pub snapshot: Column<f32>,
            $(#[doc = concat!("`[rows]`: ", $key_doc, ".")] pub $key: Column<$key_type>,)*
            $(#[doc = concat!("`[rows]`: ", $drawn_doc, ".")] pub $drawn: Column<$drawn_type>,)*
            /// `[metrics]` of `[rows]`: rewards, in the recipe's order.
            pub rewards: Vec<Column<f64>>,
            $(#[doc = concat!("`[rows]`: ", $out_doc, ".")] pub $out: Column<$out_type>,)*
            /// `[metrics]` of `[rows]`: 1 where the reward was clipped. Not part of the content.
            pub clipped: Vec<Column<u8>>,
        }

        /// The columns of [`RowsMut`] as slices.
        #[derive(Debug)]
        pub struct ColumnsMut<'a> {
            /// The scaled windows, as in [`Columns::windows`].
            pub windows: Slices<'a, f32>,
            /// `[rows, K]`: the snapshots.
            pub snapshot: &'a mut [f32],
            $(#[doc = concat!("`[rows]`: ", $key_doc, ".")] pub $key: &'a mut [$key_type],)*
            $(#[doc = concat!("`[rows]`: ", $drawn_doc, ".")] pub $drawn: &'a mut [$drawn_type],)*
            /// `[metrics]` of `[rows]`: rewards, in the recipe's order.
            pub rewards: Slices<'a, f64>,
            $(#[doc = concat!("`[rows]`: ", $out_doc, ".")] pub $out: &'a mut [$out_type],)*
            /// `[metrics]` of `[rows]`: 1 where the reward was clipped. Not part of the content.
            pub clipped: Slices<'a, u8>,
        }

        impl<'a> ColumnsMut<'a> {
            /// Borrows the columns that pricing reads and writes: the actions, the equity, the
            /// trades, the rewards, and the clip flags. The trades enter at the market's rows
            /// `row`.
            pub fn pricing<'b>(
                &'b mut self,
                row: &'b [usize],
                unit_return: &'b mut [f64],
            ) -> Pricing<'a, 'b> {
                let actions = Actions {
                    row,
                    direction: self.act_dir,
                    dollars: self.act_dollar,
                    stop: self.act_sl,
                    target: self.act_tp,
                };
                Pricing {
                    actions,
                    equity: self.equity,
                    trades: TradesMut { $($out: self.$out,)* unit_return },
                    rewards: &mut self.rewards,
                    clipped: &mut self.clipped,
                }
            }
        }

        impl Columns {
            /// The rows of a block in all columns, in the order of
            /// [`Schema::content`](barloom_schema::Schema::content). Windows are those of
            /// [`PerChannel`](WindowLayout::PerChannel), one a row.
            fn slices(&self, rows: Range<usize>, shape: BlockShape) -> Vec<Slice<'_>> {
                let of_rows = |values: usize| rows.start * values..rows.end * values;
                let (windows, snapshot) = (of_rows(shape.lookback), of_rows(shape.snapshot));
                let rows = || rows.clone();
                let mut slices = Vec::with_capacity(COLUMNS.len() + self.windows.len() + self.rewards.len());
                $(slices.push(<$key_type>::slice(&self.$key[rows()]));)*
                slices.extend(self.windows.iter().map(|one| f32::slice(&one[windows.clone()])));
                if shape.snapshot > 0 {
                    slices.push(f32::slice(&self.snapshot[snapshot]));
                }
                $(slices.push(<$drawn_type>::slice(&self.$drawn[rows()]));)*
                slices.extend(self.rewards.iter().map(|one| f64::slice(&one[rows()])));
                $(slices.push(<$out_type>::slice(&self.$out[rows()]));)*
                slices
            }

            /// A column of one value a row, by its name; none for windows and rewards.
            fn plain(&self, name: &str) -> Option<Slice<'_>> {
                Some(match name {
                    $(stringify!($key) => <$key_type>::slice(&self.$key),)*
                    $(stringify!($drawn) => <$drawn_type>::slice(&self.$drawn),)*
                    $(stringify!($out) => <$out_type>::slice(&self.$out),)*
                    _ => return None,
                })
            }
        }
    };
}
barloom_schema::columns!(columns);

/// The columns that pricing reads and writes.
#[derive(Debug)]
pub struct Pricing<'a, 'b> {
    /// The actions.
    pub actions: Actions<'b>,
    /// `[rows]`: account equity, dollars.
    pub equity: &'b [f64],
    /// The trades.
    pub trades: TradesMut<'b>,
    /// `[metrics]` of `[rows]`: rewards.
    pub rewards: &'b mut Slices<'a, f64>,
    /// `[metrics]` of `[rows]`: 1 where the reward was clipped.
    pub clipped: &'b mut Slices<'a, u8>,
}

/// Samples as columns. Derefs to its columns for reading.
#[derive(Debug)]
pub struct SampleBlock {
    shape: BlockShape,
    capacity: usize,
    numbers: Held,
    rows: usize,
    columns: Columns,
}

/// Rows of a block to be filled, which can be split between threads. Derefs to their columns.
#[derive(Debug)]
pub struct RowsMut<'a> {
    shape: BlockShape,
    /// The block's row that these begin at.
    begin: usize,
    columns: ColumnsMut<'a>,
}

impl<'a> std::ops::Deref for RowsMut<'a> {
    type Target = ColumnsMut<'a>;

    fn deref(&self) -> &ColumnsMut<'a> {
        &self.columns
    }
}

impl std::ops::DerefMut for RowsMut<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.columns
    }
}

impl std::ops::Deref for SampleBlock {
    type Target = Columns;

    fn deref(&self) -> &Columns {
        &self.columns
    }
}

impl SampleBlock {
    /// An empty block that holds up to `capacity` samples.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(shape: BlockShape, capacity: usize) -> Result<Self, BackendError> {
        Self::new_in(shape, capacity, &|_| None)
    }

    /// As [`new`](Self::new), in memory of the caller's: `allocate` is asked for so many bytes for
    /// a column, or more; where it has none, the column is like any other.
    ///
    /// # Errors
    /// There is no memory for it, as far as the system tells: it may promise more than it has.
    pub fn new_in(
        shape: BlockShape,
        capacity: usize,
        allocate: Allocate<'_>,
    ) -> Result<Self, BackendError> {
        let bytes = bytes_of(shape, capacity);
        let reserve = || -> Option<Columns> {
            // Each column may have room where all of them together have none.
            let whole = usize::try_from(bytes).ok()?;
            Vec::<u8>::new().try_reserve_exact(whole).ok()?;
            let windows = shape.windows(capacity).checked_mul(shape.window_values())?;
            let snapshot = capacity.checked_mul(shape.snapshot)?;
            macro_rules! reserve {
                ($($name:ident: $type:ty),*) => {
                    Columns {
                        windows: each(shape.window_columns(), windows, allocate)?,
                        snapshot: column(snapshot, allocate)?,
                        rewards: each(shape.metrics, capacity, allocate)?,
                        clipped: each(shape.metrics, capacity, allocate)?,
                        $($name: column(capacity, allocate)?,)*
                    }
                };
            }
            Some(barloom_schema::columns!(plain reserve))
        };
        match reserve() {
            Some(columns) => {
                Ok(Self { shape, capacity, numbers: Held::default(), rows: 0, columns })
            }
            None => Err(BackendError::NoMemory { rows: capacity, bytes }),
        }
    }

    fn resize(&mut self, rows: usize) {
        let (shape, columns) = (self.shape, &mut self.columns);
        macro_rules! resize {
            ($($name:ident: $type:ty),*) => { $(columns.$name.set_len(rows);)* };
        }
        barloom_schema::columns!(plain resize);
        let values = shape.windows(rows) * shape.window_values();
        columns.windows.iter_mut().for_each(|w| w.set_len(values));
        columns.snapshot.set_len(rows * shape.snapshot);
        columns.rewards.iter_mut().for_each(|r| r.set_len(rows));
        columns.clipped.iter_mut().for_each(|c| c.set_len(rows));
        self.rows = rows;
    }

    /// Makes the block hold these samples and gives their rows to be filled. What they hold until
    /// then is unspecified.
    ///
    /// # Errors
    /// More rows than the block was made for.
    pub fn begin(&mut self, samples: Numbers<'_>) -> Result<RowsMut<'_>, BackendError> {
        let rows = samples.len();
        if rows > self.capacity {
            return Err(BackendError::BlockTooSmall { rows, capacity: self.capacity });
        }
        self.numbers.set(samples);
        self.resize(rows);
        let columns = &mut self.columns;
        macro_rules! borrow {
            ($($name:ident: $type:ty),*) => {
                ColumnsMut {
                    windows: columns.windows.iter_mut().map(|column| &mut column[..]).collect(),
                    snapshot: &mut columns.snapshot,
                    rewards: columns.rewards.iter_mut().map(|column| &mut column[..]).collect(),
                    clipped: columns.clipped.iter_mut().map(|column| &mut column[..]).collect(),
                    $($name: &mut columns.$name,)*
                }
            };
        }
        Ok(RowsMut { shape: self.shape, begin: 0, columns: barloom_schema::columns!(plain borrow) })
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> BlockShape {
        self.shape
    }

    /// The numbers of its samples.
    #[must_use]
    pub fn samples(&self) -> Numbers<'_> {
        self.numbers.get(self.rows)
    }

    /// The number of the sample in a row.
    ///
    /// # Panics
    /// There is no such row.
    #[must_use]
    pub fn sample(&self, row: usize) -> u64 {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        self.samples().get(row)
    }

    /// The number of samples in it.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of samples that it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The window of a channel, of a block whose windows lie
    /// [`PerChannel`](crate::WindowLayout::PerChannel): `[L]`, oldest bar first.
    ///
    /// # Panics
    /// There is no such channel or row, or windows lie otherwise.
    #[must_use]
    pub fn window(&self, channel: usize, row: usize) -> &[f32] {
        assert_eq!(self.shape.layout, WindowLayout::PerChannel, "windows by channel");
        let (l, at) = (self.shape.lookback, row / self.shape.rows_per_window);
        &self.columns.windows[channel][at * l..(at + 1) * l]
    }

    /// The snapshot of a row: `[K]`.
    ///
    /// # Panics
    /// There is no such row.
    #[must_use]
    pub fn snapshot(&self, row: usize) -> &[f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        let values = self.shape.snapshot;
        &self.columns.snapshot[row * values..(row + 1) * values]
    }

    /// Bar `k` of the window of a channel, however windows lie.
    ///
    /// # Panics
    /// There is no such channel, row or bar.
    #[must_use]
    pub fn window_value(&self, channel: usize, row: usize, k: usize) -> f32 {
        let BlockShape { lookback, channels, .. } = self.shape;
        assert!(channel < channels && k < lookback, "channel {channel}, bar {k}");
        let at = row / self.shape.rows_per_window;
        let windows = &self.columns.windows;
        match self.shape.layout {
            WindowLayout::PerChannel => windows[channel][at * lookback + k],
            WindowLayout::ChannelsFirst => windows[0][(at * channels + channel) * lookback + k],
            WindowLayout::ChannelsLast => windows[0][(at * lookback + k) * channels + channel],
        }
    }

    /// Rows of all columns, in the order of [`Schema::content`](barloom_schema::Schema::content),
    /// of a block whose windows lie [`PerChannel`](crate::WindowLayout::PerChannel), one a row.
    ///
    /// # Panics
    /// There are no such rows, or windows lie otherwise.
    #[must_use]
    pub fn slices(&self, rows: Range<usize>) -> Vec<Slice<'_>> {
        let BlockShape { layout, rows_per_window, .. } = self.shape;
        assert_eq!((layout, rows_per_window), (WindowLayout::PerChannel, 1), "windows by channel");
        self.columns.slices(rows, self.shape)
    }

    /// A column of one value a row by its name; none for windows, the snapshot, rewards and the
    /// samples' numbers.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Slice<'_>> {
        self.columns.plain(name)
    }

    /// The meta fields of a sample, not scaled, in the order of [`META`].
    ///
    /// # Panics
    /// There is no such row.
    #[must_use]
    pub fn meta(&self, row: usize) -> [f64; META.len()] {
        let columns = &self.columns;
        macro_rules! values {
            ($($name:ident),*) => { [$(columns.$name[row].into()),*] };
        }
        barloom_schema::meta!(values)
    }

    /// Checks that two blocks hold the same samples in the same rows, bit for bit, in any window
    /// layouts. The error names the first sample and column that differ, with both values.
    ///
    /// # Errors
    /// The difference in words.
    pub fn same_bits(&self, other: &Self) -> Result<(), String> {
        if self.rows != other.rows {
            return Err(format!("{} rows against {}", self.rows, other.rows));
        }
        (0..self.rows).try_for_each(|row| self.same_row(row, other, row))
    }

    /// Checks that a row holds the same sample as a row of another block, bit for bit.
    ///
    /// # Errors
    /// The difference in words.
    ///
    /// # Panics
    /// There are no such rows.
    pub fn same_row(&self, row: usize, other: &Self, other_row: usize) -> Result<(), String> {
        let plain = |shape: BlockShape| shape.layout(WindowLayout::PerChannel).rows_per_window(1);
        if plain(self.shape) != plain(other.shape) {
            return Err(format!("blocks of {:?} and {:?}", self.shape, other.shape));
        }
        let (sample, other_sample) = (self.sample(row), other.sample(other_row));
        if sample != other_sample {
            return Err(format!("sample {sample} against {other_sample}"));
        }
        self.same_values(row, other, other_row).map_err(|what| format!("sample {sample}: {what}"))
    }

    fn same_values(&self, row: usize, other: &Self, other_row: usize) -> Result<(), String> {
        let (a, b) = (&self.columns, &other.columns);
        macro_rules! compare {
            ($($name:ident: $type:ty),*) => {
                $(if a.$name[row].to_ne_bytes() != b.$name[other_row].to_ne_bytes() {
                    return Err(format!(
                        "{}: {:?} against {:?}", stringify!($name), a.$name[row], b.$name[other_row]
                    ));
                })*
            };
        }
        barloom_schema::columns!(plain compare);
        for (metric, (x, y)) in a.rewards.iter().zip(&b.rewards).enumerate() {
            let (x, y) = (x[row], y[other_row]);
            if x.to_bits() != y.to_bits() {
                return Err(format!("reward {metric}: {x:?} against {y:?}"));
            }
        }
        for channel in 0..self.shape.channels {
            for k in 0..self.shape.lookback {
                let x = self.window_value(channel, row, k);
                let y = other.window_value(channel, other_row, k);
                if x.to_bits() != y.to_bits() {
                    return Err(format!(
                        "channel {channel}, bar {k} of the window: {x:?} against {y:?}"
                    ));
                }
            }
        }
        let pairs = self.snapshot(row).iter().zip(other.snapshot(other_row));
        match pairs.enumerate().find(|(_, (x, y))| x.to_bits() != y.to_bits()) {
            None => Ok(()),
            Some((k, (x, y))) => Err(format!("value {k} of the snapshot: {x:?} against {y:?}")),
        }
    }
}

/// Gives memory of at least so many bytes, aligned to 64, or none.
pub type Allocate<'a> = &'a dyn Fn(usize) -> Option<Box<dyn Bytes>>;

/// Bytes of the values of the columns of a row, but for windows and metrics.
const ROW_BYTES: u64 = {
    macro_rules! sizes {
        ($($name:ident: $type:ty),*) => { 0 $(+ size_of::<$type>() as u64)* };
    }
    barloom_schema::columns!(plain sizes)
};

/// Bytes of the values of so many rows.
fn bytes_of(shape: BlockShape, rows: usize) -> u64 {
    let values = (shape.windows(rows) as u64).saturating_mul(shape.window_values() as u64);
    let windows = values.saturating_mul((shape.window_columns() * size_of::<f32>()) as u64);
    let row = ROW_BYTES
        + (shape.metrics * (size_of::<f64>() + 1)) as u64
        + (shape.snapshot * size_of::<f32>()) as u64;
    (rows as u64).saturating_mul(row).saturating_add(windows)
}

/// Empty columns with room for `capacity` values each; none where there is no memory.
pub(crate) fn each<T: bytemuck::Pod>(
    columns: usize,
    capacity: usize,
    allocate: Allocate<'_>,
) -> Option<Vec<Column<T>>> {
    (0..columns).map(|_| column(capacity, allocate)).collect()
}

pub(crate) fn column<T: bytemuck::Pod>(
    capacity: usize,
    allocate: Allocate<'_>,
) -> Option<Column<T>> {
    let bytes = capacity.checked_mul(size_of::<T>())?;
    allocate(bytes)
        .map_or_else(|| Column::try_with_capacity(capacity), |m| Some(Column::in_memory(m)))
}

impl<'a> RowsMut<'a> {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bar.len()
    }

    /// Returns true if there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bar.is_empty()
    }

    /// The shape of their block.
    #[must_use]
    pub fn shape(&self) -> BlockShape {
        self.shape
    }

    /// The rows whose windows are to be cut, in order, counted from the first of these rows.
    pub fn cut(&self) -> impl Iterator<Item = usize> + use<> {
        let every = self.shape.rows_per_window;
        (self.begin.next_multiple_of(every) - self.begin..self.len()).step_by(every)
    }

    /// The columns of the windows, taken from the rows: those of [`cut`](Self::cut), in turn.
    #[must_use]
    pub fn take_windows(&mut self) -> Slices<'a, f32> {
        std::mem::take(&mut self.columns.windows)
    }

    /// The rows before `middle`, and those from it on.
    ///
    /// # Panics
    /// `middle` is past the last row.
    #[must_use]
    pub fn split_at(self, middle: usize) -> (Self, Self) {
        let Self { shape, begin, columns } = self;
        let windows = shape.windows(begin + middle) - shape.windows(begin);
        let (windows, windows_after) = split_each(columns.windows, windows * shape.window_values());
        let snapshot = columns.snapshot.split_at_mut(middle * shape.snapshot);
        let (rewards, rewards_after) = split_each(columns.rewards, middle);
        let (clipped, clipped_after) = split_each(columns.clipped, middle);
        macro_rules! split {
            ($($name:ident: $type:ty),*) => {{
                $(let $name = columns.$name.split_at_mut(middle);)*
                (
                    ColumnsMut {
                        windows,
                        snapshot: snapshot.0,
                        rewards,
                        clipped,
                        $($name: $name.0,)*
                    },
                    ColumnsMut {
                        windows: windows_after,
                        snapshot: snapshot.1,
                        rewards: rewards_after,
                        clipped: clipped_after,
                        $($name: $name.1,)*
                    },
                )
            }};
        }
        let (before, after) = barloom_schema::columns!(plain split);
        (
            Self { shape, begin, columns: before },
            Self { shape, begin: begin + middle, columns: after },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_no_machine_has_memory_for_is_an_error() {
        let shape = BlockShape {
            channels: 5,
            snapshot: 3,
            lookback: 64,
            metrics: 1,
            layout: WindowLayout::PerChannel,
            rows_per_window: 1,
        };
        for rows in [1 << 42, usize::MAX / 8, usize::MAX] {
            let refused = SampleBlock::new(shape, rows).unwrap_err();
            assert!(matches!(refused, BackendError::NoMemory { rows: r, .. } if r == rows));
            assert!(refused.to_string().contains("there is no memory for"), "{refused}");
        }
        assert_eq!(SampleBlock::new(shape, 10).unwrap().capacity(), 10);
    }
}
