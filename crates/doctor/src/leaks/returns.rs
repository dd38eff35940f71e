//! Columns that say too much of the next returns.

use std::ops::Range;

use barloom_bars::Column;
use barloom_market_data::cut;

use super::super::text::counted;
use super::super::{Found, Of, median};
use super::{BARS, first_row};

/// Bars over which returns are taken.
const HORIZONS: [usize; 4] = [1, 2, 5, 10];
/// Rows that are looked at, in blocks that lie at even distances.
const ROWS: usize = 1 << 15;
const BLOCKS: usize = 8;
/// Standard errors of a correlation that are no chance, for any number of columns.
const CHANCE: f64 = 6.0;
/// A correlation that sound data reach.
const SOUND: f64 = 0.3;
/// Room above what the autocorrelation of returns explains.
const ROOM: f64 = 0.1;
/// Values farther than so many medians of the distance from the median count as if they were so
/// far: about five standard deviations.
const FAR: f64 = 8.0;
/// Values of which these medians are taken.
const SCALE: usize = 2_048;
/// Lags of the autocorrelation of returns that a trade between bid and ask causes.
const BOUNCE: usize = 3;

/// The next returns of a series.
pub(crate) struct Returns {
    /// Rows that are looked at.
    spans: Vec<Range<usize>>,
    close: Vec<f64>,
    /// The returns of each horizon, NaN without a later close.
    next: [Vec<f64>; HORIZONS.len()],
    /// The correlation of each horizon that the autocorrelation of returns explains.
    explained: [f64; HORIZONS.len()],
}

/// The forms in which a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Value,
    Change,
    /// The value over the close: of a column of prices.
    OverClose,
}

/// A correlation that is too high.
struct Suspicion {
    form: Form,
    bars: usize,
    correlation: f64,
    past: f64,
    chance: f64,
    rows: usize,
}

impl Returns {
    /// Takes the returns of closes.
    pub(crate) fn new(close: &[f64]) -> Self {
        let spans = spans(close.len());
        let next = HORIZONS.map(|bars| {
            let mut returns = Vec::with_capacity(ROWS.min(close.len()));
            for row in spans.iter().cloned().flatten() {
                let later = close.get(row + bars).copied().unwrap_or(f64::NAN);
                let usable = later > 0.0 && close[row] > 0.0;
                returns.push(if usable { later / close[row] - 1.0 } else { f64::NAN });
            }
            clip(&mut returns);
            returns
        });
        // Where trades jump between bid and ask, a sound price between the two correlates with the
        // next return by the root of the returns' autocorrelation.
        let lengths: Vec<usize> = spans.iter().map(ExactSizeIterator::len).collect();
        let bounce = autocorrelations(&next[0], &lengths, BOUNCE);
        let bounce = bounce.into_iter().map(f64::abs).fold(0.0, f64::max);
        let variance = |values: &[f64]| sums(values, values).variance();
        let of_one = variance(&next[0]);
        let explained = [0, 1, 2, 3].map(|at| (bounce * of_one / variance(&next[at])).sqrt());
        let close = spans.iter().cloned().flatten().map(|row| close[row]).collect();
        Self { spans, close, next, explained }
    }

    /// Notes a column that says too much.
    pub(crate) fn find(&self, of: &Of<'_>, column: &Column, found: &mut Found) {
        let lengths: Vec<usize> = self.spans.iter().map(ExactSizeIterator::len).collect();
        let mut worst: Option<Suspicion> = None;
        for form in [Form::Value, Form::Change, Form::OverClose] {
            let Some(values) = self.formed(&column.values, form) else { continue };
            let Some(suspicion) = self.suspicion(&values, &lengths, form) else { continue };
            let size = suspicion.correlation.abs();
            if worst.as_ref().is_none_or(|worst| size > worst.correlation.abs()) {
                worst = Some(suspicion);
            }
        }
        let Some(Suspicion { form, bars, correlation, past, chance, rows }) = worst else { return };
        found.warn(of, "leak_correlation", first_row(&column.values), || {
            let name = cut(&column.name);
            let what = match form {
                Form::Value => name.into_owned(),
                Form::Change => format!("the change of {name}"),
                Form::OverClose => format!("{name} / close"),
            };
            let bars = if bars == 1 { "next bar".to_owned() } else { format!("next {bars} bars") };
            format!(
                "{what} has a correlation of {correlation:.2} with the return of the {bars} in {} \
                 (chance gives up to {chance:.2}; with the return before it is {past:.2})",
                counted(rows as u64, "row")
            )
        });
    }

    /// The values of a column in a form, clipped and without their mean; NaN is missing.
    fn formed(&self, values: &[f64], form: Form) -> Option<Vec<f64>> {
        let rows = || self.spans.iter().cloned().flatten();
        let mut formed: Vec<f64> = match form {
            Form::Value => rows().map(|row| values[row]).collect(),
            Form::Change => rows()
                .map(|row| if row > 0 { values[row] - values[row - 1] } else { f64::NAN })
                .collect(),
            Form::OverClose => {
                let ratio = |(row, close): (usize, &f64)| values[row] / close;
                rows().zip(&self.close).map(ratio).collect()
            }
        };
        for value in &mut formed {
            // The sums below take no infinite value.
            if !value.is_finite() {
                *value = f64::NAN;
            }
        }
        let is_price = |ratio: &f64| ratio.is_nan() || (0.5..2.0).contains(ratio);
        if form == Form::OverClose && !formed.iter().all(is_price) {
            return None;
        }
        clip(&mut formed);
        let (sum, count) = formed
            .iter()
            .filter(|value| !value.is_nan())
            .fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
        if count < BARS {
            return None;
        }
        let mean = sum / count as f64;
        formed.iter_mut().for_each(|value| *value -= mean);
        Some(formed)
    }

