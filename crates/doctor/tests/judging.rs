//! Faults of bars, as the doctor reports them.

use barloom_doctor::{Report, Severity, check};
use barloom_market_data::{Bars, Joined, OnBadBar, ReadOptions, read, read_bytes};

const MINUTE: i64 = 60_000_000_000;

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

/// Lines at which a kind was found.
fn lines(report: &Report, kind: &str) -> Vec<u32> {
    let finding = report.findings.iter().find(|f| f.kind == kind);
    finding.map_or(vec![], |f| f.places.iter().map(|p| p.row).collect())
}

#[test]
fn every_kind_is_found_at_its_line() {
    let report = check(&bars(FAULTS));
    for (kind, expected) in [
        ("non_finite_price", &[3, 14][..]),
        ("non_positive_price", &[4]),
        ("price_outside_f32", &[5]),
        ("high_below_low", &[6]),
        ("open_outside_range", &[7]),
        ("close_outside_range", &[8]),
        ("bad_volume", &[9]),
        ("zero_volume", &[10]),
        ("duplicate_time", &[11]),
        ("out_of_order", &[12]),
        ("no_time", &[13]),
        ("gap", &[16]),
        ("time_unit_jump", &[17]),
    ] {
        assert_eq!(lines(&report, kind), expected, "{kind}");
    }
    let warnings = ["non_positive_price", "zero_volume", "gap", "time_unit_jump"];
    for finding in &report.findings {
        let warning = finding.severity == Severity::Warning;
        assert_eq!(warning, warnings.contains(&finding.kind.as_str()), "{}", finding.kind);
    }
    assert_eq!((report.rows, report.errors()), (16, 10));
    assert_eq!(report.series[0].median_step_ns, MINUTE);
    let place = &report.findings.iter().find(|f| f.kind == "high_below_low").unwrap().places[0];
    assert_eq!((place.file.as_str(), place.symbol.as_str()), ("x.csv", "x"));
    assert_eq!(place.time.as_deref(), Some("2023-11-14 22:17:20"));
    assert!(report.to_string().contains("x.csv:6"), "{report}");
}

/// A download that broke off.
#[test]
fn a_last_line_that_is_cut_is_told() {
    let row = |i: usize| format!("{},10.25,11.50,9.75,10.50,1{:03}\n", 1_700_000_000 + 60 * i, i);
    let text = format!("time,open,high,low,close,volume\n{}", (0..99).map(row).collect::<String>());
    let cut_at = |bytes: usize| {
        let text = &text[..text.len() - bytes];
        read_bytes("x.csv", text.as_bytes(), &ReadOptions::default()).map(|bars| check(&bars))
    };
    assert!(cut_at(1).unwrap().findings.is_empty(), "all but its end is there");
    for bytes in [7, 10, 20, 30, 35] {
        let error = cut_at(bytes).unwrap_err().to_string();
        assert!(error.contains("x.csv: line 100, the last, is cut"), "{bytes}: {error}");
    }
    let missing = cut_at(5).unwrap();
    assert_eq!((lines(&missing, "cut_row"), missing.errors()), (vec![100], 0), "{missing}");
    let row = |i: usize| format!("{},10.25,11.50,9.75,10.50,1.1{:03}\n", 1_700_000_000 + 60 * i, i);
    let text: String = (0..99).map(row).collect();
    let report = check(&bars(&text[..text.len() - 2]));
    assert_eq!(lines(&report, "cut_row"), [99], "{report}");
}

#[test]
fn only_ten_places_are_shown_and_all_are_counted() {
    let mut text = String::from("ts,open,high,low,close,volume\n");
    for i in 0..25 {
        text += &format!("{},10,12,9,11,0\n", 1_700_000_000 + i * 60);
    }
    let report = check(&bars(&text));
    assert_eq!((report.findings[0].count, report.findings[0].places.len()), (25, 10));
    assert_eq!(report.errors(), 0);
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
fn files_joined_by_a_number_that_is_no_date_are_told() {
    let names = |joined: &[Joined]| -> Vec<(String, usize)> {
        joined.iter().map(|j| (j.symbol.clone(), j.files.len())).collect()
    };
    let told = read_days("joined", &[("asset_1.csv", 10), ("asset_2.csv", 16)]);
    let report = check(&told);
    assert_eq!(names(&report.joined), [("asset".to_owned(), 2)]);
    let text = report.to_string();
    assert!(text.contains("joined  asset: 2 files (") && text.contains("asset_2.csv)"), "{text}");
    assert_eq!(lines(&report, "price_jump"), [2]);
    assert_eq!(names(&told.into_series(OnBadBar::Error).unwrap().joined).len(), 1);

    let parts = [("bars-00000.csv", 10), ("bars-00001.csv", 15), ("bars-00002.csv", 10)];
    let report = check(&read_days("parts", &parts));
    assert_eq!((report.series.len(), report.joined.len()), (1, 1));
    assert_eq!(lines(&report, "price_jump"), [0_u32; 0], "by half at most");

    let months = [("BTC-1h-2024-01-01.csv", 10), ("BTC-1h-2024-01-02.csv", 6)];
    let report = check(&read_days("months", &months));
    assert_eq!((report.series.len(), report.joined.len()), (1, 0));
    assert_eq!(lines(&report, "price_jump"), [2]);

    let stocks = check(&read_days("stocks", &[("7203.csv", 10), ("6758.csv", 20)]));
    let symbols: Vec<&str> = stocks.series.iter().map(|s| s.symbol.as_str()).collect();
    assert_eq!((symbols, stocks.joined.len()), (vec!["7203", "6758"], 0));
}

#[test]
fn epochs_before_1973_are_told() {
    let text = "time,open,high,low,close\n0,10,12,9,11\n60,10,12,9,11\n";
    let report = check(&bars(text));
    assert_eq!(lines(&report, "early_time"), [2, 3]);
    // As they are no times, what is made of them would be in any order and of any length.
    let error = bars(text).into_series(OnBadBar::Drop).unwrap_err().to_string();
    assert!(error.contains("line 2: its time is a number that says a time before 1973"), "{error}");
    let text = "time,open,high,low,close\n1962-01-02,10,12,9,11\n";
    assert_eq!(lines(&check(&bars(text)), "early_time"), [0_u32; 0]);
}

#[test]
fn a_missing_volume_is_noted() {
    let text = "time,open,high,low,close\n1700000000,10,12,9,11\n";
    let report = check(&bars(text));
    assert!(report.notes[0].contains("x has no volume column"), "{:?}", report.notes);
    assert!(report.to_string().starts_with("1 bar of 1 symbol in 1 file\n"), "{report}");
    assert!(check(&bars(FAULTS)).notes.is_empty());
}
