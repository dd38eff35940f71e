//! Text that does not tell itself: `[data.csv]`, and what is proposed for it.

#[path = "messy/levels.rs"]
mod levels;
#[path = "messy/order.rs"]
mod order;

use std::collections::BTreeMap;

use barloom_bars::Series;
use barloom_doctor::check;
use barloom_market_data::{CsvOptions, MarketDataError, OnBadBar, ReadOptions, read_bytes};

fn with(csv: CsvOptions) -> ReadOptions {
    ReadOptions { csv, ..ReadOptions::default() }
}

fn read(text: &[u8], options: &ReadOptions) -> Result<Vec<Series>, MarketDataError> {
    let bars = read_bytes("ACME.csv", text, options)?;
    Ok(bars.into_series(OnBadBar::Drop)?.series)
}

fn days(series: &Series) -> Vec<String> {
    let day = |ts: &i64| chrono::DateTime::from_timestamp_nanos(*ts).format("%F %T").to_string();
    series.ts().iter().map(day).collect()
}

/// The proposal in an error, parsed by hand because no parser of recipes is available here.
fn proposal(text: &[u8]) -> String {
    let error = read(text, &ReadOptions::default()).unwrap_err().to_string();
    let (_, rest) = error.split_once("this reads it: '").unwrap_or_else(|| panic!("{error}"));
    rest.split_once("' as csv options").unwrap().0.to_owned()
}

const BANNER: &[u8] = b"Timestamps are UTC,https://example.com\n\
    date,symbol,open,high,low,close,volume\n\
    2019-10-17 01-PM,BTC,3,4,2,3,5\n2019-10-17 12-PM,BTC,2,3,1,3,6\n";

