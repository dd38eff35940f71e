//! Folds of schemes: against scikit-learn, on the calendar, and with impossible settings.

use std::ops::Range;

use barloom_bars::{Column, Interval, Market, MaxGap, PRICE_COLUMNS, Series, Zone};
use barloom_splits::{Embargo, Length, Lives, Purge, Role, Roles, Scheme, Train};

const DAY: i64 = 86_400_000_000_000;

fn market(ts: Vec<i64>) -> Market {
    let columns = PRICE_COLUMNS.iter().map(|c| Column::new(*c, vec![1.0; ts.len()])).collect();
    let series = Series::new("A", ts, columns).expect("a series");
    Market::new(&[series], &[], MaxGap::None).expect("a market")
}

fn walk(train: u64, anchored: bool, test: u64) -> Scheme {
    let train = Train::Lasts(Length::Bars(train));
    Scheme::WalkForward { train, anchored, test: Length::Bars(test), step: None, validation: None }
}

/// The train and the test rows of each fold, for samples that live a bar.
fn rows(scheme: &Scheme, bars: usize, embargo: u64) -> Vec<[Range<usize>; 2]> {
    let market = market((0..bars as i64).collect());
    let lives = Lives::new(&market, vec![1; bars]);
    let purge = Purge { embargo: Embargo::Bars(embargo), ..Purge::default() };
    let folds = scheme.folds(&market, Zone::UTC).expect("folds");
    let all = purge.all_roles(&market, &folds, &lives).expect("roles");
    let one = |roles: &Roles, role: Role| match roles.rows(role) {
        [rows] => rows.clone(),
        other => panic!("{other:?}"),
    };
    all.iter().map(|roles| [one(roles, Role::Train), one(roles, Role::Test)]).collect()
}

/// Values of scikit-learn 1.9.1 over 25 rows.
#[test]
fn walk_forward_is_time_series_split() {
    // TimeSeriesSplit(n_splits=3, test_size=5, max_train_size=10)
    let rolling = rows(&walk(10, false, 5), 25, 0);
    assert_eq!(rolling, [[0..10, 10..15], [5..15, 15..20], [10..20, 20..25]]);
    // TimeSeriesSplit(n_splits=3, test_size=5, gap=2)
    let gap = rows(&walk(10, true, 5), 25, 2);
    assert_eq!(gap, [[0..8, 10..15], [0..13, 15..20], [0..18, 20..25]]);
    // TimeSeriesSplit(n_splits=4, test_size=4)
    let grown = rows(&walk(9, true, 4), 25, 0);
    assert_eq!(grown, [[0..9, 9..13], [0..13, 13..17], [0..17, 17..21], [0..21, 21..25]]);
}

/// Values of scikit-learn 1.9.1: `KFold(4).split(range(23))`.
#[test]
fn groups_are_those_of_k_fold() {
    let market = market((0..23).collect());
    let folds = Scheme::PurgedKFold { folds: 4 }.folds(&market, Zone::UTC).expect("folds");
    let lives = Lives::new(&market, vec![1; 23]);
    let all = Purge::default().all_roles(&market, &folds, &lives).expect("roles");
    let tests: Vec<_> = all.iter().map(|roles| roles.rows(Role::Test).to_vec()).collect();
    assert_eq!(tests.concat(), [0..6, 6..12, 12..18, 18..23]);
    assert_eq!(all[1].rows(Role::Train), [0..6, 12..23]);
}

#[test]
fn the_last_test_is_cut_by_the_end() {
    let folds = rows(&walk(10, false, 6), 25, 0);
    assert_eq!(folds.last(), Some(&[12..22, 22..25]));
}

#[test]
fn months_and_years_are_those_of_the_calendar() {
    // Days from 2019-01-02 at 14:30 UTC, the open in New York in winter.
    let first = 1_546_439_400_000_000_000_i64;
    let market = market((0..1_000).map(|day| first + day * DAY).collect());
    let months = |months| Length::Time(Interval::Months(months));
    let scheme = Scheme::WalkForward {
        train: Train::Lasts(months(12)),
        anchored: false,
        test: months(3),
        step: None,
        validation: Some(months(1)),
    };
    let york: Zone = "America/New_York".parse().expect("a zone");
    let folds = scheme.folds(&market, york).expect("folds");
    // Midnights of New York: 2020-01-02 and 2020-04-02, when clocks are an hour ahead.
    let (january, april) = (1_577_941_200_000_000_000, 1_585_800_000_000_000_000);
    assert_eq!(folds[0].test, vec![january..april]);
    assert_eq!(folds[1].test[0].start, april);
    let december = 1_575_262_800_000_000_000; // 2019-12-02
    assert_eq!(folds[0].validation, vec![december..january]);
    assert_eq!(folds[0].train[0].end, december);
    let months = folds.iter().map(|fold| fold.index).collect::<Vec<_>>();
    assert_eq!(months, (0..7).collect::<Vec<_>>());
}

#[test]
fn a_date_ends_the_first_train_interval() {
    let market = market((0..30).map(|day| day * DAY).collect());
    let scheme = Scheme::WalkForward {
        train: Train::Until(20 * DAY),
        anchored: true,
        test: Length::Time(Interval::Fixed(7 * DAY)),
        step: None,
        validation: None,
    };
    let folds = scheme.folds(&market, Zone::UTC).expect("folds");
    let tests: Vec<_> = folds.iter().map(|fold| fold.test[0].clone()).collect();
    assert_eq!(tests, [20 * DAY..27 * DAY, 27 * DAY..34 * DAY]);
}

