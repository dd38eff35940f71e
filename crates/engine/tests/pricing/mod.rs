//! Decisions of one's own.

use std::sync::Arc;

use std::fmt::Write;

use super::{Recipe, Source, load, loaded, read_bytes, recipe};
use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use barloom_backend::{Backend, SampleBlock};
use barloom_dataset::DatasetError;
use barloom_engine::{
    BackendChoice, DecisionPricer, Error, KnownAt, Loaded, PricedDecisions, Watch,
};

const HOUR_MS: i64 = 3_600_000;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn cpu() -> Box<dyn Backend> {
    BackendChoice::Cpu.open(None).unwrap()
}

fn price(
    loaded: &Loaded,
    decisions: &RecordBatch,
    watch: &Watch,
) -> Result<Vec<RecordBatch>, Error> {
    Ok(DecisionPricer::new(loaded, &*cpu())?.price(decisions, None, watch)?.pieces)
}

/// Few decisions, priced in one piece.
fn priced_once(loaded: &Loaded, decisions: &RecordBatch) -> RecordBatch {
    let mut pieces = price(loaded, decisions, &Watch::default()).unwrap();
    assert_eq!(pieces.len(), 1);
    pieces.remove(0)
}

fn samples(loaded: &Loaded, rows: usize) -> SampleBlock {
    let session = loaded.session(&*cpu(), None).unwrap();
    let mut block = session.allocate(rows).unwrap();
    session.fill(0, rows, &mut block).unwrap();
    block
}

/// Decisions that are a dataset's own actions are priced to its rewards.
#[test]
fn a_samples_action_is_priced_as_the_sample_is() {
    let more = "[reward]\nmetric = [\"return\", \"sharpe\", \"barrier\"]\ncarry_bps = 0.5\n";
    let loaded = loaded(&recipe(more));
    let block = samples(&loaded, 3_000);
    let doubles = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let directions: Vec<f64> = block.act_dir.iter().map(|d| f64::from(*d)).collect();
    // Stops and targets of a hold are 0 in a sample, which no decision has.
    let barrier = |values: &[f64]| -> ArrayRef {
        let some = values.iter().map(|x| Some(*x).filter(|x| *x > 0.0));
        Arc::new(some.collect::<Float64Array>())
    };
    let ms = block.ts.iter().map(|ns| ns / 1_000_000);
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(ms));
    let bars: ArrayRef = Arc::new(Int64Array::from(block.bar.to_vec()));
    for at in [("bar", bars), ("ts", times)] {
        let decisions = batch(vec![
            at,
            ("direction", doubles(&directions)),
            ("dollars", doubles(&block.act_dollar)),
            ("stop", barrier(&block.act_sl)),
            ("act_tp", barrier(&block.act_tp)),
            ("equity", doubles(&block.equity)),
        ]);
        let priced = priced_once(&loaded, &decisions);
        let column = |name: &str| priced.column_by_name(name).unwrap().clone();
        let is = |name: &str, expected: &[f64]| {
            let got = column(name);
            assert_eq!(got.null_count(), 0, "{name}");
            let bits = |x: &f64| x.to_bits();
            let got = got.as_primitive::<Float64Type>().values().iter().map(bits);
            assert!(got.eq(expected.iter().map(bits)), "{name}");
        };
        is("entry_price", &block.entry_price);
        is("exit_price", &block.exit_price);
        is("pnl", &block.pnl);
        is("reward", &block.rewards[0]);
        is("reward_sharpe", &block.rewards[1]);
        is("reward_barrier", &block.rewards[2]);
        assert_eq!(
            column("held_bars").as_primitive::<Int32Type>().values()[..],
            block.held_bars[..]
        );
        assert_eq!(column("bar").as_primitive::<Int64Type>().values()[..], block.bar[..]);
        let reasons = column("exit_reason");
        let codes = reasons.as_dictionary::<Int32Type>().keys().values().iter();
        assert!(codes.copied().eq(block.exit_reason.iter().map(|r| i32::from(*r))));
    }
}

fn longs(bars: Vec<Option<i64>>) -> RecordBatch {
    let count = bars.len();
    batch(vec![
        ("bar", Arc::new(Int64Array::from(bars))),
        ("direction", Arc::new(Float64Array::from(vec![1.0; count]))),
        ("dollars", Arc::new(Float64Array::from(vec![1_000.0; count]))),
    ])
}

