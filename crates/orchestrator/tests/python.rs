//! Datasets read in Python.
//!
//! `BARLOOM_PYTHON` names a Python that has what `docs/requirements.txt` lists; `.ci/run` makes
//! one.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/spy_1h.parquet");

/// Runs a script of this repository, by its path from this crate.
fn python(script: &str, args: &[&Path]) -> Output {
    let python = std::env::var("BARLOOM_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    Command::new(python).arg(script).args(args).output().expect("python starts")
}

fn build(bars: &Path, out: &Path, args: &[&str]) {
    let mut barloom = Command::new(env!("CARGO_BIN_EXE_barloom"));
    barloom.args(["build", "--quiet", "--bars"]).arg(bars).arg("--out").arg(out).args(args);
    barloom.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    let built = barloom.output().expect("barloom starts");
    assert!(built.status.success(), "{}", text(&built.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
#[ignore = "needs a Python with pyarrow, pandas, polars and duckdb: set BARLOOM_PYTHON to it and run with --ignored"]
fn pyarrow_pandas_polars_and_duckdb_read_the_documented_types() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("d");
    build(Path::new(SPY), &out, &["--samples", "70000"]);
    let read = python("tests/read_parquet.py", &[&out]);
    assert!(read.status.success(), "{}", text(&read.stderr));
}

/// `cargo xtask peers readers` wrote the golden, with one reader more: `datasets` of Hugging Face.
#[test]
#[ignore = "needs a Python with pyarrow, pandas, polars and duckdb: set BARLOOM_PYTHON to it and run with --ignored"]
fn a_folder_of_samples_reads_alike_everywhere() {
    let peer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers/readers");
    let golden = fs::read(peer.join("golden.json")).expect("a golden");
    let golden: serde_json::Value = serde_json::from_slice(&golden).expect("JSON");
    let readers = ["duckdb", "pandas", "polars", "pyarrow"];
    let python = std::env::var("BARLOOM_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(python)
        .arg(peer.join("compare.py"))
        .args(readers)
        .env("BARLOOM", env!("CARGO_BIN_EXE_barloom"))
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("python starts");
    assert!(found.status.success(), "{}", text(&found.stderr));
    let found: serde_json::Value = serde_json::from_slice(&found.stdout).expect("JSON");
    assert_eq!(found["readers"], serde_json::json!(readers));
    assert_eq!(found["rows"], golden["results"]["rows"]);
    assert_eq!(found["sums"], golden["results"]["sums"]);
    assert!(golden["results"]["readers"].as_array().expect("readers").len() > readers.len());
}

/// Several files of samples, and several record batches in one.
const SHARDS: &str = "
[dataset]
samples = 9_000
[output]
shard_rows = 8_192
";

/// Every scaler, every way to draw a number, and positions that parts, gaps and symbols limit.
const EVERYTHING: &str = r#"
[data]
channels = ["close", "open", "high", "low", "volume", "funding"]
max_gap = "1h"
[dataset]
samples = 6_000
seed = 18_446_744_073_709
lookback = 21
forward = 5
positions = "sequential"
actions_per_state = 3
[sampling]
equity = { choice = [1e4, 1e4, 2.5e4] }
balance_offset = -123.25
position = 1
act_dir = [1, 1, -1, 0]
[scaling]
price = "last_close"
open = "log_return"
high = "minmax"
low = "zscore"
volume = "log1p_last"
funding = "none"
[split]
embargo = 9
lookback_from = "history"
[[split.part]]
name = "train"
fraction = 0.6
[[split.part]]
name = "validation"
fraction = 0.1
[[split.part]]
name = "test"
fraction = 0.3
"#;

/// A snapshot of columns that are missing here and there, some of which are channels too.
const SNAPSHOT: &str = r#"
[data]
channels = ["close", "volume"]
snapshot = ["funding", "volume", "high", "basis"]
[dataset]
samples = 5_000
lookback = 10
forward = 7
actions_per_state = 2
[scaling]
funding = "none"
basis = "log_return"
snapshot = { volume = "none" }
[split]
[[split.part]]
name = "train"
fraction = 0.6
[[split.part]]
name = "test"
fraction = 0.4
"#;

/// Scalers that were fitted, of channels and of the snapshot.
const FITTED: &str = r#"
[data]
channels = ["close", "volume", "funding"]
snapshot = ["funding", "volume", "basis"]
[dataset]
samples = 5_000
lookback = 10
forward = 7
[scaling]
close = "last"
volume = { kind = "quantile", per = "symbol" }
funding = { kind = "robust", clip = 1.0 }
basis = { kind = "range", fit = "all", per = "symbol" }
snapshot = { funding = { kind = "standard", per = "symbol" } }
[split]
[[split.part]]
name = "train"
fraction = 0.6
[[split.part]]
name = "test"
fraction = 0.4
"#;

/// Symbols weighted by themselves, where one has no bar in the last part.
const WEIGHTED: &str = r#"
[dataset]
samples = 5_000
lookback = 12
forward = 9
actions_per_state = 2
symbol_weights = { BB = 2.5, AA = 0.3, "*" = 1.0 }
[split]
[[split.part]]
name = "train"
fraction = 0.7
[[split.part]]
name = "test"
fraction = 0.3
"#;

/// Minute bars of three symbols, with a gap of a day after every 250.
fn three_symbols() -> String {
    let mut csv = String::from("time,symbol,open,high,low,close,volume,funding\n");
    let symbols: [(&str, u32, f64); 3] =
        [("AA", 900, 100.0), ("BB", 500, 7.0), ("CC", 700, 2_500.0)];
    for (symbol, bars, base) in symbols {
        let price = |i: u32| base * (1.0 + f64::from(i * 37 % 101) * 1e-3);
        for i in 0..bars {
            let time = 1_700_000_000 + 60 * i + 86_400 * (i / 250);
            let (open, close) = (price(i), price(i + 1));
            let (high, low) = (open.max(close) * 1.002, open.min(close) * 0.997);
            let volume = i * 7_919 % 1_009 * (i % 7);
            let funding = (f64::from(i * 31 % 61) - 30.0) * 1e-4;
            writeln!(csv, "{time},{symbol},{open},{high},{low},{close},{volume},{funding}")
                .expect("a String takes what is written");
        }
    }
    csv
}

fn compare(a: &Path, b: &Path) -> Output {
    python("../../docs/read_dataset.py", &[Path::new("--compare"), a, b])
}

/// Builds a recipe in every format and compares each of its parts with the virtual one, which the
/// reader computes by itself.
fn same_in_every_format(dir: &Path, recipe: &str, bars: &Path, parts: &[&str]) {
    let config = dir.join("recipe.toml");
    fs::write(&config, recipe).expect("the recipe is written");
    let of_format = |format: &str| -> PathBuf {
        let out = dir.join(format);
        let config = config.to_str().expect("a path in UTF-8");
        build(bars, &out, &["--config", config, "--format", format]);
        out
    };
    let virtual_one = of_format("virtual");
    for format in ["parquet", "arrow", "npy"] {
        let stored = of_format(format);
        for part in parts {
            let read = compare(&stored.join(part), &virtual_one.join(part));
            assert!(read.status.success(), "{format} {part}: {}", text(&read.stderr));
        }
    }
}

#[test]
#[ignore = "needs a Python with NumPy and pyarrow: set BARLOOM_PYTHON to it and run with --ignored"]
fn the_reader_in_docs_reads_every_format() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let shown = |path: &Path| {
        let read = python("../../docs/read_dataset.py", &[path, Path::new("8190"), Path::new("5")]);
        assert!(read.status.success(), "{}", text(&read.stderr));
        text(&read.stdout)
    };
    same_in_every_format(dir, SHARDS, Path::new(SPY), &[""]);
    // Samples from both sides of a shard's end.
    assert_eq!(shown(&dir.join("arrow")), shown(&dir.join("npy")));
}

#[test]
#[ignore = "needs a Python with NumPy and pyarrow: set BARLOOM_PYTHON to it and run with --ignored"]
fn the_reader_in_docs_knows_scalers_draws_parts_gaps_and_symbols() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = dir.path().join("bars.csv");
    fs::write(&bars, three_symbols()).expect("the bars are written");
    same_in_every_format(dir.path(), EVERYTHING, &bars, &["train", "validation", "test"]);
    for (name, recipe, parts) in [
        ("weighted", WEIGHTED.to_owned(), &["train", "test"][..]),
        ("equal", "[dataset]\nsamples = 4500\nsymbol_weights = \"equal\"\n".to_owned(), &[""]),
        ("left out", WEIGHTED.replace("AA = 0.3", "AA = 0"), &["train", "test"]),
    ] {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        same_in_every_format(&folder, &recipe, &bars, parts);
    }
}

#[test]
#[ignore = "needs a Python with NumPy and pyarrow: set BARLOOM_PYTHON to it and run with --ignored"]
fn the_reader_in_docs_knows_snapshots_and_missing_inputs() {
    let dir = tempfile::tempdir().expect("a folder");
    let bars = dir.path().join("bars.csv");
    let mut csv = String::new();
    for (number, line) in three_symbols().lines().enumerate() {
        let (rest, funding) = line.rsplit_once(',').expect("a line has columns");
        let funding = if number % 31 == 7 { "" } else { funding };
        let basis = match number {
            0 => "basis".to_owned(),
            _ if number % 53 < 3 => String::new(),
            _ => format!("{}", 1 + number % 17),
        };
        writeln!(csv, "{rest},{funding},{basis}").expect("a String takes what is written");
    }
    fs::write(&bars, csv).expect("the bars are written");
    same_in_every_format(dir.path(), SNAPSHOT, &bars, &["train", "test"]);
    let fitted = dir.path().join("fitted");
    fs::create_dir(&fitted).expect("a folder");
    same_in_every_format(&fitted, FITTED, &bars, &["train", "test"]);
}

#[test]
#[ignore = "needs a Python with NumPy and pyarrow: set BARLOOM_PYTHON to it and run with --ignored"]
fn the_reader_in_docs_finds_one_changed_bit() {
    const SAMPLES: usize = 300;
    let dir = tempfile::tempdir().expect("a folder");
    let of_format = |format: &str| {
        let out = dir.path().join(format);
        build(Path::new(SPY), &out, &["--samples", &SAMPLES.to_string(), "--format", format]);
        out
    };
    let (npy, virtual_one) = (of_format("npy"), of_format("virtual"));
    assert!(compare(&npy, &virtual_one).status.success());
    // Five channels of 64 values; the first of a sample's is an open, which takes no logarithm.
    let sample_bytes = 4 * 5 * 64;
    let changes = [
        ("samples/00000.windows.npy", sample_bytes, "open of sample 7"),
        ("samples/00000.act_sl.npy", 8, "act_sl of sample 7"),
    ];
    for (name, sample_bytes, says) in changes {
        let path = npy.join(name);
        let whole = fs::read(&path).expect("the file is read");
        let mut changed = whole.clone();
        let header = whole.len() - SAMPLES * sample_bytes;
        changed[header + 7 * sample_bytes] ^= 1;
        fs::write(&path, changed).expect("the file is written");
        let read = compare(&npy, &virtual_one);
        assert_eq!(read.status.code(), Some(1), "{says} is not found");
        assert!(text(&read.stderr).contains(says), "{}", text(&read.stderr));
        fs::write(&path, whole).expect("the file is written");
    }
    assert!(compare(&npy, &virtual_one).status.success());
}
