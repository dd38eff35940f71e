//! Summaries of blocks of rows, and how two neighbours merge into one.

use super::Rolling;
use super::rows::Lanes;
use super::tree::Windows;

/// The sizes of two blocks that merge, in present rows.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The share of the older block.
    pub(super) older: Lanes,
    /// The share of the newer block.
    pub(super) newer: Lanes,
    /// The product of both sizes over their sum.
    pub(super) product: Lanes,
    /// All bits set where the older block is empty.
    pub(super) empty: Lanes,
}

impl Sizes {
    #[inline(always)]
    pub(super) fn new(older: Lanes, newer: Lanes) -> Self {
        let sum = (older + newer).fast_max(Lanes::ONE);
        Self {
            older: older / sum,
            newer: newer / sum,
            product: older * newer / sum,
            empty: older.simd_eq(Lanes::ZERO),
        }
    }
}

/// The last row of a window, for the statistics that need more than the block.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// The number of present rows in the window.
    pub(super) count: Lanes,
    /// The value of the last row; NaN where it is missing.
    pub(super) value: Lanes,
    /// The last present value.
    pub(super) reference: Lanes,
    /// All bits set where all values of the window are equal.
    pub(super) constant: Lanes,
}

impl End {
    /// The last present value relative to itself, 0, where the last row is present; else NaN.
    #[inline(always)]
    fn last(self) -> Lanes {
        self.value * Lanes::ZERO + Lanes::ZERO
    }
}

/// A kind of summary. It has N numbers.
///
/// Means in a summary are relative to the block's last present value, so that the size of the
/// values cancels before anything is squared.
pub(super) trait Block<const N: usize> {
    /// True where a summary needs the sizes of blocks and their references.
    const RELATIVE: bool;

    /// Merges two neighbours. `step` is the reference of the older block less that of the newer.
    /// `GAPS` tells that blocks may be empty.
    fn merge<const GAPS: bool>(
        older: [Lanes; N],
        newer: [Lanes; N],
        step: [Lanes; 2],
        sizes: Sizes,
    ) -> [Lanes; N];

    /// Computes a statistic of windows.
    fn finish(statistic: Rolling, windows: Windows<'_, N>);
}

/// The mean of the older block less that of the newer one, where the older one has any row.
#[inline(always)]
fn distance<const GAPS: bool>(older: Lanes, newer: Lanes, step: Lanes, sizes: Sizes) -> Lanes {
    let distance = older + step - newer;
    if GAPS { sizes.empty.bitselect(Lanes::ZERO, distance) } else { distance }
}

/// The sum.
pub(super) struct Sum;

impl Block<1> for Sum {
    const RELATIVE: bool = false;

    #[inline(always)]
    fn merge<const GAPS: bool>(
        [older]: [Lanes; 1],
        [newer]: [Lanes; 1],
        _: [Lanes; 2],
        _: Sizes,
    ) -> [Lanes; 1] {
        [older + newer]
    }

    #[inline(always)]
    fn finish(statistic: Rolling, windows: Windows<'_, 1>) {
        match statistic {
            Rolling::Mean => {
                windows.each(|[sum], end| end.constant.bitselect(end.reference, sum / end.count));
            }
            _ => windows.each(|[sum], _| sum),
        }
    }
}

/// The smallest value.
pub(super) struct Smallest;

impl Block<1> for Smallest {
    const RELATIVE: bool = false;

    #[inline(always)]
    fn merge<const GAPS: bool>(
        [older]: [Lanes; 1],
        [newer]: [Lanes; 1],
        _: [Lanes; 2],
        _: Sizes,
    ) -> [Lanes; 1] {
        [older.fast_min(newer)]
    }

    #[inline(always)]
    fn finish(_: Rolling, windows: Windows<'_, 1>) {
        windows.each(|[smallest], _| smallest);
    }
}

/// The largest value.
pub(super) struct Largest;

impl Block<1> for Largest {
    const RELATIVE: bool = false;

    #[inline(always)]
    fn merge<const GAPS: bool>(
        [older]: [Lanes; 1],
        [newer]: [Lanes; 1],
        _: [Lanes; 2],
        _: Sizes,
    ) -> [Lanes; 1] {
        [older.fast_max(newer)]
    }

    #[inline(always)]
    fn finish(_: Rolling, windows: Windows<'_, 1>) {
        windows.each(|[largest], _| largest);
    }
}

/// The mean and the sum of squared deviations (Chan, Golub and LeVeque 1983).
pub(super) struct Spread;

impl Block<2> for Spread {
    const RELATIVE: bool = true;

    #[inline(always)]
    fn merge<const GAPS: bool>(
        older: [Lanes; 2],
        newer: [Lanes; 2],
        step: [Lanes; 2],
        sizes: Sizes,
    ) -> [Lanes; 2] {
        let distance = distance::<GAPS>(older[0], newer[0], step[0], sizes);
        [
            newer[0] + distance * sizes.older,
            older[1] + newer[1] + distance * distance * sizes.product,
        ]
    }

