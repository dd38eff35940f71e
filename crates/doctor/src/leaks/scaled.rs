//! Columns that a scaler of all rows made.

use std::collections::{BTreeMap, BTreeSet};

use barloom_market_data::{Bars, cut};

use super::super::text::counted;
use super::super::{Found, Of};
use super::{BARS, first_row, own_columns};

const KIND: &str = "leak_scaler";
/// The mean and the standard deviation are 0 and 1 within this: columns may be of 32-bit floats.
const NEAR: f64 = 1e-6;
/// So are the ends.
const AT_END: f64 = 1e-9;
/// Rows after which a value at an end is there anew.
const VISIT: usize = 60;
/// Times that a scaled column is at its ends, at most.
const VISITS: usize = 4;
/// Values of a column with ends.
const ENOUGH: usize = 200;
/// A flag or a class has fewer values.
const VALUES: usize = 64;
/// Rows that are looked at first.
const PROBES: usize = 1_024;
/// A wave of the calendar follows itself on this share of rows.
const WAVE: f64 = 0.5;

/// The way in which all rows were scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scaled {
    /// To a mean of 0 and a standard deviation of 1.
    Standard { mean: f64, std: f64 },
    /// To a range.
    Range { least: f64 },
}

impl Scaled {
    fn text(self) -> String {
        match self {
            Self::Standard { mean, std } => {
                format!("has a mean of {mean:.0e} and a standard deviation of {std:.9}")
            }
            Self::Range { least } => {
                format!("has a least value of {least} and a greatest of 1, each in a row or two")
            }
        }
    }
}

/// `leak_scaler`: a column of the user that has the mean 0 and the standard deviation 1, or the
/// ends 0 and 1 or -1 and 1, over all rows of a series or of one of its files. The scaler that made
/// it knew all of them.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    let mut starts: Vec<usize> = vec![0];
    starts.extend(of.raw.origins.seams().map(|(row, ..)| row));
    starts.push(of.raw.ts.len());
    for column in own_columns(of) {
        let values = &column.values[..];
        let files = starts.windows(2).map(|pair| pair[0]..pair[1]);
        let several = (starts.len() > 2).then_some(files).into_iter().flatten();
        let Some((rows, scaled)) = std::iter::once(0..values.len())
            .chain(several)
            .find_map(|rows| Some((rows.clone(), scaled(&[&values[rows]])?)))
        else {
            continue;
        };
        let row = rows.start + first_row(&values[rows.clone()]);
        found.warn(of, KIND, row, || {
            let rows = counted(rows.len() as u64, "row");
            format!("{} {} over {rows}", cut(&column.name), scaled.text())
        });
    }
}

/// The same over all symbols together, for columns that no symbol has by itself.
pub(crate) fn find_in_all(bars: &Bars, found: &mut Found) {
    let mut columns: BTreeMap<&str, Vec<&[f64]>> = BTreeMap::new();
    for raw in bars.series() {
        let of = Of { bars, raw, step: 0, limit: 0 };
        for column in own_columns(&of) {
            columns.entry(&column.name).or_default().push(&column.values);
        }
    }
    for (name, parts) in columns.into_iter().filter(|(_, parts)| parts.len() > 1) {
        let Some(all) = scaled(&parts) else { continue };
        if parts.iter().any(|part| scaled(&[part]).is_some()) {
            continue;
        }
        let raw = bars.series().iter().find(|raw| raw.column(name).is_some());
        let Some(raw) = raw else { continue };
        let of = Of { bars, raw, step: 0, limit: 0 };
        found.warn(&of, KIND, first_row(parts[0]), || {
            let symbols = counted(parts.len() as u64, "symbol");
            format!("{} {} over all rows of {symbols}", cut(name), all.text())
        });
    }
}

