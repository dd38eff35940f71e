//! The clock and the calendar at a bar's open.

use std::ops::Range;

use barloom_bars::{Session, Zone};
use chrono::{Datelike, NaiveDate};

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A function of the local time of a bar's open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Calendar {
    TimeOfDay,
    DayOfWeek,
    DayOfMonth,
    Month,
}

impl Calendar {
    /// Its values for bars that open at these times, ns since 1970 UTC.
    pub(crate) fn apply(self, zone: Zone, opens: &[i64], out: &mut [f64]) {
        // Bars follow each other within a day: a date is found once a day.
        let mut known = None;
        for (out, open) in out.iter_mut().zip(opens) {
            let local = open.saturating_add(zone.offset_ns(*open));
            let (day, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
            *out = match self {
                Self::TimeOfDay => time as f64 / DAY as f64,
                // 1970-01-01 was a Thursday.
                Self::DayOfWeek => (day + 3).rem_euclid(7) as f64,
                Self::DayOfMonth | Self::Month => match known {
                    Some((of, value)) if of == day => value,
                    _ => {
                        let value = self.of_date(day);
                        known = Some((day, value));
                        value
                    }
                },
            };
        }
    }

    fn of_date(self, day: i64) -> f64 {
        let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
        date.map_or(f64::NAN, |date| match self {
            Self::Month => f64::from(date.month()),
            _ => f64::from(date.day()),
        })
    }
}

/// A function of the trading hours that a bar opens in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hours {
    SinceOpen,
    ToClose,
}

impl Hours {
    /// Its values for bars that open at these times, ns since 1970 UTC; NaN outside of a session.
    pub(crate) fn apply(self, session: Session, opens: &[i64], out: &mut [f64]) {
        // Bars follow each other within a session: its hours are found once.
        let mut known = None;
        for (out, open) in out.iter_mut().zip(opens) {
            let hours = match known.take() {
                Some(hours) if Range::contains(&hours, open) => Some(hours),
                _ => session.at(*open),
            };
            *out = hours.as_ref().map_or(f64::NAN, |hours| {
                let ns = match self {
                    Self::SinceOpen => open - hours.start,
                    Self::ToClose => hours.end - open,
                };
                ns as f64 / MINUTE as f64
            });
            known = hours;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(calendar: Calendar, zone: &str, text: &str) -> f64 {
        let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        let open = time.and_utc().timestamp_nanos_opt().unwrap();
        let mut out = [0.0; 2];
        calendar.apply(zone.parse().unwrap(), &[open, open], &mut out);
        assert_eq!(out[0], out[1]);
        out[0]
    }

    #[test]
    fn local_times() {
        let york = "America/New_York";
        assert_eq!(at(Calendar::TimeOfDay, "UTC", "2024-01-01 06:00"), 0.25);
        assert_eq!(at(Calendar::TimeOfDay, york, "2024-01-01 06:00"), 1.0 / 24.0);
        // Clocks were put forward at 07:00 UTC on 2024-03-10.
        assert_eq!(at(Calendar::TimeOfDay, york, "2024-03-10 06:59"), 119.0 / 1440.0);
        assert_eq!(at(Calendar::TimeOfDay, york, "2024-03-10 07:00"), 3.0 / 24.0);
        assert_eq!(at(Calendar::DayOfWeek, "UTC", "2024-03-10 07:00"), 6.0);
        assert_eq!(at(Calendar::DayOfWeek, york, "2024-03-11 03:59"), 6.0);
        assert_eq!(at(Calendar::DayOfWeek, york, "2024-03-11 04:00"), 0.0);
        assert_eq!(at(Calendar::DayOfMonth, york, "2024-03-01 04:59"), 29.0);
        assert_eq!(at(Calendar::Month, york, "2024-03-01 04:59"), 2.0);
        assert_eq!(at(Calendar::Month, "UTC", "1969-12-31 23:59"), 12.0);
        assert_eq!(at(Calendar::DayOfWeek, "UTC", "1969-12-31 23:59"), 2.0);
    }

    #[test]
    fn hours_are_those_of_each_bar() {
        let session: Session = "09:30-16:00 America/New_York".parse().unwrap();
        // Bars of 13 minutes over two weeks in which clocks change: most are outside.
        let opens: Vec<i64> = (0..1_500).map(|bar| 1_709_500_000 + bar * 780).collect();
        let opens: Vec<i64> = opens.iter().map(|seconds| seconds * 1_000_000_000).collect();
        let mut out = vec![0.0; opens.len()];
        let mut within = 0;
        for (hours, alone) in [
            (Hours::SinceOpen, Session::minutes_since_open as fn(Session, i64) -> Option<f64>),
            (Hours::ToClose, Session::minutes_to_close),
        ] {
            hours.apply(session, &opens, &mut out);
            for (open, value) in opens.iter().zip(&out) {
                let expected = alone(session, *open);
                assert_eq!(expected, (!value.is_nan()).then_some(*value), "{hours:?} {open}");
                within += usize::from(expected.is_some());
            }
        }
        assert!((600..1_200).contains(&within), "{within} values");
    }
}
