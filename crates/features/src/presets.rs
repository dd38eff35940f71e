//! Sets of features by name.

/// The names of the presets.
pub const PRESETS: [&str; 2] = ["alpha158", "alpha360"];

/// The columns of bars that presets use where the bars have them.
pub const OPTIONAL_COLUMNS: [&str; 2] = ["vwap", "quote_volume"];

/// The windows of alpha158, in rows.
const WINDOWS: [usize; 5] = [5, 10, 20, 30, 60];

/// Alpha158's functions of one row, in qlib's order. Its VWAP0 follows them.
const ONE_ROW: [(&str, &str); 12] = [
    ("KMID", "(close - open) / open"),
    ("KLEN", "(high - low) / open"),
    ("KMID2", "(close - open) / (high - low + 1e-12)"),
    ("KUP", "(high - greatest(open, close)) / open"),
    ("KUP2", "(high - greatest(open, close)) / (high - low + 1e-12)"),
    ("KLOW", "(least(open, close) - low) / open"),
    ("KLOW2", "(least(open, close) - low) / (high - low + 1e-12)"),
    ("KSFT", "(2 * close - high - low) / open"),
    ("KSFT2", "(2 * close - high - low) / (high - low + 1e-12)"),
    ("OPEN0", "open / close"),
    ("HIGH0", "high / close"),
    ("LOW0", "low / close"),
];

/// Alpha158's functions of the last rows, in qlib's order: `{d}` stands for the rows of the window,
/// `{w}` for these with the least number of values.
const ROLLING: [(&str, &str); 29] = [
    ("ROC", "lag(close, {d}) / close"),
    ("MA", "mean(close, {w}) / close"),
    ("STD", "std(close, {w}) / close"),
    ("BETA", "slope(close, {w}) / close"),
    ("RSQR", "where(std(close, {w}) <= 2e-5, nan, rsquare(close, {w}))"),
    ("RESI", "resi(close, {w}) / close"),
    ("MAX", "max(high, {w}) / close"),
    ("MIN", "min(low, {w}) / close"),
    ("QTLU", "quantile(close, {d}, 0.8, min_periods=1) / close"),
    ("QTLD", "quantile(close, {d}, 0.2, min_periods=1) / close"),
    ("RANK", "rank(close, {w})"),
    ("RSV", "(close - min(low, {w})) / (max(high, {w}) - min(low, {w}) + 1e-12)"),
    ("IMAX", "(argmax(high, {w}) + 1) / {d}"),
    ("IMIN", "(argmin(low, {w}) + 1) / {d}"),
    ("IMXD", "(argmax(high, {w}) - argmin(low, {w})) / {d}"),
    (
        "CORR",
        "where(std(close, {w}) <= 2e-5 or std(log(volume + 1), {w}) <= 2e-5, nan, \
         corr(close, log(volume + 1), {w}))",
    ),
    (
        "CORD",
        "where(std(close / lag(close, 1), {w}) <= 2e-5 or \
         std(log(volume / lag(volume, 1) + 1), {w}) <= 2e-5, nan, \
         corr(close / lag(close, 1), log(volume / lag(volume, 1) + 1), {w}))",
    ),
    ("CNTP", "mean(coalesce(close > lag(close, 1), 0), {w})"),
    ("CNTN", "mean(coalesce(close < lag(close, 1), 0), {w})"),
    (
        "CNTD",
        "mean(coalesce(close > lag(close, 1), 0), {w}) - \
         mean(coalesce(close < lag(close, 1), 0), {w})",
    ),
    ("SUMP", "sum(greatest(delta(close, 1), 0), {w}) / (sum(abs(delta(close, 1)), {w}) + 1e-12)"),
    ("SUMN", "sum(greatest(-delta(close, 1), 0), {w}) / (sum(abs(delta(close, 1)), {w}) + 1e-12)"),
    (
        "SUMD",
        "(sum(greatest(delta(close, 1), 0), {w}) - sum(greatest(-delta(close, 1), 0), {w})) / \
         (sum(abs(delta(close, 1)), {w}) + 1e-12)",
    ),
    ("VMA", "mean(volume, {w}) / (volume + 1e-12)"),
    ("VSTD", "std(volume, {w}) / (volume + 1e-12)"),
    (
        "WVMA",
        "std(abs(close / lag(close, 1) - 1) * volume, {w}) / \
         (mean(abs(close / lag(close, 1) - 1) * volume, {w}) + 1e-12)",
    ),
    (
        "VSUMP",
        "sum(greatest(delta(volume, 1), 0), {w}) / (sum(abs(delta(volume, 1)), {w}) + 1e-12)",
    ),
    (
        "VSUMN",
        "sum(greatest(-delta(volume, 1), 0), {w}) / (sum(abs(delta(volume, 1)), {w}) + 1e-12)",
    ),
    (
        "VSUMD",
        "(sum(greatest(delta(volume, 1), 0), {w}) - sum(greatest(-delta(volume, 1), 0), {w})) / \
         (sum(abs(delta(volume, 1)), {w}) + 1e-12)",
    ),
];

