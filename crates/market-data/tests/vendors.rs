//! Layouts of vendors, read without options: what comes of small files is what pandas reads of them
//! (`vendors/vendors.py`). And what names, numbers and columns mean in text, Parquet and JSON.

#[path = "vendors/databento.rs"]
mod databento;
#[path = "vendors/json.rs"]
mod json;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampSecondArray,
};
use arrow::datatypes::{Field, Schema};
use barloom_bars::Series;
use barloom_doctor::check;
use barloom_market_data::{
    Aggregate, CsvOptions, MarketDataError, OnBadBar, ReadOptions, read, read_bytes,
};
use parquet::arrow::ArrowWriter;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 2024-01-02 in ns.
const JAN_2: i64 = 19_724 * DAY;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors")
}

fn load(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Vec<Series>, MarketDataError> {
    read_bytes(name, bytes, options)?.into_series(OnBadBar::Error).map(|loaded| loaded.series)
}

fn text(text: &str) -> Vec<Series> {
    load("x.csv", text.as_bytes(), &ReadOptions::default())
        .unwrap_or_else(|e| panic!("{text}\n{e}"))
}

fn error(name: &str, bytes: &[u8]) -> String {
    match load(name, bytes, &ReadOptions::default()) {
        Ok(series) => panic!("{name} was read: {series:?}"),
        Err(error) => error.to_string(),
    }
}

fn with_csv(csv: CsvOptions) -> ReadOptions {
    ReadOptions { csv, ..ReadOptions::default() }
}

fn symbols(series: &[Series]) -> Vec<&str> {
    series.iter().map(Series::symbol).collect()
}

/// The bars of series as text: symbol, time, open, high, low, close, volume.
fn shown(series: &[Series]) -> Vec<String> {
    let mut rows = Vec::new();
    for one in series {
        for (row, ts) in one.ts().iter().enumerate() {
            let value = |name: &str| one.column(name).unwrap()[row];
            let values = ["open", "high", "low", "close", "volume"].map(value);
            rows.push(format!("{} {ts} {values:?}", one.symbol()));
        }
    }
    rows.sort();
    rows
}

#[test]
fn vendors_are_read_as_pandas_reads_them() {
    let expected = std::fs::read_to_string(folder().join("expected.tsv")).unwrap();
    let mut files: Vec<(&str, Vec<String>)> = Vec::new();
    for line in expected.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, symbol, ts, values @ ..] = &cells[..] else { panic!("{line}") };
        let number = |text: &&str| if *text == "nan" { f64::NAN } else { text.parse().unwrap() };
        let values: Vec<f64> = values.iter().map(number).collect();
        let row = format!("{symbol} {ts} {values:?}");
        match files.last_mut().filter(|(last, _)| last == file) {
            Some((_, rows)) => rows.push(row),
            None => files.push((file, vec![row])),
        }
    }
    assert!(files.len() >= 40, "{}", files.len());
    for (file, mut rows) in files {
        let path = folder().join(file).to_string_lossy().into_owned();
        let bars = read(&[path], &ReadOptions::default()).unwrap_or_else(|e| panic!("{file}: {e}"));
        let series = bars.into_series(OnBadBar::Error).unwrap_or_else(|e| panic!("{file}: {e}"));
        rows.sort();
        assert_eq!(shown(&series.series), rows, "{file}");
    }
}

