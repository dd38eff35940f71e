//! Time zones, and the instants that local times name.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, Months, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// A time zone: one of the IANA database, or a fixed offset from UTC.
///
/// ```
/// use barloom_bars::{Local, Zone};
///
/// let zone: Zone = "America/New_York".parse()?;
/// let midnight = 1_704_067_200_000_000_000; // 2024-01-01 00:00, as a clock there shows it
/// assert_eq!(zone.at(midnight), Some(Local::Once(midnight + 5 * 3_600_000_000_000)));
/// assert_eq!("+05:30".parse::<Zone>()?.to_string(), "+05:30");
/// # Ok::<(), barloom_bars::UnknownZone>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Named(Tz),
    Fixed(FixedOffset),
}

/// The instants, ns since 1970 UTC, that a local time names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// The usual case.
    Once(i64),
    /// Two instants, the earlier one first: clocks were put back.
    Twice(i64, i64),
    /// No instant, as clocks were put forward; the first instant after the missing times.
    Skipped(i64),
}

impl Local {
    /// The first instant that the local time can mean.
    #[must_use]
    pub fn first(self) -> i64 {
        match self {
            Self::Once(ns) | Self::Twice(ns, _) | Self::Skipped(ns) => ns,
        }
    }
}

/// A text names no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown time zone {0:?}; expected an IANA name such as \"UTC\" or \"America/New_York\", or an offset such as \"+05:30\""
)]
pub struct UnknownZone(String);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Kind::Named(Tz::UTC));

    /// Tells whether local times in this zone are UTC.
    #[must_use]
    pub fn is_utc(self) -> bool {
        self == Self::UTC
    }

    /// The offset from UTC in ns, where it is the same at all times.
    pub(crate) fn fixed_ns(self) -> Option<i64> {
        match self.0 {
            Kind::Named(Tz::UTC) => Some(0),
            Kind::Named(_) => None,
            Kind::Fixed(offset) => Some(i64::from(offset.local_minus_utc()) * SECOND),
        }
    }

    /// The offset of local time from UTC at an instant, ns.
    #[must_use]
    pub fn offset_ns(self, instant: i64) -> i64 {
        let utc = naive(instant);
        let offset = match self.0 {
            Kind::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
            Kind::Fixed(offset) => offset,
        };
        i64::from(offset.local_minus_utc()) * SECOND
    }

    /// The instants that a local time names; times in ns since 1970. None where these cannot be
    /// represented in 64 bits.
    #[must_use]
    pub fn at(self, local: i64) -> Option<Local> {
        use chrono::LocalResult::{Ambiguous, None, Single};
        let offsets = match self.0 {
            Kind::Named(zone) => zone.offset_from_local_datetime(&naive(local)).map(|o| o.fix()),
            Kind::Fixed(offset) => Single(offset),
        };
        let instant =
            |offset: FixedOffset| local.checked_sub(i64::from(offset.local_minus_utc()) * SECOND);
        Some(match offsets {
            Single(offset) => Local::Once(instant(offset)?),
            Ambiguous(a, b) => {
                let (a, b) = (instant(a)?, instant(b)?);
                Local::Twice(a.min(b), a.max(b))
            }
            None => Local::Skipped(self.after_gap(local)?),
        })
    }

    /// The instant so many calendar months later, or earlier, at the same local time; the last day
    /// of a month that has no such day, and the first instant after local times that are missing.
    /// None where it cannot be represented.
    #[must_use]
    pub fn plus_months(self, instant: i64, months: i32) -> Option<i64> {
        let local = naive(instant.checked_add(self.offset_ns(instant))?);
        let by = Months::new(months.unsigned_abs());
        let moved = match months {
            0.. => local.checked_add_months(by)?,
            _ => local.checked_sub_months(by)?,
        };
        Some(self.at(moved.and_utc().timestamp_nanos_opt()?)?.first())
    }

    /// The first instant after the missing local times around one of them.
    fn after_gap(self, local: i64) -> Option<i64> {
        // No gap is longer than the day that Samoa left out in 2011.
        let (mut before, mut after) = (local.checked_sub(2 * DAY)?, local.checked_add(2 * DAY)?);
        let is_before = |instant: i64| instant.saturating_add(self.offset_ns(instant)) < local;
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if is_before(middle) { before = middle } else { after = middle }
        }
        Some(after)
    }
}

