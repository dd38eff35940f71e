//! A block of samples, as columns.

use std::ops::Range;

use barloom_memory::{Bytes, Column};
use barloom_schema::{Field, META, Slice};

use crate::columns::{Columns, ColumnsMut, row_bytes};
use crate::label_values::{LabelValues, label_text};
use crate::numbers::Held;
use crate::slices::Slices;
use crate::{BackendError, BlockShape, Numbers, WindowLayout};

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
    /// An empty block that holds up to `capacity` samples, with a column for each of these labels.
    ///
    /// # Errors
    /// There is no memory for it; the shape has another number of labels.
    pub fn new(shape: BlockShape, labels: &[Field], capacity: usize) -> Result<Self, BackendError> {
        Self::new_in(shape, labels, capacity, &|_| None)
    }

    /// As [`new`](Self::new), in memory of the caller's: `allocate` is asked for so many bytes for
    /// a column, or more; where it has none, the column is like any other.
    ///
    /// # Errors
    /// There is no memory for it, as far as the system tells: it may promise more than it has. The
    /// shape has another number of labels.
    pub fn new_in(
        shape: BlockShape,
        labels: &[Field],
        capacity: usize,
        allocate: Allocate<'_>,
    ) -> Result<Self, BackendError> {
        if labels.len() != shape.labels {
            let expected = BlockShape { labels: labels.len(), ..shape };
            return Err(BackendError::BlockShape { got: shape, expected });
        }
        let of_labels = labels.iter().map(|label| label.bytes() as u64).sum::<u64>();
        let bytes =
            bytes_of(shape, capacity).saturating_add(of_labels.saturating_mul(capacity as u64));
        let reserve = || -> Option<Columns> {
            // Each column may have room where all of them together have none.
            let whole = usize::try_from(bytes).ok()?;
            Vec::<u8>::new().try_reserve_exact(whole).ok()?;
            let mut columns = Columns::reserve(shape, capacity, allocate)?;
            let of_label = |field: &Field| LabelValues::new(field, capacity, allocate);
            columns.labels = labels.iter().map(of_label).collect::<Option<_>>()?;
            Some(columns)
        };
        match reserve() {
            Some(columns) => {
                Ok(Self { shape, capacity, numbers: Held::default(), rows: 0, columns })
            }
            None => Err(BackendError::NoMemory { rows: capacity, bytes }),
        }
    }

    /// Checks that its labels are these columns.
    ///
    /// # Errors
    /// It was made for other labels.
    pub(crate) fn check_labels(&self, expected: &[Field]) -> Result<(), BackendError> {
        let labels = &self.columns.labels;
        let is_same = labels.len() == expected.len()
            && labels.iter().zip(expected).all(|(label, field)| label.is_of(field));
        if is_same {
            return Ok(());
        }
        let got: Vec<String> = labels.iter().map(LabelValues::text).collect();
        let text = |field: &Field| label_text(&field.name, field.dtype, field.values());
        let expected: Vec<String> = expected.iter().map(text).collect();
        Err(BackendError::BlockLabels { got: got.join(", "), expected: expected.join(", ") })
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
        self.columns.set_rows(self.shape, rows);
        self.rows = rows;
        Ok(RowsMut { shape: self.shape, begin: 0, columns: self.columns.borrow() })
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

    /// A column of one value a row by its name; none for windows, the snapshot, rewards, paths and
    /// the samples' numbers.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Slice<'_>> {
        self.columns.plain(name)
    }

    /// The meta fields of a sample, not scaled, in the order of [`META`].
    ///
    /// # Panics
    /// There is no such row, or its samples are not priced.
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
        a.same_plain(row, b, other_row)?;
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
        }?;
        a.labels.iter().zip(&b.labels).try_for_each(|(x, y)| x.same_row(row, y, other_row))
    }
}

/// Gives memory of at least so many bytes, aligned to 64, or none.
pub type Allocate<'a> = &'a dyn Fn(usize) -> Option<Box<dyn Bytes>>;

/// Bytes of the values of so many rows, labels apart.
fn bytes_of(shape: BlockShape, rows: usize) -> u64 {
    let values = (shape.windows(rows) as u64).saturating_mul(shape.window_values() as u64);
    let windows = values.saturating_mul((shape.window_columns() * size_of::<f32>()) as u64);
    let row = row_bytes(shape.priced)
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
        let (before, after) =
            columns.split_at(middle, windows * shape.window_values(), shape.snapshot);
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
            labels: 0,
            priced: true,
        };
        for rows in [1 << 42, usize::MAX / 8, usize::MAX] {
            let refused = SampleBlock::new(shape, &[], rows).unwrap_err();
            assert!(matches!(refused, BackendError::NoMemory { rows: r, .. } if r == rows));
            assert!(refused.to_string().contains("there is no memory for"), "{refused}");
        }
        assert_eq!(SampleBlock::new(shape, &[], 10).unwrap().capacity(), 10);
    }
}