#[test]
fn what_has_no_horizon_is_null() {
    let loaded = loaded(&recipe(""));
    // 400 bars, each judged on 4.
    let priced = priced_once(&loaded, &longs(vec![Some(0), Some(396), Some(397), None]));
    let pnl = priced.column_by_name("pnl").unwrap();
    assert_eq!((0..4).map(|i| pnl.is_valid(i)).collect::<Vec<_>>(), [true, true, false, false]);
    let bar = priced.column_by_name("bar").unwrap().as_primitive::<Int64Type>();
    assert_eq!(bar.iter().collect::<Vec<_>>(), [Some(0), Some(396), Some(397), None]);
    let reason = priced.column_by_name("exit_reason").unwrap();
    assert!(reason.is_null(2) && reason.is_valid(1));
}

#[test]
fn a_time_is_that_of_the_next_bar_to_open() {
    let loaded = loaded(&recipe(""));
    let first = loaded.market.ts()[0] / 1_000_000;
    let times = [first - 5, first, first + 1, first + HOUR_MS, first + 400 * HOUR_MS];
    let count = times.len();
    let decisions = batch(vec![
        ("time", Arc::new(TimestampMillisecondArray::from(times.to_vec()))),
        ("direction", Arc::new(Int64Array::from(vec![-1; count]))),
        ("dollars", Arc::new(Int64Array::from(vec![500; count]))),
    ]);
    let priced = priced_once(&loaded, &decisions);
    let bar = priced.column_by_name("bar").unwrap().as_primitive::<Int64Type>();
    // Before the first bar there is nothing to be decided on, and after the last nothing to be.
    let expected = [None, Some(0), Some(1), Some(1), None];
    assert_eq!(bar.iter().collect::<Vec<_>>(), expected);
    // Of any form that times of bars may have.
    let text: Vec<String> = times.iter().map(|ms| format!("{}", ms / 1_000)).collect();
    let seconds: Vec<i64> = times.iter().map(|ms| ms.div_euclid(1_000)).collect();
    let forms: [ArrayRef; 3] = [
        Arc::new(Int64Array::from(times.to_vec())),
        Arc::new(Float64Array::from_iter_values(seconds.iter().map(|s| *s as f64))),
        Arc::new(StringArray::from(text)),
    ];
    for form in forms {
        let mut columns = vec![("ts", form)];
        let others = decisions.schema();
        let others = others.fields().iter().zip(decisions.columns()).skip(1);
        columns.extend(others.map(|(field, array)| (field.name().as_str(), Arc::clone(array))));
        let priced = priced_once(&loaded, &batch(columns));
        let bar = priced.column_by_name("bar").unwrap().as_primitive::<Int64Type>();
        assert_eq!(bar.value(3), 1, "{bar:?}");
    }
}

fn longs_at(times: &[i64]) -> RecordBatch {
    batch(vec![
        ("ts", Arc::new(Int64Array::from(times.to_vec())) as ArrayRef),
        ("side", Arc::new(StringArray::from(vec!["buy"; times.len()]))),
        ("dollars", Arc::new(Int64Array::from(vec![500; times.len()]))),
    ])
}

fn bars_of(priced: &PricedDecisions) -> Vec<Option<i64>> {
    let bar = priced.pieces[0].column_by_name("bar").unwrap();
    bar.as_primitive::<Int64Type>().iter().collect()
}

