//! Sums and means that keep what rounding loses.

/// A sum that keeps what rounding loses (Neumaier's variant of Kahan's, with Knuth's `TwoSum`): it
/// is the exact sum rounded once, but where that is next to a tie, whatever the order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let added = sum - self.sum;
        self.lost += (self.sum - (sum - added)) + (value - added);
        self.sum = sum;
    }

    pub(crate) fn value(self) -> f64 {
        // An infinite sum lost what is no number.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// The quotient of a sum of prices times weights and the sum of the weights; missing where no
/// weight is positive, or a sum is infinite. Rounding leaves the mean between the lowest and the
/// highest price.
pub(crate) fn mean_price(of_prices: f64, of_weights: f64, lowest: f64, highest: f64) -> f64 {
    if of_weights > 0.0 && of_weights.is_finite() && of_prices.is_finite() {
        (of_prices / of_weights).max(lowest).min(highest)
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_what_rounding_loses() {
        let sum = |values: &[f64]| {
            let mut sum = Sum::default();
            values.iter().for_each(|value| sum.add(*value));
            sum.value()
        };
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert!(sum(&[1.0, f64::NAN]).is_nan());
    }
}
