//! Functions that TA-Lib computes with the platform's logarithm, exponential and sine, which differ
//! between systems. They are here with `libm`, and with TA-Lib's parameters and lookbacks.

use std::collections::VecDeque;
use std::f64::consts::PI;

use ta_lib::RetCode;

use super::handles::{Handle, Live, OUTPUTS};

/// A function of the last rows: the parameters, and a slice for each input that ends with the
/// current row and has the rows of the lookback before it.
pub(super) type Window = fn(&[f64], &[&[f64]]) -> f64;

/// The function of the last rows with a name in TA-Lib's table, if it is here.
pub(super) fn window(name: &str) -> Option<Window> {
    Some(match name {
        "ALMA" => alma,
        "CHOP" => |_, rows| choppiness(rows, false),
        "CHOPTR" => |_, rows| choppiness(rows, true),
        "ROGERSSATCHELL" => rogers_satchell,
        _ => return None,
    })
}

/// The state before the first row of the recursive function with a name in TA-Lib's table, if it is
/// here.
pub(super) fn state(name: &str, params: &[f64]) -> Option<Handle> {
    Some(match name {
        "FISHER" => Handle::new(Fisher::new(params)),
        "FRAMA" => Handle::new(Frama::new(params)),
        "PSO" => Handle::new(Pso::new(params)),
        "SWAK_2PHP" | "SWAK_BP" | "SWAK_BUTTER" | "SWAK_GAUSS" | "SWAK_HP" => {
            Handle::new(Filter::new(name, params))
        }
        _ => return None,
    })
}

/// The average with Gaussian weights of Arnaud Legoux. The peak lies at `offset` of the window, and
/// `sigma` of its widths fit in it.
fn alma(params: &[f64], rows: &[&[f64]]) -> f64 {
    let &[n, sigma, offset] = params else { unreachable!("three parameters") };
    let peak = (offset * (n - 1.0)).floor();
    let width = n / sigma;
    let (mut sum, mut weights) = (0.0, 0.0);
    for (i, &x) in rows[0].iter().enumerate() {
        let distance = i as f64 - peak;
        let weight = libm::exp(-(distance * distance) / (2.0 * width * width));
        sum += weight * x;
        weights += weight;
    }
    sum / weights
}

/// The choppiness index: the logarithm of a quotient, in percent of the period's logarithm.
/// The quotient is the sum of true ranges over the height of the window. The height is of highs and
/// lows, or of true highs and true lows.
fn choppiness(rows: &[&[f64]], true_heights: bool) -> f64 {
    let &[high, low, close] = rows else { unreachable!("three inputs") };
    let (mut highest, mut lowest, mut sum) = (f64::MIN, f64::MAX, 0.0);
    for row in 1..high.len() {
        let true_high = high[row].max(close[row - 1]);
        let true_low = low[row].min(close[row - 1]);
        sum += true_high - true_low;
        highest = highest.max(if true_heights { true_high } else { high[row] });
        lowest = lowest.min(if true_heights { true_low } else { low[row] });
    }
    if highest <= lowest || sum <= 0.0 {
        return 100.0;
    }
    let period = (high.len() - 1) as f64;
    100.0 * (libm::log10(sum / (highest - lowest)) / libm::log10(period))
}

/// The volatility of Rogers and Satchell (1991), equation 2, times the root of the annualization.
fn rogers_satchell(params: &[f64], rows: &[&[f64]]) -> f64 {
    let &[open, high, low, close] = rows else { unreachable!("four inputs") };
    let mut sum = 0.0;
    for row in 0..open.len() {
        let (o, h, l, c) = (open[row], high[row], low[row], close[row]);
        if [o, h, l, c].iter().all(|&price| price > 0.0) {
            sum += libm::log(h / c) * libm::log(h / o) + libm::log(l / c) * libm::log(l / o);
        }
    }
    params[1].sqrt() * (sum.max(0.0) / open.len() as f64).sqrt()
}

/// The last values of a column.
#[derive(Debug, Clone)]
struct Last {
    values: VecDeque<f64>,
    count: usize,
}

impl Last {
    fn new(count: usize) -> Self {
        Self { values: VecDeque::with_capacity(count), count }
    }

