//! Filling blocks on a device.
#![expect(unsafe_code, reason = "kernels are given addresses, and copies outlive the call")]

use std::ffi::c_void;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use barloom_backend::{BackendError, Plan, RowsMut, SampleBlock, Session};
use barloom_bars::Market;
use cust::sys::CUstream;

use crate::CudaError;
use crate::device::{Device, LANES, Memory};
use crate::launch::Launch;
use crate::layout::Samples;
use crate::tables::Tables;

/// Bytes that the columns of a launch take at most, unless one row takes more.
const CHUNK_BYTES: usize = 64 << 20;

/// Every column of a chunk begins at a multiple of this.
const ALIGNMENT: usize = 256;

/// A market and a plan on a device.
pub struct CudaSession {
    plan: Arc<Plan>,
    tables: Tables,
    /// Samples of a launch at most.
    chunk_rows: usize,
    /// Columns of each lane's chunk. Locked while a block is filled: what is queued for one block
    /// and for another would mix.
    lanes: Mutex<Vec<Chunk>>,
    device: Arc<Device>,
}

impl CudaSession {
    /// Uploads a market and what a plan needs of it.
    ///
    /// # Errors
    /// The reward settings are wrong, or the device fails; a market that does not fit it is told
    /// with the numbers.
    pub(crate) fn new(
        device: Arc<Device>,
        market: &Market,
        plan: Arc<Plan>,
    ) -> Result<Self, BackendError> {
        let tables = Tables::new(&device, market, &plan)?;
        // So many rows leave no gaps between columns.
        let row_bytes = Columns::new(&plan, ALIGNMENT).bytes / ALIGNMENT;
        let most = usize::try_from(plan.samples).unwrap_or(usize::MAX).max(1);
        let chunk_rows = (CHUNK_BYTES / row_bytes).clamp(1, most);
        let columns = Columns::new(&plan, chunk_rows);
        device.settle()?;
        let lanes: Result<_, _> = (0..LANES).map(|_| Chunk::new(&device, &columns)).collect();
        let lanes = Mutex::new(lanes?);
        Ok(Self { plan, tables, chunk_rows, lanes, device })
    }

    /// Writes the windows of samples `[first, first + rows)` to memory of this device, as f32
    /// `[rows, C, L]`, without a copy to the host: for training loops in this process.
    ///
    /// The work is queued in `stream`, a `CUstream` of the device's primary context (null for its
    /// default stream), after what is queued there already; windows are there when the stream is
    /// done with it. Other calls of this session wait for it on the device.
    ///
    /// # Errors
    /// The range is not within the plan's samples, or the driver refuses a call.
    ///
    /// # Safety
    /// `to` is the address of `rows * C * L` values of this device's memory, and `stream` is a
    /// stream of its primary context; both live, and nothing else uses the memory, until the
    /// stream is done. This session lives as long.
    pub unsafe fn windows_into(
        &self,
        first: u64,
        rows: usize,
        to: u64,
        stream: *mut c_void,
    ) -> Result<(), BackendError> {
        self.plan.check_range(first, rows)?;
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let (chunk, stream): (&Chunk, CUstream) = (&lanes[0], stream.cast());
        let window = self.plan.lookback as u64;
        let stride = window * self.tables.channels.len() as u64;
        let bytes = size_of::<f32>() as u64;
        // The chunk may be in use by a stream that another call was given: lane 0 waits for that.
        // SAFETY: the caller answers for the stream.
        let mut queued = unsafe { self.device.order(self.device.lane(0), stream) };
        for start in (0..rows).step_by(self.chunk_rows) {
            let count = self.chunk_rows.min(rows - start);
            let place = |channel: usize| {
                let values = start as u64 * stride + channel as u64 * window;
                Place { out: to + values * bytes, stride }
            };
            // SAFETY: work that uses the chunk is done before, and later work of its lane waits,
            // below. The caller answers for the rest.
            queued = queued.and_then(|()| unsafe {
                let samples = chunk.samples(first + start as u64, count);
                self.queue(stream, &Launch::draw(&self.tables.draws, &samples))?;
                self.launch_windows(stream, &samples, chunk, &place)
            });
        }
        // SAFETY: the caller answers for the stream.
        let waits = unsafe { self.device.order(stream, self.device.lane(0)) };
        if waits.is_err() {
            // Nothing may use the chunk before that stream is done with it.
            self.device.settle()?;
        }
        Ok(queued.and(waits)?)
    }

