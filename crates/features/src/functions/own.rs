//! Barloom's own functions.

use barloom_bars::Across;

use super::{Argument, Code, Function, Group, Takes};
use crate::calendar::{Calendar, Hours};
use crate::map::Map;
use crate::rolling::Rolling;

const fn must(name: &'static str, takes: Takes) -> Argument {
    Argument { name, takes, optional: false }
}

const fn may(name: &'static str, takes: Takes) -> Argument {
    Argument { name, takes, optional: true }
}

const X: Argument = must("x", Takes::Column);
const A: Argument = must("a", Takes::Column);
const B: Argument = must("b", Takes::Column);
const ROWS: Argument = must("n", Takes::Rows(1));
const LEAST: Argument = may("min_periods", Takes::Rows(1));
const ZONE: Argument = may("tz", Takes::Text);
const SESSION: Argument = may("session", Takes::Text);
const OF_TWO: &[Argument] = &[X, must("y", Takes::Column), ROWS, LEAST];
const OF_ONE: &[Argument] = &[X, ROWS, LEAST];
const BY: Argument = may("by", Takes::Text);

const fn map(
    name: &'static str,
    arguments: &'static [Argument],
    code: Map,
    doc: &'static str,
    example: &'static str,
) -> Function {
    Function { name, group: Group::Elementwise, arguments, doc, example, code: Code::Map(code) }
}

const fn rolling(
    name: &'static str,
    code: Rolling,
    doc: &'static str,
    example: &'static str,
) -> Function {
    let arguments = match code {
        Rolling::Corr | Rolling::Cov => OF_TWO,
        _ => OF_ONE,
    };
    Function { name, group: Group::Rolling, arguments, doc, example, code: Code::Rolling(code) }
}

const fn other(
    group: Group,
    name: &'static str,
    arguments: &'static [Argument],
    code: Code,
    doc: &'static str,
    example: &'static str,
) -> Function {
    Function { name, group, arguments, doc, example, code }
}

