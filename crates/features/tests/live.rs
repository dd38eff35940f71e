//! Bars that arrive one after the other give the values of all at once, to the bit.

mod common;

use barloom_bars::{Market, Series};
use barloom_features::live::{Live, LiveBar, LiveError, Place};
use barloom_features::{AsOf, Features, History, Join, Options, Records, Ties, WarmUp, join_parts};
use common::{
    DAY, HOUR, Known, MARCH, MINUTE, Random, all, attributes, holes, many, market, same, series,
    three,
};

/// The place of each row among segments.
fn places(market: &Market) -> Vec<Place> {
    let mut places = vec![Place::Outside; market.len()];
    for segment in market.segments() {
        places[segment.start..segment.end].fill(Place::Continues);
        places[segment.start] = Place::Starts;
    }
    places
}

/// Pushes all rows of a market by their closes, and looks at the values after each push.
fn pushed(features: &Features, market: &Market, look: impl FnMut(usize, &[f64])) {
    pushed_joined(features, market, &[], look);
}

/// As `pushed`, with the values of joins at the ends of coarser bars.
fn pushed_joined(
    features: &Features,
    market: &Market,
    joins: &[Join],
    mut look: impl FnMut(usize, &[f64]),
) {
    let at = |symbol: usize, name: &str, end: i64| {
        let (join, value) = join_parts(name).unwrap();
        let join = joins.iter().find(|one| one.name == join).unwrap();
        let column = join.columns.iter().position(|column| column == value).unwrap();
        let Some(of) = join.of_series[symbol] else { return f64::NAN };
        let records = &join.records[of];
        let last = join.as_of.last(&records.times, end);
        last.map_or(f64::NAN, |place| records.values[column][place])
    };
    let mut live = Live::new(features, &Live::symbols_of(market), &attributes());
    let places = places(market);
    let columns: Vec<&[f64]> =
        live.columns().iter().map(|name| market.column(name).unwrap()).collect();
    let mut rows: Vec<(i64, usize, usize)> = Vec::new();
    for (symbol, span) in market.series().iter().enumerate() {
        rows.extend(
            (span.start..span.end)
                .map(|row| (live.close_of(symbol, market.ts()[row]), symbol, row)),
        );
    }
    rows.sort_unstable();
    for same in rows.chunk_by(|a, b| a.0 == b.0) {
        let values: Vec<Vec<f64>> =
            same.iter().map(|(_, _, row)| columns.iter().map(|c| c[*row]).collect()).collect();
        let bars: Vec<LiveBar<'_>> = same
            .iter()
            .zip(&values)
            .map(|((_, symbol, row), values)| LiveBar {
                symbol: *symbol,
                ts: market.ts()[*row],
                place: places[*row],
                values,
            })
            .collect();
        live.push_joined(&bars, (!joins.is_empty()).then_some(&at)).unwrap();
        for (_, symbol, row) in same {
            look(*row, &live.values(*symbol));
        }
    }
}

/// Values that are missing, so that some rows lie outside of segments.
fn with_holes(series: &[Series], step: i64) -> Market {
    let mut columns: Vec<Series> = Vec::new();
    for one in series {
        let mut with: Vec<_> = one.columns().to_vec();
        for row in (50..one.len()).step_by(97) {
            with[4].values[row] = f64::NAN;
        }
        columns.push(Series::new(one.symbol(), one.ts().to_vec(), with).unwrap());
    }
    Market::new(&columns, &["volume".into()], barloom_bars::MaxGap::Limit(6 * step)).unwrap()
}

fn compare(all: &[Known], market: &Market, options: Options) {
    let features = many(all, options);
    let batch = features.evaluate(market, &attributes()).unwrap();
    let mut there = vec![0_usize; all.len()];
    pushed(&features, market, |row, values| {
        for (place, value) in values.iter().enumerate() {
            let expected = batch[place].values[row];
            assert!(
                same(*value, expected),
                "{} at {row}: {value} and {expected}, {options:?}",
                all[place].text
            );
            there[place] += usize::from(!value.is_nan());
        }
    });
    let some = there.iter().filter(|count| **count > 0).count();
    assert!(some * 4 > all.len() * 3, "{some} of {} have values", all.len());
}

#[test]
fn every_function_gives_the_values_of_all_bars_at_once() {
    let quarter = 15 * MINUTE;
    let markets = [
        (quarter, market(&three(MARCH + HOUR, quarter, 700), quarter)),
        (quarter, with_holes(&three(MARCH, quarter, 500), quarter)),
        (DAY, market(&three(MARCH - 700 * DAY, DAY, 700), DAY)),
    ];
    for (step, market) in markets {
        let mut all = all();
        if step == DAY {
            for known in &mut all {
                for (from, to) in [("'1h'", "'1w'"), ("'4h'", "'3d'"), ("'1d'", "'1mo'")] {
                    known.text = known.text.replace(from, to);
                }
            }
        }
        let anchor = if step == DAY { "UTC" } else { "17:00 America/New_York" };
        for (history, warm_up) in
            [(History::Segment, WarmUp::Defined), (History::Series, WarmUp::Stable)]
        {
            let anchor = anchor.parse().unwrap();
            compare(&all, &market, Options { history, warm_up, anchor, ..Options::default() });
        }
    }
}

