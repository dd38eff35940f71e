//! Numbers as they stand in text.

use std::borrow::Cow;

use barloom_bars::CsvOptions;

use crate::time;

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    decimal: u8,
    thousands: Option<u8>,
}

impl Numbers {
    pub(super) fn of(csv: &CsvOptions) -> Self {
        let byte = |c: char| u8::try_from(c).ok();
        let decimal = csv.decimal.and_then(byte).unwrap_or(b'.');
        Self { decimal, thousands: csv.thousands.and_then(byte) }
    }

    /// A number, NaN for a missing one, `None` for what is none. Also `38.13K`, `1.2M` and `3B`:
    /// thousands, millions, billions.
    pub(super) fn read(self, field: &[u8]) -> Option<f64> {
        let text = std::str::from_utf8(field).ok()?;
        // A point that parts thousands would be taken for that of the decimals.
        if self.decimal == b'.'
            && self.thousands != Some(b'.')
            && let Ok(value) = text.parse()
        {
            return Some(value);
        }
        if time::is_missing(text) { Some(f64::NAN) } else { self.written(text)?.parse().ok() }
    }

    /// The number as Rust writes it.
    fn written(self, text: &str) -> Option<Cow<'_, str>> {
        let (digits, exponent) = match text.as_bytes().last()? {
            b'K' | b'k' => (&text[..text.len() - 1], "e3"),
            b'M' | b'm' => (&text[..text.len() - 1], "e6"),
            b'B' | b'b' => (&text[..text.len() - 1], "e9"),
            _ => (text, ""),
        };
        if exponent.is_empty() && self.decimal == b'.' && self.thousands.is_none() {
            return Some(text.into());
        }
        let mut plain = String::with_capacity(text.len() + 2);
        let mut before = b' ';
        let mut fraction = false;
        for byte in digits.bytes() {
            if Some(byte) == self.thousands {
                // Between digits, and not where the fraction is.
                if !before.is_ascii_digit() || fraction {
                    return None;
                }
            } else if byte == self.decimal {
                if Some(before) == self.thousands {
                    return None;
                }
                fraction = true;
                plain.push('.');
            } else if byte == b'.' {
                return None;
            } else {
                if Some(before) == self.thousands && !byte.is_ascii_digit() {
                    return None;
                }
                plain.push(char::from(byte));
            }
            before = byte;
        }
        if Some(before) == self.thousands {
            return None;
        }
        plain.push_str(exponent);
        Some(plain.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        let read = |decimal, thousands, text: &str| {
            let csv = CsvOptions { decimal, thousands, ..CsvOptions::default() };
            Numbers::of(&csv).read(text.as_bytes())
        };
        for (text, value) in [
            ("1.5", 1.5),
            ("-2e-5", -2e-5),
            ("38.13K", 38_130.0),
            ("1.2M", 1_200_000.0),
            ("3B", 3e9),
            ("0.1k", 100.0),
        ] {
            assert_eq!(read(None, None, text), Some(value), "{text}");
        }
        assert!(read(None, None, "null").is_some_and(f64::is_nan));
        assert!(read(None, None, "").is_some_and(f64::is_nan));
        for text in ["x", "1,5", "1.2.3", "K", "1_000", "5%", "--1"] {
            assert_eq!(read(None, None, text), None, "{text}");
        }
        for (text, value) in
            [("93,838.4", 93_838.4), ("1,234", 1_234.0), ("12,34,567.5", 1_234_567.5), ("7", 7.0)]
        {
            assert_eq!(read(None, Some(','), text), Some(value), "{text}");
        }
        for text in [",5", "5,", "1,,2", "1.5,0", "1,.5", "-,5"] {
            assert_eq!(read(None, Some(','), text), None, "{text}");
        }
        for (text, value) in [("1.234,5", 1_234.5), ("1.234", 1_234.0), ("0,5", 0.5)] {
            assert_eq!(read(Some(','), Some('.'), text), Some(value), "{text}");
        }
        assert_eq!(read(Some(','), None, "1.5"), None, "a point is no decimal here");
        assert_eq!(read(Some(','), None, "1,5"), Some(1.5));
    }
}
