//! The places of windows' extremes.

use super::rows::clean;
use super::{Rolling, Window};

/// Rows that no window needs any more, before they are taken from the queue.
const SPENT: usize = 4096;

/// A window with its results, and its part of the queue.
struct Part<'a> {
    window: Window,
    out: &'a mut [f64],
    /// The place in the queue of the first row in the window.
    head: usize,
    /// The number of present rows in the window.
    count: usize,
}

/// Computes the places of the smallest or largest values in windows, counted from their oldest rows.
///
/// A queue holds the rows that may become an extreme: each is beyond all later ones. That of a shorter
/// window is the end of that of a longer one. A row enters and leaves it once, so the cost does not
/// depend on the windows.
pub(super) fn places<'a>(
    statistic: Rolling,
    input: &[f64],
    wanted: impl Iterator<Item = (Window, &'a mut [f64])>,
) {
    let mut parts: Vec<Part<'_>> =
        wanted.map(|(window, out)| Part { window, out, head: 0, count: 0 }).collect();
    let results = parts.first().map_or(0, |part| part.out.len());
    let longest = parts.iter().map(|part| part.window.rows).max().unwrap_or(1);
    let smallest = matches!(statistic, Rolling::Argmin);
    let first = input.len() - results;
    let begin = first.saturating_sub(longest - 1);
    let mut queue: Vec<(f64, usize)> = Vec::new();
    for row in begin..input.len() {
        let value = clean(input[row]);
        let value = if smallest { -value } else { value };
        let is_present = !value.is_nan();
        if is_present {
            while queue.last().is_some_and(|&(last, _)| last < value) {
                queue.pop();
            }
            queue.push((value, row));
        }
        let last = queue.len() - usize::from(is_present);
        for part in &mut parts {
            let length = part.window.rows;
            part.count += usize::from(is_present);
            if row >= begin + length {
                part.count -= usize::from(!clean(input[row - length]).is_nan());
            }
            let oldest = (row + 1).saturating_sub(length);
            // What the row took out of the queue may have been the first of the window.
            part.head = part.head.min(last);
            while queue.get(part.head).is_some_and(|&(_, at)| at < oldest) {
                part.head += 1;
            }
            if row >= first {
                let front = queue.get(part.head).filter(|_| part.count >= part.window.min_periods);
                part.out[row - first] = front.map_or(f64::NAN, |&(_, at)| (at - oldest) as f64);
            }
        }
        if queue.len() > SPENT {
            let spent = parts.iter().map(|part| part.head).min().unwrap_or(0);
            if 2 * spent > queue.len() {
                queue.drain(..spent);
                parts.iter_mut().for_each(|part| part.head -= spent);
            }
        }
    }
}
