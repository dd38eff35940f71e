//! Batches: rows of buffers that come from a pool.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use barloom_backend::{BlockShape, Program, SampleBlock, Session, WindowLayout};
use barloom_memory::Column;
use barloom_scaling::MetaScaler;
use barloom_schema::{COLUMNS, ColumnField, Field, Role, Slice};
use ndarray::{ArrayView2, ArrayView3};

use crate::LoaderError;

/// Meta fields of a sample.
pub(crate) const META: usize = barloom_schema::META.len();

/// Samples of one or more batches, and what is made of them for training.
#[derive(Debug)]
pub(crate) struct Buffer {
    block: SampleBlock,
    /// `[rows, 9]`; empty where samples have no action.
    meta: Column<f32>,
    /// `[rows, metrics]`.
    reward: Column<f32>,
    /// The numbers of the samples to be made.
    list: Vec<u64>,
}

impl Buffer {
    fn new(session: &dyn Session, shape: BlockShape, rows: usize) -> Result<Self, LoaderError> {
        let block = session.allocate_shaped(shape, rows)?;
        let reserve = || {
            let meta = Column::try_with_capacity(rows.checked_mul(meta_fields(shape))?)?;
            let reward = Column::try_with_capacity(rows.checked_mul(shape.metrics)?)?;
            let mut list = Vec::new();
            list.try_reserve_exact(rows).ok()?;
            Some((meta, reward, list))
        };
        let Some((meta, reward, list)) = reserve() else {
            let bytes = (size_of::<f32>() * META + size_of::<u64>()) as u64;
            let bytes = bytes.saturating_mul(rows as u64);
            return Err(LoaderError::NoRoom { samples: rows as u64, bytes });
        };
        Ok(Self { block, meta, reward, list })
    }

    /// The list of samples to be made, to be filled by the caller: it holds none.
    pub(crate) fn list(&mut self) -> &mut Vec<u64> {
        self.list.clear();
        &mut self.list
    }

    /// Makes the samples of the list.
    pub(crate) fn make(&mut self, session: &dyn Session) -> Result<(), LoaderError> {
        session.gather(&self.list, &mut self.block)?;
        let rows = self.list.len();
        let shape = self.block.shape();
        self.meta.set_len(rows * meta_fields(shape));
        self.reward.set_len(rows * shape.metrics);
        if shape.priced {
            scale_meta(&session.program().meta, &self.block, &mut self.meta);
        }
        let metrics = self.block.rewards.len();
        for (metric, values) in self.block.rewards.iter().enumerate() {
            let places = self.reward[metric..].iter_mut().step_by(metrics);
            places.zip(&**values).for_each(|(place, value)| *place = *value as f32);
        }
        Ok(())
    }
}

/// Meta fields of samples of this shape: none where they have no action.
fn meta_fields(shape: BlockShape) -> usize {
    if shape.priced { META } else { 0 }
}

/// The meta fields as training loops take them, row after row.
fn scale_meta(scaler: &MetaScaler, block: &SampleBlock, out: &mut [f32]) {
    fn column<T: Copy + Into<f64>>(
        scaler: &MetaScaler,
        field: usize,
        values: &[T],
        out: &mut [f32],
    ) {
        let rows = out.as_chunks_mut::<META>().0.iter_mut();
        rows.zip(values).for_each(|(row, x)| row[field] = scaler.scale(field, (*x).into()));
    }
    let mut field = 0..;
    macro_rules! fields {
        ($($name:ident),*) => {
            $(column(scaler, field.next().unwrap_or(META), &block.$name, out);)*
        };
    }
    barloom_schema::meta!(fields);
}

/// Buffers that are used again once no batch holds them.
#[derive(Debug)]
pub(crate) struct Pool {
    shape: BlockShape,
    rows: usize,
    /// Free ones to keep at most.
    keep: usize,
    /// All that were given out and are not dropped; those that no batch holds are free.
    buffers: Mutex<Vec<Arc<Buffer>>>,
}

impl Pool {
    /// A pool of buffers for so many rows.
    pub(crate) fn new(shape: BlockShape, rows: usize, keep: usize) -> Self {
        Self { shape, rows, keep, buffers: Mutex::new(Vec::with_capacity(2 * keep)) }
    }

