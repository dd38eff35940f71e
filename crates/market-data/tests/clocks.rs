//! Times and the lengths of bars: local times, days that begin at some hour, repeated times.
//!
//! Values were worked out by pandas (`groupby` of local dates) from bars of the same formula.

#[path = "clocks/local.rs"]
mod local;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use barloom_bars::{Column, Market, MaxGap, Series};
use barloom_doctor::{Report, check};
use barloom_market_data::{
    Aggregate, Bars, MemoryTable, OnBadBar, OnDuplicate, ReadOptions, Stamp, read_bytes,
    read_tables,
};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// ns since 1970 of `2024-01-31 14:30`.
fn at(text: &str) -> i64 {
    let parts: Vec<i64> = text.split(['-', ' ', ':']).map(|part| part.parse().unwrap()).collect();
    let [year, month, day, hour, minute] = parts[..] else { panic!("{text}") };
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    ((days * 24 + hour) * 60 + minute) * (HOUR / 60)
}

/// `2024-01-31T14:30:00` of ns since 1970.
fn shown(ns: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(ns.into()).unwrap();
    let (date, clock) = (time.date(), time.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:00", clock.hour(), clock.minute())
}

/// The bars at these times as text: bar i has an open, a close and a volume that i alone says.
fn text(times: impl IntoIterator<Item = String>) -> String {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for (i, time) in times.into_iter().enumerate() {
        let open = 100.0 + (i * 7 % 13) as f64 * 0.25;
        let close = 100.0 + (i * 5 % 11) as f64 * 0.25;
        let (high, low) = (open.max(close) + 0.5, open.min(close) - 0.5);
        text += &format!("{time},{open},{high},{low},{close},{}\n", i % 17 + 1);
    }
    text
}

fn in_utc(times: impl IntoIterator<Item = i64>) -> String {
    text(times.into_iter().map(|ns| shown(ns) + "Z"))
}

fn read(text: &str, options: &ReadOptions) -> Bars {
    read_bytes("A.csv", text.as_bytes(), options).unwrap()
}

fn series(text: &str, options: &ReadOptions) -> Series {
    read(text, options).into_series(OnBadBar::Error).unwrap().series.remove(0)
}

fn to(spec: &str, anchor: Option<&str>) -> ReadOptions {
    let anchor = anchor.map(|anchor| anchor.parse().unwrap());
    let aggregate = Some(Aggregate { anchor, ..Aggregate::new(spec.parse().unwrap()) });
    ReadOptions { aggregate, ..ReadOptions::default() }
}

fn in_zone(name: &str) -> ReadOptions {
    ReadOptions { timezone: name.into(), ..ReadOptions::default() }
}

/// A bar: when it opens, UTC; open, high, low, close, volume.
type Row = (&'static str, f64, f64, f64, f64, f64);

fn assert_bars(series: &Series, expected: &[Row]) {
    let times: Vec<i64> = expected.iter().map(|row| at(row.0)).collect();
    assert_eq!(series.ts(), times);
    let column = |name: &str| series.column(name).unwrap().to_vec();
    let of = |value: fn(&Row) -> f64| expected.iter().map(value).collect::<Vec<_>>();
    assert_eq!(column("open"), of(|row| row.1));
    assert_eq!(column("high"), of(|row| row.2));
    assert_eq!(column("low"), of(|row| row.3));
    assert_eq!(column("close"), of(|row| row.4));
    assert_eq!(column("volume"), of(|row| row.5));
}

/// The hours of a market that is open from Sunday 17:00 to Friday 17:00 in New York.
fn fx_hours() -> impl Iterator<Item = i64> {
    let change = at("2024-03-10 07:00");
    let is_open = move |ns: &i64| {
        let local = ns - if *ns < change { 5 } else { 4 } * HOUR;
        // 1970-01-01 was a Thursday; Monday is 0.
        let (weekday, hour) = ((local.div_euclid(DAY) + 3) % 7, local.rem_euclid(DAY) / HOUR);
        weekday < 4 || weekday == 4 && hour < 17 || weekday == 6 && hour >= 17
    };
    (0..)
        .map(|i| at("2024-03-06 22:00") + i * HOUR)
        .take_while(|ns| *ns <= at("2024-03-15 20:00"))
        .filter(is_open)
}

#[test]
fn days_and_weeks_of_sessions_from_17h_in_new_york() {
    let hours = in_utc(fx_hours());
    let anchor = Some("17:00 America/New_York");
    assert_bars(
        &series(&hours, &to("1d", anchor)),
        &[
            ("2024-03-06 22:00", 100.0, 103.5, 99.5, 101.25, 181.0),
            ("2024-03-07 22:00", 103.0, 103.5, 99.5, 101.0, 230.0),
            ("2024-03-10 21:00", 102.75, 103.5, 99.5, 100.75, 211.0),
            ("2024-03-11 21:00", 102.5, 103.5, 99.5, 100.5, 209.0),
            ("2024-03-12 21:00", 102.25, 103.5, 99.5, 100.25, 241.0),
            ("2024-03-13 21:00", 102.0, 103.5, 99.5, 100.0, 188.0),
            ("2024-03-14 21:00", 101.75, 103.5, 99.5, 102.5, 237.0),
        ],
    );
    assert_bars(
        &series(&hours, &to("1w", anchor)),
        &[
            ("2024-03-03 22:00", 100.0, 103.5, 99.5, 101.0, 411.0),
            ("2024-03-10 21:00", 102.75, 103.5, 99.5, 102.5, 1_086.0),
        ],
    );
    // Midnight UTC cuts the session of Sunday evening off.
    assert_eq!(series(&hours, &to("1d", None)).len(), 9);
}

#[test]
fn months_in_a_zone() {
    let hours = (0..).map(|i| at("2024-02-27 05:00") + i * HOUR);
    let hours = in_utc(hours.take_while(|ns| *ns <= at("2024-04-03 04:00")));
    assert_bars(
        &series(&hours, &to("1mo", Some("America/New_York"))),
        &[
            ("2024-02-01 05:00", 100.0, 103.5, 99.5, 100.75, 622.0),
            ("2024-03-01 05:00", 102.5, 103.5, 99.5, 100.0, 6_705.0),
            ("2024-04-01 04:00", 102.75, 103.5, 99.5, 100.75, 428.0),
        ],
    );
}

#[test]
fn hours_from_a_quarter_past_nine() {
    let quarters = ["2024-03-07 03:45", "2024-03-08 03:45"]
        .into_iter()
        .flat_map(|open| (0..25).map(move |i| at(open) + i * HOUR / 4));
    let hours = series(&in_utc(quarters), &to("1h", Some("09:15 Asia/Kolkata")));
    assert_bars(
        &hours,
        &[
            ("2024-03-07 03:45", 100.0, 103.0, 99.5, 101.0, 10.0),
            ("2024-03-07 04:45", 100.5, 103.0, 100.0, 100.5, 26.0),
            ("2024-03-07 05:45", 101.0, 103.5, 99.5, 100.0, 42.0),
            ("2024-03-07 06:45", 101.5, 103.0, 99.5, 102.25, 58.0),
            ("2024-03-07 07:45", 102.0, 102.75, 100.0, 101.75, 23.0),
            ("2024-03-07 08:45", 102.5, 103.25, 99.5, 101.25, 22.0),
            ("2024-03-07 09:45", 103.0, 103.5, 102.0, 102.5, 8.0),
            ("2024-03-08 03:45", 101.5, 102.75, 99.5, 102.0, 42.0),
            ("2024-03-08 04:45", 102.0, 102.75, 99.75, 101.5, 58.0),
            ("2024-03-08 05:45", 102.5, 103.25, 99.5, 101.0, 23.0),
            ("2024-03-08 06:45", 103.0, 103.5, 99.5, 100.5, 22.0),
            ("2024-03-08 07:45", 100.25, 102.75, 99.5, 100.0, 38.0),
            ("2024-03-08 08:45", 100.75, 103.25, 100.25, 102.25, 54.0),
            ("2024-03-08 09:45", 101.25, 101.75, 100.25, 100.75, 16.0),
        ],
    );
}

/// The days from one on that are no weekend and not left out.
fn days(first: &str, count: i64, left_out: i64) -> Vec<i64> {
    let day = |i: i64| at(first) + i * DAY;
    (0..count).filter(|i| *i != left_out).map(day).filter(|ns| (ns / DAY + 3) % 7 < 5).collect()
}

#[test]
fn weeks_and_months_of_local_days() {
    // As Yahoo writes them: midnight in Tokyo, newest first; the 20th, a Monday, is a holiday.
    let mut tokyo: Vec<String> =
        text(days("2023-03-15 00:00", 31, 5).into_iter().map(|ns| shown(ns) + "+09:00"))
            .lines()
            .map(str::to_owned)
            .collect();
    tokyo[1..].reverse();
    let tokyo = tokyo.join("\n");
    let expected: [Row; 5] = [
        ("2023-03-12 15:00", 100.0, 103.0, 99.5, 102.5, 6.0),
        ("2023-03-19 15:00", 102.0, 102.75, 100.0, 102.0, 22.0),
        ("2023-03-26 15:00", 102.5, 103.5, 99.5, 100.0, 50.0),
        ("2023-04-02 15:00", 101.5, 103.0, 99.5, 100.75, 75.0),
        ("2023-04-09 15:00", 100.5, 103.0, 99.75, 101.5, 15.0),
    ];
    for anchor in [None, Some("Asia/Tokyo"), Some("+09:00")] {
        assert_bars(&series(&tokyo, &to("1w", anchor)), &expected);
    }
    // Clocks in London were put forward on Sunday, 2024-03-31.
    let london = days("2024-03-18 00:00", 26, -1).into_iter();
    let london = london.map(|ns| ns - if ns >= at("2024-04-01 00:00") { HOUR } else { 0 });
    let london = in_utc(london);
    for anchor in [None, Some("Europe/London")] {
        assert_bars(
            &series(&london, &to("1w", anchor)),
            &[
                ("2024-03-18 00:00", 100.0, 103.0, 99.5, 102.25, 15.0),
                ("2024-03-25 00:00", 102.25, 103.25, 99.75, 100.25, 40.0),
                ("2024-03-31 23:00", 101.25, 103.5, 99.5, 101.0, 65.0),
                ("2024-04-07 23:00", 100.25, 102.75, 99.75, 101.75, 39.0),
            ],
        );
        assert_bars(
            &series(&london, &to("1mo", anchor)),
            &[
                ("2024-03-01 00:00", 100.0, 103.25, 99.5, 100.25, 55.0),
                ("2024-03-31 23:00", 101.25, 103.5, 99.5, 101.75, 104.0),
            ],
        );
    }
    // Days of another zone do not fill the weeks of this one.
    let error = read(&tokyo, &to("1w", Some("UTC"))).into_series(OnBadBar::Error).unwrap_err();
    assert!(error.to_string().contains("`anchor`"), "{error}");
}

#[test]
fn days_of_hours_with_an_offset() {
    // New York's sessions, as a terminal in Singapore writes them: they pass midnight there.
    let open = days("2022-08-22 13:30", 9, -1).into_iter();
    let hours = open.flat_map(|open| (0..7).map(move |i| open + i * HOUR));
    let hours = text(hours.map(|ns| shown(ns + 8 * HOUR) + "+08:00"));
    let expected: [Row; 7] = [
        ("2022-08-22 00:00", 100.0, 103.0, 99.5, 102.0, 28.0),
        ("2022-08-23 00:00", 102.5, 103.5, 99.5, 102.5, 77.0),
        ("2022-08-24 00:00", 101.75, 103.0, 99.75, 100.25, 58.0),
        ("2022-08-25 00:00", 101.0, 103.5, 99.5, 100.75, 56.0),
        ("2022-08-26 00:00", 100.25, 103.0, 99.5, 101.25, 88.0),
        ("2022-08-29 00:00", 102.75, 103.5, 99.5, 101.75, 35.0),
        ("2022-08-30 00:00", 102.0, 103.25, 99.5, 102.25, 84.0),
    ];
    assert_bars(&series(&hours, &to("1d", None)), &expected);
    let york = series(&hours, &to("1d", Some("America/New_York")));
    let moved: Vec<i64> = expected.iter().map(|row| at(row.0) + 4 * HOUR).collect();
    assert_eq!(york.ts(), moved);
    assert_eq!(york.column("volume").unwrap(), [28.0, 77.0, 58.0, 56.0, 88.0, 35.0, 84.0]);
}

/// The minutes of a market in which most have no trade: the median step is 3 minutes, the most
/// frequent one a minute.
fn illiquid() -> String {
    const STEPS: [i64; 15] = [3, 1, 5, 1, 2, 7, 1, 4, 9, 1, 2, 3, 1, 6, 12];
    let mut minutes = vec![at("2024-01-02 09:32")];
    for i in 0..59 {
        minutes.push(minutes[i] + STEPS[i % STEPS.len()] * (HOUR / 60));
    }
    in_utc(minutes)
}

#[test]
fn bars_are_as_long_as_most_steps() {
    let text = illiquid();
    let report = check(&read(&text, &ReadOptions::default()));
    assert_eq!(report.series[0].interval.as_deref(), Some("1m"));
    assert_eq!(report.series[0].median_step_ns, 3 * HOUR / 60);
    let five = series(&text, &to("5m", None));
    assert_eq!((five.len(), five.column("volume").unwrap().iter().sum::<f64>()), (35, 504.0));
    assert_bars(
        &series(&text, &to("1h", None)),
        &[
            ("2024-01-02 09:00", 100.0, 103.0, 99.5, 101.75, 45.0),
            ("2024-01-02 10:00", 102.75, 103.5, 99.5, 101.25, 136.0),
            ("2024-01-02 11:00", 103.0, 103.5, 99.5, 100.75, 140.0),
            ("2024-01-02 12:00", 100.0, 103.5, 99.5, 101.5, 148.0),
            ("2024-01-02 13:00", 102.0, 103.0, 99.5, 102.25, 35.0),
        ],
    );
    let stamped = |interval: Option<&str>| {
        let interval = interval.map(|interval| interval.parse().unwrap());
        let options = ReadOptions { stamp: Stamp::Close, interval, ..ReadOptions::default() };
        read(&text, &options).into_series(OnBadBar::Error)
    };
    let first = |interval| stamped(interval).unwrap().series[0].ts()[0];
    assert_eq!(first(None), at("2024-01-02 09:31"));
    assert_eq!(first(Some("30s")), at("2024-01-02 09:31") + HOUR / 120);
    let error = stamped(Some("2m")).unwrap_err().to_string();
    assert!(error.contains("interval = 2m") && error.contains("1m"), "{error}");
}

#[test]
fn monthly_bars_are_one_segment() {
    let mut stamps = Vec::new();
    for month in 0..156 {
        let next = month + 1;
        stamps.push(at(&format!("{}-{:02}-01 00:00", 2012 + next / 12, next % 12 + 1)) - DAY);
    }
    let text = in_utc(stamps);
    let segments = |options: &ReadOptions| {
        let series = series(&text, options);
        let market = Market::new(&[series], &[], MaxGap::Auto).unwrap();
        let segments: Vec<_> = market.segments().iter().map(|s| (s.start, s.end)).collect();
        (segments, market.ts()[0])
    };
    assert_eq!(segments(&ReadOptions::default()), (vec![(0, 156)], at("2012-01-31 00:00")));
    let close = ReadOptions { stamp: Stamp::Close, ..ReadOptions::default() };
    assert_eq!(segments(&close), (vec![(0, 156)], at("2012-01-01 00:00")));
    let report = check(&read(&text, &ReadOptions::default()));
    assert_eq!(report.series[0].interval.as_deref(), Some("1mo"));
    assert_eq!((report.findings.len(), report.series[0].missing_share), (0, Some(0.0)));
    let quarters = series(&text, &to("3mo", None));
    assert_eq!((quarters.len(), quarters.ts()[1]), (52, at("2012-04-01 00:00")));
    let weeks = (0..20).filter(|week| ![4, 5].contains(week));
    let weeks = in_utc(weeks.map(|week| at("2024-01-01 00:00") + week * 7 * DAY));
    let weeks = series(&weeks, &to("1w", None));
    let market = Market::new(&[weeks], &[], MaxGap::Auto).unwrap();
    assert_eq!(market.segments().len(), 1, "two weeks without a bar are spanned");
}

fn notes(report: &Report, word: &str) -> Vec<String> {
    report.notes.iter().filter(|note| note.contains(word)).cloned().collect()
}

/// The local times of every hour of a day and more.
fn local_hours(first: &str, hours: &[i64]) -> Vec<String> {
    hours.iter().map(|hour| shown(at(first) + hour * HOUR).replace('T', " ")).collect()
}

#[test]
fn of_rows_with_one_time_the_first_or_the_last_is_kept() {
    let on = |on_duplicate| ReadOptions { on_duplicate, ..ReadOptions::default() };
    let day = |i: i64| at("2022-03-01 00:00") + i * DAY;
    // A month three times, one after the other: 31 bars, 62 rows too many.
    let block = in_utc((0..3).flat_map(|_| (0..31).map(day)));
    let report = check(&read(&block, &ReadOptions::default()));
    assert_eq!((report.rows, report.errors()), (93, 62));
    let dropped = read(&block, &ReadOptions::default()).into_series(OnBadBar::Drop).unwrap();
    assert_eq!((dropped.series[0].len(), dropped.series[0].breaks()), (31, &[][..]));
    let volumes = |text: &str, options: &ReadOptions| {
        let loaded = read(text, options).into_series(OnBadBar::Error).unwrap();
        let series = &loaded.series[0];
        assert!(series.breaks().is_empty());
        (series.column("volume").unwrap().to_vec(), loaded.dropped)
    };
    let of = |rows: std::ops::Range<usize>| rows.map(|i| (i % 17 + 1) as f64).collect::<Vec<_>>();
    let count = BTreeMap::from([("duplicate_time".to_owned(), 62)]);
    assert_eq!(volumes(&block, &on(OnDuplicate::First)), (of(0..31), count.clone()));
    assert_eq!(volumes(&block, &on(OnDuplicate::Last)), (of(62..93), count));
    let report = check(&read(&block, &on(OnDuplicate::Last)));
    assert_eq!((report.rows, report.errors(), notes(&report, "62 rows").len()), (31, 0, 1));
    // Newest first, a day twice: the first row is the one above.
    let newest = in_utc([day(2), day(1), day(1), day(0)]);
    assert_eq!(volumes(&newest, &on(OnDuplicate::First)).0, [4.0, 2.0, 1.0]);
    assert_eq!(volumes(&newest, &on(OnDuplicate::Last)).0, [4.0, 3.0, 1.0]);
    // Corrected later in the file: the row stands where the first one did.
    let corrected = in_utc([day(0), day(1), day(2), day(1), day(3)]);
    assert_eq!(volumes(&corrected, &on(OnDuplicate::Last)).0, [1.0, 4.0, 3.0, 5.0]);
}

#[test]
fn a_file_that_corrects_another_is_no_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let day = |i: i64| at("2022-03-01 00:00") + i * DAY;
    let write = |name: &str, days: std::ops::Range<i64>| {
        let path = dir.path().join(name);
        std::fs::write(&path, in_utc(days.map(day))).unwrap();
        path.to_string_lossy().into_owned()
    };
    // The volumes of a file count its rows.
    let whole = write("A-2022-03.csv", 0..12);
    let inner = write("A-2022-03-05.csv", 4..7);
    let next = write("A-2022-03-11.csv", 10..14);
    for (on_duplicate, volumes) in [
        (OnDuplicate::First, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 3, 4]),
        (OnDuplicate::Last, [1, 2, 3, 4, 1, 2, 3, 8, 9, 10, 1, 2, 3, 4]),
    ] {
        let options = ReadOptions { on_duplicate, ..ReadOptions::default() };
        let bars = barloom_market_data::read(&[&whole, &inner, &next].map(Clone::clone), &options);
        let bars = bars.unwrap();
        let found = check(&bars).findings;
        assert!(found.iter().all(|finding| finding.kind != "overlap"), "{found:?}");
        let series = bars.into_series(OnBadBar::Error).unwrap().series.remove(0);
        assert_eq!(series.column("volume").unwrap(), volumes.map(f64::from));
        assert_eq!(series.ts(), (0..14).map(day).collect::<Vec<_>>());
    }
}

