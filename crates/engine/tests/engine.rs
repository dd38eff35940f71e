//! From recipes and bars to datasets, without a command line.

mod pricing;
mod rewards_page;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float32Type, Int64Type};
use barloom_backend::BackendError;
use barloom_bars::Market;
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
        let price = 100.0 + f64::from(bar * 7_919 % 97) / 10.0 + f64::from(bar) / 1_000.0;
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
    recipe.data.on_bad_bar = barloom_engine::OnBadBar::Drop;
    let loaded = load(&recipe, source(&recipe, &bars)).unwrap();
    assert_eq!(loaded.market.len(), 398);
    assert_eq!(loaded.dropped.values().sum::<u64>(), 2);
}

#[test]
fn what_the_doctor_warns_of_is_told_and_errors_are_not() {
    let mut recipe = recipe("");
    recipe.data.on_bad_bar = barloom_engine::OnBadBar::Drop;
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
    let mut told: Vec<(&str, u32)> =
        loaded.warnings.iter().map(|f| (f.kind.as_str(), f.places[0].row)).collect();
    // The prices of these bars repeat, so their other column does tell of later ones.
    assert_eq!(told.remove(0).0, "leak_correlation");
    assert_eq!(told, [("non_positive_price", 22), ("price_scale", 52)]);
    assert_eq!(loaded.dropped.values().sum::<u64>(), 1);
    let sound = self::loaded(&recipe).warnings;
    assert!(sound.iter().all(|finding| finding.kind == "leak_correlation"), "{sound:?}");
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
            (0..samples).map(|i| plan.draws.sampler.draw(i).rank).collect();
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
        assert_eq!(plan.program.lookback, session.program().lookback);
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
    let [total, done] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let add = |to: &Arc<AtomicU64>| {
        let to = Arc::clone(to);
        Arc::new(move |n| _ = to.fetch_add(n, Ordering::Relaxed))
    };
    let watch = Watch { total: add(&total), progress: add(&done), ..Watch::default() };
    let built = prepared.run(&watch).unwrap();
    assert_eq!(built.iter().map(|part| part.made).collect::<Vec<_>>(), samples);
    assert_eq!([total, done].map(|count| count.load(Ordering::Relaxed)), [3_000, 3_000]);
    assert_eq!(Dataset::open_all(&out).unwrap().len(), 2);
}

#[test]
fn a_build_that_is_stopped_can_be_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let [out, whole] = ["out", "whole"].map(|name| dir.path().join(name));
    let mut recipe = recipe("[output]\nshard_rows = 4096\n");
    recipe.dataset.samples = barloom_recipe::Samples::Count(40_000);
    let loaded = loaded(&recipe);
    let done = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&done);
    let watch = Watch {
        progress: Arc::new(move |n| _ = done.fetch_add(n, Ordering::Relaxed)),
        stop: Arc::new(move || read.load(Ordering::Relaxed) >= 20_000),
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
    let source = read_bars(&recipe, None, &Watch::default()).unwrap();
    assert!(matches!(&source, Source::Stored(_, channels) if channels == &["close", "adj_close"]));
    let stored = load(&recipe, source).unwrap();
    assert_eq!(stored.market.segments().len(), 1);
    assert!(stored.notes[0].starts_with("these bars come from a dataset"), "{:?}", stored.notes);
    let again = build(&stored, &second);
    let [a, b] = [&built[0].manifest, &again[0].manifest];
    assert_eq!((&a.content_digest, &a.market.digest), (&b.content_digest, &b.market.digest));
}

