//! No feature sees what comes after its row, or rows of other symbols that it does not name.
//!
//! Every function and indicator is tested by walking their tables.

mod common;

use barloom_bars::{Column, Market, Series};
use barloom_features::{History, Options, WarmUp};
use common::{DAY, HOUR, Known, MARCH, MINUTE, Random, all, attributes, many, market, same, three};

/// The markets: quarters of an hour around a change of clocks, and days over month ends.
fn markets() -> Vec<(i64, Vec<Series>)> {
    vec![
        (15 * MINUTE, three(MARCH + HOUR, 15 * MINUTE, 1_100)),
        (DAY, three(MARCH - 700 * DAY, DAY, 900)),
    ]
}

fn options(step: i64) -> Vec<Options> {
    // Days begin at midnight UTC, and bars of days end then.
    let anchor = if step == DAY { "UTC" } else { "17:00 America/New_York" };
    let york = Options {
        zone: "America/New_York".parse().unwrap(),
        session: Some("18:00-17:00 America/Chicago".parse().unwrap()),
        anchor: anchor.parse().unwrap(),
        history: History::Series,
        warm_up: WarmUp::Defined,
    };
    vec![Options::default(), york]
}

/// The expressions that bars of a length have: those of the table, with coarser bars for days.
fn expressions(step: i64) -> Vec<Known> {
    let mut all = all();
    if step == DAY {
        for known in &mut all {
            let night = ("'09:30-16:00 ", "'18:00-17:00 ");
            for (from, to) in [("'1h'", "'1w'"), ("'4h'", "'3d'"), ("'1d'", "'1mo'"), night] {
                known.text = known.text.replace(from, to);
            }
        }
    }
    all
}

/// Series with other values in the rows that `which` holds for, given their open times.
fn changed(series: &[Series], seed: u64, which: impl Fn(&str, i64) -> bool) -> Vec<Series> {
    let mut random = Random(seed);
    let mut of = |one: &Series| {
        let mut columns: Vec<Column> = one.columns().to_vec();
        for (row, ts) in one.ts().iter().enumerate() {
            if which(one.symbol(), *ts) {
                let by = 0.5 + random.next();
                columns.iter_mut().for_each(|column| column.values[row] *= by);
                // A bar that rose falls.
                if random.next() < 0.5 {
                    let open = columns[0].values[row];
                    columns[0].values[row] = std::mem::replace(&mut columns[3].values[row], open);
                }
            }
        }
        Series::new(one.symbol(), one.ts().to_vec(), columns).unwrap()
    };
    series.iter().map(&mut of).collect()
}

fn rows_of<'a>(market: &'a Market, symbol: &str) -> (usize, &'a [i64]) {
    let span = market.series().iter().find(|span| span.symbol == symbol).unwrap();
    (span.start, &market.ts()[span.start..span.end])
}

#[test]
fn later_rows_change_nothing_and_are_not_needed() {
    for (step, series) in markets() {
        let all = expressions(step);
        let whole = market(&series, step);
        let middle = series[0].ts()[series[0].len() * 2 / 3];
        let other = market(&changed(&series, 7, |_, ts| ts >= middle), step);
        let cut: Vec<Series> = series
            .iter()
            .map(|one| {
                let end = one.ts().partition_point(|ts| *ts < middle);
                let columns = one.columns().iter();
                let columns = columns.map(|c| Column::new(&*c.name, c.values[..end].to_vec()));
                Series::new(one.symbol(), one.ts()[..end].to_vec(), columns.collect()).unwrap()
            })
            .collect();
        let cut = market(&cut, step);
        // Values that moved with later rows, and values before them, with any options.
        let mut seen = vec![(false, 0); all.len()];
        for options in options(step) {
            let features = many(&all, options);
            let of = |market: &Market| features.evaluate(market, &attributes()).unwrap();
            let (before, after, prefix) = (of(&whole), of(&other), of(&cut));
            for (place, known) in all.iter().enumerate() {
                let (moved, there) = &mut seen[place];
                for symbol in ["A", "B", "C"] {
                    let ((first, ts), (short, _)) =
                        (rows_of(&whole, symbol), rows_of(&cut, symbol));
                    for (row, ts) in ts.iter().enumerate() {
                        let value = before[place].values[first + row];
                        let changed = after[place].values[first + row];
                        if ts + step <= middle {
                            assert!(same(value, changed), "{} at {symbol} {row}", known.text);
                            let prefix = prefix[place].values[short + row];
                            assert!(
                                same(value, prefix),
                                "{} at {symbol} {row}: prefix",
                                known.text
                            );
                            *there += usize::from(!value.is_nan());
                        } else {
                            *moved |= !same(value, changed);
                        }
                    }
                }
            }
        }
        for (known, (moved, there)) in all.iter().zip(seen) {
            let calendar = ["time_of_day", "day_of", "month", "minutes_", "sin(", "cos(", "count("];
            let is_calendar = calendar.iter().any(|name| known.text.starts_with(name));
            let pattern = known.text.starts_with("ta.cdl");
            assert!(moved || is_calendar || pattern, "{} sees nothing at all", known.text);
            assert!(there > 0, "{} has no value", known.text);
        }
    }
}

