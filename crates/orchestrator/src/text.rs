//! Numbers and times for people.

pub(crate) use barloom_engine::{count, counted};

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
    }
}
