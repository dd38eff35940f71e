//! Durations as text.

/// Units from the longest, with their nanoseconds. A month or a year has no fixed length.
const UNITS: [(&str, i64); 8] = [
    ("w", 7 * 86_400_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// The nanoseconds of a positive whole number with a unit: w, d, h, m, s, ms, us or ns.
///
/// ```
/// use barloom_bars::parse_duration;
/// assert_eq!(parse_duration("90m"), Some(5_400_000_000_000));
/// assert_eq!(parse_duration("1.5h"), None);
/// ```
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: i64 = number.parse().ok()?;
    let (_, ns) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*ns).filter(|ns| *ns > 0)
}

/// The text of a duration in ns, in the longest unit that divides it: `90m`.
#[must_use]
pub fn duration_text(ns: i64) -> String {
    let (unit, size) = UNITS.iter().find(|(_, size)| ns % size == 0).unwrap_or(&("ns", 1));
    format!("{}{unit}", ns / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_nanoseconds() {
        let cases = [
            ("30s", 30_000_000_000),
            ("90m", 5_400_000_000_000),
            ("36h", 129_600_000_000_000),
            ("5d", 432_000_000_000_000),
            ("2w", 1_209_600_000_000_000),
            ("250ms", 250_000_000),
            ("7ns", 7),
        ];
        for (written, ns) in cases {
            assert_eq!(parse_duration(written), Some(ns), "{written}");
            assert_eq!(duration_text(ns), written);
        }
        assert_eq!(parse_duration("14 d"), Some(14 * 86_400_000_000_000));
        assert_eq!(duration_text(14 * 86_400_000_000_000), "2w");
        for wrong in ["", "5", "d", "0d", "-5d", "1.5h", "5 days", "soon", "99999999999999w", "5D"]
        {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