/// Case 05.
#[test]
fn german_names_with_decimal_commas() {
    let csv = "Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Volumen\n\
               2016-07-12;1.310;1.316,8;1.305;1.313,03;1.600;1.920.000\n\
               2016-07-11;998,5;1.312;997;1.310,25;12;14.000\n";
    let commas = CsvOptions { decimal: Some(','), thousands: Some('.'), ..CsvOptions::default() };
    let series = load("ariva.csv", csv.as_bytes(), &with_csv(commas)).unwrap();
    assert_eq!(series[0].column("open").unwrap(), [998.5, 1_310.0]);
    assert_eq!(series[0].column("high").unwrap(), [1_312.0, 1_316.8]);
    assert_eq!(series[0].column("low").unwrap(), [997.0, 1_305.0]);
    assert_eq!(series[0].column("close").unwrap(), [1_310.25, 1_313.03]);
    // Pieces, not the turnover beside them.
    assert_eq!(series[0].column("volume").unwrap(), [12.0, 1_600.0]);
    assert!(error("ariva.csv", csv.as_bytes()).contains("decimal"), "no number is guessed");
}

fn minutes() -> Aggregate {
    Aggregate::new("1m".parse().unwrap())
}

/// Cases 09 and 10.
#[test]
fn polygon_flat_files_say_when_a_window_starts() {
    let row = |start: i64| {
        format!(
            "ticker,volume,open,close,high,low,window_start,transactions\n\
             AAPL,4930,200.29,200.5,200.63,200.28,{start},129\n\
             AAPL,4931,201.29,201.5,201.63,201.28,{},129\n",
            start + 60 * SECOND
        )
    };
    // 2025-04-16 08:35.
    let start = 1_744_792_500 * SECOND;
    assert_eq!(
        shown(&text(&row(start)))[0],
        format!("AAPL {start} [200.29, 200.63, 200.28, 200.5, 4930.0]")
    );
    for start in [-68_400_000_000_000, 68_400_000_000_000, -61 * SECOND] {
        let bars = read_bytes("x.csv", row(start).as_bytes(), &ReadOptions::default());
        let refused = match bars {
            Err(_) => true,
            Ok(bars) => check(&bars).errors() > 0 && bars.into_series(OnBadBar::Drop).is_err(),
        };
        assert!(refused, "{start} is no time of these bars");
    }
}

/// Case 11.
#[test]
fn dates_and_times_of_day_in_digits() {
    let rows = "20180301 000000;2709.25;2709.75;2709.25;2709.25;0\n\
                20180301 000100;2709.25;2709.25;2709;2709;0\n";
    let options = ReadOptions { timezone: "EST".into(), ..ReadOptions::default() };
    let series = load("DAT_ASCII_SPXUSD_M1_201803.csv", rows.as_bytes(), &options).unwrap();
    // 2018-03-01 05:00 UTC.
    assert_eq!(series[0].ts(), [1_519_880_400 * SECOND, 1_519_880_460 * SECOND]);
    assert_eq!(series[0].column("close").unwrap(), [2_709.25, 2_709.0]);
}

/// Case 13, and times of day without their leading zeros.
#[test]
fn names_in_angle_brackets() {
    let bars = |times: [&str; 2]| {
        let [a, b] = times;
        format!(
            "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n\
             SPY.US,5,20240102,{a},475.1,475.4,474.9,475.2,1200,0\n\
             SPY.US,5,20240102,{b},475.2,475.6,475.1,475.5,900,0\n"
        )
    };
    for (times, seconds) in [
        (["153000", "153500"], [55_800, 56_100]),
        (["1530", "1535"], [55_800, 56_100]),
        (["15:30", "15:35"], [55_800, 56_100]),
        (["1530", "93500"], [930, 34_500]),
        (["0", "500"], [0, 18_000]),
        (["930", "1535"], [34_200, 56_100]),
    ] {
        let series = text(&bars(times));
        assert_eq!(symbols(&series), ["SPY.US"]);
        assert_eq!(series[0].ts(), seconds.map(|s| JAN_2 + s * SECOND), "{times:?}");
        assert_eq!(series[0].column("open").unwrap(), [475.1, 475.2]);
    }
    // No column stands for what it is not.
    assert!(error("x.csv", bars(["1530", "9999"]).as_bytes()).contains("<TIME>"));
    // A whole time beside a date is read by itself.
    let whole = "date,time,open,high,low,close\n2024-01-02,1704187800,1,2,1,2\n";
    assert_eq!(text(whole)[0].ts(), [JAN_2 + 34_200 * SECOND]);
    let dates = Arc::new(Int32Array::from(vec![20_240_102, 20_240_102])) as ArrayRef;
    let clocks = Arc::new(Int32Array::from(vec![93_000, 153_500])) as ArrayRef;
    let mut columns = vec![("<DATE>", dates), ("<TIME>", clocks)];
    columns.extend(prices());
    let series = load("x", &parquet(columns), &ReadOptions::default()).unwrap();
    assert_eq!(series[0].ts(), [JAN_2 + 34_200 * SECOND, JAN_2 + 56_100 * SECOND]);
}

