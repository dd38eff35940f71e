//! Parquet and Arrow in, every kind of column; Parquet, Arrow and CSV out.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, DictionaryArray, Float32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, Time32SecondArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::Int32Type;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use barloom_bars::{Column, Series};
use barloom_market_data::{
    Compression, ErrorKind, MemoryTable, OnBadBar, ReadOptions, WriteOptions, read, read_bytes,
    read_tables, write,
};
use parquet::arrow::ArrowWriter;

const DAY: i64 = 86_400_000_000_000;
/// 2024-01-02 in ns, s.
const JAN_2: i64 = 19_724 * DAY;
const JAN_2_S: i64 = 19_724 * 86_400;

fn prices() -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("Open", Arc::new(Float64Array::from(vec![10.0, 11.0]))),
        ("High", Arc::new(Float32Array::from(vec![12.0, 13.0]))),
        ("Low", Arc::new(Int64Array::from(vec![9, 10]))),
        ("Close", Arc::new(Float64Array::from(vec![11.0, 12.0]))),
        ("Volume", Arc::new(Int64Array::from(vec![Some(7), None]))),
    ]
}

fn batch(more: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(more.into_iter().chain(prices())).unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn load(bytes: &[u8], options: &ReadOptions) -> Vec<Series> {
    read_bytes("x", bytes, options).unwrap().into_series(OnBadBar::Error).unwrap().series
}

#[test]
fn times_of_every_type() {
    let s = vec![JAN_2_S, JAN_2_S + 86_400];
    let us: Vec<i64> = s.iter().map(|s| s * 1_000_000).collect();
    let ns: Vec<i64> = s.iter().map(|s| s * 1_000_000_000).collect();
    let times: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(TimestampSecondArray::from(s.clone()))),
        ("Date", Arc::new(TimestampMicrosecondArray::from(us.clone()))),
        ("time", Arc::new(TimestampNanosecondArray::from(ns.clone()).with_timezone("Asia/Tokyo"))),
        ("open_time", Arc::new(Int64Array::from(s))),
        ("timestamp", Arc::new(Int64Array::from(us))),
        ("date", Arc::new(Date32Array::from(vec![19_724, 19_725]))),
        ("datetime", Arc::new(StringArray::from(vec!["2024-01-02", "2024-01-03T00:00:00Z"]))),
        ("__index_level_0__", Arc::new(TimestampNanosecondArray::from(ns))),
    ];
    for (name, array) in times {
        let kind = array.data_type().clone();
        let series = load(&parquet(&batch(vec![(name, array)])), &ReadOptions::default());
        assert_eq!(series[0].ts(), [JAN_2, JAN_2 + DAY], "{name} {kind}");
        assert_eq!(series[0].column("low").unwrap(), [9.0, 10.0]);
        let volume = series[0].column("volume").unwrap();
        assert!(volume[0] == 7.0 && volume[1].is_nan());
    }
}

/// Names of columns in two levels, as pandas writes those that yfinance gives.
#[test]
fn names_in_two_levels_are_symbols() {
    let column = |values: [f64; 3]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let days: ArrayRef = Arc::new(Date32Array::from(vec![19_724, 19_725, 19_726]));
    for names_first in [true, false] {
        let name = |name: &str, symbol: &str| match names_first {
            true => format!("('{name}', '{symbol}')"),
            false => format!("('{symbol}', '{name}')"),
        };
        let mut columns = Vec::new();
        for (symbol, more) in [("AAPL", 0.0), ("MSFT", 100.0)] {
            // The first day has no bar of the second.
            let first = if more > 0.0 { f64::NAN } else { 10.0 };
            columns.push((name("Close", symbol), column([first + 1.0, 11.0 + more, 12.0 + more])));
            columns.push((name("High", symbol), column([first + 2.0, 12.0 + more, 13.0 + more])));
            columns.push((name("Low", symbol), column([first - 1.0, 9.0 + more, 10.0 + more])));
            columns.push((name("Open", symbol), column([first, 10.0 + more, 11.0 + more])));
            columns.push((name("Volume", symbol), column([5.0, 6.0, 7.0])));
        }
        let at = if names_first { "Date".to_owned() } else { name("", "Date") };
        columns.insert(if names_first { columns.len() } else { 0 }, (at, Arc::clone(&days)));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        for options in [
            ReadOptions::default(),
            ReadOptions { columns: Some(vec!["volume".into()]), ..ReadOptions::default() },
        ] {
            let series = load(&parquet(&batch), &options);
            let shape: Vec<_> = series.iter().map(|s| (s.symbol(), s.len())).collect();
            assert_eq!(shape, [("AAPL", 3), ("MSFT", 2)], "{names_first}");
            assert_eq!(series[1].ts()[0], JAN_2 + DAY);
            assert_eq!(series[1].column("open").unwrap(), [110.0, 111.0]);
            assert_eq!(series[1].column("close").unwrap(), [111.0, 112.0]);
            assert_eq!(series[0].column("high").unwrap(), [12.0, 12.0, 13.0]);
            assert_eq!(series[0].column("volume").unwrap(), [5.0, 6.0, 7.0]);
        }
        // Rows that are left out count.
        let table = MemoryTable {
            name: "bars".into(),
            schema: batch.schema(),
            batches: vec![batch.slice(0, 2), batch.slice(2, 1)],
        };
        let bars = read_tables(&[table], &ReadOptions::default()).unwrap();
        assert_eq!(bars.into_series(OnBadBar::Error).unwrap().series[1].symbol(), "MSFT");
    }
}

