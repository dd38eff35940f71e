//! Bars with columns that look ahead, and with columns that do not.

use std::fmt::Write;

/// Seconds since 1970 of the opens, and prices.
pub(crate) struct Prices {
    pub(crate) time: Vec<i64>,
    pub(crate) open: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) close: Vec<f64>,
}

pub(crate) type Columns = Vec<(&'static str, Vec<f64>)>;

/// Random numbers.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A normal one, nearly.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// A generated market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Market {
    pub(crate) rows: usize,
    /// Seconds from bar to bar.
    pub(crate) step: i64,
    /// The standard deviation of a return.
    pub(crate) moves: f64,
    /// The autocorrelation of returns.
    pub(crate) memory: f64,
    /// Half of the distance between bid and ask, as a part of the price.
    pub(crate) bounce: f64,
    /// The mean return.
    pub(crate) drift: f64,
    /// The part of bars that move five times as far.
    pub(crate) jumps: f64,
    /// The smallest step of a price.
    pub(crate) tick: f64,
}

pub(crate) const PLAIN: Market = Market {
    rows: 4_000,
    step: 3_600,
    moves: 0.01,
    memory: 0.0,
    bounce: 0.0,
    drift: 0.0,
    jumps: 0.0,
    tick: 1e-9,
};

/// Eight markets of different kinds.
pub(crate) const MARKETS: [Market; 8] = [
    PLAIN,
    Market { rows: 40_000, step: 60, moves: 0.0005, jumps: 0.02, ..PLAIN },
    Market { moves: 0.002, bounce: 0.0006, ..PLAIN },
    Market { memory: 0.1, ..PLAIN },
    Market { step: 60, moves: 0.0008, tick: 0.05, ..PLAIN },
    Market { rows: 1_500, step: 86_400, moves: 0.015, drift: 0.001, ..PLAIN },
    Market { rows: 2_000, jumps: 0.05, memory: -0.1, ..PLAIN },
    Market { rows: 50_000, step: 60, moves: 0.001, drift: -0.00001, ..PLAIN },
];

impl Market {
    pub(crate) fn prices(self, seed: u64) -> Prices {
        let mut random = Random(seed);
        let (mut fair, mut last_return) = (100.0, 0.0);
        let round = |price: f64| (price / self.tick).round() * self.tick;
        let mut prices = Prices::empty();
        for row in 0..self.rows {
            let far = if random.uniform() < self.jumps { 5.0 } else { 1.0 };
            last_return = self.memory * last_return + self.moves * far * random.normal();
            let open: f64 = *prices.close.last().unwrap_or(&round(fair));
            fair *= libm::exp(last_return + self.drift);
            let side = if random.uniform() < 0.5 { -1.0 } else { 1.0 };
            let close = round(fair * (1.0 + side * self.bounce));
            let spread = 1.0 + self.moves * random.uniform();
            prices.time.push(1_704_067_200 + self.step * row as i64);
            prices.open.push(open);
            prices.high.push(round(open.max(close) * spread));
            prices.low.push(round(open.min(close) / spread).min(open.min(close)));
            prices.close.push(close);
            let high = prices.high[row].max(open).max(close);
            prices.high[row] = high;
        }
        prices
    }
}

impl Prices {
    pub(crate) fn empty() -> Self {
        Self { time: vec![], open: vec![], high: vec![], low: vec![], close: vec![] }
    }

    pub(crate) fn rows(&self) -> usize {
        self.close.len()
    }

