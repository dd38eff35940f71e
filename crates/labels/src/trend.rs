//! Trend scanning.

use crate::label::Context;
use crate::rows::each;

/// The least sum of squared residuals beside the sum of squares: a line without any residual has a
/// large t-value, and no infinite one.
const LEAST_RESIDUAL: f64 = f64::EPSILON;

/// Constants of a horizon of n bars.
struct Horizon {
    /// (n - 1) / 2.
    middle: f64,
    /// 1 / n.
    share: f64,
    /// 1 over the sum of squares of times about their middle, n (n^2 - 1) / 12.
    of_times: f64,
    /// n - 2.
    freedom: f64,
}

/// t-values of the slope of the closes over the horizon with the strongest trend.
pub(crate) fn t_values(context: &Context<'_>, least: usize, most: usize) -> Vec<f64> {
    let close = context.market.close();
    let horizons = horizons(least, most);
    each(context.market, f64::NAN, |row| {
        if row.end - row.t < most {
            return f64::NAN;
        }
        strongest(&close[row.t..row.t + most], &horizons)
    })
}

fn horizons(least: usize, most: usize) -> Vec<Horizon> {
    let one = |bars: usize| {
        let n = bars as f64;
        Horizon {
            middle: (n - 1.0) / 2.0,
            share: 1.0 / n,
            of_times: 12.0 / (n * (n * n - 1.0)),
            freedom: n - 2.0,
        }
    };
    (least..=most).map(one).collect()
}

/// The t-value with the greatest size of the first n prices, for each of the horizons, the first of
/// equals; 0 if all prices are equal. The last horizon has all prices.
#[inline]
fn strongest(prices: &[f64], horizons: &[Horizon]) -> f64 {
    // Prices less the first lose nothing to their level.
    let base = prices[0];
    let (mut sum, mut squares, mut products) = (0.0, 0.0, 0.0);
    let mut add = |place: usize, price: f64| {
        let y = price - base;
        sum += y;
        squares += y * y;
        products += place as f64 * y;
        (sum, squares, products)
    };
    let before = prices.len() - horizons.len();
    prices[..before].iter().enumerate().for_each(|(place, price)| {
        add(place, *price);
    });
    let (mut best, mut is_fall) = (0.0_f64, false);
    for (place, (price, horizon)) in (before..).zip(prices[before..].iter().zip(horizons)) {
        let (sum, squares, products) = add(place, *price);
        let both = products - horizon.middle * sum;
        let of_prices = squares - sum * sum * horizon.share;
        // The part of the squares that the line explains; its sign is that of the slope.
        let explained = both * both * horizon.of_times;
        let residual = (of_prices - explained).max(LEAST_RESIDUAL * of_prices);
        let squared = explained * horizon.freedom / residual;
        if squared > best {
            (best, is_fall) = (squared, both < 0.0);
        }
    }
    if is_fall { -best.sqrt() } else { best.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::{horizons, strongest};

    #[test]
    fn t_values_are_those_of_a_regression() {
        let prices = [100.0, 101.0, 100.5, 102.0, 101.0, 103.0, 102.5];
        let plain = |n: usize| {
            let y = &prices[..n];
            let mean = y.iter().sum::<f64>() / n as f64;
            let x = |i: usize| i as f64 - (n as f64 - 1.0) / 2.0;
            let xx: f64 = (0..n).map(|i| x(i) * x(i)).sum();
            let slope = (0..n).map(|i| x(i) * (y[i] - mean)).sum::<f64>() / xx;
            let rest = |i: usize| y[i] - mean - slope * x(i);
            let residual: f64 = (0..n).map(|i| rest(i) * rest(i)).sum();
            slope / (residual / (n as f64 - 2.0) / xx).sqrt()
        };
        for least in 3..=7 {
            let best = (least..=7).map(plain).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
            let found = strongest(&prices, &horizons(least, 7));
            assert!((found / best - 1.0).abs() < 1e-12, "{found} {best}");
        }
        assert_eq!(strongest(&[5.0; 9], &horizons(3, 9)), 0.0);
        let line = strongest(&[1.0, 2.0, 3.0, 4.0], &horizons(3, 4));
        assert!(line.is_finite() && line > 1e6);
    }
}
