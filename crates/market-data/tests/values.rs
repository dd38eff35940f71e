//! Slower series in files of all formats: times, values, symbols, and what is refused.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use barloom_market_data::{ReadOptions, ValueColumns, ValueSeries, read_values};

const SECOND: i64 = 1_000_000_000;

fn options(columns: &[&str], by_symbol: bool) -> ReadOptions {
    ReadOptions {
        columns: Some(columns.iter().map(|name| (*name).to_owned()).collect()),
        values: Some(ValueColumns { time: "ts".into(), by_symbol }),
        ..ReadOptions::default()
    }
}

/// Reads files of these names and contents.
fn read(
    files: &[(&str, &[u8])],
    options: &ReadOptions,
) -> Result<Vec<ValueSeries>, barloom_market_data::MarketDataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    for (name, bytes) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(path(name), bytes).unwrap();
    }
    let paths: Vec<String> = files.iter().map(|(name, _)| path(name)).collect();
    read_values(&paths, options)
}

fn error(files: &[(&str, &str)], options: &ReadOptions) -> String {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    match read(&files, options) {
        Err(error) => error.message(),
        Ok(series) => panic!("{series:?}"),
    }
}

fn csv(rows: &[(i64, &str)]) -> String {
    let rows = rows.iter().map(|(at, rest)| format!("{},{rest}\n", 1_700_000_000 + at));
    format!("ts,Funding Rate,close\n{}", rows.collect::<String>())
}

fn at(seconds: i64) -> i64 {
    (1_700_000_000 + seconds) * SECOND
}

#[test]
fn text_parquet_arrow_and_json_give_the_same_records() {
    let text = csv(&[(0, "0.5,7"), (60, ",8"), (120, "-2e-4,9")]);
    let json = r#"[{"ts":1700000000,"Funding Rate":0.5},{"ts":1700000060,"Funding Rate":null},
        {"ts":1700000120,"Funding Rate":-0.0002}]"#;
    let times = [0, 60, 120].map(|s| 1_700_000_000_000 + 1_000 * s).to_vec();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(TimestampMillisecondArray::from(times).with_timezone("UTC"))),
        ("note", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
        ("Funding Rate", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(-2e-4)]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut parquet = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut arrow = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut arrow, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let files: [(&str, &[u8]); 4] = [
        ("f.csv", text.as_bytes()),
        ("f.json", json.as_bytes()),
        ("f.parquet", &parquet),
        ("f.arrow", &arrow),
    ];
    for file in files {
        let series = read(&[file], &options(&["funding_rate"], false)).unwrap();
        let [one] = &series[..] else { panic!("{series:?}") };
        assert_eq!((one.symbol.as_str(), &one.times[..]), ("", &[at(0), at(60), at(120)][..]));
        let [column] = &one.columns[..] else { panic!("only the wanted column is read") };
        assert_eq!(
            (column.name.as_str(), column.values[0], column.values[2]),
            ("funding_rate", 0.5, -2e-4)
        );
        assert!(column.values[1].is_nan(), "{}", file.0);
    }
}

#[test]
fn records_are_in_time_order_and_the_last_of_a_time_is_kept() {
    let first = csv(&[(60, "1,1"), (0, "2,1"), (60, "3,1")]);
    let second = csv(&[(0, "4,1"), (30, "5,1")]);
    let files = [("a.csv", first.as_bytes()), ("b.csv", second.as_bytes())];
    let series = read(&files, &options(&["close", "Funding Rate"], false)).unwrap();
    assert_eq!(series[0].times, [at(0), at(30), at(60)]);
    assert_eq!(series[0].columns[1].values, [4.0, 5.0, 3.0]);
    assert_eq!(series[0].columns[0].values, [1.0; 3], "prices are values like any other");
}

#[test]
fn symbols_come_from_a_column_or_the_name_of_the_file() {
    let rows = "ts,symbol,x\n1700000000,B,1\n1700000000,A,2\n1700000060,B,3\n";
    let series = read(&[("f.csv", rows.as_bytes())], &options(&["x"], true)).unwrap();
    let shown: Vec<_> = series.iter().map(|one| (one.symbol.as_str(), one.times.len())).collect();
    assert_eq!(shown, [("A", 1), ("B", 2)]);
    assert_eq!(series[1].columns[0].values, [1.0, 3.0]);
    let rows = b"ts,x\n1700000000,1\n";
    let files: [(&str, &[u8]); 2] = [("BTCUSDT.csv", rows), ("symbol=ETH/2024.csv", rows)];
    let series = read(&files, &options(&["x"], true)).unwrap();
    assert_eq!((series[0].symbol.as_str(), series[1].symbol.as_str()), ("BTCUSDT", "ETH"));
}

#[test]
fn times_are_in_the_zone_of_the_options() {
    let rows = b"ts,x\n2024-01-02,1\n2024-01-03 09:30,2\n";
    let options = ReadOptions { timezone: "America/New_York".into(), ..options(&["x"], false) };
    let series = read(&[("f.csv", rows)], &options).unwrap();
    let midnight = 1_704_171_600 * SECOND;
    assert_eq!(series[0].times, [midnight, midnight + (24 + 9) * 3_600 * SECOND + 1_800 * SECOND]);
}

#[test]
fn wrong_files_are_told_with_the_remedy() {
    let plain = options(&["x"], false);
    for (text, says) in [
        ("time,x\n1700000000,1\n", &["f.csv", "`time` names is not there", "found: time, x"][..]),
        ("ts,y\n1700000000,1\n", &["f.csv", "no column x of numbers; those are y"]),
        ("ts,x\n1700000000,1\n1700000060,much\n", &["f.csv, line 3, column x", "\"much\" is not"]),
        ("ts,x\nsoon,1\n", &["f.csv"]),
        (
            "ts,x\n12,1\n13,1\n",
            &["f.csv: line 2: its time is a number", "is ts the column of times?"],
        ),
        ("ts,x\n2024-01-02,1\n,2\n", &["line 3: the record has no time"]),
        ("ts,x\n", &["f.csv"]),
        ("1700000000,1,2,3,4,5\n", &["f.csv: its first line is no header"]),
        (
            "ts,symbol,x\n1700000000,A,1\n1700000000,B,2\n",
            &["records of several symbols (A, B)", "set by = \"symbol\""],
        ),
    ] {
        let error = error(&[("f.csv", text)], &plain);
        for part in says {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
    let error = read_values(&["none/*.csv".into()], &plain).unwrap_err().to_string();
    assert!(error.contains("there is no such file"), "{error}");
}
