//! The length of bars: a fixed time, or calendar months.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate};

use crate::{duration_text, parse_duration};

const DAY: i64 = 86_400_000_000_000;

/// The length of bars.
///
/// As text: a whole number with a unit, `5m`, `1h`, `1d`, `1w`, and `1mo`, `3mo`, `1y` for
/// calendar months and years, which are not all as long.
///
/// ```
/// use barloom_bars::Interval;
/// assert_eq!("5m".parse(), Ok(Interval::Fixed(300_000_000_000)));
/// assert_eq!("3mo".parse(), Ok(Interval::Months(3)));
/// assert_eq!(Interval::Months(12).to_string(), "1y");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// This many ns, at least 1.
    Fixed(i64),
    /// This many calendar months, at least 1.
    Months(u32),
}

/// A text is no length of bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Interval::EXPECTED)]
pub struct NoInterval;

impl Interval {
    /// The texts that are intervals.
    pub const EXPECTED: &str = "a whole number with a unit, \"30s\", \"5m\" (minutes), \"1h\", \
                                \"1d\", \"1w\", \"1mo\" (months) or \"1y\" (ms, us, ns too)";

    /// The longest time that a bar of this length takes, ns.
    #[must_use]
    pub fn longest_ns(self) -> i64 {
        match self {
            Self::Fixed(ns) => ns,
            // Any run of months has at most 31 days each, and a year at most 366.
            Self::Months(months) => {
                let years = i64::from(months.div_ceil(12));
                let days = (i64::from(months) * 31).min(years * 366);
                days.saturating_mul(DAY)
            }
        }
    }

    /// The shortest time that a bar of this length takes, ns.
    #[must_use]
    pub fn shortest_ns(self) -> i64 {
        match self {
            Self::Fixed(ns) => ns,
            // An hour less where clocks are put forward.
            Self::Months(months) => i64::from(months).saturating_mul(28 * DAY - DAY / 24),
        }
    }

    /// The begin of the bar that ends at a time; none where it cannot be represented. A bar of
    /// calendar months begins on a first day of a month, at the same time of day: the last of its
    /// months holds the day before the nearest midnight, so that it may be stamped at the end of a
    /// month or on its last day.
    #[must_use]
    pub fn open_of_close(self, close: i64) -> Option<i64> {
        match self {
            Self::Fixed(ns) => close.checked_sub(ns),
            Self::Months(months) => {
                let day = close.checked_add(DAY / 2)?.div_euclid(DAY);
                let since = close.checked_sub(day.checked_mul(DAY)?)?;
                let last = NaiveDate::from_epoch_days(i32::try_from(day - 1).ok()?)?;
                let first = last.with_day(1)?.checked_sub_months(Months::new(months - 1))?;
                i64::from(first.to_epoch_days()).checked_mul(DAY)?.checked_add(since)
            }
        }
    }

    /// The most frequent step forward between times, ns, which is the length of most bars: where
    /// intervals without trades have no bar, steps are longer than a bar, but no other step is as
    /// frequent. Of several the shortest. Bars in different calendar months whose steps differ are
    /// as many months long as most steps span. None without a step forward.
    ///
    /// Times are ns since 1970 UTC; they need not be in order, and `i64::MIN` is no time.
    #[must_use]
    pub fn most_frequent(ts: &[i64]) -> Option<Self> {
        let step = mode(forward_steps(ts))?;
        // February is 28 days, and an hour less where clocks are put forward in it.
        if step >= 27 * DAY + DAY / 2
            && let Some(months) = months(ts, step)
        {
            return Some(Self::Months(months));
        }
        Some(Self::Fixed(step))
    }
}

/// The steps from a time to a later one.
fn forward_steps(ts: &[i64]) -> impl Iterator<Item = i64> + Clone {
    let is_forward = |pair: &&[i64]| pair[0] != i64::MIN && pair[1] > pair[0];
    ts.windows(2).filter(is_forward).map(|pair| pair[1].saturating_sub(pair[0]))
}

