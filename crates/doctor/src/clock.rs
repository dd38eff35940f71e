//! Clocks that were put forward or back.

use chrono::{Datelike, Days, NaiveDate, Timelike, Weekday};

use barloom_market_data::NO_TIME;

use super::{Found, Of};

const HOUR: i64 = 3_600_000_000_000;

/// `clock_change`: times that skip an hour or have one twice where clocks change, as local times do
/// that are taken for UTC.
///
/// The step to the bar is the median step and an hour, or an hour less, on a Sunday on which clocks
/// change: the second or last of March, the first of April or November, the last of October. An
/// hour is skipped where the bar after it is at 02:00 to 03:59. Bars of more than an hour are not
/// looked at, so a day of 23 or 25 hours, or a session that begins an hour earlier, does not count.
pub(crate) fn find(of: &Of<'_>, found: &mut Found) {
    if !(1..=HOUR).contains(&of.step) {
        return;
    }
    for (row, pair) in of.raw.ts.windows(2).enumerate() {
        let more = pair[1].saturating_sub(pair[0]).saturating_sub(of.step);
        if (more != HOUR && more != -HOUR) || pair.contains(&NO_TIME) {
            continue;
        }
        let [before, now] = [pair[0], pair[1]].map(|ns| {
            let time = chrono::DateTime::from_timestamp_nanos(ns).naive_utc();
            (time.date(), time.time())
        });
        let (date, clock) = now;
        let (skips, what) = if more == HOUR { (true, "skips") } else { (false, "repeats") };
        if !clocks_change(date, skips) || skips && !(2..=3).contains(&clock.hour()) {
            continue;
        }
        let what = || {
            format!(
                "{} follows {}: local time {what} an hour so on this day",
                clock.format("%H:%M"),
                before.1.format("%H:%M")
            )
        };
        found.warn(of, "clock_change", row + 1, what);
    }
}

/// Returns true if clocks go forward, or else back, on a day. In Europe, and in America, where
/// until 2006 they went forward on the first Sunday of April and back on the last of October.
fn clocks_change(date: NaiveDate, forward: bool) -> bool {
    let is_last = (date + Days::new(7)).month() != date.month();
    let number = (date.day() - 1) / 7 + 1;
    date.weekday() == Weekday::Sun
        && if forward {
            date.month() == 3 && (number == 2 || is_last) || date.month() == 4 && number == 1
        } else {
            date.month() == 10 && is_last || date.month() == 11 && number == 1
        }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of_text, places};
    use super::*;

    #[test]
    fn sundays_are_known() {
        let on =
            |y, m, d, forward| clocks_change(NaiveDate::from_ymd_opt(y, m, d).unwrap(), forward);
        assert!(on(2024, 3, 31, true) && on(2024, 3, 10, true) && on(2005, 4, 3, true));
        assert!(on(2024, 10, 27, false) && on(2024, 11, 3, false));
        assert!(!on(2024, 3, 17, true) && !on(2024, 3, 30, true) && !on(2024, 11, 10, false));
        assert!(!on(2024, 3, 31, false) && !on(2024, 10, 27, true));
    }

    /// Bars of so many minutes from a time on, without those for which `absent` holds; then from
    /// another time on.
    fn rows(parts: &[(&str, usize)], minutes: i64) -> Vec<u32> {
        let mut text = String::from("time,open,high,low,close,volume\n");
        let mut n = 0;
        for (from, bars) in parts {
            let from = chrono::NaiveDateTime::parse_from_str(from, "%Y-%m-%d %H:%M").unwrap();
            for bar in 0..*bars {
                let time = from + chrono::TimeDelta::minutes(minutes * bar as i64);
                n += 1;
                text += &format!("{time},10,12,9,{},{n}\n", 10 + n % 2);
            }
        }
        places(&of_text(&text), "clock_change")
    }

    #[test]
    fn hours_that_clocks_skip_or_repeat_are_told() {
        assert_eq!(rows(&[("2024-03-09 23:00", 180), ("2024-03-10 03:00", 100)], 1), [182]);
        assert_eq!(rows(&[("2024-11-02 23:00", 180), ("2024-11-03 01:00", 200)], 1), [182]);
        assert_eq!(rows(&[("2024-03-30 00:00", 26), ("2024-03-31 03:00", 30)], 60), [28]);
        assert_eq!(rows(&[("2024-10-26 00:00", 27), ("2024-10-27 02:00", 30)], 60), [29]);
    }

    #[test]
    fn other_hours_days_and_bars_are_not() {
        let none = [0_u32; 0];
        assert_eq!(rows(&[("2024-03-16 23:00", 180), ("2024-03-17 03:00", 100)], 1), none);
        assert_eq!(rows(&[("2024-03-10 10:00", 60), ("2024-03-10 12:00", 100)], 1), none, "by day");
        // A session that opens at 14:30 UTC until the Friday, at 13:30 from the Monday on.
        let sessions = [("2024-03-07 14:30", 390), ("2024-03-08 14:30", 390)];
        assert_eq!(rows(&[&sessions[..], &[("2024-03-11 13:30", 390)]].concat(), 1), none);
        // Days of New York, as they begin in UTC.
        let days = [("2024-03-01 05:00", 10), ("2024-03-11 04:00", 10)];
        assert_eq!(rows(&days, 1_440), none);
    }
}
