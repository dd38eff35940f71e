//! Joins against a naive search, on coarser bars, and with later records changed.

mod common;

use barloom_bars::{Market, MarketColumn};
use barloom_features::{AsOf, Attributes, Features, Join, Options, Records, Ties};
use common::{MARCH, MINUTE, Random, attributes, market, series, three};

/// A join of records at random times, some of them equal.
fn join(as_of: AsOf, of_series: Vec<Option<usize>>, seed: u64) -> Join {
    let mut random = Random(seed);
    let sets = 1 + of_series.iter().flatten().max().copied().unwrap_or(0);
    let records = (0..sets).map(|_| {
        let mut times: Vec<i64> =
            (0..40).map(|_| MARCH + (random.next() * 700.0).floor() as i64 * MINUTE).collect();
        times.sort_unstable();
        let values = times.iter().map(|_| random.next()).collect();
        Records { times, values: vec![values] }
    });
    let records = records.collect();
    Join { name: "slow".into(), columns: vec!["x".into()], as_of, records, of_series }
}

/// The column of a join and the values of features over a market that has it.
fn values(market: &Market, join: &Join, text: &str) -> Vec<f64> {
    let market = market.clone().with_columns(join.columns_of(market)).unwrap();
    let features = vec![("it".to_owned(), text.to_owned())];
    let features = Features::new(features, Options::default()).unwrap();
    features.check_joins(&["slow"]).unwrap();
    let columns = features.evaluate_joined(&market, &attributes(), std::slice::from_ref(join));
    columns.unwrap()[0].values.to_vec()
}

/// The value that a bar which closes at a time takes, by looking at all records.
fn naive(join: &Join, series: usize, close: i64) -> f64 {
    let Some(of) = join.of_series[series] else { return f64::NAN };
    let Records { times, values } = &join.records[of];
    let AsOf { delay, max_age, ties } = join.as_of;
    let mut taken = f64::NAN;
    for (time, value) in times.iter().zip(&values[0]) {
        let known = time + delay;
        if known < close || (known == close && ties == Ties::At) {
            let is_young = max_age.is_none_or(|most| close - known <= most);
            taken = if is_young { *value } else { f64::NAN };
        }
    }
    taken
}

#[test]
fn joins_are_those_of_a_naive_search() {
    let market = market(&three(MARCH, 15 * MINUTE, 40), 15 * MINUTE);
    let mut seen = 0;
    for ties in [Ties::Before, Ties::At] {
        for delay in [0, 7 * MINUTE, 15 * MINUTE] {
            for max_age in [None, Some(0), Some(20 * MINUTE)] {
                for of_series in [[Some(0); 3], [Some(1), None, Some(0)]] {
                    let join = join(AsOf { delay, max_age, ties }, of_series.to_vec(), 7);
                    let got = values(&market, &join, "join.slow.x");
                    for (series, span) in market.series().iter().enumerate() {
                        for (row, got) in got.iter().enumerate().take(span.end).skip(span.start) {
                            let next = market.ts().get(row + 1).filter(|_| row + 1 < span.end);
                            let close = market.ts()[row] + 15 * MINUTE;
                            let close = next.map_or(close, |next| close.min(*next));
                            let expected = naive(&join, series, close);
                            let is_same = got.to_bits() == expected.to_bits()
                                || got.is_nan() && expected.is_nan();
                            assert!(is_same, "{row} {ties:?} {delay} {max_age:?}");
                            seen += usize::from(!expected.is_nan());
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 500, "{seen} values");
}

#[test]
fn later_records_change_nothing() {
    let market = market(&[series("A", &times(40), 3)], 15 * MINUTE);
    for ties in [Ties::Before, Ties::At] {
        let whole = join(AsOf { ties, ..AsOf::default() }, vec![Some(0)], 5);
        for text in ["join.slow.x", "at('1h', join.slow.x)", "mean(join.slow.x, 3)"] {
            let expected = values(&market, &whole, text);
            for row in 0..market.len() {
                let close = market.ts()[row] + 15 * MINUTE;
                let mut changed = whole.clone();
                let Records { times, values: columns } = &mut changed.records[0];
                let is_later = |time: i64| match ties {
                    Ties::Before => time >= close,
                    Ties::At => time > close,
                };
                for (time, value) in times.iter().zip(&mut columns[0]) {
                    *value += if is_later(*time) { 1e6 } else { 0.0 };
                }
                let got = values(&market, &changed, text);
                let bits = |x: &[f64]| x[..=row].iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&got), bits(&expected), "{text} at {row}");
            }
        }
    }
}

/// The open times of so many bars of quarters of an hour.
fn times(bars: i64) -> Vec<i64> {
    (0..bars).map(|bar| MARCH + bar * 15 * MINUTE).collect()
}

#[test]
fn on_coarser_bars_they_are_as_of_their_end() {
    // The last bar of the first hour is missing, and a record comes while it would last.
    let mut opens = times(12);
    opens.remove(3);
    let market = market(&[series("A", &opens, 3)], 15 * MINUTE);
    let records = Records { times: vec![MARCH, MARCH + 50 * MINUTE], values: vec![vec![1.0, 2.0]] };
    let join = Join {
        name: "slow".into(),
        columns: vec!["x".into()],
        as_of: AsOf::default(),
        records: vec![records],
        of_series: vec![Some(0)],
    };
    assert_eq!(values(&market, &join, "join.slow.x")[..4], [1.0, 1.0, 1.0, 2.0]);
    let coarse = values(&market, &join, "at('1h', join.slow.x)");
    assert!(coarse[..3].iter().all(|x| x.is_nan()), "the first hour has not ended");
    assert_eq!(coarse[3..7], [2.0; 4], "the record was known at the end of the hour");
    // A dataset that is opened has the columns and no records.
    let stored = market.clone().with_columns(join.columns_of(&market)).unwrap();
    let features = vec![("it".to_owned(), "at('1h', join.slow.x)".to_owned())];
    let features = Features::new(features, Options::default()).unwrap();
    let columns: Vec<MarketColumn> = features.evaluate(&stored, &Attributes::default()).unwrap();
    assert_eq!(columns[0].values[3], 1.0, "the value of the hour's last bar");
}

#[test]
fn joins_that_are_not_there_are_told() {
    let error = |text: &str, joins: &[&str]| {
        let features = vec![("it".to_owned(), text.to_owned())];
        let features = Features::new(features, Options::default()).unwrap();
        features.check_joins(joins).unwrap_err().to_string()
    };
    for (text, joins, says) in [
        ("close * join.fund.rate", &["funding", "oi"][..], "column 9: there is no join `fund`"),
        ("join.fundin.rate", &["funding"], "did you mean `funding`?"),
        ("join.fund.rate", &["funding", "oi"], "the joins are funding, oi"),
        ("join.funding.rate", &[], "write one under [[data.join]]"),
        ("join.funding", &["funding"], "write `join.NAME.VALUE`"),
        ("join.funding.a.b", &["funding"], "`join.funding.a.b` is no value of a join"),
    ] {
        let error = error(text, joins);
        assert!(error.contains(says), "{text}: {error}");
    }
}
