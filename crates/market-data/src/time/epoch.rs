//! Times that are numbers: epochs of any unit, and dates in digits.

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};

use super::{SECOND, Written};

/// A number of seconds, milli-, micro- or nanoseconds since 1970, told apart by magnitude; 8, 12 or
/// 14 digits that make a date of the years 1900 to 2100, also with hour and minute, and second, are
/// one.
pub(crate) fn of_number(value: i64) -> Option<Written> {
    let dated = match value {
        19_000_101..=21_001_231 => of_digits(value, 0),
        190_001_010_000..=210_012_312_359 => of_digits(value / 10_000, value % 10_000 * 100),
        19_000_101_000_000..=21_001_231_235_959 => of_digits(value / 1_000_000, value % 1_000_000),
        _ => None,
    };
    if dated.is_some() {
        return dated;
    }
    let (unit, name) = match value.unsigned_abs() {
        0..100_000_000_000 => (SECOND, "s"),
        100_000_000_000..100_000_000_000_000 => (1_000_000, "ms"),
        100_000_000_000_000..100_000_000_000_000_000 => (1_000, "us"),
        _ => (1, "ns"),
    };
    Some(Written::Epoch(value.checked_mul(unit)?, name))
}

/// The numbers like this one that are of one unit and can be no date in digits, what one of the
/// unit is in ns, and its name.
pub(crate) fn plain_epochs(like: i64) -> Option<(Range<i64>, i64, &'static str)> {
    let of_unit = [
        (21_001_232..i64::MAX / SECOND, SECOND, "s"),
        (210_012_312_360..i64::MAX / 1_000_000, 1_000_000, "ms"),
        (100_000_000_000_000..i64::MAX / 1_000, 1_000, "us"),
        (100_000_000_000_000_000..i64::MAX, 1, "ns"),
    ];
    of_unit.into_iter().find(|(range, ..)| range.contains(&like))
}

/// The time of `yyyymmdd` and `HHMMSS`.
fn of_digits(date: i64, clock: i64) -> Option<Written> {
    let part = |number: i64| u32::try_from(number % 100).ok();
    let year = i32::try_from(date / 10_000).ok()?;
    let date = NaiveDate::from_ymd_opt(year, part(date / 100)?, part(date)?)?;
    let time = NaiveTime::from_hms_opt(part(clock / 10_000)?, part(clock / 100)?, part(clock)?)?;
    Some(Written::Local(date.and_time(time).and_utc().timestamp_nanos_opt()?))
}

/// 1973-03-03 in ns: smaller epochs are seldom times.
const EARLIEST: i64 = 100_000_000 * SECOND;

/// Tells whether an epoch number is so small that it rather counts something else.
pub(crate) fn is_early(ns: i64) -> bool {
    ns < EARLIEST
}

/// An epoch number with a fraction or an exponent, as `1704326400.1000` and `1.7e+12`, told apart
/// as whole ones are, to the ns. None for one before 1973, and for all other text.
pub(crate) fn of_decimal(text: &[u8]) -> Option<Written> {
    let mut number = 0_i128;
    let (mut places, mut digits, mut is_fraction) = (0_i32, 0, false);
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + i128::from(byte - b'0');
                places += i32::from(is_fraction);
                digits += 1;
            }
            b'.' if !is_fraction => is_fraction = true,
            b'e' | b'E' => break,
            _ => return None,
        }
        // 28 digits and those of 1e9 fit in 127 bits.
        if digits > 28 {
            return None;
        }
        rest = after;
    }
    let exponent: i32 = match rest.split_first() {
        Some((_, exponent)) if exponent.len() <= 3 => {
            str::from_utf8(exponent).ok()?.parse().ok()?
        }
        Some(_) => return None,
        None => 0,
    };
    if digits == 0 || !is_fraction && rest.is_empty() {
        return None;
    }
    let mut power = exponent - places;
    while power < 0 && number % 10 == 0 && number != 0 {
        number /= 10;
        power += 1;
    }
    let tens = 10_i128.checked_pow(power.unsigned_abs())?;
    if power >= 0 {
        let whole = i64::try_from(number.checked_mul(tens)?).ok()?;
        return of_number(whole).filter(Written::is_plausible);
    }
    // A date in digits has no fraction.
    let Written::Epoch(_, name) = of_number(i64::try_from(number / tens).ok()?)? else {
        return None;
    };
    let unit = match name {
        "s" => SECOND,
        "ms" => 1_000_000,
        "us" => 1_000,
        _ => 1,
    };
    let ns = number.checked_mul(i128::from(unit))?.div_euclid(tens);
    Some(Written::Epoch(i64::try_from(ns).ok()?, name)).filter(Written::is_plausible)
}

/// A whole number in digits alone.
pub(crate) fn digits(text: &[u8]) -> Option<i64> {
    // More might not fit.
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_epochs_are_read_as_all_are() {
        let mut told = 0;
        let tens = (0..18).map(|power| 10_i64.pow(power));
        let edges = [21_001_231, 210_012_312_359, 1_700_000_000_000, 20_240_131_143_000_000];
        let ends = [1, 1_000, 1_000_000, SECOND].map(|unit| i64::MAX / unit);
        for near in tens.chain(edges).chain(ends).chain([-5, i64::MIN]) {
            for number in (-2..=2).filter_map(|more| near.checked_add(more)) {
                if let Some((_, unit, name)) = plain_epochs(number) {
                    let ns = number.checked_mul(unit).expect("a range holds what fits");
                    assert_eq!(of_number(number), Some(Written::Epoch(ns, name)), "{number}");
                    told += 1;
                }
            }
        }
        assert!(told > 30, "{told}");
    }
}
