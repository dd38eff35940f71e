//! Numbers and times for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use barloom_engine::printable;
pub(crate) use barloom_engine::{count, counted};

/// Adds one line: what a name from a file says in it, such as a newline, is escaped.
pub(crate) fn line(out: &mut String, line: fmt::Arguments<'_>) {
    out.push_str(&printable(&line.to_string()));
    out.push('\n');
}

/// Numbers of dropped bars by fault: `3 high below low, 1 negative volume`.
pub(crate) fn dropped(dropped: &BTreeMap<String, u64>) -> String {
    let faults: Vec<String> =
        dropped.iter().map(|(fault, n)| format!("{} {fault}", count(*n))).collect();
    faults.join(", ")
}

/// A rate a second, rounded to three digits: `1,240,000`.
pub(crate) fn rate(n: u64, seconds: f64) -> String {
    count(rounded(n as f64 / seconds.max(1e-9)))
}

/// A number rounded to three significant digits.
pub(crate) fn rounded(x: f64) -> u64 {
    let whole = x.round() as u64;
    let mut unit = 1_u64;
    while whole / unit >= 1_000 {
        unit *= 10;
    }
    (whole / unit + u64::from(whole % unit >= unit.div_ceil(2))) * unit
}

/// A duration: `0.52 s`, `12.3 s`, `3m 20s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        short if short < 10.0 => format!("{short:.2} s"),
        some if some < 100.0 => format!("{some:.1} s"),
        _ => duration(1_000_000_000 * time.as_secs() as i64),
    }
}

/// Bytes with a binary unit.
pub(crate) fn bytes(n: u64) -> String {
    indicatif::BinaryBytes(n).to_string()
}

/// Nanoseconds since 1970 UTC as `2013-10-07 13:30:00`, UTC.
pub(crate) fn time(ns: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(ns).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A number of nanoseconds as `3d 2h 30m`.
pub(crate) fn duration(ns: i64) -> String {
    if ns == 0 {
        return "0s".into();
    }
    let mut left = ns / 1_000_000_000;
    let mut out = Vec::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if left >= seconds {
            out.push(format!("{}{unit}", left / seconds));
            left %= seconds;
        }
    }
    if out.is_empty() { format!("{ns}ns") } else { out.join(" ") }
}

/// `part` of `whole` as a percentage.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "-".into() } else { format!("{:.1}%", 100.0 * part as f64 / whole as f64) }
}

/// A float with about five significant digits.
pub(crate) fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.5}") } else { format!("{x:.4e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_can_read_it() {
        assert_eq!(duration(93_600_000_000_000), "1d 2h");
        assert_eq!(duration(5), "5ns");
        assert_eq!(time(0), "1970-01-01 00:00:00");
        assert_eq!(percent(1, 3), "33.3%");
        let rates = [0.4, 7.0, 999.6, 1_234.0, 196_078.4, 12_345_678.0].map(rounded);
        assert_eq!(rates, [0, 7, 1_000, 1_230, 196_000, 12_300_000]);
        assert_eq!(rate(1_000, 0.0003), "3,330,000");
        assert_eq!(seconds(Duration::from_millis(520)), "0.52 s");
        assert_eq!(seconds(Duration::from_secs(200)), "3m 20s");
    }
}