/// Times of bars are those of their opens: a signal of a bar's close must not enter there.
#[test]
fn times_that_are_opens_of_bars_are_warned_of() {
    let loaded = loaded(&recipe(""));
    let pricer = DecisionPricer::new(&loaded, &*cpu()).unwrap();
    let price = |times: &[i64], known_at| {
        pricer.price(&longs_at(times), known_at, &Watch::default()).unwrap()
    };
    let ts = &loaded.market.ts()[..40];
    let priced = price(ts, None);
    let [warning] = &priced.warnings[..] else { panic!("{:?}", priced.warnings) };
    for part in ["40 of 40 times", "one bar ahead", "known_at=\"close\""] {
        assert!(warning.contains(part), "{warning}");
    }
    assert_eq!(bars_of(&priced)[..3], [Some(0), Some(1), Some(2)]);
    let open = price(ts, Some(KnownAt::Open));
    assert!(open.warnings.is_empty() && bars_of(&open) == bars_of(&priced));
    let close = price(ts, Some(KnownAt::Close));
    assert!(close.warnings.is_empty());
    assert_eq!(bars_of(&close)[..3], [Some(1), Some(2), Some(3)]);
    // Times of executions lie between opens.
    let later: Vec<i64> = ts.iter().map(|ts| ts + 1_000).collect();
    assert!(price(&later, None).warnings.is_empty());
    assert_eq!(bars_of(&price(&later, Some(KnownAt::Close)))[..2], [Some(1), Some(2)]);
    // After the last bar of all there is none.
    let last = loaded.market.ts()[399];
    assert_eq!(bars_of(&price(&[last], Some(KnownAt::Close))), [None]);
    let bars = pricer.price(&longs(vec![Some(7)]), Some(KnownAt::Close), &Watch::default());
    assert_eq!(bars_of(&bars.unwrap()), [Some(8)]);
}

/// Times without a zone that are no opens of bars may be of another zone.
#[test]
fn times_without_a_zone_beside_the_bars_are_warned_of() {
    let loaded = loaded(&recipe(""));
    let pricer = DecisionPricer::new(&loaded, &*cpu()).unwrap();
    let half_past: Vec<i64> =
        loaded.market.ts()[..40].iter().map(|ts| ts / 1_000_000 + HOUR_MS / 2).collect();
    let warnings = |times: TimestampMillisecondArray, known_at| {
        let count = times.len();
        let decisions = batch(vec![
            ("ts", Arc::new(times) as ArrayRef),
            ("direction", Arc::new(Int64Array::from(vec![1; count]))),
            ("dollars", Arc::new(Int64Array::from(vec![500; count]))),
        ]);
        pricer.price(&decisions, known_at, &Watch::default()).unwrap().warnings
    };
    for known_at in [None, Some(KnownAt::Close)] {
        let naive = warnings(TimestampMillisecondArray::from(half_past.clone()), known_at);
        let [warning] = &naive[..] else { panic!("{naive:?}") };
        assert!(warning.contains("0 of 40 times") && warning.contains("no time zone"), "{warning}");
        let zoned = TimestampMillisecondArray::from(half_past.clone()).with_timezone("UTC");
        assert!(warnings(zoned, known_at).is_empty());
    }
}

/// Entering at the close of the bar with the signal's time looks ahead at nothing.
#[test]
fn entries_at_the_close_are_not_warned_of() {
    let loaded = loaded(&recipe("[reward]\nentry = \"next_close\"\n"));
    let pricer = DecisionPricer::new(&loaded, &*cpu()).unwrap();
    let decisions = longs_at(&loaded.market.ts()[..40]);
    let priced = pricer.price(&decisions, None, &Watch::default()).unwrap();
    assert!(priced.warnings.is_empty(), "{:?}", priced.warnings);
}

#[test]
fn words_for_directions() {
    let loaded = loaded(&recipe(""));
    let words = ["long", "BUY", "Sell", "short", "hold", "flat", " buy ", "-1"];
    let decisions = batch(vec![
        ("bar", Arc::new(Int64Array::from(vec![3; words.len()])) as ArrayRef),
        ("direction", Arc::new(StringArray::from(words.to_vec()))),
        ("dollars", Arc::new(Int64Array::from(vec![500; words.len()]))),
    ]);
    let priced = priced_once(&loaded, &decisions);
    let pnl = priced.column_by_name("pnl").unwrap().as_primitive::<Float64Type>().clone();
    let (long, short) = (pnl.value(0), pnl.value(3));
    assert!(long != short && long != 0.0);
    let expected = [long, long, short, short, 0.0, 0.0, long, short];
    assert_eq!(pnl.values()[..], expected);
}

