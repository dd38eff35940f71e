//! Lengths of time on the clock of a market.

use barloom_bars::{Interval, Market, Zone, duration_text};

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many distinct times of bars, of all symbols together.
    Bars(u64),
    /// A duration; months are calendar months.
    Time(Interval),
}

impl Length {
    /// True if it is no time at all.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Bars(bars) => bars == 0,
            Self::Time(Interval::Fixed(ns)) => ns <= 0,
            Self::Time(Interval::Months(months)) => months == 0,
        }
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bars(1) => write!(f, "1 bar"),
            Self::Bars(bars) => write!(f, "{bars} bars"),
            Self::Time(Interval::Fixed(ns)) => f.write_str(&duration_text(*ns)),
            Self::Time(interval) => interval.fmt(f),
        }
    }
}

/// The distinct times of a market's bars, and the zone in which months are counted.
pub(crate) struct Clock {
    times: Vec<i64>,
    zone: Zone,
}

impl Clock {
    pub(crate) fn new(market: &Market, zone: Zone) -> Self {
        let mut times = market.ts().to_vec();
        // Series are in time order: one of them is sorted already, and runs of several merge fast.
        times.sort();
        times.dedup();
        Self { times, zone }
    }

    /// The distinct times, ascending.
    pub(crate) fn times(&self) -> &[i64] {
        &self.times
    }

    /// The first time; the largest number without any time.
    pub(crate) fn first(&self) -> i64 {
        self.times.first().copied().unwrap_or(i64::MAX)
    }

    /// True if a bar opens at or after a time.
    pub(crate) fn has_from(&self, at: i64) -> bool {
        self.times.last().is_some_and(|last| *last >= at)
    }

    /// The number of distinct times before one.
    pub(crate) fn before(&self, at: i64) -> usize {
        self.times.partition_point(|time| *time < at)
    }

    /// The time of a distinct bar; the largest number beyond the last.
    pub(crate) fn time(&self, index: usize) -> i64 {
        self.times.get(index).copied().unwrap_or(i64::MAX)
    }

    /// The time that is so many lengths after another, or before it where `times` is negative.
    /// Beyond what can be represented it is the least or the largest number.
    pub(crate) fn moved(&self, at: i64, length: Length, times: i64) -> i64 {
        let beyond = if times < 0 { i64::MIN } else { i64::MAX };
        match length {
            Length::Bars(bars) => {
                let bars = i64::try_from(bars).unwrap_or(i64::MAX).saturating_mul(times);
                let index = i64::try_from(self.before(at)).unwrap_or(i64::MAX);
                match usize::try_from(index.saturating_add(bars)) {
                    Ok(index) => self.time(index),
                    Err(_) => i64::MIN,
                }
            }
            Length::Time(Interval::Fixed(ns)) => {
                ns.checked_mul(times).and_then(|ns| at.checked_add(ns)).unwrap_or(beyond)
            }
            Length::Time(Interval::Months(months)) => i64::from(months)
                .checked_mul(times)
                .and_then(|months| i32::try_from(months).ok())
                .and_then(|months| self.zone.plus_months(at, months))
                .unwrap_or(beyond),
        }
    }
}