    /// The bars as CSV with these columns; NaN is an empty field.
    pub(crate) fn text(&self, columns: &[(&'static str, Vec<f64>)]) -> String {
        let mut text = String::from("time,open,high,low,close");
        columns.iter().for_each(|(name, _)| write!(text, ",{name}").unwrap());
        text.push('\n');
        for row in 0..self.rows() {
            let [open, high, low, close] =
                [&self.open, &self.high, &self.low, &self.close].map(|column| column[row]);
            write!(text, "{},{open},{high},{low},{close}", self.time[row]).unwrap();
            for (_, values) in columns {
                match values[row].is_nan() {
                    true => text.push(','),
                    false => write!(text, ",{}", values[row]).unwrap(),
                }
            }
            text.push('\n');
        }
        text
    }

    /// The return from row `a` to row `b`.
    fn change(&self, a: usize, b: usize) -> f64 {
        self.close[b] / self.close[a] - 1.0
    }

    /// A value of each row from those of a window that reaches so far back and ahead.
    fn windows(&self, back: usize, ahead: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        over(&self.close, back, ahead, of)
    }
}

pub(crate) fn over(
    values: &[f64],
    back: usize,
    ahead: usize,
    of: impl Fn(&[f64]) -> f64,
) -> Vec<f64> {
    let whole = |row: usize| row >= back && row + ahead < values.len();
    let value =
        |row: usize| if whole(row) { of(&values[row - back..=row + ahead]) } else { f64::NAN };
    (0..values.len()).map(value).collect()
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(crate) fn std(values: &[f64]) -> f64 {
    let mean = mean(values);
    mean_square(values, mean).sqrt()
}

fn mean_square(values: &[f64], mean: f64) -> f64 {
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn last(values: &[f64]) -> f64 {
    values[values.len() - 1]
}

fn ema(values: &[f64], span: f64) -> Vec<f64> {
    let mut before = values[0];
    let next = |value: &f64| {
        before += (value - before) * 2.0 / (span + 1.0);
        before
    };
    values.iter().map(next).collect()
}

/// Wilder's.
pub(crate) fn rsi(close: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; close.len()];
    let (mut up, mut down) = (0.0, 0.0);
    for row in 1..close.len() {
        let step = close[row] - close[row - 1];
        up += (step.max(0.0) - up) / 14.0;
        down += ((-step).max(0.0) - down) / 14.0;
        if row >= 14 && up + down > 0.0 {
            out[row] = 100.0 * up / (up + down);
        }
    }
    out
}

/// Scaled to a mean of 0 and a standard deviation of 1 over all rows with a value.
pub(crate) fn standardised(values: &[f64]) -> Vec<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let (mean, std) = (mean(&known), std(&known));
    values.iter().map(|value| (value - mean) / std).collect()
}

/// Columns that know later bars, and the kind that they are found as.
pub(crate) fn leaks(prices: &Prices) -> Vec<(&'static str, &'static str, Vec<f64>)> {
    let (rows, close) = (prices.rows(), &prices.close);
    let ahead = |bars: usize, of: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..rows).map(|row| if row + bars < rows { of(row) } else { f64::NAN }).collect()
    };
    let rsi = rsi(close);
    let day = |row: usize| row + 23 - row % 24;
    let mut random = Random(99);
    let noisy: Vec<f64> = ahead(1, &|row| prices.change(row, row + 1))
        .iter()
        .map(|v| v + 0.5 * std_of(prices) * random.normal())
        .collect();
    vec![
        ("next_close", "leak_copy", ahead(1, &|row| close[row + 1])),
        ("close_in_3", "leak_copy", ahead(3, &|row| close[row + 3])),
        ("next_high", "leak_copy", ahead(1, &|row| prices.high[row + 1])),
        ("low_in_10", "leak_copy", ahead(10, &|row| prices.low[row + 10])),
        ("close_as_f32", "leak_copy", ahead(1, &|row| f64::from(close[row + 1] as f32))),
        ("next_return", "leak_copy", ahead(1, &|row| prices.change(row, row + 1))),
        ("next_log", "leak_copy", ahead(1, &|row| libm::log(close[row + 1] / close[row]))),
        ("step_in_4", "leak_copy", ahead(4, &|row| prices.change(row + 3, row + 4))),
        ("over_5", "leak_copy", ahead(5, &|row| prices.change(row, row + 5))),
        ("over_20", "leak_correlation", ahead(20, &|row| prices.change(row, row + 20))),
        (
            "percent",
            "leak_correlation",
            ahead(1, &|row| (1e4 * prices.change(row, row + 1)).round() / 100.0),
        ),
        ("noisy", "leak_correlation", noisy),
        (
            "up_next",
            "leak_correlation",
            ahead(1, &|row| f64::from(u8::from(close[row + 1] > close[row]))),
        ),
        ("centred_5", "leak_correlation", prices.windows(2, 2, mean)),
        ("centred_21", "leak_correlation", prices.windows(10, 10, mean)),
        (
            "centred_z",
            "leak_correlation",
            prices.windows(10, 10, |window| (window[10] - mean(window)) / std(window).max(1e-9)),
        ),
        (
            "best_of_5",
            "leak_correlation",
            over(&prices.high, 0, 5, |window| greatest(&window[1..])),
        ),
        ("days_close", "leak_correlation", ahead(24, &|row| close[day(row)])),
        ("rsi_ahead", "leak_correlation", ahead(1, &|row| rsi[row + 1])),
        ("rsi_smoothed", "leak_correlation", over(&rsi, 2, 2, mean)),
        ("scaled_returns", "leak_scaler", standardised(&over(close, 1, 0, |w| w[1] / w[0] - 1.0))),
        ("scaled_close", "leak_scaler", standardised(close)),
        ("scaled_range", "leak_scaler", {
            let (least, greatest) = (least(close), greatest(close));
            close.iter().map(|value| (value - least) / (greatest - least)).collect()
        }),
        ("scaled_both", "leak_scaler", {
            let (least, greatest) = (least(close), greatest(close));
            close.iter().map(|value| 2.0 * (value - least) / (greatest - least) - 1.0).collect()
        }),
    ]
}

