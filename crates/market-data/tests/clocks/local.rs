//! Local times: hours that clocks show twice or never, and times that name no zone.

use super::*;

#[test]
fn hours_that_clocks_show_twice_are_told_apart_by_the_order_of_rows() {
    // 01:00 is there twice.
    let hours: Vec<i64> = (0..10).chain(9..23).collect();
    let local = local_hours("2024-11-02 16:00", &hours);
    let expected: Vec<i64> = (0..24).map(|i| at("2024-11-02 20:00") + i * HOUR).collect();
    let options = in_zone("America/New_York");
    let bars = read(&text(local.clone()), &options);
    let report = check(&bars);
    assert_eq!(report.errors(), 0, "{report}");
    let told = "A.csv: 2 local times occur twice in America/New_York, as clocks were put back; the \
                order of rows tells which is meant (first: line 11, 2024-11-03 01:00:00)";
    assert_eq!(notes(&report, "twice"), [told]);
    assert_eq!(series(&text(local.clone()), &options).ts(), expected);
    // Newest first, and in a table in memory where two symbols take turns.
    let mut rows: Vec<String> = text(local.clone()).lines().map(str::to_owned).collect();
    rows[1..].reverse();
    assert_eq!(series(&rows.join("\n"), &options).ts(), expected);
    let times: Vec<i64> =
        hours.iter().flat_map(|hour| [at("2024-11-02 16:00") + hour * HOUR; 2]).collect();
    let n = times.len();
    let prices: ArrayRef = Arc::new(Float64Array::from(vec![100.0; n]));
    let symbols: Vec<&str> = ["A", "B"].into_iter().cycle().take(n).collect();
    let batch = RecordBatch::try_from_iter([
        ("ts", Arc::new(TimestampNanosecondArray::from(times)) as ArrayRef),
        ("symbol", Arc::new(StringArray::from(symbols))),
        ("open", prices.clone()),
        ("high", prices.clone()),
        ("low", prices.clone()),
        ("close", prices),
    ])
    .unwrap();
    let table = MemoryTable { name: "T".into(), schema: batch.schema(), batches: vec![batch] };
    let loaded = read_tables(&[table], &options).unwrap().into_series(OnBadBar::Error).unwrap();
    assert!(loaded.series.iter().all(|series| series.ts() == expected));
    assert_eq!(loaded.series.len(), 2);
}

#[test]
fn local_times_that_do_not_exist_move_to_the_next_that_does() {
    // Clocks in Sao Paulo were put forward at midnight.
    let days = ["2018-11-03 00:00", "2018-11-04 00:00", "2018-11-05 00:00"];
    let local = days.map(|day| shown(at(day)).replace('T', " "));
    let options = in_zone("America/Sao_Paulo");
    let report = check(&read(&text(local.clone()), &options));
    assert_eq!(report.errors(), 0, "{report}");
    let told = "A.csv: 1 local time does not exist in America/Sao_Paulo, as clocks were put forward; \
                moved to the next time that exists (first: line 3, 2018-11-04 00:00:00, read as \
                2018-11-04 03:00:00 UTC)";
    assert_eq!(notes(&report, "does not exist"), [told]);
    let expected = ["2018-11-03 03:00", "2018-11-04 03:00", "2018-11-05 02:00"].map(at);
    assert_eq!(series(&text(local), &options).ts(), expected);
    // Two hours that are one instant are an error as all repeated times are.
    let hours = local_hours("2024-03-10 01:00", &[0, 1, 2, 3]);
    let report = check(&read(&text(hours), &in_zone("America/New_York")));
    assert_eq!(report.errors(), 1, "{report}");
}

#[test]
fn times_that_name_no_zone_are_told_once_a_file() {
    let local = text(local_hours("2024-01-02 00:00", &[0, 1, 2]));
    let naive = |text: &str, options: &ReadOptions| {
        notes(&check(&read(text, options)), "have no time zone").len()
    };
    assert_eq!(naive(&local, &ReadOptions::default()), 1);
    assert_eq!(naive(&local, &in_zone("Europe/Berlin")), 0);
    assert_eq!(naive(&in_utc([0, HOUR]), &ReadOptions::default()), 0);
    // Standard time in New York the whole year, without clocks that change.
    let est = series(&text(local_hours("2018-07-01 00:00", &[0, 1])), &in_zone("EST"));
    assert_eq!(est.ts()[0], at("2018-07-01 05:00"));
}

#[test]
fn a_name_that_says_utc_is_no_local_time() {
    let new_york = ReadOptions { timezone: "America/New_York".into(), ..ReadOptions::default() };
    for name in ["Gmt time", "Datetime (UTC)", "utc", "time_utc"] {
        let text = with_times(name, &["2024-01-02 14:30", "2024-01-02 14:31"]);
        let bars = read(&text, &new_york);
        assert!(check(&bars).notes.iter().all(|note| !note.contains("time zone")), "{name}");
        let loaded = bars.into_series(OnBadBar::Error).unwrap();
        assert_eq!(loaded.series[0].ts()[0], at("2024-01-02 14:30"), "{name}");
    }
}

#[test]
fn copies_in_the_hour_that_occurs_twice_are_copies() {
    let options = ReadOptions {
        timezone: "America/New_York".into(),
        on_duplicate: OnDuplicate::First,
        ..ReadOptions::default()
    };
    let rows = ["01:00", "01:00", "01:30", "01:30", "01:00", "01:00", "01:30", "02:00"];
    let times: Vec<String> = rows.iter().map(|time| format!("2024-11-03 {time}")).collect();
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    let series = series(&with_times("time", &times), &options);
    let expected = ["05:00", "05:30", "06:00", "06:30", "07:00"];
    let expected: Vec<i64> =
        expected.iter().map(|time| at(&format!("2024-11-03 {time}"))).collect();
    assert_eq!(series.ts(), expected);
}

#[test]
fn times_that_do_not_exist_beside_those_that_do_are_of_another_zone() {
    let options = ReadOptions {
        timezone: "America/New_York".into(),
        on_duplicate: OnDuplicate::First,
        ..ReadOptions::default()
    };
    let text = with_times("time", &["2024-03-10 01:30", "2024-03-10 02:30", "2024-03-10 03:00"]);
    let error = read_bytes("A.csv", text.as_bytes(), &options).unwrap_err().to_string();
    assert!(error.contains("another zone") && error.contains("line 3"), "{error}");
}