#[test]
fn a_date_and_a_time_of_day_without_a_header() {
    for rows in [
        "2024.01.02,09:30,1.1,1.3,1.0,1.2,7\n2024.01.02,09:31,1.2,1.4,1.1,1.3,8\n",
        "2024.01.02;09:30;1.1;1.3;1.0;1.2;7\n2024.01.02;09:31;1.2;1.4;1.1;1.3;8\n",
        "20240102\t093000\t1.1\t1.3\t1.0\t1.2\t7\n20240102\t093100\t1.2\t1.4\t1.1\t1.3\t8\n",
        "20240102,0930,1.1,1.3,1.0,1.2,7\n20240102,0931,1.2,1.4,1.1,1.3,8\n",
        "2024-01-02,09:30:00,1.1,1.3,1.0,1.2,7,0\n2024-01-02,09:31:00,1.2,1.4,1.1,1.3,8,0\n",
    ] {
        let series = text(rows);
        assert_eq!(series[0].ts(), [JAN_2 + 34_200 * SECOND, JAN_2 + 34_260 * SECOND], "{rows}");
        assert_eq!(series[0].column("low").unwrap(), [1.0, 1.1], "{rows}");
        assert_eq!(series[0].column("volume").unwrap(), [7.0, 8.0], "{rows}");
    }
    // Four prices and two more are no time of day.
    let series = text("20240102,1200,1210,1190,1205,7,0\n20240103,1205,1215,1195,1210,8,0\n");
    assert_eq!(series[0].column("open").unwrap(), [1_200.0, 1_205.0]);
}

/// Case 15.
#[test]
fn a_symbol_in_several_series_is_several_instruments() {
    let day = |date: &str| {
        format!(
            "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,\n\
             XYZ,EQ,36,36.8,35.25,35.8,35.65,35.2,49077,1764577.1,{date},\n\
             XYZ,BE,36.1,36.2,36,36.1,36.1,35.2,77,1764.1,{date},\n"
        )
    };
    let series = text(&day("01-JAN-2020"));
    assert_eq!(symbols(&series), ["XYZ-EQ", "XYZ-BE"]);
    assert_eq!(series[0].ts(), [18_262 * DAY]);
    assert_eq!(series[0].column("volume").unwrap(), [49_077.0]);
    let text_of = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let mut columns = vec![
        ("SYMBOL", text_of(["XYZ", "XYZ"])),
        ("SERIES", text_of(["EQ", "BE"])),
        ("TIMESTAMP", text_of(["01-JAN-2020", "01-JAN-2020"])),
    ];
    columns.extend(prices());
    let series = load("x", &parquet(columns), &ReadOptions::default()).unwrap();
    assert_eq!(symbols(&series), ["XYZ-EQ", "XYZ-BE"]);
}