    fn push(&mut self, value: f64) {
        if self.values.len() == self.count {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    fn is_full(&self) -> bool {
        self.values.len() == self.count
    }
}

fn highest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(f64::MIN, |a, &b| a.max(b))
}

fn lowest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(f64::MAX, |a, &b| a.min(b))
}

/// The place of a value between two bounds, 0 to 1, or `flat` where these are equal but for
/// rounding.
fn place(value: f64, low: f64, high: f64, flat: f64) -> f64 {
    let height = high - low;
    if height.abs() <= 1e-14 * (high.abs() + low.abs()) { flat } else { (value - low) / height }
}

/// The Fisher transform of Ehlers.
#[derive(Debug, Clone)]
struct Fisher {
    middles: Last,
    smoothed: f64,
    before: f64,
}

impl Fisher {
    fn new(params: &[f64]) -> Self {
        Self { middles: Last::new(params[0] as usize), smoothed: 0.0, before: 0.0 }
    }
}

impl Live for Fisher {
    fn update(&mut self, row: &[f64], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode> {
        let middle = (row[0] + row[1]) / 2.0;
        self.middles.push(middle);
        if self.middles.is_full() {
            let (low, high) = (lowest(&self.middles.values), highest(&self.middles.values));
            let place = place(middle, low, high, 0.5);
            let smoothed = 0.67 * self.smoothed + 0.33 * 2.0 * (place - 0.5);
            self.smoothed = match smoothed {
                x if x > 0.99 => 0.999,
                x if x < -0.99 => -0.999,
                x => x,
            };
            let ratio = (1.0 + self.smoothed) / (1.0 - self.smoothed);
            let now = 0.5 * libm::log(ratio) + 0.5 * self.before;
            (outputs[0], outputs[1]) = (now, self.before);
            self.before = now;
        }
        Ok(())
    }

    fn copy(&self) -> Handle {
        Handle::new(self.clone())
    }
}

/// The fractal adaptive moving average of Ehlers.
#[derive(Debug, Clone)]
struct Frama {
    highs: Last,
    lows: Last,
    average: Option<f64>,
}

impl Frama {
    fn new(params: &[f64]) -> Self {
        let period = params[0] as usize;
        Self { highs: Last::new(period), lows: Last::new(period), average: None }
    }
}

impl Live for Frama {
    fn update(&mut self, row: &[f64], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode> {
        let was_full = self.highs.is_full();
        self.highs.push(row[0]);
        self.lows.push(row[1]);
        let price = (row[0] + row[1]) / 2.0;
        let (highs, lows) = (&self.highs.values, &self.lows.values);
        let half = self.highs.count / 2;
        let mut average = price;
        if let Some(before) = self.average.filter(|_| was_full) {
            let newer = highest(highs.range(half..)) - lowest(lows.range(half..));
            let older = highest(highs.range(..half)) - lowest(lows.range(..half));
            let whole = highest(highs) - lowest(lows);
            if newer > 0.0 && older > 0.0 && newer + older > whole {
                // The dimension is log2((newer + older) / whole) + 1.
                let dimension = libm::log((newer + older) / whole) / std::f64::consts::LN_2;
                let alpha = libm::exp(-4.6 * dimension);
                average = (1.0 - alpha) * before + alpha * price;
            }
        }
        self.average = Some(average);
        outputs[0] = average;
        Ok(())
    }

    fn copy(&self) -> Handle {
        Handle::new(self.clone())
    }
}

/// An exponential average that begins with the mean of its first values.
#[derive(Debug, Clone)]
struct Average {
    period: f64,
    count: f64,
    value: f64,
}

impl Average {
    fn new(period: f64) -> Self {
        Self { period, count: 0.0, value: 0.0 }
    }

