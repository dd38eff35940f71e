//! The grid of intervals that coarser bars fill.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate};

use crate::interval::month_of;
use crate::{Interval, Zone};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
/// 1970-01-01 was a Thursday.
const MONDAY: i64 = -3;

/// The time of day, in a zone, at which days begin, and with them the intervals of coarser bars.
///
/// As text: `UTC`, a zone (`America/New_York`), or a time in one (`17:00 America/New_York`,
/// `09:15 Asia/Kolkata`). A day that begins at noon or later is that of the next date, of which it
/// has most: the session from Sunday 17:00 is Monday.
///
/// ```
/// use barloom_bars::Anchor;
/// let anchor: Anchor = "17:00 America/New_York".parse()?;
/// assert_eq!(anchor.to_string(), "17:00 America/New_York");
/// assert_eq!("UTC".parse(), Ok(Anchor::UTC));
/// # Ok::<(), barloom_bars::NoAnchor>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    zone: Zone,
    /// ns since midnight.
    time: i64,
}

/// A text is no anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Anchor::EXPECTED)]
pub struct NoAnchor;

impl Anchor {
    /// The texts that are anchors.
    pub const EXPECTED: &str = "\"UTC\", an IANA time zone such as \"America/New_York\", or a time \
                                in one such as \"17:00 America/New_York\"";

    /// Midnight UTC.
    pub const UTC: Self = Self { zone: Zone::UTC, time: 0 };

    /// The zone of its days.
    #[must_use]
    pub fn zone(self) -> Zone {
        self.zone
    }

    /// Tells whether a day begins at an instant, in ns since 1970.
    #[must_use]
    pub fn begins_day(self, ts: i64) -> bool {
        self.day_of(ts).and_then(|day| self.day_start(day)) == Some(ts)
    }

    /// The instant at which the day of a date begins, in days since 1970-01-01; none where it
    /// cannot be represented.
    fn day_start(self, day: i64) -> Option<i64> {
        let date = if self.time >= 12 * HOUR { day.checked_sub(1)? } else { day };
        let local = date.checked_mul(DAY)?.checked_add(self.time)?;
        Some(self.zone.at(local)?.first())
    }

    /// The date of the day that an instant lies in.
    fn day_of(self, ts: i64) -> Option<i64> {
        let local = ts.checked_add(self.zone.offset_ns(ts))?.checked_sub(self.time)?;
        let mut day = local.div_euclid(DAY) + i64::from(self.time >= 12 * HOUR);
        // Where clocks change, a day does not begin where it seems to.
        if self.day_start(day)? > ts {
            day -= 1;
        } else if self.day_start(day + 1).is_some_and(|next| next <= ts) {
            day += 1;
        }
        Some(day)
    }
}

impl FromStr for Anchor {
    type Err = NoAnchor;

    fn from_str(text: &str) -> Result<Self, NoAnchor> {
        let (time, zone) = match text.trim().split_once(' ') {
            Some((time, zone)) => (time_of_day(time).ok_or(NoAnchor)?, zone.trim()),
            None => (0, text.trim()),
        };
        Ok(Self { zone: zone.parse().map_err(|_| NoAnchor)?, time })
    }
}

/// The ns since midnight of `17:00` or `17:00:30`.
pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut number = |most: i64| {
        let part = parts.next()?;
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|number| digits && *number <= most)
    };
    let (hours, minutes) = (number(23)?, number(59)?);
    let seconds = if text.matches(':').count() > 1 { number(59)? } else { 0 };
    let done = text.matches(':').count() <= 2;
    done.then_some(((hours * 60 + minutes) * 60 + seconds) * (HOUR / 3_600))
}

/// A time of day, in ns since midnight, whose text [`time_of_day`] reads back.
pub(crate) struct Clock(pub(crate) i64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / (HOUR / 3_600);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        match seconds {
            0 => write!(f, "{hours:02}:{minutes:02}"),
            _ => write!(f, "{hours:02}:{minutes:02}:{seconds:02}"),
        }
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.time > 0 {
            write!(f, "{} ", Clock(self.time))?;
        }
        self.zone.fmt(f)
    }
}

/// Intervals of one length that follow each other, counted from an anchor.
///
/// - Lengths that divide a day begin anew with each day of the anchor. Where clocks change, a day
///   has an hour more or less, and its last interval is cut by the day's end.
/// - Whole days are counted from 1970-01-01, whole weeks from Monday, months from January.
/// - Other lengths are counted from the begin of 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    interval: Interval,
    anchor: Anchor,
}