#[test]
fn a_date_and_a_time_of_day_in_columns_of_their_own() {
    let dates: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from(vec![19_724, 19_725])),
        Arc::new(TimestampNanosecondArray::from(vec![JAN_2, JAN_2 + DAY])),
        Arc::new(StringArray::from(vec!["2024-01-02", "2024-01-03"])),
        Arc::new(Int64Array::from(vec![20_240_102, 20_240_103])),
    ];
    let half_past_nine = 9 * 3_600 + 1_800;
    let clocks: Vec<ArrayRef> = vec![
        Arc::new(Time32SecondArray::from(vec![half_past_nine, half_past_nine + 1])),
        Arc::new(Time64MicrosecondArray::from(
            [0, 1].map(|s| (i64::from(half_past_nine) + s) * 1_000_000).to_vec(),
        )),
        Arc::new(StringArray::from(vec!["09:30", "09:30:01"])),
    ];
    let expected =
        [0, 1].map(|i| JAN_2 + i * DAY + (i64::from(half_past_nine) + i) * 1_000_000_000);
    for date in &dates {
        for clock in &clocks {
            let kinds = (date.data_type().clone(), clock.data_type().clone());
            let columns = vec![("Date", Arc::clone(date)), ("Time", Arc::clone(clock))];
            let series = load(&parquet(&batch(columns)), &ReadOptions::default());
            assert_eq!(series[0].ts(), expected, "{kinds:?}");
        }
    }
    // A whole time beside a date says it all.
    let whole: ArrayRef = Arc::new(TimestampNanosecondArray::from(expected.to_vec()));
    let columns = vec![("date", Arc::clone(&dates[0])), ("time", whole)];
    assert_eq!(load(&parquet(&batch(columns)), &ReadOptions::default())[0].ts(), expected);
    // What is no time of day is refused by name, and so is a date that holds one already.
    let refused = |date: &ArrayRef, clock: ArrayRef| {
        let bytes = parquet(&batch(vec![("date", Arc::clone(date)), ("time", clock)]));
        read_bytes("x", &bytes, &ReadOptions::default()).unwrap_err().to_string()
    };
    let message = refused(&dates[0], Arc::new(StringArray::from(vec!["09:30", "noon"])));
    assert!(message.contains("row 2, column time") && message.contains("noon"), "{message}");
    let noon: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![JAN_2, JAN_2 + DAY / 2]));
    let message = refused(&noon, Arc::clone(&clocks[0]));
    assert!(message.contains("row 2, column date"), "{message}");
}

#[test]
fn an_index_that_counts_rows_is_no_time() {
    let index: ArrayRef = Arc::new(Int64Array::from(vec![0, 1]));
    let bytes = parquet(&batch(vec![("__index_level_0__", index)]));
    let message = read_bytes("x", &bytes, &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("no time column"), "{message}");
}

