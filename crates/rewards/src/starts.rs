//! Records of a trade's first row: 32 bytes a row, computed once for a market.

use barloom_memory::{Column, SharedColumn};

use crate::prices::Prices;
use crate::settings::RewardSettings;
use crate::trade::unit_return;

/// Records of the rows that have a whole horizon.
#[derive(Debug)]
pub(crate) enum Starts {
    /// Records if barriers are honoured: the entry price, the close of the horizon's last bar, and
    /// the lowest low and highest high of the live bars. The last two show if a trade touches a
    /// barrier.
    Honoured(SharedColumn<[f64; 4]>),
    /// Records if barriers are ignored. Row and direction give the whole trade: the entry price,
    /// the close of the horizon's last bar, u of a short and u of a long.
    Ignored(SharedColumn<[f64; 4]>),
}

/// The settings that records depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StartsKey {
    forward: usize,
    at_open: bool,
    /// The costs if barriers are ignored: costs a side, carry a bar, and true if only one side is
    /// paid.
    costs: Option<(u64, u64, bool)>,
}

impl StartsKey {
    pub(crate) fn new(settings: &RewardSettings) -> Self {
        let [side, carry] = [settings.side_cost(), settings.carry()].map(f64::to_bits);
        let costs = (!settings.honours_barriers()).then(|| (side, carry, settings.pays_once()));
        Self { forward: settings.forward, at_open: settings.enters_at_open(), costs }
    }
}

impl Starts {
    /// O(rows), whatever the horizon.
    pub(crate) fn new(prices: &Prices, settings: &RewardSettings) -> Self {
        let entries = if settings.enters_at_open() { &prices.open } else { &prices.close };
        let last = prices.close.get(settings.forward - 1..).unwrap_or_default();
        if !settings.honours_barriers() {
            let trades = entries.iter().copied().zip(last.iter().copied());
            let held = trades.map(|(entry, last)| {
                let [short, long] = [-1.0, 1.0]
                    .map(|s| unit_return(settings, s, entry, last, settings.forward - 1));
                [entry, last, short, long]
            });
            return Self::Ignored(held.collect());
        }
        // A trade that enters at a close lives from the bar after on.
        let skipped = settings.forward - settings.steps();
        let count = last.len().min(entries.len());
        let mut records = Column::with_capacity(count);
        records.set_len(count);
        let live = |column| <[f64]>::get(column, skipped..).unwrap_or_default();
        sliding(live(&prices.low), live(&prices.high), settings.steps(), |row, [low, high]| {
            records[row] = [entries[row], last[row], low, high];
        });
        Self::Honoured(records.into())
    }

    /// All records.
    pub(crate) fn records(&self) -> &[[f64; 4]] {
        let (Self::Honoured(rows) | Self::Ignored(rows)) = self;
        rows
    }
}

/// The extremes of no bar.
const NONE: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];

/// The extremes of two runs. Written as comparisons, each is one instruction, and NaN is no
/// extreme.
#[inline(always)]
fn over([a_low, a_high]: [f64; 2], [b_low, b_high]: [f64; 2]) -> [f64; 2] {
    [if b_low < a_low { b_low } else { a_low }, if b_high > a_high { b_high } else { a_high }]
}

/// Emits the lowest low and the highest high of each run of `width` bars with the place of its
/// first, by the algorithm of van Herk (1992) and Gil and Werman (1993): a run is the end of one
/// aligned block and the begin of the next. Both extremes are taken at once, as each waits for the
/// one before it.
fn sliding(low: &[f64], high: &[f64], width: usize, mut emit: impl FnMut(usize, [f64; 2])) {
    let rows = low.len().min(high.len());
    // Of each place in a block, the extremes from there on.
    let mut ends = vec![NONE; width.min(rows)];
    for begin in (0..rows).step_by(width) {
        let next = begin + width;
        if next > rows {
            return;
        }
        let mut run = NONE;
        let bars = low[begin..next].iter().zip(&high[begin..next]);
        for (end, (low, high)) in ends.iter_mut().zip(bars).rev() {
            run = over(run, [*low, *high]);
            *end = run;
        }
        emit(begin, ends[0]);
        run = NONE;
        let bars = low[next..rows].iter().zip(&high[next..rows]);
        for (number, ((low, high), end)) in bars.zip(&ends[1..]).enumerate() {
            run = over(run, [*low, *high]);
            emit(begin + 1 + number, over(*end, run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sliding_gives_the_extremes_of_each_run(
            bars in prop::collection::vec((-9_i8..9, -9_i8..9), 0..40),
            width in 1..12_usize,
        ) {
            let low: Vec<f64> = bars.iter().map(|bar| f64::from(bar.0)).collect();
            let high: Vec<f64> = bars.iter().map(|bar| f64::from(bar.1)).collect();
            let extremes = |(low, high): (&[f64], &[f64])| {
                let low = low.iter().copied().fold(f64::INFINITY, f64::min);
                [low, high.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
            };
            let plain: Vec<[f64; 2]> =
                low.windows(width).zip(high.windows(width)).map(extremes).collect();
            let mut runs = vec![];
            sliding(&low, &high, width, |row, run| {
                assert_eq!(row, runs.len());
                runs.push(run);
            });
            prop_assert_eq!(runs, plain);
        }
    }
}
