//! The longest gap as a text: `"auto"`, `"none"` or a duration.

use barloom_bars::{MaxGap, duration_text, parse_duration};
use serde::Serializer;

/// The forms of a duration in a recipe.
pub(crate) const EXPECTED: &str = "\"auto\", \"none\" or a positive whole number with a unit, \
                                   \"30s\", \"90m\", \"36h\", \"5d\", \"2w\" (ms, us, ns too)";

/// The limit that a text stands for.
pub(crate) fn parse(text: &str) -> Option<MaxGap> {
    match text {
        "auto" => Some(MaxGap::Auto),
        "none" => Some(MaxGap::None),
        _ => parse_duration(text).map(MaxGap::Limit),
    }
}

/// The text that stands for a limit: a duration in the longest unit that divides it.
pub(crate) fn text(gap: MaxGap) -> String {
    match gap {
        MaxGap::Auto => "auto".into(),
        MaxGap::None => "none".into(),
        MaxGap::Limit(ns) => duration_text(ns),
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
        for (written, gap) in [
            ("auto", MaxGap::Auto),
            ("none", MaxGap::None),
            ("90m", MaxGap::Limit(5_400_000_000_000)),
        ] {
            assert_eq!(parse(written), Some(gap));
            assert_eq!(text(gap), written);
        }
        assert_eq!(parse("soon"), None);
    }
}
