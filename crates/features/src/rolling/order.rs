//! Statistics of the order of a window's values: quantiles and ranks.
//!
//! All ways are exact, so the choice between them never changes a bit.

use super::rows::{LANES, Lanes, Rows, clean, lanes, store};
use super::tree::Wanted;
use super::{Rolling, Window};

/// Rows up to which the values of a window are compared one by one for a rank.
pub(super) const COUNTED: usize = 256;

/// Rows up to which the values of a window are kept in a sorted array.
const SORTED: usize = 4096;

/// Computes ranks of short windows over the rows of a tile, by comparing all values.
pub(super) fn count_ranks(rows: &Rows, wanted: &mut Wanted<'_>) {
    let length = wanted.window.rows;
    let count = rows.results.div_ceil(LANES);
    let x = &rows.values[0];
    let last = lanes(x, rows.history, count);
    let (one, half) = (Lanes::ONE, Lanes::splat(0.5));
    let least = Lanes::splat(wanted.window.min_periods as f64);
    for (i, last) in last.iter().enumerate() {
        let last = Lanes::new(*last);
        let from = rows.history + i * LANES + 1 - length;
        // Twice the values that are smaller, and once those that are equal.
        let (mut below, mut up_to) = (Lanes::ZERO, Lanes::ZERO);
        for other in x[from..from + length + LANES - 1].windows(LANES) {
            let Some(&other) = other.first_chunk() else { continue };
            let other = Lanes::new(other);
            below += other.simd_lt(last) & one;
            up_to += other.simd_le(last) & one;
        }
        let present = if rows.missing {
            let present = |row| Lanes::new(lanes(&rows.present, row, 1)[0]);
            present(from + length) - present(from)
        } else {
            Lanes::splat(length as f64)
        };
        let rank = (below + up_to + one) * half / present;
        let known = present.simd_ge(least) & last.simd_eq(last);
        store(wanted.out, i * LANES, known.bitselect(rank, Lanes::splat(f64::NAN)));
    }
}

/// Computes quantiles and ranks that share one window.
pub(super) fn slide(input: &[f64], window: usize, wanted: &mut [(Rolling, Window, &mut [f64])]) {
    let results = wanted.first().map_or(0, |(_, _, out)| out.len());
    let first = input.len() - results;
    let input = &input[first.saturating_sub(window - 1)..];
    if window <= SORTED {
        slide_over(input, results, window, Sorted::default(), wanted);
    } else {
        slide_over(input, results, window, Counted::new(input), wanted);
    }
}

fn slide_over<O: Ordered>(
    input: &[f64],
    results: usize,
    window: usize,
    mut ordered: O,
    wanted: &mut [(Rolling, Window, &mut [f64])],
) {
    let first = input.len() - results;
    for (row, &value) in input.iter().enumerate() {
        let value = clean(value);
        let old = if row >= window { clean(input[row - window]) } else { f64::NAN };
        ordered.replace(old, value);
        if row < first {
            continue;
        }
        for (statistic, window, out) in wanted.iter_mut() {
            let known = ordered.len() >= window.min_periods;
            out[row - first] = match statistic {
                _ if !known => f64::NAN,
                Rolling::Rank if value.is_nan() => f64::NAN,
                Rolling::Rank => {
                    let (below, up_to) = ordered.around(value);
                    (below as f64 + up_to as f64 + 1.0) * 0.5 / ordered.len() as f64
                }
                Rolling::Quantile(q) => quantile(&ordered, *q),
                _ => quantile(&ordered, 0.5),
            };
        }
    }
}

/// The quantile between the two nearest values.
fn quantile<O: Ordered>(ordered: &O, q: f64) -> f64 {
    let place = q * (ordered.len() - 1) as f64;
    let below = place as usize;
    let fraction = place - below as f64;
    let low = ordered.nth(below);
    if fraction == 0.0 {
        return low;
    }
    let value = low + (ordered.nth(below + 1) - low) * fraction;
    if value.is_finite() { value } else { f64::NAN }
}

/// The present values of a window in their order.
trait Ordered {
    /// Takes a value out and puts another one in. NaN is no value.
    fn replace(&mut self, old: f64, new: f64);

    /// The number of values.
    fn len(&self) -> usize;

    /// The value with that many before it.
    fn nth(&self, place: usize) -> f64;

    /// The number of values below a value, and of those not above it.
    fn around(&self, value: f64) -> (usize, usize);
}

/// A sorted array. A step moves the values between the old one and the new one.
#[derive(Default)]
struct Sorted(Vec<f64>);

impl Ordered for Sorted {
    #[inline]
    fn replace(&mut self, old: f64, new: f64) {
        let values = &mut self.0;
        match (old.is_nan(), new.is_nan()) {
            (true, true) => {}
            (true, false) => values.insert(values.partition_point(|&v| v < new), new),
            (false, true) => {
                values.remove(values.partition_point(|&v| v < old));
            }
            (false, false) => {
                let from = values.partition_point(|&v| v < old);
                let to = values.partition_point(|&v| v < new);
                if to > from {
                    values.copy_within(from + 1..to, from);
                    values[to - 1] = new;
                } else {
                    values.copy_within(to..from, to + 1);
                    values[to] = new;
                }
            }
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn nth(&self, place: usize) -> f64 {
        self.0[place]
    }

    fn around(&self, value: f64) -> (usize, usize) {
        let below = self.0.partition_point(|&v| v < value);
        (below, below + self.0[below..].partition_point(|&v| v <= value))
    }
}

/// The number of times that each value of the input is in the window, in a binary indexed tree.
struct Counted {
    /// The distinct values of the input.
    values: Vec<f64>,
    /// Node i has the count of the values up to i, i included, from the last i with more zeros.
    tree: Vec<u32>,
    len: usize,
}

impl Counted {
    fn new(input: &[f64]) -> Self {
        let mut values: Vec<f64> =
            input.iter().map(|&v| clean(v)).filter(|v| !v.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        let tree = vec![0; values.len() + 1];
        Self { values, tree, len: 0 }
    }

    fn add(&mut self, value: f64, change: u32) {
        let mut node = self.values.partition_point(|&v| v < value) + 1;
        while node < self.tree.len() {
            self.tree[node] = self.tree[node].wrapping_add(change);
            node += node & node.wrapping_neg();
        }
    }

    /// The number of values in the window that are among the first distinct ones.
    fn up_to(&self, mut node: usize) -> usize {
        let mut sum = 0;
        while node > 0 {
            sum += self.tree[node] as usize;
            node &= node - 1;
        }
        sum
    }
}

impl Ordered for Counted {
    fn replace(&mut self, old: f64, new: f64) {
        if !old.is_nan() {
            self.add(old, 1_u32.wrapping_neg());
            self.len -= 1;
        }
        if !new.is_nan() {
            self.add(new, 1);
            self.len += 1;
        }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn nth(&self, place: usize) -> f64 {
        let (mut node, mut left) = (0, place as u32);
        let mut step = self.tree.len().next_power_of_two() / 2;
        while step > 0 {
            if let Some(&count) = self.tree.get(node + step)
                && count <= left
            {
                node += step;
                left -= count;
            }
            step /= 2;
        }
        self.values[node]
    }

    fn around(&self, value: f64) -> (usize, usize) {
        let node = self.values.partition_point(|&v| v < value);
        (self.up_to(node), self.up_to(node + 1))
    }
}
