//! Columns that know later bars are found, in generated and real bars, and no others.

mod columns;

use barloom_doctor::{Report, Severity, check};
use barloom_market_data::{CsvOptions, OnBadBar, ReadOptions, read, read_bytes};
use columns::{Columns, MARKETS, PLAIN, Prices, Random, leaks, over, sound, standardised};

const KINDS: [&str; 3] = ["leak_copy", "leak_correlation", "leak_scaler"];

fn judged(prices: &Prices, columns: &[(&'static str, Vec<f64>)]) -> Report {
    let text = prices.text(columns);
    check(&read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).unwrap())
}

/// Suspicions of leaks: kind, and what is said.
fn suspicions(report: &Report) -> Vec<(&str, &str)> {
    let findings = report.findings.iter().filter(|f| KINDS.contains(&f.kind.as_str()));
    findings
        .inspect(|finding| assert_eq!(finding.severity, Severity::Warning))
        .flat_map(|f| f.places.iter().map(|place| (f.kind.as_str(), place.what.as_str())))
        .collect()
}

/// The columns that know later bars and are not found as the kind that they are.
fn missed(prices: &Prices) -> Vec<String> {
    let mut missed = Vec::new();
    for some in leaks(prices).chunks(8) {
        let columns: Columns =
            some.iter().map(|(name, _, values)| (*name, values.clone())).collect();
        let report = judged(prices, &columns);
        let found = suspicions(&report);
        assert!(found.len() <= some.len(), "a column is reported once: {found:?}");
        for (name, kind, _) in some {
            let says = |what: &str| what.split([' ', '\'']).any(|word| word == *name);
            if !found.iter().any(|(of, what)| of == kind && says(what)) {
                missed.push(format!("{name} as {kind}"));
            }
        }
    }
    missed
}

#[test]
fn columns_that_know_later_bars_are_found_in_eight_markets() {
    for (at, market) in MARKETS.into_iter().enumerate() {
        let missed = missed(&market.prices(17 + at as u64));
        assert_eq!(missed, [""; 0], "market {at}");
    }
}

#[test]
fn sound_columns_of_eight_markets_are_not() {
    for (at, market) in MARKETS.into_iter().enumerate() {
        for seed in [5, 6] {
            let prices = market.prices(100 * seed + at as u64);
            let report = judged(&prices, &sound(&prices, seed));
            assert_eq!(suspicions(&report), [], "market {at}, seed {seed}");
        }
    }
}

/// Files with which twelve real markets are read, and their options.
fn real_files() -> Vec<(&'static str, ReadOptions)> {
    let plain = ReadOptions::default;
    let lean = || ReadOptions {
        csv: CsvOptions { price_divisor: Some(10_000.0), ..CsvOptions::default() },
        timezone: "America/New_York".into(),
        ..ReadOptions::default()
    };
    vec![
        ("binance/spot_1h/BTCUSDT-1h-2025-01.csv", plain()),
        ("binance/um_1m/FILUSDT-1m-2023-09.csv", plain()),
        ("binance/um_1m/NEARUSDT-1m-2023-09.csv", plain()),
        ("binance/um_5m/BTCUSDT-5m-2025-01.csv", plain()),
        ("binance/um_5m/1000PEPEUSDT-5m-2025-01.csv", plain()),
        ("intraday/dawsh2_SPY_1m.parquet", plain()),
        ("intraday/ejtrader_USDCADh1.csv", plain()),
        ("intraday/backtesting_EURUSD_1h.csv", plain()),
        ("daily/arch_sp500.csv.gz", plain()),
        ("daily/stocknet_raw/AAPL.csv", plain()),
        ("lean/equity/usa/hour/spy.zip", lean()),
        ("messy/kraken_BTCUSDC_1m_irregular_headerless.csv", plain()),
    ]
}

/// The prices of a file, the first rows of a long one.
fn real(file: &str, options: &ReadOptions) -> Prices {
    let path = format!("{}/../../../shared/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let bars = read(&[path], options).unwrap();
    assert_eq!(suspicions(&check(&bars)), [], "{file} as it is");
    let loaded = bars.into_series(OnBadBar::Drop).unwrap();
    let series = &loaded.series[0];
    let rows = series.len().min(20_000);
    let column = |name: &str| series.column(name).unwrap()[..rows].to_vec();
    Prices {
        time: series.ts()[..rows].iter().map(|ns| ns / 1_000_000_000).collect(),
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn sound_columns_of_twelve_real_files_are_not() {
    for (file, options) in real_files() {
        let prices = real(file, &options);
        let report = judged(&prices, &sound(&prices, 3));
        assert_eq!(suspicions(&report), [], "{file}");
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn columns_that_know_later_bars_are_found_in_real_files() {
    for (file, options) in real_files() {
        assert_eq!(missed(&real(file, &options)), [""; 0], "{file}");
    }
}

#[test]
fn what_is_said_has_the_evidence_and_the_remedy() {
    let prices = PLAIN.prices(1);
    let returns = over(&prices.close, 0, 1, |window| window[1] / window[0] - 1.0);
    let noise: Vec<f64> = {
        let mut random = Random(2);
        returns.iter().map(|value| value + 0.01 * random.normal()).collect()
    };
    let columns = vec![
        ("target", returns.clone()),
        ("later", over(&prices.high, 0, 3, |window| window[3])),
        ("guess", noise),
        ("scaled", standardised(&over(&prices.close, 1, 0, |window| window[1] - window[0]))),
    ];
    let report = judged(&prices, &columns);
    let said = suspicions(&report);
    assert_eq!(
        said[0],
        (
            "leak_copy",
            "target is the return of close of 1 bar later in 3999 of 3999 rows that tell"
        )
    );
    assert_eq!(
        said[1],
        ("leak_copy", "later is the high of 3 bars later in 3997 of 3997 rows that tell")
    );
    let (kind, guess) = said[2];
    assert!(
        kind == "leak_correlation" && guess.starts_with("guess has a correlation of 0.7"),
        "{guess}"
    );
    assert!(
        guess.contains("with the return of the next bar in 3999 rows (chance gives up to 0.09; "),
        "{guess}"
    );
    let (kind, scaled) = said[3];
    assert!(
        kind == "leak_scaler"
            && scaled.contains("a standard deviation of 1.000000000 over 4000 rows"),
        "{scaled}"
    );
    let text = report.to_string();
    for remedy in ["Shift them back", "Look for shift(-1)", "Store them unscaled"] {
        assert!(text.contains(remedy), "{text}");
    }
    assert_eq!(report.findings.len(), 4, "and the missing values");
}

/// A scaler that was fitted on all symbols together, on each, and on one of several files.
#[test]
fn scalers_of_all_symbols_and_of_a_file_are_found() {
    let two = [PLAIN.prices(3), PLAIN.prices(4)];
    let changes = |prices: &Prices| over(&prices.close, 1, 0, |window| window[1] - window[0]);
    let (one, other) = (changes(&two[0]), changes(&two[1]));
    let both = standardised(&[one.clone(), other.iter().map(|v| 3.0 * v + 0.5).collect()].concat());
    let symbols = |parts: [&[f64]; 2]| {
        let mut text = String::from("time,symbol,open,high,low,close,scaled\n");
        for (at, prices) in two.iter().enumerate() {
            let lines = prices.text(&[("scaled", parts[at].to_vec())]);
            for line in lines.lines().skip(1) {
                let (time, rest) = line.split_once(',').unwrap();
                text += &format!("{time},S{at},{rest}\n");
            }
        }
        check(&read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).unwrap())
    };
    let together = symbols([&both[..4_000], &both[4_000..]]);
    let said = suspicions(&together);
    assert!(said.len() == 1 && said[0].1.ends_with("over all rows of 2 symbols"), "{said:?}");
    let each = symbols([&standardised(&one), &standardised(&other)]);
    let said = suspicions(&each);
    assert!(
        said.len() == 2 && said.iter().all(|(_, what)| what.ends_with("over 4000 rows")),
        "{said:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let scaled = standardised(&one[..2_000]).into_iter().chain(one[2_000..].to_vec()).collect();
    let text = two[0].text(&[("scaled", scaled)]);
    let lines: Vec<&str> = text.lines().collect();
    let mut paths = Vec::new();
    for (name, rows) in [("X-2024-01-01.csv", 1..2_001), ("X-2024-03-24.csv", 2_001..4_001)] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{}\n{}\n", lines[0], lines[rows].join("\n"))).unwrap();
        paths.push(path.to_string_lossy().into_owned());
    }
    let report = check(&read(&paths, &ReadOptions::default()).unwrap());
    let said = suspicions(&report);
    assert!(said.len() == 1 && said[0].1.ends_with("over 2000 rows"), "{said:?}");
}

#[test]
fn few_rows_and_rows_in_another_order_say_nothing() {
    let mut prices = columns::Market { rows: 59, ..PLAIN }.prices(5);
    let next = |prices: &Prices| over(&prices.close, 0, 1, |window| window[1]);
    assert_eq!(suspicions(&judged(&prices, &[("next", next(&prices))])), []);
    prices = columns::Market { rows: 61, ..PLAIN }.prices(5);
    assert_eq!(suspicions(&judged(&prices, &[("next", next(&prices))])).len(), 1);
    prices.time[30] -= 7_200;
    let report = judged(&prices, &[("next", next(&prices))]);
    assert_eq!((suspicions(&report).len(), report.errors()), (0, 1), "{report}");
}
