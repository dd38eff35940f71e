//! From recipes and bars to datasets, without a command line.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use barloom_backend::BackendError;
use barloom_dataset::{BuiltPart, Dataset, DatasetError, Rows};
use barloom_engine::{
    BackendChoice, Error, ErrorKind, Job, Loaded, Source, Verification, Watch, load, read_bars,
    read_options, read_recipe,
};
use barloom_market_data::read_bytes;
use barloom_recipe::Recipe;

/// Hourly bars; the closes of some are unusable.
fn csv(bars: u32, unusable: &[u32]) -> String {
    let mut text = String::from("Time,Open,High,Low,Close,Adj Close\n");
    for bar in 0..bars {
        let price = 100.0 + f64::from(bar * 7_919 % 97) / 10.0;
        let (low, high) = (price - 1.0, price + 1.0);
        let close = if unusable.contains(&bar) { -1.0 } else { price + 0.5 };
        let time = 1_700_000_000 + 3_600 * u64::from(bar);
        writeln!(text, "{time},{price},{high},{low},{close},{close}").unwrap();
    }
    text
}

fn recipe(more: &str) -> Recipe {
    let text = format!(
        "[data]\nchannels = [\"close\", \"Adj Close\"]\n\
         [scaling]\n\"Adj Close\" = \"zscore\"\n\
         [dataset]\nsamples = 3000\nlookback = 8\nforward = 4\n{more}"
    );
    Recipe::from_toml(&text, "test.toml").unwrap()
}

fn source(recipe: &Recipe, csv: &str) -> Source {
    Source::Bars(read_bytes("ACME.csv", csv.as_bytes(), &read_options(recipe)).unwrap())
}

fn loaded(recipe: &Recipe) -> Loaded {
    load(recipe, source(recipe, &csv(400, &[]))).unwrap()
}

const SPLIT: &str = "[split]\n[[split.part]]\nname = \"train\"\nfraction = 0.75\n\
                     [[split.part]]\nname = \"test\"\nfraction = 0.25\n";

fn job(out: &Path) -> Job<'_> {
    Job { backend: BackendChoice::Cpu, threads: 2, ..Job::new(out) }
}

fn build(loaded: &Loaded, out: &Path) -> Vec<BuiltPart> {
    job(out).prepare(loaded).unwrap().run(&Watch::default()).unwrap()
}

#[test]
fn what_is_loaded_fits_the_market() {
    let recipe = recipe("");
    let loaded = loaded(&recipe);
    assert_eq!(loaded.market.len(), 400);
    assert_eq!(loaded.recipe.data.channels, ["close", "adj_close"], "as the columns are named");
    assert_eq!(loaded.recipe.channel_scaler("adj_close"), recipe.channel_scaler("Adj Close"));
    let again = loaded.recipe.resolve(&loaded.market).unwrap();
    assert_eq!(again.to_toml(), loaded.recipe.to_toml(), "it is resolved");
    assert_eq!(loaded.parts().unwrap(), [None]);
    assert!(loaded.dropped.is_empty() && loaded.joined.is_empty());
}

#[test]
fn unusable_bars_are_refused_or_dropped() {
    let bars = csv(400, &[20, 21]);
    let mut recipe = recipe("");
    let error = load(&recipe, source(&recipe, &bars)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data, "{error}");
    recipe.data.on_bad_bar = barloom_bars::OnBadBar::Drop;
    let loaded = load(&recipe, source(&recipe, &bars)).unwrap();
    assert_eq!(loaded.market.len(), 398);
    assert_eq!(loaded.dropped.values().sum::<u64>(), 2);
}

