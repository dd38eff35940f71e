//! Times as they stand in files.

mod epoch;

use barloom_bars::Zone;
use chrono::NaiveDate;

use crate::MarketDataError;
pub(crate) use epoch::{digits, is_early, of_decimal, of_number, plain_epochs};

const SECOND: i64 = 1_000_000_000;

/// A time as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Written {
    /// Nothing there.
    Missing,
    /// An instant, ns since 1970 UTC.
    Instant(i64),
    /// An epoch number of a unit, and its instant.
    Epoch(i64, &'static str),
    /// A time without a zone, ns since 1970 in it.
    Local(i64),
    /// Two numbers that are day and month in one order or the other, a year, ns of the day.
    Slashed(u32, u32, i32, i64),
    /// The same of UTC: the ns of the day can lie in the day before or after.
    SlashedInstant(u32, u32, i32, i64),
}

/// The zone of times that name none.
pub(crate) fn zone(name: &str) -> Result<Zone, MarketDataError> {
    name.parse().map_err(|_| MarketDataError::TimeZone(name.to_owned()))
}

impl Written {
    /// Returns true if an unnamed column with this content can be a column of times.
    pub(crate) fn is_plausible(&self) -> bool {
        !matches!(self, Self::Epoch(ns, _) if is_early(*ns))
    }

    /// The time without a zone, for people.
    pub(crate) fn shown(&self) -> String {
        let text = |ns: i64, format: &str| {
            chrono::DateTime::from_timestamp_nanos(ns).format(format).to_string()
        };
        match self {
            Self::Missing => String::new(),
            Self::Instant(ns) | Self::Epoch(ns, _) | Self::Local(ns) => {
                text(*ns, "%Y-%m-%d %H:%M:%S%.f")
            }
            Self::Slashed(a, b, year, ns) | Self::SlashedInstant(a, b, year, ns) => {
                format!("{a}/{b}/{year} {}", text(*ns, "%H:%M:%S%.f"))
            }
        }
    }
}

/// Tells whether text is a whole time, with its date.
pub(crate) fn is_whole(text: &str) -> bool {
    // Nine digits and fewer can be a time of day.
    let is_clock = text.len() < 10 && digits(text.as_bytes()).is_some();
    let written = of_text(text).filter(|_| !is_clock);
    written.is_some_and(|written| written != Written::Missing && written.is_plausible())
}

/// Tells whether text is a date without a time of day.
pub(crate) fn is_date(text: &str) -> bool {
    match of_text(text) {
        Some(Written::Local(ns)) => ns % (86_400 * SECOND) == 0,
        Some(Written::Slashed(.., ns)) => ns == 0,
        _ => false,
    }
}

/// Digits of a time of day, of which leading zeros may be missing, as `HH:MM` or `HH:MM:SS`.
pub(crate) fn of_clock_digits(text: &str, digits: usize) -> Option<String> {
    if text.is_empty() || text.len() > digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{text:0>digits$}");
    let pairs: Vec<&str> = (0..digits / 2).map(|pair| &padded[2 * pair..2 * pair + 2]).collect();
    let clock = pairs.join(":");
    of_clock(&clock).map(|_| clock)
}

/// [`of_text`] of the usual ones: `2024-01-31`, with `14:30`, seconds and their fraction, and UTC.
/// None for all others, and for what is no time.
pub(crate) fn of_iso(text: &[u8]) -> Option<Written> {
    fn number(digits: &[u8]) -> Option<u32> {
        digits.iter().try_fold(0, |number: u32, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit <= 9).then(|| number * 10 + u32::from(digit))
        })
    }
    let (date, rest) = text.split_first_chunk::<10>()?;
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let (year, month, day) = (number(year)?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let (clock, rest) = match rest {
        [] => ([0; 2], rest),
        [b' ' | b'T', h1, h2, b':', m1, m2, rest @ ..] => {
            ([number(&[*h1, *h2])?, number(&[*m1, *m2])?], rest)
        }
        _ => return None,
    };
    let (seconds, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (Some(number(&[*s1, *s2])?), rest),
        rest => (None, rest),
    };
    let (nanos, rest) = match rest {
        // Of seconds alone.
        [b'.', rest @ ..] if seconds.is_some() => {
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, rest) = rest.split_at(count);
            // As many as ns have.
            let mut places = [b'0'; 9];
            places.get_mut(..count).filter(|_| count > 0)?.copy_from_slice(digits);
            (number(&places)?, rest)
        }
        rest => (0, rest),
    };
    let ([hours, minutes], seconds) = (clock, seconds.unwrap_or(0));
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let seconds = i64::from((hours * 60 + minutes) * 60 + seconds);
    match (local(date, seconds * SECOND + i64::from(nanos))?, rest) {
        (written, []) => Some(written),
        (Written::Local(ns), b"Z" | b"+00:00") => Some(Written::Instant(ns)),
        _ => None,
    }
}