/// Case 17.
#[test]
fn a_column_of_text_that_tells_rows_of_a_time_apart() {
    let bars = |name: &str, sorted: bool| {
        let mut rows = Vec::new();
        for day in 2..6 {
            for (at, symbol) in ["AAPL", "AXP"].into_iter().enumerate() {
                let close = 100 + 10 * at + day;
                let row = format!("2024-01-0{day},{close},{close},{close},{close},5,{symbol},x\n");
                rows.push((if sorted { at } else { 0 }, row));
            }
        }
        rows.sort_by_key(|(at, _)| *at);
        let rows: String = rows.into_iter().map(|(_, row)| row).collect();
        format!("date,open,high,low,close,volume,{name},note\n{rows}")
    };
    for sorted in [false, true] {
        let series = text(&bars("tic", sorted));
        assert_eq!(symbols(&series), ["AAPL", "AXP"]);
        assert_eq!(series[0].len(), 4);
        let unknown = error("train.csv", bars("share", sorted).as_bytes());
        assert!(unknown.contains("share") && unknown.contains("\"symbol\""), "{unknown}");
        let text_of = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let days = ["2024-01-02", "2024-01-03", "2024-01-02", "2024-01-03"];
        let four = || Arc::new(Float64Array::from(vec![1.0; 4])) as ArrayRef;
        let table = parquet(vec![
            ("date", text_of(days.to_vec())),
            ("share", text_of(vec!["A", "A", "B", "B"])),
            ("open", four()),
            ("high", four()),
            ("low", four()),
            ("close", four()),
        ]);
        assert!(error("x", &table).contains("share"));
    }
    // A note that is another one in each row names nothing.
    let noted = "date,open,high,low,close,note\n2024-01-02,1,1,1,1,a\n2024-01-02,1,1,1,1,b\n";
    assert!(error("x.csv", noted.as_bytes()).contains("time is that of the bar before"));
}

/// Case 18.
#[test]
fn epochs_with_a_fraction_keep_all_of_it() {
    let csv = "timestamp,symbol,side,size,price,homeNotional\n\
               1704326400.1000,BTCUSDT,Buy,0.010,42500.10,0.010\n\
               1704326400.7000,BTCUSDT,Sell,0.020,42500.20,0.020\n\
               1704326461.1000,BTCUSDT,Buy,0.015,42499.90,0.015\n";
    let options = ReadOptions { aggregate: Some(minutes()), ..ReadOptions::default() };
    let series = load("x.csv", csv.as_bytes(), &options).unwrap();
    let at = 1_704_326_400 * SECOND;
    assert_eq!(
        shown(&series),
        [
            format!("BTCUSDT {at} [42500.1, 42500.2, 42500.1, 42500.2, 0.03]"),
            format!("BTCUSDT {} [42499.9, 42499.9, 42499.9, 42499.9, 0.015]", at + 60 * SECOND),
        ]
    );
    let bars = "ts,open,high,low,close\n1704326400.123456789,1,2,1,2\n1.704326401e+09,1,2,1,2\n";
    assert_eq!(text(bars)[0].ts(), [at + 123_456_789, at + SECOND]);
    // A float says what its shortest text says.
    let times = Arc::new(Float64Array::from(vec![1_704_326_400.1, 1_704_326_461.0])) as ArrayRef;
    let mut columns = vec![("ts", times)];
    columns.extend(prices());
    let series = load("x", &parquet(columns), &ReadOptions::default()).unwrap();
    assert_eq!(series[0].ts(), [at + SECOND / 10, at + 61 * SECOND]);
}

/// Case 21.
#[test]
fn letters_are_columns_whatever_their_order() {
    let bars = "time,c,h,l,o,v\n1483315200,97.5,98,96,97,10\n1483401600,98,99,97,97.5,11\n";
    assert_eq!(
        shown(&text(bars))[0],
        format!("x {} [97.0, 98.0, 96.0, 97.5, 10.0]", 1_483_315_200 * SECOND)
    );
    assert!(error("x.csv", b"time,o,h,l,v\n1483315200,97,98,96,10\n").contains("no column open"));
}