#[test]
fn other_symbols_change_only_what_names_them() {
    let (step, series) = markets().remove(0);
    let all = expressions(step);
    let whole = market(&series, step);
    let middle = series[0].ts()[series[0].len() / 2];
    let other = market(&changed(&series, 8, |symbol, ts| symbol != "A" && ts >= middle), step);
    for options in options(step) {
        let features = many(&all, options);
        let of = |market: &Market| features.evaluate(market, &attributes()).unwrap();
        let (before, after) = (of(&whole), of(&other));
        let (first, ts) = rows_of(&whole, "A");
        for (place, known) in all.iter().enumerate() {
            let mut moved = false;
            for (row, ts) in ts.iter().enumerate() {
                let equal =
                    same(before[place].values[first + row], after[place].values[first + row]);
                assert!(equal || known.others, "{} at {row}", known.text);
                assert!(equal || ts + step > middle, "{} at {row} sees later rows", known.text);
                moved |= !equal;
            }
            assert!(moved || !known.others, "{} sees no other symbol", known.text);
        }
    }
}

#[test]
fn threads_and_company_change_no_bit() {
    let (step, series) = markets().remove(0);
    let all = expressions(step);
    let whole = market(&series, step);
    let features = many(&all, Options::default());
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| features.evaluate(&whole, &attributes()).unwrap())
    };
    let (one, three) = (with(1), with(3));
    for (place, known) in all.iter().enumerate() {
        let alone = common::values(&whole, &known.text, Options::default());
        for (row, alone) in alone.iter().enumerate() {
            assert!(same(one[place].values[row], three[place].values[row]), "{}", known.text);
            assert!(same(one[place].values[row], *alone), "{} alone at {row}", known.text);
        }
    }
}

#[test]
fn a_later_start_changes_no_finite_function_and_others_only_at_first() {
    let step = 15 * MINUTE;
    // Whole, without a hole: a run of one segment.
    let ts: Vec<i64> = (0..3_000).map(|row| MARCH + row * step).collect();
    let series: Vec<Series> = ["A", "B", "C"]
        .iter()
        .zip(31..)
        .map(|(symbol, seed)| common::series(symbol, &ts, seed))
        .collect();
    let all = expressions(step);
    for later in [1_usize, 7, 64, 333] {
        let cut: Vec<Series> = series
            .iter()
            .map(|one| {
                let columns = one.columns().iter();
                let columns = columns.map(|c| Column::new(&*c.name, c.values[later..].to_vec()));
                Series::new(one.symbol(), one.ts()[later..].to_vec(), columns.collect()).unwrap()
            })
            .collect();
        let features = many(&all, Options::default());
        let of = |market: &Market| features.evaluate(market, &attributes()).unwrap();
        let (before, after) = (of(&market(&series, step)), of(&market(&cut, step)));
        for (place, known) in all.iter().enumerate() {
            use barloom_features::functions::Memory;
            let (whole, late) = (&before[place].values[..3_000], &after[place].values[..]);
            let mut scale: Vec<f64> =
                whole.iter().filter(|x| x.is_finite()).map(|x| x.abs()).collect();
            scale.sort_unstable_by(f64::total_cmp);
            let scale = scale.get(scale.len() / 2).copied().unwrap_or(0.0);
            let mut compared = 0;
            for row in later..3_000 {
                let (a, b) = (whole[row], late[row - later]);
                // A count is that of the rows that there are.
                let first = known.text.starts_with("count") && row < later + 20;
                if first || b.is_nan() || known.memory == Memory::FromStart {
                    continue;
                }
                compared += 1;
                let text = &known.text;
                if known.memory == Memory::Finite {
                    assert!(same(a, b), "{text}, {later} rows later, at {row}: {a} and {b}");
                } else {
                    let close = (a - b).abs() <= 1e-8 * a.abs().max(b.abs()).max(scale);
                    assert!(close, "{text}, {later} rows later, at {row}: {a} and {b}");
                }
            }
            let some = compared > 300 || known.memory == Memory::FromStart;
            assert!(some, "{}: {compared} values", known.text);
        }
    }
}