    /// Queues a launch.
    ///
    /// # Safety
    /// The stream is of this device; the samples' and outputs' addresses are of memory that is
    /// large enough for them and is not used otherwise until the stream is done.
    unsafe fn queue(&self, stream: CUstream, launch: &Launch<'_>) -> Result<(), CudaError> {
        // SAFETY: the tables' addresses are of memory that `self` holds; for the others the caller
        // answers.
        unsafe { self.device.launch(stream, launch) }
    }

    /// Queues the kernels of drawn samples' windows, each channel's to its place.
    ///
    /// # Safety
    /// As [`queue`](Self::queue).
    unsafe fn launch_windows(
        &self,
        stream: CUstream,
        samples: &Samples,
        chunk: &Chunk,
        place: &dyn Fn(usize) -> Place,
    ) -> Result<(), CudaError> {
        for (number, channel) in self.tables.channels.iter().enumerate() {
            let Place { out, stride } = place(number);
            let channel = crate::layout::Channel {
                shift: chunk.at(chunk.columns.shift),
                width: chunk.at(chunk.columns.width),
                out,
                stride,
                ..*channel
            };
            // SAFETY: the chunk has room for `chunk_rows`; for the rest the caller answers.
            unsafe {
                if channel.needs_moments() {
                    self.queue(stream, &Launch::moments(&channel, samples))?;
                }
                self.queue(stream, &Launch::windows(&channel, samples))?;
            }
        }
        Ok(())
    }

    /// Queues a chunk's kernels in a lane.
    ///
    /// # Safety
    /// The chunk's memory is not used otherwise until the lane is finished.
    unsafe fn launch(
        &self,
        lane: usize,
        first: u64,
        rows: usize,
        chunk: &Chunk,
    ) -> Result<(), CudaError> {
        let (samples, stream) = (chunk.samples(first, rows), self.device.lane(lane));
        let tables = &self.tables;
        let queue = |launch: Launch<'_>| {
            // SAFETY: the samples' addresses are of the chunk, which has room for `chunk_rows`,
            // and the caller finishes the lane.
            unsafe { self.queue(stream, &launch) }
        };
        queue(Launch::draw(&tables.draws, &samples))?;
        queue(Launch::trade(&tables.trading, &samples))?;
        for (number, metric) in tables.metrics.iter().enumerate() {
            let value = chunk.at(chunk.columns.rewards[number]);
            let was_clipped = chunk.at(chunk.columns.clipped[number]);
            let metric = crate::layout::Metric { value, was_clipped, ..*metric };
            queue(Launch::reward(&tables.trading, &metric, &samples))?;
        }
        let place = |channel: usize| Place {
            out: chunk.at(chunk.columns.windows[channel]),
            stride: self.plan.lookback as u64,
        };
        // SAFETY: as above; the places are of the chunk.
        unsafe { self.launch_windows(stream, &samples, chunk, &place) }
    }

    /// Queues the copies of a chunk to rows of a block.
    ///
    /// # Safety
    /// The rows are not used until the lane is finished.
    unsafe fn download(
        &self,
        lane: usize,
        chunk: &Chunk,
        rows: &mut RowsMut<'_>,
        range: Range<usize>,
    ) -> Result<(), CudaError> {
        let columns = &chunk.columns;
        let copy = |offset: usize, to: &mut [u8]| {
            // SAFETY: the chunk holds as many values as it was launched for, and the caller keeps
            // the rows.
            unsafe { self.device.download(lane, chunk.at(offset), to) }
        };
        macro_rules! plain {
            ($($name:ident),*) => {
                $(copy(columns.$name, bytemuck::cast_slice_mut(&mut rows.$name[range.clone()]))?;)*
            };
        }
        plain!(
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
        );
        for (offset, column) in columns.rewards.iter().zip(&mut rows.rewards) {
            copy(*offset, bytemuck::cast_slice_mut(&mut column[range.clone()]))?;
        }
        for (offset, column) in columns.clipped.iter().zip(&mut rows.clipped) {
            copy(*offset, &mut column[range.clone()])?;
        }
        let lookback = self.plan.lookback;
        for (offset, column) in columns.windows.iter().zip(&mut rows.windows) {
            let values = &mut column[range.start * lookback..range.end * lookback];
            copy(*offset, bytemuck::cast_slice_mut(values))?;
        }
        Ok(())
    }

    /// Fills rows chunk by chunk, each in the lane after that of the one before, so that one is
    /// copied while the next is computed.
    fn fill_rows(&self, first: u64, rows: &mut RowsMut<'_>) -> Result<(), CudaError> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, mut start, mut lane) = (rows.len(), 0, 0);
        let mut queued = Ok(());
        while start < count && queued.is_ok() {
            let end = count.min(start + self.chunk_rows);
            let chunk = &lanes[lane];
            // SAFETY: work of a lane is done in order, so the chunk's memory is free when these
            // kernels begin. Both lanes are finished below, whatever fails, before the rows are
            // given up and `lanes` is unlocked.
            queued = unsafe {
                self.launch(lane, first + start as u64, end - start, chunk)
                    .and_then(|()| self.download(lane, chunk, rows, start..end))
            };
            (start, lane) = (end, (lane + 1) % LANES);
        }
        let finished: Vec<_> = (0..LANES).map(|lane| self.device.finish(lane)).collect();
        queued.and(finished.into_iter().collect())
    }
}