/// A column that is missing in every twentieth bar as a snapshot, beside one that is a channel too.
#[test]
fn a_snapshot_is_the_same_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let mut bars = String::new();
    for (number, line) in csv(400, &[]).lines().enumerate() {
        let depth = match number {
            0 => "Order Depth".to_owned(),
            _ if number % 20 == 0 => String::new(),
            _ => format!("{}", number * 3 % 50),
        };
        writeln!(bars, "{line},{depth}").unwrap();
    }
    let cpu = BackendChoice::Cpu.open(None).unwrap();
    let mut digests = Vec::new();
    let mut read = Vec::new();
    for format in ["parquet", "arrow", "npy", "virtual"] {
        let text = format!(
            "[data]\nchannels = [\"close\"]\nsnapshot = [\"Order Depth\", \"close\", \"high\"]\n\
             [scaling]\n\"Order Depth\" = \"none\"\nsnapshot = {{ close = \"none\" }}\n\
             [dataset]\nsamples = 3000\nlookback = 8\nforward = 4\n[output]\nformat = {format:?}\n"
        );
        let recipe = Recipe::from_toml(&text, "test.toml").unwrap();
        let loaded = load(&recipe, source(&recipe, &bars)).unwrap();
        assert_eq!(loaded.market.segments().len(), 1, "a snapshot ends no segment");
        assert_eq!(loaded.recipe.data.snapshot, ["order_depth", "close", "high"]);
        let out = dir.path().join(format);
        let built = job(&out).prepare(&loaded).unwrap().run(&Watch::default()).unwrap();
        digests.extend(built[0].manifest.content_digest.clone());
        let field = built[0].manifest.schema.field("snapshot").unwrap();
        assert_eq!(field.names, ["order_depth", "close", "high"]);
        let dataset = Dataset::open(&out).unwrap();
        let batch = dataset.reader(&*cpu).unwrap().read(0..3_000).unwrap();
        read.push(batch.column_by_name("snapshot").unwrap().to_data());
        if format == "parquet" {
            let market = dataset.market().unwrap();
            check_snapshots(&batch, &market);
        }
        // What it holds makes it again, and verification finds it right.
        let again = barloom_engine::open(&out).unwrap();
        assert_eq!(again[0].plan.program.snapshot.len(), 3);
        let verification = Verification { backend: BackendChoice::Cpu, ..Verification::new(&out) };
        let verified = verification.run(&Watch::default()).unwrap();
        assert!(verified[0].1.problems.is_empty(), "{:?}", verified[0].1.problems);
    }
    assert_eq!(digests.len(), 3);
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    assert!(read.iter().all(|values| *values == read[0]));
    let changed = dir.path().join("npy/samples/00000.snapshot.npy");
    let mut bytes = fs::read(&changed).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&changed, bytes).unwrap();
    let out = dir.path().join("npy");
    let verification = Verification { rows: Rows::All, ..Verification::new(&out) };
    let verification = Verification { backend: BackendChoice::Cpu, ..verification };
    let problems = verification.run(&Watch::default()).unwrap().remove(0).1.problems;
    let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(told.contains("00000.snapshot.npy"), "{told}");
}

/// Each snapshot is of the bar before the sample's, and no value is missing.
fn check_snapshots(batch: &RecordBatch, market: &Market) {
    let bar = batch.column_by_name("bar").unwrap().as_primitive::<Int64Type>();
    let snapshot = batch.column_by_name("snapshot").unwrap().as_fixed_size_list();
    let values = snapshot.values().as_primitive::<Float32Type>().values();
    let column = |name: &str| market.column(name).unwrap();
    assert!(column("order_depth").iter().any(|value| value.is_nan()));
    for (row, got) in values.as_chunks::<3>().0.iter().enumerate() {
        let before = bar.value(row) as usize - 1;
        let [depth, close, high] = ["order_depth", "close", "high"].map(|c| column(c)[before]);
        assert_eq!(*got, [depth as f32, close as f32, high as f32 / close as f32], "row {row}");
    }
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
    let total = Arc::new(AtomicU64::new(0));
    let added = Arc::clone(&total);
    let watch = Watch {
        total: Arc::new(move |n| _ = added.fetch_add(n, Ordering::Relaxed)),
        ..Watch::default()
    };
    let right = verification.run(&watch).unwrap();
    let paths: Vec<_> = right.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, [out.join("train"), out.join("test")]);
    assert!(right.iter().all(|(_, verified)| verified.problems.is_empty()), "{right:?}");
    assert_eq!(total.load(Ordering::Relaxed), 3_000);

    let shard = out.join("test/samples/00000.parquet");
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

    check(
        read_bars(&Recipe::default(), None, &Watch::default()).unwrap_err(),
        ErrorKind::Usage,
        "data.bars is empty",
    );
    let mut nowhere = recipe("");
    nowhere.data.bars = vec![dir.path().join("none.csv").to_string_lossy().into_owned()];
    check(read_bars(&nowhere, None, &Watch::default()).unwrap_err(), ErrorKind::Io, "none.csv");
    nowhere.data.timezone = "Mars".into();
    check(
        read_bars(&nowhere, None, &Watch::default()).unwrap_err(),
        ErrorKind::Usage,
        "data.timezone",
    );

    let mut missing = recipe("");
    missing.data.channels = ["close", "volume"].map(String::from).to_vec().into();
    let error = load(&missing, source(&recipe(""), &csv(400, &[]))).unwrap_err();
    check(error, ErrorKind::Data, "no column volume");
    let short = load(&recipe(""), source(&recipe(""), &csv(9, &[]))).unwrap();
    check(short.plan(None).unwrap_err(), ErrorKind::Data, "lookback");
    let mut outside = recipe(SPLIT);
    outside.dataset.samples = barloom_recipe::Samples::Count(1);
    let outside = loaded(&outside);
    let parts = outside.parts().unwrap();
    let refused = outside.plan(parts[1].as_ref()).unwrap_err();
    check(refused, ErrorKind::Usage, "split.part test: it would get 0 of 1 samples");
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
        let [a, b] =
            [set, memory].map(|set| set.session(&set.load_on(&*backend).unwrap()).unwrap());
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
