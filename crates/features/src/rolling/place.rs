//! The place of a window's extreme.

use std::collections::VecDeque;

use super::rows::clean;
use super::{Rolling, Window};

/// Computes the place of the smallest or largest value in each window, counted from its oldest row.
///
/// A queue holds the rows that may become an extreme: each is beyond all later ones. A row enters
/// and leaves it once, so the cost does not depend on the window.
pub(super) fn places(statistic: Rolling, input: &[f64], window: Window, out: &mut [f64]) {
    let smallest = matches!(statistic, Rolling::Argmin);
    let length = window.rows;
    let first = input.len() - out.len();
    let mut queue = VecDeque::<(f64, usize)>::new();
    let mut count = 0;
    for row in first.saturating_sub(length - 1)..input.len() {
        let oldest = (row + 1).saturating_sub(length);
        let start = first.saturating_sub(length - 1);
        if row >= start + length {
            count -= usize::from(!clean(input[row - length]).is_nan());
        }
        while queue.front().is_some_and(|&(_, at)| at < oldest) {
            queue.pop_front();
        }
        let value = clean(input[row]);
        let value = if smallest { -value } else { value };
        if !value.is_nan() {
            count += 1;
            while queue.back().is_some_and(|&(last, _)| last < value) {
                queue.pop_back();
            }
            queue.push_back((value, row));
        }
        if row >= first {
            let front = queue.front().filter(|_| count >= window.min_periods);
            out[row - first] = front.map_or(f64::NAN, |&(_, at)| (at - oldest) as f64);
        }
    }
}