impl Session for CudaSession {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A block in memory that the device copies to fastest.
    fn allocate(&self, rows: usize) -> SampleBlock {
        SampleBlock::new_in(self.plan.block_shape(), rows, &|bytes| self.device.pinned(bytes))
    }

    fn fill(&self, first: u64, rows: usize, block: &mut SampleBlock) -> Result<(), BackendError> {
        self.plan.check_range(first, rows)?;
        let (shape, expected) = (block.shape(), self.plan.block_shape());
        if shape != expected {
            return Err(BackendError::BlockShape { got: shape, expected });
        }
        let mut out = block.begin(first, rows)?;
        Ok(self.fill_rows(first, &mut out)?)
    }
}

/// Where the windows of a channel go.
struct Place {
    /// Address of the first.
    out: u64,
    /// From one to the next, in values.
    stride: u64,
}

/// Where the columns of a chunk begin, in bytes from its start.
#[derive(Clone, Debug, Default)]
struct Columns {
    row: usize,
    unit_return: usize,
    symbol: usize,
    bar: usize,
    ts: usize,
    equity: usize,
    balance: usize,
    position: usize,
    sl_dist: usize,
    tp_dist: usize,
    act_dir: usize,
    act_dollar: usize,
    act_sl: usize,
    act_tp: usize,
    entry_price: usize,
    exit_price: usize,
    pnl: usize,
    held_bars: usize,
    exit_reason: usize,
    shift: usize,
    width: usize,
    rewards: Vec<usize>,
    clipped: Vec<usize>,
    windows: Vec<usize>,
    bytes: usize,
}

impl Columns {
    fn new(plan: &Plan, rows: usize) -> Self {
        let shape = plan.block_shape();
        let mut end = 0_usize;
        let mut room = |size: usize| {
            let begin = end;
            end = end.saturating_add(rows.saturating_mul(size)).next_multiple_of(ALIGNMENT);
            begin
        };
        let mut columns = Self {
            row: room(8),
            unit_return: room(8),
            symbol: room(4),
            bar: room(8),
            ts: room(8),
            equity: room(8),
            balance: room(8),
            position: room(1),
            sl_dist: room(8),
            tp_dist: room(8),
            act_dir: room(1),
            act_dollar: room(8),
            act_sl: room(8),
            act_tp: room(8),
            entry_price: room(8),
            exit_price: room(8),
            pnl: room(8),
            held_bars: room(4),
            exit_reason: room(1),
            shift: room(8),
            width: room(8),
            rewards: (0..shape.metrics).map(|_| room(8)).collect(),
            clipped: (0..shape.metrics).map(|_| room(1)).collect(),
            windows: (0..shape.channels).map(|_| room(4 * shape.lookback)).collect(),
            bytes: 0,
        };
        columns.bytes = end;
        columns
    }
}

/// Columns of the samples of a launch, on a device.
struct Chunk {
    memory: Memory,
    columns: Columns,
}

impl Chunk {
    fn new(device: &Arc<Device>, columns: &Columns) -> Result<Self, CudaError> {
        Ok(Self { memory: device.allocate(columns.bytes)?, columns: columns.clone() })
    }

    fn at(&self, offset: usize) -> u64 {
        self.memory.address() + offset as u64
    }

    fn samples(&self, first: u64, rows: usize) -> Samples {
        macro_rules! samples {
            ($($name:ident),*) => {
                Samples { count: rows as u64, first, $($name: self.at(self.columns.$name),)* }
            };
        }
        samples!(
            row,
            unit_return,
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
    }
}

impl crate::layout::Channel {
    /// Whether windows are summarised before they are scaled.
    fn needs_moments(&self) -> bool {
        [crate::layout::SCALER_ZSCORE, crate::layout::SCALER_MINMAX].contains(&self.scaler)
    }
}
