//! The columns of the samples of a launch, in a device's memory.

use std::ops::Range;
use std::sync::Arc;

use barloom_backend::{BlockShape, Numbers};

use crate::CudaError;
use crate::device::{Device, Memory};
use crate::layout::Samples;

/// Bytes that the columns of a launch take at most, unless one row takes more.
const CHUNK_BYTES: usize = 64 << 20;

/// Every column of a chunk begins at a multiple of this.
const ALIGNMENT: usize = 256;

macro_rules! columns {
    ($($name:ident: $type:ty),*) => {
        /// The beginnings of a chunk's columns, in bytes from its start.
        #[derive(Clone, Debug)]
        pub(crate) struct Columns {
            listed: usize,
            row: usize,
            unit_return: usize,
            pub(crate) shift: usize,
            pub(crate) width: usize,
            $(pub(crate) $name: usize,)*
            pub(crate) rewards: Vec<usize>,
            pub(crate) clipped: Vec<usize>,
            /// The snapshots, `[rows, K]`.
            pub(crate) snapshot: usize,
            /// The beginnings of the channels' windows, in order. If windows of all channels lie
            /// together, they begin at the first.
            pub(crate) windows: Vec<usize>,
            bytes: usize,
        }

        impl Columns {
            /// Room for so many rows.
            fn new(shape: BlockShape, rows: usize) -> Self {
                let mut bytes = 0_usize;
                let mut room = |size: usize| {
                    let begin = bytes;
                    let end = bytes.saturating_add(rows.saturating_mul(size));
                    bytes = end.next_multiple_of(ALIGNMENT);
                    begin
                };
                Self {
                    listed: room(8),
                    row: room(8),
                    unit_return: room(8),
                    shift: room(8),
                    width: room(8),
                    $($name: room(size_of::<$type>()),)*
                    rewards: (0..shape.metrics).map(|_| room(8)).collect(),
                    clipped: (0..shape.metrics).map(|_| room(1)).collect(),
                    snapshot: room(4 * shape.snapshot),
                    windows: (0..shape.channels).map(|_| room(4 * shape.lookback)).collect(),
                    bytes,
                }
            }
        }

        impl Chunk {
            /// The columns, for samples of these numbers; a list of them is still to be uploaded.
            pub(crate) fn samples(&self, numbers: Numbers<'_>) -> Samples {
                let columns = &self.columns;
                let (first, listed) = match numbers {
                    Numbers::Range { first, .. } => (first, 0),
                    Numbers::Listed(_) => (0, self.at(columns.listed)),
                };
                Samples {
                    count: numbers.len() as u64,
                    first,
                    listed,
                    row: self.at(columns.row),
                    unit_return: self.at(columns.unit_return),
                    $($name: self.at(columns.$name),)*
                }
            }
        }
    };
}
barloom_schema::columns!(plain columns);

/// Memory for the columns of a launch.
pub(crate) struct Chunk {
    memory: Memory,
    pub(crate) columns: Columns,
}

impl Chunk {
    /// Rows that fit a chunk of blocks of this shape: at least one.
    pub(crate) fn rows(shape: BlockShape) -> usize {
        // So many rows leave no gaps between columns.
        let row_bytes = Columns::new(shape, ALIGNMENT).bytes / ALIGNMENT;
        (CHUNK_BYTES / row_bytes).max(1)
    }

    /// Memory for so many rows.
    pub(crate) fn new(
        device: &Arc<Device>,
        shape: BlockShape,
        rows: usize,
    ) -> Result<Self, CudaError> {
        let columns = Columns::new(shape, rows);
        Ok(Self { memory: device.allocate(columns.bytes)?, columns })
    }

    /// The address of a column.
    pub(crate) fn at(&self, offset: usize) -> u64 {
        self.memory.address() + offset as u64
    }
}

/// The part of a block that one launch makes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Rows of the block.
    pub(crate) rows: Range<usize>,
    /// Windows of the block: the first is of the first of the rows, if there are any.
    pub(crate) windows: Range<usize>,
}

impl Piece {
    /// Rows of a block of this shape as pieces of at most `most` rows.
    pub(crate) fn all(shape: BlockShape, rows: usize, most: usize) -> impl Iterator<Item = Self> {
        let mut start = 0;
        std::iter::from_fn(move || {
            // A piece ends where a window begins, if it can.
            let last = start + most;
            let whole = last - last % shape.rows_per_window;
            let end = rows.min(if whole > start { whole } else { last });
            let windows = shape.windows(start)..shape.windows(end);
            let piece = Self { rows: start..end, windows };
            start = end;
            (!piece.rows.is_empty()).then_some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barloom_backend::WindowLayout;

    #[test]
    fn pieces_begin_with_their_windows() {
        let plain = BlockShape {
            lookback: 1,
            channels: 1,
            snapshot: 0,
            metrics: 1,
            layout: WindowLayout::PerChannel,
            rows_per_window: 1,
            labels: 0,
            priced: true,
        };
        for (every, rows, most) in (1..9)
            .flat_map(|every| (0..40).map(move |rows| (every, rows)))
            .flat_map(|(every, rows)| (1..20).map(move |most| (every, rows, most)))
        {
            let shape = plain.rows_per_window(every);
            let (mut row, mut window) = (0, 0);
            for piece in Piece::all(shape, rows, most) {
                let Piece { rows: Range { start, end }, windows } = piece;
                assert_eq!((start, windows.start), (row, window), "{every} {rows} {most}");
                assert!(start < end && end - start <= most, "{every} {rows} {most}");
                let cut: Vec<usize> = (start..end).filter(|row| row % every == 0).collect();
                let ours: Vec<usize> = (0..windows.len()).map(|w| start + w * every).collect();
                assert_eq!(ours, cut, "{every} {rows} {most}");
                (row, window) = (end, windows.end);
            }
            assert_eq!((row, window), (rows, shape.windows(rows)), "{every} {rows} {most}");
        }
    }
}
