//! Markets and expressions for the tests of features.

#![allow(dead_code, reason = "each test uses some of it")]

mod random;

use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_features::functions::{Memory, OWN};
use barloom_features::{Attributes, Features, Options};
pub(crate) use random::Random;

pub(crate) const MINUTE: i64 = 60_000_000_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// 2024-03-06 00:00 UTC, a Wednesday; clocks of New York were put forward on 2024-03-10.
pub(crate) const MARCH: i64 = 19_788 * DAY;

/// Bars that open at these times: a random walk with ticks of 0.01, and volumes.
pub(crate) fn series(symbol: &str, ts: &[i64], seed: u64) -> Series {
    let mut random = Random(seed);
    let mut price = 100.0;
    let mut columns = [const { Vec::new() }; 5];
    for _ in ts {
        let tick = |x: f64| (x * 100.0).round() / 100.0;
        let open = tick(price);
        price *= 1.0 + (random.next() - 0.5) * 0.01;
        let close = tick(price);
        let high = tick(open.max(close) + random.next() * 0.3);
        let low = tick(open.min(close) - random.next() * 0.3);
        let volume = (random.next() * 1e4).floor();
        for (column, value) in columns.iter_mut().zip([open, high, low, close, volume]) {
            column.push(value);
        }
    }
    let names = ["open", "high", "low", "close", "volume"];
    let columns = names.iter().zip(columns).map(|(name, values)| Column::new(*name, values));
    Series::new(symbol, ts.to_vec(), columns.collect()).unwrap()
}

/// A market of these series; a step of more than six bars ends a segment.
pub(crate) fn market(series: &[Series], step: i64) -> Market {
    Market::with_inputs(series, &[], &["volume".into()], MaxGap::Limit(6 * step)).unwrap()
}

/// Times with holes: one bar in 20 is missing, and sometimes ten are.
pub(crate) fn holes(start: i64, step: i64, count: usize, seed: u64) -> Vec<i64> {
    let mut random = Random(seed);
    let mut ts = Vec::new();
    let mut at = start;
    while ts.len() < count {
        let drawn = random.next();
        if drawn < 0.004 {
            at += 10 * step;
        } else if drawn < 0.05 {
            at += step;
        }
        ts.push(at);
        at += step;
    }
    ts
}

/// Three symbols A, B, C of bars with holes.
pub(crate) fn three(start: i64, step: i64, count: usize) -> Vec<Series> {
    ["A", "B", "C"]
        .iter()
        .zip(1..)
        .map(|(symbol, seed)| series(symbol, &holes(start, step, count, seed), seed + 10))
        .collect()
}

/// The values of one expression.
pub(crate) fn values(market: &Market, text: &str, options: Options) -> Vec<f64> {
    let features = vec![("it".to_owned(), text.to_owned())];
    let features = Features::new(features, options).unwrap_or_else(|e| panic!("{text}: {e}"));
    let columns = features.evaluate(market, &attributes());
    columns.unwrap_or_else(|e| panic!("{text}: {e}"))[0].values.to_vec()
}

/// A and C are in one sector, B in another.
pub(crate) fn attributes() -> Attributes {
    let of = |symbol: &str, sector: &str| (symbol.to_owned(), vec![sector.to_owned()]);
    Attributes {
        names: vec!["sector".into()],
        symbols: vec![of("C", "tech"), of("B", "oil"), of("A", "tech")],
    }
}

/// An expression of the registry, and how its values depend on rows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) text: String,
    pub(crate) memory: Memory,
    pub(crate) others: bool,
}

/// An expression for every function and for every output of every indicator; and some that combine
/// them.
pub(crate) fn all() -> Vec<Known> {
    let mut all: Vec<Known> = OWN
        .iter()
        .map(|function| Known {
            text: function.example.to_owned(),
            memory: function.memory(),
            others: function.sees_other_symbols(),
        })
        .collect();
    let known = |text: &str, memory, others| Known { text: text.to_owned(), memory, others };
    all.extend([
        known("at('4h', mean(close, 3)) - at('1d', lag(close, 1))", Memory::Finite, false),
        known("at('1d', day_of_week(tz='America/New_York') + close)", Memory::Finite, false),
        known("symbol('B', at('1h', close))", Memory::Finite, true),
        known("cs_rank(at('1h', close), by=sector)", Memory::Finite, true),
        known("symbol('C', cs_demean(close))", Memory::Finite, true),
        known("mean(where(close > open, 1, nan), 3)", Memory::Finite, false),
        known("std(log(close / lag(close, 1)), 20)", Memory::Finite, false),
        known("at('1h', ema(close, 3))", Memory::Fading, false),
    ]);
    #[cfg(feature = "ta")]
    for indicator in barloom_features::ta::all() {
        use barloom_features::ta::{Input, WarmUp};
        let columns = ["close", "volume", "open"];
        let given = indicator.inputs().iter().filter(|one| matches!(one, Input::Column(_)));
        let given: Vec<&str> = given.zip(columns).map(|(_, column)| column).collect();
        for output in indicator.outputs() {
            let output =
                if indicator.outputs().len() > 1 { format!(".{output}") } else { String::new() };
            let text = format!("ta.{}({}){output}", indicator.name(), given.join(", "));
            let memory = match indicator.warm_up(&indicator.defaults()) {
                WarmUp::Finite { .. } => Memory::Finite,
                WarmUp::Recursive { .. } => Memory::Fading,
                WarmUp::FromFirstRow => Memory::FromStart,
            };
            all.push(Known { text, memory, others: false });
        }
    }
    all
}

/// Features of many expressions, called by their places.
pub(crate) fn many(all: &[Known], options: Options) -> Features {
    let features = all.iter().enumerate();
    let features = features.map(|(place, known)| (format!("f{place}"), known.text.clone()));
    Features::new(features.collect(), options).unwrap()
}

/// True if two values have the same bits, or both are missing.
pub(crate) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}
