//! Facts about single functions that TA-Lib's own tables lack.

use ta_lib::abstract_api::{FuncFlags, OptInputInfo, OptInputType};

use super::{Allowed, Indicator, Parameter, WarmUp, stripped};

/// Outputs that are not offered, by function and number: they flip on rounding errors.
pub(super) const HIDDEN: [(&str, usize); 1] = [("SQZMOM", 1)];

/// Outputs that are rows. They are given as the number of rows before the current one.
pub(super) const ROWS: [(&str, usize); 1] = [("ZIGZAG", 2)];

/// Recursive functions whose lookback hides the rows of their recursion.
pub(super) const RECURSIVE: [&str; 1] = ["CRSI"];

/// Functions of their last rows that keep no running sum. A call over a whole run gives the bits of
/// a call for each row (`tests/ta_reach.rs`), and is faster.
pub(super) const WITHOUT_SUMS: &[&str] = &[
    "AROON",
    "AROONOSC",
    "AVGDEV",
    "AVGPRICE",
    "BOP",
    "CDL3OUTSIDE",
    "CDLENGULFING",
    "CDLHIKKAKE",
    "CDLXSIDEGAP3METHODS",
    "DONCHIAN",
    "FRACTAL",
    "IBS",
    "ICHIMOKU",
    "IMI",
    "MARKETFI",
    "MEDPRICE",
    "MIDPOINT",
    "MIDPRICE",
    "MOM",
    "ROC",
    "ROCP",
    "ROCR",
    "ROCR100",
    "SI",
    "TRANGE",
    "TYPPRICE",
    "VHF",
    "WCLPRICE",
    "WILLR",
];

/// Functions of their last rows whose cost does not depend on the number of rows.
const CONSTANT_COST: [&str; 14] = [
    "AROON", "AROONOSC", "DONCHIAN", "ICHIMOKU", "MIDPOINT", "MIDPRICE", "MOM", "ROC", "ROCP",
    "ROCR", "ROCR100", "SI", "TRANGE", "WILLR",
];

/// The number of rows after which a recursive function is settled to 1e-8, from TA-Lib's own number
/// `stable` (`tests/ta_reach.rs`).
pub(super) fn settled(name: &str, params: &[f64], lookback: usize, stable: usize) -> usize {
    // TA-Lib's numbers are for the averages themselves. Differences of averages are smaller than
    // these, so the same error weighs more.
    let recursion = (stable - lookback).div_ceil(4) * 5;
    // KAMA and VIDYA are slow where their input does not trend, as volumes and oscillators.
    let adaptive = match name {
        "PVO" => [6.0, 14.0].contains(&params[2]),
        "STOCHRSI" => [6.0, 14.0].contains(&params[3]),
        _ => false,
    };
    lookback + if adaptive { 4 * recursion } else { recursion }
}

/// The parameter of TA-Lib's table.
pub(super) fn parameter(info: &OptInputInfo) -> Parameter {
    let (default, allowed) = match info.kind {
        OptInputType::RealRange { min, max, default, .. } => (default, Allowed::Real { min, max }),
        OptInputType::IntegerRange { min, max, default, .. } => {
            (f64::from(default), Allowed::Integer { min: f64::from(min), max: f64::from(max) })
        }
        OptInputType::IntegerList { default, .. } => (default as f64, Allowed::Average),
        OptInputType::RealList { .. } => unreachable!("no function has a list of numbers"),
    };
    Parameter { name: stripped(info.param_name, "optIn"), description: info.hint, default, allowed }
}

/// The notes on an indicator.
pub(super) fn notes(indicator: &Indicator) -> Vec<&'static str> {
    let info = indicator.info;
    let mut notes = Vec::new();
    if info.flags.contains(FuncFlags::PATH_DEPENDENT) {
        notes.push("Values depend on the first row of a run.");
    }
    if info.flags.contains(FuncFlags::CANDLESTICK) {
        notes
            .push("100 is bullish, -100 bearish, 0 no pattern. Some patterns give 80 or 200, too.");
    }
    if info.flags.contains(FuncFlags::DISPLAY_SHIFT) {
        notes.push("Values are at the row that knows them. Charts draw them at other rows.");
    }
    if info.flags.contains(FuncFlags::USES_TRANSCENDENTAL) {
        notes.push("Own code with libm. TA-Lib's values differ between systems.");
    }
    let periods = indicator.parameters.iter().any(|p| matches!(p.allowed, Allowed::Integer { .. }));
    let finite = matches!(indicator.warm_up(&indicator.defaults()), WarmUp::Finite { .. });
    if periods && finite && !CONSTANT_COST.contains(&info.name)
        || ["FISHER", "FRAMA", "PSO"].contains(&info.name)
    {
        notes.push("The cost grows with the period.");
    }
    match info.name {
        "SQZMOM" => notes.push("TA-Lib's output squeeze is missing: it flips on rounding errors."),
        "ZIGZAG" => notes.push("pivotidx is the number of rows since the pivot."),
        "KAMA" => notes.push("On input without trends, such as volumes, 4,430 rows settle it."),
        "VIDYA" => notes.push("On input without trends, no number of rows settles it."),
        _ => (),
    }
    notes
}

