//! All pairs of bars of small generated markets: the rows of roles are those of a plain scan, so no
//! train sample shares a label bar with a test or validation sample, and none is left out without a
//! reason.

use barloom_bars::{Column, Interval, Market, MaxGap, PRICE_COLUMNS, Series, Zone};
use barloom_splits::{Embargo, Fold, Length, Lives, LookbackFrom, Purge, Role, Scheme, Train};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000_000;

/// A market with a series for each list of steps between bars, in minutes.
fn market(steps: &[(i64, Vec<u8>)]) -> Market {
    let series = steps.iter().enumerate().map(|(number, (begin, steps))| {
        let mut at = *begin;
        let mut ts = vec![at * MINUTE];
        for step in steps {
            at += i64::from(*step);
            ts.push(at * MINUTE);
        }
        let columns = PRICE_COLUMNS.iter().map(|c| Column::new(*c, vec![1.0; ts.len()])).collect();
        Series::new(format!("S{number}"), ts, columns).expect("a series")
    });
    Market::new(&series.collect::<Vec<_>>(), &[], MaxGap::None).expect("a market")
}

/// The market's rows one by one, as plainly as can be.
struct Plain {
    /// Open, end of life (none where no sample stands), first row of the series.
    rows: Vec<(i64, Option<i64>, usize)>,
    times: Vec<i64>,
}

impl Plain {
    fn new(market: &Market, lives: &[u32], by_horizon: bool) -> Self {
        let longest = *lives.iter().max().expect("rows");
        let mut rows = Vec::new();
        for span in market.series() {
            let ts = &market.ts()[span.start..span.end];
            let mut steps: Vec<i64> = ts.windows(2).map(|pair| pair[1] - pair[0]).collect();
            steps.sort_unstable();
            // The most frequent step, of several the shortest.
            let count = |step: i64| steps.iter().filter(|other| **other == step).count();
            let length = steps.iter().copied().max_by_key(|step| (count(*step), -step));
            let close = |row: usize| {
                let next = ts.get(row + 1).copied().unwrap_or(i64::MAX);
                (ts[row] + length.unwrap_or(0)).min(next).max(ts[row] + 1)
            };
            for (row, open) in ts.iter().enumerate() {
                let own = lives[span.start + row];
                let bars = if by_horizon { longest } else { own } as usize;
                let last = (row + bars.max(1) - 1).min(ts.len() - 1);
                rows.push((*open, (own > 0).then(|| close(last)), span.start));
            }
        }
        let mut times = market.ts().to_vec();
        times.sort_unstable();
        times.dedup();
        Self { rows, times }
    }

    fn between(&self, from: i64, to: i64) -> u64 {
        self.times.iter().filter(|time| (from..to).contains(time)).count() as u64
    }

    /// Tells if a life must be left out because of another one.
    fn is_barred(&self, row: usize, other: usize, purge: &Purge, forward: bool) -> bool {
        let (open, Some(close), _) = self.rows[row] else { return false };
        let (start, Some(end), _) = self.rows[other] else { return false };
        if open < end && start < close {
            return true;
        }
        let near = |from: i64, to: i64| match purge.embargo {
            Embargo::Bars(bars) => self.between(from, to) < bars,
            Embargo::Time(ns) => to - from < ns,
            Embargo::Fraction(share) => {
                self.between(from, to) < (share * self.times.len() as f64).floor() as u64
            }
        };
        (open >= end && near(end, open)) || (forward && start >= close && near(close, start))
    }

    fn rows_of(&self, fold: &Fold, purge: &Purge, forward: bool) -> [Vec<usize>; 3] {
        let stand = |role: Role| -> Vec<usize> {
            let inside = |row: &usize| {
                let (open, end, first) = self.rows[*row];
                let interval = fold.times(role).iter().find(|times| times.contains(&open));
                let reaches = match purge.lookback_from {
                    LookbackFrom::History => true,
                    LookbackFrom::Part => interval.is_some_and(|times| {
                        *row >= first + purge.reach && self.rows[row - purge.reach].0 >= times.start
                    }),
                };
                end.is_some() && interval.is_some() && reaches
            };
            (0..self.rows.len()).filter(inside).collect()
        };
        let clear = |rows: Vec<usize>, others: &[usize]| -> Vec<usize> {
            let is_clear = |row: &usize| {
                !others.iter().any(|other| self.is_barred(*row, *other, purge, forward))
            };
            rows.into_iter().filter(is_clear).collect()
        };
        let test = stand(Role::Test);
        let validation = clear(stand(Role::Validation), &test);
        let both = [&test[..], &validation[..]].concat();
        let train = clear(stand(Role::Train), &both);
        [train, validation, test]
    }
}

