//! A block of windows.

use barloom_memory::Column;

use crate::block::{Allocate, column, each};
use crate::slices::{Slices, split_each};
use crate::{BackendError, BlockShape, WindowLayout};

/// Scaled windows and snapshots before rows that a caller chose, one a row.
#[derive(Debug)]
pub struct WindowBlock {
    shape: BlockShape,
    capacity: usize,
    rows: usize,
    columns: Vec<Column<f32>>,
    snapshot: Column<f32>,
}

impl WindowBlock {
    /// An empty block that holds up to `capacity` windows of a shape; only its channels, lookback,
    /// snapshot and layout matter.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(shape: BlockShape, capacity: usize) -> Result<Self, BackendError> {
        Self::new_in(shape, capacity, &|_| None)
    }

    /// As [`new`](Self::new), in memory of the caller's.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new_in(
        shape: BlockShape,
        capacity: usize,
        allocate: Allocate<'_>,
    ) -> Result<Self, BackendError> {
        let shape = shape.of_windows();
        let reserve = || {
            let values = capacity.checked_mul(shape.window_values())?;
            let columns = each(shape.window_columns(), values, allocate)?;
            Some((columns, column(capacity.checked_mul(shape.snapshot)?, allocate)?))
        };
        let row = shape.window_values() * shape.window_columns() + shape.snapshot;
        let bytes = (capacity as u64).saturating_mul((row * size_of::<f32>()) as u64);
        let no_memory = BackendError::NoMemory { rows: capacity, bytes };
        let (columns, snapshot) = reserve().ok_or(no_memory)?;
        Ok(Self { shape, capacity, rows: 0, columns, snapshot })
    }

    /// Makes the block hold so many windows and gives them to be filled. What they hold until then
    /// is unspecified.
    ///
    /// # Errors
    /// More rows than the block was made for.
    pub fn begin(&mut self, rows: usize) -> Result<WindowsMut<'_>, BackendError> {
        if rows > self.capacity {
            return Err(BackendError::BlockTooSmall { rows, capacity: self.capacity });
        }
        self.rows = rows;
        let values = rows * self.shape.window_values();
        self.columns.iter_mut().for_each(|column| column.set_len(values));
        self.snapshot.set_len(rows * self.shape.snapshot);
        let columns = self.columns.iter_mut().map(|column| &mut column[..]).collect();
        Ok(WindowsMut { shape: self.shape, rows, columns, snapshot: &mut self.snapshot })
    }

    /// Its shape, with no metrics and labels, and one row a window.
    #[must_use]
    pub fn shape(&self) -> BlockShape {
        self.shape
    }

    /// Number of windows it holds.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The windows, oldest bar first, as [`WindowLayout`] tells: `[C]` of `[rows, L]`, or one
    /// `[rows, C, L]` or `[rows, L, C]`.
    #[must_use]
    pub fn columns(&self) -> &[Column<f32>] {
        &self.columns
    }

    /// The snapshots: `[rows, K]`.
    #[must_use]
    pub fn snapshot(&self) -> &Column<f32> {
        &self.snapshot
    }

    /// Bar `k` of the window of a channel, however windows lie.
    ///
    /// # Panics
    /// There is no such channel, row or bar.
    #[must_use]
    pub fn value(&self, channel: usize, row: usize, k: usize) -> f32 {
        let BlockShape { lookback, channels, .. } = self.shape;
        assert!(channel < channels && k < lookback, "channel {channel}, bar {k}");
        match self.shape.layout {
            WindowLayout::PerChannel => self.columns[channel][row * lookback + k],
            WindowLayout::ChannelsFirst => {
                self.columns[0][(row * channels + channel) * lookback + k]
            }
            WindowLayout::ChannelsLast => {
                self.columns[0][(row * lookback + k) * channels + channel]
            }
        }
    }

    /// Tells whether two blocks of one shape hold the same windows and snapshots, bit for bit; else
    /// the first row that differs.
    ///
    /// # Errors
    /// The difference in words.
    pub fn same_bits(&self, other: &Self) -> Result<(), String> {
        if (self.shape, self.rows) != (other.shape, other.rows) {
            let [a, b] = [self, other].map(|block| (block.rows, block.shape));
            return Err(format!("windows {a:?} against {b:?}"));
        }
        for row in 0..self.rows {
            for channel in 0..self.shape.channels {
                for k in 0..self.shape.lookback {
                    let [a, b] = [self, other].map(|block| block.value(channel, row, k));
                    if a.to_bits() != b.to_bits() {
                        return Err(format!(
                            "row {row}, channel {channel}, bar {k} of the window: {a:?} against {b:?}"
                        ));
                    }
                }
            }
        }
        let pairs = self.snapshot.iter().zip(other.snapshot.iter());
        match pairs.enumerate().find(|(_, (a, b))| a.to_bits() != b.to_bits()) {
            None => Ok(()),
            Some((at, (a, b))) => {
                let (row, k) = (at / self.shape.snapshot, at % self.shape.snapshot);
                Err(format!("row {row}, value {k} of the snapshot: {a:?} against {b:?}"))
            }
        }
    }
}

/// Windows of a block to be filled, which can be split between threads.
#[derive(Debug)]
pub struct WindowsMut<'a> {
    shape: BlockShape,
    rows: usize,
    /// The columns of [`WindowBlock::columns`].
    pub columns: Slices<'a, f32>,
    /// `[rows, K]`: the snapshots.
    pub snapshot: &'a mut [f32],
}

impl WindowsMut<'_> {
    /// The shape of their block.
    #[must_use]
    pub fn shape(&self) -> BlockShape {
        self.shape
    }

    /// Number of windows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The windows before `middle`, and those from it on.
    ///
    /// # Panics
    /// `middle` is past the last window.
    #[must_use]
    pub fn split_at(self, middle: usize) -> (Self, Self) {
        let Self { shape, rows, columns, snapshot } = self;
        let (before, after) = split_each(columns, middle * shape.window_values());
        let (left, right) = snapshot.split_at_mut(middle * shape.snapshot);
        (
            Self { shape, rows: middle, columns: before, snapshot: left },
            Self { shape, rows: rows - middle, columns: after, snapshot: right },
        )
    }
}
