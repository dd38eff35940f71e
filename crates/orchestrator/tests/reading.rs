//! Samples read by range and by number are the same in every format, and only what is asked for
//! is read.

mod kit;

use std::fs;
use std::ops::Range;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use barloom_backend_cpu::CpuBackend;
use barloom_dataset::{Dataset, DatasetError, SampleReader};
use kit::{Random, csv, files, run};

const SAMPLES: u64 = 13_000;

/// Names of datasets and how each is stored.
const STORED: [(&str, &str); 7] = [
    ("parquet", "shard_rows = 4096"),
    ("small", "shard_rows = 4096\ncompression = \"zstd\"\nbyte_stream_split = true"),
    ("arrow", "shard_rows = 8192\nformat = \"arrow\""),
    ("npy", "shard_rows = 4096\nformat = \"npy\""),
    ("virtual", "format = \"virtual\""),
    ("one-arrow", "shard_rows = 0\nformat = \"arrow\""),
    ("one-npy", "shard_rows = 0\nformat = \"npy\""),
];

fn build(dir: &Path, name: &str, samples: u64, lookback: u64, output: &str) {
    fs::write(dir.join("bars.csv"), csv(&[("AA", 700), ("BB", 400), ("CC", 300)])).expect("bars");
    let recipe = format!(
        "[data]\nbars = [\"bars.csv\"]\nchannels = [\"close\", \"volume\"]\n\
         [dataset]\nsamples = {samples}\nlookback = {lookback}\nforward = 5\n\
         [reward]\nmetric = [\"return\", \"sharpe\"]\n[output]\n{output}\n"
    );
    fs::write(dir.join("r.toml"), recipe).expect("a recipe");
    run(dir, &format!("build --config r.toml --quiet --out {name}")).expect(0, &[]);
}

fn reader(dir: &Path) -> SampleReader {
    let dataset = Dataset::open(dir).expect("a dataset");
    dataset.reader(&CpuBackend::default()).expect("a reader")
}

fn readers(dir: &Path) -> Vec<(&'static str, SampleReader)> {
    STORED
        .iter()
        .map(|(name, output)| {
            build(dir, name, SAMPLES, 4, output);
            (*name, reader(&dir.join(name)))
        })
        .collect()
}

/// Strings in place of dictionaries, in which formats may order them as they like.
fn plain(batch: &RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    let (fields, columns): (Vec<Field>, Vec<_>) = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| match field.data_type() {
            DataType::Dictionary(..) => {
                let strings = cast(column, &DataType::Utf8).expect("strings");
                (Field::new(field.name(), DataType::Utf8, false), strings)
            }
            _ => (field.as_ref().clone(), column.clone()),
        })
        .unzip();
    RecordBatch::try_new(Schema::new(fields).into(), columns).expect("a batch")
}

/// That two batches hold the same, NaN and -0 too.
#[track_caller]
fn same(what: &str, a: &RecordBatch, b: &RecordBatch) {
    assert_eq!(a.schema(), b.schema(), "{what}");
    let (a, b) = (plain(a), plain(b));
    assert_eq!(a.num_rows(), b.num_rows(), "{what}");
    for (number, (a, b)) in a.columns().iter().zip(b.columns()).enumerate() {
        assert!(a.to_data() == b.to_data(), "{what}: column {number} differs");
    }
}

/// Ranges over and along the ends of shards, row groups and the dataset, and anywhere.
fn ranges() -> Vec<Range<u64>> {
    let mut random = Random(11);
    let mut ranges = vec![0..SAMPLES, 0..1, SAMPLES - 1..SAMPLES, 4_095..4_097, 4_096..8_192];
    ranges.extend([4_095..8_193, 0..4_096, 8_191..8_192, 12_288..SAMPLES, 4_096..4_097]);
    for _ in 0..30 {
        let mut ends = [0, 1].map(|_| random.below(SAMPLES as usize + 1) as u64);
        ends.sort_unstable();
        ranges.push(ends[0]..ends[1]);
    }
    ranges
}