/// The reason why a function of TA-Lib is not an indicator, and the expression to use instead.
/// `None` for indicators and for names that TA-Lib does not have.
pub fn refusal(name: &str) -> Option<&'static str> {
    REFUSALS.iter().find(|(refused, _)| *refused == name).map(|&(_, reason)| reason)
}

const REFUSALS: &[(&str, &str)] = &[
    // Own functions, exact where TA-Lib's running sums drift.
    ("sma", "use mean(x, n), which does not drift"),
    ("sum", "use sum(x, n), which does not drift"),
    ("stddev", "use std(x, n), which is exact for large values and divides by n - 1"),
    ("var", "use var(x, n), which is exact for large values and divides by n - 1"),
    ("correl", "use corr(x, y, n), which is exact for large values"),
    ("linearreg", "use x - resi(x, n), which is exact for large values"),
    ("linearreg_slope", "use slope(x, n), which is exact for large values"),
    ("linearreg_intercept", "use x - resi(x, n) - (n - 1) * slope(x, n)"),
    ("linearreg_angle", "use slope(x, n); the angle needs the platform's arctangent"),
    ("tsf", "use x - resi(x, n) + slope(x, n)"),
    ("max", "use max(x, n)"),
    ("min", "use min(x, n)"),
    ("minmax", "use min(x, n) and max(x, n)"),
    ("maxindex", "use argmax(x, n), which counts from the oldest row of the window"),
    ("minindex", "use argmin(x, n), which counts from the oldest row of the window"),
    (
        "minmaxindex",
        "use argmin(x, n) and argmax(x, n), which count from the oldest row of the window",
    ),
    ("median", "use median(x, n)"),
    ("percentile", "use quantile(x, n, q)"),
    ("percentrank", "use rank(x, n)"),
    ("kurtosis", "use kurt(x, n)"),
    ("cumsum", "use cum_sum(x)"),
    // Operators and functions of one row.
    ("add", "use x + y"),
    ("sub", "use x - y"),
    ("mult", "use x * y"),
    ("div", "use x / y"),
    ("floor", "use x - x % 1"),
    ("ceil", "use x + (-x) % 1"),
    ("sqrt", "use sqrt(x)"),
    ("exp", "use exp(x)"),
    ("ln", "use log(x)"),
    ("log10", "use log(x) / log(10)"),
    ("sin", "use sin(x)"),
    ("cos", "use cos(x)"),
    ("tan", "use sin(x) / cos(x)"),
    ("tanh", "use tanh(x)"),
    ("sinh", "use (exp(x) - exp(-x)) / 2"),
    ("cosh", "use (exp(x) + exp(-x)) / 2"),
    ("acos", "it uses the platform's arccosine, which differs between systems"),
    ("asin", "it uses the platform's arcsine, which differs between systems"),
    ("atan", "it uses the platform's arctangent, which differs between systems"),
    // Values that never settle, or flip on rounding errors.
    (
        "mavp",
        "its periods change from row to row, so no number of rows settles it; use where(cond, a, b) over averages of fixed periods",
    ),
    ("mama", "it never settles; use ta.kama(x, n)"),
    ("ht_dcphase", "it never settles"),
    ("ht_sine", "it never settles"),
    ("ht_trendmode", "it flips on rounding errors"),
    // The platform's arctangent, which differs between systems.
    ("ht_dcperiod", "it uses the platform's arctangent, which differs between systems"),
    ("ht_phasor", "it uses the platform's arctangent, which differs between systems"),
    (
        "ht_trendline",
        "it uses the platform's arctangent, which differs between systems; use ta.t3(x, n)",
    ),
];
