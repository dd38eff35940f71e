//! The one rule of what a usable bar is, shared by [`Series`](crate::Series) and the doctor; and
//! the one more that a [`Market`](crate::Market) has: prices are positive.

use std::fmt;

/// Faults that make a bar unusable.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BarFault {
    /// A price is NaN (missing) or infinite.
    NonFinitePrice,
    /// A price is zero or negative. A [`Series`](crate::Series) may hold such readings (spreads,
    /// power, crude oil on 2020-04-20); a [`Market`](crate::Market) may not.
    NonPositivePrice,
    /// A price other than 0 is not a normal `f32` (1.18e-38 to 3.40e38), so no window can hold it.
    PriceOutsideF32,
    /// The high is below the low.
    HighBelowLow,
    /// The open is outside `[low, high]`.
    OpenOutsideRange,
    /// The close is outside `[low, high]`.
    CloseOutsideRange,
    /// The volume is negative or infinite.
    BadVolume,
}

impl BarFault {
    /// Every fault, in the order in which they are looked for.
    pub const ALL: [Self; 7] = [
        Self::NonFinitePrice,
        Self::NonPositivePrice,
        Self::PriceOutsideF32,
        Self::HighBelowLow,
        Self::OpenOutsideRange,
        Self::CloseOutsideRange,
        Self::BadVolume,
    ];

    /// A short stable name, for reports and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NonFinitePrice => "non_finite_price",
            Self::NonPositivePrice => "non_positive_price",
            Self::PriceOutsideF32 => "price_outside_f32",
            Self::HighBelowLow => "high_below_low",
            Self::OpenOutsideRange => "open_outside_range",
            Self::CloseOutsideRange => "close_outside_range",
            Self::BadVolume => "bad_volume",
        }
    }
}

impl fmt::Display for BarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NonFinitePrice => "a price is missing, NaN or infinite",
            Self::NonPositivePrice => "a price is zero or negative",
            Self::PriceOutsideF32 => "a price is outside the range of f32",
            Self::HighBelowLow => "high is below low",
            Self::OpenOutsideRange => "open is outside [low, high]",
            Self::CloseOutsideRange => "close is outside [low, high]",
            Self::BadVolume => "volume is negative or infinite",
        })
    }
}

/// The settings that are undefined for prices of zero or below, for messages.
pub const NEEDS_POSITIVE: &str = "every reward and the scalers last_close, log1p_last and log_return \
                                  divide by a price or take its logarithm, so they are undefined \
                                  where a price is not positive";

/// The first bar with a price that is zero or negative, counted from 0, by the lows of valid bars:
/// no other price of such a bar is below its low.
///
/// ```
/// assert_eq!(barloom_bars::first_non_positive(&[1.0, 0.0, -3.0]), Some(1));
/// ```
#[must_use]
pub fn first_non_positive(low: &[f64]) -> Option<usize> {
    const LOT: usize = 1_024;
    let lots = low.chunks(LOT).enumerate();
    let mut some = lots.filter(|(_, lot)| !lot.iter().fold(true, |all, low| all & (*low > 0.0)));
    let (lot, lows) = some.next()?;
    lows.iter().position(|low| low.is_nan() || *low <= 0.0).map(|bar| lot * LOT + bar)
}

/// The first thing wrong with a bar as a reading, or `None` for a usable one. Prices may be zero
/// or negative here; [`first_non_positive`] finds those.
///
/// A missing volume (`None` or NaN) is no fault: where volume is a channel it ends a segment.
///
/// ```
/// use barloom_bars::{BarFault, bar_fault};
/// assert_eq!(bar_fault(10.0, 11.0, 9.0, 10.5, Some(0.0)), None);
/// assert_eq!(bar_fault(10.0, 9.0, 11.0, 10.5, None), Some(BarFault::HighBelowLow));
/// ```
#[must_use]
#[inline]
pub fn bar_fault(
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: Option<f64>,
) -> Option<BarFault> {
    if is_usual(open, high, low, close) && volume.is_none_or(is_usual_volume) {
        None
    } else {
        any_fault(open, high, low, close, volume)
    }
}

/// The first bar of columns with a fault: its index, from 0, and its [`bar_fault`].
///
/// # Panics
/// A column is shorter than the first.
///
/// ```
/// use barloom_bars::{BarFault, first_fault};
/// let (price, high) = ([10.0, 10.0], [10.0, 9.0]);
/// let fault = first_fault([&price, &high, &price, &price], None);
/// assert_eq!(fault, Some((1, BarFault::HighBelowLow)));
/// ```
#[must_use]
pub fn first_fault(prices: [&[f64]; 4], volume: Option<&[f64]>) -> Option<(usize, BarFault)> {
    // Bars that are looked at together.
    const LOT: usize = 1_024;
    let len = prices[0].len();
    for start in (0..len).step_by(LOT) {
        let lot = start..len.min(start + LOT);
        let [open, high, low, close] = prices.map(|column| &column[lot.clone()]);
        let volume = volume.map(|volume| &volume[lot.clone()]);
        let bars = open.iter().zip(high).zip(low.iter().zip(close));
        let usual = bars.fold(true, |all, ((o, h), (l, c))| all & is_usual(*o, *h, *l, *c));
        let volumes = volume.unwrap_or_default().iter();
        if volumes.fold(usual, |all, v| all & is_usual_volume(*v)) {
            continue;
        }
        let fault = |bar: usize| {
            let volume = volume.map(|volume| volume[bar]);
            Some((start + bar, bar_fault(open[bar], high[bar], low[bar], close[bar], volume)?))
        };
        if let Some(found) = (0..lot.len()).find_map(fault) {
            return Some(found);
        }
    }
    None
}

