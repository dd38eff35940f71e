//! The dates of bars of a day or more whose days are local.

use crate::Interval;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// The distance at which bars of one zone begin in UTC days: clocks change by an hour, and in two
/// zones files of which were joined by a few.
const SPREAD: i64 = 4 * HOUR;

/// Midnights of most zones are nearer to midnight UTC. Some countries near it do not work on
/// Fridays.
const FAR: i64 = 9 * HOUR;

/// The date of a bar that begins at some time of a UTC day, as an offset in ns to the begin of the
/// day that is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    /// That of the nearest midnight: local midnights of zones up to 12 hours from UTC.
    Nearest,
    /// That of the UTC day: sessions that begin in its later half.
    Same,
    /// The next one: local midnights of zones 12 hours and more ahead.
    Next,
}

impl Dates {
    /// The rule that gives bars their dates, given the length of bars. None where they need none:
    /// bars of less than a day, or that begin at midnight UTC; and where no rule fits, as bars
    /// begin at any time of day.
    ///
    /// Local midnights are nearest to the midnight UTC of their dates, but in zones 12 hours and
    /// more ahead. Where bars would then be of Saturdays, or far from UTC of Sundays, they are
    /// rather those of sessions that begin in the later half of a UTC day, or of such a zone, if
    /// that makes no bar one of a weekend.
    pub(crate) fn of(ts: &[i64], length: Interval) -> Option<Self> {
        if length.shortest_ns() < 23 * HOUR || ts.iter().all(|ts| ts.rem_euclid(DAY) == 0) {
            return None;
        }
        let few = |is_one: &dyn Fn(i64) -> bool, rule: Self| {
            let found = ts.iter().filter(|ts| rule.day(**ts).is_some_and(is_one)).count();
            found * 20 <= ts.len()
        };
        // 1970-01-01 was a Thursday.
        let is_saturday = |day: i64| (day - 2).rem_euclid(7) == 0;
        let is_weekend = |day: i64| (day - 2).rem_euclid(7) < 2;
        let nearest = Self::Nearest.fits(ts);
        let is_far = |ts: &i64| (FAR..=DAY - FAR).contains(&ts.rem_euclid(DAY));
        let known = if ts.iter().any(is_far) {
            few(&is_weekend, Self::Nearest)
        } else {
            few(&is_saturday, Self::Nearest)
        };
        if nearest && known {
            return Some(Self::Nearest);
        }
        let others = [Self::Same, Self::Next].into_iter();
        let mut others = others.filter(|rule| rule.fits(ts) && few(&is_weekend, *rule));
        others.next().or(nearest.then_some(Self::Nearest))
    }

    /// The days from 1970-01-01 to the date of a bar.
    fn day(self, ts: i64) -> Option<i64> {
        match self {
            Self::Nearest => Some(ts.checked_add(DAY / 2)?.div_euclid(DAY)),
            Self::Same => Some(ts.div_euclid(DAY)),
            Self::Next => Some(ts.div_euclid(DAY) + 1),
        }
    }

    /// The midnight UTC of the date of a bar; none where it cannot be represented.
    pub(crate) fn midnight(self, ts: i64) -> Option<i64> {
        self.day(ts)?.checked_mul(DAY)
    }

    /// Tells whether all bars begin at about one time of their days.
    fn fits(self, ts: &[i64]) -> bool {
        let phases = || ts.iter().map(|ts| ts.checked_sub(self.midnight(*ts)?));
        let (Some(Some(least)), Some(Some(most))) = (phases().min(), phases().max()) else {
            return false;
        };
        most - least <= SPREAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        time.and_utc().timestamp_nanos_opt().unwrap()
    }

    /// Twenty bars, one a day from a time on, only those whose number within a week is one of
    /// these.
    fn days(from: &str, of_week: std::ops::Range<i64>) -> Vec<i64> {
        let bars = (0..28).filter(|day| of_week.contains(&(day % 7)));
        bars.map(|day| at(from) + day * DAY).collect()
    }

    fn of(ts: &[i64]) -> Option<(Dates, i64)> {
        let dates = Dates::of(ts, Interval::Fixed(DAY))?;
        Some((dates, (dates.midnight(ts[0]).unwrap() - at("2024-01-01 00:00")) / DAY))
    }

    #[test]
    fn dates_of_local_days() {
        // 2024-01-01 was a Monday.
        for (what, ts, expected) in [
            ("UTC", days("2024-01-01 00:00", 0..5), None),
            ("Tokyo", days("2023-12-31 15:00", 0..5), Some((Dates::Nearest, 0))),
            ("New York", days("2024-01-01 05:00", 0..5), Some((Dates::Nearest, 0))),
            ("its open", days("2024-01-01 14:30", 0..5), Some((Dates::Same, 0))),
            ("Auckland", days("2023-12-31 11:00", 0..5), Some((Dates::Next, 0))),
            ("FX", days("2023-12-31 22:00", 0..5), Some((Dates::Nearest, 0))),
            ("Riyadh, from Sunday", days("2023-12-30 21:00", 0..5), Some((Dates::Nearest, -1))),
            ("Tokyo, all days", days("2023-12-31 15:00", 0..7), Some((Dates::Nearest, 0))),
        ] {
            assert_eq!(of(&ts), expected, "{what}");
        }
        let hours: Vec<i64> = (0..40).map(|bar| bar * 25 * HOUR).collect();
        assert_eq!(of(&hours), None, "no time of day");
        let minutes: Vec<i64> = (0..40).map(|bar| bar * HOUR / 60 + 5).collect();
        assert_eq!(Dates::of(&minutes, Interval::Fixed(HOUR / 60)), None);
    }

    #[test]
    fn clocks_that_change_change_no_date() {
        // London: midnight in winter, 23:00 UTC in summer.
        let mut ts = days("2024-03-04 00:00", 0..5);
        ts.extend(days("2024-03-31 23:00", 0..5));
        let dates = Dates::of(&ts, Interval::Fixed(DAY)).unwrap();
        let weekday = |ts: &i64| (dates.midnight(*ts).unwrap() / DAY + 3).rem_euclid(7);
        assert!(ts.iter().all(|ts| weekday(ts) < 5), "Monday to Friday");
    }
}