impl Grid {
    /// Intervals of a length, counted from an anchor.
    ///
    /// # Panics
    /// The interval is not longer than nothing.
    #[must_use]
    pub fn new(interval: Interval, anchor: Anchor) -> Self {
        let positive = match interval {
            Interval::Fixed(ns) => ns > 0,
            Interval::Months(months) => months > 0,
        };
        assert!(positive, "an interval is longer than nothing");
        Self { interval, anchor }
    }

    /// The length of its intervals.
    #[must_use]
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// The interval that an instant lies in: its begin, and its end, which is the begin of the next
    /// one; in ns since 1970 UTC. None where one of these cannot be represented.
    #[must_use]
    pub fn at(&self, ts: i64) -> Option<Range<i64>> {
        let Self { interval, anchor } = *self;
        let of_days =
            |first: i64, next: i64| Some(anchor.day_start(first)?..anchor.day_start(next)?);
        match interval {
            Interval::Months(months) => {
                let months = i64::from(months);
                let date = NaiveDate::from_epoch_days(i32::try_from(anchor.day_of(ts)?).ok()?)?;
                let month = month_of(date);
                let back = u32::try_from(month.rem_euclid(months)).ok()?;
                let first = date.with_day(1)?.checked_sub_months(Months::new(back))?;
                let next = first.checked_add_months(Months::new(u32::try_from(months).ok()?))?;
                of_days(i64::from(first.to_epoch_days()), i64::from(next.to_epoch_days()))
            }
            Interval::Fixed(ns) if ns % DAY == 0 => {
                let days = ns / DAY;
                let origin = if days % 7 == 0 { MONDAY } else { 0 };
                let day = anchor.day_of(ts)?;
                let first = day - (day - origin).rem_euclid(days);
                of_days(first, first.checked_add(days)?)
            }
            Interval::Fixed(ns) => {
                let within = |origin: i64| {
                    // Far from each other, times differ by more than 64 bits hold.
                    let passed = (i128::from(ts) - i128::from(origin)).rem_euclid(i128::from(ns));
                    let start = ts.checked_sub(i64::try_from(passed).ok()?)?;
                    Some(start..start.checked_add(ns)?)
                };
                match anchor.zone.fixed_ns() {
                    Some(offset) => within(anchor.time - offset),
                    None if DAY % ns == 0 => {
                        let day = anchor.day_of(ts)?;
                        let (start, end) = (anchor.day_start(day)?, anchor.day_start(day + 1)?);
                        let range = within(start)?;
                        Some(range.start.max(start)..range.end.min(end))
                    }
                    None => within(anchor.day_start(0)?),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        time.and_utc().timestamp_nanos_opt().unwrap()
    }

    /// The interval of an instant.
    fn of(interval: &str, anchor: &str, ts: &str) -> Range<i64> {
        Grid::new(interval.parse().unwrap(), anchor.parse().unwrap()).at(at(ts)).unwrap()
    }

    #[test]
    fn texts_read_back() {
        for text in ["UTC", "Asia/Tokyo", "09:15 Asia/Kolkata", "17:00:30 UTC", "06:00 +05:30"] {
            assert_eq!(text.parse::<Anchor>().unwrap().to_string(), text);
        }
        for wrong in
            ["", "17:00", "25:00 UTC", "17:60 UTC", "17 UTC", "1:2:3:4 UTC", "noon UTC", "Mars"]
        {
            assert_eq!(wrong.parse::<Anchor>(), Err(NoAnchor), "{wrong}");
        }
    }

    #[test]
    fn intervals_begin_where_utc_clocks_say() {
        assert_eq!(of("1d", "UTC", "1970-01-02 00:01"), DAY..2 * DAY);
        assert_eq!(of("1d", "UTC", "1969-12-31 23:59"), -DAY..0);
        assert_eq!(
            of("4h", "UTC", "2024-01-01 05:00"),
            at("2024-01-01 04:00")..at("2024-01-01 08:00")
        );
        // 1970-01-05 was a Monday.
        assert_eq!(of("1w", "UTC", "1970-01-05 00:00"), 4 * DAY..11 * DAY);
        assert_eq!(of("1w", "UTC", "1970-01-04 23:59"), -3 * DAY..4 * DAY);
        assert_eq!(of("7h", "UTC", "1970-01-01 08:00"), 7 * HOUR..14 * HOUR);
        assert_eq!(
            of("1mo", "UTC", "2024-02-29 12:00"),
            at("2024-02-01 00:00")..at("2024-03-01 00:00")
        );
        assert_eq!(of("3mo", "UTC", "1969-12-31 12:00"), at("1969-10-01 00:00")..0);
        assert_eq!(
            of("1y", "UTC", "2024-06-01 00:00"),
            at("2024-01-01 00:00")..at("2025-01-01 00:00")
        );
    }

    #[test]
    fn sessions_begin_at_a_local_time() {
        let york = "17:00 America/New_York";
        // Clocks were put forward on Sunday, 2024-03-10: the session before it has 23 hours.
        let friday = at("2024-03-08 22:00")..at("2024-03-09 22:00");
        assert_eq!(of("1d", york, "2024-03-08 23:00"), friday);
        assert_eq!(
            of("1d", york, "2024-03-10 20:59"),
            at("2024-03-09 22:00")..at("2024-03-10 21:00")
        );
        assert_eq!(
            of("1d", york, "2024-03-10 21:00"),
            at("2024-03-10 21:00")..at("2024-03-11 21:00")
        );
        // A week begins on Sunday evening, and a month on the evening before its first day.
        assert_eq!(of("1w", york, "2024-03-10 21:00").start, at("2024-03-10 21:00"));
        assert_eq!(of("1w", york, "2024-03-10 20:59").start, at("2024-03-03 22:00"));
        assert_eq!(of("1mo", york, "2024-02-29 22:00").start, at("2024-02-29 22:00"));
        assert_eq!(
            of("4h", york, "2024-03-07 22:30"),
            at("2024-03-07 22:00")..at("2024-03-08 02:00")
        );
        let kolkata = "09:15 Asia/Kolkata";
        assert_eq!(
            of("1h", kolkata, "2024-03-07 05:00"),
            at("2024-03-07 04:45")..at("2024-03-07 05:45")
        );
        assert_eq!(of("1w", kolkata, "2024-03-07 05:00").start, at("2024-03-04 03:45"));
    }

    #[test]
    fn days_on_which_clocks_change() {
        let york = "America/New_York";
        // 23 hours: the last interval of 4 hours has 3. 25 hours: one of an hour is left.
        assert_eq!(
            of("4h", york, "2024-03-11 03:00"),
            at("2024-03-11 01:00")..at("2024-03-11 04:00")
        );
        assert_eq!(
            of("4h", york, "2024-11-04 04:30"),
            at("2024-11-04 04:00")..at("2024-11-04 05:00")
        );
        assert_eq!(
            of("1h", york, "2024-11-03 06:30"),
            at("2024-11-03 06:00")..at("2024-11-03 07:00")
        );
        // A midnight that does not exist: the day begins at 01:00, and ends a day of 23 hours.
        let paulo = "America/Sao_Paulo";
        assert_eq!(
            of("1d", paulo, "2018-11-04 03:00"),
            at("2018-11-04 03:00")..at("2018-11-05 02:00")
        );
        assert_eq!(
            of("1d", paulo, "2018-11-04 02:59"),
            at("2018-11-03 03:00")..at("2018-11-04 03:00")
        );
    }

    #[test]
    fn every_instant_lies_in_its_interval_and_the_next_one_follows() {
        let anchors = [
            "UTC",
            "America/New_York",
            "17:00 America/New_York",
            "09:15 Asia/Kolkata",
            "America/Sao_Paulo",
            "Pacific/Apia",
            "12:00 Australia/Lord_Howe",
            "23:59 +14:00",
        ];
        let lengths = ["1h", "4h", "7h", "1d", "3d", "1w", "1mo", "3mo", "1y"];
        for (anchor, length) in anchors.iter().flat_map(|a| lengths.map(|l| (a, l))) {
            let grid = Grid::new(length.parse().unwrap(), anchor.parse().unwrap());
            let mut ts = at("2011-11-01 00:17");
            for _ in 0..300 {
                let Some(range) = grid.at(ts) else {
                    assert_eq!(*length, *"1y", "only years go that far");
                    break;
                };
                assert!(range.contains(&ts), "{length} from {anchor}: {ts} in {range:?}");
                assert_eq!(grid.at(range.start), Some(range.clone()), "{length} from {anchor}");
                assert_eq!(grid.at(range.end - 1), Some(range.clone()), "{length} from {anchor}");
                ts = range.end;
            }
        }
    }

    #[test]
    fn intervals_that_end_after_the_last_time_are_none() {
        for length in ["1m", "1h", "7h", "1d", "1w", "1mo", "1y"] {
            for anchor in ["UTC", "17:00 America/New_York", "+05:30"] {
                let grid = Grid::new(length.parse().unwrap(), anchor.parse().unwrap());
                assert_eq!(grid.at(i64::MAX), None, "{length} from {anchor}");
                if let Some(range) = grid.at(i64::MIN) {
                    assert!(range.contains(&i64::MIN), "{length} from {anchor}: {range:?}");
                }
            }
        }
    }
}
