//! The scaled values of bars that snapshots are copied from.

use barloom_bars::Market;
use barloom_memory::{Column, SharedColumn};
use barloom_scaling::of_bar;

use crate::Channel;

/// The values of a snapshot's columns, scaled once a bar: `[bars, K]`, those of a bar together, so
/// that a snapshot is one copy.
///
/// A missing value is NaN here, and in no snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotTable {
    values: SharedColumn<f32>,
    columns: usize,
}

impl SnapshotTable {
    /// Scales the columns of a market.
    #[must_use]
    pub fn new(market: &Market, columns: &[Channel]) -> Self {
        let count = columns.len();
        let mut values = Column::with_capacity(count * market.len());
        values.set_len(count * market.len());
        for (place, channel) in columns.iter().enumerate() {
            let column = channel.values(market);
            let bars = values[place..].iter_mut().step_by(count);
            for ((value, x), close) in bars.zip(&*column).zip(market.close()) {
                *value = of_bar(channel.scaler, *x, *close);
            }
        }
        Self { values: values.into(), columns: count }
    }

    /// The number of values of a bar, K.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The values, `[bars, K]`.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values of a bar: `[K]`.
    ///
    /// # Panics
    /// There is no such bar.
    #[inline(always)]
    #[must_use]
    pub fn bar(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }
}