#[test]
fn tests_of_holes_are_left_out() {
    // A hole of 40 days.
    let days = (0..20).chain(60..80).map(|day| day * DAY);
    let market = market(days.collect());
    let days = |days: i64| Length::Time(Interval::Fixed(days * DAY));
    let scheme = Scheme::WalkForward {
        train: Train::Lasts(days(10)),
        anchored: true,
        test: days(10),
        step: None,
        validation: None,
    };
    let folds = scheme.folds(&market, Zone::UTC).expect("folds");
    let starts: Vec<_> = folds.iter().map(|fold| fold.test[0].start / DAY).collect();
    assert_eq!(starts, [10, 60, 70]);
    assert_eq!(folds[2].index, 2);
}

#[test]
fn a_bar_counts_by_its_own_life() {
    let market = market((0..30).collect());
    let mut lives = vec![1; 30];
    lives[5] = 8; // lives from 5 to 12, and so sees the test that begins with 10
    let folds = Scheme::PurgedKFold { folds: 3 }.folds(&market, Zone::UTC).expect("folds");
    let roles = |by_horizon| {
        let purge = Purge { by_horizon, ..Purge::default() };
        purge.roles(&market, &folds[1], &Lives::new(&market, lives.clone())).expect("roles")
    };
    assert_eq!(roles(false).rows(Role::Train), [0..5, 6..10, 20..30]);
    assert_eq!((roles(false).purged(Role::Train), roles(false).embargoed(Role::Train)), (1, 0));
    // As if all lived as long as the longest.
    assert_eq!(roles(true).rows(Role::Train), [0..3, 27..30]);
}

#[test]
fn impossible_settings_name_the_key_and_the_remedy() {
    let market = market((0..20).collect());
    let bars = Length::Bars;
    let walk = |train, test, step, validation| Scheme::WalkForward {
        train: Train::Lasts(train),
        anchored: false,
        test,
        step,
        validation,
    };
    for (scheme, says) in [
        (walk(bars(0), bars(1), None, None), "train: expected a length above 0"),
        (walk(bars(5), bars(0), None, None), "test: expected a length above 0"),
        (walk(bars(5), bars(1), Some(bars(0)), None), "step: expected a length above 0"),
        (walk(bars(5), bars(1), None, Some(bars(5))), "validation: it is the end of train"),
        (walk(bars(20), bars(1), None, None), "train: no bar is left to test on after 20 bars"),
        (
            Scheme::WalkForward {
                train: Train::Until(0),
                anchored: true,
                test: bars(2),
                step: None,
                validation: None,
            },
            "train: expected a date after the first bar",
        ),
        (Scheme::PurgedKFold { folds: 1 }, "folds: 1: expected at least 2"),
        (Scheme::PurgedKFold { folds: 21 }, "folds: 21 groups are more than there are times"),
        (Scheme::Cpcv { groups: 4, tested: 4 }, "test_folds: 4 of 4 groups"),
        (Scheme::Cpcv { groups: 4, tested: 0 }, "test_folds: 0 of 4 groups"),
        (Scheme::Cpcv { groups: 40, tested: 20 }, "folds: 137846528820 folds are more than 10000"),
        (Scheme::Cpcv { groups: 400, tested: 200 }, "folds: more than 2^64 folds"),
    ] {
        let error = scheme.folds(&market, Zone::UTC).expect_err(says).to_string();
        assert!(error.starts_with(says), "{error}");
    }
    for embargo in [Embargo::Time(-1), Embargo::Fraction(1.0), Embargo::Fraction(f64::NAN)] {
        let error = Purge { embargo, ..Purge::default() }.check().expect_err("it is no embargo");
        assert!(error.to_string().starts_with("embargo: "), "{error}");
    }
}

/// Folds of skfolio 1.12.2, where labels are all as long: `goldens/cpcv.py` made them.
#[test]
fn cpcv_is_that_of_skfolio() {
    let text = include_str!("goldens/cpcv.txt");
    let mut settings: Option<Vec<u64>> = None;
    let mut all: Vec<Roles> = Vec::new();
    let mut number = 0;
    for line in text.lines() {
        let parts: Vec<&str> = line.split('|').collect();
        let of = |word: &str| word.parse::<u64>().expect("a number");
        let numbers: Vec<u64> = parts[0].split_whitespace().map(of).collect();
        let [rows, groups, tested, purged, embargo] = numbers[..] else { panic!("five numbers") };
        if settings.as_ref() != Some(&numbers) {
            let market = market((0..rows as i64).collect());
            let folds = Scheme::Cpcv { groups, tested }.folds(&market, Zone::UTC).expect("folds");
            let lives = Lives::new(&market, vec![purged as u32 + 1; rows as usize]);
            let purge = Purge { embargo: Embargo::Bars(embargo), ..Purge::default() };
            all = purge.all_roles(&market, &folds, &lives).expect("roles");
            (settings, number) = (Some(numbers.clone()), 0);
        }
        let runs = |text: &str| -> Vec<Range<usize>> {
            let run = |word: &str| {
                let (start, end) = word.split_once('-').expect("a run");
                start.parse().expect("a row")..end.parse().expect("a row")
            };
            text.split_whitespace().map(run).collect()
        };
        let roles = &all[number];
        assert_eq!(roles.rows(Role::Test), runs(parts[2]), "{line}");
        assert_eq!(roles.rows(Role::Train), runs(parts[1]), "{line}");
        number += 1;
    }
    assert_eq!(text.lines().count(), 15 + 15 + 10 + 45 + 6);
}
