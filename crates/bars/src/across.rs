//! Functions of all symbols at one time.

/// A function of the values that symbols have at one time.
///
/// ```
/// use barloom_bars::Across;
///
/// let mut values = [3.0, 1.0, 3.0, 2.0]; // of four symbols
/// Across::Rank.apply(&mut values, &mut Vec::new());
/// assert_eq!(values, [0.875, 0.25, 0.875, 0.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Across {
    /// The rank of a value among all, divided by their count, in (0, 1]; equal values have their
    /// average rank.
    Rank,
    /// A value less the mean of all, over their standard deviation with n - 1 in the denominator;
    /// NaN where all values are equal.
    ZScore,
    /// A value less the mean of all.
    Demean,
}

impl Across {
    /// Replaces the values of a group of symbols, all of them finite; `spare` is any memory. The
    /// values of fewer than two symbols become NaN, and so does what is not finite. The sums follow
    /// the order of the values given.
    pub fn apply(self, values: &mut [f64], spare: &mut Vec<f64>) {
        let count = values.len() as f64;
        if values.len() < 2 {
            values.fill(f64::NAN);
            return;
        }
        match self {
            Self::Rank => {
                spare.clear();
                spare.extend_from_slice(values);
                spare.sort_unstable_by(f64::total_cmp);
                for value in values {
                    let below = spare.partition_point(|x| x < value);
                    let up_to = spare.partition_point(|x| x <= value);
                    *value = (below as f64 + up_to as f64 + 1.0) / 2.0 / count;
                }
            }
            Self::Demean => {
                let mean = mean(values);
                values.iter_mut().for_each(|x| *x = finite(*x - mean));
            }
            Self::ZScore => {
                let mean = mean(values);
                let squares = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
                let std = (squares / (count - 1.0)).sqrt();
                let equal = values.iter().all(|x| *x == values[0]);
                let scale = |x: f64| if equal { f64::NAN } else { (x - mean) / std };
                values.iter_mut().for_each(|x| *x = finite(scale(*x)));
            }
        }
    }
}

/// NaN where a value is not finite.
fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

/// The mean as the first value plus the mean of the differences to it, which loses nothing where
/// values are close to each other.
fn mean(values: &[f64]) -> f64 {
    let first = values[0];
    first + values.iter().map(|x| x - first).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(across: Across, values: &[f64]) -> Vec<f64> {
        let mut values = values.to_vec();
        across.apply(&mut values, &mut Vec::new());
        values
    }

    #[test]
    fn values() {
        assert_eq!(of(Across::Rank, &[3.0, 1.0, 3.0, 2.0]), [0.875, 0.25, 0.875, 0.5]);
        assert_eq!(of(Across::Rank, &[0.0, -0.0]), [0.75, 0.75]);
        assert_eq!(of(Across::Demean, &[3.0, 1.0]), [1.0, -1.0]);
        assert_eq!(of(Across::ZScore, &[1.0, 2.0, 3.0]), [-1.0, 0.0, 1.0]);
        assert!(of(Across::ZScore, &[0.1, 0.1, 0.1]).iter().all(|x| x.is_nan()));
        assert!(of(Across::Demean, &[f64::MAX, -f64::MAX]).iter().all(|x| x.is_nan()));
        for across in [Across::Rank, Across::Demean, Across::ZScore] {
            assert!(of(across, &[5.0])[0].is_nan());
            assert!(of(across, &[]).is_empty());
        }
    }
}