#[test]
fn what_the_doctor_warns_of_is_told_and_errors_are_not() {
    let mut recipe = recipe("");
    recipe.data.on_bad_bar = barloom_bars::OnBadBar::Drop;
    // Bar 50 is ten times the price, and bar 20 unusable.
    let bars = csv(400, &[20]).lines().enumerate().fold(String::new(), |text, (line, row)| {
        let times_ten = |value: &str| (10.0 * value.parse::<f64>().unwrap()).to_string();
        let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        if line == 51 {
            fields[1..].iter_mut().for_each(|value| *value = times_ten(value));
        }
        text + &fields.join(",") + "\n"
    });
    let loaded = load(&recipe, source(&recipe, &bars)).unwrap();
    let told: Vec<(&str, u32)> =
        loaded.warnings.iter().map(|f| (f.kind.as_str(), f.places[0].row)).collect();
    assert_eq!(told, [("price_scale", 52)]);
    assert_eq!(loaded.dropped.values().sum::<u64>(), 1);
    assert!(self::loaded(&recipe).warnings.is_empty());
}

#[test]
fn windows_that_repeat_are_counted_and_warned_of() {
    let plan = |samples: u64, more: &str| {
        let mut recipe = recipe(more);
        recipe.dataset.samples = barloom_recipe::Samples::Count(samples);
        loaded(&recipe).plan(None).unwrap()
    };
    // 400 bars less L and F give 389 positions.
    let sequential = "positions = \"sequential\"\n";
    assert_eq!(plan(100, sequential).distinct_windows(), 100.0);
    assert_eq!(plan(3_000, sequential).distinct_windows(), 389.0);
    for (samples, actions) in [(100, 1), (389, 1), (1_500, 1), (1_500, 3), (40_000, 1)] {
        let plan = plan(samples, &format!("actions_per_state = {actions}\n"));
        let drawn: std::collections::BTreeSet<u64> =
            (0..samples).map(|i| plan.sampler.draw(i).rank).collect();
        let (drawn, expected) = (drawn.len() as f64, plan.distinct_windows());
        assert!((drawn - expected).abs() <= 25.0, "{samples}/{actions}: {drawn}, {expected}");
        let warns = samples > 4 * 389 * actions;
        assert_eq!(plan.warnings().len(), usize::from(warns), "{samples}/{actions}");
    }
    let warning = plan(40_000, "").warnings().remove(0);
    let told = "dataset.samples: 40000 samples of 389 positions have about 389 distinct windows, \
                each drawn about 103 times";
    assert!(warning.starts_with(told), "{warning}");
}

#[test]
fn a_part_has_its_plan_and_its_session() {
    let loaded = loaded(&recipe(SPLIT));
    let parts = loaded.parts().unwrap();
    let names: Vec<&str> = parts.iter().flatten().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["train", "test"]);
    let cpu = BackendChoice::Cpu.open(None).unwrap();
    for part in &parts {
        let plan = loaded.plan(part.as_ref()).unwrap();
        let session = loaded.session(&*cpu, part.as_ref()).unwrap();
        assert_eq!(plan.part, *part);
        assert_eq!(plan.samples, session.plan().samples);
        let mut block = session.allocate(16).unwrap();
        session.fill(plan.samples - 16, 16, &mut block).unwrap();
        let beyond = session.fill(plan.samples, 1, &mut block).unwrap_err();
        assert!(matches!(beyond, BackendError::OutOfRange { .. }), "{beyond}");
    }
}

#[test]
fn a_build_tells_what_there_is_to_do_and_what_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let recipe = recipe(SPLIT);
    let loaded = load(&recipe, source(&recipe, &csv(4_000, &[]))).unwrap();
    let job = job(&out);
    let prepared = job.prepare(&loaded).unwrap();
    let samples: Vec<u64> = prepared.plans().map(|plan| plan.samples).collect();
    assert_eq!((samples.len(), prepared.samples()), (2, 3_000));
    assert!(prepared.plans().all(|plan| plan.warnings().is_empty()));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "nothing is written yet");
    let [total, done] = [AtomicU64::new(0), AtomicU64::new(0)];
    let add = |to: &AtomicU64, n| {
        to.fetch_add(n, Ordering::Relaxed);
    };
    let watch =
        Watch { total: &|n| add(&total, n), progress: &|n| add(&done, n), ..Watch::default() };
    let built = prepared.run(&watch).unwrap();
    assert_eq!(built.iter().map(|part| part.made).collect::<Vec<_>>(), samples);
    assert_eq!((total.into_inner(), done.into_inner()), (3_000, 3_000));
    assert_eq!(Dataset::open_all(&out).unwrap().len(), 2);
}