    /// A buffer of which there is no other owner.
    ///
    /// # Errors
    /// There is no memory for another one.
    pub(crate) fn take(&self, session: &dyn Session) -> Result<Arc<Buffer>, LoaderError> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |buffer: &Arc<Buffer>| Arc::strong_count(buffer) == 1;
        while buffers.iter().filter(|buffer| is_free(buffer)).count() > self.keep {
            let Some(at) = buffers.iter().position(is_free) else { break };
            buffers.swap_remove(at);
        }
        // The one that was begun last: the caches hold more of it.
        let free = buffers.iter_mut().rposition(|buffer| Arc::get_mut(buffer).is_some());
        match free {
            Some(at) => Ok(buffers.remove(at)),
            None => {
                drop(buffers);
                Ok(Arc::new(Buffer::new(session, self.shape, self.rows)?))
            }
        }
    }

    /// Knows a buffer, so that it is used again.
    pub(crate) fn share(&self, buffer: &Arc<Buffer>) {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        buffers.push(Arc::clone(buffer));
    }
}

/// Samples for one step of a training loop.
///
/// B is its [`len`](Self::len), C the channels, L the lookback; a row is a sample. It holds memory
/// of the loader's pool, which is used again when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) buffer: Arc<Buffer>,
    pub(crate) rows: Range<usize>,
}

impl Batch {
    /// Samples of the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// B: samples of the batch, or states where it is made of these.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a loader's batch is never empty")]
    pub fn len(&self) -> usize {
        self.shape().windows(self.rows())
    }

    /// K: samples that share a window; 1 but where a batch is made of states.
    #[must_use]
    pub fn rows_per_window(&self) -> usize {
        self.shape().rows_per_window
    }

    /// False where samples have no action: no meta fields and no rewards.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.shape().priced
    }

    /// Meta fields of a sample: 9, or 0 where samples have no action.
    #[must_use]
    pub fn meta_fields(&self) -> usize {
        meta_fields(self.shape())
    }

    /// Reward metrics; 0 where samples have no action.
    #[must_use]
    pub fn metrics(&self) -> usize {
        self.shape().metrics
    }

    /// The shape of its windows: `[B, C, L]` or `[B, L, C]`.
    #[must_use]
    pub fn windows_shape(&self) -> [usize; 3] {
        let BlockShape { lookback, channels, layout, .. } = self.shape();
        match layout {
            WindowLayout::ChannelsLast => [self.len(), lookback, channels],
            _ => [self.len(), channels, lookback],
        }
    }

    /// The scaled windows, one after another, oldest bar first.
    #[must_use]
    pub fn window_values(&self) -> &[f32] {
        let shape = self.shape();
        let windows = shape.windows(self.rows.start)..shape.windows(self.rows.end);
        let values = shape.window_values();
        &self.buffer.block.windows[0][windows.start * values..windows.end * values]
    }

    /// The scaled windows: `[B, C, L]` or `[B, L, C]`, oldest bar first.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the shape is that of the values")]
    pub fn windows(&self) -> ArrayView3<'_, f32> {
        ArrayView3::from_shape(self.windows_shape(), self.window_values()).expect("its shape")
    }

    /// K: the values of a snapshot; 0 without one.
    #[must_use]
    pub fn snapshot_columns(&self) -> usize {
        self.shape().snapshot
    }

    /// The snapshots, row after row.
    #[must_use]
    pub fn snapshot_values(&self) -> &[f32] {
        let values = self.shape().snapshot;
        &self.buffer.block.snapshot[self.rows.start * values..self.rows.end * values]
    }

    /// The scaled snapshot of each sample: `[rows, K]`, in the recipe's order.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the shape is that of the values")]
    pub fn snapshot(&self) -> ArrayView2<'_, f32> {
        let shape = [self.rows(), self.snapshot_columns()];
        ArrayView2::from_shape(shape, self.snapshot_values()).expect("its shape")
    }

    /// The scaled meta fields, row after row.
    #[must_use]
    pub fn meta_values(&self) -> &[f32] {
        let fields = self.meta_fields();
        &self.buffer.meta[self.rows.start * fields..self.rows.end * fields]
    }

    /// The scaled meta fields of each sample: `[rows, 9]`, or `[rows, 0]` without actions. They are
    /// in the order of [`Program::meta`](barloom_backend::Program::meta). With K actions a state,
    /// row `b * K + k` is action k of state b.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the shape is that of the values")]
    pub fn meta(&self) -> ArrayView2<'_, f32> {
        let shape = [self.rows(), self.meta_fields()];
        ArrayView2::from_shape(shape, self.meta_values()).expect("its shape")
    }

    /// The rewards, row after row.
    #[must_use]
    pub fn reward_values(&self) -> &[f32] {
        let metrics = self.shape().metrics;
        &self.buffer.reward[self.rows.start * metrics..self.rows.end * metrics]
    }

    /// The rewards of each sample: `[rows, metrics]`, in the recipe's order.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the shape is that of the values")]
    pub fn reward(&self) -> ArrayView2<'_, f32> {
        let shape = [self.rows(), self.shape().metrics];
        ArrayView2::from_shape(shape, self.reward_values()).expect("its shape")
    }

    /// The numbers of the samples: `[rows]`.
    #[must_use]
    pub fn samples(&self) -> &[u64] {
        &self.buffer.list[self.rows.clone()]
    }

    /// A column of one value a sample, by the name that it has in a dataset: `[rows]`, not scaled.
    /// None for a channel, the snapshot, a path, and for what the dataset lacks.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Slice<'_>> {
        if name == "sample" {
            return Some(Slice::I64(bytemuck::cast_slice(self.samples())));
        }
        let values = self.buffer.block.column(name)?;
        // Samples without actions have empty columns of them.
        (values.len() == self.buffer.block.rows()).then(|| values.range(self.rows.clone()))
    }

    /// The labels, and the weight after them, in the recipe's order.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = Label<'_>> {
        self.buffer.block.labels.iter().map(|label| Label {
            name: label.name(),
            values: label.rows(self.rows.clone()),
            width: label.width(),
        })
    }

    /// Rewards of one metric, unrounded: `[rows]`. `metric` counts in the recipe's order.
    ///
    /// # Panics
    /// There is no such metric.
    #[must_use]
    pub fn metric(&self, metric: usize) -> &[f64] {
        &self.buffer.block.rewards[metric][self.rows.clone()]
    }

    fn shape(&self) -> BlockShape {
        self.buffer.block.shape()
    }
}