/// Daily and minute bars of the same prices: each is annualised by its own steps.
#[test]
fn a_year_has_as_many_bars_as_the_symbol_has() {
    let mut csv = String::from("symbol,time,open,high,low,close,volume\n");
    for (symbol, step) in [("DAILY", 86_400), ("MINUTES", 60), ("MONTHLY", 2_629_800)] {
        for bar in 0..60_i64 {
            let price = 100.0 + (bar * 7_919 % 13) as f64;
            let (time, high, low) = (1_500_000_000 + bar * step, price + 2.0, price - 2.0);
            writeln!(csv, "{symbol},{time},{price},{high},{low},{},5", price + 1.0).unwrap();
        }
    }
    let more = "[reward]\nmetric = [\"sharpe\", \"calmar\"]\nclip = [-1e12, 1e12]\n";
    let recipe = "[data]\nmax_gap = \"100d\"\n[dataset]\nlookback = 4\nforward = 8\nsamples = 200\n"
        .to_owned() + more;
    let recipe = Recipe::from_toml(&recipe, "test.toml").unwrap();
    let bars = read_bytes("a.csv", csv.as_bytes(), &barloom_engine::read_options(&recipe));
    let loaded = load(&recipe, Source::Bars(bars.unwrap())).unwrap();
    let auto = barloom_recipe::BarsPerYear::Auto;
    assert_eq!(loaded.recipe.reward.bars_per_year, auto, "symbols differ");
    let decisions = batch(vec![
        ("symbol", Arc::new(StringArray::from(vec!["DAILY", "MINUTES", "MONTHLY"])) as ArrayRef),
        ("bar", Arc::new(Int64Array::from(vec![9; 3]))),
        ("direction", Arc::new(Int64Array::from(vec![1; 3]))),
        ("dollars", Arc::new(Int64Array::from(vec![500; 3]))),
    ]);
    let priced = priced_once(&loaded, &decisions);
    let of = |name: &str| {
        let values = priced.column_by_name(name).unwrap().as_primitive::<Float64Type>().values();
        [values[0] / values[2], values[1] / values[2]]
    };
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a}, expected {b}");
    let [days, minutes] = of("reward");
    near(days, (365.25_f64 / 12.0).sqrt());
    near(minutes, (525_960.0_f64 / 12.0).sqrt());
    let [days, minutes] = of("reward_calmar");
    near(days, 365.25 / 12.0);
    near(minutes, 525_960.0 / 12.0);

    // The dataset lists them, and its own recipe and bars give it again.
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let built = super::build(&loaded, &first);
    let listed = |built: &[super::BuiltPart]| -> Vec<Option<f64>> {
        built[0].manifest.market.symbols.iter().map(|symbol| symbol.bars_per_year).collect()
    };
    assert_eq!(listed(&built), [Some(365.25), Some(525_960.0), Some(12.0)]);
    let verification = super::Verification {
        backend: BackendChoice::Cpu,
        rows: super::Rows::All,
        ..super::Verification::new(&first)
    };
    let verified = verification.run(&Watch::default()).unwrap();
    assert!(verified[0].1.problems.is_empty(), "{:?}", verified[0].1.problems);
    let mut recipe = super::read_recipe(first.join("recipe.toml")).unwrap();
    recipe.data.bars = vec![first.join("bars.arrow").to_string_lossy().into_owned()];
    let again = load(&recipe, super::read_bars(&recipe, None, &Watch::default()).unwrap()).unwrap();
    let again = super::build(&again, &second);
    assert_eq!(again[0].manifest.content_digest, built[0].manifest.content_digest);
    assert_eq!(listed(&again), listed(&built));
}

#[test]
fn a_time_in_a_long_gap_is_that_of_no_bar() {
    // Two days of bars, then two of them a month later.
    let mut csv = String::from("date,open,high,low,close,volume\n");
    let hours = (0..48).chain(720..768);
    for hour in hours {
        let at = 1_700_000_000_i64 + hour * 3_600;
        writeln!(csv, "{at},10,11,9,10,5").unwrap();
    }
    let mut recipe = Recipe::default();
    (recipe.dataset.lookback, recipe.dataset.forward) = (4, 4);
    let bars = read_bytes("gap.csv", csv.as_bytes(), &barloom_market_data::ReadOptions::default());
    let loaded = load(&recipe, Source::Bars(bars.unwrap())).unwrap();
    let ts = loaded.market.ts();
    let times = [ts[10], ts[47] + 1, ts[48] - 1, ts[48], ts[48] + 1];
    let decisions = batch(vec![
        ("ts", Arc::new(Int64Array::from(times.to_vec()))),
        ("direction", Arc::new(Int64Array::from(vec![1; 5]))),
        ("dollars", Arc::new(Int64Array::from(vec![500; 5]))),
    ]);
    let priced = priced_once(&loaded, &decisions);
    let bar = priced.column_by_name("bar").unwrap().as_primitive::<Int64Type>();
    assert_eq!(bar.iter().collect::<Vec<_>>(), [Some(10), None, None, Some(48), Some(49)]);
}

