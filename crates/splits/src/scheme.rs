//! Schemes of folds.

use std::ops::Range;

use barloom_bars::{Interval, Market, Zone};

use crate::SplitsError;
use crate::clock::{Clock, Length};
use crate::combinations::{choose, combinations};
use crate::fold::Fold;

const DAY: i64 = 86_400_000_000_000;

/// The most folds that a scheme may make.
pub const MOST_FOLDS: u64 = 10_000;

/// The length of a first train interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Train {
    /// So long.
    Lasts(Length),
    /// It ends at this time, ns since 1970 UTC.
    Until(i64),
}

/// A scheme by which a market is cut into folds.
///
/// Boundaries are times common to all symbols. Numbers of bars count the distinct times of all
/// symbols together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Train on what came before, test on what follows, then move on by a step.
    ///
    /// The first train interval begins with the first bar, or at the begin of its day in the zone
    /// if every length is of whole days or months. Later ones begin a step later each, or with the
    /// first one if they are anchored. The last test interval may be cut by the end of the bars.
    WalkForward {
        /// The length of the first train interval, validation included.
        train: Train,
        /// True if every train interval begins with the first bar, so that they grow.
        anchored: bool,
        /// The length of a test interval.
        test: Length,
        /// The step from one test interval to the next; the length of a test interval where none is
        /// given.
        step: Option<Length>,
        /// The end of a train interval that is kept for validation.
        validation: Option<Length>,
    },
    /// As many groups of as many times each; each fold tests one and trains on all others. The
    /// first groups have one time more where the times do not divide, as scikit-learn's `KFold`
    /// does it.
    PurgedKFold {
        /// The number of groups, at least 2.
        folds: u64,
    },
    /// Combinatorial purged cross-validation (Lopez de Prado 2018, chapter 12): groups as of
    /// k-fold, and a fold for each choice of `tested` of them, in lexicographic order.
    Cpcv {
        /// The number of groups, at least 2.
        groups: u64,
        /// The number of groups that a fold tests, fewer than there are.
        tested: u64,
    },
}

impl Scheme {
    /// Checks what can be checked without a market.
    ///
    /// # Errors
    /// A length is 0; validation is not shorter than train, where both are of one unit; numbers of
    /// groups that make no fold, or more than [`MOST_FOLDS`].
    pub fn check(&self) -> Result<(), SplitsError> {
        match self {
            Self::WalkForward { train, test, step, validation, .. } => {
                let of_train = match train {
                    Train::Lasts(length) => Some(*length),
                    Train::Until(_) => None,
                };
                let all = [
                    ("train", of_train),
                    ("test", Some(*test)),
                    ("step", *step),
                    ("validation", *validation),
                ];
                for (field, length) in all {
                    if length.is_some_and(Length::is_zero) {
                        let problem =
                            format!("expected a length above 0; leave {field} out or give one");
                        return Err(SplitsError::setting(field, problem));
                    }
                }
                let too_long = match (of_train, *validation) {
                    (Some(Length::Bars(train)), Some(Length::Bars(part))) => part >= train,
                    (Some(Length::Time(train)), Some(Length::Time(part))) => {
                        part.shortest_ns() >= train.longest_ns()
                    }
                    _ => false,
                };
                if too_long {
                    let problem = "it is the end of train, so it must be shorter than train";
                    return Err(SplitsError::setting("validation", problem));
                }
                Ok(())
            }
            Self::PurgedKFold { folds } => check_groups("folds", *folds, 1),
            Self::Cpcv { groups, tested } => {
                if *tested == 0 || tested >= groups {
                    let problem = format!(
                        "{tested} of {groups} groups: expected at least 1, and fewer than there are, as \
                         the others train"
                    );
                    return Err(SplitsError::setting("test_folds", problem));
                }
                check_groups("folds", *groups, *tested)
            }
        }
    }

    /// The folds of a market. Calendar months are counted in the zone.
    ///
    /// # Errors
    /// As [`check`](Self::check); the bars are too few: there is no test interval, or a group has
    /// no bar.
    pub fn folds(&self, market: &Market, zone: Zone) -> Result<Vec<Fold>, SplitsError> {
        self.check()?;
        let clock = Clock::new(market, zone);
        match self {
            Self::WalkForward { train, anchored, test, step, validation } => {
                let walk = Walk { train: *train, anchored: *anchored, test: *test };
                walk.folds(&clock, zone, step.unwrap_or(*test), *validation)
            }
            Self::PurgedKFold { folds } => grouped(&clock, *folds, 1),
            Self::Cpcv { groups, tested } => grouped(&clock, *groups, *tested),
        }
    }
}

fn check_groups(field: &'static str, groups: u64, tested: u64) -> Result<(), SplitsError> {
    if groups < 2 {
        let problem = format!("{groups}: expected at least 2, one to test on and one to train on");
        return Err(SplitsError::setting(field, problem));
    }
    match choose(groups, tested) {
        Some(count) if count <= MOST_FOLDS => Ok(()),
        count => {
            let count =
                count.map_or_else(|| "more than 2^64".to_owned(), |count| count.to_string());
            let problem = format!(
                "{count} folds are more than {MOST_FOLDS}; use fewer groups, or test fewer at once"
            );
            Err(SplitsError::setting(field, problem))
        }
    }
}