/// A time in text: an epoch number, an ISO date with or without time and zone, `yyyymmdd`, or
/// day, month and year with slashes. `None` for anything else.
pub(crate) fn of_text(text: &str) -> Option<Written> {
    let text = text.trim();
    if is_missing(text) {
        return Some(Written::Missing);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !text[1..].contains('-') {
        return of_number(text.parse().ok()?);
    }
    if let Some(whole) = text.strip_suffix(".0")
        && whole.bytes().all(|b| b.is_ascii_digit())
    {
        return of_number(whole.parse().ok()?);
    }
    if let Some(written) = of_decimal(text.as_bytes()) {
        return Some(written);
    }
    if let Some(text) = with_hyphens(text) {
        return of_text(&text);
    }
    // A letter parts them after a digit alone: months by name have it too.
    let parts = |(at, byte): (usize, u8)| match byte {
        b'T' | b't' => at > 0 && text.as_bytes()[at - 1].is_ascii_digit(),
        byte => byte == b' ',
    };
    let (date, rest) = match text.bytes().enumerate().position(parts) {
        Some(at) => (&text[..at], text[at + 1..].trim_start()),
        None => (text, ""),
    };
    let (clock, offset) = split_offset(rest)?;
    let nanos = match clock.len() {
        0 => 0,
        4 | 6 if !clock.contains(':') => of_clock(&of_clock_digits(clock, clock.len())?)?,
        _ => of_clock(clock)?,
    };
    let written = of_date(date, nanos)?;
    let Some(offset) = offset else { return Some(written) };
    match written {
        Written::Local(ns) => Some(Written::Instant(ns.checked_sub(offset)?)),
        Written::Slashed(a, b, year, ns) => {
            Some(Written::SlashedInstant(a, b, year, ns.checked_sub(offset)?))
        }
        other => Some(other),
    }
}

/// A date and ns of its day.
fn of_date(date: &str, nanos: i64) -> Option<Written> {
    if let Some(parting) = ['/', '.'].into_iter().find(|c| date.contains(*c)) {
        let mut parts = date.split(parting);
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        if a.len() == 4 {
            let date = NaiveDate::from_ymd_opt(a.parse().ok()?, b.parse().ok()?, c.parse().ok()?);
            return local(date?, nanos);
        }
        return of_parts(a, b, c, nanos);
    }
    if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) {
        let n: i32 = date.parse().ok()?;
        let date = NaiveDate::from_ymd_opt(n / 10_000, (n / 100 % 100) as u32, (n % 100) as u32);
        return local(date?, nanos);
    }
    let mut parts = date.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    if d.len() == 4 {
        return of_parts(y, m, d, nanos);
    }
    if y.len() != 4 {
        return None;
    }
    local(NaiveDate::from_ymd_opt(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)?, nanos)
}

/// A date such as `2024年01月31日` or `2024년 1월 31일` as `2024-01-31`, with what follows it.
fn with_hyphens(text: &str) -> Option<String> {
    let marks = [["年", "月", "日"], ["년", "월", "일"]];
    let [year, month, day] = marks.into_iter().find(|[year, ..]| text.contains(year))?;
    let (y, rest) = text.split_once(year)?;
    let (m, rest) = rest.split_once(month)?;
    let (d, rest) = rest.split_once(day)?;
    Some(format!("{}-{}-{} {}", y.trim(), m.trim(), d.trim(), rest.trim()))
}

/// A date whose year is last: with its month by name, or with two numbers of which one is the day.
fn of_parts(a: &str, b: &str, year: &str, nanos: i64) -> Option<Written> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if year.len() != 4 {
        return None;
    }
    let year: i32 = year.parse().ok()?;
    let by_name = MONTHS.iter().position(|month| b.eq_ignore_ascii_case(month));
    if let Some(month) = by_name {
        return local(NaiveDate::from_ymd_opt(year, month as u32 + 1, a.parse().ok()?)?, nanos);
    }
    Some(Written::Slashed(a.parse().ok()?, b.parse().ok()?, year, nanos))
}

