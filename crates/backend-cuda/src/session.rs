//! Filling blocks on a device.
#![expect(unsafe_code, reason = "kernels are given addresses, and copies outlive the call")]

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barloom_backend::{
    BackendError, BlockShape, Decisions, Draws, Numbers, PreparedMarket, PricedBlock, Program,
    RowsMut, SampleBlock, Session, Threads, WindowBlock, WindowLayout,
};
use barloom_bars::Market;
use cust::sys::CUstream;

use crate::CudaError;
use crate::chunk::{Chunk, Piece};
use crate::device::{Device, LANES};
use crate::launch::Launch;
use crate::layout::{Channel, Metric, SCALER_MINMAX, SCALER_ZSCORE, Samples, Snapshot};
use crate::tables::{DrawTables, MarketTables};

/// A market on a device, loaded for a program: all sessions of it share one upload.
pub struct CudaMarket {
    market: Arc<Market>,
    program: Arc<Program>,
    tables: MarketTables,
    /// Samples of a launch at most.
    chunk_rows: usize,
    /// Columns of each lane's chunk. Locked while a block is filled: what is queued for one block
    /// and for another would mix.
    lanes: Mutex<Vec<Chunk>>,
    device: Arc<Device>,
}

/// A market on a device with the draws of one part.
pub struct CudaSession {
    market: Arc<CudaMarket>,
    draws: Arc<Draws>,
    tables: DrawTables,
}

impl CudaMarket {
    /// Uploads a market and what a program needs of it.
    ///
    /// # Errors
    /// The reward settings are wrong, or the device fails; a market that does not fit it is told
    /// with the numbers.
    pub(crate) fn new(
        device: Arc<Device>,
        market: Arc<Market>,
        program: Arc<Program>,
    ) -> Result<Self, BackendError> {
        let tables = MarketTables::new(&device, &market, &program)?;
        // Decisions are priced even where samples are not.
        let metrics = program.reward.metrics.len();
        let shape = BlockShape { metrics, ..program.block_shape() };
        let chunk_rows = Chunk::rows(shape);
        device.settle()?;
        let chunk = |_| Chunk::new(&device, shape, chunk_rows);
        let lanes: Result<_, _> = (0..LANES).map(chunk).collect();
        let lanes = Mutex::new(lanes?);
        Ok(Self { market, program, tables, chunk_rows, lanes, device })
    }

    /// As [`PreparedMarket::session`], with the methods that a GPU's session alone has.
    ///
    /// # Errors
    /// The draws are of another market, or the device fails.
    pub fn cuda_session(self: Arc<Self>, draws: Arc<Draws>) -> Result<CudaSession, BackendError> {
        draws.check_market(&self.market, &self.program)?;
        let tables = DrawTables::new(&self.device, &self.tables, &draws)?;
        self.device.settle()?;
        Ok(CudaSession { market: self, draws, tables })
    }

    /// The shape of blocks of its samples.
    pub(crate) fn block_shape(&self) -> BlockShape {
        self.program.block_shape()
    }

    /// The series of rows of the market.
    pub(crate) fn symbols(&self, rows: &[usize]) -> Vec<u32> {
        let series = self.market.series();
        let of = |row: &usize| series.partition_point(|span| span.end <= *row) as u32;
        rows.iter().map(of).collect()
    }

    /// The device that it is on.
    pub(crate) fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// The tables that kernels read.
    pub(crate) fn tables(&self) -> &MarketTables {
        &self.tables
    }

    /// Samples of a launch at most.
    pub(crate) fn chunk_rows(&self) -> usize {
        self.chunk_rows
    }

    /// The chunk of each lane, for one block at a time.
    pub(crate) fn lock_lanes(&self) -> MutexGuard<'_, Vec<Chunk>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a launch.
    ///
    /// # Safety
    /// The stream is of this device; the samples' and outputs' addresses are of memory that is
    /// large enough for them and is not used otherwise until the stream is done.
    pub(crate) unsafe fn queue(
        &self,
        stream: CUstream,
        launch: &Launch<'_>,
    ) -> Result<(), CudaError> {
        // SAFETY: the tables' addresses are of memory that `self` or its session holds; for the
        // others the caller answers.
        unsafe { self.device.launch(stream, launch) }
    }

