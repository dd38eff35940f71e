//! Many symbols in one market: 88 of unequal length from a real file, of which three have a bar
//! without values. Samples are compared with the file as the parquet crate reads it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampNanosecondType};
use barloom_dataset::Manifest;
use barloom_engine::{BackendChoice, Job, Watch, load, read_bars};
use barloom_plan::Plan;
use barloom_recipe::Recipe;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/daily/stocknet_88_long.parquet");
const SAMPLES: usize = 50_000;
/// Symbols with a bar that is dropped.
const BROKEN: [&str; 3] = ["PTR", "REX", "SNP"];
const DAY: i64 = 86_400_000_000_000;

fn read(path: &Path) -> RecordBatch {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn numbers<'a>(batch: &'a RecordBatch, name: &str) -> &'a [f64] {
    batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().values()
}

fn texts(batch: &RecordBatch, name: &str) -> Vec<String> {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect()
}

/// The day, from 1970, and the open of each bar of each symbol in time order, but of those without
/// values.
fn raw() -> BTreeMap<String, Vec<(i64, f64)>> {
    let batch = read(Path::new(FILE));
    let days = cast(batch.column_by_name("Date").unwrap(), &DataType::Date32).unwrap();
    let days = days.as_primitive::<Date32Type>().values();
    let opens = batch.column_by_name("Open").unwrap().as_primitive::<Float64Type>();
    let mut bars: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for ((symbol, day), open) in texts(&batch, "Symbol").into_iter().zip(days).zip(opens) {
        let bars = bars.entry(symbol).or_default();
        bars.extend(open.filter(|open| !open.is_nan()).map(|open| (i64::from(*day), open)));
    }
    bars.values_mut().for_each(|bars| bars.sort_by_key(|bar| bar.0));
    bars
}

/// Builds the file, and gives the folder's manifest and samples of each part.
fn build(out: &Path, more: &str) -> Vec<(Manifest, RecordBatch, Vec<String>)> {
    let text = format!(
        "[data]\nbars = [{FILE:?}]\non_bad_bar = \"drop\"\n[dataset]\nsamples = {SAMPLES}\n\
         lookback = 16\nforward = 8\n{more}"
    );
    let recipe = Recipe::from_toml(&text, "test").unwrap();
    let loaded = load(&recipe, read_bars(&recipe, None, &Watch::default()).unwrap()).unwrap();
    let job = Job { backend: BackendChoice::Cpu, threads: 2, ..Job::new(out) };
    let prepared = job.prepare(&loaded).unwrap();
    let warnings: Vec<Vec<String>> = prepared.plans().map(Plan::warnings).collect();
    let built = prepared.run(&Watch::default()).unwrap();
    let part = |(part, warnings): (barloom_dataset::BuiltPart, Vec<String>)| {
        assert_eq!(part.manifest.shards.len(), 1);
        let samples = read(&part.path.join("samples/00000.parquet"));
        (part.manifest, samples, warnings)
    };
    built.into_iter().zip(warnings).map(part).collect()
}

/// Checks that symbol, bar, time and price of each sample are those of one bar of the file, and
/// counts the samples of each symbol.
fn counted(
    samples: &RecordBatch,
    raw: &BTreeMap<String, Vec<(i64, f64)>>,
) -> BTreeMap<String, usize> {
    let ts = samples.column_by_name("ts").unwrap().as_primitive::<TimestampNanosecondType>();
    let bar = samples.column_by_name("bar").unwrap().as_primitive::<Int64Type>();
    let entry = numbers(samples, "entry_price");
    let mut counts = BTreeMap::new();
    for (i, symbol) in texts(samples, "symbol").into_iter().enumerate() {
        let (ts, bar) = (ts.value(i), bar.value(i));
        let (day, open) = raw[&symbol][usize::try_from(bar).unwrap()];
        assert_eq!((ts, entry[i]), (day * DAY, open), "sample {i}: {symbol}, bar {bar}");
        *counts.entry(symbol).or_default() += 1;
    }
    counts
}

/// The count is within five standard deviations of that of so many samples with this chance.
fn near(count: usize, samples: usize, chance: f64, what: &str) {
    let (count, n) = (count as f64, samples as f64);
    let sigma = (n * chance * (1.0 - chance)).sqrt();
    assert!((count - n * chance).abs() <= 5.0 * sigma, "{what}: {count} of {n} for {chance}");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn a_file_of_88_symbols_builds_by_length_equally_and_by_weights() {
    let raw = raw();
    assert_eq!(raw.len(), 88);
    let positions = |symbol: &str| {
        // A bar that is dropped parts a series in two.
        let segments = if BROKEN.contains(&symbol) { 2 } else { 1 };
        raw[symbol].len() - segments * (16 + 8 - 1)
    };
    let all: usize = raw.keys().map(|symbol| positions(symbol)).sum();
    let folder = tempfile::tempdir().unwrap();
    for (name, weights, share) in [
        (
            "length",
            "",
            &(|symbol: &str| positions(symbol) as f64 / all as f64) as &dyn Fn(&str) -> f64,
        ),
        ("equal", "symbol_weights = \"equal\"", &|_| 1.0 / 88.0),
        ("given", "symbol_weights = { AAPL = 22, SNP = 0, PTR = 11, \"*\" = 0.5 }", &|symbol| {
            match symbol {
                "AAPL" => 22.0 / 75.5,
                "PTR" => 11.0 / 75.5,
                "SNP" => 0.0,
                _ => 0.5 / 75.5,
            }
        }),
    ] {
        let parts = build(&folder.path().join(name), weights);
        let [(manifest, samples, warnings)] = &parts[..] else { panic!("one dataset") };
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!((manifest.market.symbols.len(), manifest.market.bars), (88, 108_589));
        let dropped: Vec<(&str, u64)> =
            manifest.market.dropped.iter().map(|(fault, n)| (fault.as_str(), *n)).collect();
        assert_eq!(dropped, [("non_finite_price", 3)]);
        let left_out = if name == "given" { positions("SNP") } else { 0 };
        assert_eq!(manifest.positions, (all - left_out) as u64, "{name}");
        assert_eq!(samples.num_rows(), SAMPLES);
        let counts = counted(samples, &raw);
        for symbol in raw.keys() {
            let count = counts.get(symbol).copied().unwrap_or(0);
            near(count, SAMPLES, share(symbol), &format!("{name}, {symbol}"));
        }
    }
}

/// Weights hold in each part for itself, among the symbols with positions there.
#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn each_part_has_equal_shares_of_the_symbols_in_it() {
    let raw = raw();
    let folder = tempfile::tempdir().unwrap();
    let split = "symbol_weights = \"equal\"\n[split]\n\
                 [[split.part]]\nname = \"train\"\nuntil = 2014-06-01\n\
                 [[split.part]]\nname = \"test\"\nuntil = 2018-01-01\n";
    let parts = build(&folder.path().join("split"), split);
    assert_eq!(parts.len(), 2);
    let symbols = parts.iter().map(|(manifest, samples, warnings)| {
        let counts = counted(samples, &raw);
        for (symbol, count) in &counts {
            let share = 1.0 / counts.len() as f64;
            near(*count, samples.num_rows(), share, &format!("{symbol} of {}", samples.num_rows()));
        }
        assert_eq!(manifest.samples, samples.num_rows() as u64);
        let told = usize::from(counts.len() < 88);
        assert_eq!(warnings.len(), told, "{warnings:?}");
        counts.len()
    });
    let symbols: Vec<usize> = symbols.collect();
    assert!(symbols[0] < 88 && symbols[1] == 88, "some symbols begin late: {symbols:?}");
}