fn prices() -> Vec<(&'static str, ArrayRef)> {
    let column = |values: [f64; 2]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    vec![
        ("open", column([10.0, 11.0])),
        ("high", column([12.0, 13.0])),
        ("low", column([9.0, 10.0])),
        ("close", column([11.0, 12.0])),
    ]
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn days() -> (&'static str, ArrayRef) {
    ("ts", Arc::new(TimestampSecondArray::from(vec![JAN_2 / SECOND, JAN_2 / SECOND + 86_400])))
}

/// Case 24.
#[test]
fn text_in_parquet_is_read_as_numbers() {
    let text_of = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let klines = |volume: [&str; 2]| {
        parquet(vec![
            days(),
            ("open", text_of(["10", "11"])),
            ("high", text_of(["12", "13"])),
            ("low", text_of(["9", "1e1"])),
            ("close", text_of(["$11", "12"])),
            ("volume", text_of(volume)),
            ("quote_volume", text_of(["55.5", ""])),
            ("venue", text_of(["x", "y"])),
        ])
    };
    let series = load("x", &klines(["10", "14.5"]), &ReadOptions::default()).unwrap();
    assert_eq!(shown(&series)[1], format!("x {} [11.0, 13.0, 10.0, 12.0, 14.5]", JAN_2 + DAY));
    assert_eq!(series[0].column("quote_volume").unwrap()[0], 55.5);
    assert!(series[0].column("venue").is_none());
    let found = error("x", &klines(["10", "many"]));
    assert!(found.contains("volume") && found.contains("many"), "{found}");
}

#[test]
fn columns_that_mean_the_same_are_equal_or_refused() {
    let csv = |names: &str, other: &str| {
        format!(
            "symbol,time,open,high,low,close,volume,{names}\n\
             A,1700000000,10,11,9,10,1,10.0\nA,1700003600,10,11,9,10,2,{other}\n"
        )
    };
    for name in ["close", "Close", "CLOSE_PRICE", "<close>"] {
        let found = error("x.csv", csv(name, "10.5").as_bytes());
        assert!(found.contains("line 3") && found.contains(name), "{found}");
        assert!(found.contains("10.5") && found.contains("rename"), "{found}");
        let series = text(&csv(name, "10"));
        assert_eq!(series[0].column("close").unwrap(), [10.0, 10.0], "{name}");
    }
    // The way out that the message says.
    let rename = [("Close".to_owned(), "other".to_owned())].into();
    let options = with_csv(CsvOptions { rename, ..CsvOptions::default() });
    let series = load("x.csv", csv("Close", "10.5").as_bytes(), &options).unwrap();
    assert_eq!(series[0].column("close").unwrap(), [10.0, 10.0]);
    assert_eq!(series[0].column("other").unwrap(), [10.0, 10.5]);
    let other = |value: f64| Arc::new(Float64Array::from(vec![11.0, value])) as ArrayRef;
    for name in ["close", "Close"] {
        let table = |value: f64| {
            parquet([days()].into_iter().chain(prices()).chain([(name, other(value))]).collect())
        };
        let found = error("x", &table(12.5));
        assert!(found.contains("row 2") && found.contains("12.5"), "{found}");
        let series = load("x", &table(12.0), &ReadOptions::default()).unwrap();
        assert_eq!(series[0].column("close").unwrap(), [11.0, 12.0]);
    }
}

#[test]
fn symbols_that_are_not_utf8_never_become_one() {
    let mut csv = b"symbol,time,open,high,low,close,volume\n".to_vec();
    for hour in 0..6 {
        let (letter, price) = if hour % 2 == 0 { (0xc9, 10) } else { (0xc8, 500) };
        csv.extend([b'C', b'A', b'F', letter]);
        csv.extend(
            format!(",{},{price},{price},{price},{price},1\n", 1_700_000_000 + 3_600 * hour)
                .bytes(),
        );
    }
    let series = load("x.csv", &csv, &ReadOptions::default()).unwrap();
    assert_eq!(symbols(&series), ["CAF\u{c9}", "CAF\u{c8}"]);
    assert_eq!(series[0].column("close").unwrap(), [10.0; 3]);
    // In UTF-8 that is damaged there is no telling.
    let good = "größe,1700000000,1,1,1,1,1\n".repeat(5);
    let mut damaged = format!("symbol,time,open,high,low,close,volume\n{good}").into_bytes();
    damaged.extend(b"gr\xff,1700003600,1,1,1,1,1\n");
    assert!(error("x.csv", &damaged).contains("line 7"));
    let names = Arc::new(BinaryArray::from(vec![&b"CAF\xc9"[..], b"CAF\xc8"])) as ArrayRef;
    let table = parquet([("symbol", names), days()].into_iter().chain(prices()).collect());
    assert!(error("x", &table).contains("UTF-8"));
}

#[test]
fn formats_that_are_not_read_say_what_to_do() {
    for (bytes, part) in [
        (&b"\x80\x04\x95\x10\0\0\0"[..], "pickle"),
        (b"\x89HDF\r\n\x1a\n\0\0", "HDF5"),
        (b"SQLite format 3\0\x10\0", "SQLite"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "Excel"),
        (b"  <!DOCTYPE html><html>", "web page"),
        (b"BZh91AY&SY\xff", "Unpack"),
    ] {
        let found = error("bars", bytes);
        assert!(found.contains(part), "{found}");
        assert!(
            ["DataFrame", "Unpack", "again"].iter().any(|help| found.contains(help)),
            "{found}"
        );
    }
    // Names can begin like a format does.
    assert_eq!(symbols(&text("ORC_x,ts,open,high,low,close\n1,1704153600,1,2,1,2\n")), ["x"]);
    let mut workbook = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    workbook.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    let workbook = workbook.finish().unwrap().into_inner();
    assert!(error("bars.xlsx", &workbook).contains("Excel"));
}

/// Case 23.
#[test]
fn a_banner_and_hours_of_half_days() {
    let csv = "Timestamps are UTC timezone,https://www.example.com\n\
               date,symbol,open,high,low,close,volume_btc,volume\n\
               2019-10-16 12-PM,BTCUSD,8051,8056,8021,8035,61.25,492394.56\n\
               2019-10-16 11-AM,BTCUSD,7975,8070,7975,8051,370.45,2971610.86\n\
               2019-10-16 12-AM,BTCUSD,7964,7987,7964,7975,121.68,970521.83\n";
    let found = error("x.csv", csv.as_bytes());
    assert!(found.contains("skip_rows = 1, time_format = \"%Y-%m-%d %I-%p\""), "{found}");
    let time_format = Some("%Y-%m-%d %I-%p".to_owned());
    let options = with_csv(CsvOptions { skip_rows: 1, time_format, ..CsvOptions::default() });
    let series = load("x.csv", csv.as_bytes(), &options).unwrap();
    let midnight = 18_185 * DAY;
    let hours = [0, 11, 12].map(|hour| midnight + hour * 3_600 * SECOND);
    assert_eq!(series[0].ts(), hours);
}

/// A file of HistData as it ships: an archive with a report beside the bars. Case 11 has its name.
#[test]
fn histdata_ships_a_report_beside_the_bars() {
    let rows = b"20180301 000000;2709.25;2709.75;2709.25;2709.25;0\n";
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (end, bytes) in [("csv", &rows[..]), ("txt", b"HistData.com status: no gaps found\n")] {
        let name = format!("DAT_ASCII_SPXUSD_M1_201803.{end}");
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    let name = "HISTDATA_COM_ASCII_SPXUSD_M1_201803.zip";
    let series = load(name, &archive, &ReadOptions::default()).unwrap();
    assert_eq!(symbols(&series), ["SPXUSD"]);
    assert_eq!(series[0].ts(), [1_519_862_400 * SECOND]);
}

/// The cases themselves, where they are: the first and the number of their bars, or what they are
/// refused with.
#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/cases")]
fn cases_of_public_reports() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let plain = ReadOptions::default;
    let german = CsvOptions { decimal: Some(','), thousands: Some('.'), ..CsvOptions::default() };
    let est = ReadOptions { timezone: "EST".into(), ..plain() };
    let of_minutes = ReadOptions { aggregate: Some(minutes()), ..plain() };
    for (path, options, count, first) in [
        (
            "05-ariva-mixed-digits/ariva.csv",
            with_csv(german),
            3,
            "[998.5, 1201.0, 997.0, 1200.25, 12.0]",
        ),
        (
            "08-databento-csv-fixed-point/ESH4_ohlcv-1m.csv",
            plain(),
            6,
            "[4770.25, 4771.0, 4769.5, 4770.5, 120.0]",
        ),
        (
            "09-polygon-flat-file/2025-04-16.csv.gz",
            plain(),
            5,
            "AAPL 1744792500000000000 [200.29, 200.63, 200.29, 200.5, 4930.0]",
        ),
        (
            "11-histdata-real/DAT_ASCII_SPXUSD_M1_201803.csv",
            est,
            6,
            "SPXUSD 1519880400000000000 [2709.25, 2709.75, 2709.25, 2709.25, 0.0]",
        ),
        (
            "13-stooq-angle-headers/spy.us.txt",
            plain(),
            2,
            "SPY.US 1704209400000000000 [475.1, 475.4, 474.9, 475.2, 1200.0]",
        ),
        ("15-nse-bhavcopy/bh", plain(), 6, "ABC-EQ"),
        ("17-finrl-tic/train.csv", plain(), 8, "AAPL"),
        (
            "18-bybit-fractional-epoch/BTCUSDT2024-01-04.csv",
            of_minutes,
            2,
            "BTCUSDT 1704326400000000000 [42500.1, 42500.2, 42500.1, 42500.2, 0.03]",
        ),
        (
            "21-header-order-changes/asml.csv",
            plain(),
            2,
            "1483315200000000000 [97.0, 98.0, 96.0, 97.5, 10.0]",
        ),
        ("24-string-volume-parquet/klines.parquet", plain(), 5, "10.0]"),
    ] {
        let path = shared.join("cases").join(path).to_string_lossy().into_owned();
        let bars = read(std::slice::from_ref(&path), &options);
        let bars = bars.unwrap_or_else(|e| panic!("{path}: {e}"));
        let rows = shown(&bars.into_series(OnBadBar::Error).unwrap().series);
        assert_eq!(rows.len(), count, "{path}: {rows:?}");
        assert!(rows[0].contains(first), "{path}: {}", rows[0]);
    }
    for (path, parts) in [
        (
            "cases/10-polygon-negative-window-start/2025-02-10.csv",
            ["window_start", "-68400000000000"],
        ),
        ("attack/04-utf8-merge/dupcol.csv", ["line 2", "close"]),
        ("attack/04-utf8-merge/dupcol2.csv", ["line 2", "Close"]),
        ("attack/04-utf8-merge/dup.parquet", ["row 1", "close"]),
        ("attack/04-utf8-merge/dup2.parquet", ["row 1", "Close"]),
        ("attack/04-utf8-merge/dup3.parquet", ["row 1", " close "]),
    ] {
        let path = shared.join(path).to_string_lossy().into_owned();
        let read = read(&[path], &plain()).and_then(|bars| bars.into_series(OnBadBar::Drop));
        let error = read.expect_err("it is refused").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let path = shared.join("attack/04-utf8-merge/interleaved.csv").to_string_lossy().into_owned();
    let series = read(&[path], &plain()).unwrap().into_series(OnBadBar::Error).unwrap().series;
    assert_eq!(symbols(&series), ["CAF\u{c9}", "CAF\u{c8}"]);
}