    /// Queues the kernel of the snapshots before the rows of samples, to the chunk.
    ///
    /// # Safety
    /// As [`queue`](Self::queue); the chunk has room for the samples.
    pub(crate) unsafe fn snap(
        &self,
        stream: CUstream,
        samples: &Samples,
        chunk: &Chunk,
    ) -> Result<(), CudaError> {
        let snapshot = Snapshot { out: chunk.at(chunk.columns.snapshot), ..self.tables.snapshot };
        if snapshot.columns == 0 {
            return Ok(());
        }
        // SAFETY: the caller answers.
        unsafe { self.queue(stream, &Launch::snapshots(&snapshot, samples)) }
    }

    /// Queues the kernels of so many windows before the rows of samples, to columns of a block of
    /// this shape that begin at the addresses that `column` gives.
    ///
    /// # Safety
    /// As [`queue`](Self::queue).
    pub(crate) unsafe fn cut(
        &self,
        stream: CUstream,
        samples: &Samples,
        shape: BlockShape,
        windows: usize,
        chunk: &Chunk,
        column: &dyn Fn(usize) -> u64,
    ) -> Result<(), CudaError> {
        let BlockShape { lookback, channels, .. } = shape;
        for (number, channel) in self.tables.channels.iter().enumerate() {
            let (of, begin, step) = match shape.layout {
                WindowLayout::PerChannel => (number, 0, 1),
                WindowLayout::ChannelsFirst => (0, number * lookback, 1),
                WindowLayout::ChannelsLast => (0, number, channels),
            };
            let channel = Channel {
                windows: windows as u64,
                rows_per_window: shape.rows_per_window as u64,
                shift: chunk.at(chunk.columns.shift),
                width: chunk.at(chunk.columns.width),
                out: column(of) + (begin * size_of::<f32>()) as u64,
                step: step as u64,
                stride: shape.window_values() as u64,
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
}

impl PreparedMarket for CudaMarket {
    fn market(&self) -> &Arc<Market> {
        &self.market
    }

    fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// A second upload: nothing on the device is shared.
    fn with_program(
        self: Arc<Self>,
        program: Arc<Program>,
    ) -> Result<Arc<dyn PreparedMarket>, BackendError> {
        let (device, market) = (Arc::clone(&self.device), Arc::clone(&self.market));
        Ok(Arc::new(Self::new(device, market, program)?))
    }

    fn session(self: Arc<Self>, draws: Arc<Draws>) -> Result<Arc<dyn Session>, BackendError> {
        Ok(Arc::new(self.cuda_session(draws)?))
    }

    fn observe(
        &self,
        rows: &[usize],
        _: Threads,
        block: &mut WindowBlock,
    ) -> Result<(), BackendError> {
        self.program.check_observed(&self.market, rows, block)?;
        Ok(self.observe_rows(rows, &mut block.begin(rows.len())?)?)
    }

    fn price(
        &self,
        decisions: Decisions<'_>,
        _: Threads,
        block: &mut PricedBlock,
    ) -> Result<(), BackendError> {
        self.program.check_priced(&self.market, decisions, block)?;
        Ok(self.price_rows(decisions, &mut block.begin(decisions.len())?)?)
    }

    /// A block in memory that the device copies to fastest.
    fn allocate_windows(
        &self,
        layout: WindowLayout,
        rows: usize,
    ) -> Result<WindowBlock, BackendError> {
        let shape = self.program.block_shape().layout(layout);
        WindowBlock::new_in(shape, rows, &|bytes| self.device.pinned(bytes))
    }

    /// A block in memory that the device copies to fastest.
    fn allocate_priced(&self, rows: usize) -> Result<PricedBlock, BackendError> {
        let metrics = self.program.reward.metrics.len();
        PricedBlock::new_in(metrics, rows, &|bytes| self.device.pinned(bytes))
    }
}

impl CudaSession {
    fn device(&self) -> &Device {
        &self.market.device
    }

    /// Writes the windows of samples to memory of this device, without a copy to the host: for
    /// training loops in this process. They lie there as in a block of this shape, one column
    /// after the other: f32 `[windows, C, L]`, `[windows, L, C]` or `[C, windows, L]`, a window
    /// for each sample or for each `rows_per_window` of them.
    ///
    /// The work is queued in `stream`, a `CUstream` of the device's primary context (null for its
    /// default stream), after what is queued there already; windows are there when the stream is
    /// done with it. Other calls of this market's sessions wait for it on the device.
    ///
    /// # Errors
    /// A number is 2^62 or more, the shape is of another program, samples that share a window are
    /// of different states, or the driver refuses a call.
    ///
    /// # Safety
    /// `to` is the address of as many values of this device's memory as these windows have, and
    /// `stream` is a stream of its primary context; both live, and nothing else uses the memory,
    /// until the stream is done. A list of samples lives as long unchanged, and so does this
    /// session.
    pub unsafe fn windows_into(
        &self,
        samples: Numbers<'_>,
        shape: BlockShape,
        to: u64,
        stream: *mut c_void,
    ) -> Result<(), BackendError> {
        self.draws.check(self.program(), samples, shape)?;
        let lanes = self.market.lock_lanes();
        let (chunk, stream): (&Chunk, CUstream) = (&lanes[0], stream.cast());
        let rows = samples.len();
        // The chunk may be in use by a stream that another call was given: lane 0 waits for that.
        // SAFETY: the caller answers for the stream.
        let mut queued = unsafe { self.device().order(self.device().lane(0), stream) };
        for piece in Piece::all(shape, rows, self.market.chunk_rows) {
            let column = |number: usize| {
                let window = number * shape.windows(rows) + piece.windows.start;
                to + (window * shape.window_values() * size_of::<f32>()) as u64
            };
            // SAFETY: work that uses the chunk is done before, and later work of its lane waits,
            // below. The caller answers for the rest.
            queued = queued.and_then(|()| unsafe {
                let numbers = samples.rows(piece.rows.start, piece.rows.end);
                let drawn = self.draw(stream, numbers, chunk)?;
                self.market.cut(stream, &drawn, shape, piece.windows.len(), chunk, &column)
            });
        }
        // SAFETY: the caller answers for the stream.
        let waits = unsafe { self.device().order(stream, self.device().lane(0)) };
        if waits.is_err() {
            // Nothing may use the chunk before that stream is done with it.
            self.device().settle()?;
        }
        Ok(queued.and(waits)?)
    }

    /// Queues the draws of samples, and before them the upload of their list.
    ///
    /// # Safety
    /// The stream is of this device. The list stays as it is, and the chunk, which has room for
    /// them, is not used otherwise, until the stream is done.
    unsafe fn draw(
        &self,
        stream: CUstream,
        numbers: Numbers<'_>,
        chunk: &Chunk,
    ) -> Result<Samples, CudaError> {
        let samples = chunk.samples(numbers);
        // SAFETY: the caller answers for the list, the stream and the chunk.
        unsafe {
            if let Numbers::Listed(list) = numbers {
                self.device().upload_in(stream, bytemuck::cast_slice(list), samples.listed)?;
            }
            self.market.queue(stream, &Launch::draw(&self.tables.draws, &samples))?;
        }
        Ok(samples)
    }

    /// Queues the kernels of a piece of a block with these samples in a lane.
    ///
    /// # Safety
    /// The chunk's memory is not used otherwise, and a list of samples stays as it is, until the
    /// lane is finished.
    unsafe fn launch(
        &self,
        lane: usize,
        samples: Numbers<'_>,
        shape: BlockShape,
        windows: usize,
        chunk: &Chunk,
    ) -> Result<(), CudaError> {
        let (tables, stream) = (&self.market.tables, self.device().lane(lane));
        // SAFETY: the caller finishes the lane. The chunk has room for `chunk_rows`.
        let samples = unsafe { self.draw(stream, samples, chunk)? };
        let queue = |launch: Launch<'_>| {
            // SAFETY: as above; the samples' addresses are of the chunk.
            unsafe { self.market.queue(stream, &launch) }
        };
        let metrics = if shape.priced { &tables.metrics[..] } else { &[] };
        if shape.priced {
            queue(Launch::trade(&tables.trading, &samples))?;
        }
        for (number, metric) in metrics.iter().enumerate() {
            let value = chunk.at(chunk.columns.rewards[number]);
            let was_clipped = chunk.at(chunk.columns.clipped[number]);
            let metric = Metric { value, was_clipped, ..*metric };
            queue(Launch::reward(&tables.trading, &metric, &samples))?;
        }
        // SAFETY: as above; the chunk is the samples'.
        unsafe { self.market.snap(stream, &samples, chunk)? };
        let column = |number: usize| chunk.at(chunk.columns.windows[number]);
        // SAFETY: as above; the columns are of the chunk.
        unsafe { self.market.cut(stream, &samples, shape, windows, chunk, &column) }
    }

    /// Queues the copies of a chunk to a piece of a block.
    ///
    /// # Safety
    /// The rows are not used until the lane is finished.
    unsafe fn download(
        &self,
        lane: usize,
        chunk: &Chunk,
        rows: &mut RowsMut<'_>,
        piece: &Piece,
    ) -> Result<(), CudaError> {
        let (columns, range) = (&chunk.columns, &piece.rows);
        let copy = |offset: usize, to: &mut [u8]| {
            // SAFETY: the chunk holds as many values as it was launched for, and the caller keeps
            // the rows.
            unsafe { self.device().download(lane, chunk.at(offset), to) }
        };
        macro_rules! plain {
            ($($name:ident: $type:ty),*) => {
                // Samples that are not priced have no state, action and outcomes.
                $(if let Some(to) = rows.$name.get_mut(range.clone()) {
                    copy(columns.$name, bytemuck::cast_slice_mut(to))?;
                })*
            };
        }
        barloom_schema::columns!(plain plain);
        for (offset, column) in columns.rewards.iter().zip(&mut rows.rewards) {
            copy(*offset, bytemuck::cast_slice_mut(&mut column[range.clone()]))?;
        }
        for (offset, column) in columns.clipped.iter().zip(&mut rows.clipped) {
            copy(*offset, &mut column[range.clone()])?;
        }
        let values = rows.shape().snapshot;
        if values > 0 {
            let to = &mut rows.snapshot[range.start * values..range.end * values];
            copy(columns.snapshot, bytemuck::cast_slice_mut(to))?;
        }
        if piece.windows.is_empty() {
            return Ok(());
        }
        let values = rows.shape().window_values();
        for (offset, column) in columns.windows.iter().zip(&mut rows.windows) {
            let values = &mut column[piece.windows.start * values..piece.windows.end * values];
            copy(*offset, bytemuck::cast_slice_mut(values))?;
        }
        Ok(())
    }

    /// Puts the labels of filled rows of these samples into them, on the host.
    fn gather(&self, samples: Numbers<'_>, rows: &mut RowsMut<'_>) {
        if self.draws.labels.is_empty() {
            return;
        }
        let series = self.market.market.series();
        let row = |(symbol, bar): (&u32, &i64)| series[*symbol as usize].start + *bar as usize;
        let at: Vec<usize> = rows.symbol.iter().zip(&*rows.bar).map(row).collect();
        self.draws.gather(&at, None, |_| (), rows);
        self.draws.judge(self.program(), samples, &at, rows);
    }

    /// Fills rows with these samples, piece by piece, each in the lane after that of the one
    /// before, so that one is copied while the next is computed.
    fn fill_rows(&self, samples: Numbers<'_>, rows: &mut RowsMut<'_>) -> Result<(), CudaError> {
        let lanes = self.market.lock_lanes();
        let (shape, mut queued) = (rows.shape(), Ok(()));
        let pieces = Piece::all(shape, rows.len(), self.market.chunk_rows);
        for (piece, lane) in pieces.zip((0..LANES).cycle()) {
            let (chunk, numbers) = (&lanes[lane], samples.rows(piece.rows.start, piece.rows.end));
            // SAFETY: work of a lane is done in order, so the chunk's memory is free when these
            // kernels begin. Both lanes are finished below, whatever fails, before the rows and
            // the list are given up and `lanes` is unlocked.
            queued = unsafe {
                self.launch(lane, numbers, shape, piece.windows.len(), chunk)
                    .and_then(|()| self.download(lane, chunk, rows, &piece))
            };
            if queued.is_err() {
                break;
            }
        }
        let finished: Vec<_> = (0..LANES).map(|lane| self.device().finish(lane)).collect();
        queued.and(finished.into_iter().collect())
    }
}

impl Session for CudaSession {
    fn program(&self) -> &Program {
        &self.market.program
    }

    fn draws(&self) -> &Draws {
        &self.draws
    }

    /// A block in memory that the device copies to fastest.
    fn allocate_shaped(&self, shape: BlockShape, rows: usize) -> Result<SampleBlock, BackendError> {
        let labels = &self.program().labels;
        SampleBlock::new_in(shape, labels, rows, &|bytes| self.market.device.pinned(bytes))
    }

    fn sample(
        &self,
        samples: Numbers<'_>,
        _: Threads,
        block: &mut SampleBlock,
    ) -> Result<(), BackendError> {
        self.draws.check_block(self.program(), samples, block)?;
        let mut out = block.begin(samples)?;
        self.fill_rows(samples, &mut out)?;
        self.gather(samples, &mut out);
        Ok(())
    }
}

impl Channel {
    /// Returns true if windows are summarised before they are scaled.
    fn needs_moments(&self) -> bool {
        [SCALER_ZSCORE, SCALER_MINMAX].contains(&self.scaler)
    }
}