fn naive(ns: i64) -> NaiveDateTime {
    DateTime::from_timestamp_nanos(ns).naive_utc()
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        let known = match fixed(text) {
            Some(offset) => Some(Kind::Fixed(offset)),
            None => text.parse().ok().map(Kind::Named),
        };
        known.map(Self).ok_or_else(|| UnknownZone(text.to_owned()))
    }
}

/// The offset of `+05:30`, `-0330` or `+09`.
fn fixed(text: &str) -> Option<FixedOffset> {
    let east = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match text.get(1..)?.as_bytes() {
        [a, b] => ([*a, *b], [b'0'; 2]),
        [a, b, c, d] | [a, b, b':', c, d] => ([*a, *b], [*c, *d]),
        _ => return None,
    };
    let number = |digits: [u8; 2]| {
        let is_number = digits.iter().all(u8::is_ascii_digit);
        is_number.then(|| i32::from(digits[0] - b'0') * 10 + i32::from(digits[1] - b'0'))
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    FixedOffset::east_opt(east * (hours * 60 + minutes) * 60)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Named(zone) => f.write_str(zone.name()),
            Kind::Fixed(offset) => offset.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> i64 {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        time.and_utc().timestamp_nanos_opt().unwrap()
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[test]
    fn local_times_name_instants() {
        let york = zone("America/New_York");
        let at = |text| york.at(local(text)).unwrap();
        assert_eq!(at("2024-07-01 12:00"), Local::Once(local("2024-07-01 16:00")));
        let twice = Local::Twice(local("2024-11-03 05:30"), local("2024-11-03 06:30"));
        assert_eq!(at("2024-11-03 01:30"), twice);
        for skipped in ["2024-03-10 02:00", "2024-03-10 02:59"] {
            assert_eq!(at(skipped), Local::Skipped(local("2024-03-10 07:00")), "{skipped}");
        }
        assert_eq!(at("2024-03-10 03:00"), Local::Once(local("2024-03-10 07:00")));
    }

    #[test]
    fn missing_midnights_and_days_end_at_the_first_time_there_is() {
        let midnight = zone("America/Sao_Paulo").at(local("2018-11-04 00:00")).unwrap();
        assert_eq!(midnight, Local::Skipped(local("2018-11-04 03:00")));
        let day = zone("Pacific/Apia").at(local("2011-12-30 12:00")).unwrap();
        assert_eq!(day, Local::Skipped(local("2011-12-30 10:00")));
    }

    #[test]
    fn names_and_offsets() {
        for name in ["UTC", "America/New_York", "EST", "+05:30", "-03:30"] {
            assert_eq!(zone(name).to_string(), name);
        }
        assert_eq!(zone("EST").offset_ns(local("2018-07-01 00:00")), -5 * HOUR);
        assert_eq!((zone("+09"), zone("-0330")), (zone("+09:00"), zone("-03:30")));
        for wrong in ["", "Mars/Olympus", "+5", "+05:60", "+99:00", "05:30", "+é9"] {
            assert!(wrong.parse::<Zone>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn months_later_is_the_same_local_time() {
        let york = zone("America/New_York");
        let plus = |text, months| york.plus_months(local(text), months).unwrap();
        assert_eq!(plus("2024-01-31 14:30", 1), local("2024-02-29 14:30"));
        assert_eq!(plus("2024-02-15 14:30", 1), local("2024-03-15 13:30"), "clocks went forward");
        assert_eq!(plus("2024-02-10 07:30", 1), local("2024-03-10 07:00"), "02:30 is missing");
        assert_eq!(plus("2024-03-31 13:30", -1), local("2024-02-29 14:30"));
        assert_eq!(york.plus_months(i64::MAX - 1, 12), None);
    }

    #[test]
    fn times_at_the_end_of_what_can_be_represented() {
        let york = zone("America/New_York");
        assert_eq!(york.at(i64::MAX), None);
        assert!(york.at(i64::MIN).is_some());
        assert_eq!(zone("+09:00").at(i64::MIN), None);
    }
}