/// The test that nearly all bars pass, in comparisons that NaN fails, without a branch.
#[inline]
fn is_usual(open: f64, high: f64, low: f64, close: f64) -> bool {
    let in_range = (low >= USUAL.0) & (high <= USUAL.1);
    in_range & (low <= open) & (open <= high) & (low <= close) & (close <= high)
}

#[inline]
fn is_usual_volume(volume: f64) -> bool {
    (0.0..f64::INFINITY).contains(&volume)
}

/// Prices within these are normal in f32, too.
const USUAL: (f64, f64) = (1e-37, 1e38);

/// [`bar_fault`] of any bar.
fn any_fault(open: f64, high: f64, low: f64, close: f64, volume: Option<f64>) -> Option<BarFault> {
    let prices = [open, high, low, close];
    if prices.iter().any(|p| !p.is_finite()) {
        return Some(BarFault::NonFinitePrice);
    }
    if prices.iter().any(|p| *p != 0.0 && !(*p as f32).is_normal()) {
        return Some(BarFault::PriceOutsideF32);
    }
    if high < low {
        return Some(BarFault::HighBelowLow);
    }
    if open < low || open > high {
        return Some(BarFault::OpenOutsideRange);
    }
    if close < low || close > high {
        return Some(BarFault::CloseOutsideRange);
    }
    match volume {
        Some(v) if v < 0.0 || v.is_infinite() => Some(BarFault::BadVolume),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_bars_are_told_as_all_are() {
        let values = [-1.0, 0.0, 1e-46, 1e-38, 9e-38, 1e-37, 0.5, 1.0, 2.0, 1e38, 2e38, 1e39];
        let values = [&values[..], &[f64::NAN, f64::INFINITY, -f64::INFINITY]].concat();
        for n in 0..values.len().pow(4) {
            let value = |k: u32| values[n / values.len().pow(k) % values.len()];
            let [open, high, low, close] = [0, 1, 2, 3].map(value);
            for volume in [None, Some(values[n % 15])] {
                let (got, all) = (
                    bar_fault(open, high, low, close, volume),
                    any_fault(open, high, low, close, volume),
                );
                assert_eq!(got, all, "{open} {high} {low} {close} {volume:?}");
            }
        }
    }

    #[test]
    fn the_first_fault_of_columns_is_that_of_their_bars() {
        for len in [0, 1, 1_023, 1_024, 2_100] {
            for bad in [0, 1, 1_023, 1_024, 2_099, usize::MAX] {
                for value in [f64::NAN, -1.0, 1e39, -1e39, f64::INFINITY] {
                    for column in 0..5 {
                        let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| vec![1.0; len]);
                        if bad < len {
                            columns[column][bad] = value;
                        }
                        let [o, h, l, c, v] = columns.each_ref().map(Vec::as_slice);
                        let each =
                            |i: usize| Some((i, bar_fault(o[i], h[i], l[i], c[i], Some(v[i]))?));
                        let expected = (0..len).find_map(each);
                        assert_eq!(first_fault([o, h, l, c], Some(v)), expected);
                        let without = expected.filter(|_| column < 4);
                        assert_eq!(first_fault([o, h, l, c], None), without);
                    }
                }
            }
        }
    }

    #[test]
    fn every_fault_is_found() {
        let cases = [
            (bar_fault(f64::NAN, 2.0, 1.0, 1.5, None), BarFault::NonFinitePrice),
            (bar_fault(1.0, f64::INFINITY, 1.0, 1.5, None), BarFault::NonFinitePrice),
            (bar_fault(-1e39, 2.0, -1e39, 1.5, None), BarFault::PriceOutsideF32),
            (bar_fault(-1.0, -3.0, -2.0, -2.5, None), BarFault::HighBelowLow),
            (bar_fault(0.5, 0.0, -2.0, -1.5, None), BarFault::OpenOutsideRange),
            (bar_fault(1e-40, 2.0, 1e-40, 1.5, None), BarFault::PriceOutsideF32),
            (bar_fault(1e39, 1e39, 1.0, 1.5, None), BarFault::PriceOutsideF32),
            (bar_fault(1.0, 1.0, 2.0, 1.0, None), BarFault::HighBelowLow),
            (bar_fault(3.0, 2.0, 1.0, 1.5, None), BarFault::OpenOutsideRange),
            (bar_fault(1.5, 2.0, 1.0, 0.5, None), BarFault::CloseOutsideRange),
            (bar_fault(1.5, 2.0, 1.0, 1.5, Some(-1.0)), BarFault::BadVolume),
        ];
        for (got, expected) in cases {
            assert_eq!(got, Some(expected));
        }
        assert_eq!(bar_fault(1.5, 2.0, 1.0, 1.5, Some(f64::NAN)), None);
        assert_eq!(bar_fault(-17.73, 13.69, -40.32, -37.63, Some(1.0)), None, "a reading");
        assert_eq!(bar_fault(0.0, 0.0, 0.0, 0.0, None), None, "a reading");
    }

    #[test]
    fn prices_that_are_not_positive_are_found_by_lows() {
        for len in [0, 1, 1_023, 1_024, 3_000] {
            assert_eq!(first_non_positive(&vec![1e-30; len]), None);
            for at in [0, 1_023, 1_024, 2_999].into_iter().filter(|at| *at < len) {
                for low in [0.0, -0.0, -1.0] {
                    let mut lows = vec![1.0; len];
                    (lows[at], lows[len - 1]) = (low, low);
                    assert_eq!(first_non_positive(&lows), Some(at));
                }
            }
        }
    }
}
