//! Windows before rows, and prices of decisions, that a caller chose.
#![expect(unsafe_code, reason = "kernels are given addresses, and copies outlive the call")]

use barloom_backend::{BlockShape, Decisions, Numbers, PricedMut, WindowsMut};

use crate::CudaError;
use crate::chunk::{Chunk, Piece};
use crate::device::LANES;
use crate::launch::Launch;
use crate::layout::{Metric, Samples};
use crate::session::CudaMarket;

// Rows are uploaded as the kernels' u64.
const _: () = assert!(size_of::<usize>() == size_of::<u64>());

impl CudaMarket {
    /// Fills windows and snapshots before these rows, which were checked.
    pub(crate) fn observe_rows(
        &self,
        rows: &[usize],
        out: &mut WindowsMut<'_>,
    ) -> Result<(), CudaError> {
        let shape = out.shape();
        self.in_pieces(shape, rows.len(), |lane, chunk, samples, piece| {
            let stream = self.device().lane(lane);
            let column = |number: usize| chunk.at(chunk.columns.windows[number]);
            // SAFETY: the chunk has room for the piece and is free once work of its lane before is
            // done. `in_pieces` finishes the lane before the rows are given up.
            unsafe {
                let rows = bytemuck::cast_slice(&rows[piece.rows.clone()]);
                self.device().upload_in(stream, rows, samples.row)?;
                self.cut(stream, samples, shape, piece.windows.len(), chunk, &column)?;
                self.snap(stream, samples, chunk)?;
            }
            let values = shape.snapshot;
            if values > 0 {
                let to = &mut out.snapshot[piece.rows.start * values..piece.rows.end * values];
                // SAFETY: as above; the block's snapshots are not used until the lane is finished.
                unsafe {
                    let to = bytemuck::cast_slice_mut(to);
                    self.device().download(lane, chunk.at(chunk.columns.snapshot), to)?;
                }
            }
            let values = shape.window_values();
            for (offset, column) in chunk.columns.windows.iter().zip(&mut out.columns) {
                let values = &mut column[piece.windows.start * values..piece.windows.end * values];
                // SAFETY: as above; the block's windows are not used until the lane is finished.
                unsafe {
                    let to = bytemuck::cast_slice_mut(values);
                    self.device().download(lane, chunk.at(*offset), to)?;
                }
            }
            Ok(())
        })
    }

    /// Fills the trades and rewards of decisions, which were checked.
    pub(crate) fn price_rows(
        &self,
        decisions: Decisions<'_>,
        out: &mut PricedMut<'_>,
    ) -> Result<(), CudaError> {
        let symbols = self.symbols(decisions.row);
        let shape = self.block_shape();
        self.in_pieces(shape, decisions.len(), |lane, chunk, samples, piece| {
            let stream = self.device().lane(lane);
            let Decisions { row, direction, dollars, stop, target, equity } =
                decisions.rows(piece.rows.start, piece.rows.end);
            let columns: [(&[u8], u64); 7] = [
                (bytemuck::cast_slice(row), samples.row),
                (bytemuck::cast_slice(direction), samples.act_dir),
                (bytemuck::cast_slice(dollars), samples.act_dollar),
                (bytemuck::cast_slice(stop), samples.act_sl),
                (bytemuck::cast_slice(target), samples.act_tp),
                (bytemuck::cast_slice(equity), samples.equity),
                (bytemuck::cast_slice(&symbols[piece.rows.clone()]), samples.symbol),
            ];
            let tables = self.tables();
            // SAFETY: the chunk has room for the piece and is free once work of its lane before is
            // done. `in_pieces` finishes the lane before the decisions and symbols are given up.
            unsafe {
                for (values, to) in columns {
                    self.device().upload_in(stream, values, to)?;
                }
                self.queue(stream, &Launch::trade(&tables.trading, samples))?;
                for (number, metric) in tables.metrics.iter().enumerate() {
                    let value = chunk.at(chunk.columns.rewards[number]);
                    let was_clipped = chunk.at(chunk.columns.clipped[number]);
                    let metric = Metric { value, was_clipped, ..*metric };
                    self.queue(stream, &Launch::reward(&tables.trading, &metric, samples))?;
                }
            }
            let copy = |from: u64, to: &mut [u8]| {
                // SAFETY: as above; the block's rows are not used until the lane is finished.
                unsafe { self.device().download(lane, from, to) }
            };
            let rows = || piece.rows.clone();
            macro_rules! outcomes {
                (
                    $keys:ident $key_columns:tt $drawn:ident $drawn_columns:tt
                    outcomes { $($name:ident: $type:ty, $($_more:tt),*;)* }
                ) => {
                    $(copy(samples.$name, bytemuck::cast_slice_mut(&mut out.$name[rows()]))?;)*
                };
            }
            barloom_schema::columns!(outcomes);
            for (offset, column) in chunk.columns.rewards.iter().zip(&mut out.rewards) {
                copy(chunk.at(*offset), bytemuck::cast_slice_mut(&mut column[rows()]))?;
            }
            for (offset, column) in chunk.columns.clipped.iter().zip(&mut out.clipped) {
                copy(chunk.at(*offset), &mut column[rows()])?;
            }
            Ok(())
        })
    }

    /// Queues pieces of so many rows, each in the lane after that of the one before, and waits
    /// until all is done, whatever fails.
    fn in_pieces(
        &self,
        shape: BlockShape,
        rows: usize,
        mut queue: impl FnMut(usize, &Chunk, &Samples, &Piece) -> Result<(), CudaError>,
    ) -> Result<(), CudaError> {
        let lanes = self.lock_lanes();
        let mut queued = Ok(());
        for (piece, lane) in Piece::all(shape, rows, self.chunk_rows()).zip((0..LANES).cycle()) {
            let chunk = &lanes[lane];
            let samples = chunk.samples(Numbers::Range { first: 0, rows: piece.rows.len() });
            queued = queue(lane, chunk, &samples, &piece);
            if queued.is_err() {
                break;
            }
        }
        let finished: Vec<_> = (0..LANES).map(|lane| self.device().finish(lane)).collect();
        queued.and(finished.into_iter().collect())
    }
}