#[test]
fn intervals_at_the_end_of_time_are_errors() {
    let last = i64::MAX - i64::MAX % HOUR;
    let hours = in_utc([last - 3 * HOUR, last - 2 * HOUR]);
    assert_eq!(series(&hours, &ReadOptions::default()).len(), 2);
    for (spec, is_error) in [("2h", false), ("1d", true), ("1w", true), ("1mo", true)] {
        let made = read(&hours, &to(spec, None)).into_series(OnBadBar::Error);
        match made {
            Err(error) => assert!(is_error && error.to_string().contains("2262-04-11"), "{error}"),
            Ok(made) => assert!(!is_error, "{spec}: {:?}", made.series[0].ts()),
        }
    }
    let trades = "ts,price,size\n9223372036000000000,10,1\n";
    let made = read_bytes("T.csv", trades.as_bytes(), &to("1w", None)).unwrap();
    let error = made.into_series(OnBadBar::Error).unwrap_err().to_string();
    assert!(error.contains("the last time that can be stored"), "{error}");
}

#[test]
fn columns_of_tables_in_memory_are_renamed() {
    let prices: ArrayRef = Arc::new(Float64Array::from(vec![10.0, 11.0]));
    let batch = RecordBatch::try_from_iter([
        ("when", Arc::new(StringArray::from(vec!["2024-01-02", "2024-01-03"])) as ArrayRef),
        ("open", prices.clone()),
        ("high", prices.clone()),
        ("low", prices.clone()),
        ("Last", prices),
    ])
    .unwrap();
    let rename = [("when", "ts"), ("last", "close")];
    let rename = rename.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
    let options = ReadOptions { rename, ..ReadOptions::default() };
    let read = |options: &ReadOptions| {
        let (schema, batches) = (batch.schema(), vec![batch.clone()]);
        read_tables(&[MemoryTable { name: "T".into(), schema, batches }], options)
    };
    let loaded = read(&options).unwrap().into_series(OnBadBar::Error).unwrap();
    assert_eq!(loaded.series[0].column("close"), Some(&[10.0, 11.0][..]));
    let error = read(&ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("there is no"), "{error}");
    let names: Vec<&String> =
        loaded.series[0].columns().iter().map(|Column { name, .. }| name).collect();
    assert_eq!(names, ["open", "high", "low", "close"]);
}

