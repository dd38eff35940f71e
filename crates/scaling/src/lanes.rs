//! Reductions over a window in eight strided lanes.
//!
//! Element k of a window goes to lane k % 8; lanes are joined left to right. The order of every
//! addition is thus fixed, and eight of them can run at once.

const LANES: usize = 8;

/// The sum of `f` over the window; 0 for an empty one.
#[inline(always)]
pub(crate) fn sum(window: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = window.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f(*x);
    }
    let [first, others @ ..] = lanes;
    others.iter().fold(first, |sum, lane| sum + lane)
}

/// The least and the greatest value; infinities, the wrong way round, for an empty window.
#[inline(always)]
pub(crate) fn min_max(window: &[f64]) -> (f64, f64) {
    let mut min = [f64::INFINITY; LANES];
    let mut max = [f64::NEG_INFINITY; LANES];
    let mut take = |values: &[f64]| {
        for ((min, max), x) in min.iter_mut().zip(&mut max).zip(values) {
            *min = if *x < *min { *x } else { *min };
            *max = if *x > *max { *x } else { *max };
        }
    };
    let (chunks, rest) = window.as_chunks::<LANES>();
    chunks.iter().for_each(|chunk| take(chunk));
    take(rest);
    let least = min.into_iter().fold(f64::INFINITY, f64::min);
    let greatest = max.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (least, greatest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agree_with_plain_loops(window in prop::collection::vec(-1e6..1e6_f64, 0..70)) {
            let mut lanes = [0.0; 8];
            for (k, x) in window.iter().enumerate() {
                lanes[k % 8] += x * x;
            }
            let mut total = lanes[0];
            for lane in &lanes[1..] {
                total += lane;
            }
            prop_assert_eq!(sum(&window, |x| x * x).to_bits(), total.to_bits());
            let least = window.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = window.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(min_max(&window), (least, greatest));
        }
    }
}