/// The most frequent step, of several the smallest; none of none.
fn mode(steps: impl Iterator<Item = i64> + Clone) -> Option<i64> {
    // Most steps of most series are the same: the one that outvotes all others, if any does.
    let (mut candidate, mut votes, mut all) = (None, 0_usize, 0_usize);
    for step in steps.clone() {
        all += 1;
        if votes == 0 {
            (candidate, votes) = (Some(step), 1);
        } else if candidate == Some(step) {
            votes += 1;
        } else {
            votes -= 1;
        }
    }
    let candidate = candidate?;
    if steps.clone().filter(|step| *step == candidate).count() * 2 > all {
        return Some(candidate);
    }
    let mut steps: Vec<i64> = steps.collect();
    steps.sort_unstable();
    let runs = steps.chunk_by(|a, b| a == b);
    runs.rev().max_by_key(|run| run.len()).map(|run| run[0])
}

/// The months that most steps span, if times are those of monthly bars (or quarterly ones, ...), by
/// the nearest midnight of each: no two in one month, at one day of it or at steps that differ.
fn months(ts: &[i64], step: i64) -> Option<u32> {
    let date = |ts: i64| {
        let time = DateTime::from_timestamp_nanos(ts.saturating_add(DAY / 2)).naive_utc();
        (month_of(time.date()), time.day())
    };
    let is_forward = |pair: &&[i64]| pair[0] != i64::MIN && pair[1] > pair[0];
    let pairs = ts.windows(2).filter(is_forward);
    let (mut spans, mut within, mut same_day) = (Vec::new(), 0, true);
    for pair in pairs {
        let (before, now) = (date(pair[0]), date(pair[1]));
        spans.push(now.0 - before.0);
        within += usize::from(now.0 == before.0);
        same_day &= now.1 == before.1;
    }
    // The last row of a running month is often that of a day in it.
    let may_be = within * 10 <= spans.len() || within == 1 && spans.len() >= 4;
    let all_alike = forward_steps(ts).all(|other| other == step);
    if !may_be || all_alike && !same_day {
        return None;
    }
    let spans = spans.into_iter().filter(|months| *months > 0);
    mode(spans.collect::<Vec<_>>().into_iter()).and_then(|months| u32::try_from(months).ok())
}

/// The months from January 1970 to that of a date.
pub(crate) fn month_of(date: NaiveDate) -> i64 {
    (i64::from(date.year()) - 1970) * 12 + i64::from(date.month0())
}

impl FromStr for Interval {
    type Err = NoInterval;