#[test]
fn bars_from_a_time_on_change_no_coarser_bar_before_it() {
    let minutes = || (0..600).map(|i| at("2024-01-01 00:00") + i * HOUR / 60);
    let changed: String = in_utc(minutes())
        .lines()
        .enumerate()
        // Line 0 is the header; from 05:00 on all prices and volumes are others.
        .map(|(line, row)| match row.split_once(',') {
            Some((time, _)) if line > 300 => format!("{time},7,9,5,8,777\n"),
            _ => format!("{row}\n"),
        })
        .collect();
    let [before, after] = [in_utc(minutes()), changed].map(|text| series(&text, &to("5m", None)));
    assert_eq!((before.len(), before.ts()), (120, after.ts()));
    let first = before.ts().iter().position(|ts| *ts == at("2024-01-01 05:00")).unwrap();
    for (one, other) in before.columns().iter().zip(after.columns()) {
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&one.values[..first]), bits(&other.values[..first]), "{}", one.name);
        assert!(one.values[first].to_bits() != other.values[first].to_bits(), "{}", one.name);
    }
    // A window at 05:05 is the first that sees the bar of 05:00: it ends before its own bar.
    assert_eq!(before.ts()[first + 1], at("2024-01-01 05:05"));
}

/// Text of two bars or more with other times.
fn with_times(header: &str, times: &[&str]) -> String {
    let mut text = format!("{header},open,high,low,close,volume\n");
    times.iter().for_each(|time| text += &format!("{time},10,12,9,11,5\n"));
    text
}

