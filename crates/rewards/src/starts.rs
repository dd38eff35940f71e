//! What a trade needs of its first row, in one place: 32 bytes a row, made once for a market.

use barloom_memory::Column;

use crate::settings::RewardSettings;
use crate::trade::{Prices, unit_return};

/// One record a row, of those rows that have a whole horizon.
#[derive(Debug)]
pub(crate) enum Starts {
    /// Where barriers are honoured: the entry price, the close of the horizon's last bar, and the
    /// lowest low and highest high of the live bars, by which a trade that touches no barrier is told.
    Honoured(Column<[f64; 4]>),
    /// Where barriers are ignored: the trade itself, as it follows from row and direction. The
    /// entry price, the close of the horizon's last bar, u of a short and u of a long.
    Ignored(Column<[f64; 4]>),
}

impl Starts {
    /// O(rows), whatever the horizon.
    pub(crate) fn new(prices: Prices<'_>, settings: &RewardSettings) -> Self {
        let entries = if settings.enters_at_open() { prices.open } else { prices.close };
        let last = prices.close.get(settings.forward - 1..).unwrap_or_default();
        let trades = entries.iter().copied().zip(last.iter().copied());
        if !settings.honours_barriers() {
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
        for (record, (entry, last)) in records.iter_mut().zip(trades) {
            *record = [entry, last, 0.0, 0.0];
        }
        let live = |column| <[f64]>::get(column, skipped..).unwrap_or_default();
        sliding(live(prices.low), settings.steps(), f64::min, |row, low| records[row][2] = low);
        sliding(live(prices.high), settings.steps(), f64::max, |row, high| records[row][3] = high);
        Self::Honoured(records)
    }

    /// All records.
    pub(crate) fn records(&self) -> &[[f64; 4]] {
        let (Self::Honoured(rows) | Self::Ignored(rows)) = self;
        rows
    }
}

/// Emits `f` over each run of `width` values with the place of its first, by the algorithm of van
/// Herk (1992) and Gil and Werman (1993): a run is the end of one aligned block and the begin of the
/// next.
fn sliding(values: &[f64], width: usize, f: fn(f64, f64) -> f64, mut emit: impl FnMut(usize, f64)) {
    // Of each place in a block, `f` over the values from there on.
    let mut ends = Vec::with_capacity(width.min(values.len()));
    for begin in (0..values.len()).step_by(width) {
        let Some(block) = values.get(begin..begin + width) else { return };
        ends.clear();
        ends.extend_from_slice(block);
        for place in (1..width).rev() {
            ends[place - 1] = f(ends[place - 1], ends[place]);
        }
        emit(begin, ends[0]);
        let mut next = f64::NAN;
        let after = values[begin + width..].iter();
        for (number, (value, end)) in after.zip(&ends[1..]).enumerate() {
            // Of NaN and a value, `f` is the value.
            next = f(next, *value);
            emit(begin + 1 + number, f(*end, next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sliding_is_the_least_of_each_run(
            values in prop::collection::vec(-9_i8..9, 0..40),
            width in 1..12_usize,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let least = |run: &[f64]| run.iter().copied().fold(f64::INFINITY, f64::min);
            let plain: Vec<f64> = values.windows(width).map(least).collect();
            let mut runs = vec![];
            sliding(&values, width, f64::min, |row, run| {
                assert_eq!(row, runs.len());
                runs.push(run);
            });
            prop_assert_eq!(runs, plain);
        }
    }
}
