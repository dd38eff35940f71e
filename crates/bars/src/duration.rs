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

/// A time in ns since 1970 UTC as text: `2024-01-31 14:30:00`, with a fraction where there is one.
///
/// Days become dates by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
pub(crate) fn time_text(ns: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    const DAY: i64 = 86_400;
    let (seconds, fraction) = (ns.div_euclid(SECOND), ns.rem_euclid(SECOND));
    let (days, clock) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // Years begin in March, so that the leap day is the last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    if fraction == 0 { text } else { format!("{text}.{fraction:09}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        const SECOND: i64 = 1_000_000_000;
        for (ns, text) in [
            (0, "1970-01-01 00:00:00"),
            (1_700_000_000 * SECOND, "2023-11-14 22:13:20"),
            (951_827_696 * SECOND + 5, "2000-02-29 12:34:56.000000005"),
            (-1, "1969-12-31 23:59:59.999999999"),
            (i64::MAX, "2262-04-11 23:47:16.854775807"),
            (i64::MIN, "1677-09-21 00:12:43.145224192"),
        ] {
            assert_eq!(time_text(ns), text);
        }
    }

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
