//! The ends of numbers, of files and of memory: a dataset builds, the same in every
//! format, or it is refused before anything is written, with what to do.

mod kit;

use std::fs;
use std::path::Path;
use std::time::Instant;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float32Type, Int64Type};
use barloom_backend_cpu::CpuBackend;
use barloom_bars::{Column, Series};
use barloom_dataset::{Dataset, SampleReader};
use barloom_market_data::{WriteOptions, write};
use kit::{Random, csv, files, run};

/// The largest number of samples.
const MOST: u64 = (1 << 62) - 1;

/// A folder with `bars.csv` and a recipe without bars and channels.
fn folder(bars: &str, recipe: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("bars.csv"), bars).expect("bars");
    fs::write(dir.path().join("r.toml"), format!("[data]\nbars = [\"bars.csv\"]\n{recipe}"))
        .expect("a recipe");
    dir
}

/// A build of this recipe is refused, and nothing is left.
#[track_caller]
fn refused(dir: &Path, args: &str, code: i32, says: &[&str]) {
    let before = files(dir);
    run(dir, &format!("build --config r.toml --out d {args}")).expect(code, says);
    assert!(before.keys().eq(files(dir).keys()), "{args}: something is left");
}

fn open(dir: &Path) -> (Dataset, SampleReader) {
    let dataset = Dataset::open(dir).expect("a dataset");
    let reader = dataset.reader(&CpuBackend::default()).expect("a reader");
    (dataset, reader)
}

/// Builds the recipe, replacing what is there: the content digest, and all samples, in whose
/// windows nothing is NaN or infinite.
#[track_caller]
fn built(dir: &Path, format: &str, threads: u32) -> (String, RecordBatch) {
    let out = &format[..3];
    let args = format!("--format {format} --threads {threads} --out {out} --quiet --overwrite");
    run(dir, &format!("build --config r.toml {args}")).expect(0, &[]);
    let (dataset, reader) = open(&dir.join(out));
    let samples = reader.read(0..reader.samples()).expect("samples");
    for window in samples.columns().iter().filter_map(|c| c.as_fixed_size_list_opt()) {
        let values = window.values().as_primitive::<Float32Type>().values();
        assert!(values.iter().all(|value| value.is_finite()), "{format}: {values:?}");
    }
    (dataset.manifest().content_digest.clone().expect("a digest"), samples)
}

/// Builds the recipe in every format, with one thread and with two; all samples are the same.
#[track_caller]
fn builds(dir: &Path) -> RecordBatch {
    let (digest, samples) = built(dir, "parquet", 1);
    for (format, threads) in [("arrow", 2), ("npy", 2), ("virtual --digest", 1)] {
        assert_eq!(built(dir, format, threads).0, digest, "{format}");
    }
    samples
}

#[test]
fn samples_are_numbered_up_to_the_end() {
    let dir = folder(&csv(&[("AA", 400)]), "");
    let dir = dir.path();
    let build = format!("build --config r.toml --quiet --format virtual --samples {MOST}");
    run(dir, &format!("{build} --out d")).expect(0, &[]);
    for (sample, code) in [(0, 0), (1 << 61, 0), (MOST - 1, 0), (MOST, 2), (u64::MAX, 2)] {
        let number = sample.to_string();
        run(dir, &format!("inspect d --sample {sample}")).expect(code, &[&number]);
    }
    run(dir, "verify d").expect(0, &[]);
    let (_, reader) = open(&dir.join("d"));
    let last = reader.read(MOST - 2..MOST).expect("samples");
    assert_eq!(
        last.column(0).as_primitive::<Int64Type>().values(),
        &[(1 << 62) - 3, (1 << 62) - 2]
    );

    for more in [1 << 62, 1 << 63, u64::MAX] {
        let says = ["dataset.samples", "2^62 - 1", &more.to_string()];
        refused(dir, &format!("--format virtual --samples {more}"), 2, &says);
    }
    for (samples, says) in [("0", "got 0"), ("18446744073709551616", "18446744073709551616")] {
        refused(dir, &format!("--samples {samples}"), 2, &["2^62 - 1", says]);
    }
    let by_hand = "samples = 4611686018427387904\n";
    fs::write(dir.join("r.toml"), format!("[data]\nbars = [\"bars.csv\"]\n[dataset]\n{by_hand}"))
        .expect("a recipe");
    refused(dir, "", 2, &["dataset.samples", "2^62 - 1"]);
}