#[test]
fn a_date_is_taken_before_what_else_may_be_a_time() {
    for (header, times) in [
        ("created_time,date", ["2024-03-01 01:02:03,2024-01-02", "2024-03-01 01:02:04,2024-01-03"]),
        ("ticks,datum", ["17,2024-01-02", "18,2024-01-03"]),
        ("start_date,time_key", ["2020-01-01,2024-01-02", "2020-01-01,2024-01-03"]),
    ] {
        let series = series(&with_times(header, &times), &ReadOptions::default());
        assert_eq!(series.ts()[0], at("2024-01-02 00:00"), "{header}");
    }
}

#[test]
fn numbers_that_are_no_epochs_are_refused() {
    for (header, times, says) in [
        ("ticks", ["638397810000000000", "638397810600000000"], "from the year 1"),
        ("time", ["2024010209", "2024010210"], "dates in digits with an hour"),
        ("time", ["2401020930", "2401020931"], "dates in digits with an hour"),
        ("date,time", ["2024-01-02,9", "2024-01-02,10"], "\"9\" is not a time"),
        ("date,time", ["2024-01-02,09", "2024-01-02,10"], "\"09\" is not a time"),
    ] {
        let text = with_times(header, &times);
        let error = read_bytes("A.csv", text.as_bytes(), &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains(says), "{header}: {error}");
    }
}

#[test]
fn weeks_of_days_in_the_zone_of_their_times_begin_on_its_mondays() {
    // 2024-01-01 was a Monday. Bars of every day, weekends too, of a zone 13 hours ahead.
    let days = (0..21).map(|day| shown(at("2024-01-01 00:00") + day * DAY));
    let options = ReadOptions { timezone: "Pacific/Auckland".into(), ..to("1w", None) };
    let weeks = series(&text(days), &options);
    let mondays = [1, 8, 15].map(|day| at(&format!("2024-01-{day:02} 00:00")) - 13 * HOUR);
    assert_eq!(weeks.ts(), mondays);
}