fn std_of(prices: &Prices) -> f64 {
    let steps: Vec<f64> = (1..prices.rows()).map(|row| prices.change(row - 1, row)).collect();
    std(&steps)
}

/// Columns that know nothing of later bars.
pub(crate) fn sound(prices: &Prices, seed: u64) -> Columns {
    let (rows, close) = (prices.rows(), &prices.close);
    let each = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..rows).map(of).collect() };
    let mut random = Random(seed);
    let macd: Vec<f64> =
        ema(close, 12.0).iter().zip(ema(close, 26.0)).map(|(a, b)| a - b).collect();
    let signal = ema(&macd, 9.0);
    let (mut level, mut rate) = (0.0001, 0.0001);
    let funding = each_mut(rows, |row| {
        level += 0.1 * (0.0001 - level) + 0.00003 * random.normal();
        if row % 8 == 0 {
            rate = (level * 1e6).round() / 1e6;
        }
        rate
    });
    let stochastic = |window: &[f64]| {
        let (least, greatest) = (least(window), greatest(window));
        if greatest > least { (last(window) - least) / (greatest - least) } else { 0.5 }
    };
    let rank = |window: &[f64]| {
        let below = window.iter().filter(|value| **value < last(window)).count();
        below as f64 / (window.len() - 1) as f64
    };
    let z = |window: &[f64]| (last(window) - mean(window)) / std(window).max(1e-12);
    let seconds = |row: usize| prices.time[row] as f64;
    let tau = 2.0 * std::f64::consts::PI;
    let returns = over(close, 1, 0, |w| w[1] / w[0] - 1.0);
    let mut sum = 0.0;
    let cumulated = returns
        .iter()
        .map(|r| {
            sum += if r.is_nan() { 0.0 } else { *r };
            sum
        })
        .collect();
    let mut peak = 0.0_f64;
    let drawdown = close
        .iter()
        .map(|c| {
            peak = peak.max(*c);
            c / peak - 1.0
        })
        .collect();
    vec![
        ("rsi", rsi(close)),
        ("rsi_share", rsi(close).iter().map(|value| value / 100.0).collect()),
        ("macd", macd.clone()),
        ("macd_signal", signal.clone()),
        ("macd_histogram", macd.iter().zip(&signal).map(|(a, b)| a - b).collect()),
        ("funding", funding),
        ("z_20", prices.windows(19, 0, z)),
        ("z_100", prices.windows(99, 0, z)),
        ("z_2", prices.windows(1, 0, z)),
        ("stochastic_14", prices.windows(13, 0, stochastic)),
        ("stochastic_200", prices.windows(199, 0, stochastic)),
        ("both_14", prices.windows(13, 0, |window| 2.0 * stochastic(window) - 1.0)),
        ("rank_100", prices.windows(99, 0, rank)),
        ("day_of_week", each(&|row| ((seconds(row) / 86_400.0).floor() + 3.0).rem_euclid(7.0))),
        ("hour_sine", each(&|row| libm::sin(tau * (seconds(row) / 86_400.0).fract()))),
        (
            "hour_root_sine",
            each(&|row| std::f64::consts::SQRT_2 * libm::sin(tau * (row % 1_000) as f64 / 1_000.0)),
        ),
        ("trend", each(&|row| row as f64 / (rows - 1) as f64)),
        ("rose", each(&|row| f64::from(u8::from(close[row] > prices.open[row])))),
        ("sides", each(&|row| if row % 2 == 0 { 1.0 } else { -1.0 })),
        ("rare", each(&|row| f64::from(u8::from(row % 500 == 7)))),
        ("constant", vec![3.5; rows]),
        ("mean_20", prices.windows(19, 0, mean)),
        ("mean_200", prices.windows(199, 0, mean)),
        ("highest_20", over(&prices.high, 19, 0, greatest)),
        ("close_again", close.clone()),
        ("close_before", over(close, 1, 0, |window| window[0])),
        ("adjusted", close.iter().map(|value| 0.93 * value).collect()),
        ("vwap", each(&|row| (prices.high[row] + prices.low[row] + close[row]) / 3.0)),
        ("middle", each(&|row| f64::midpoint(prices.high[row], prices.low[row]))),
        ("momentum_5", over(close, 5, 0, |window| last(window) / window[0] - 1.0)),
        ("momentum_60", over(close, 60, 0, |window| last(window) / window[0] - 1.0)),
        ("volatility", over(&returns, 20, 0, |window| std(&window[1..]))),
        ("cumulated", cumulated),
        ("drawdown", drawdown),
        ("noise", each_mut(rows, |_| random.normal())),
        ("returns", returns),
    ]
}

fn each_mut(rows: usize, of: impl FnMut(usize) -> f64) -> Vec<f64> {
    (0..rows).map(of).collect()
}
