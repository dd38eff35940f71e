//! The memory of a function, row by row.

use super::Recursive;

/// The memory of a function after some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    function: Recursive,
    memory: Memory,
}

/// The numbers of a state, to be stored and restored bit by bit.
pub type Saved = [u64; 5];

/// The memory of each function. NaN stands for a value that is not there yet.
#[derive(Clone, Debug, PartialEq)]
enum Memory {
    /// The rows of the seed so far, their sum, and the average once there is one.
    Ema { seen: u64, value: f64 },
    /// The weight of the mean against that of a new row, and the mean.
    Mean { weight: f64, mean: f64 },
    /// The last present value, the mean less that value, the variance, and the weights.
    Std { last: f64, mean: f64, variance: f64, weights: Weights },
    /// The last present value and the moves since the last events.
    Cusum { last: f64, up: f64, down: f64 },
    /// The sum, and what its rounding lost.
    Sum { sum: f64, lost: f64 },
}

/// The weights of a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weights {
    /// The weight of the past against that of a new row.
    old: f64,
    /// The sum of squared weights, relative to the square of their sum.
    squares: f64,
}

impl State {
    pub(super) fn new(function: Recursive) -> Self {
        let nan = f64::NAN;
        let memory = match function {
            Recursive::Ema { .. } => Memory::Ema { seen: 0, value: 0.0 },
            Recursive::EwmMean { .. } => Memory::Mean { weight: 1.0, mean: nan },
            Recursive::EwmStd { .. } => Memory::Std {
                last: nan,
                mean: 0.0,
                variance: 0.0,
                weights: Weights { old: 1.0, squares: 1.0 },
            },
            Recursive::Cusum { .. } => Memory::Cusum { last: nan, up: 0.0, down: 0.0 },
            Recursive::CumSum => Memory::Sum { sum: 0.0, lost: 0.0 },
        };
        Self { function, memory }
    }

    /// Takes the next row and gives its value.
    pub fn push(&mut self, x: f64) -> f64 {
        let present = x.is_finite();
        let value = match (self.function, &mut self.memory) {
            (Recursive::Ema { rows }, Memory::Ema { seen, value }) => {
                if !present {
                    (*seen, *value) = (0, 0.0);
                    return f64::NAN;
                }
                let rows_f64 = rows as f64;
                if *seen < rows as u64 {
                    *seen += 1;
                    *value += x;
                    if *seen < rows as u64 {
                        return f64::NAN;
                    }
                    *value /= rows_f64;
                } else {
                    *value += (x - *value) * (2.0 / (rows_f64 + 1.0));
                }
                *value
            }
            (Recursive::EwmMean { alpha }, Memory::Mean { weight, mean }) => {
                if mean.is_nan() {
                    *mean = if present { x } else { f64::NAN };
                    return *mean;
                }
                *weight *= 1.0 - alpha;
                if present {
                    *mean += (x - *mean) * (alpha / (*weight + alpha));
                    *weight = 1.0;
                }
                *mean
            }
            (
                Recursive::EwmStd { alpha },
                Memory::Std { last, mean, variance, weights: Weights { old, squares } },
            ) => {
                if last.is_nan() {
                    *last = if present { x } else { f64::NAN };
                    return f64::NAN;
                }
                *old *= 1.0 - alpha;
                if present {
                    let sum = *old + alpha;
                    let (past, new) = (*old / sum, alpha / sum);
                    // Means are relative to the last value, so the size of the values cancels.
                    let before = *mean + (*last - x);
                    let after = past * before;
                    let moved = before - after;
                    *variance = past * (*variance + moved * moved) + new * (after * after);
                    *squares = past * past * *squares + new * new;
                    (*last, *mean, *old) = (x, after, 1.0);
                }
                let unbiased = 1.0 - *squares;
                if unbiased > 0.0 { (*variance / unbiased).sqrt() } else { f64::NAN }
            }
            (Recursive::Cusum { threshold }, Memory::Cusum { last, up, down }) => {
                if !present {
                    return f64::NAN;
                }
                let step = if last.is_nan() { 0.0 } else { x - *last };
                *last = x;
                *up = (*up + step).max(0.0);
                *down = (*down + step).min(0.0);
                if *down < -threshold {
                    *down = 0.0;
                    -1.0
                } else if *up > threshold {
                    *up = 0.0;
                    1.0
                } else {
                    0.0
                }
            }
            (Recursive::CumSum, Memory::Sum { sum, lost }) => {
                if !present {
                    return f64::NAN;
                }
                // Neumaier's sum.
                let total = *sum + x;
                let larger = sum.abs() >= x.abs();
                *lost += if larger { *sum - total + x } else { x - total + *sum };
                *sum = total;
                total + *lost
            }
            _ => unreachable!("a state has the memory of its function"),
        };
        if value.is_finite() { value } else { f64::NAN }
    }

    /// The numbers of the state.
    #[must_use]
    pub fn save(&self) -> Saved {
        let bits = |numbers: [f64; 5]| numbers.map(f64::to_bits);
        match self.memory {
            Memory::Ema { seen, value } => [seen, value.to_bits(), 0, 0, 0],
            Memory::Mean { weight, mean } => bits([weight, mean, 0.0, 0.0, 0.0]),
            Memory::Std { last, mean, variance, weights } => {
                bits([last, mean, variance, weights.old, weights.squares])
            }
            Memory::Cusum { last, up, down } => bits([last, up, down, 0.0, 0.0]),
            Memory::Sum { sum, lost } => bits([sum, lost, 0.0, 0.0, 0.0]),
        }
    }

    /// The state of a function that [`State::save`] gave numbers of.
    #[must_use]
    pub fn restore(function: Recursive, saved: Saved) -> Self {
        let [a, b, c, d, e] = saved.map(f64::from_bits);
        let memory = match function {
            Recursive::Ema { .. } => Memory::Ema { seen: saved[0], value: b },
            Recursive::EwmMean { .. } => Memory::Mean { weight: a, mean: b },
            Recursive::EwmStd { .. } => {
                let weights = Weights { old: d, squares: e };
                Memory::Std { last: a, mean: b, variance: c, weights }
            }
            Recursive::Cusum { .. } => Memory::Cusum { last: a, up: b, down: c },
            Recursive::CumSum => Memory::Sum { sum: a, lost: b },
        };
        Self { function, memory }
    }
}
