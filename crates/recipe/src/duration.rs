//! The longest gap as a text: `"auto"`, `"none"` or a duration.

use barloom_bars::MaxGap;
use serde::Serializer;

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

/// What a recipe can write.
pub(crate) const EXPECTED: &str = "\"auto\", \"none\" or a positive whole number with a unit, \
                                   \"30s\", \"90m\", \"36h\", \"5d\", \"2w\" (ms, us, ns too)";

/// The limit that a text stands for.
pub(crate) fn parse(text: &str) -> Option<MaxGap> {
    match text {
        "auto" => return Some(MaxGap::Auto),
        "none" => return Some(MaxGap::None),
        _ => {}
    }
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: i64 = number.parse().ok()?;
    let (_, ns) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*ns).filter(|ns| *ns > 0).map(MaxGap::Limit)
}

/// The text that stands for a limit: a duration in the longest unit that divides it.
pub(crate) fn text(gap: MaxGap) -> String {
    match gap {
        MaxGap::Auto => "auto".into(),
        MaxGap::None => "none".into(),
        MaxGap::Limit(ns) => {
            let (unit, size) = UNITS.iter().find(|(_, size)| ns % size == 0).unwrap_or(&("ns", 1));
            format!("{}{unit}", ns / size)
        }
    }
}

/// Serialises the text.
pub(crate) fn serialize<S: Serializer>(gap: &MaxGap, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&text(*gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_limits() {
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
            assert_eq!(parse(written), Some(MaxGap::Limit(ns)), "{written}");
            assert_eq!(text(MaxGap::Limit(ns)), written);
        }
        assert_eq!(parse("14 d"), Some(MaxGap::Limit(14 * 86_400_000_000_000)));
        assert_eq!(text(MaxGap::Limit(14 * 86_400_000_000_000)), "2w");
        assert_eq!((parse("auto"), parse("none")), (Some(MaxGap::Auto), Some(MaxGap::None)));
        for wrong in ["", "5", "d", "0d", "-5d", "1.5h", "5 days", "soon", "99999999999999w", "5D"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
