//! Bars, parameters and calls for tests.

use barloom_features::ta::{AVERAGES, Allowed, Indicator, Input};

/// Bars in columns.
#[derive(Clone, Default)]
pub(crate) struct Bars {
    pub(crate) open: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) close: Vec<f64>,
    pub(crate) volume: Vec<f64>,
}

/// The kind of generated bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A random walk with all digits.
    Walk,
    /// Prices on a coarse grid, so with many ties, and volumes that are often 0.
    Ties,
    /// Small moves of large prices.
    Large,
    /// A random walk with spikes of 1e6 and 1e15 in one column or all.
    Spikes,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Walk, Kind::Ties, Kind::Large, Kind::Spikes];

/// Generated bars.
pub(crate) fn bars(rows: usize, seed: u64, kind: Kind) -> Bars {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut bars = Bars::default();
    let mut price = 100.0;
    for row in 0..rows {
        let open: f64 = price * (1.0 + 0.004 * (random() - 0.5));
        let close = open * (1.0 + 0.02 * (random() - 0.5));
        let high = open.max(close) * (1.0 + 0.005 * random());
        let low = open.min(close) * (1.0 - 0.005 * random());
        let mut bar = [open, high, low, close, 1.0 + 1000.0 * random()];
        price = close;
        match kind {
            Kind::Walk => (),
            Kind::Ties => {
                bar = bar.map(|x| (x * 4.0).round() / 4.0);
                bar[4] = (bar[4] / 400.0).round();
            }
            Kind::Large => bar[..4].iter_mut().for_each(|x| *x = 1e9 + *x * 1e-3),
            Kind::Spikes => {
                if row % 97 == 60 {
                    bar[row % 5] = if row % 2 == 0 { 1e6 } else { 1e15 };
                }
                if row % 487 == 200 {
                    bar = [1e15, 3e14, 1e6, 7e14, 1e15];
                }
            }
        }
        bars.open.push(bar[0]);
        bars.high.push(bar[1]);
        bars.low.push(bar[2]);
        bars.close.push(bar[3]);
        bars.volume.push(bar[4]);
    }
    bars
}

impl Bars {
    pub(crate) fn columns(&mut self) -> [&mut Vec<f64>; 5] {
        [&mut self.open, &mut self.high, &mut self.low, &mut self.close, &mut self.volume]
    }

    /// The inputs of an indicator. Column arguments are closes, the second one opens.
    pub(crate) fn inputs(&self, indicator: &Indicator) -> Vec<&[f64]> {
        let column = |input: &Input| match input {
            Input::Open => &self.open[..],
            Input::High => &self.high,
            Input::Low => &self.low,
            Input::Close => &self.close,
            Input::Volume => &self.volume,
            Input::Column(name) if name == "real1" => &self.open,
            Input::Column(_) => &self.close,
        };
        indicator.inputs().iter().map(column).collect()
    }
}

/// The outputs over the inputs.
pub(crate) fn compute(indicator: &Indicator, params: &[f64], inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut outputs = vec![vec![0.0; inputs[0].len()]; indicator.outputs().len()];
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(|o| &mut o[..]).collect();
    indicator.compute(params, inputs, &mut slices).unwrap();
    outputs
}

/// The default parameters, shorter and longer ones, and each kind of average in each place and in
/// all.
pub(crate) fn parameter_sets(indicator: &Indicator) -> Vec<Vec<f64>> {
    let defaults = indicator.defaults();
    let mut sets = vec![defaults.clone()];
    for factor in [0.5, 3.0] {
        let scaled = indicator.parameters().iter().map(|p| match p.allowed {
            Allowed::Integer { min, max } => (p.default * factor).round().clamp(min, max),
            Allowed::Real { min, max } => (p.default * factor).clamp(min, max),
            Allowed::Average => p.default,
        });
        sets.push(scaled.collect());
    }
    let averages: Vec<usize> = (0..defaults.len())
        .filter(|&i| indicator.parameters()[i].allowed == Allowed::Average)
        .collect();
    for (_, number) in AVERAGES {
        let mut all = defaults.clone();
        for &i in &averages {
            let mut one = defaults.clone();
            one[i] = number;
            sets.push(one);
            all[i] = number;
        }
        sets.push(all);
    }
    sets.sort_by(|a, b| a.partial_cmp(b).unwrap());
    sets.dedup();
    sets
}

/// The median of the absolute values that are not NaN, or 0.
pub(crate) fn usual_size(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

/// The difference of two values, relative to the larger and to the output's usual size. Infinite if
/// one of the two is NaN.
pub(crate) fn difference(a: f64, b: f64, usual: f64) -> f64 {
    if a == b || a.is_nan() && b.is_nan() {
        0.0
    } else if a.is_nan() || b.is_nan() {
        f64::INFINITY
    } else {
        (a - b).abs() / a.abs().max(b.abs()).max(usual)
    }
}

/// The bits of values.
pub(crate) fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}