#[test]
fn a_build_that_is_stopped_can_be_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let [out, whole] = ["out", "whole"].map(|name| dir.path().join(name));
    let mut recipe = recipe("[output]\nshard_rows = 4096\n");
    recipe.dataset.samples = barloom_recipe::Samples::Count(40_000);
    let loaded = loaded(&recipe);
    let done = AtomicU64::new(0);
    let watch = Watch {
        progress: &|n| {
            done.fetch_add(n, Ordering::Relaxed);
        },
        stop: &|| done.load(Ordering::Relaxed) >= 20_000,
        ..Watch::default()
    };
    let stopped = job(&out).prepare(&loaded).unwrap().run(&watch).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Io, "{stopped}");
    let Error::Dataset(error) = stopped else { panic!("{stopped}") };
    assert!(matches!(*error, DatasetError::Resumable { .. }), "{error}");
    assert!(!out.exists());
    let on = Job { resume: true, ..job(&out) };
    let resumed = on.prepare(&loaded).unwrap().run(&Watch::default()).unwrap();
    assert!((1..40_000).contains(&resumed[0].made), "{}", resumed[0].made);
    let whole = build(&loaded, &whole);
    assert_eq!(resumed[0].manifest.content_digest, whole[0].manifest.content_digest);
}

#[test]
fn a_datasets_own_bars_make_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| dir.path().join(name));
    let mut recipe = recipe("");
    let built = build(&loaded(&recipe), &first);
    recipe.data.bars = vec![first.join("bars.arrow").to_string_lossy().into_owned()];
    // They are stored as they were cut, so this is not applied again.
    recipe.data.max_gap = barloom_bars::MaxGap::Limit(1);
    let source = read_bars(&recipe, None).unwrap();
    assert!(matches!(&source, Source::Stored(_, channels) if channels == &["close", "adj_close"]));
    let stored = load(&recipe, source).unwrap();
    assert_eq!(stored.market.segments().len(), 1);
    assert!(stored.notes[0].starts_with("these are a dataset's own bars"), "{:?}", stored.notes);
    let again = build(&stored, &second);
    let [a, b] = [&built[0].manifest, &again[0].manifest];
    assert_eq!((&a.content_digest, &a.market.digest), (&b.content_digest, &b.market.digest));
}

#[test]
fn a_virtual_dataset_takes_its_samples_from_any_backend() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let loaded = loaded(&recipe("[output]\nformat = \"virtual\"\n"));
    assert_eq!(build(&loaded, &out)[0].made, 0);
    let cpu = BackendChoice::Cpu.open(None).unwrap();
    let dataset = Dataset::open(&out).unwrap();
    assert_eq!(dataset.reader(&*cpu).unwrap().read(5..9).unwrap().num_rows(), 4);
}