fn scheme() -> impl Strategy<Value = Scheme> {
    let length = prop_oneof![
        (1..20_u64).prop_map(Length::Bars),
        (1..20_i64).prop_map(|minutes| Length::Time(Interval::Fixed(minutes * MINUTE))),
    ];
    prop_oneof![
        (2..6_u64).prop_map(|folds| Scheme::PurgedKFold { folds }),
        (3..6_u64, 1..3_u64).prop_map(|(groups, tested)| Scheme::Cpcv { groups, tested }),
        (
            length.clone(),
            any::<bool>(),
            length.clone(),
            length.clone(),
            proptest::option::of(length)
        )
            .prop_map(|(train, anchored, test, step, validation)| Scheme::WalkForward {
                train: Train::Lasts(train),
                anchored,
                test,
                step: Some(step),
                validation,
            }),
    ]
}

fn embargo() -> impl Strategy<Value = Embargo> {
    prop_oneof![
        (0..50_u64).prop_map(Embargo::Bars),
        (0..50_i64).prop_map(|minutes| Embargo::Time(minutes * MINUTE)),
        (0.0..0.3).prop_map(Embargo::Fraction),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_pair_shares_a_bar_and_nothing_else_is_left_out(
        steps in prop::collection::vec(
            (0..10_i64, prop::collection::vec(prop_oneof![4 => Just(1_u8), 1 => 2..40_u8], 0..40)),
            1..4,
        ),
        lives in prop::collection::vec(0..9_u32, 123),
        scheme in scheme(),
        embargo in embargo(),
        by_horizon in any::<bool>(),
        reach in proptest::option::of(0..5_usize),
    ) {
        let market = market(&steps);
        let Ok(folds) = scheme.folds(&market, Zone::UTC) else { return Ok(()) };
        let lives = lives[..market.len()].to_vec();
        let purge = Purge {
            embargo,
            by_horizon,
            lookback_from: if reach.is_some() { LookbackFrom::Part } else { LookbackFrom::History },
            reach: reach.unwrap_or(0),
        };
        let plain = Plain::new(&market, &lives, by_horizon);
        let forward = matches!(scheme, Scheme::WalkForward { .. });
        let all = purge.all_roles(&market, &folds, &Lives::new(&market, lives)).expect("roles");
        for (fold, roles) in folds.iter().zip(&all) {
            let expected = plain.rows_of(fold, &purge, forward);
            for (role, expected) in Role::ALL.into_iter().zip(expected) {
                let found: Vec<usize> = roles.rows(role).iter().cloned().flatten().collect();
                prop_assert_eq!(found, expected, "{:?} of fold {}", role, fold.index);
                let touching = roles.rows(role).windows(2).any(|pair| pair[0].end > pair[1].start);
                prop_assert!(!touching);
            }
        }
    }

    /// Every bar is tested once by k-fold, and by CPCV in as many folds as there are paths.
    #[test]
    fn groups_hold_every_bar(times in 5..60_usize, groups in 2..6_u64, tested in 1..5_u64) {
        prop_assume!(tested < groups);
        let market = market(&[(0, vec![1; times])]);
        let folds = Scheme::Cpcv { groups, tested }.folds(&market, Zone::UTC).expect("folds");
        let paths = barloom_splits::paths(&folds);
        for ts in market.ts() {
            let is_in = |intervals: &[std::ops::Range<i64>]| {
                intervals.iter().filter(|times| times.contains(ts)).count()
            };
            prop_assert!(folds.iter().all(|fold| is_in(&fold.test) + is_in(&fold.train) == 1));
            let tests: usize = folds.iter().map(|fold| is_in(&fold.test)).sum();
            prop_assert_eq!(tests, paths.len());
        }
        let mut used: Vec<(usize, usize)> = paths
            .iter()
            .flat_map(|path| path.iter().enumerate().map(|(group, fold)| (*fold, group)))
            .collect();
        used.sort_unstable();
        let mut wanted: Vec<(usize, usize)> = folds
            .iter()
            .enumerate()
            .flat_map(|(number, fold)| fold.groups.iter().map(move |group| (number, *group)))
            .collect();
        wanted.sort_unstable();
        prop_assert_eq!(used, wanted, "each test of each fold is in one path");
    }
}