/// Barloom's own functions, in the order of the documentation.
pub const OWN: &[Function] = &[
    map("abs", &[X], Map::Abs, "The absolute value.", "abs(close - open)"),
    map("sign", &[X], Map::Sign, "1, 0 or -1.", "sign(close - open)"),
    map("log", &[X], Map::Log, "The natural logarithm; missing at 0 and below.", "log(close)"),
    map("log1p", &[X], Map::Log1p, "log(1 + x); missing at -1 and below.", "log1p(volume)"),
    map("exp", &[X], Map::Exp, "e to the power x.", "exp(close / open - 1)"),
    map("sqrt", &[X], Map::Sqrt, "The square root; missing below 0.", "sqrt(volume)"),
    map("tanh", &[X], Map::Tanh, "The hyperbolic tangent.", "tanh(close / open - 1)"),
    map("sin", &[X], Map::Sin, "The sine of x radians.", "sin(2 * pi * time_of_day())"),
    map("cos", &[X], Map::Cos, "The cosine of x radians.", "cos(2 * pi * time_of_day())"),
    map(
        "greatest",
        &[A, B],
        Map::Greatest,
        "The larger of two values; missing where one is.",
        "greatest(open, close)",
    ),
    map(
        "least",
        &[A, B],
        Map::Least,
        "The smaller of two values; missing where one is.",
        "least(open, close)",
    ),
    map(
        "clip",
        &[X, must("low", Takes::Column), must("high", Takes::Column)],
        Map::Clip,
        "least(greatest(x, low), high).",
        "clip(close / open - 1, -0.01, 0.01)",
    ),
    map(
        "where",
        &[must("condition", Takes::Column), A, B],
        Map::Where,
        "a where the condition is not 0, else b; missing where the condition is.",
        "where(close > open, volume, -volume)",
    ),
    other(
        Group::Elementwise,
        "coalesce",
        &[X, must("others", Takes::Columns)],
        Code::Coalesce,
        "The first value that is not missing.",
        "coalesce(log(close - open), 0)",
    ),
    other(
        Group::Earlier,
        "lag",
        &[X, must("n", Takes::Rows(0))],
        Code::Lag,
        "The value n rows before.",
        "lag(close, 3)",
    ),
    other(Group::Earlier, "delta", &[X, ROWS], Code::Delta, "x - lag(x, n).", "delta(close, 3)"),
    rolling("sum", Rolling::Sum, "The sum.", "sum(volume, 20)"),
    rolling("mean", Rolling::Mean, "The arithmetic mean.", "mean(close, 20)"),
    rolling(
        "std",
        Rolling::Std,
        "The standard deviation with n - 1 in the denominator; missing for one value.",
        "std(close, 20)",
    ),
    rolling("var", Rolling::Var, "The square of std, computed first.", "var(close, 20)"),
    rolling("min", Rolling::Min, "The least value.", "min(low, 20)"),
    rolling("max", Rolling::Max, "The greatest value.", "max(high, 20)"),
    rolling("median", Rolling::Median, "The median: quantile with q = 0.5.", "median(close, 20)"),
    other(
        Group::Rolling,
        "quantile",
        &[X, ROWS, must("q", Takes::Number), LEAST],
        Code::Quantile,
        "The q-quantile of the values, linear between the two at q (k - 1), 0 <= q <= 1.",
        "quantile(close, 20, 0.8)",
    ),
    rolling(
        "rank",
        Rolling::Rank,
        "The rank of the row's value among the window's values, divided by their count, in \
         (0, 1]; equal values have their average rank.",
        "rank(close, 20)",
    ),
    rolling(
        "skew",
        Rolling::Skew,
        "The skewness, corrected for bias as in pandas; from 3 values on, missing where all are \
         equal.",
        "skew(close / lag(close, 1), 20)",
    ),
    rolling(
        "kurt",
        Rolling::Kurt,
        "The excess kurtosis, corrected for bias as in pandas; from 4 values on, missing where \
         all are equal.",
        "kurt(close / lag(close, 1), 20)",
    ),
    rolling(
        "slope",
        Rolling::Slope,
        "The slope of the least squares line through the values, a row.",
        "slope(close, 20) / close",
    ),
    rolling(
        "rsquare",
        Rolling::Rsquare,
        "The share of the variance that this line explains, in [0, 1]; missing where all values \
         are equal.",
        "rsquare(close, 20)",
    ),
    rolling(
        "resi",
        Rolling::Resi,
        "The row's value less that of this line.",
        "resi(close, 20) / close",
    ),
    rolling(
        "corr",
        Rolling::Corr,
        "The correlation of x and y, in [-1, 1], over rows that have both; missing where one is \
         constant.",
        "corr(close, volume, 20)",
    ),
    rolling(
        "cov",
        Rolling::Cov,
        "The covariance of x and y with n - 1 in the denominator, over rows that have both.",
        "cov(close, volume, 20)",
    ),
    rolling(
        "argmin",
        Rolling::Argmin,
        "The place of the least value, from 0 at the window's oldest row; of several the oldest.",
        "argmin(low, 20)",
    ),
    rolling(
        "argmax",
        Rolling::Argmax,
        "The place of the greatest value, from 0 at the window's oldest row; of several the \
         oldest.",
        "argmax(high, 20)",
    ),
    rolling(
        "count",
        Rolling::Count,
        "The number of values that are not missing.",
        "count(close, 20, min_periods=1)",
    ),
    rolling(
        "zscore",
        Rolling::Zscore,
        "(x - mean(x, n)) / std(x, n); missing where all values are equal.",
        "zscore(log1p(volume), 60)",
    ),
    other(
        Group::Exponential,
        "ema",
        &[X, ROWS],
        Code::Ema,
        "TA-Lib's EMA: the mean of the first n values, then e + 2 / (n + 1) (x - e).",
        "ema(close, 50)",
    ),
    other(
        Group::Exponential,
        "ewm_mean",
        &[
            X,
            may("span", Takes::Number),
            may("halflife", Takes::Number),
            may("alpha", Takes::Number),
        ],
        Code::EwmMean,
        "pandas' ewm(adjust=False).mean(), with one of span, halflife and alpha.",
        "ewm_mean(close, span=20)",
    ),
    other(
        Group::Exponential,
        "ewm_std",
        &[
            X,
            may("span", Takes::Number),
            may("halflife", Takes::Number),
            may("alpha", Takes::Number),
        ],
        Code::EwmStd,
        "pandas' ewm(adjust=False).std(), with one of span, halflife and alpha.",
        "ewm_std(close / lag(close, 1), halflife=10)",
    ),
    other(
        Group::Events,
        "cusum",
        &[X, must("h", Takes::Number)],
        Code::Cusum,
        "The symmetric CUSUM filter on the changes of x (Lopez de Prado 2018, section 2.5.2): 1 or -1 \
         where the sum of changes since the last event passes h, else 0. Of returns r, take \
         cum_sum(r).",
        "cusum(log(close), 0.02)",
    ),
    other(
        Group::Events,
        "cum_sum",
        &[X, may("anchor", Takes::Text)],
        Code::CumSum,
        "The sum since a start: anchor='segment' (the default), or the length of a period as in \
         `at`, such as '1d'. A missing value adds nothing.",
        "cum_sum(volume, '1d')",
    ),
    other(
        Group::Events,
        "vwap",
        &[must("anchor", Takes::Text)],
        Code::Vwap,
        "The mean of (high + low + close) / 3 weighted by volume since a start, as for cum_sum.",
        "close / vwap('1d') - 1",
    ),
    other(
        Group::Calendar,
        "time_of_day",
        &[ZONE],
        Code::Calendar(Calendar::TimeOfDay),
        "The part of the local day that has passed at the bar's open, in [0, 1).",
        "time_of_day()",
    ),
    other(
        Group::Calendar,
        "day_of_week",
        &[ZONE],
        Code::Calendar(Calendar::DayOfWeek),
        "The local weekday of the bar's open: Monday is 0, Sunday 6.",
        "day_of_week(tz='America/New_York')",
    ),
    other(
        Group::Calendar,
        "day_of_month",
        &[ZONE],
        Code::Calendar(Calendar::DayOfMonth),
        "The local day of the month of the bar's open, from 1.",
        "day_of_month()",
    ),
    other(
        Group::Calendar,
        "month",
        &[ZONE],
        Code::Calendar(Calendar::Month),
        "The local month of the bar's open, from 1.",
        "month()",
    ),
    other(
        Group::Calendar,
        "minutes_since_open",
        &[SESSION],
        Code::Hours(Hours::SinceOpen),
        "The minutes from the opening of the trading hours to the bar's open; missing outside of \
         them. Default: the `session` of `[dataset]`.",
        "minutes_since_open('09:30-16:00 America/New_York')",
    ),
    other(
        Group::Calendar,
        "minutes_to_close",
        &[SESSION],
        Code::Hours(Hours::ToClose),
        "The minutes from the bar's open to the closing of the trading hours; missing outside of \
         them. Hours such as '18:00-17:00 America/Chicago' last over midnight; without a zone they \
         are UTC.",
        "minutes_to_close(session='18:00-17:00 America/Chicago')",
    ),
    other(
        Group::Cross,
        "cs_rank",
        &[X, BY],
        Code::Cross(Across::Rank),
        "The rank of the symbol's value among all symbols whose bars close at the same time, \
         divided by their count, in (0, 1]; equal values have their average rank. Missing where \
         fewer than two symbols have a value.",
        "cs_rank(close / lag(close, 20))",
    ),
    other(
        Group::Cross,
        "cs_zscore",
        &[X, BY],
        Code::Cross(Across::ZScore),
        "(x - mean) / std over the symbols, with n - 1 in the denominator; missing where all \
         values are equal.",
        "cs_zscore(volume)",
    ),
    other(
        Group::Cross,
        "cs_demean",
        &[X, BY],
        Code::Cross(Across::Demean),
        "x less the mean over the symbols.",
        "cs_demean(close / lag(close, 1))",
    ),
    other(
        Group::Elsewhere,
        "at",
        &[must("interval", Takes::Text), X],
        Code::At,
        "x on coarser bars of this symbol: its value of the last one that ended at or before the \
         bar's close.",
        "at('1h', close / mean(close, 5) - 1)",
    ),
    other(
        Group::Elsewhere,
        "symbol",
        &[must("name", Takes::Text), X, may("max_age", Takes::Text)],
        Code::Symbol,
        "x on the bars of another symbol: its value of the last bar that closed at or before \
         this one, unless that is longer ago than one bar of the coarser of both, or `max_age`.",
        "close / lag(close, 1) - symbol('B', close / lag(close, 1))",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_there_once_and_its_example_calls_it() {
        let mut names: Vec<&str> = OWN.iter().map(|function| function.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OWN.len());
        for function in OWN {
            assert!(function.example.contains(&format!("{}(", function.name)), "{function:?}");
            crate::syntax::parse(function.example).unwrap();
            assert!(function.doc.ends_with('.'), "{}", function.name);
        }
    }
}