#[test]
fn a_dataset_is_verified_part_by_part() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    build(&loaded(&recipe(SPLIT)), &out);
    let usual = Verification { backend: BackendChoice::Cpu, ..Verification::new(&out) };
    let verification = Verification { rows: Rows::All, ..usual };
    let total = AtomicU64::new(0);
    let watch = Watch {
        total: &|n| {
            total.fetch_add(n, Ordering::Relaxed);
        },
        ..Watch::default()
    };
    let right = verification.run(&watch).unwrap();
    let paths: Vec<_> = right.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, [out.join("train"), out.join("test")]);
    assert!(right.iter().all(|(_, verified)| verified.problems.is_empty()), "{right:?}");
    assert_eq!(total.into_inner(), 3_000);

    let shard = out.join("test/samples-00000.parquet");
    let mut bytes = fs::read(&shard).unwrap();
    bytes[1_000] ^= 1;
    fs::write(&shard, bytes).unwrap();
    let wrong = verification.run(&Watch::default()).unwrap();
    let problems: Vec<usize> = wrong.iter().map(|(_, v)| v.problems.len()).collect();
    assert_eq!(problems, [0, 1]);

    // Each part that is left is right; together they are no split.
    fs::remove_dir_all(out.join("test")).unwrap();
    let alone = verification.run(&Watch::default()).unwrap();
    assert_eq!(alone.last().map(|(path, _)| path.clone()), Some(out.clone()));
    let nothing = Verification::new(dir.path().join("nothing").as_path()).run(&Watch::default());
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn errors_say_whose_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("recipe.toml");
    let check = |error: Error, kind: ErrorKind, says: &str| {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(says), "{says}: {}", error.message());
    };
    check(read_recipe(&path).unwrap_err(), ErrorKind::Io, "recipe.toml: can't read: ");
    fs::write(&path, "[dataset]\nlookbak = 1\n").unwrap();
    check(read_recipe(&path).unwrap_err(), ErrorKind::Usage, "recipe.toml:2: dataset.lookbak");
    fs::write(&path, recipe("").to_toml()).unwrap();
    assert_eq!(read_recipe(&path).unwrap().digest(), recipe("").digest());

    check(read_bars(&Recipe::default(), None).unwrap_err(), ErrorKind::Usage, "data.bars is empty");
    let mut nowhere = recipe("");
    nowhere.data.bars = vec![dir.path().join("none.csv").to_string_lossy().into_owned()];
    check(read_bars(&nowhere, None).unwrap_err(), ErrorKind::Io, "none.csv");
    nowhere.data.timezone = "Mars".into();
    check(read_bars(&nowhere, None).unwrap_err(), ErrorKind::Usage, "data.timezone");

    let mut missing = recipe("");
    missing.data.channels = ["close", "volume"].map(String::from).to_vec().into();
    let error = load(&missing, source(&recipe(""), &csv(400, &[]))).unwrap_err();
    check(error, ErrorKind::Data, "there is no column volume");
    let short = load(&recipe(""), source(&recipe(""), &csv(9, &[]))).unwrap();
    check(short.plan(None).unwrap_err(), ErrorKind::Data, "lookback");
    let mut outside = recipe(SPLIT);
    outside.dataset.samples = barloom_recipe::Samples::Count(1);
    let outside = loaded(&outside);
    let parts = outside.parts().unwrap();
    let refused = outside.plan(parts[1].as_ref()).unwrap_err();
    check(refused, ErrorKind::Usage, "split.part test: its share of 1 samples is none");
}

/// The samples that a dataset on disk stores, and those that are made of it when it is opened.
#[test]
fn an_opened_dataset_has_the_samples_that_were_built() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(&recipe(SPLIT));
    let out = folder.path().join("d");
    build(&loaded, &out);
    let sets = barloom_engine::open(&out).unwrap();
    assert_eq!(
        sets.iter().map(|set| set.part()).collect::<Vec<_>>(),
        [Some("train"), Some("test")]
    );
    let one = barloom_engine::open(out.join("test")).unwrap();
    assert_eq!((one.len(), one[0].part()), (1, Some("test")));
    let in_memory = loaded.sets().unwrap();
    for (set, memory) in sets.iter().zip(&in_memory) {
        let backend = BackendChoice::Cpu.open(None).unwrap();
        let [a, b] = [set, memory].map(|set| set.session(&*backend).unwrap());
        let samples = usize::try_from(set.plan.samples).unwrap();
        let [mut x, mut y] = [&a, &b].map(|session| session.allocate(samples).unwrap());
        a.fill(0, samples, &mut x).unwrap();
        b.fill(0, samples, &mut y).unwrap();
        x.same_bits(&y).unwrap();
        let stored = Dataset::open(out.join(set.part().unwrap())).unwrap();
        let reader = stored.reader(&*backend).unwrap();
        let stored = reader.read(0..samples as u64).unwrap();
        assert_eq!(stored, set.layout().record_batch(&y, 0, samples).unwrap());
    }
}

mod pricing {
    use std::sync::Arc;

    use std::fmt::Write;

