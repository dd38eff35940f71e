//! The number of ranks of each position, which gives series the shares that their weights ask for.

use barloom_bars::Market;

use crate::WindowsError;

/// Ranks of all positions together, at most.
const MOST: f64 = (1_u64 << 61) as f64;

/// Ranks of a position at least. Its number is rounded down, so a share is exact to one part in as
/// many: better than a millionth.
const LEAST: u64 = 1 << 20;

/// Checks that there is a weight for each series.
pub(crate) fn check(weights: &[f64], series: usize) -> Result<(), WindowsError> {
    let error = |got: String| Err(WindowsError::Weights { series, got });
    if weights.len() != series {
        return error(format!("{} of them", weights.len()));
    }
    match weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        Some(weight) => error(weight.to_string()),
        None if weights.iter().all(|weight| *weight == 0.0) => error("0 for all".into()),
        None => Ok(()),
    }
}

/// The ranks of each position of each series, of which `counts` says how many it has: 0 where there
/// are none. The numbers have no common divisor.
pub(crate) fn copies(
    market: &Market,
    counts: &[u64],
    weights: &[f64],
) -> Result<Vec<u64>, WindowsError> {
    let placed = || counts.iter().zip(weights).filter(|(count, _)| **count > 0);
    let greatest = placed().map(|(_, weight)| *weight).fold(0.0, f64::max);
    let sum = placed().map(|(_, weight)| weight / greatest).fold(0.0, |sum, x| sum + x);
    let mut copies = vec![0; counts.len()];
    for (series, (count, weight)) in counts.iter().zip(weights).enumerate() {
        if *count == 0 {
            continue;
        }
        let share = weight / greatest / sum;
        copies[series] = (share * MOST / *count as f64) as u64;
        if copies[series] < LEAST {
            return Err(WindowsError::SmallWeight {
                symbol: market.series()[series].symbol.clone(),
                share,
                positions: *count,
                least: *count as f64 * LEAST as f64 / MOST,
            });
        }
    }
    let divisor = copies.iter().copied().fold(0, common_divisor);
    copies.iter_mut().for_each(|copies| *copies /= divisor);
    Ok(copies)
}

/// The greatest common divisor; 0 has that of the other.
fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
