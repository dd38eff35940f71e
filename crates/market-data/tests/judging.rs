//! Faults of bars: refused, dropped, or mended.

use barloom_market_data::{Bars, ErrorKind, OnBadBar, ReadOptions, read, read_bytes};

/// A row of each kind of fault among good ones; line numbers from 2.
const FAULTS: &str = "ts,open,high,low,close,volume\n\
    1700000000,10,12,9,11,5\n\
    1700000060,10,inf,9,11,5\n\
    1700000120,10,12,0,11,5\n\
    1700000180,10,12,1e-42,11,5\n\
    1700000240,10,9,12,11,5\n\
    1700000300,13,12,9,11,5\n\
    1700000360,10,12,9,13,5\n\
    1700000420,10,12,9,11,-5\n\
    1700000480,10,12,9,11,0\n\
    1700000480,10,12,9,11,5\n\
    1700000060,10,12,9,11,5\n\
    ,10,12,9,11,5\n\
    1700000540,,12,9,11,5\n\
    1700000600,10,12,9,11,5\n\
    1701000000,10,12,9,11,5\n\
    1701000060000,10,12,9,11,5\n";

fn bars(text: &str) -> Bars {
    read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).unwrap()
}

#[test]
fn bad_bars_are_refused_with_their_place_and_number() {
    let error = bars(FAULTS).into_market_series(OnBadBar::Error).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    let message = error.to_string();
    for words in
        ["x.csv, line 3", "infinite", "11 such bars", "on_bad_bar = \"drop\"", "log_return"]
    {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn dropped_bars_are_counted_and_leave_breaks() {
    let loaded = bars(FAULTS).into_market_series(OnBadBar::Drop).unwrap();
    assert_eq!(loaded.dropped.values().sum::<u64>(), 11);
    assert_eq!(loaded.dropped.get("duplicate_time"), Some(&1));
    let series = &loaded.series[0];
    let seconds: Vec<i64> = series.ts().iter().map(|t| t / 1_000_000_000).collect();
    assert_eq!(
        seconds,
        [1_700_000_000, 1_700_000_480, 1_700_000_600, 1_701_000_000, 1_701_000_060]
    );
    assert_eq!(series.breaks(), [1, 2], "before the bars that follow dropped ones");
}

/// Prices below zero are what was traded: oil on 2020-04-20, and spreads.
#[test]
fn readings_below_zero_are_series_and_no_market() {
    let text = "date,open,high,low,close\n2020-04-17,18.5,19.1,18,18.27\n\
                2020-04-20,17.73,17.85,-40.32,-37.63\n2020-04-21,-14,13.86,-16.74,10.01\n";
    let loaded = bars(text).into_series(OnBadBar::Error).unwrap();
    assert_eq!(loaded.series[0].column("close"), Some(&[18.27, -37.63, 10.01][..]));
    let dropped = bars(text).into_series(OnBadBar::Drop).unwrap();
    assert_eq!((dropped.series[0].len(), dropped.dropped.len()), (3, 0));
    let error = bars(text).into_market_series(OnBadBar::Error).unwrap_err().to_string();
    for words in ["x.csv, line 3", "zero or negative", "2 such bars", "reward", "last_close"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    let dropped = bars(text).into_market_series(OnBadBar::Drop).unwrap();
    assert_eq!((dropped.series[0].len(), dropped.dropped["non_positive_price"]), (1, 2));
}

#[test]
fn opens_and_closes_outside_the_range_are_widened_and_counted() {
    let text = "date,open,high,low,close,volume\n2024-01-02,100.00000000000001,100,99,99.5,1\n\
                2024-01-03,98,101,99,102,2\n2024-01-04,100,101,99,100,3\n";
    let loaded = bars(text).into_market_series(OnBadBar::Widen).unwrap();
    let series = &loaded.series[0];
    assert_eq!((loaded.widened, series.len(), loaded.dropped.len()), (2, 3, 0));
    assert_eq!(series.column("high"), Some(&[100.000_000_000_000_01, 102.0, 101.0][..]));
    assert_eq!(series.column("low"), Some(&[99.0, 98.0, 99.0][..]));
    let is_told = |note: &String| {
        note.starts_with("2 bars were widened")
            && note.contains("1 of them by more than rounding, by 0.990%")
    };
    assert!(loaded.notes.iter().any(is_told), "{:?}", loaded.notes);
    let error = bars(text).into_series(OnBadBar::Error).unwrap_err().to_string();
    assert!(error.contains("by rounding alone") && error.contains("\"widen\""), "{error}");
    // Other faults are not mended, and widening hides none.
    for bad in ["100,98,99,100,1", "98,101,99,,1", "98,101,99,102,-1", "98,inf,99,102,1"] {
        let text = format!("{text}2024-01-05,{bad}\n");
        let error = bars(&text).into_series(OnBadBar::Widen).unwrap_err().to_string();
        assert!(error.contains("line 5") && error.contains("1 such bars"), "{bad}: {error}");
    }
}

#[test]
fn a_series_without_a_usable_bar_is_an_error_even_when_dropping() {
    let text = "ts,open,high,low,close\n1700000000,10,9,12,11\n";
    let error = bars(text).into_series(OnBadBar::Drop).unwrap_err();
    assert!(error.to_string().contains("no usable bar"), "{error}");
}

#[test]
fn newest_first_is_turned_round_but_a_muddle_is_not() {
    let row = |t: u32| format!("2024-01-{t:02},10,12,9,11\n");
    let text = |days: &[u32]| {
        String::from("date,open,high,low,close\n")
            + &days.iter().map(|d| row(*d)).collect::<String>()
    };
    let loaded = bars(&text(&[5, 4, 3])).into_series(OnBadBar::Error).unwrap();
    let turned = loaded.notes.iter().filter(|note| note.contains("turned round"));
    assert_eq!(turned.count(), 1);
    assert!(loaded.series[0].ts().is_sorted());
    assert!(bars(&text(&[5, 3, 4])).into_series(OnBadBar::Error).is_err());
    assert!(bars(&text(&[5, 5, 4])).into_series(OnBadBar::Error).is_err());
}

/// Writes files of one bar each, on days that follow each other, and reads them together.
fn read_days(test: &str, files: &[(&str, u32)]) -> Bars {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut paths = Vec::new();
    for (day, (name, price)) in files.iter().enumerate() {
        let path = folder.join(name);
        let text = format!(
            "date,open,high,low,close\n2024-01-{:02},{price},{price},{price},{price}\n",
            day + 1
        );
        std::fs::write(&path, text).unwrap();
        paths.push(path.to_string_lossy().into_owned());
    }
    read(&paths, &ReadOptions::default()).unwrap()
}

#[test]
fn numbered_files_are_parted_and_contracts_are_not_joined() {
    let load = |test: &str, files: &[&str]| {
        let files: Vec<(&str, u32)> = files.iter().map(|file| (*file, 10)).collect();
        read_days(test, &files).into_series(OnBadBar::Drop).unwrap().series
    };
    let series = load("parted", &["asset_1.csv", "asset_2.csv", "asset_2_2024.csv"]);
    assert_eq!((series.len(), series[0].breaks()), (1, &[1][..]));
    let series = load("days", &["x_20240101.csv", "x_20240102.csv"]);
    assert_eq!((series.len(), series[0].breaks().len()), (1, 0), "their dates are their periods");
    let contracts =
        ["BTCUSDT_240329-1m-2024-01.csv", "BTCUSDT_240628-1m-2024-01.csv", "ES-202403.csv"];
    let series = load("contracts", &[&contracts[..], &["ES-202406.csv"]].concat());
    let symbols: Vec<&str> = series.iter().map(barloom_bars::Series::symbol).collect();
    assert_eq!(symbols, ["BTCUSDT_240329", "BTCUSDT_240628", "ES-202403", "ES-202406"]);
}

#[test]
fn a_seam_among_dropped_bars_is_a_break_once() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("seam");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let row = |day: u32, high: u32| format!("2024-01-{day:02},10,{high},9,10\n");
    let mut paths = Vec::new();
    for (name, rows) in [
        ("x-1.csv", row(1, 12) + &row(2, 12) + &row(3, 1)),
        ("x-2.csv", row(4, 1) + &row(5, 12)),
        ("x-3.csv", row(6, 12)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, format!("date,open,high,low,close\n{rows}")).unwrap();
        paths.push(path.to_string_lossy().into_owned());
    }
    let bars = read(&paths, &ReadOptions::default()).unwrap();
    let series = bars.into_series(OnBadBar::Drop).unwrap().series;
    assert_eq!((series[0].len(), series[0].breaks()), (4, &[2, 3][..]));
}

#[test]
fn columns_are_found_in_any_spelling_and_all_are_listed() {
    let text = "Date,Open,High,Low,Close,Adj Close,Funding,Note\n2024-01-02,10,12,9,11,10.5,1,x\n";
    let wanted = |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).into()).collect() };
    let find = |names: &[&str]| {
        let options = ReadOptions { columns: Some(wanted(names)), ..ReadOptions::default() };
        read_bytes("x.csv", text.as_bytes(), &options).unwrap().find_columns(&wanted(names))
    };
    assert_eq!(find(&["close", "Adj Close"]).unwrap(), ["close", "adj_close"]);
    let error = find(&["Adjusted Close"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    let message = error.to_string();
    for words in [
        "no column Adjusted Close",
        "it has open, high, low, close, adj_close, funding;",
        "did you mean adj_close?",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
    let message = find(&["volume"]).unwrap_err().to_string();
    assert!(message.contains("no column volume") && !message.contains("did you"), "{message}");
}
