//! Numbers as they stand in text.

use std::borrow::Cow;

use barloom_reading::CsvOptions;
use wide::u8x16;

use crate::time;

/// The format of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    decimal: u8,
    thousands: Option<u8>,
}

impl Numbers {
    pub(crate) fn of(csv: &CsvOptions) -> Self {
        let byte = |c: char| u8::try_from(c).ok();
        let decimal = csv.decimal.and_then(byte).unwrap_or(b'.');
        Self { decimal, thousands: csv.thousands.and_then(byte) }
    }

    /// A number, NaN for a missing one, `None` for what is none. Also `38.13K`, `1.2M` and `3B`:
    /// thousands, millions, billions.
    #[inline]
    pub(crate) fn read(self, field: &[u8]) -> Option<f64> {
        // A point that parts thousands would be taken for that of the decimals.
        if self.are_plain()
            && let Some(value) = short(field)
        {
            return Some(value);
        }
        self.read_any(field)
    }

    /// Returns true if the decimal mark is a point and there is no thousands separator.
    pub(crate) fn are_plain(self) -> bool {
        self.decimal == b'.' && self.thousands != Some(b'.')
    }

    fn read_any(self, field: &[u8]) -> Option<f64> {
        let text = std::str::from_utf8(field).ok()?;
        if self.are_plain()
            && let Ok(value) = text.parse()
        {
            return Some(value);
        }
        if time::is_missing(text) {
            return Some(f64::NAN);
        }
        match without_currency(text) {
            Some(amount) => self.read(amount.as_bytes()).filter(|amount| !amount.is_nan()),
            None => self.written(text)?.parse().ok(),
        }
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
        if !self.thousands.is_none_or(|thousands| self.are_groups(digits.as_bytes(), thousands)) {
            return None;
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

    /// Tells whether what parts thousands stands where it can: three digits follow the last one,
    /// and three or, as in India, two each of those before. `1,12549` and `0,5` are other numbers.
    fn are_groups(self, number: &[u8], thousands: u8) -> bool {
        let whole = number.split(|byte| *byte == self.decimal).next().unwrap_or_default();
        let whole = whole.strip_prefix(b"-").or(whole.strip_prefix(b"+")).unwrap_or(whole);
        let groups: Vec<&[u8]> = whole.split(|byte| *byte == thousands).collect();
        let [first, between @ .., last] = &groups[..] else { return true };
        let is_first = (1..=3).contains(&first.len()) && !first.starts_with(b"0");
        let is_usual = between.iter().all(|group| group.len() == 3);
        let is_indian = first.len() < 3 && between.iter().all(|group| group.len() == 2);
        is_first && last.len() == 3 && (is_usual || is_indian)
    }
}

/// `$224.93` without its sign; none for text that has none.
fn without_currency(text: &str) -> Option<&str> {
    const SIGNS: [char; 6] = ['$', '€', '£', '¥', '₩', '₹'];
    let amount = text.strip_prefix(SIGNS).or_else(|| text.strip_suffix(SIGNS))?.trim();
    // One sign alone, and a number.
    amount.starts_with(|c: char| c.is_ascii_digit() || c == '-').then_some(amount)
}

/// Powers of ten that f64 holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The number in `bytes[start..end]`, if it is one of up to 16 characters, digits and a point, as
/// most are; none for all others.
#[inline]
pub(crate) fn decimal_at(bytes: &[u8], start: usize, end: usize) -> Option<f64> {
    let (number, places) = sixteen(bytes, start, end)?;
    // One division rounds once: see `short`.
    (number <= 1 << 53).then(|| number as f64 / POWERS[places])
}

/// The whole number in `bytes[start..end]`, if it is one of up to 16 digits.
#[inline]
pub(crate) fn whole_at(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    let (number, places) = sixteen(bytes, start, end)?;
    // A point at the end is none of a whole number.
    (places == 0 && bytes[end - 1] != b'.').then_some(number as i64)
}

/// Sixteen bytes that are no part of a number, and sixteen that are one.
const KEEP: [u8; 32] = {
    let mut keep = [0; 32];
    let mut at = 16;
    while at < 32 {
        keep[at] = 0xff;
        at += 1;
    }
    keep
};

/// The last `count` bytes of a vector.
#[inline]
fn last(count: usize) -> u8x16 {
    u8x16::new(*KEEP[count..].first_chunk().unwrap_or(&[0; 16]))
}

/// The digits in `bytes[start..end]` as one number, and how many of them are after the point; none
/// if there is something else, or more than 16 bytes, or fewer than that before the end.
#[inline]
fn sixteen(bytes: &[u8], start: usize, end: usize) -> Option<(u64, usize)> {
    let length = end - start;
    if length.wrapping_sub(1) >= 16 || end < 17 {
        return None;
    }
    // That the field ends where the vector does makes all of this shifts of whole vectors.
    let window: &[u8; 17] = bytes[end - 17..end].first_chunk()?;
    let text = u8x16::new(*window.last_chunk()?);
    let points = (text.simd_eq(u8x16::splat(b'.')) & last(length)).to_bitmask();
    let (digits, count, places) = if points == 0 {
        (text, length, 0)
    } else {
        let places = 15 - points.trailing_zeros() as usize;
        // What is before the point moves up to where it is.
        let moved = u8x16::new(*window.first_chunk()?);
        let fraction = last(places);
        ((text & fraction) | (moved & !fraction), length - 1, places)
    };
    let digits = (digits ^ u8x16::splat(b'0')) & last(count);
    let nine = u8x16::splat(9);
    let are_digits = digits.max(nine).simd_eq(nine).to_bitmask() == 0xffff;
    if !are_digits || count == 0 {
        return None;
    }
    let digits = digits.to_array();
    let [high, low] = digits.as_chunks::<8>().0 else { return None };
    Some((eight(*high) * 100_000_000 + eight(*low), places))
}

/// Eight digits as a number: pairs of neighbours become one, three times.
#[inline]
fn eight(digits: [u8; 8]) -> u64 {
    let digits = u64::from_le_bytes(digits);
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// A decimal number whose digits f64 holds exactly, as most are: one division then rounds once, to
/// what every right reader gives (Clinger, "How to read floating point numbers accurately", 1990).
/// None for all others.
#[inline]
fn short(field: &[u8]) -> Option<f64> {
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        digits => (false, digits),
    };
    // 19 digits fit in 64 bits.
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let mut number = 0_u64;
    let mut point = None;
    for (at, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let count = digits.len() - usize::from(point.is_some());
    if count == 0 || count > 19 || number > 1 << 53 {
        return None;
    }
    let value = number as f64 / POWERS[point.map_or(0, |at| digits.len() - 1 - at)];
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_those_of_the_standard_library() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            state >> 20
        };
        let mut taken = 0;
        for _ in 0..200_000 {
            let whole = next() >> (next() % 44);
            let places = (next() % 12) as usize;
            let sign = if next() % 4 == 0 { "-" } else { "" };
            let text = match next() % 8 {
                0 => format!("{sign}{whole}"),
                1 => format!("{sign}{whole}."),
                2 => format!("{sign}.{whole}"),
                _ => format!("{sign}{whole}.{:0places$}", next() % 10_u64.pow(places as u32)),
            };
            let padded = format!("{:>20},{text}", "");
            let at = decimal_at(padded.as_bytes(), 21, padded.len());
            assert_eq!(
                at.is_some(),
                text.len() <= 16 && !text.starts_with('-') && short(text.as_bytes()).is_some(),
                "{text}"
            );
            assert!(
                at.is_none_or(|at| Some(at.to_bits()) == short(text.as_bytes()).map(f64::to_bits)),
                "{text}"
            );
            if let Some(value) = short(text.as_bytes()) {
                let expected: f64 = text.parse().unwrap();
                assert_eq!(value.to_bits(), expected.to_bits(), "{text}");
                taken += 1;
            }
        }
        assert!(taken > 100_000, "{taken}");
        for text in ["", "-", ".", "-.", "1e5", "+1", "1.2.3", "nan", "99999999999999999999"] {
            assert_eq!(short(text.as_bytes()), None, "{text}");
        }
        assert_eq!(short(b"-0").map(f64::to_bits), Some((-0.0_f64).to_bits()));
    }

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
            ("$224.93", 224.93),
            ("$ 1.2M", 1_200_000.0),
            ("99.5 €", 99.5),
        ] {
            assert_eq!(read(None, None, text), Some(value), "{text}");
        }
        assert!(read(None, None, "null").is_some_and(f64::is_nan));
        assert!(read(None, None, "").is_some_and(f64::is_nan));
        for text in ["x", "1,5", "1.2.3", "K", "1_000", "5%", "--1", "$", "$$1", "$nan"] {
            assert_eq!(read(None, None, text), None, "{text}");
        }
        for (text, value) in
            [("93,838.4", 93_838.4), ("1,234", 1_234.0), ("12,34,567.5", 1_234_567.5), ("7", 7.0)]
        {
            assert_eq!(read(None, Some(','), text), Some(value), "{text}");
        }
        for text in [",5", "5,", "1,,2", "1.5,0", "1,.5", "-,5", "1,12549", "99,50", "0,123"] {
            assert_eq!(read(None, Some(','), text), None, "{text}");
        }
        for text in ["1,2,345", "1234,567", "12,345,67", "123,45,678"] {
            assert_eq!(read(None, Some(','), text), None, "{text}");
        }
        for (text, value) in [("1.234,5", 1_234.5), ("1.234", 1_234.0), ("0,5", 0.5)] {
            assert_eq!(read(Some(','), Some('.'), text), Some(value), "{text}");
        }
        assert_eq!(read(Some(','), None, "1.5"), None, "a point is no decimal here");
        assert_eq!(read(Some(','), None, "1,5"), Some(1.5));
    }
}