    fn from_str(text: &str) -> Result<Self, NoInterval> {
        if let Some(ns) = parse_duration(text) {
            return Ok(Self::Fixed(ns));
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(NoInterval)?;
        let (number, unit) = text.split_at(digits);
        let number: u32 = number.parse().map_err(|_| NoInterval)?;
        let months = match unit.trim_start() {
            "mo" => Some(number),
            "y" => number.checked_mul(12),
            _ => None,
        };
        // More than there are between the first and the last time that can be represented.
        const MOST: u32 = 12 * 600;
        months.filter(|months| (1..=MOST).contains(months)).map(Self::Months).ok_or(NoInterval)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(ns) => f.write_str(&duration_text(*ns)),
            Self::Months(months) if months.is_multiple_of(12) => write!(f, "{}y", months / 12),
            Self::Months(months) => write!(f, "{months}mo"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    fn days(dates: &[&str]) -> Vec<i64> {
        let day = |text: &&str| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
            date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_nanos_opt().unwrap()
        };
        dates.iter().map(day).collect()
    }

    fn of(dates: &[&str]) -> Interval {
        Interval::most_frequent(&days(dates)).unwrap()
    }

    #[test]
    fn texts_read_back() {
        for (text, interval) in [
            ("1m", Interval::Fixed(MINUTE)),
            ("1w", Interval::Fixed(7 * DAY)),
            ("1mo", Interval::Months(1)),
            ("3mo", Interval::Months(3)),
            ("1y", Interval::Months(12)),
        ] {
            assert_eq!((text.parse(), interval.to_string()), (Ok(interval), text.to_owned()));
        }
        for wrong in ["", "0mo", "1M", "1 month", "mo", "1.5mo", "7201mo", "4294967295y", "5"] {
            assert_eq!(wrong.parse::<Interval>(), Err(NoInterval), "{wrong}");
        }
    }

    #[test]
    fn bars_are_as_long_as_most_steps() {
        // A market without a trade in most minutes: the median step is 3 minutes.
        let minutes = [0, 1, 4, 7, 8, 12, 15, 16, 21, 24, 25, 32];
        let ts: Vec<i64> = minutes.iter().map(|m| m * MINUTE).collect();
        assert_eq!(Interval::most_frequent(&ts), Some(Interval::Fixed(MINUTE)));
        // Of 1 and 2 minutes, each twice, the shorter one.
        let ts = [0, 1, 3, 4, 6].map(|m| m * MINUTE);
        assert_eq!(Interval::most_frequent(&ts), Some(Interval::Fixed(MINUTE)));
        let unordered = [i64::MIN, 5, 7, 3, i64::MIN, 4, 5];
        assert_eq!(Interval::most_frequent(&unordered), Some(Interval::Fixed(1)));
        assert_eq!(Interval::most_frequent(&[7]), None);
        assert_eq!(Interval::most_frequent(&[9, 8, 7]), None);
    }

    #[test]
    fn calendar_months_are_told_from_weeks_and_days() {
        let month = Interval::Months(1);
        assert_eq!(of(&["2012-01-31", "2012-02-29", "2012-03-31", "2012-04-30"]), month);
        assert_eq!(of(&["2023-07-01", "2023-08-01", "2023-09-01"]), month);
        assert_eq!(of(&["2024-01-02", "2024-02-01", "2024-03-01", "2024-04-01"]), month);
        let running = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-04-19"];
        assert_eq!(of(&running), month);
        assert_eq!(of(&["2023-01-01", "2023-04-01", "2023-07-01"]), Interval::Months(3));
        assert_eq!(of(&["2021-01-01", "2022-01-01", "2023-01-01"]), Interval::Months(12));
        let weeks = ["2024-01-08", "2024-02-05", "2024-03-04", "2024-04-01", "2024-04-29"];
        assert_eq!(of(&weeks), Interval::Fixed(28 * DAY));
        assert_eq!(of(&["2024-01-08", "2024-01-15", "2024-01-22"]), Interval::Fixed(7 * DAY));
    }

    #[test]
    fn months_that_are_stamped_at_their_close() {
        let close = |text: &str| Interval::Months(1).open_of_close(days(&[text])[0]).unwrap();
        let january = days(&["2024-01-01"])[0];
        // The begin of the next month, and the last day, or the last trading day.
        for stamp in ["2024-02-01", "2024-01-31", "2024-01-30"] {
            assert_eq!(close(stamp), january, "{stamp}");
        }
        let five = 5 * DAY / 24;
        let york = Interval::Months(1).open_of_close(days(&["2024-02-01"])[0] + five);
        assert_eq!(york, Some(january + five), "midnight in New York");
        let quarter = Interval::Months(3).open_of_close(days(&["2024-03-31"])[0]);
        assert_eq!(quarter, Some(january));
        assert_eq!(Interval::Fixed(DAY).open_of_close(i64::MIN), None);
        assert_eq!(Interval::Months(1).open_of_close(i64::MIN), None);
    }

    #[test]
    fn the_longest_bar_of_months() {
        let longest = [1, 2, 3, 12, 13].map(|months| Interval::Months(months).longest_ns() / DAY);
        assert_eq!(longest, [31, 62, 93, 366, 403]);
    }
}
