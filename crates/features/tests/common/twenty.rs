//! Features whose cost is measured.

/// Twenty features of all kinds.
pub(crate) const FEATURES: [&str; 20] = [
    "log(close / lag(close, 1))",
    "std(log(close / lag(close, 1)), 20)",
    "mean(close, 20) / close",
    "max(high, 50) / close",
    "ta.rsi(close, 14)",
    "rank(close, 100)",
    "quantile(close, 60, 0.8) / close",
    "corr(close, volume, 30)",
    "zscore(log1p(volume), 60)",
    "slope(close, 20) / close",
    "ema(close, 50) / close",
    "ewm_std(close, span=20) / close",
    "at('1h', close / mean(close, 24) - 1)",
    "at('1d', close / lag(close, 1) - 1)",
    "sin(2 * pi * time_of_day())",
    "close / vwap('1d') - 1",
    "skew(close / lag(close, 1), 200)",
    "ta.macd(close).macdhist",
    "argmax(high, 200)",
    "ta.atr(14) / close",
];
