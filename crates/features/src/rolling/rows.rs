//! The rows of a tile: cleaned values, and how many of them are present.

use std::borrow::Cow;

use wide::f64x4;

/// Values side by side in one vector.
pub(super) const LANES: usize = 4;

/// Values side by side.
pub(super) type Lanes = f64x4;

/// Rows behind the last one of every column, so that whole vectors can be read there.
const PADDING: usize = 2 * LANES;

/// Columns of one or two inputs over the rows of a tile and its history.
///
/// Row 0 is the oldest row of the history. Rows before the first row of the input are missing.
#[derive(Default)]
pub(super) struct Rows {
    /// Rows of history before the first row that has a result.
    pub(super) history: usize,
    /// Rows that have a result.
    pub(super) results: usize,
    /// True where any row is missing.
    pub(super) missing: bool,
    /// The values; NaN where they are missing. Without a second input, the second column is empty
    /// until `number`.
    pub(super) values: [Vec<f64>; 2],
    /// The last present value at each row, or 0 before the first one. Empty until `fill`.
    filled: [Vec<f64>; 2],
    /// The number of present rows before each row. Only where a row is missing.
    pub(super) present: Vec<f64>,
    /// The youngest row that is known to differ from a later one, or -1: after `find_changes`.
    pub(super) changed: Vec<f64>,
}

impl Rows {
    /// Reads the rows `first - history..first + results` of the inputs.
    pub(super) fn load(&mut self, inputs: &[&[f64]], first: usize, history: usize, results: usize) {
        self.history = history;
        self.results = results;
        self.filled.iter_mut().for_each(Vec::clear);
        self.changed.clear();
        let blank = history.saturating_sub(first);
        let from = first + blank - history..first + results;
        let length = history + results;
        let [x, y] = &mut self.values;
        x.clear();
        x.resize(length + PADDING, 0.0);
        x[..blank].fill(f64::NAN);
        y.clear();
        if let [left, right] = inputs {
            y.resize(length + PADDING, 0.0);
            y[..blank].fill(f64::NAN);
            let into = x[blank..length].iter_mut().zip(&mut y[blank..length]);
            for ((x, y), (&a, &b)) in into.zip(left[from.clone()].iter().zip(&right[from])) {
                *x = clean(a) + clean(b) * 0.0;
                *y = clean(b) + clean(a) * 0.0;
            }
        } else {
            for (x, &value) in x[blank..length].iter_mut().zip(&inputs[0][from]) {
                *x = clean(value);
            }
        }
        self.missing = x.iter().fold(false, |missing, v| missing | v.is_nan());
        if self.missing {
            self.count();
        }
    }

    /// Numbers the rows in the second column.
    pub(super) fn number(&mut self) {
        let [x, y] = &mut self.values;
        y.clear();
        y.extend((0..x.len()).map(|row| row as f64));
    }

    fn count(&mut self) {
        let x = &self.values[0];
        self.present.resize(x.len() + 1, 0.0);
        let mut count = 0.0;
        for (value, present) in x.iter().zip(&mut self.present[1..]) {
            count += if value.is_nan() { 0.0 } else { 1.0 };
            *present = count;
        }
    }

    /// Carries every present value forward over the missing rows behind it.
    pub(super) fn fill(&mut self) {
        for (values, filled) in self.values.iter().zip(&mut self.filled) {
            filled.resize(values.len(), 0.0);
            let mut last = 0.0;
            let rows = self.values[0].iter().zip(values);
            for ((x, &value), filled) in rows.zip(filled) {
                last = if x.is_nan() { last } else { value };
                *filled = last;
            }
        }
    }

    /// Finds the rows at which the first column changes, missing rows left out.
    ///
    /// The values of a window are equal exactly if its oldest row is after `changed` at its last
    /// row. There is nothing to find where no window of `rows` rows can have equal values.
    pub(super) fn find_changes(&mut self, rows: usize) {
        if !self.missing && !self.repeats(rows / 2) {
            return;
        }
        let x = &self.values[0];
        self.changed.resize(x.len(), 0.0);
        let (mut last, mut last_row, mut changed, mut row) = (f64::NAN, -1.0, -1.0, 0.0);
        for (&value, into) in x.iter().zip(&mut self.changed) {
            let present = !value.is_nan();
            changed = if present & (value != last) { last_row } else { changed };
            last = if present { value } else { last };
            last_row = if present { row } else { last_row };
            row += 1.0;
            *into = changed;
        }
    }

    /// True if any aligned part of the rows has `pairs` pairs of equal neighbours.
    ///
    /// Every run of `2 pairs` equal values has such a part.
    fn repeats(&self, pairs: usize) -> bool {
        let rows = &self.values[0][..self.history + self.results];
        let mut parts = rows.windows(pairs + 1).step_by(pairs.max(1));
        parts.any(|part| part.windows(2).all(|pair| pair[0] == pair[1]))
    }

    /// The values that means are relative to: filled if `fill` ran, else the values themselves.
    pub(super) fn references(&self) -> [&[f64]; 2] {
        let columns = if self.filled[0].is_empty() { &self.values } else { &self.filled };
        let [x, y] = columns;
        // Blocks of one column do not look at the second.
        [x, if y.is_empty() { x } else { y }]
    }

    /// Values of the first column with another value where they are missing.
    pub(super) fn with(&self, missing: f64) -> Cow<'_, [f64]> {
        let x = &self.values[0];
        if !self.missing {
            return Cow::Borrowed(x);
        }
        Cow::Owned(x.iter().map(|&v| if v.is_nan() { missing } else { v }).collect())
    }
}

/// A value as windows take it: NaN where it is not finite, 0 for -0.
#[inline]
pub(super) fn clean(value: f64) -> f64 {
    if value * 0.0 == 0.0 { value + 0.0 } else { f64::NAN }
}

/// `count` vectors of a column from a row on.
#[inline(always)]
pub(super) fn lanes(column: &[f64], row: usize, count: usize) -> &[[f64; LANES]] {
    &column[row..].as_chunks::<LANES>().0[..count]
}

/// Writes finite values to the results, and NaN for the others.
#[inline(always)]
pub(super) fn store(out: &mut [f64], at: usize, value: Lanes) {
    let nan = Lanes::splat(f64::NAN);
    let finite = (value * Lanes::ZERO).simd_eq(Lanes::ZERO).bitselect(value, nan).to_array();
    if let Some(whole) = out.get_mut(at..at + LANES) {
        whole.copy_from_slice(&finite);
    } else {
        let rest = &mut out[at..];
        rest.copy_from_slice(&finite[..rest.len()]);
    }
}