    #[inline(always)]
    fn finish(statistic: Rolling, windows: Windows<'_, 2>) {
        spread(statistic, windows, |block| block);
    }
}

/// Computes variances, standard deviations or scores of the last rows from the first two numbers.
#[inline(always)]
fn spread<const N: usize>(
    statistic: Rolling,
    windows: Windows<'_, N>,
    first: impl Fn([Lanes; N]) -> [Lanes; 2],
) {
    let variance = |squares: Lanes, end: End| squares / (end.count - Lanes::ONE);
    match statistic {
        Rolling::Var => windows.each(|block, end| variance(first(block)[1], end)),
        Rolling::Std => windows.each(|block, end| variance(first(block)[1], end).sqrt()),
        _ => windows.each(|block, end| {
            let [mean, squares] = first(block);
            (end.last() - mean) / variance(squares, end).sqrt()
        }),
    }
}

/// The mean and the sums of deviations to the power of 2, 3 and 4 (Pébay 2008).
pub(super) struct Shape;

impl Block<4> for Shape {
    const RELATIVE: bool = true;

    #[inline(always)]
    fn merge<const GAPS: bool>(
        older: [Lanes; 4],
        newer: [Lanes; 4],
        step: [Lanes; 2],
        sizes: Sizes,
    ) -> [Lanes; 4] {
        let [_, a2, a3, a4] = older;
        let [_, b2, b3, b4] = newer;
        let (a, b) = (sizes.older, sizes.newer);
        let [mean, squares] = Spread::merge::<GAPS>([older[0], a2], [newer[0], b2], step, sizes);
        let distance = distance::<GAPS>(older[0], newer[0], step[0], sizes);
        let square = distance * distance;
        let apart = square * sizes.product;
        let three = Lanes::splat(3.0);
        let four = Lanes::splat(4.0);
        let six = Lanes::splat(6.0);
        let cubes = a3 + b3 + distance * (apart * (b - a) + three * (b * a2 - a * b2));
        let fourths = a4
            + b4
            + square * (apart * (a * a - a * b + b * b) + six * (a * a * b2 + b * b * a2))
            + four * distance * (b * a3 - a * b3);
        [mean, squares, cubes, fourths]
    }

    #[inline(always)]
    fn finish(statistic: Rolling, windows: Windows<'_, 4>) {
        match statistic {
            Rolling::Skew => windows.each(|[_, squares, cubes, _], end| {
                let (n, one, two) = (end.count, Lanes::ONE, Lanes::splat(2.0));
                let factor = n * (n - one).sqrt() / (n - two);
                let skew = factor * (cubes / (squares * squares.sqrt()));
                n.simd_gt(two).bitselect(skew, Lanes::splat(f64::NAN))
            }),
            Rolling::Kurt => windows.each(|[_, squares, _, fourths], end| {
                let (n, one, two) = (end.count, Lanes::ONE, Lanes::splat(2.0));
                let three = Lanes::splat(3.0);
                let below = (n - two) * (n - three);
                let factor = n * (n + one) * (n - one) / below;
                let shift = three * (n - one) * (n - one) / below;
                let kurt = factor * (fourths / (squares * squares)) - shift;
                n.simd_gt(three).bitselect(kurt, Lanes::splat(f64::NAN))
            }),
            _ => spread(statistic, windows, |[mean, squares, ..]| [mean, squares]),
        }
    }
}

/// The moments of two columns: mean and squares of the first, then of the second, and products.
pub(super) struct Pair;

impl Block<5> for Pair {
    const RELATIVE: bool = true;

    #[inline(always)]
    fn merge<const GAPS: bool>(
        older: [Lanes; 5],
        newer: [Lanes; 5],
        step: [Lanes; 2],
        sizes: Sizes,
    ) -> [Lanes; 5] {
        let x = distance::<GAPS>(older[0], newer[0], step[0], sizes);
        let y = distance::<GAPS>(older[2], newer[2], step[1], sizes);
        [
            newer[0] + x * sizes.older,
            older[1] + newer[1] + x * x * sizes.product,
            newer[2] + y * sizes.older,
            older[3] + newer[3] + y * y * sizes.product,
            older[4] + newer[4] + x * y * sizes.product,
        ]
    }

    #[inline(always)]
    fn finish(statistic: Rolling, windows: Windows<'_, 5>) {
        match statistic {
            Rolling::Cov => windows.each(|[.., xy], end| xy / (end.count - Lanes::ONE)),
            Rolling::Corr => windows.each(|block, _| correlation(block)),
            Rolling::Slope => windows.each(|[.., yy, xy], _| xy / yy),
            Rolling::Rsquare => windows.each(|[_, xx, _, yy, xy], _| {
                let (one, value) = (Lanes::ONE, xy * xy / (xx * yy));
                value.simd_gt(one).bitselect(one, value)
            }),
            Rolling::Resi => {
                windows.each(|[x, _, y, yy, xy], end| end.last() + (xy / yy * y - x));
            }
            _ => spread(statistic, windows, |[x, xx, ..]| [x, xx]),
        }
    }
}

/// The correlation, clipped to [-1, 1]. NaN stays. That of a column with itself is 1: the root of a
/// square is exact.
#[inline(always)]
fn correlation([_, xx, _, yy, xy]: [Lanes; 5]) -> Lanes {
    let one = Lanes::ONE;
    let value = xy / (xx * yy).sqrt();
    let value = value.simd_gt(one).bitselect(one, value);
    value.simd_lt(-one).bitselect(-one, value)
}
