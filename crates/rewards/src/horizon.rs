//! Finds the first bar that touches either of two barriers in O(log F).
//!
//! Level 0 is the bars; a node of level k holds the lowest low and the highest high of 16 nodes
//! of level k-1, aligned to row 0. A search climbs while nodes are aligned and untouched, and
//! descends into the first touched one. Minima and maxima are exact, so the result is that of a
//! scan.

/// Children of a node.
const FAN: usize = 16;

/// The lowest low and highest high of each aligned run of 16, 256, 4,096, ... rows.
#[derive(Debug)]
pub(crate) struct HorizonIndex {
    /// `levels[0]` is over runs of 16 rows.
    levels: Vec<Vec<(f64, f64)>>,
}

impl HorizonIndex {
    /// Builds as many levels as searches over `forward` rows can use.
    pub(crate) fn new(low: &[f64], high: &[f64], forward: usize) -> Self {
        let mut levels: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut run = FAN;
        while run <= forward && run <= low.len() {
            let extremes = |a: (f64, f64), b: &(f64, f64)| (a.0.min(b.0), a.1.max(b.1));
            let none = (f64::INFINITY, f64::NEG_INFINITY);
            let level = match levels.last() {
                None => low
                    .chunks(FAN)
                    .zip(high.chunks(FAN))
                    .map(|(l, h)| l.iter().zip(h).fold(none, |a, (l, h)| extremes(a, &(*l, *h))))
                    .collect(),
                Some(below) => below.chunks(FAN).map(|c| c.iter().fold(none, extremes)).collect(),
            };
            levels.push(level);
            run = run.saturating_mul(FAN);
        }
        Self { levels }
    }

    /// The first row in `[start, end)` with `low <= down` or `high >= up`.
    #[inline]
    pub(crate) fn first_touch(
        &self,
        low: &[f64],
        high: &[f64],
        start: usize,
        end: usize,
        down: f64,
        up: f64,
    ) -> Option<usize> {
        let mut row = start;
        while row < end {
            if row.is_multiple_of(FAN)
                && row + FAN <= end
                && let Some(next) = self.skip(row, end, down, up)
            {
                row = next;
                continue;
            }
            if low[row] <= down || high[row] >= up {
                return Some(row);
            }
            row += 1;
        }
        None
    }

    /// From an aligned row, the end of the largest untouched node within `end`; none where the
    /// first 16 rows are touched.
    #[inline]
    fn skip(&self, row: usize, end: usize, down: f64, up: f64) -> Option<usize> {
        let mut next = None;
        let mut run = FAN;
        for level in &self.levels {
            if !row.is_multiple_of(run) || row + run > end {
                break;
            }
            let (low, high) = level[row / run];
            if low <= down || high >= up {
                break;
            }
            next = Some(row + run);
            run *= FAN;
        }
        next
    }
}
