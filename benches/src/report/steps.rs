//! An axis of steps at equal distances.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::Ranged;

/// Steps 0 to `count` - 1, each with a mark, and room on both sides.
pub(crate) struct Steps {
    axis: RangedCoordf64,
    count: usize,
}

impl Steps {
    /// An axis of `count` steps with `room` beyond the first and the last.
    pub(crate) fn new(count: usize, room: f64) -> Self {
        Self { axis: (-room..count as f64 - 1.0 + room).into(), count }
    }
}

impl Ranged for Steps {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.axis.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.count).map(|step| step as f64).collect()
    }

    fn range(&self) -> Range<f64> {
        self.axis.range()
    }
}

impl ValueFormatter<f64> for Steps {}