#[test]
fn ranges_and_numbers_give_the_same_in_every_format() {
    let dir = tempfile::tempdir().expect("a folder");
    let readers = readers(dir.path());
    let (_, first) = &readers[0];
    let all = first.read(0..SAMPLES).expect("all");
    assert_eq!(all.num_rows() as u64, SAMPLES);
    let rows = |numbers: &[u64]| {
        let one = |number: &u64| all.slice(*number as usize, 1);
        let rows: Vec<RecordBatch> = numbers.iter().map(one).collect();
        concat_batches(&all.schema(), &rows).expect("rows")
    };
    let mut random = Random(12);
    let lists: Vec<Vec<u64>> = (0..12)
        .map(|list| (0..list * list).map(|_| random.below(SAMPLES as usize) as u64).collect())
        .collect();
    for (name, reader) in &readers {
        assert_eq!((reader.samples(), reader.schema()), (SAMPLES, all.schema()), "{name}");
        for range in ranges() {
            let (start, rows) = (range.start as usize, (range.end - range.start) as usize);
            let got = reader.read(range.clone()).expect("samples");
            same(&format!("{name} {range:?}"), &got, &all.slice(start, rows));
        }
        let turned: Vec<u64> = (0..SAMPLES).rev().step_by(97).collect();
        let repeated = vec![4_096, 4_095, 4_096, 0, 12_999, 0, 0, 8_192, 8_191, 4_096];
        for list in lists.iter().chain([&turned, &repeated, &vec![SAMPLES - 1; 40]]) {
            let got = reader.take(list).expect("samples");
            same(&format!("{name} {list:?}"), &got, &rows(list));
        }
    }
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "a range backwards is empty")]
fn nothing_is_given_for_nothing_and_refused_beyond_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, reader) in readers(dir.path()) {
        let max = u64::MAX;
        for range in [0..0, 5_000..5_000, 9..3, SAMPLES..SAMPLES, max..max, max..0] {
            let got = reader.read(range.clone()).expect("nothing");
            assert_eq!((got.num_rows(), got.schema()), (0, reader.schema()), "{name} {range:?}");
        }
        let got = reader.take(&[]).expect("nothing");
        assert_eq!((got.num_rows(), got.schema()), (0, reader.schema()), "{name}");
        #[track_caller]
        fn refused(got: Result<RecordBatch, DatasetError>, number: u64) {
            let error = got.expect_err("there is no such sample");
            assert!(
                matches!(error, DatasetError::NoSuchSample { sample, samples: SAMPLES } if sample == number),
                "{error}"
            );
            let said = error.to_string();
            assert!(said.contains(&number.to_string()) && said.contains("13000"), "{said}");
        }
        refused(reader.read(0..SAMPLES + 1), SAMPLES);
        refused(reader.read(SAMPLES..SAMPLES + 1), SAMPLES);
        refused(reader.read(20_000..30_000), 20_000);
        refused(reader.read(0..max), SAMPLES);
        refused(reader.read(max - 1..max), max - 1);
        refused(reader.take(&[0, SAMPLES, 1]), SAMPLES);
        refused(reader.take(&[max, 3]), max);
    }
}

/// Bytes that this thread has read so far from files; none where the system does not tell.
fn bytes_read() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/io").ok()?;
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

#[test]
fn a_sample_is_read_without_the_rest_of_its_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    // One file of eight row groups, and of sixteen record batches.
    for (name, output, most) in [
        ("parquet", "shard_rows = 65536", 0.25),
        ("arrow", "shard_rows = 0\nformat = \"arrow\"", 0.125),
        ("npy", "shard_rows = 0\nformat = \"npy\"", 0.02),
    ] {
        build(dir, name, 40_000, 140, output);
        let reader = reader(&dir.join(name));
        let bytes: usize = files(&dir.join(name)).values().map(Vec::len).sum();
        let expected = reader.take(&[7_000]).expect("a sample");
        if let Some(before) = bytes_read() {
            same(name, &expected, &reader.read(7_000..7_001).expect("a sample"));
            let read = bytes_read().expect("it tells again") - before;
            println!("{name}: {read} of {bytes} bytes are read for a sample");
            assert!((read as f64) < most * bytes as f64, "{name}: {read} of {bytes}");
        }
        // What was written after the first third may be anything.
        for (file, mut bytes) in files(&dir.join(name)) {
            if bytes.len() > 1 << 20 && !file.starts_with("bars") {
                let end = bytes.len();
                bytes[end / 3..end * 9 / 10].fill(0xa5);
                fs::write(dir.join(name).join(file), bytes).expect("it is written");
            }
        }
        same(name, &expected, &reader.take(&[7_000]).expect("a sample"));
    }
}