    use super::{Recipe, Source, load, loaded, read_bytes, recipe};
    use arrow::array::{
        Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int64Array, RecordBatch,
        StringArray, TimestampMillisecondArray,
    };
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
    use barloom_backend::{Backend, SampleBlock};
    use barloom_dataset::DatasetError;
    use barloom_engine::{BackendChoice, Error, Loaded, Watch, price};

    const HOUR_MS: i64 = 3_600_000;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Few decisions, priced in one piece.
    fn priced_once(loaded: &Loaded, decisions: &RecordBatch) -> RecordBatch {
        let mut pieces = price(loaded, decisions, &Watch::default()).unwrap();
        assert_eq!(pieces.len(), 1);
        pieces.remove(0)
    }

    fn samples(loaded: &Loaded, rows: usize) -> SampleBlock {
        let backend: Box<dyn Backend> = BackendChoice::Cpu.open(None).unwrap();
        let session = loaded.session(&*backend, None).unwrap();
        let mut block = session.allocate(rows).unwrap();
        session.fill(0, rows, &mut block).unwrap();
        block
    }

    /// Decisions that are a dataset's own actions are priced to its rewards.
    #[test]
    fn a_samples_action_is_priced_as_the_sample_is() {
        let more = "[reward]\nmetric = [\"return\", \"sharpe\", \"label\"]\ncarry_bps = 0.5\n";
        let loaded = loaded(&recipe(more));
        let block = samples(&loaded, 3_000);
        let doubles =
            |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
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
            is("reward_label", &block.rewards[2]);
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
        let bars =
            read_bytes("gap.csv", csv.as_bytes(), &barloom_market_data::ReadOptions::default());
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
        let exit =
            priced.column_by_name("exit_price").unwrap().as_primitive::<Float64Type>().value(0);
        assert_eq!(exit, market.close()[7 + 4 - 1]);
    }

    #[test]
    fn what_cannot_be_is_told_with_its_row() {
        let loaded = loaded(&recipe(""));
        let with = |name: &'static str, array: ArrayRef| {
            let good = longs(vec![Some(1), Some(2)]);
            let schema = good.schema();
            let columns =
                schema.fields().iter().zip(good.columns()).filter(|(f, _)| f.name() != name);
            let mut columns: Vec<(&str, ArrayRef)> =
                columns.map(|(f, c)| (f.name().as_str(), Arc::clone(c))).collect();
            columns.push((name, array));
            price(&loaded, &batch(columns), &Watch::default()).unwrap_err().to_string()
        };
        let floats =
            |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
        assert_eq!(
            with("direction", floats([1.0, 2.0])),
            "decisions.direction: index 1: expected 1 (long), -1 (short) or 0 (hold), got 2"
        );
        let categories = |names: [&str; 2]| -> ArrayRef {
            Arc::new(names.into_iter().collect::<DictionaryArray<Int32Type>>())
        };
        assert_eq!(
            with("direction", categories(["long", "up"])),
            "decisions.direction: index 1: expected long, short or hold, got \"up\""
        );
        assert_eq!(
            with("dollars", floats([f64::NAN, 1.0])),
            "decisions.dollars: index 0: expected dollars, 0 or more, got NaN"
        );
        assert_eq!(
            with("stop", floats([0.1, -0.1])),
            "decisions.stop: index 1: expected a fraction above 0, or null for none, got -0.1"
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
                "decisions.bar: index 1: bar is that at {} ns, and ts means that at {} ns; give one \
                 of them",
                ts[2], ts[3]
            )
        );
        let stopped = Watch { stop: &|| true, ..Watch::default() };
        assert!(matches!(
            price(&loaded, &longs(vec![Some(1)]), &stopped),
            Err(Error::Dataset(error)) if matches!(*error, DatasetError::Stopped)
        ));
        let no_direction = batch(vec![("bar", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
        assert_eq!(
            price(&loaded, &no_direction, &Watch::default()).unwrap_err().to_string(),
            "decisions.direction: it is missing; the decisions have bar"
        );
    }
}