/// Describes the scaler that made all of these values.
fn scaled(parts: &[&[f64]]) -> Option<Scaled> {
    if !may_be(parts) {
        return None;
    }
    let all = Moments::of(parts);
    let rows = all.count;
    let least = [0.0, -1.0].into_iter().find(|end| (all.least - end).abs() <= AT_END);
    let scaled = if rows >= BARS as f64 && all.is_standard() {
        Scaled::Standard { mean: all.mean, std: (all.squares / rows).sqrt() }
    } else if let Some(least) = least
        && rows >= ENOUGH as f64
        && (all.greatest - 1.0).abs() <= AT_END
    {
        // A bounded indicator is at its ends again and again; a scaler is there once.
        let (mut at_ends, mut visits) = (0, 0);
        for part in parts {
            let is_end =
                |value: f64| (value - least).abs() <= AT_END || (value - 1.0).abs() <= AT_END;
            let mut last = None;
            for (row, _) in part.iter().enumerate().filter(|(_, value)| is_end(**value)) {
                at_ends += 1;
                visits += usize::from(last.is_none_or(|last| row - last > VISIT));
                last = Some(row);
            }
        }
        if at_ends as f64 > 2.0 + rows / 1_000.0 || visits > VISITS {
            return None;
        }
        Scaled::Range { least }
    } else {
        return None;
    };
    let is_class = || {
        let mut values = BTreeSet::new();
        let finite = parts.iter().flat_map(|part| part.iter()).filter(|value| value.is_finite());
        !finite.map(|value| value.to_bits()).any(|bits| {
            values.insert(bits);
            values.len() >= VALUES
        })
    };
    (!is_class() && !parts.iter().any(|part| is_wave(part))).then_some(scaled)
}

/// Tells by a few rows whether a column may be scaled: most are far from it.
fn may_be(parts: &[&[f64]]) -> bool {
    let rows: usize = parts.iter().map(|part| part.len()).sum();
    if rows < BARS {
        return false;
    }
    let every = rows.div_ceil(PROBES);
    let (mut sum, mut count, mut within) = (0.0, 0.0, true);
    for part in parts {
        for value in part.iter().step_by(every).filter(|value| value.is_finite()) {
            sum += value;
            count += 1.0;
            within &= value.abs() <= 1.0 + AT_END;
        }
    }
    count > 0.0 && (within || (sum / count).abs() < 0.5)
}

/// Tells whether values follow a sine or a line: each is its two neighbours' sum by one factor.
/// These are known at any time.
fn is_wave(values: &[f64]) -> bool {
    let triples = || values.windows(3).filter(|of| of[1].abs() > 0.1);
    let every = values.len().div_ceil(PROBES);
    let mut factors: Vec<f64> = triples()
        .step_by(every)
        .map(|of| (of[0] + of[2]) / of[1])
        .filter(|factor| factor.is_finite())
        .collect();
    let all = factors.len();
    let Some(factor) = super::super::median(&mut factors) else { return false };
    let follow = factors.iter().filter(|other| (*other - factor).abs() < 1e-6).count();
    all > 0 && follow as f64 >= WAVE * all as f64
}

/// The count, the mean, the sum of squared deviations, and the ends of finite values.
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
    least: f64,
    greatest: f64,
}

impl Moments {
    fn of(parts: &[&[f64]]) -> Self {
        let mut all = Self {
            count: 0.0,
            mean: 0.0,
            squares: 0.0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
        };
        let mut finite = Vec::with_capacity(512);
        for block in parts.iter().flat_map(|part| part.chunks(512)) {
            finite.clear();
            finite.extend(block.iter().copied().filter(|value| value.is_finite()));
            all.add(&finite);
        }
        all
    }

    /// Adds a block, whose deviations are taken from its own mean.
    fn add(&mut self, block: &[f64]) {
        if block.is_empty() {
            return;
        }
        let count = block.len() as f64;
        let mean = lanes(block, |value| value) / count;
        let squares = lanes(block, |value| (value - mean) * (value - mean));
        let all = self.count + count;
        let apart = mean - self.mean;
        self.mean += apart * count / all;
        self.squares += squares + apart * apart * self.count * count / all;
        self.count = all;
        for value in block {
            self.least = self.least.min(*value);
            self.greatest = self.greatest.max(*value);
        }
    }

    /// Tells whether the standard deviation is 1, of the values or as that of a sample.
    fn is_standard(&self) -> bool {
        let is_one = |count: f64| ((self.squares / count).sqrt() - 1.0).abs() <= NEAR;
        self.mean.abs() <= NEAR && (is_one(self.count) || is_one(self.count - 1.0))
    }
}

/// A sum in eight lanes, which a processor adds side by side.
fn lanes(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        for (lane, value) in lanes.iter_mut().zip(eight) {
            *lane += of(*value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| of(*value)).sum::<f64>()
}
