//! Trading hours.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::Zone;
use crate::anchor::{Clock, time_of_day};

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The trading hours of each day: a time of opening and a time of closing, in a zone.
///
/// As text: `09:30-16:00 America/New_York`; `18:00-17:00 America/Chicago` closes on the day after;
/// without a zone the times are UTC. Equal times are 24 hours, and `24:00` is midnight at the end
/// of a day.
///
/// A session lasts from the instant of its opening to that of its closing, exclusive. Where clocks
/// are put back, a local time that comes twice is the first one; where they are put forward, a
/// local time that is missing is the first instant after the gap. Every date has a session, also
/// those without bars.
///
/// ```
/// use barloom_bars::Session;
///
/// let session: Session = "09:30-16:00 America/New_York".parse()?;
/// let open = 1_704_205_800_000_000_000; // 2024-01-02 14:30 UTC
/// let minute = 60_000_000_000;
/// assert!(session.contains(open) && !session.contains(open - 1));
/// assert_eq!(session.minutes_since_open(open + 5 * minute), Some(5.0));
/// assert_eq!(session.minutes_to_close(open + 5 * minute), Some(385.0));
/// assert_eq!(session.minutes_to_close(open + 390 * minute), None);
/// assert_eq!(session.to_string(), "09:30-16:00 America/New_York");
/// # Ok::<(), barloom_bars::NoSession>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// ns since midnight, in `0..DAY`.
    open: i64,
    /// ns since midnight, in `0..=DAY`.
    close: i64,
    zone: Zone,
}

/// The error of a text that names no trading hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Session::EXPECTED)]
pub struct NoSession;

impl Session {
    /// The texts that name trading hours.
    pub const EXPECTED: &str = "trading hours such as \"09:30-16:00 America/New_York\": the times \
                                of opening and closing, and an IANA time zone (default: UTC)";

    /// The hours of the session that an instant lies in: the instants of its opening and its
    /// closing, in ns since 1970 UTC. None outside of all sessions.
    ///
    /// The answer is the same for all instants of the range.
    #[must_use]
    pub fn at(self, ts: i64) -> Option<Range<i64>> {
        let local = ts.checked_add(self.zone.offset_ns(ts))?;
        let date = local.div_euclid(DAY);
        // The session of the day before may last over midnight. That of the day after begins before
        // its date where clocks are put back over midnight.
        let dates = [date + 1, date, date - 1].into_iter();
        let mut open = dates.filter_map(|date| self.of_date(date));
        open.find(|hours| hours.contains(&ts))
    }

    /// The hours of the session that opens on a date, in days since 1970-01-01. None where 64 bits
    /// do not hold them.
    fn of_date(self, date: i64) -> Option<Range<i64>> {
        let instant = |date: i64, time: i64| {
            Some(self.zone.at(date.checked_mul(DAY)?.checked_add(time)?)?.first())
        };
        let closes_on = date + i64::from(self.close <= self.open);
        Some(instant(date, self.open)?..instant(closes_on, self.close)?)
    }

    /// Returns true if a bar that opens at an instant (ns since 1970 UTC) opens within a session.
    #[must_use]
    pub fn contains(self, open_ns: i64) -> bool {
        self.at(open_ns).is_some()
    }

    /// The minutes from the opening to an instant (ns since 1970 UTC), at least 0. None outside of
    /// all sessions.
    #[must_use]
    pub fn minutes_since_open(self, open_ns: i64) -> Option<f64> {
        self.at(open_ns).map(|hours| minutes(open_ns - hours.start))
    }

    /// The minutes from an instant (ns since 1970 UTC) to the closing, above 0. None outside of all
    /// sessions.
    #[must_use]
    pub fn minutes_to_close(self, open_ns: i64) -> Option<f64> {
        self.at(open_ns).map(|hours| minutes(hours.end - open_ns))
    }
}

fn minutes(ns: i64) -> f64 {
    ns as f64 / MINUTE as f64
}

impl FromStr for Session {
    type Err = NoSession;

    fn from_str(text: &str) -> Result<Self, NoSession> {
        let (times, zone) = match text.trim().split_once(' ') {
            Some((times, zone)) => (times, zone.trim().parse().map_err(|_| NoSession)?),
            None => (text.trim(), Zone::UTC),
        };
        let (open, close) = times.split_once('-').ok_or(NoSession)?;
        let open = time_of_day(open).ok_or(NoSession)?;
        let close = match close {
            "24:00" => DAY,
            _ => time_of_day(close).ok_or(NoSession)?,
        };
        Ok(Self { open, close, zone })
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{} {}", Clock(self.open), Clock(self.close), self.zone)
    }
}
