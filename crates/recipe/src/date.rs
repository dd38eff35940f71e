//! Dates as nanoseconds since 1970 UTC, and back.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta};
use toml::value::{Datetime, Offset, Time};

/// The forms of a date in a recipe.
pub(crate) const EXPECTED: &str =
    "a date or a time between 1678 and 2261, 2024-01-31 or 2024-01-31T14:30:00Z (UTC without zone)";

/// A date or a time as ns since 1970 UTC; without an offset it is UTC.
pub(crate) fn nanoseconds(written: &Datetime) -> Option<i64> {
    let date = written.date?;
    let midnight = Time { hour: 0, minute: 0, second: None, nanosecond: None };
    let time = written.time.unwrap_or(midnight);
    let local = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?
        .and_hms_nano_opt(
            time.hour.into(),
            time.minute.into(),
            time.second.unwrap_or(0).into(),
            time.nanosecond.unwrap_or(0),
        )?;
    let ahead = match written.offset {
        Some(Offset::Custom { minutes }) => TimeDelta::minutes(minutes.into()),
        Some(Offset::Z) | None => TimeDelta::zero(),
    };
    local.checked_sub_signed(ahead)?.and_utc().timestamp_nanos_opt()
}

/// The time as a text that reads back as the same nanosecond.
pub(crate) fn text(ns: i64) -> String {
    DateTime::from_timestamp_nanos(ns).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        nanoseconds(&text.parse().ok()?)
    }

    #[test]
    fn dates_times_and_offsets() {
        assert_eq!(read("1970-01-02"), Some(86_400_000_000_000));
        assert_eq!(read("1970-01-01 00:00:01"), Some(1_000_000_000));
        assert_eq!(read("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(read("1970-01-01T00:00:00.000000007Z"), Some(7));
        assert_eq!(read("12:30:00"), None, "a time of no day");
        assert_eq!(read("2023-02-29"), None);
        assert_eq!(read("1500-01-01"), None, "before i64 nanoseconds");
    }

    #[test]
    fn texts_read_back() {
        for ns in [0, -1, 1_704_067_200_000_000_000, 1_704_067_200_123_456_789] {
            assert_eq!(read(&text(ns)), Some(ns), "{}", text(ns));
        }
        assert_eq!(text(1_704_067_200_000_000_000), "2024-01-01T00:00:00Z");
    }
}