/// A set of features, for bars with certain columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Names with expressions.
    pub features: Vec<(String, String)>,
    /// The columns that the preset stands for, in order, each with the word of its scaler:
    /// features, and for alpha360 columns of the bars too.
    pub channels: Vec<(String, &'static str)>,
    /// The expression of a bar's mean price: the column `vwap`, or what stands in for it.
    pub vwap: &'static str,
}

/// The preset of a name, for bars that have the columns which `has` is true for; none for an
/// unknown name.
///
/// `alpha158` is the 158 features of qlib's handler of this name, in its order and with its names.
/// `alpha360` is qlib's too: windows of 60 bars with its scalers are the same values, so it has six
/// channels.
///
/// A bar's mean price is its column `vwap`; else `quote_volume / volume`, where there is volume;
/// else (high + low + close) / 3.
///
/// ```
/// use barloom_features::preset;
///
/// let alpha158 = preset("alpha158", |column| column == "vwap").expect("it is known");
/// assert_eq!(alpha158.features.len(), 158);
/// assert_eq!(alpha158.vwap, "vwap");
/// ```
#[must_use]
pub fn preset(name: &str, has: impl Fn(&str) -> bool) -> Option<Preset> {
    let vwap = if has("vwap") {
        "vwap"
    } else if has("quote_volume") && has("volume") {
        "coalesce(quote_volume / volume, (high + low + close) / 3)"
    } else {
        "(high + low + close) / 3"
    };
    match name {
        "alpha158" => Some(alpha158(vwap)),
        "alpha360" => Some(alpha360(vwap)),
        _ => None,
    }
}

fn alpha158(vwap: &'static str) -> Preset {
    let one_row = ONE_ROW.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let mut features: Vec<(String, String)> = one_row.collect();
    features.push(("VWAP0".to_owned(), format!("{vwap} / close")));
    for (name, text) in ROLLING {
        features.extend(WINDOWS.map(|d| {
            let text = text.replace("{w}", "{d}, min_periods=1").replace("{d}", &d.to_string());
            (format!("{name}{d}"), text)
        }));
    }
    let channels = features.iter().map(|(name, _)| (name.clone(), "none")).collect();
    Preset { features, channels, vwap }
}

fn alpha360(vwap: &'static str) -> Preset {
    // `vwap` may be a column of the bars.
    const VWAP: &str = "bar_vwap";
    let price = |name: &str| (name.to_owned(), "last_close");
    let mut channels = ["close", "open", "high", "low", VWAP].map(price).to_vec();
    channels.push(("volume".to_owned(), "last"));
    Preset { features: vec![(VWAP.to_owned(), vwap.to_owned())], channels, vwap }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Features, Options};

    #[test]
    fn vwap_is_the_best_that_the_bars_have() {
        for (columns, expected) in [
            (&["vwap", "quote_volume", "volume"][..], "vwap"),
            (&["quote_volume", "volume"], "quote_volume / volume"),
            (&["quote_volume"], "(high + low + close) / 3"),
        ] {
            for name in PRESETS {
                let preset = preset(name, |column| columns.contains(&column)).unwrap();
                assert!(preset.vwap.contains(expected), "{columns:?}: {}", preset.vwap);
                let features = Features::new(preset.features, Options::default()).unwrap();
                let uses = |name: &str| features.columns().any(|column| column == name);
                assert_eq!(uses("vwap"), columns.contains(&"vwap"));
            }
        }
        assert_eq!(preset("alpha101", |_| true), None);
    }

    #[test]
    fn names_are_those_of_qlib_in_its_order() {
        let preset = preset("alpha158", |_| false).unwrap();
        let names: Vec<&str> = preset.features.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 158);
        assert_eq!(names[..3], ["KMID", "KLEN", "KMID2"]);
        assert_eq!(names[12..15], ["VWAP0", "ROC5", "ROC10"]);
        assert_eq!(names[155..], ["VSUMD20", "VSUMD30", "VSUMD60"]);
    }
}