#[test]
fn zones_shift_naive_times_alone() {
    let options = ReadOptions { timezone: "America/New_York".into(), ..ReadOptions::default() };
    let ns = TimestampNanosecondArray::from(vec![JAN_2, JAN_2 + DAY]);
    let naive = load(&parquet(&batch(vec![("ts", Arc::new(ns.clone()))])), &options);
    assert_eq!(naive[0].ts()[0], JAN_2 + 5 * DAY / 24);
    let zoned: ArrayRef = Arc::new(ns.with_timezone("UTC"));
    assert_eq!(load(&parquet(&batch(vec![("ts", zoned)])), &options)[0].ts()[0], JAN_2);
}

#[test]
fn columns_are_renamed() {
    let ns: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![JAN_2, JAN_2 + DAY]));
    let bytes = parquet(&batch(vec![("when", ns)]));
    assert!(read_bytes("x", &bytes, &ReadOptions::default()).is_err());
    let pairs = [("When", "ts"), ("open", "close"), ("close", "open")];
    let rename = pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
    let series = load(&bytes, &ReadOptions { rename, ..ReadOptions::default() });
    let plain: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![JAN_2, JAN_2 + DAY]));
    let usual = load(&parquet(&batch(vec![("ts", plain)])), &ReadOptions::default());
    assert_eq!(series[0].ts(), usual[0].ts());
    assert_eq!(series[0].column("open"), usual[0].column("close"), "two are swapped");
    let rename = [("open".to_owned(), "close".to_owned())].into();
    let twice = ReadOptions { rename, ..ReadOptions::default() };
    let error = read_bytes("x", &bytes, &twice).unwrap_err().to_string();
    assert!(error.contains("two columns close"), "{error}");
}

#[test]
fn arrow_files_and_streams_plain_and_packed() {
    let symbols: DictionaryArray<Int32Type> = vec!["B", "A"].into_iter().collect();
    let ts = Int64Array::from(vec![JAN_2_S, JAN_2_S]);
    let batch = batch(vec![("ts", Arc::new(ts)), ("symbol", Arc::new(symbols))]);
    for compression in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
        let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
        let schema = batch.schema();
        let mut file =
            FileWriter::try_new_with_options(Vec::new(), &schema, options.clone()).unwrap();
        file.write(&batch).unwrap();
        file.finish().unwrap();
        let mut stream = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
        stream.write(&batch).unwrap();
        stream.finish().unwrap();
        for bytes in [file.into_inner().unwrap(), stream.into_inner().unwrap()] {
            let series = load(&bytes, &ReadOptions::default());
            let symbols: Vec<&str> = series.iter().map(Series::symbol).collect();
            assert_eq!(symbols, ["B", "A"], "{compression:?}");
        }
    }
}

#[test]
fn wanted_columns_alone_are_read() {
    let note: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let extra: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 2.5]));
    let ts: ArrayRef = Arc::new(Int64Array::from(vec![JAN_2_S, JAN_2_S + 60]));
    let bytes = parquet(&batch(vec![("ts", ts), ("note", note), ("Funding Rate", extra)]));
    let names = |columns: Option<Vec<String>>| -> Vec<String> {
        let options = ReadOptions { columns, ..ReadOptions::default() };
        load(&bytes, &options)[0].columns().iter().map(|c| c.name.clone()).collect()
    };
    assert_eq!(names(None), ["open", "high", "low", "close", "volume", "funding_rate"]);
    assert_eq!(names(Some(vec!["funding_rate".into()]))[4..], ["funding_rate".to_owned()]);
}

/// A folder of this test alone, empty.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn series(symbol: &str, ts: Vec<i64>, extra: Vec<f64>) -> Series {
    let n = ts.len();
    let prices = [("open", 0.1 + 0.2), ("high", 12.0), ("low", 1e-5), ("close", 1.0 / 3.0)];
    let mut columns: Vec<Column> =
        prices.iter().map(|(name, price)| Column::new(*name, vec![*price; n])).collect();
    columns.push(Column::new("volume", (0..n).map(|i| i as f64).collect()));
    columns.push(Column::new("extra", extra));
    Series::new(symbol, ts, columns).unwrap()
}

/// A series' symbol, times, and the bits of each column.
type Bits = (String, Vec<i64>, Vec<(String, Vec<u64>)>);

fn bits(series: &[Series]) -> Vec<Bits> {
    let of = |c: &Column| {
        // One pattern for what is missing: a file keeps that it is, not its bits.
        let bits = c.values.iter().map(|v| if v.is_nan() { u64::MAX } else { v.to_bits() });
        (c.name.clone(), bits.collect())
    };
    let all =
        |s: &Series| (s.symbol().to_owned(), s.ts().to_vec(), s.columns().iter().map(of).collect());
    series.iter().map(all).collect()
}

