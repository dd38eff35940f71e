//! What is wrong with bars: told by the doctor, refused, or dropped.

use barloom_market_data::{Bars, ErrorKind, OnBadBar, ReadOptions, Report, Severity, read_bytes};

const MINUTE: i64 = 60_000_000_000;

/// One row of each kind of fault among good ones; line numbers from 2.
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
    let report = bars(FAULTS).check();
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
    let warnings = ["zero_volume", "gap", "time_unit_jump"];
    for finding in &report.findings {
        let warning = finding.severity == Severity::Warning;
        assert_eq!(warning, warnings.contains(&finding.kind.as_str()), "{}", finding.kind);
    }
    assert_eq!((report.rows, report.errors()), (16, 11));
    assert_eq!(report.series[0].median_step_ns, MINUTE);
    let place = &report.findings.iter().find(|f| f.kind == "high_below_low").unwrap().places[0];
    assert_eq!((place.file.as_str(), place.symbol.as_str()), ("x.csv", "x"));
    assert_eq!(place.time.as_deref(), Some("2023-11-14 22:17:20"));
    assert!(report.to_string().contains("x.csv:6"), "{report}");
}

#[test]
fn bad_bars_are_refused_with_their_place_and_number() {
    let error = bars(FAULTS).into_series(OnBadBar::Error).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    let message = error.to_string();
    for words in ["x.csv, line 3", "infinite", "11 such bars", "on_bad_bar = \"drop\""] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn dropped_bars_are_counted_and_leave_breaks() {
    let loaded = bars(FAULTS).into_series(OnBadBar::Drop).unwrap();
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

#[test]
fn only_ten_places_are_shown_and_all_are_counted() {
    let mut text = String::from("ts,open,high,low,close,volume\n");
    for i in 0..25 {
        text += &format!("{},10,12,9,11,0\n", 1_700_000_000 + i * 60);
    }
    let report = bars(&text).check();
    assert_eq!((report.findings[0].count, report.findings[0].places.len()), (25, 10));
    assert_eq!(report.errors(), 0);
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
    assert_eq!(loaded.notes.len(), 1);
    assert!(loaded.series[0].ts().is_sorted());
    assert!(bars(&text(&[5, 3, 4])).into_series(OnBadBar::Error).is_err());
    assert!(bars(&text(&[5, 5, 4])).into_series(OnBadBar::Error).is_err());
}
