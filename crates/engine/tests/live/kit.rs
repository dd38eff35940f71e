//! Bars for the tests of live input, and the windows that all of them at once give.

#[path = "../../../features/tests/common/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::sync::Arc;

use barloom_backend::{Backend, PreparedMarket, Threads, WindowBlock, WindowLayout};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Market, Series};
use barloom_engine::{
    Bars, Live, LiveOptions, Loaded, MemoryTable, ReadOptions, SampleSet, Source, load,
    read_options, read_tables, to_table,
};
use barloom_plan::Planner;
use barloom_recipe::Recipe;
pub(crate) use random::Random;

pub(crate) const MINUTE: i64 = 60_000_000_000;

/// 2024-03-06 00:00 UTC.
pub(crate) const START: i64 = 19_788 * 1_440 * MINUTE;

/// Bars with holes: a random walk, volumes of which some are missing where `gaps` says so, and a
/// column `x`.
pub(crate) fn series(symbol: &str, count: usize, gaps: bool, seed: u64) -> Series {
    let mut random = Random(seed);
    let (mut price, mut at) = (100.0, START);
    let mut ts = Vec::new();
    let mut columns = [const { Vec::new() }; 6];
    for _ in 0..count {
        let tick = |x: f64| (x * 100.0).round() / 100.0;
        let drawn = random.next();
        if gaps {
            at += if drawn < 0.004 { 30 * MINUTE } else { 0 };
            at += if drawn > 0.97 { MINUTE } else { 0 };
        }
        ts.push(at);
        at += MINUTE;
        let open = tick(price);
        price *= 1.0 + (random.next() - 0.5) * 0.01;
        price = if (50.0..200.0).contains(&price) { price } else { 100.0 };
        let close = tick(price);
        let high = tick(open.max(close) + random.next() * 0.3);
        let low = tick(open.min(close) - random.next() * 0.3);
        let lacks = gaps && random.next() < 0.003;
        let volume = if lacks { f64::NAN } else { (random.next() * 1e4).floor() };
        let x = if random.next() < 0.01 { f64::NAN } else { random.next() };
        for (column, value) in columns.iter_mut().zip([open, high, low, close, volume, x]) {
            column.push(value);
        }
    }
    let names = ["open", "high", "low", "close", "volume", "x"];
    let columns = names.iter().zip(columns).map(|(name, values)| Column::new(*name, values));
    Series::new(symbol, ts, columns.collect()).unwrap()
}

/// The bars of series that open before a time.
pub(crate) fn before(series: &[Series], end: i64) -> Vec<Series> {
    let cut = |one: &Series| {
        let rows = one.ts().partition_point(|ts| *ts < end);
        let column = |column: &Column| Column::new(&column.name, column.values[..rows].to_vec());
        let columns = one.columns().iter().map(column).collect();
        Series::new(one.symbol(), one.ts()[..rows].to_vec(), columns).unwrap()
    };
    series.iter().map(cut).collect()
}

pub(crate) fn bars(series: &[Series], options: &ReadOptions) -> Bars {
    let table = to_table(series).unwrap();
    let table = MemoryTable { name: "bars".into(), schema: table.schema(), batches: vec![table] };
    read_tables(&[table], options).unwrap()
}

pub(crate) fn loaded(recipe: &Recipe, series: &[Series]) -> Loaded {
    load(recipe, Source::Bars(bars(series, &read_options(recipe)))).unwrap()
}

pub(crate) fn recipe(text: &str) -> Recipe {
    Recipe::from_toml(text, "test").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The dataset of the bars before a time.
pub(crate) fn dataset(recipe: &Recipe, series: &[Series], end: i64) -> SampleSet {
    loaded(recipe, &before(series, end)).sets().unwrap().remove(0)
}

/// All bars at once, with the scalers of a dataset of some of them.
pub(crate) struct Whole {
    pub(crate) market: Arc<Market>,
    prepared: Arc<dyn PreparedMarket>,
    block: WindowBlock,
}

impl Whole {
    pub(crate) fn new(recipe: &Recipe, series: &[Series], set: &SampleSet) -> Self {
        let Loaded { recipe, market, .. } = loaded(recipe, series);
        let scalers = set.plan.program.fitted();
        let planner = Planner::with_scalers(&recipe, &market, [(0, &scalers)]).unwrap();
        let program = Arc::clone(planner.program());
        let shape = program.block_shape().layout(WindowLayout::ChannelsFirst);
        let block = WindowBlock::new(shape, 1).unwrap();
        let prepared = CpuBackend::default().load(Arc::clone(&market), program).unwrap();
        Self { market, prepared, block }
    }

    /// The bits of the window and the snapshot after a row, if there are any.
    pub(crate) fn after(&mut self, row: usize) -> Option<(Vec<u32>, Vec<u32>)> {
        self.prepared.observe(&[row + 1], Threads::Calling, &mut self.block).ok()?;
        Some((bits(&self.block.columns()[0]), bits(self.block.snapshot())))
    }

    /// The rows that open at a time or later, in the order of their times.
    pub(crate) fn rows_from(&self, start: i64) -> Vec<(i64, usize, usize)> {
        let mut rows = Vec::new();
        for (symbol, span) in self.market.series().iter().enumerate() {
            let of = |row: usize| (self.market.ts()[row], symbol, row);
            rows.extend((span.start..span.end).map(of).filter(|(ts, ..)| *ts >= start));
        }
        rows.sort_unstable();
        rows
    }

    /// The values of a row by the names of the columns that a bar has.
    pub(crate) fn values<'a>(&self, columns: &'a [String], row: usize) -> Vec<(&'a str, f64)> {
        let value = |name: &'a String| (name.as_str(), self.market.column(name).unwrap()[row]);
        columns.iter().map(value).collect()
    }
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

pub(crate) fn options(joins: &[(&str, String)], attributes: Option<String>) -> LiveOptions {
    let joins = joins.iter().map(|(name, path)| ((*name).to_owned(), vec![path.clone()]));
    LiveOptions { joins: joins.collect::<BTreeMap<_, _>>(), attributes, ..LiveOptions::default() }
}

/// Compares the input after a row with that of all bars at once; true if there is one.
pub(crate) fn same_after(live: &Live, whole: &mut Whole, symbol: &str, row: usize) -> bool {
    let expected = whole.after(row);
    assert_eq!(live.ready(symbol).unwrap(), expected.is_some(), "{symbol} at {row}");
    let Some((window, snapshot)) = expected else {
        live.window(symbol).unwrap_err();
        return false;
    };
    assert_eq!(bits(&live.window(symbol).unwrap()), window, "{symbol} at {row}");
    assert_eq!(bits(&live.snapshot(symbol).unwrap()), snapshot, "{symbol} at {row}");
    true
}

/// Pushes all bars from a time on, and compares the input after each time. Returns the number of
/// windows that were compared.
pub(crate) fn compare(live: &mut Live, whole: &mut Whole, start: i64) -> usize {
    let symbols: Vec<String> = live.symbols().map(str::to_owned).collect();
    let columns = live.columns().to_vec();
    let mut ready = 0;
    for rows in whole.rows_from(start).chunk_by(|a, b| a.0 == b.0) {
        for (ts, symbol, row) in rows {
            let values = whole.values(&columns, *row);
            live.push(&symbols[*symbol], *ts, &values).unwrap();
        }
        live.close(Some(rows[0].0)).unwrap();
        for (_, symbol, row) in rows {
            ready += usize::from(same_after(live, whole, &symbols[*symbol], *row));
        }
    }
    ready
}