#[test]
fn without_barriers_a_trade_ends_with_its_horizon() {
    let loaded = loaded(&recipe(""));
    let priced = priced_once(&loaded, &longs(vec![Some(7)]));
    let market = &loaded.market;
    let exit = priced.column_by_name("exit_price").unwrap().as_primitive::<Float64Type>().value(0);
    assert_eq!(exit, market.close()[7 + 4 - 1]);
}

#[test]
fn what_cannot_be_is_told_with_its_row() {
    let loaded = loaded(&recipe(""));
    let with = |name: &'static str, array: ArrayRef| {
        let good = longs(vec![Some(1), Some(2)]);
        let schema = good.schema();
        let columns = schema.fields().iter().zip(good.columns()).filter(|(f, _)| f.name() != name);
        let mut columns: Vec<(&str, ArrayRef)> =
            columns.map(|(f, c)| (f.name().as_str(), Arc::clone(c))).collect();
        columns.push((name, array));
        price(&loaded, &batch(columns), &Watch::default()).unwrap_err().to_string()
    };
    let floats = |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    assert_eq!(
        with("direction", floats([1.0, 2.0])),
        "decisions.direction: index 1: expected 1 (long), -1 (short) or 0 (hold), got 2"
    );
    let categories = |names: [&str; 2]| -> ArrayRef {
        Arc::new(names.into_iter().collect::<DictionaryArray<Int32Type>>())
    };
    assert_eq!(
        with("direction", categories(["long", "up"])),
        "decisions.direction: index 1: expected long or buy, short or sell, or hold, got \"up\""
    );
    assert_eq!(
        with("dollars", floats([f64::NAN, 1.0])),
        "decisions.dollars: index 0: expected dollars, 0 or more, got NaN"
    );
    assert_eq!(
        with("stop", floats([0.1, -0.1])),
        "decisions.stop: index 1: expected a fraction above 0, or null, got -0.1"
    );
    assert_eq!(
        with("bar", Arc::new(Int64Array::from(vec![0, 400]))),
        "decisions.bar: index 1: expected a bar below 400, got 400"
    );
    assert_eq!(
        with("symbol", Arc::new(StringArray::from(vec!["ACME", "NONE"]))),
        "decisions.symbol: index 1: the bars have no \"NONE\""
    );
    let many = 300_000;
    let mut bars = vec![Some(1); many];
    (bars[200_000], bars[250_000]) = (Some(400), Some(500));
    assert_eq!(
        price(&loaded, &longs(bars), &Watch::default()).unwrap_err().to_string(),
        "decisions.bar: index 200000: expected a bar below 400, got 400"
    );
    let pieces = price(&loaded, &longs(vec![Some(1); many]), &Watch::default()).unwrap();
    assert_eq!(pieces.iter().map(RecordBatch::num_rows).sum::<usize>(), many);
    let ts = loaded.market.ts();
    assert_eq!(
        with("ts", Arc::new(Int64Array::from(vec![ts[1], ts[3]]))),
        format!(
            "decisions.bar: index 1: bar is the bar at {} ns, but ts means the bar at {} ns; give only \
             one of them",
            ts[2], ts[3]
        )
    );
    let stopped = Watch { stop: Arc::new(|| true), ..Watch::default() };
    assert!(matches!(
        price(&loaded, &longs(vec![Some(1)]), &stopped),
        Err(Error::Dataset(error)) if matches!(*error, DatasetError::Stopped)
    ));
    let no_direction = batch(vec![("bar", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    assert_eq!(
        price(&loaded, &no_direction, &Watch::default()).unwrap_err().to_string(),
        "decisions.direction: the column is missing; the decisions have bar"
    );
}
