//! Weights of labelled bars.
//!
//! All are functions of the bars that a role may stand on, `rows`, and of the bars that each one's
//! label lives, never of what is drawn. A weight of another bar is 0.

use std::ops::Range;

use barloom_bars::Market;

/// The end of a life that begins at a row, within its series.
fn end_of_life(market: &Market, series: usize, row: usize, life: &[u32]) -> usize {
    (row + life[row] as usize).min(market.series()[series].end)
}

/// Calls a function with each row and its series.
fn for_each(market: &Market, rows: &[Range<usize>], mut call: impl FnMut(usize, usize)) {
    for row in rows.iter().cloned().flatten() {
        let series = market.series().partition_point(|span| span.end <= row);
        call(row, series);
    }
}

/// The number of labels that live on each bar, of those of `rows` (Lopez de Prado 2018, section
/// 4.3).
#[must_use]
pub fn concurrency(market: &Market, rows: &[Range<usize>], life: &[u32]) -> Vec<u32> {
    let mut changes = vec![0_i64; market.len() + 1];
    for_each(market, rows, |row, series| {
        changes[row] += 1;
        changes[end_of_life(market, series, row, life)] -= 1;
    });
    let mut living = 0;
    let counts = changes[..market.len()].iter().map(|change| {
        living += change;
        u32::try_from(living).unwrap_or(u32::MAX)
    });
    counts.collect()
}

/// The average uniqueness of each label: the mean of `1 / concurrency` over its life (Lopez de
/// Prado 2018, section 4.4).
#[must_use]
pub fn uniqueness(market: &Market, rows: &[Range<usize>], life: &[u32]) -> Vec<f64> {
    let counts = concurrency(market, rows, life);
    let mut weights = vec![0.0; market.len()];
    for_each(market, rows, |row, series| {
        let bars = row..end_of_life(market, series, row, life);
        if !bars.is_empty() {
            let count = bars.len() as f64;
            weights[row] = counts[bars].iter().map(|c| 1.0 / f64::from(*c)).sum::<f64>() / count;
        }
    });
    weights
}

/// The absolute return that is attributed to each label: the sum over its life of each bar's log
/// return over its concurrency, scaled so that the mean weight is 1 (Lopez de Prado 2018, section
/// 4.6). The first bar's return is from the entry, `entry` by row.
#[must_use]
pub fn return_attribution(
    market: &Market,
    rows: &[Range<usize>],
    life: &[u32],
    entry: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let counts = concurrency(market, rows, life);
    let close = market.close();
    let mut weights = vec![0.0; market.len()];
    for_each(market, rows, |row, series| {
        let bars = row..end_of_life(market, series, row, life);
        let step = |bar: usize| {
            let from = if bar == row { entry(row) } else { close[bar - 1] };
            libm::log(close[bar] / from) / f64::from(counts[bar])
        };
        weights[row] = bars.map(step).sum::<f64>().abs();
    });
    with_mean_one(weights, rows)
}

/// Weights that halve with each `half_life` (ns) before the last row of all.
#[must_use]
pub fn time_decay(market: &Market, rows: &[Range<usize>], half_life: i64) -> Vec<f64> {
    let ts = market.ts();
    let last = rows.iter().cloned().flatten().map(|row| ts[row]).max().unwrap_or(0);
    let mut weights = vec![0.0; market.len()];
    for row in rows.iter().cloned().flatten() {
        let age = last.saturating_sub(ts[row]) as f64 / half_life as f64;
        weights[row] = libm::exp2(-age);
    }
    weights
}

/// Weights by which every class has the same sum: `n / (classes * count)`, as scikit-learn's
/// `class_weight="balanced"`. `class` gives that of a row; a row without one has the weight 0.
#[must_use]
pub fn balance(
    market: &Market,
    rows: &[Range<usize>],
    class: impl Fn(usize) -> Option<i8>,
) -> Vec<f64> {
    let mut counts = [0_u64; 256];
    let place = |class: i8| (i16::from(class) + 128) as usize;
    for class in rows.iter().cloned().flatten().filter_map(&class) {
        counts[place(class)] += 1;
    }
    let all: u64 = counts.iter().sum();
    let classes = counts.iter().filter(|count| **count > 0).count();
    let mut weights = vec![0.0; market.len()];
    for row in rows.iter().cloned().flatten() {
        if let Some(class) = class(row) {
            weights[row] = all as f64 / (classes as f64 * counts[place(class)] as f64);
        }
    }
    weights
}

/// Weights scaled so that their mean over rows is 1; all 1 where their sum is 0.
fn with_mean_one(mut weights: Vec<f64>, rows: &[Range<usize>]) -> Vec<f64> {
    let count: usize = rows.iter().map(Range::len).sum();
    let sum: f64 = rows.iter().cloned().flatten().map(|row| weights[row]).sum();
    for row in rows.iter().cloned().flatten() {
        weights[row] = if sum > 0.0 { weights[row] * (count as f64 / sum) } else { 1.0 };
    }
    weights
}
