//! Rows of segments, in parallel.

use barloom_bars::{Market, Segment};
use rayon::prelude::*;

/// Rows of a task.
const TASK: usize = 16_384;

/// A row of a segment.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The arena row, t.
    pub(crate) t: usize,
    /// The first row of its segment.
    pub(crate) start: usize,
    /// The row after the last of its segment.
    pub(crate) end: usize,
}

/// A value for each row of the market: that of `of` in segments, elsewhere `missing`. Rows are
/// computed one by one, on all threads.
pub(crate) fn each<T: Copy + Send + Sync>(
    market: &Market,
    missing: T,
    of: impl Fn(Row) -> T + Sync,
) -> Vec<T> {
    let mut values = vec![missing; market.len()];
    let segments: &[Segment] = market.segments();
    values.par_chunks_mut(TASK).enumerate().for_each(|(task, values)| {
        let first = task * TASK;
        let end = first + values.len();
        let from = segments.partition_point(|segment| segment.end <= first);
        for segment in segments[from..].iter().take_while(|segment| segment.start < end) {
            for t in segment.start.max(first)..segment.end.min(end) {
                values[t - first] = of(Row { t, start: segment.start, end: segment.end });
            }
        }
    });
    values
}