#[test]
fn a_banner_and_times_of_another_form() {
    assert_eq!(proposal(BANNER), r#"skip_rows = 1, time_format = "%Y-%m-%d %I-%p""#);
    let csv = CsvOptions {
        skip_rows: 1,
        time_format: Some("%Y-%m-%d %I-%p".into()),
        ..CsvOptions::default()
    };
    let series = read(BANNER, &with(csv.clone())).unwrap();
    assert_eq!(days(&series[0]), ["2019-10-17 12:00:00", "2019-10-17 13:00:00"]);
    // Lines are counted from the top of the file.
    let wrong = [BANNER, b"soon,BTC,2,3,1,3,6\n"].concat();
    let error = read(&wrong, &with(csv)).unwrap_err().to_string();
    assert!(error.contains("line 5") && error.contains("%Y-%m-%d %I-%p"), "{error}");
}

#[test]
fn newest_first_with_rows_out_of_place() {
    let text = |days: &[u32]| {
        let row = |day: &u32| format!("2024-01-{day:02},{day},{day},{day},{day}\n");
        "date,open,high,low,close\n".to_owned() + &days.iter().map(row).collect::<String>()
    };
    let mut days: Vec<u32> = (1..=30).rev().collect();
    days.swap(10, 11);
    let bars = read_bytes("x.csv", text(&days).as_bytes(), &ReadOptions::default()).unwrap();
    let report = check(&bars);
    assert_eq!(report.errors(), 0);
    assert!(report.notes[0].contains("sorted: 1 bar was out of place"), "{:?}", report.notes);
    let series = bars.into_series(OnBadBar::Error).unwrap().series;
    let expected: Vec<f64> = (1..=30).map(f64::from).collect();
    assert_eq!(series[0].column("close"), Some(&expected[..]));
    // Many are no slip: they are told as what they are.
    let days: Vec<u32> = (1..=15).flat_map(|day| [31 - day, day]).collect();
    let bars = read_bytes("x.csv", text(&days).as_bytes(), &ReadOptions::default()).unwrap();
    assert!(check(&bars).errors() > 10);
}

#[test]
fn thousands_quotes_and_suffixes() {
    let text = b"\xef\xbb\xbf\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\
        \"12/29/2024\",\"93,838.4\",\"95,282.6\",\"95,315.4\",\"93,605.1\",\"38.13K\",\"-1.52%\"\n\
        \"12/28/2024\",\"95,284.5\",\"94,274.9\",\"95,684.3\",\"94,124.7\",\"1.2M\",\"1.07%\"\n";
    assert_eq!(proposal(text), r#"thousands = ",", rename = { "Price" = "close" }"#);
    let csv = CsvOptions {
        thousands: Some(','),
        rename: BTreeMap::from([("Price".into(), "close".into())]),
        ..CsvOptions::default()
    };
    let series = read(text, &with(csv)).unwrap();
    assert_eq!(series[0].column("close"), Some(&[95_284.5, 93_838.4][..]));
    assert_eq!(series[0].column("volume"), Some(&[1_200_000.0, 38_130.0][..]));
    assert_eq!(days(&series[0])[1], "2024-12-29 00:00:00");
}

#[test]
fn decimal_commas() {
    let text = b"Datum;Open;High;Low;Close\n".as_slice();
    let rows = b"31.12.2024;1.234,5;1.240,0;1.230,0;1.235,5\n02.01.2025;1,5;2,5;1,0;2,0\n";
    let text = [text, rows].concat();
    let said = proposal(&text);
    assert_eq!(said, r#"decimal = ",", thousands = ".""#);
    let csv = CsvOptions { decimal: Some(','), thousands: Some('.'), ..CsvOptions::default() };
    let series = read(&text, &with(csv)).unwrap();
    assert_eq!(series[0].column("open"), Some(&[1_234.5, 1.5][..]));
    assert_eq!(days(&series[0]), ["2024-12-31 00:00:00", "2025-01-02 00:00:00"]);
}

#[test]
fn dates_by_name_tell_themselves_and_numbers_only_together() {
    let of = |dates: [&str; 2]| {
        format!("date,open,high,low,close\n{},1,2,1,2\n{},1,2,1,2\n", dates[0], dates[1])
    };
    for dates in [["29-Jun-2016", "01-Jul-2016"], ["29/06/2016", "01/07/2016"]] {
        let series = read(of(dates).as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(days(&series[0]), ["2016-06-29 00:00:00", "2016-07-01 00:00:00"]);
    }
    let ambiguous = of(["01/02/2024", "02/02/2024"]);
    let error = read(ambiguous.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("day_first = true"), "{error}");
    for (day_first, first) in [(true, "2024-02-01 00:00:00"), (false, "2024-01-02 00:00:00")] {
        let csv = CsvOptions { day_first: Some(day_first), ..CsvOptions::default() };
        assert_eq!(days(&read(ambiguous.as_bytes(), &with(csv)).unwrap()[0])[0], first);
    }
    // Two formats read other times: none is proposed.
    let short = of(["01/02/24", "02/02/24"]);
    let error = read(short.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(!error.contains("this reads it"), "{error}");
    assert_eq!(proposal(of(["3-Jan-22", "4-Jan-22"]).as_bytes()), r#"time_format = "%d-%b-%y""#);
}

#[test]
fn wide_tables() {
    let text = b",BTC:open,BTC:high,BTC:low,BTC:close,ETH:open,ETH:high,ETH:low,ETH:close\n\
        2014-11-28,1,2,1,2,,,,\n2014-11-29,2,3,2,3,7,8,7,8\n2014-11-30,3,4,3,4,8,9,8,9\n";
    assert_eq!(proposal(text), r#"wide = ":""#);
    let csv = CsvOptions { wide: Some(":".into()), ..CsvOptions::default() };
    let series = read(text, &with(csv)).unwrap();
    let shape: Vec<_> = series.iter().map(|s| (s.symbol(), s.len())).collect();
    assert_eq!(shape, [("BTC", 3), ("ETH", 2)]);
    assert_eq!(series[1].column("close"), Some(&[8.0, 9.0][..]));
    assert!(series.iter().all(|s| s.breaks().is_empty()), "blank rows are no bars");
    let apple = b"Date,AAPL.Open,AAPL.High,AAPL.Low,AAPL.Close,AAPL.Volume,mavg,direction\n\
        2015-02-17,1,2,1,2,100,1.5,Up\n";
    assert_eq!(proposal(apple), r#"wide = ".""#);
    let csv = CsvOptions { wide: Some("-".into()), ..CsvOptions::default() };
    let error = read(apple, &with(csv)).unwrap_err().to_string();
    assert!(error.contains("no column has \"-\" in its name"), "{error}");
}

#[test]
fn names_in_place_of_a_header() {
    let text = b"Date,Open,High,Low,Close,Volume\n2006-01-02,09:01:00,1,2,1,2,5\n\
        2006-01-02,09:02:00,2,3,2,3,6\n";
    let names = r#"names = ["date", "time", "Open", "High", "Low", "Close", "Volume"]"#;
    assert_eq!(proposal(text), names);
    let names = ["date", "time", "open", "", "low", "close", "high"].map(str::to_owned).to_vec();
    let csv = CsvOptions { names, ..CsvOptions::default() };
    let headerless = b"2006-01-02,09:01:00,1,x,1,2,5\n2006-01-02,09:02:00,2,,2,3,6\n";
    let series = read(headerless, &with(csv)).unwrap();
    assert_eq!(days(&series[0]), ["2006-01-02 09:01:00", "2006-01-02 09:02:00"]);
    assert_eq!(series[0].columns().len(), 4, "an empty name is passed over");
}

#[test]
fn prices_as_whole_numbers_and_times_since_midnight() {
    let options = ReadOptions {
        timezone: "America/New_York".into(),
        csv: CsvOptions { ms_of_day: true, price_divisor: Some(10_000.0), ..CsvOptions::default() },
        ..ReadOptions::default()
    };
    let text = b"34200000,1686400,1686500,1686300,1686400,500\n";
    let series = read_bytes("20131007_trade.csv", text, &options);
    let series = series.unwrap().into_series(OnBadBar::Error).unwrap().series;
    assert_eq!(days(&series[0]), ["2013-10-07 13:30:00"]);
    assert_eq!(series[0].column("high"), Some(&[168.65][..]));
    assert_eq!(series[0].column("volume"), Some(&[500.0][..]));
    let error = read_bytes("spy.csv", text, &options).unwrap_err().to_string();
    assert!(error.contains("its name has no date"), "{error}");
}

#[test]
fn joined_files_may_have_their_header_again() {
    let text = b"date,open,high,low,close\n2024-01-02,1,2,1,2\n\ndate,open,high,low,close\n\
        2024-01-03,2,3,2,3\n";
    assert_eq!(read(text, &ReadOptions::default()).unwrap()[0].len(), 2);
    let quoted = b"\"date\",\"open\",\"high\",\"low\",\"close\"\n2024-01-02,1,2,1,2\n\
        \"date\",\"open\",\"high\",\"low\",\"close\"\n2024-01-03,2,3,2,3\n";
    assert_eq!(read(quoted, &ReadOptions::default()).unwrap()[0].len(), 2);
}

#[test]
fn options_that_can_not_be_are_told() {
    let csv = CsvOptions { separator: Some('é'), ..CsvOptions::default() };
    let error = read(b"a,b", &with(csv)).unwrap_err();
    assert_eq!(error.kind(), barloom_market_data::ErrorKind::Usage);
    assert!(error.to_string().contains("csv.separator: 'é' is not a separator"), "{error}");
}

#[test]
fn utf_16_is_read() {
    let text = "date,open,high,low,close\r\n2024-01-02,1,2,1,2\r\n";
    let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [little, big] {
        assert_eq!(read(&bytes, &ReadOptions::default()).unwrap()[0].len(), 1);
    }
}

/// Pieces that are read side by side, rows and errors in the order and on the lines of the file;
/// and the same where quotes forbid it.
#[test]
fn long_files_are_read_in_pieces() {
    let mut text = "time,open,high,low,close,volume,note\n".to_owned();
    let n = 100_000;
    for k in 0..n {
        let (time, price) = (1_600_000_000 + 60 * k, 100.0 + k as f64 / 64.0);
        let end = if k % 1_000 == 0 { "\r\n\r\n" } else { "\n" };
        text += &format!("{time}, {price} ,{},{price},{price},{k},{k}{end}", price + 1.0);
    }
    assert!(text.len() > 4 << 20, "more than one piece");
    let plain = read(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(plain[0].len(), n);
    let expected: Vec<f64> = (0..n).map(|k| 100.0 + k as f64 / 64.0).collect();
    assert_eq!(plain[0].column("close"), Some(&expected[..]));
    assert!(plain[0].column("note").is_some());
    let quoted = text.replacen("volume,note", "volume,\"note\"", 1).replacen(" 100 ", "\"100\"", 1);
    let quoted = read(quoted.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(quoted[0].column("close"), Some(&expected[..]));
    assert_eq!(quoted[0].ts(), plain[0].ts());
    // Text far down makes a column no column of bars.
    let word = text.replacen(",90001,90001\n", ",90001,word\n", 1);
    assert!(read(word.as_bytes(), &ReadOptions::default()).unwrap()[0].column("note").is_none());
    for broken in [
        text.replacen(",90001,90001\n", ",x,90001\n", 1),
        text.clone() + "1,2\n",
        text.replacen(" 100.015625 ", "?", 1),
    ] {
        let error = read(broken.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
        let line = broken.lines().position(|l| l.contains(",x,") || l == "1,2" || l.contains('?'));
        assert!(error.contains(&format!("line {}", line.unwrap() + 1)), "{error}");
    }
}

#[test]
fn what_is_proposed_was_judged() {
    let text = |low: &str| {
        format!(
            "remark\nDatum;Open;High;Low;Close\n1.1.24;1,5;2,5;{low};2,0\n13.1.24;1,5;2,5;1,0;2,0\n"
        )
    };
    assert!(proposal(text("1,0").as_bytes()).contains("decimal = \",\""));
    let error = read(text("3,0").as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(!error.contains("this reads it"), "its low is above its high: {error}");
}

#[test]
fn a_decimal_comma_is_no_mark_of_thousands() {
    let forex = |volume: &str| {
        format!(
            "Time;Open;High;Low;Close;Volume\n2019.07.11 20:10:00;1,12549;1,12551;1,12548;1,12550;1,5\n\
             2019.07.11 20:11:00;1,12550;1,12551;1,12549;1,12550;{volume}\n"
        )
    };
    let text = forex("1,73");
    assert_eq!(proposal(text.as_bytes()), r#"decimal = ",""#);
    let decimal =
        |decimal, thousands| with(CsvOptions { decimal, thousands, ..CsvOptions::default() });
    let series = read(text.as_bytes(), &decimal(Some(','), None)).unwrap();
    assert_eq!(series[0].column("open"), Some(&[1.12549, 1.1255][..]));
    assert_eq!(series[0].column("volume"), Some(&[1.5, 1.73][..]));
    // Told as thousands they are none.
    let error = read(text.as_bytes(), &decimal(None, Some(','))).unwrap_err().to_string();
    assert!(error.contains("1,12549"), "{error}");
    for separator in [";", "\t"] {
        let cents = "date;open;high;low;close\n2024-01-02;99,50;99,75;99,25;99,50\n"
            .replace(';', separator);
        assert_eq!(proposal(cents.as_bytes()), r#"decimal = ",""#);
    }
    // Three digits everywhere: both can be.
    let either = "date;open;high;low;close\n2024-01-02;1,234;1,240;1,230;1,235\n";
    let error = read(either.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(!error.contains("this reads it"), "{error}");
    assert!(error.contains("a decimal comma or with thousands"), "{error}");
    // Other columns and other rows tell.
    for (header, more, keys) in [
        (
            "date;open;high;low;close;volume\n",
            "2024-01-02;1,234;1,240;1,230;1,235;17,5\n",
            r#"decimal = ",""#,
        ),
        (
            "date;open;high;low;close;value\n",
            "2024-01-02;1,234;1,240;1,230;1,235;1,234,567\n",
            r#"thousands = ",""#,
        ),
        ("date;open;high;low;close\n", "2024-01-02;999;1,002;998;1,000\n", r#"thousands = ",""#),
        ("date;open;high;low;close\n", "2024-01-02;0,999;1,002;0,998;1,000\n", r#"decimal = ",""#),
    ] {
        assert_eq!(proposal((header.to_owned() + more).as_bytes()), keys);
    }
    // A column beside the bars is not passed over for its comma.
    let beside = "date;open;high;low;close;vwap\n2024-01-02;1;3;1;2;1,5\n";
    assert_eq!(proposal(beside.as_bytes()), r#"decimal = ",""#);
}

#[test]
fn marks_of_both_kinds_are_read_as_told() {
    let text = "Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Umsatz\n\
                2016-07-11;1.210;1.216,8;1.205;1.213,03;1.500;1.820.000\n\
                2016-07-08;1.199,5;1.212;1.198,75;1.205;900;1.083.000\n\
                2016-07-07;998,5;1.201;997;1.200,25;12;14.000\n";
    let rename = [
        ("Erster", "open"),
        ("Hoch", "high"),
        ("Tief", "low"),
        ("Schlusskurs", "close"),
        ("Stuecke", "volume"),
        ("Datum", "date"),
    ];
    let csv = CsvOptions {
        decimal: Some(','),
        thousands: Some('.'),
        rename: rename.map(|(from, to)| (from.to_owned(), to.to_owned())).into(),
        ..CsvOptions::default()
    };
    let series = read(text.as_bytes(), &with(csv)).unwrap();
    for (name, values) in [
        ("open", [998.5, 1_199.5, 1_210.0]),
        ("high", [1_201.0, 1_212.0, 1_216.8]),
        ("low", [997.0, 1_198.75, 1_205.0]),
        ("close", [1_200.25, 1_205.0, 1_213.03]),
        ("volume", [12.0, 900.0, 1_500.0]),
    ] {
        assert_eq!(series[0].column(name), Some(&values[..]), "{name}");
    }
}

#[test]
fn a_point_between_semicolons_may_part_thousands() {
    let text = "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n\
                14.01.2024;1.200;1.200;1.198;1.199;5.271\n\
                15.01.2024;1.199;1.203;1.198;1.199;86.771\n";
    let small = text.replace("5.271", "271");
    assert!(read(small.as_bytes(), &ReadOptions::default()).is_err());
    let refused = read(text.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(
        refused.contains("thousands = \".\"") && refused.contains("decimal = \".\""),
        "{refused}"
    );
    let decimal = CsvOptions { decimal: Some('.'), ..CsvOptions::default() };
    let thousands =
        CsvOptions { decimal: Some(','), thousands: Some('.'), ..CsvOptions::default() };
    for (csv, open) in [(decimal, 1.2), (thousands, 1_200.0)] {
        assert_eq!(read(text.as_bytes(), &with(csv)).unwrap()[0].column("open").unwrap()[0], open);
    }
    for plain in
        [text.replace("86.771", "8677"), text.replace("1.203", "1.23"), text.replace(';', ",")]
    {
        let series = read(plain.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(series[0].column("open").unwrap()[0], 1.2, "{plain}");
    }
}

#[test]
fn years_of_two_digits_come_first_or_last() {
    let rows = |times: [&str; 3]| {
        let row = |time: &str| format!("{time},10,11,9,10.5,100\n");
        "Date,Open,High,Low,Close,Volume\n".to_owned() + &times.map(row).concat()
    };
    for (times, format) in [
        (["24.01.02", "24.01.03", "24.01.04"], "%y.%m.%d"),
        (["24/01/02 09:00", "24/01/02 09:01", "24/01/03 09:02"], "%y/%m/%d %H:%M"),
        (["24-01-30", "24-01-31", "24-02-01"], "%y-%m-%d"),
        (["30.01.24", "31.01.24", "01.02.24"], "%d.%m.%y"),
    ] {
        assert_eq!(proposal(rows(times).as_bytes()), format!("time_format = {format:?}"));
    }
    // A day, 24-01-02 or 02-01-24, is either.
    for times in [
        ["24/01/02 09:00", "24/01/02 09:01", "24/01/02 09:02"],
        ["01/02/03", "02/02/04", "03/02/05"],
    ] {
        let error = read(rows(times).as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
        assert!(!error.contains("this reads it"), "{error}");
    }
}

#[test]
fn marked_prices_are_renamed() {
    let text = b"date,adj_open,adj_high,adj_low,adj_close,adj_volume\n\
                 2024-01-01,100.0,100.06,99.85,99.88,97079\n2024-01-02,99.88,99.92,99.6,99.65,61130\n";
    let proposed = proposal(text);
    assert!(
        proposed.starts_with("rename = {") && proposed.contains(r#""adj_open" = "open""#),
        "{proposed}"
    );
    assert!(proposed.contains(r#""adj_volume" = "volume""#), "{proposed}");
}

#[test]
fn plots_of_one_name_are_two_columns() {
    let text = b"time,open,high,low,close,Plot,Plot,Volume\n\
                 1704205800,10,11,9,10.5,1,2,100\n1704205860,10.5,11,9,10.6,1,2,100\n";
    let series = read(text, &ReadOptions::default()).unwrap();
    assert_eq!(series[0].column("plot").unwrap()[0], 1.0);
    assert_eq!(series[0].column("plot_2").unwrap()[0], 2.0);
    let closes = String::from_utf8_lossy(text).replace("Plot", "close");
    let error = read(closes.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(
        error.contains("mean the same and differ") && error.contains("give the first another"),
        "{error}"
    );
}