/// Returns true if text stands for a missing value.
pub(crate) fn is_missing(text: &str) -> bool {
    text.is_empty()
        || ["nan", "null", "none", "na", "n/a", "nat", "-"]
            .iter()
            .any(|m| text.eq_ignore_ascii_case(m))
}

fn local(date: NaiveDate, nanos: i64) -> Option<Written> {
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    Some(Written::Local(midnight.checked_mul(SECOND)?.checked_add(nanos)?))
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction` as ns of the day.
fn of_clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let number = |part: Option<&str>| -> Option<i64> {
        let part = part?;
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse().ok() } else { None }
    };
    let (hours, minutes) = (number(parts.next())?, number(parts.next())?);
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let digits = fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit());
            if !digits {
                return None;
            }
            (number(Some(whole))?, format!("{fraction:0<9}").parse().ok()?)
        }
    };
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction)
}

/// Takes `Z`, ` UTC` or `+hh:mm` from the end of a time of day; the offset in ns.
fn split_offset(text: &str) -> Option<(&str, Option<i64>)> {
    for zero in ["Z", "z", "UTC", "GMT"] {
        if let Some(clock) = text.strip_suffix(zero) {
            return Some((clock.trim_end(), Some(0)));
        }
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    if !(digits.len() == 2 || digits.len() == 4) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 =
        digits.get(2..).filter(|m| !m.is_empty()).map_or(Some(0), |m| m.parse().ok())?;
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    let mut clock = text[..at].trim_end();
    // `GMT+0100`
    for zero in ["GMT", "UTC"] {
        clock = clock.strip_suffix(zero).unwrap_or(clock).trim_end();
    }
    Some((clock, Some(sign * (hours * 60 + minutes) * 60 * SECOND)))
}

/// Decides from all dates with slashes if the day comes first.
///
/// # Errors
/// The dates fit both orders, or some are of each; the text says which.
pub(crate) fn day_first(written: &[Written]) -> Result<bool, String> {
    let (mut first_above_12, mut second_above_12, mut any) = (false, false, false);
    for time in written {
        if let Written::Slashed(a, b, ..) | Written::SlashedInstant(a, b, ..) = time {
            any = true;
            first_above_12 |= *a > 12;
            second_above_12 |= *b > 12;
        }
    }
    match (first_above_12, second_above_12) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        (false, false) if any => {
            Err("dates such as 1/2/2024 could be day or month first; say it: csv.day_first \
                 = true or false"
                .into())
        }
        (true, true) => {
            Err("some dates are day first and some month first; write them as 2024-02-01".into())
        }
        _ => Ok(false),
    }
}

/// A slashed date as ns in its zone.
pub(crate) fn of_slashed(a: u32, b: u32, year: i32, nanos: i64, day_first: bool) -> Option<i64> {
    let (day, month) = if day_first { (a, b) } else { (b, a) };
    match local(NaiveDate::from_ymd_opt(year, month, day)?, nanos)? {
        Written::Local(ns) => Some(ns),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_times_are_read_as_all_are() {
        let dates =
            ["2024-01-31", "1969-12-31", "2024-02-30", "20240131", "2024-1-3", "x024-01-31"];
        let clocks =
            ["", " 14:30", "T14:30:59", "t14:30", " 24:00", " 23:60", " 1:30", "T00:00:60"];
        let fractions = ["", ".5", ".123456789", ".1234567890", ".", ".x"];
        let ends = ["", "Z", "+00:00", "+01:00", " UTC", "x", "-00:00"];
        let mut usual = 0;
        for date in dates {
            for clock in clocks {
                for fraction in fractions {
                    for end in ends {
                        let text = format!("{date}{clock}{fraction}{end}");
                        let told = of_iso(text.as_bytes());
                        assert!(told.is_none() || told == of_text(&text), "{text}: {told:?}");
                        usual += usize::from(told.is_some());
                    }
                }
            }
        }
        assert_eq!(of_iso(b"2024-01-31 14:30:00.25+00:00"), of_text("2024-01-31T14:30:00.25Z"));
        assert!(usual > 20, "{usual}");
    }

    #[test]
    fn times_are_read() {
        let t = 1_700_000_000 * SECOND;
        for (text, expected) in [
            ("1700000000", Written::Epoch(t, "s")),
            ("1700000000000", Written::Epoch(t, "ms")),
            ("1700000000000000", Written::Epoch(t, "us")),
            ("1700000000000000000", Written::Epoch(t, "ns")),
            ("2023-11-14 22:13:20", Written::Local(t)),
            ("2023-11-14T22:13:20Z", Written::Instant(t)),
            ("2023-11-14 23:13:20+01:00", Written::Instant(t)),
            ("2023-11-14 17:13:20-0500", Written::Instant(t)),
            ("2023-11-14 22:13:20.5", Written::Local(t + SECOND / 2)),
            ("20231114 22:13:20", Written::Local(t)),
            ("2023/11/14 22:13:20", Written::Local(t)),
            ("20231114", Written::Local(t - 80_000 * SECOND)),
            ("2023-11-14", Written::Local(t - 80_000 * SECOND)),
            ("11/14/2023", Written::Slashed(11, 14, 2023, 0)),
            ("14.11.2023", Written::Slashed(14, 11, 2023, 0)),
            ("14-11-2023", Written::Slashed(14, 11, 2023, 0)),
            ("14-nov-2023", Written::Local(t - 80_000 * SECOND)),
            ("01-Oct-2023 12:00", Written::Local(1_696_161_600 * SECOND)),
            ("202311142213", Written::Local(t - 20 * SECOND)),
            ("20231114221320", Written::Local(t)),
            ("20231114 221320", Written::Local(t)),
            ("20231114 2213", Written::Local(t - 20 * SECOND)),
            ("2023年11月14日 22:13:20", Written::Local(t)),
            ("2023년 11월 14일", Written::Local(t - 80_000 * SECOND)),
            ("2023.11.14 23:13:20.000 GMT+0100", Written::Instant(t)),
            ("14.11.2023 23:13:20 GMT+0100", {
                Written::SlashedInstant(14, 11, 2023, 80_000 * SECOND)
            }),
            ("1700000000.1000", Written::Epoch(t + SECOND / 10, "s")),
            ("1700000000.123456789", Written::Epoch(t + 123_456_789, "s")),
            ("1700000000000.25", Written::Epoch(t + 250_000, "ms")),
            ("1.7e+12", Written::Epoch(t, "ms")),
            ("1.7E9", Written::Epoch(t, "s")),
            ("1.70000000000000025e12", Written::Epoch(t + 250, "ms")),
            ("20231114.0", Written::Local(t - 80_000 * SECOND)),
            ("", Written::Missing),
            ("null", Written::Missing),
        ] {
            assert_eq!(of_text(text), Some(expected), "{text}");
        }
        for text in [
            "yesterday",
            "2023-13-01",
            "2023-11-14 25:00",
            "1/2",
            "12:30",
            "99999999999999999999",
            "2023-11-14 10-AM",
            "20231114.5",
            "1.5",
            "1e400",
            "1.7e",
            "1.7.0e12",
            "20231114 2460",
            "é",
        ] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_day_in_digits_have_their_leading_zeros_again() {
        for (text, digits, clock) in [
            ("93000", 6, Some("09:30:00")),
            ("0", 6, Some("00:00:00")),
            ("1500", 6, Some("00:15:00")),
            ("1500", 4, Some("15:00")),
            ("930", 4, Some("09:30")),
            ("93000", 4, None),
            ("246000", 6, None),
            ("", 6, None),
        ] {
            assert_eq!(of_clock_digits(text, digits).as_deref(), clock, "{text} of {digits}");
        }
        assert!(is_date("20240131") && is_date("31/1/2024") && is_date("2024-01-31"));
        assert!(!is_date("1700000000") && !is_date("2024-01-31 09:30") && !is_date("101.5"));
    }

    #[test]
    fn slashed_dates_are_told_from_the_whole_column() {
        let slashed = |a, b| Written::Slashed(a, b, 2020, 0);
        assert_eq!(day_first(&[slashed(1, 2), slashed(1, 13)]), Ok(false));
        assert_eq!(day_first(&[slashed(1, 2), slashed(13, 1)]), Ok(true));
        assert!(day_first(&[slashed(1, 2)]).is_err());
        assert!(day_first(&[slashed(13, 2), slashed(1, 13)]).is_err());
    }

    #[test]
    fn unknown_zones_are_told() {
        assert!(zone("America/New_York").is_ok());
        let error = zone("Mars/Olympus").unwrap_err().to_string();
        assert!(error.contains("timezone: ") && error.contains("Mars/Olympus"), "{error}");
    }
}