#[test]
fn a_dataset_that_does_not_fit_is_refused_before_it_is_begun() {
    let dir = folder(&csv(&[("AA", 400)]), "");
    let dir = dir.path();
    let room = ["MiB are needed", "free some space", "dataset.samples"];
    for format in ["parquet", "arrow", "npy"] {
        for more in ["", " --resume", " --overwrite", " --shard 0/2", " --shard 3/70000"] {
            refused(dir, &format!("--format {format} --samples {MOST}{more}"), 4, &room);
        }
        refused(dir, &format!("--format {format} --samples 1000000000000"), 4, &room);
    }
    // What is too much for other reasons: shards without end.
    let shards = ["output.shard_rows", "shards", "raise it"];
    refused(dir, &format!("--format virtual --digest --samples {MOST}"), 2, &shards);
    let recipe = "[data]\nbars = [\"bars.csv\"]\n[output]\n";
    fs::write(dir.join("r.toml"), format!("{recipe}compression = \"zstd\"\n")).expect("a recipe");
    refused(dir, &format!("--samples {MOST}"), 2, &shards);
    for format in ["arrow", "npy"] {
        let one = format!("{recipe}shard_rows = 0\nformat = \"{format}\"\n");
        fs::write(dir.join("r.toml"), one).expect("a recipe");
        refused(dir, &format!("--samples {MOST}"), 4, &room);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn a_trillion_samples_open_at_once() {
    let dir = folder(&csv(&[("AA", 3_000)]), "");
    let start = Instant::now();
    run(
        dir.path(),
        "build --config r.toml --quiet --format virtual --samples 1000000000000 --out d",
    )
    .expect(0, &[]);
    let built = start.elapsed().as_millis();
    let start = Instant::now();
    let (dataset, reader) = open(&dir.path().join("d"));
    let mut random = Random(3);
    let numbers: Vec<u64> = (0..10).map(|_| random.below(1_000_000_000_000) as u64).collect();
    let samples = reader.take(&numbers).expect("samples");
    let read = start.elapsed().as_millis();
    println!("a trillion samples: built in {built} ms, opened and ten of them read in {read} ms");
    assert_eq!((dataset.manifest().samples, samples.num_rows()), (1_000_000_000_000, 10));
    assert!(read < 1_000, "{read} ms");
}

#[test]
fn windows_that_fit_nowhere_name_the_longest_segment() {
    let dir = folder(&csv(&[("AA", 100), ("BB", 150)]), "[dataset]\nsamples = 10\n");
    let dir = dir.path();
    refused(dir, "--bars nowhere.csv", 4, &["nowhere.csv"]);
    let recipe = |lookback: u64, forward: u64| {
        let recipe = format!(
            "[data]\nbars = [\"bars.csv\"]\n[dataset]\nsamples = 500\nlookback = {lookback}\n\
             forward = {forward}\n"
        );
        fs::write(dir.join("r.toml"), recipe).expect("a recipe");
    };
    for (lookback, forward) in [(75, 76), (1, 150), (150, 1), (2_147_483_647, 2_147_483_647)] {
        recipe(lookback, forward);
        let need = format!("a sample needs {} bars", lookback + forward);
        let says = ["no position", &need, "the longest has 150 (BB", "at most 150"];
        refused(dir, "", 3, &says);
        refused(dir, "--format virtual", 3, &says);
        refused(dir, "--shard 1/2", 3, &says);
    }
    recipe(2_147_483_648, 1);
    refused(dir, "", 2, &["dataset.lookback", "2^31 - 1"]);
    // One position, of all bars of the longest.
    recipe(100, 50);
    let samples = builds(dir);
    let bars = samples.column(2).as_primitive::<Int64Type>();
    assert!(bars.values().iter().all(|bar| *bar == 100));

    fs::write(dir.join("bars.csv"), csv(&[("AA", 1)])).expect("bars");
    recipe(1, 1);
    refused(dir, "", 3, &["a sample needs 2 bars", "the longest has 1 (AA"]);
    fs::write(dir.join("bars.csv"), csv(&[("AA", 2)])).expect("bars");
    assert_eq!(builds(dir).num_rows(), 500);
}

#[test]
fn a_million_segments_of_a_few_bars() {
    let dir = folder("", "");
    let dir = dir.path();
    let bars = 2_000_000;
    let minute = 60_000_000_000_i64;
    let ts = (0..bars).map(|bar: i64| minute * (bar % 2 + bar / 2 * 100)).collect();
    let prices: Vec<f64> = (0..bars).map(|bar| 100.0 + (bar % 89) as f64).collect();
    let columns = ["open", "high", "low", "close"].map(|name| Column::new(name, prices.clone()));
    let series = Series::new("AA", ts, columns.into()).expect("bars");
    write(&dir.join("bars.arrow"), &[series], WriteOptions::default()).expect("bars");
    let recipe = "[data]\nbars = [\"bars.arrow\"]\nchannels = [\"close\"]\nmax_gap = \"10m\"\n\
                  [dataset]\nsamples = \"all\"\npositions = \"sequential\"\n";
    let recipe = format!("{recipe}lookback = 1\nforward = 1\n");
    fs::write(dir.join("r.toml"), recipe).expect("a recipe");
    run(dir, "build --config r.toml --out d --format virtual")
        .expect(0, &["2,000,000 of AA", "1,000,000 samples from 1,000,000 positions"]);
    let (dataset, reader) = open(&dir.join("d"));
    assert_eq!(dataset.manifest().market.segments, 1_000_000);
    let chosen = [0, 1, 499_999, 999_999];
    let samples = reader.take(&chosen).expect("samples");
    let bars = samples.column(2).as_primitive::<Int64Type>().values();
    assert_eq!(bars, &chosen.map(|sample| 2 * sample as i64 + 1));
}

/// Minute bars that do not move within a bar, with these prices and volumes.
fn flat(symbol: &str, bars: usize, price: impl Fn(usize) -> f64, volume: &str) -> String {
    let mut csv = String::from("symbol,time,open,high,low,close,volume\n");
    for bar in 0..bars {
        let price = price(bar);
        let time = 1_700_000_000 + 60 * bar;
        csv += &format!("{symbol},{time},{price},{price},{price},{price},{volume}\n");
    }
    csv
}

const SCALERS: [&str; 6] = ["last_close", "log1p_last", "none", "log_return", "zscore", "minmax"];

#[test]
fn prices_near_the_ends_of_f32_scale_to_finite_windows() {
    for (price, factor) in [(1.2e-38, 1.0), (3e38, 1.0), (1.2e-38, 2.0)] {
        let prices = |bar| {
            (0..bar % 60).fold(price * (1.0 + 0.001 * (bar % 7) as f64), |price, _| price * factor)
        };
        let dir = folder(&flat("AA", 120, prices, "5"), "");
        for scaler in SCALERS {
            let recipe = format!(
                "[data]\nbars = [\"bars.csv\"]\n[scaling]\nprice = \"{scaler}\"\n\
                 [dataset]\nsamples = 200\nlookback = 9\nforward = 3\n"
            );
            fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
            built(dir.path(), "npy", 1);
        }
        builds(dir.path());
    }
}

#[test]
fn prices_that_overflow_over_the_last_close_are_refused() {
    let wild = |bar: usize| if bar.is_multiple_of(2) { 1.2e-38 } else { 3e38 };
    let recipe = "[dataset]\nsamples = 50\nlookback = 4\nforward = 3\n";
    let dir = folder(&flat("AA", 40, wild, "5"), recipe);
    let says = ["scaling.", "last_close", "AA", "another scaler"];
    refused(dir.path(), "", 3, &says);
    refused(dir.path(), "--format virtual", 3, &says);
    let with = |scaler: &str| {
        let scaling = format!("[scaling]\nprice = \"{scaler}\"\n");
        let recipe = format!("[data]\nbars = [\"bars.csv\"]\n{recipe}{scaling}");
        fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
    };
    with("log_return");
    builds(dir.path());
}

#[test]
fn prices_beyond_f32_are_refused_or_dropped() {
    for beyond in [1e-38, 1e-300, 5e-324, 3.5e38, 1e300] {
        let prices = |bar| if bar == 60 { beyond } else { 10.0 };
        let recipe = "[dataset]\nsamples = 100\nlookback = 4\nforward = 4\n";
        let dir = folder(&flat("AA", 120, prices, "1"), recipe);
        refused(dir.path(), "", 3, &["bars.csv", "62", "outside the range of f32"]);
        let recipe = format!("[data]\nbars = [\"bars.csv\"]\non_bad_bar = \"drop\"\n{recipe}");
        fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
        built(dir.path(), "npy", 2);
        let market = open(&dir.path().join("npy")).0.manifest().market.clone();
        assert_eq!((market.bars, market.segments), (119, 2));
        assert_eq!(market.dropped["price_outside_f32"], 1);
    }
}

#[test]
fn volumes_of_nothing_and_without_end() {
    let recipe = "[dataset]\nsamples = 100\nlookback = 4\nforward = 4\n";
    for volume in ["0", "-0", "5e-324", "3.4e38"] {
        let dir = folder(&flat("AA", 60, |_| 10.0, volume), "");
        for scaler in SCALERS {
            if scaler == "log_return" && volume.ends_with('0') && volume.len() < 3 {
                continue;
            }
            let text = format!(
                "[data]\nbars = [\"bars.csv\"]\n{recipe}[scaling]\nvolume = \"{scaler}\"\n"
            );
            fs::write(dir.path().join("r.toml"), text).expect("a recipe");
            built(dir.path(), "arrow", 1);
        }
        builds(dir.path());
    }
    // No f32 holds these, so no bar is in a segment; without the channel all are.
    for volume in ["3.5e38", "1e300"] {
        let dir = folder(&flat("AA", 60, |_| 10.0, volume), recipe);
        refused(dir.path(), "", 3, &["no position", "no bar is in a segment"]);
        let text = format!("[data]\nbars = [\"bars.csv\"]\nchannels = [\"close\"]\n{recipe}");
        fs::write(dir.path().join("r.toml"), text).expect("a recipe");
        builds(dir.path());
    }
}

#[test]
fn three_hundred_symbols_keep_their_names() {
    let mut bars = String::from("symbol,time,open,high,low,close\n");
    for symbol in 0..300 {
        let one =
            flat(&format!("S{symbol:03}"), 12 + symbol * 7 % 40, |_| 1_000.0 + symbol as f64, "");
        one.lines().skip(1).for_each(|line| bars += &format!("{}\n", line.trim_end_matches(',')));
    }
    let recipe = "channels = [\"close\"]\n[scaling]\nprice = \"none\"\n\
                  [dataset]\nsamples = 5000\nlookback = 5\nforward = 4\n";
    let dir = folder(&bars, recipe);
    builds(dir.path());
    for out in ["par", "arr", "npy", "vir"] {
        let (dataset, reader) = open(&dir.path().join(out));
        assert_eq!(dataset.manifest().market.symbols.len(), 300);
        let samples = reader.read(0..5_000).expect("samples");
        let symbols = samples.column(1).as_dictionary::<arrow::datatypes::Int32Type>();
        let names = symbols.downcast_dict::<arrow::array::StringArray>().expect("names");
        let closes = samples.column(4).as_fixed_size_list().values();
        let closes = closes.as_primitive::<Float32Type>().values();
        let mut seen = std::collections::BTreeSet::new();
        for (row, name) in names.into_iter().enumerate() {
            let name = name.expect("a name");
            assert_eq!(format!("S{:03}", closes[row * 5] - 1_000.0), name, "{out}: sample {row}");
            seen.insert(name);
        }
        assert!(seen.len() > 280, "{out}: {}", seen.len());
    }
}

#[test]
fn long_windows_and_many_channels() {
    let recipe = "channels = [\"close\"]\n\
                  [dataset]\nsamples = 20\nlookback = 100_000\nforward = 1\n";
    let dir = folder(&csv(&[("AA", 100_003)]), recipe);
    let samples = builds(dir.path());
    assert_eq!(samples.column(4).as_fixed_size_list().value_length(), 100_000);

    let mut bars = String::from("time,open,high,low,close");
    (4..64).for_each(|channel| bars += &format!(",c{channel}"));
    for bar in 0..100 {
        bars += &format!("\n{},10,10,10,10", 1_700_000_000 + 60 * bar);
        (4..64).for_each(|channel| bars += &format!(",{}", channel * bar % 97));
    }
    let names: Vec<String> = ["open", "high", "low", "close"]
        .map(str::to_owned)
        .into_iter()
        .chain((4..64).map(|channel| format!("c{channel}")))
        .collect();
    let scaling: Vec<String> =
        names[4..].iter().map(|name| format!("{name} = \"none\"\n")).collect();
    let recipe = format!(
        "channels = {names:?}\n[dataset]\nsamples = 5000\nlookback = 7\nforward = 3\n\
         [scaling]\n{}",
        scaling.concat()
    );
    let dir = folder(&bars, &recipe);
    let samples = builds(dir.path());
    assert_eq!(samples.num_columns(), 4 + 64 + 17);
    let bar = samples.column(2).as_primitive::<Int64Type>().value(4_999);
    let last = samples.column_by_name("c63").expect("a channel").as_fixed_size_list().value(4_999);
    let expected = (bar - 7..bar).map(|bar| (63 * bar % 97) as f32);
    assert!(last.as_primitive::<Float32Type>().values().iter().copied().eq(expected));
}

#[test]
fn a_sample_of_more_than_a_hundred_megabytes() {
    let (bars, lookback) = (410_002, 410_000_usize);
    let ts = (0..bars).map(|bar: i64| bar * 60_000_000_000).collect();
    let values: Vec<f64> = (0..bars).map(|bar| 100.0 + (bar % 89) as f64).collect();
    let prices = ["open", "high", "low", "close"].map(str::to_owned);
    let names: Vec<String> = prices.into_iter().chain((4..64).map(|c| format!("c{c}"))).collect();
    let columns = names.iter().map(|name| Column::new(name, values.clone())).collect();
    let series = Series::new("AA", ts, columns).expect("bars");
    let scaling: Vec<String> = names[4..].iter().map(|c| format!("{c} = \"none\"\n")).collect();
    let recipe = format!(
        "channels = {names:?}\n[dataset]\nsamples = 1\nlookback = {lookback}\nforward = 1\n\
         [scaling]\n{}",
        scaling.concat()
    );
    let dir = folder("", &recipe);
    write(&dir.path().join("b.arrow"), &[series], WriteOptions::default()).expect("bars");
    let build = "build --config r.toml --bars b.arrow --quiet --format npy --out built";
    run(dir.path(), build).expect(0, &[]);
    let (_, reader) = open(&dir.path().join("built"));
    let sample = reader.take(&[0]).expect("a sample");
    let last = sample.column_by_name("c63").expect("a channel").as_fixed_size_list().value(0);
    let bar = sample.column(2).as_primitive::<Int64Type>().value(0);
    let last = last.as_primitive::<Float32Type>().value(lookback - 1);
    assert_eq!(last, (100 + (bar - 1) % 89) as f32);
}

/// SHIB, coins of 3e-12, Bitcoin in rupiah and beyond: nothing depends on the unit of prices.
#[test]
fn tiny_and_huge_prices_scale_to_the_bit() {
    let recipe = "[dataset]\nsamples = \"all\"\npositions = \"sequential\"\nlookback = 9\nforward = 5\n\
                  [scaling]\nprice = \"last_close\"\n";
    let walk = |bar: usize| 1.0 + ((bar * 37 % 11) as f64 + bar as f64 / 64.0) / 128.0;
    let mut rewards: Vec<RecordBatch> = Vec::new();
    for power in [-78_i64, -38, -17, 0, 31, 36, 82, 124] {
        let unit = f64::from_bits(((1_023 + power) as u64) << 52);
        let price = |bar: usize| walk(bar) * unit;
        let dir = folder(&flat("AA", 60, price, "5"), recipe);
        let samples = built(dir.path(), "npy", 1).1;
        let bars = samples.column(2).as_primitive::<Int64Type>();
        let closes = samples.column_by_name("close").expect("closes").as_fixed_size_list();
        for row in 0..samples.num_rows() {
            let bar = bars.value(row) as usize;
            let window = closes.value(row);
            let expected = (bar - 9..bar).map(|at| price(at) as f32 / price(bar - 1) as f32);
            let window = window.as_primitive::<Float32Type>().values();
            assert!(window.iter().copied().eq(expected), "2^{power}: {window:?} before {bar}");
        }
        let names = ["return", "pnl", "held_bars", "exit_reason"];
        let columns = names.iter().filter_map(|name| samples.schema().index_of(name).ok());
        let columns: Vec<usize> = columns.collect();
        assert!(columns.len() >= 3, "{:?}", samples.schema());
        rewards.push(samples.project(&columns).expect("columns"));
        assert_eq!(rewards[0], rewards[rewards.len() - 1], "rewards at 2^{power}");
    }
}
