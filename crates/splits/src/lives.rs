//! The time for which a sample lives.

use barloom_bars::{Interval, Market, close_times};

/// For each bar the time that a sample which stands on it lives: from the open of the bar to the
/// close of its last label or reward bar.
#[derive(Clone, Debug)]
pub struct Lives {
    /// Bars of the life, the own one included; 0 where no sample can stand.
    bars: Vec<u32>,
    /// The close of each bar.
    closes: Vec<i64>,
    longest: u32,
}

impl Lives {
    /// Lives by arena row: `bars` has the number of bars of each, its own included, and 0 where no
    /// sample can stand. A life that would leave its series ends with it.
    ///
    /// # Panics
    /// There is not one number for each row.
    #[must_use]
    pub fn new(market: &Market, bars: Vec<u32>) -> Self {
        assert_eq!(bars.len(), market.len(), "a life for each row");
        let mut closes = vec![0; market.len()];
        for span in market.series() {
            let rows = span.start..span.end;
            let opens = &market.ts()[rows.clone()];
            close_times(Interval::most_frequent(opens), opens, &mut closes[rows.clone()]);
            // A bar of unknown length lasts a moment, so that it still meets itself.
            let of_span = closes[rows].iter_mut().zip(opens);
            of_span.for_each(|(close, open)| *close = (*close).max(open.saturating_add(1)));
        }
        let longest = bars.iter().copied().max().unwrap_or(0);
        Self { bars, closes, longest }
    }

    /// True if a sample can stand on a row.
    #[must_use]
    pub fn is_labelled(&self, row: usize) -> bool {
        self.bars[row] > 0
    }

    /// The number of bars of the longest life.
    #[must_use]
    pub fn longest(&self) -> u32 {
        self.longest
    }

    /// The end of the life of a sample on a row of a series that ends before row `end`; that of the
    /// longest life if all are taken to be as long.
    pub(crate) fn end(&self, row: usize, end: usize, all_alike: bool) -> i64 {
        let bars = if all_alike { self.longest } else { self.bars[row] };
        self.closes[(row + (bars as usize).max(1) - 1).min(end - 1)]
    }
}