fn writing(overwrite: bool) -> WriteOptions<'static> {
    WriteOptions { overwrite, ..WriteOptions::default() }
}

#[test]
fn what_is_written_reads_back_to_the_bit() {
    let folder = folder("round_trip");
    let written = vec![
        series("B", vec![JAN_2, JAN_2 + 1, JAN_2 + DAY], vec![1.0, f64::NAN, -0.0]),
        series("A", vec![-DAY], vec![2.0]),
    ];
    for name in ["x.parquet", "x.arrow", "x.feather", "x.csv"] {
        let path = folder.join(name);
        write(&path, &written, writing(false)).unwrap();
        let options = ReadOptions { timezone: "Asia/Tokyo".into(), ..ReadOptions::default() };
        let paths = [path.to_string_lossy().into_owned()];
        let back = read(&paths, &options).unwrap().into_series(OnBadBar::Error).unwrap();
        assert_eq!(bits(&back.series), bits(&written), "{name}");
        let again = write(&path, &written, writing(false)).unwrap_err();
        assert!(again.kind() == ErrorKind::Io && again.to_string().contains("already exists"));
        write(&path, &written, writing(true)).unwrap();
    }
    let unknown = write(&folder.join("x.xlsx"), &written, writing(false)).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Usage);
    let user = folder.join("x.csv.tmp");
    std::fs::write(&user, "mine").unwrap();
    write(&folder.join("x.csv"), &written, writing(true)).unwrap();
    assert_eq!(std::fs::read_to_string(&user).unwrap(), "mine");
    std::fs::remove_file(&user).unwrap();
    let nowhere = write(&folder.join("no/x.csv"), &written, writing(false)).unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Io);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 4, "nothing else stays");
}

#[test]
fn parquet_is_packed_as_it_is_told() {
    let folder = folder("packed");
    // Times that repeat in bytes, prices that repeat.
    let (ts, extra) = ((0..20_000).map(|i| i * DAY), (0..20_000).map(|i| f64::from(i % 7)));
    let written = [series("A", ts.collect(), extra.collect())];
    let size = |compression: Compression| {
        let path = folder.join(format!("{compression:?}.parquet"));
        write(&path, &written, WriteOptions { compression, ..writing(false) }).unwrap();
        let paths = [path.to_string_lossy().into_owned()];
        let back = read(&paths, &ReadOptions::default()).unwrap();
        let back = back.into_series(OnBadBar::Error).unwrap();
        assert_eq!(bits(&back.series), bits(&written), "{compression:?}");
        std::fs::metadata(path).unwrap().len()
    };
    let none = size(Compression::None);
    for compression in [Compression::Zstd, Compression::Lz4, Compression::Snappy] {
        assert!(size(compression) < none / 2, "{compression:?}");
    }
}

#[test]
fn tables_in_memory_are_bars_of_their_names() {
    let times: ArrayRef = Arc::new(TimestampSecondArray::from(vec![JAN_2_S, JAN_2_S + 86_400]));
    let columns = [vec![("time", times)], prices()].concat();
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let table = |name: &str, batches: Vec<RecordBatch>| MemoryTable {
        name: name.into(),
        schema: batch.schema(),
        batches,
    };
    // As one batch, and a row at a time.
    let rows = vec![batch.slice(0, 1), batch.slice(1, 1)];
    let tables = [table("A-1", vec![batch.clone()]), table("A-2", rows)];
    let bars = read_tables(&tables, &ReadOptions::default()).unwrap();
    let series = bars.into_series(OnBadBar::Error).unwrap().series;
    // Their names are symbols as they are, not those of files.
    let symbols: Vec<&str> = series.iter().map(Series::symbol).collect();
    assert_eq!(symbols, ["A-1", "A-2"]);
    for series in &series {
        assert_eq!(series.ts(), [JAN_2, JAN_2 + DAY]);
        assert_eq!(series.column("open"), Some(&[10.0, 11.0][..]));
    }
    let empty = read_tables(&[table("A", Vec::new())], &ReadOptions::default()).unwrap_err();
    assert_eq!(empty.to_string(), "A: it has no rows; expected bars");
    assert!(read_tables(&[], &ReadOptions::default()).is_err());
}