/// Folds that test `tested` of `groups` groups each.
fn grouped(clock: &Clock, groups: u64, tested: u64) -> Result<Vec<Fold>, SplitsError> {
    let times = clock.times().len();
    let count = usize::try_from(groups).unwrap_or(usize::MAX);
    if count > times {
        let problem = format!("{groups} groups are more than there are times; use fewer");
        return Err(SplitsError::TooFewBars { field: "folds", problem, times });
    }
    let begin = |group: usize| group * (times / count) + group.min(times % count);
    // Nothing lies before the first group or after the last.
    let bound = |group: usize| match group {
        0 => i64::MIN,
        last if last == count => i64::MAX,
        inner => clock.time(begin(inner)),
    };
    let interval = |group: usize| bound(group)..bound(group + 1);
    let tested = usize::try_from(tested).unwrap_or(usize::MAX);
    let folds = combinations(count, tested).into_iter().zip(0..).map(|(chosen, index)| {
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|group| chosen.binary_search(group).is_ok());
        Fold {
            index,
            train: joined(train.into_iter().map(interval)),
            validation: Vec::new(),
            test: joined(test.iter().copied().map(interval)),
            group_times: test.into_iter().map(interval).collect(),
            groups: chosen,
            forward: false,
        }
    });
    Ok(folds.collect())
}

/// Ascending intervals, those that touch as one.
fn joined(intervals: impl Iterator<Item = Range<i64>>) -> Vec<Range<i64>> {
    let mut all: Vec<Range<i64>> = Vec::new();
    for next in intervals {
        match all.last_mut() {
            Some(last) if last.end >= next.start => last.end = last.end.max(next.end),
            _ => all.push(next),
        }
    }
    all
}

/// Folds that walk forward.
struct Walk {
    train: Train,
    anchored: bool,
    test: Length,
}

impl Walk {
    fn folds(
        &self,
        clock: &Clock,
        zone: Zone,
        step: Length,
        validation: Option<Length>,
    ) -> Result<Vec<Fold>, SplitsError> {
        let of_train = match self.train {
            Train::Lasts(length) => Some(length),
            Train::Until(_) => None,
        };
        let lengths = [of_train, Some(self.test), Some(step), validation];
        let first = clock.first();
        let whole_days = lengths.into_iter().flatten().all(is_of_days);
        let begin = if whole_days { midnight(zone, first) } else { first };
        let first_test = match self.train {
            Train::Lasts(length) => clock.moved(begin, length, 1),
            Train::Until(at) => at,
        };
        let times = clock.times().len();
        if first_test <= first || !clock.has_from(first_test) {
            let problem = match self.train {
                Train::Lasts(length) => {
                    format!(
                        "no bar is left to test on after {length} of training; use a shorter one"
                    )
                }
                Train::Until(_) => {
                    "expected a date after the first bar, with bars after it to test on".to_owned()
                }
            };
            return Err(SplitsError::TooFewBars { field: "train", problem, times });
        }
        let mut folds = Vec::new();
        for index in 0_u32.. {
            let number = i64::from(index);
            let tests = clock.moved(first_test, step, number);
            if !clock.has_from(tests) {
                break;
            }
            if u64::from(index) >= MOST_FOLDS {
                let problem = format!("it makes more than {MOST_FOLDS} folds; use a longer one");
                return Err(SplitsError::setting("step", problem));
            }
            // What comes before the first bar is no train bar, so an open begin does no harm.
            let start = if self.anchored { begin } else { clock.moved(begin, step, number) };
            let validates = validation.map_or(tests, |length| clock.moved(tests, length, -1));
            let validates = validates.max(start);
            let end = clock.moved(tests, self.test, 1);
            if clock.before(end) == clock.before(tests) {
                // A night or a hole that is longer than the test: there is nothing to test.
                continue;
            }
            folds.push(Fold {
                index: folds.len() as u32,
                train: some(start..validates),
                validation: some(validates..tests),
                test: some(tests..end),
                groups: vec![folds.len()],
                group_times: some(tests..end),
                forward: true,
            });
        }
        Ok(folds)
    }
}

/// The interval, unless it is empty.
fn some(interval: Range<i64>) -> Vec<Range<i64>> {
    if interval.is_empty() { Vec::new() } else { vec![interval] }
}

/// True for a length of whole days or months.
fn is_of_days(length: Length) -> bool {
    match length {
        Length::Bars(_) => false,
        Length::Time(Interval::Months(_)) => true,
        Length::Time(Interval::Fixed(ns)) => ns % DAY == 0,
    }
}

/// The begin of the day of a time.
fn midnight(zone: Zone, at: i64) -> i64 {
    let local = at.saturating_add(zone.offset_ns(at));
    local
        .div_euclid(DAY)
        .checked_mul(DAY)
        .and_then(|day| zone.at(day))
        .map_or(at, |local| local.first().min(at))
}
