//! Text dialects, archives and names, on bars small enough to read here.

use std::io::Write;

use barloom_bars::Series;
use barloom_market_data::{MarketDataError, OnBadBar, ReadOptions, read, read_bytes};

const DAY: i64 = 86_400_000_000_000;
/// 2024-01-02 in ns.
const JAN_2: i64 = 19_724 * DAY;

fn load(name: &str, bytes: &[u8]) -> Result<Vec<Series>, MarketDataError> {
    read_bytes(name, bytes, &ReadOptions::default())?
        .into_series(OnBadBar::Error)
        .map(|loaded| loaded.series)
}

/// Two bars, on 2024-01-02 and the day after.
fn assert_two_days(name: &str, bytes: &[u8]) {
    let series = load(name, bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(series.len(), 1, "{name}");
    assert_eq!(series[0].ts(), [JAN_2, JAN_2 + DAY], "{name}");
    for (column, values) in [
        ("open", [10.0, 11.0]),
        ("high", [12.0, 13.0]),
        ("low", [9.0, 10.0]),
        ("close", [11.0, 12.0]),
    ] {
        assert_eq!(series[0].column(column).unwrap(), values, "{name}: {column}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn error(name: &str, bytes: &[u8]) -> String {
    match load(name, bytes) {
        Ok(_) => panic!("{name} was read"),
        Err(error) => error.to_string(),
    }
}

const PLAIN: &[u8] = b"date,open,high,low,close\n2024-01-02,10,12,9,11\n2024-01-03,11,13,10,12\n";

#[test]
fn separators_orders_cases_and_line_ends() {
    for (name, text) in [
        ("plain", "date,open,high,low,close\n2024-01-02,10,12,9,11\n2024-01-03,11,13,10,12\n"),
        ("semicolon", "Date;Open;High;Low;Close\n2024-01-02;10;12;9;11\n2024-01-03;11;13;10;12"),
        ("tab", "TIME\tC\tL\tH\tO\n2024-01-02\t11\t9\t12\t10\n2024-01-03\t12\t10\t13\t11\n"),
        ("crlf", "date,open,high,low,close\r\n2024-01-02,10,12,9,11\r\n2024-01-03,11,13,10,12\r\n"),
        (
            "bom",
            "\u{feff}date,open,high,low,close\n2024-01-02,10,12,9,11\n2024-01-03,11,13,10,12\n",
        ),
        (
            "quoted",
            "\"Date\",\"Open\",\"High\",\"Low\",\"Close\"\n\"2024-01-02\",\"10\",\"12\",\"9\",\"11\"\n\"2024-01-03\",\"11\",\"13\",\"10\",\"12\"\n",
        ),
        (
            "padded",
            "date , open, high, low, close\n2024-01-02, 10, 12, 9, 11\n2024-01-03, 11, 13, 10, 12\n",
        ),
        ("unnamed", ",open,high,low,close\n2024-01-02,10,12,9,11\n2024-01-03,11,13,10,12\n"),
        (
            "pandas",
            "Unnamed: 0,open,high,low,close\n2024-01-02,10,12,9,11\n2024-01-03,11,13,10,12\n",
        ),
        (
            "text column",
            "date,open,high,low,close,note\n2024-01-02,10,12,9,11,x\n2024-01-03,11,13,10,12,y\n",
        ),
        ("headerless", "2024-01-02,10,12,9,11,5\n2024-01-03,11,13,10,12,6\n"),
        ("headerless s", "1704153600,10,12,9,11,5\n1704240000,11,13,10,12,6\n"),
        ("s then ms", "ts,open,high,low,close\n1704153600,10,12,9,11\n1704240000000,11,13,10,12\n"),
        (
            "us then ns",
            "ts,open,high,low,close\n1704153600000000,10,12,9,11\n1704240000000000000,11,13,10,12\n",
        ),
        (
            "two columns",
            "Date,Time,Open,High,Low,Close\n2024-01-02,00:00,10,12,9,11\n2024-01-03,00:00:00,11,13,10,12\n",
        ),
        (
            "newest first",
            "date,open,high,low,close\n2024-01-03,11,13,10,12\n2024-01-02,10,12,9,11\n",
        ),
    ] {
        assert_two_days(name, text.as_bytes());
    }
    let klines = "1704153600000,10,12,9,11,5,1704239999999,55,3,1,11,0\n\
                  1704240000000000,11,13,10,12,6,1704326399999999,66,4,2,22,0\n";
    assert_two_days("klines", klines.as_bytes());
}

#[test]
fn day_and_month_are_told_from_the_whole_column_or_not_at_all() {
    let bars = |a: &str, b: &str| {
        format!("date,open,high,low,close\n{a},10,12,9,11\n{b},11,13,10,12\n").into_bytes()
    };
    let days = |a: &str, b: &str| load("x", &bars(a, b)).unwrap()[0].ts().to_vec();
    assert_eq!(days("1/2/2024", "1/13/2024"), [JAN_2, JAN_2 + 11 * DAY]);
    assert_eq!(days("2/1/2024", "13/1/2024"), [JAN_2, JAN_2 + 11 * DAY]);
    assert!(error("x.csv", &bars("1/2/2024", "1/3/2024")).contains("day or month first"));
    assert!(error("x.csv", &bars("13/2/2024", "1/14/2024")).contains("some month first"));
}

#[test]
fn gzip_and_zip_are_unpacked() {
    assert_two_days("x.csv.gz", &gzip(PLAIN));
    assert_two_days("x.zip", &zip(&[("whatever.csv", PLAIN)]));
    let later = b"date,open,high,low,close\n2024-02-04,11,13,10,12\n";
    let series =
        load("ACME-1d.zip", &zip(&[("2024-02.csv", later), ("2024-01.csv", PLAIN)])).unwrap();
    assert_eq!((series[0].symbol(), series[0].len()), ("ACME", 3), "parts of one series");
    let junk = zip(&[("__MACOSX/._a.csv", b"\0\0"), (".DS_Store", b"\0"), ("a.csv", PLAIN)]);
    assert_two_days("x.zip", &junk);
}

#[test]
fn members_of_an_archive_that_name_symbols_are_series_of_their_own() {
    let archive = zip(&[("AAPL.csv", PLAIN), ("MSFT.csv", PLAIN)]);
    let series = load("stocks.zip", &archive).unwrap();
    assert_eq!(series.iter().map(Series::symbol).collect::<Vec<_>>(), ["AAPL", "MSFT"]);
    let bad = b"date,open,high,low,close\n2024-01-02,10,12,9,x\n";
    let message = error("stocks.zip", &zip(&[("AAPL.csv", PLAIN), ("MSFT.csv", bad)]));
    assert!(message.contains("MSFT.csv"), "{message}");
}

#[test]
fn rows_are_named_by_their_line() {
    // Lines as an editor counts them, whatever ends them, blank ones and quoted ends included.
    let head = "date,open,high,low,close,note";
    let (good, bad) = ("2024-01-02,10,12,9,11,", "2024-01-03,11,x,10,12,");
    for (name, text, line) in [
        ("lf", format!("{head}\n{good}\n{bad}\n"), 3),
        ("crlf", format!("{head}\r\n{good}\r\n{bad}\r\n"), 3),
        ("blank", format!("{head}\n\n{good}\n\n\n{bad}\n"), 6),
        ("blank crlf", format!("{head}\r\n\r\n{good}\r\n\r\n{bad}\r\n"), 5),
        ("blank first", format!("\n{head}\n{good}\n{bad}\n"), 4),
        ("quoted end", format!("{head}\n{good}\"a\nb\"\n{bad}\n"), 4),
    ] {
        let message = error(name, text.as_bytes());
        assert!(message.contains(&format!("line {line}, column high: \"x\"")), "{name}: {message}");
        let ragged = error(name, text.replace(",x,", ",").as_bytes());
        assert!(ragged.contains(&format!("line {line} has 5 fields")), "{name}: {ragged}");
    }
}

#[test]
fn what_is_missing_is_missing_and_symbols_are_series() {
    let text = "Symbol,Date,Open,High,Low,Close,Adj Close,Volume\n\
                B,2024-01-02,10,12,9,11,10.5,null\nA,2024-01-02,10,12,9,11,10.5,7\n\
                B,2024-01-03,11,13,10,12,,8\n";
    let series = load("x.csv", text.as_bytes()).unwrap();
    assert_eq!(
        series.iter().map(|s| (s.symbol(), s.len())).collect::<Vec<_>>(),
        [("B", 2), ("A", 1)]
    );
    let volume = series[0].column("volume").unwrap();
    assert!(volume[0].is_nan() && volume[1] == 8.0);
    assert!(series[0].column("adj_close").unwrap()[1].is_nan());
}

#[test]
fn bad_text_says_what_and_where() {
    for (bytes, words) in [
        (&b""[..], &["empty"][..]),
        (b"\n \r\n", &["empty"]),
        (b"date,open,high,low,close\n", &["header and no bars"]),
        (b"open,high,low,close\n1,2,1,1\n", &["no time column", "timestamp"]),
        (b"date,open,high,close\n2024-01-02,1,2,1\n", &["no column low", "found: date"]),
        (b"date,open,high,low,close\n2024-01-02,1,2,1\n", &["line 2", "4 fields"]),
        (b"date,open,high,low,close\n2024-01-02,1,2,1,1.2.3\n", &["line 2", "close", "1.2.3"]),
        (b"date,open,high,low,close\nyesterday,1,2,1,1\n", &["line 2", "date", "yesterday"]),
        (b"date,open,high,low,close\n2024-02-30,1,2,1,1\n", &["line 2", "2024-02-30"]),
        (b"date,open,high,low,close\n2024-01-02,1,2,1,0\n", &["line 2", "outside"]),
        (b"date,open,high,low,close\n2024-01-02,1,1,2,1\n", &["line 2", "high is below low"]),
        (b"\xff\xfed\0a", &["damaged UTF-16"]),
        (b"\x1f\x8b\x08garbage", &["gzip"]),
        (b"PK\x03\x04garbage", &["zip"]),
        (b"PAR1garbage", &["Parquet"]),
        (b"ARROW1garbage", &["Arrow"]),
        (b"\xff\xff\xff\xff\x10\0\0\0garbage", &["Arrow"]),
    ] {
        let message = error("bad.csv", bytes);
        let all = words.iter().chain([&"bad.csv"]).all(|word| message.contains(word));
        assert!(all, "{:?}: {message}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn paths_that_name_nothing_are_io_errors() {
    use barloom_market_data::ErrorKind;
    for pattern in ["no/such/file.csv", "no/such/*.csv"] {
        let error = read(&[pattern.to_owned()], &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains(pattern), "{error}");
        assert_eq!(error.kind(), ErrorKind::Io, "{pattern}");
    }
}

#[test]
fn an_unnamed_column_that_counts_rows_is_no_time() {
    let rows = "0,2024-01-02,10,12,9,11\n1,2024-01-03,11,13,10,12\n";
    for index in ["", "Unnamed: 0", "__index_level_0__"] {
        let dated = format!("{index},date,open,high,low,close\n{rows}");
        assert_two_days(index, dated.as_bytes());
        let columns = load("x.csv", dated.as_bytes()).unwrap()[0].columns().len();
        assert_eq!(columns, 4, "{index:?} is no column of bars");
        let alone = format!("{index},open,high,low,close\n0,10,12,9,11\n1,11,13,10,12\n");
        let message = error("x.csv", alone.as_bytes());
        assert!(message.contains("no time column"), "{message}");
        assert!(message.contains("without a name"), "{message}");
    }
    let seconds = ",open,high,low,close\n1704153600,10,12,9,11\n1704240000,11,13,10,12\n";
    assert_two_days("epochs", seconds.as_bytes());
}

#[test]
fn text_that_is_named_as_something_else_is_not_read() {
    for (name, format) in [
        ("x.parquet", "Parquet"),
        ("x.PQ", "Parquet"),
        ("x.arrow", "Arrow IPC"),
        ("x.feather", "Arrow IPC"),
    ] {
        let message = error(name, PLAIN);
        assert!(message.contains(&format!("does not begin like {format}")), "{message}");
    }
    assert_two_days("x.txt", PLAIN);
}

/// Names of symbols that also name other things, and columns of times that name nothing.
#[test]
fn remarks_and_minutes_are_no_symbols() {
    let text =
        "date,open,high,low,close,code\n2024-01-02,10,12,9,11,doji\n2024-01-03,11,13,10,12,none\n";
    let error = load("A.csv", text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("column code may name instruments"), "{error}");
    let series = load("A.csv", text.replace("none", "doji").as_bytes()).unwrap();
    assert_eq!(series[0].symbol(), "doji");
    let text = "T,v,o,h,l,c,t\nAAPL,5,10,12,9,11,1704153600000\nMSFT,5,11,13,10,12,1704153600000\n";
    let series = load("A.csv", text.as_bytes()).unwrap();
    let symbols: Vec<&str> = series.iter().map(Series::symbol).collect();
    assert_eq!(symbols, ["AAPL", "MSFT"]);
    let text = "date,minute,open,high,low,close\n2024-01-02,09:30,10,12,9,11\n2024-01-02,09:31,11,13,10,12\n";
    let series = load("A.csv", text.as_bytes()).unwrap();
    assert_eq!(series[0].ts()[1] - series[0].ts()[0], 60_000_000_000);
}
