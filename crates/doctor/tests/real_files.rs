//! The doctor's findings in real files of `../shared/data` beside the workspace, kind by kind, and
//! the cost of the check. The numbers were counted with pandas, by the rules of docs/bars.md.

use barloom_doctor::{Report, check};
use barloom_market_data::{CsvOptions, ReadOptions, read};

fn of(files: &[&str], options: &ReadOptions) -> Report {
    let path = |f: &&str| format!("{}/../../../shared/data/{f}", env!("CARGO_MANIFEST_DIR"));
    let files: Vec<String> = files.iter().map(path).collect();
    check(&read(&files, options).unwrap())
}

/// Kinds with their counts.
fn kinds(report: &Report) -> Vec<(&str, u64)> {
    report.findings.iter().map(|f| (f.kind.as_str(), f.count)).collect()
}

/// Rows of a kind, and what is there.
fn places<'a>(report: &'a Report, kind: &str) -> Vec<(u32, &'a str)> {
    let finding = report.findings.iter().find(|f| f.kind == kind).unwrap();
    finding.places.iter().map(|place| (place.row, place.what.as_str())).collect()
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn every_kind_is_counted_and_no_other() {
    let none: &[(&str, u64)] = &[];
    for (file, expected) in [
        ("binance/spot_1h/BTCUSDT-1h-2025-01.csv", none),
        ("binance/um_1m/FILUSDT-1m-2023-09.csv", &[("zero_volume", 41)]),
        ("binance/um_1m/NEARUSDT-1m-2023-09.csv", &[("zero_volume", 144)]),
        ("binance/um_5m/BTCUSDT-5m-2025-01.csv", &[("zero_volume", 2)]),
        (
            "intraday/binance_um_FILUSDT_1m_ohlcv.parquet",
            &[("zero_volume", 175), ("gap", 13), ("stale_run", 1)],
        ),
        ("intraday/binance_um_NEARUSDT_1m_ohlcv.parquet", &[("zero_volume", 271)]),
        ("intraday/dawsh2_SPY_1m.parquet", none),
        ("intraday/ejtrader_USDCADh1.csv", none),
        ("daily/arch_sp500.csv.gz", none),
        ("daily/stocknet_raw/AAPL.csv", none),
        (
            "daily/stocknet_88_long.parquet",
            &[
                ("non_finite_price", 3),
                ("zero_volume", 111),
                ("missing_value", 6),
                ("volume_scale", 2),
                ("price_spike", 1),
            ],
        ),
        ("daily/plotly_dash-stock-ticker-demo.csv", &[("constant_column", 8)]),
        ("lean/equity/usa/daily/spy.zip", &[("price_spike", 1)]),
        (
            "lean/equity/usa/daily/aapl.zip",
            &[("level_shift", 5), ("price_scale", 2), ("price_spike", 1)],
        ),
        ("lean/crypto/coinbase/daily/btcusd_trade.zip", &[("price_spike", 2), ("gap", 1)]),
        (
            "lean/forex/oanda/hour/eurusd.zip",
            &[("zero_volume", 74_439), ("constant_column", 2), ("gap", 1)],
        ),
        (
            "messy/yahoo_KS11_high_lt_low.csv",
            &[
                ("high_below_low", 1),
                ("non_finite_price", 1),
                ("missing_value", 2),
                ("price_scale", 1),
            ],
        ),
        ("messy/mt5_EURUSD_M1_nan_warmup.csv", &[("missing_value", 253), ("constant_column", 1)]),
    ] {
        let report = of(&[file], &ReadOptions::default());
        assert_eq!(kinds(&report), expected, "{file}: {report}");
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn places_are_where_the_data_are_wrong() {
    let read = |file: &str| of(&[file], &ReadOptions::default());
    let kospi = read("messy/yahoo_KS11_high_lt_low.csv");
    assert_eq!(
        places(&kospi, "price_scale"),
        [(139, "low 19025.55 is about 10 times its close, 1928.76")]
    );
    let spy = read("lean/equity/usa/daily/spy.zip");
    let high = "high 1441200 is 26% above the closes before and after it, 1148300 and 1127400";
    assert_eq!(places(&spy, "price_spike"), [(1_066, high)]);
    assert_eq!(spy.findings[0].places[0].time.as_deref(), Some("2002-04-02 00:00:00"));
    let aapl = read("lean/equity/usa/daily/aapl.zip");
    let low = "low 253000 is about 1/10 of its close, 2433700";
    assert_eq!(places(&aapl, "price_scale")[0], (3_186, low));
    let days: Vec<&str> = aapl
        .findings
        .iter()
        .filter(|finding| finding.kind == "level_shift")
        .flat_map(|finding| &finding.places)
        .filter_map(|place| place.time.as_deref()?.get(..10))
        .collect();
    // Splits by 2, 2, 7 and 4; on 2000-09-29 it opened at half its price after a warning.
    let splits = ["2000-06-21", "2000-09-29", "2005-02-28", "2014-06-09", "2020-08-31"];
    assert_eq!(days, splits);
    let stocks = read("daily/stocknet_88_long.parquet");
    let rows: Vec<u32> = places(&stocks, "volume_scale").iter().map(|place| place.0).collect();
    assert_eq!(rows, [5_061, 16_686], "AGFS 2015-04-30, BRK-A 2013-07-29");
    let fil = read("intraday/binance_um_FILUSDT_1m_ohlcv.parquet");
    let halt = (558_481, "74 bars the same: close 3.572, volume 0");
    assert_eq!(places(&fil, "stale_run"), [halt], "2024-10-28 20:00 to 21:13");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn numbers_of_series_are_right() {
    let read = |files: &[&str]| of(files, &ReadOptions::default());
    let fil = read(&["intraday/binance_um_FILUSDT_1m_ohlcv.parquet"]);
    let series = &fil.series[0];
    assert_eq!((series.missing_share, series.share), (Some(0.0), 1.0));
    assert_eq!(series.max_gap_ns, 3_600_000_000_000);
    let kraken = read(&["messy/kraken_BTCUSDC_1m_irregular_headerless.csv"]);
    let series = &kraken.series[0];
    assert_eq!(series.longest_step_ns, 88 * 60_000_000_000);
    assert_eq!(series.missing_share, Some(0.562_074_849_628_994_8), "{kraken}");
    let two = read(&["binance/um_1m/*.csv"]);
    assert_eq!(two.series.iter().map(|s| s.share).collect::<Vec<f64>>(), [0.5, 0.5]);
    let stocks = read(&["daily/stocknet_88_long.parquet"]);
    let whole: f64 = stocks.series.iter().map(|s| s.share).sum();
    assert!((whole - 1.0).abs() < 1e-12, "{whole}");
    assert_eq!(stocks.series[0].share, 1_258.0 / 108_592.0);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn files_that_are_there_twice_and_units_between_files() {
    const JANUARY: &str = "binance/spot_1h/BTCUSDT-1h-2025-01.csv";
    let options = ReadOptions::default();
    let months = of(&["binance/spot_1h/BTCUSDT-1h-2024-12.csv", JANUARY], &options);
    assert_eq!(kinds(&months), [("time_unit_jump", 1)]);
    let twice = of(&[JANUARY, JANUARY], &options);
    assert_eq!(kinds(&twice), [("overlap", 1), ("out_of_order", 743), ("duplicate_time", 1)]);
    assert_eq!(places(&twice, "overlap"), [(1, "the file was given twice; name it once")]);
    assert_eq!(twice.errors(), 744, "bars that cannot be used");
    // The spot market's January, and the same hours of a copy under another name.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("BTCUSDT-1h-2025.csv");
    let january = format!("{}/../../../shared/data/{JANUARY}", env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(&january, &copy).unwrap();
    let copied = check(&read(&[january, copy.to_string_lossy().into_owned()], &options).unwrap());
    let place = &copied.findings[0].places[0];
    assert!(place.what.starts_with("its 744 bars are those of "), "{}", place.what);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn ms_since_midnight_are_told_and_read() {
    const FILE: &str = "lean/equity/usa/second/spy/20131007_trade.zip";
    let report = of(&[FILE], &ReadOptions::default());
    assert_eq!(report.errors(), 16_675);
    assert!(report.to_string().contains("csv.ms_of_day = true reads"), "{report}");
    let csv =
        CsvOptions { ms_of_day: true, price_divisor: Some(10_000.0), ..CsvOptions::default() };
    let options =
        ReadOptions { timezone: "America/New_York".into(), csv, ..ReadOptions::default() };
    let report = of(&[FILE], &options);
    assert_eq!((report.errors(), report.rows), (0, 16_675), "{report}");
}

/// Kinds that are found in a file of `../shared/cases`.
fn of_case(file: &str) -> Report {
    of(&[&format!("../cases/{file}")], &ReadOptions::default())
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/cases")]
fn files_of_the_cases_are_told_as_expected() {
    for (file, kind, count) in [
        ("22-copied-future-bars/real_excerpt.csv", "copied_bars", 1),
        ("22-copied-future-bars/synthetic.csv", "copied_bars", 1),
        ("53-negative-prices/CL.csv", "non_positive_price", 2),
        ("57-split-level-shift/4063-T-1d-bad-stock-split.csv", "level_shift", 1),
        ("57-split-level-shift/DEX-AX-1d-bad-stock-split.csv", "level_shift", 1),
        ("57-split-level-shift/SPM-MI-1d-bad-stock-split.csv", "level_shift", 1),
        ("57-split-level-shift/bcan.csv", "level_shift", 1),
        ("57-split-level-shift/split4.csv", "level_shift", 1),
        ("60-open-outside-range/ELCO-L.csv", "open_outside_range", 302),
        ("60-open-outside-range/ELCO-L.csv", "close_outside_range", 7),
    ] {
        let report = of_case(file);
        let found = report.findings.iter().find(|finding| finding.kind == kind);
        assert_eq!(found.map(|finding| finding.count), Some(count), "{file}: {report}");
    }
    for file in ["AET-L-1d-100x-error", "ASAI-L-1h-bad-unit", "pnl"] {
        let report = of_case(&format!("58-hundredfold-errors/{file}.csv"));
        assert!(kinds(&report).iter().any(|(kind, _)| *kind == "price_scale"), "{file}: {report}");
    }
    let oil = of_case("53-negative-prices/CL.csv");
    assert_eq!(oil.errors(), 0, "{oil}");
    for file in ["55-tiny-prices/SHIB.csv", "55-tiny-prices/tiny.csv", "56-huge-prices/BTCIDR.csv"]
    {
        let report = of_case(file);
        assert_eq!(report.errors(), 0, "{file}: {report}");
    }
    let ulp = of_case("60-open-outside-range/ulp.csv");
    let text = ulp.to_string();
    assert!(text.contains("by rounding alone") && text.contains("\"widen\""), "{ulp}");
}

/// Bars of a million minutes as CSV, with or without three columns of a user, which are looked
/// through for leaks.
fn a_million_bars(with_own: bool) -> String {
    use std::fmt::Write;

    let mut text = String::from("time,open,high,low,close,volume");
    text += if with_own { ",mean,z,rate\n" } else { "\n" };
    let (mut price, mut mean) = (100.0_f64, 100.0_f64);
    for row in 0..1_000_000_u64 {
        let noise = (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0;
        let close = price * (0.999 + 0.002 * noise);
        let (high, low) = (price.max(close) * 1.0005, price.min(close) * 0.9995);
        let (time, volume) = (1_600_000_000 + 60 * row, 1.0 + 1_000.0 * noise);
        write!(text, "{time},{price:.4},{high:.4},{low:.4},{close:.4},{volume:.2}").unwrap();
        mean += 0.1 * (close - mean);
        if with_own {
            let z = 100.0 * (close - mean) / mean;
            let rate = 1e-4 * (noise - 0.5) * (row / 480 % 7) as f64;
            write!(text, ",{mean:.4},{z:.5},{rate:.6}").unwrap();
        }
        text.push('\n');
        price = close;
    }
    text
}

/// Measures the check beside reading: `cargo test --test real_files -- --ignored --nocapture`.
#[test]
#[ignore = "it measures"]
#[expect(clippy::disallowed_methods, reason = "it tells the speed")]
fn looking_costs_little() {
    use std::time::Instant;

    let folder = tempfile::tempdir().unwrap();
    let options = ReadOptions::default();
    for with_own in [false, true] {
        let (csv, parquet) = (folder.path().join("x.csv"), folder.path().join("x.parquet"));
        std::fs::write(&csv, a_million_bars(with_own)).unwrap();
        let csv = csv.to_string_lossy().into_owned();
        let bars = read(std::slice::from_ref(&csv), &options).unwrap();
        let loaded = bars.into_series(barloom_market_data::OnBadBar::Error).unwrap();
        let table = barloom_market_data::to_table(&loaded.series).unwrap();
        let file = std::fs::File::create(&parquet).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, table.schema(), None).unwrap();
        writer.write(&table).unwrap();
        writer.close().unwrap();
        for file in [csv, parquet.to_string_lossy().into_owned()] {
            let fastest = |work: &dyn Fn()| {
                let time = |_| {
                    let start = Instant::now();
                    work();
                    start.elapsed().as_secs_f64()
                };
                (0..7).map(time).fold(f64::INFINITY, f64::min)
            };
            let bars = read(std::slice::from_ref(&file), &options).unwrap();
            let reading = fastest(&|| drop(read(std::slice::from_ref(&file), &options).unwrap()));
            let looking = fastest(&|| drop(check(&bars)));
            println!(
                "{}, {}: read in {:.1} ms, looked at in {:.1} ms, {:.1}%",
                file.rsplit('.').next().unwrap_or_default(),
                if with_own { "three own columns" } else { "no own column" },
                1e3 * reading,
                1e3 * looking,
                100.0 * looking / reading
            );
        }
    }
}
