//! Times as they stand in text.

use barloom_reading::CsvOptions;
use chrono::format::{Item, Parsed, StrftimeItems};

use crate::MarketDataError;
use crate::names::date_of_file;
use crate::time::{self, Written};

/// The format of times.
#[derive(Clone, Debug)]
pub(super) enum Clock {
    /// In one of the ways that tell themselves.
    Told,
    /// As the format says.
    Format(Vec<Item<'static>>, String),
    /// As ms since this midnight, ns since 1970.
    SinceMidnight(i64),
}

impl Clock {
    pub(super) fn of(file: &str, csv: &CsvOptions) -> Result<Self, MarketDataError> {
        if csv.ms_of_day {
            let problem = "its name has no date, since the midnight of which times were counted \
                           (ms_of_day); expected one such as 20131007";
            let midnight = date_of_file(file);
            return Ok(Self::SinceMidnight(
                midnight.ok_or_else(|| MarketDataError::file(file, problem))?,
            ));
        }
        let Some(format) = &csv.time_format else { return Ok(Self::Told) };
        match StrftimeItems::new(format).parse_to_owned() {
            Ok(items) => Ok(Self::Format(items, format.clone())),
            Err(_) => Err(MarketDataError::TimeFormat(format.clone())),
        }
    }

    /// The expected format, in words.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Told => {
                "a time (2024-01-31 14:30:00, or a number of s, ms, us or ns since 1970); \
                           csv.time_format says how others are written"
                    .into()
            }
            Self::Format(_, format) => format!("a time written as {format}"),
            Self::SinceMidnight(_) => "a whole number of ms since midnight".into(),
        }
    }

    /// A time in a field, `None` for what is none.
    pub(super) fn read_field(&self, field: &[u8]) -> Option<Written> {
        match (self, time::digits(field)) {
            (Self::Told, Some(number)) => time::of_number(number),
            (Self::Told, None) => {
                let written = time::of_iso(field).or_else(|| time::of_decimal(field));
                written.or_else(|| self.read(&String::from_utf8_lossy(field)))
            }
            _ => self.read(&String::from_utf8_lossy(field)),
        }
    }

    /// A time of a date and a time of day, `None` for what is none. A time of day that is digits
    /// alone has so many of them.
    pub(super) fn read_apart(&self, date: &str, clock: &str, digits: usize) -> Option<Written> {
        let (date, clock) = (date.trim(), clock.trim());
        if matches!(self, Self::Told) {
            if time::is_missing(date) || time::is_missing(clock) {
                return Some(Written::Missing);
            }
            if clock.bytes().all(|byte| byte.is_ascii_digit()) {
                return time::of_text(&format!("{date} {}", time::of_clock_digits(clock, digits)?));
            }
        }
        self.read(&format!("{date} {clock}"))
    }

    /// A time, `None` for what is none.
    pub(super) fn read(&self, text: &str) -> Option<Written> {
        match self {
            Self::Told => time::of_text(text),
            _ if time::is_missing(text.trim()) => Some(Written::Missing),
            Self::Format(items, _) => formatted(text.trim(), items),
            Self::SinceMidnight(midnight) => {
                let ms: i64 = text.trim().parse().ok().filter(|ms| (0..86_400_000).contains(ms))?;
                Some(Written::Local(midnight.checked_add(ms * 1_000_000)?))
            }
        }
    }
}

/// A time in a format. What is missing of a time of day is 0, a missing day the first.
fn formatted(text: &str, items: &[Item<'static>]) -> Option<Written> {
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
    if let Some(seconds) = parsed.timestamp() {
        return time::of_number(seconds);
    }
    if parsed.hour_div_12().is_none() && parsed.hour_mod_12().is_none() {
        parsed.set_hour(0).ok()?;
    }
    if parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    if parsed.day().is_none() && parsed.ordinal().is_none() && parsed.weekday().is_none() {
        parsed.set_day(1).ok()?;
    }
    let local = parsed.to_naive_date().ok()?.and_time(parsed.to_naive_time().ok()?);
    let ns = local.and_utc().timestamp_nanos_opt()?;
    Some(match parsed.offset() {
        Some(seconds) => Written::Instant(ns.checked_sub(i64::from(seconds) * 1_000_000_000)?),
        None => Written::Local(ns),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_what_they_say() {
        let read = |format: &str, text: &str| {
            let csv = CsvOptions { time_format: Some(format.into()), ..CsvOptions::default() };
            Clock::of("x.csv", &csv).unwrap().read(text)
        };
        let at = |text: &str| time::of_text(text);
        for (format, text, same) in [
            ("%Y-%m-%d %I-%p", "2019-10-17 09-AM", "2019-10-17 09:00"),
            ("%Y-%m-%d %I-%p", "2019-10-17 12-AM", "2019-10-17 00:00"),
            ("%d.%m.%Y", "31.12.2024", "2024-12-31"),
            ("%d-%b-%y", "3-Jan-22", "2022-01-03"),
            ("%b %d %Y", "Jan 1 2000", "2000-01-01"),
            ("%m/%Y", "03/2024", "2024-03-01"),
            ("%Y%m%d %H:%M:%S%.f", "20240131 14:30:00.25", "2024-01-31 14:30:00.25"),
            ("%d.%m.%Y %H:%M %z", "31.12.2024 01:00 +0100", "2024-12-31 00:00Z"),
            ("%s", "1700000000", "1700000000"),
        ] {
            assert_eq!(read(format, text), at(same), "{text} as {format}");
        }
        assert_eq!(read("%d.%m.%Y", "null"), Some(Written::Missing));
        assert_eq!(read("%d.%m.%Y", "12/31/2024"), None);
        assert_eq!(read("%d.%m.%Y", "31.13.2024"), None);
        let wrong = CsvOptions { time_format: Some("%Q".into()), ..CsvOptions::default() };
        assert!(Clock::of("x.csv", &wrong).is_err());
    }

    #[test]
    fn times_since_midnight_take_their_date_from_the_name() {
        let csv = CsvOptions { ms_of_day: true, ..CsvOptions::default() };
        let clock = Clock::of("spy/20131007_trade.zip:20131007_spy.csv", &csv).unwrap();
        assert_eq!(clock.read("34200000"), time::of_text("2013-10-07 09:30"));
        assert_eq!((clock.read("86400000"), clock.read("x")), (None, None));
        assert!(Clock::of("spy.csv", &csv).is_err());
    }
}