    fn push(&mut self, value: f64) -> Option<f64> {
        if self.count < self.period {
            self.count += 1.0;
            self.value += value;
            if self.count < self.period {
                return None;
            }
            self.value /= self.period;
        } else {
            let keep = (self.period - 1.0) / (self.period + 1.0);
            self.value = keep * self.value + (1.0 - keep) * value;
        }
        Some(self.value)
    }
}

/// The premier stochastic oscillator.
#[derive(Debug, Clone)]
struct Pso {
    highs: Last,
    lows: Last,
    averages: [Average; 2],
}

impl Pso {
    fn new(params: &[f64]) -> Self {
        let period = params[0] as usize;
        Self {
            highs: Last::new(period),
            lows: Last::new(period),
            averages: [Average::new(params[1]), Average::new(params[1])],
        }
    }
}

impl Live for Pso {
    fn update(&mut self, row: &[f64], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode> {
        self.highs.push(row[0]);
        self.lows.push(row[1]);
        if self.highs.is_full() {
            let (low, high) = (lowest(&self.lows.values), highest(&self.highs.values));
            let centred = 0.1 * (100.0 * place(row[2], low, high, 0.5) - 50.0);
            let [first, second] = &mut self.averages;
            if let Some(value) = first.push(centred).and_then(|value| second.push(value)) {
                outputs[0] = libm::tanh(0.5 * value);
            }
        }
        Ok(())
    }

    fn copy(&self) -> Handle {
        Handle::new(self.clone())
    }
}

/// A filter of Ehlers' Swiss army knife indicator: a linear recursion over two inputs and two
/// outputs. It begins in the steady state of its first input.
#[derive(Debug, Clone)]
struct Filter {
    gain: f64,
    /// Weights of the inputs, newest first.
    inputs: [f64; 3],
    /// Weights of the outputs before, newest first.
    outputs: [f64; 2],
    /// Inputs and outputs of the last two rows, newest first.
    before: Option<([f64; 2], [f64; 2])>,
}

impl Filter {
    fn new(name: &str, params: &[f64]) -> Self {
        let period = params[0];
        // Two poles at one place: Figure 5 of the article, with 1 - cos w as 2 sin(w/2)^2.
        let sine = libm::sin(PI / period);
        let beta = 2.415 * (2.0 * sine * sine);
        let alpha = (beta * beta + 2.0 * beta).sqrt() - beta;
        let rest = 1.0 - alpha;
        let poles = [2.0 * rest, -(rest * rest)];
        let (gain, inputs, outputs) = match name {
            "SWAK_BUTTER" => (alpha * alpha / 4.0, [1.0, 2.0, 1.0], poles),
            "SWAK_GAUSS" => (alpha * alpha, [1.0, 0.0, 0.0], poles),
            "SWAK_2PHP" => ((1.0 - alpha / 2.0) * (1.0 - alpha / 2.0), [1.0, -2.0, 1.0], poles),
            "SWAK_HP" => {
                let cosine = libm::cos(PI / period);
                let alpha = 2.0 * sine * (cosine - sine) / (1.0 - 2.0 * sine * sine);
                (1.0 - alpha / 2.0, [1.0, -1.0, 0.0], [1.0 - alpha, 0.0])
            }
            _ => {
                let width = 4.0 * PI * params[1] / period;
                let alpha = (1.0 - libm::sin(width)) / libm::cos(width);
                let centre = libm::cos(2.0 * PI / period);
                ((1.0 - alpha) / 2.0, [1.0, 0.0, -1.0], [centre * (1.0 + alpha), -alpha])
            }
        };
        Self { gain, inputs, outputs, before: None }
    }
}

impl Live for Filter {
    fn update(&mut self, row: &[f64], outputs: &mut [f64; OUTPUTS]) -> Result<(), RetCode> {
        let x = row[0];
        // A constant passes whole, or not at all.
        let passes = self.inputs.iter().sum::<f64>() != 0.0;
        let steady = if passes { x } else { 0.0 };
        let ([x1, x2], [y1, y2]) = self.before.unwrap_or(([x; 2], [steady; 2]));
        let [b0, b1, b2] = self.inputs;
        let [a1, a2] = self.outputs;
        let y = a1 * y1 + (a2 * y2 + self.gain * (b0 * x + b1 * x1 + b2 * x2));
        self.before = Some(([x, x1], [y, y1]));
        outputs[0] = y;
        Ok(())
    }

    fn copy(&self) -> Handle {
        Handle::new(self.clone())
    }
}