/// 20,000 bars of one symbol, and some of two others at their end.
#[test]
fn every_function_gives_the_values_of_20_000_bars_at_once() {
    let quarter = 15 * MINUTE;
    let long = holes(MARCH + HOUR, quarter, 20_000, 1);
    let from = |row: usize, seed: u64| {
        let count = long.len() - row;
        holes(long[row], quarter, count, seed)
    };
    let all = [
        series("A", &long, 11),
        series("B", &from(18_000, 2), 12),
        series("C", &from(19_000, 3), 13),
    ];
    let market = market(&all, quarter);
    assert!(market.segments().len() > 50);
    let anchor = "17:00 America/New_York".parse().unwrap();
    let options = Options {
        history: History::Series,
        warm_up: WarmUp::Defined,
        anchor,
        ..Options::default()
    };
    compare(&common::all(), &market, options);
}

#[test]
fn joins_on_coarser_bars_are_as_of_their_end() {
    let quarter = 15 * MINUTE;
    let market = market(&three(MARCH, quarter, 700), quarter);
    let mut random = Random(3);
    let mut records = |count: usize| {
        let mut times: Vec<i64> = (0..count)
            .map(|_| MARCH + (random.next() * 11_000.0).floor() as i64 * MINUTE)
            .collect();
        times.sort_unstable();
        let values = times.iter().map(|_| random.next()).collect();
        Records { times, values: vec![values] }
    };
    let records = vec![records(900), records(500)];
    for (ties, max_age) in [(Ties::Before, None), (Ties::At, Some(40 * MINUTE))] {
        let join = Join {
            name: "slow".into(),
            columns: vec!["x".into()],
            as_of: AsOf { delay: 3 * MINUTE, max_age, ties },
            records: records.clone(),
            of_series: vec![Some(0), None, Some(1)],
        };
        let market = market.clone().with_columns(join.columns_of(&market)).unwrap();
        let texts = [
            "at('1h', join.slow.x)",
            "at('4h', mean(coalesce(join.slow.x, 0), 3)) + join.slow.x",
            "symbol('C', at('1h', join.slow.x))",
        ];
        let texts = texts.iter().enumerate();
        let features = texts.map(|(place, text)| (format!("f{place}"), (*text).to_owned()));
        let features = Features::new(features.collect(), Options::default()).unwrap();
        let used: Vec<&str> = features.joins_on_coarser_bars().collect();
        assert!(used.iter().all(|name| *name == "join.slow.x") && !used.is_empty(), "{used:?}");
        let joins = [join];
        let batch = features.evaluate_joined(&market, &attributes(), &joins).unwrap();
        let last_bars = features.evaluate(&market, &attributes()).unwrap();
        let (mut there, mut others) = ([0_usize; 3], 0_usize);
        pushed_joined(&features, &market, &joins, |row, values| {
            for (place, value) in values.iter().enumerate() {
                let expected = batch[place].values[row];
                assert!(same(*value, expected), "{place} at {row}: {value} and {expected}");
                there[place] += usize::from(!value.is_nan());
                others += usize::from(!same(*value, last_bars[place].values[row]));
            }
        });
        assert!(there.iter().all(|count| *count > 300), "{there:?}");
        assert!(others > 50, "{others} are not those of the last bars");
    }
}

#[test]
fn late_and_wrong_bars_change_nothing() {
    let quarter = 15 * MINUTE;
    let market = market(&three(MARCH, quarter, 50), quarter);
    let features = vec![
        ("a".to_owned(), "ta.ema(close, 5) + at('1h', close)".to_owned()),
        ("b".to_owned(), "cs_rank(close)".to_owned()),
    ];
    let options = Options { warm_up: WarmUp::Defined, ..Options::default() };
    let features = Features::new(features, options).unwrap();
    let mut live = Live::new(&features, &Live::symbols_of(&market), &attributes());
    let bar = |symbol, ts, values| LiveBar { symbol, ts, place: Place::Continues, values };
    let start = MARCH;
    live.push(&[LiveBar { place: Place::Starts, ..bar(0, start, &[1.0]) }, bar(1, start, &[2.0])])
        .unwrap();
    let before = live.clone();
    for (bars, told) in [
        (vec![bar(0, start, &[1.0][..])], "comes after one at"),
        (vec![bar(0, start + quarter, &[1.0, 2.0])], "2 values for 1 columns"),
        (vec![bar(9, start + quarter, &[1.0])], "no such symbol"),
        (
            vec![bar(0, start + quarter, &[1.0]), bar(1, start + 2 * quarter, &[1.0])],
            "push each time by itself",
        ),
        (vec![bar(0, start + quarter, &[1.0]), bar(0, start + quarter, &[1.0])], "comes after"),
    ] {
        let error: LiveError = live.push(&bars).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(format!("{live:?}"), format!("{before:?}"), "{told}");
    }
}