/// A label of a batch, or its weight.
#[derive(Clone, Copy, Debug)]
pub struct Label<'a> {
    /// Its name.
    pub name: &'a str,
    /// The values, row after row: `[rows]`, or `[rows, width]` of a path.
    pub values: Slice<'a>,
    /// Values of a row: 1, or H of a path.
    pub width: usize,
}

/// The samples of these numbers, in this order, as one batch: for those that are looked up one by
/// one. Its memory is its own.
///
/// # Errors
/// A number is 2^62 or more, or the backend fails. Which of them a dataset has is the caller's to
/// check.
pub fn gather(
    session: &dyn Session,
    samples: &[u64],
    layout: WindowLayout,
) -> Result<Batch, LoaderError> {
    if layout == WindowLayout::PerChannel {
        let expected = "[B, C, L] or [B, L, C]";
        return Err(LoaderError::expected("layout", expected, "a column for each channel"));
    }
    check_room(session.program(), samples.len() as u64)?;
    let shape = session.program().block_shape().layout(layout);
    let mut buffer = Buffer::new(session, shape, samples.len())?;
    buffer.list().extend_from_slice(samples);
    buffer.make(session)?;
    Ok(Batch { buffer: Arc::new(buffer), rows: 0..samples.len() })
}

/// Refuses so many samples of a program at once if there is no memory for them, as far as the
/// system tells: it may promise more than it has.
///
/// # Errors
/// There is none; the error says how much they take.
pub fn check_room(program: &Program, samples: u64) -> Result<(), LoaderError> {
    let bytes = samples.saturating_mul(row_bytes(program));
    let there_is = |bytes: usize| Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    if usize::try_from(bytes).is_ok_and(there_is) {
        return Ok(());
    }
    Err(LoaderError::NoRoom { samples, bytes })
}

/// Bytes of a sample in a batch.
pub(crate) fn row_bytes(program: &Program) -> u64 {
    let shape = program.block_shape();
    let floats =
        shape.channels * shape.lookback + shape.snapshot + meta_fields(shape) + shape.metrics;
    let is_there = |column: &&ColumnField| shape.priced || column.role == Role::Key;
    let columns: usize = COLUMNS.iter().filter(is_there).map(|column| column.dtype.size()).sum();
    let rewards = (size_of::<f64>() + 1) * shape.metrics;
    let labels: usize = program.labels.iter().map(Field::bytes).sum();
    (size_of::<f32>() * floats + size_of::<u64>() + columns + rewards + labels) as u64
}

/// The columns that [`Batch::column`] gives, but for labels, in the order of a dataset. Samples
/// that are not priced have the keys alone.
pub fn columns(is_priced: bool) -> impl Iterator<Item = &'static str> + Clone {
    let is_there = move |column: &&ColumnField| is_priced || column.role == Role::Key;
    ["sample"].into_iter().chain(COLUMNS.iter().filter(is_there).map(|column| column.name))
}
