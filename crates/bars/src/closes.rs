//! The times at which bars close.

use crate::{Anchor, Grid, Interval};

/// The close of a bar that opens at a time: as long after as bars are. Without a length a bar
/// closes as it opens.
#[must_use]
pub fn close_of(length: Option<Interval>, open: i64) -> i64 {
    match length {
        None => open,
        Some(Interval::Fixed(ns)) => open.saturating_add(ns),
        Some(Interval::Months(of)) => {
            let months = Grid::new(Interval::Months(1), Anchor::UTC);
            let next = |end: i64, _| months.at(end).map_or(i64::MAX, |month| month.end);
            (0..of).fold(open, next)
        }
    }
}

/// The close times of bars of one series, by their open times, ascending: none is after the next
/// open.
///
/// # Panics
/// There are fewer open times than close times.
pub fn close_times(length: Option<Interval>, opens: &[i64], closes: &mut [i64]) {
    for (row, close) in closes.iter_mut().enumerate() {
        let next = opens.get(row + 1).copied().unwrap_or(i64::MAX);
        *close = close_of(length, opens[row]).min(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_close_after_their_length_and_before_the_next_opens() {
        let closes = |length: Option<Interval>, opens: &[i64]| {
            let mut closes = vec![0; opens.len()];
            close_times(length, opens, &mut closes);
            closes
        };
        let ten = Some(Interval::Fixed(10));
        assert_eq!(closes(ten, &[0, 10, 17, 40]), [10, 17, 27, 50]);
        assert_eq!(closes(None, &[5]), [5]);
        assert_eq!(closes(ten, &[i64::MAX - 3]), [i64::MAX]);
        const DAY: i64 = 86_400_000_000_000;
        let months = [0, 31 * DAY, (31 + 28) * DAY];
        let closed = closes(Some(Interval::Months(1)), &months);
        assert_eq!(closed, [31 * DAY, (31 + 28) * DAY, (31 + 28 + 31) * DAY]);
    }
}