    fn suspicion(&self, values: &[f64], lengths: &[usize], form: Form) -> Option<Suspicion> {
        let mut own: Option<Vec<f64>> = None;
        let mut worst: Option<Suspicion> = None;
        for (at, bars) in HORIZONS.into_iter().enumerate() {
            let sums = sums(values, &self.next[at]);
            let correlation = sums.correlation();
            let size = correlation.abs();
            let least = SOUND.max(self.explained[at] + ROOM);
            // NaN of a constant is no suspicion.
            if sums.count < BARS as f64 || size.is_nan() || size <= least {
                continue;
            }
            // Bartlett: the autocorrelation of both makes rows fewer. Returns over k bars overlap,
            // so theirs falls to 0 at lag k.
            let most = HORIZONS[HORIZONS.len() - 1];
            let own = own.get_or_insert_with(|| autocorrelations(values, lengths, most - 1));
            let shared = |lag: usize| own[lag - 1] * (1.0 - lag as f64 / bars as f64);
            let factor = 1.0 + 2.0 * (1..bars).map(shared).sum::<f64>();
            let chance = CHANCE * (factor.max(1.0) / sums.count).sqrt();
            if size > chance.max(worst.as_ref().map_or(0.0, |worst| worst.correlation.abs())) {
                let past = self.past(values, lengths, at);
                let rows = sums.count as usize;
                worst = Some(Suspicion { form, bars, correlation, past, chance, rows });
            }
        }
        worst
    }

    /// The correlation with the returns that end at a row.
    fn past(&self, values: &[f64], lengths: &[usize], at: usize) -> f64 {
        let (bars, mut start, mut all) = (HORIZONS[at], 0, Sums::default());
        for length in lengths {
            let end = start + length;
            if *length > bars {
                all.add(&values[start + bars..end], &self.next[at][start..end - bars]);
            }
            start = end;
        }
        all.correlation()
    }
}

/// The rows that are looked at: all, or blocks at even distances.
fn spans(rows: usize) -> Vec<Range<usize>> {
    if rows <= ROWS {
        return std::iter::once(0..rows).collect();
    }
    let block = ROWS / BLOCKS;
    let start = |at: usize| (rows - block) / (BLOCKS - 1) * at;
    (0..BLOCKS).map(|at| start(at)..start(at) + block).collect()
}

/// Moves values that are far off to the edge of what is near, so that no single one decides.
fn clip(values: &mut [f64]) {
    let every = values.len().div_ceil(SCALE).max(1);
    let mut some: Vec<f64> =
        values.iter().step_by(every).copied().filter(|value| !value.is_nan()).collect();
    let Some(middle) = median(&mut some) else { return };
    some.iter_mut().for_each(|value| *value = (*value - middle).abs());
    let far = FAR * median(&mut some).unwrap_or_default();
    if far > 0.0 {
        for value in values {
            *value = value.clamp(middle - far, middle + far);
        }
    }
}

/// Sums over the rows on which both columns have a value.
#[derive(Default)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

fn sums(xs: &[f64], ys: &[f64]) -> Sums {
    let mut sums = Sums::default();
    sums.add(xs, ys);
    sums
}

impl Sums {
    fn add(&mut self, xs: &[f64], ys: &[f64]) {
        for (x, y) in xs.iter().zip(ys) {
            if !(x.is_nan() || y.is_nan()) {
                self.count += 1.0;
                self.x += x;
                self.y += y;
                self.xx += x * x;
                self.yy += y * y;
                self.xy += x * y;
            }
        }
    }

    fn variance(&self) -> f64 {
        (self.xx - self.x * self.x / self.count) / self.count
    }

    /// NaN without two values that differ.
    fn correlation(&self) -> f64 {
        let of_x = self.xx - self.x * self.x / self.count;
        let of_y = self.yy - self.y * self.y / self.count;
        let covers = of_x > 1e-12 * self.xx && of_y > 1e-12 * self.yy;
        if covers {
            (self.xy - self.x * self.y / self.count) / (of_x * of_y).sqrt()
        } else {
            f64::NAN
        }
    }
}

/// The autocorrelations of the lags from 1 on within blocks of these lengths, 0 if undefined.
fn autocorrelations(values: &[f64], lengths: &[usize], lags: usize) -> Vec<f64> {
    let of_lag = |lag: usize| {
        let (mut start, mut all) = (0, Sums::default());
        for length in lengths {
            let end = start + length;
            if *length > lag {
                all.add(&values[start + lag..end], &values[start..end - lag]);
            }
            start = end;
        }
        let correlation = all.correlation();
        if correlation.is_nan() { 0.0 } else { correlation }
    };
    (1..=lags).map(of_lag).collect()
}
