//! Scalers as functions: of a bar's value, of a window, and of a value in its window.
//!
//! All of them are `#[inline(always)]`, so that they are compiled for the instruction set of
//! whoever cuts windows. A division stays a division: times the reciprocal would round twice.

use crate::lanes;

/// `ln x`: what [`LogReturn`](crate::ChannelScaler::LogReturn) needs of each bar.
#[inline(always)]
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `f32(log1p(x))`: what [`Log1pLast`](crate::ChannelScaler::Log1pLast) needs of each bar.
#[inline(always)]
#[must_use]
pub fn log1p(x: f64) -> f32 {
    libm::log1p(x) as f32
}

/// `x` with -0 as 0: a window's least value is then one bit pattern in any order.
#[inline(always)]
#[must_use]
pub fn unsigned_zero(x: f64) -> f64 {
    x + 0.0
}

/// The divisor of [`log1p`] values of a window, from that of its last bar: at least `f32(ln 2)`.
#[inline(always)]
#[must_use]
pub fn log1p_divisor(last: f32) -> f32 {
    last.max(std::f32::consts::LN_2)
}

/// The divisor of a window by its last value, from that: so far from 0 that 0 has quotients.
#[inline(always)]
#[must_use]
pub fn last_divisor(last: f32) -> f32 {
    last + 1e-12
}

/// `x / by`.
#[inline(always)]
#[must_use]
pub fn over(x: f32, by: f32) -> f32 {
    x / by
}

/// `f32(x - by)`, the difference taken in f64.
#[inline(always)]
#[must_use]
pub fn less(x: f64, by: f64) -> f32 {
    (x - by) as f32
}

/// Mean and population standard deviation of a window; none of a constant one. Two passes, each a
/// sum in eight strided lanes.
#[inline(always)]
#[must_use]
pub fn moments(window: &[f64]) -> Option<(f64, f64)> {
    let (min, max) = lanes::min_max(window);
    let n = window.len() as f64;
    let mean = lanes::sum(window, |x| x) / n;
    let std = (lanes::sum(window, |x| (x - mean) * (x - mean)) / n).sqrt();
    // Squares of differences below 1e-162 vanish; such a window counts as constant.
    (min != max && std != 0.0).then_some((mean, std))
}

/// `f32((x - mean) / std)`.
#[inline(always)]
#[must_use]
pub fn standard(x: f64, mean: f64, std: f64) -> f32 {
    ((x - mean) / std) as f32
}

/// The least value of a window and how far above it the greatest is; none of a constant one.
#[inline(always)]
#[must_use]
pub fn extent(window: &[f64]) -> Option<(f64, f64)> {
    let (min, max) = lanes::min_max(window);
    (min != max).then_some((min, max - min))
}

/// `f32((x - min) / width)`.
#[inline(always)]
#[must_use]
pub fn within(x: f64, min: f64, width: f64) -> f32 {
    ((x - min) / width) as f32
}
