//! Large text is read in blocks, straight from its file: it must be what its lines say.

use std::fmt::Write as _;

use barloom_market_data::{OnBadBar, ReadOptions, read, read_bytes};

/// The content of a line.
struct Line {
    ms: i64,
    values: [f64; 5],
    symbol: &'static str,
}

/// Bars with numbers of all kinds, in lines of many lengths.
fn lines(count: usize) -> Vec<Line> {
    let mut state = 9_u64;
    let mut next = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        state >> 33
    };
    let line = |at: usize| {
        let scale = [1.0, 100.0, 12_345.678, 1e-5, 3e12][next() as usize % 5];
        let close = scale * (1.0 + (next() % 1_000) as f64 / 997.0);
        let volume = if next() % 50 == 0 { f64::NAN } else { (next() % 100_000) as f64 / 64.0 };
        Line {
            ms: 1_700_000_000_000 + at as i64 * 60_000,
            values: [close, close * 1.5, close * 0.5, close, volume],
            symbol: ["A", "BB"][at % 2],
        }
    };
    (0..count).map(line).collect()
}

/// The style of a text.
#[derive(Clone, Copy, Debug, Default)]
struct Style {
    header: bool,
    symbols: bool,
    returns: bool,
    blanks: bool,
    iso: bool,
    no_end: bool,
    /// A blank line or the header again after every so many.
    again: usize,
}

/// The text, and the line of each row.
fn text(lines: &[Line], style: Style) -> (String, Vec<u32>) {
    let header = "time,open,high,low,close,volume,note";
    let header = if style.symbols { format!("{header},symbol") } else { header.to_owned() };
    let end = if style.returns { "\r\n" } else { "\n" };
    let mut text = String::new();
    let mut at = 1;
    let mut numbers = Vec::new();
    if style.header {
        text += &format!("{header}{end}");
        at += 1;
    }
    for (row, line) in lines.iter().enumerate() {
        if style.again > 0 && row % style.again == style.again - 1 {
            text += if style.header && row % 2 == 0 { &header } else { "" };
            text += end;
            at += 1;
        }
        let blank = if style.blanks && row % 3 == 0 { " " } else { "" };
        match style.iso {
            true => {
                let seconds = line.ms / 1_000;
                let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60);
                let day = seconds / 86_400 - 19_675;
                // Since the 14th of November.
                let (month, day) = if day < 17 { (11, 14 + day) } else { (12, day - 16) };
                write!(text, "2023-{month:02}-{day:02} ").unwrap();
                write!(text, "{hour:02}:{minute:02}:{:02}", seconds % 60).unwrap();
            }
            false => write!(text, "{}", line.ms).unwrap(),
        }
        for value in line.values {
            match row % 7 {
                _ if value.is_nan() => text.push(','),
                0 => write!(text, ",{blank}{value:e}{blank}").unwrap(),
                _ => write!(text, ",{blank}{value}{blank}").unwrap(),
            }
        }
        write!(text, ",{}", if row == 7_000 { "text" } else { "1" }).unwrap();
        if style.symbols {
            write!(text, ",{}", line.symbol).unwrap();
        }
        text += end;
        numbers.push(at);
        at += 1;
    }
    if style.no_end {
        text.truncate(text.trim_end().len());
    }
    (text, numbers)
}

fn styles() -> Vec<Style> {
    let plain = Style { header: true, ..Style::default() };
    vec![
        plain,
        Style { symbols: true, ..plain },
        Style { returns: true, no_end: true, ..plain },
        Style { blanks: true, symbols: true, returns: true, ..plain },
        Style { again: 5_000, ..plain },
        Style { again: 3, symbols: true, ..plain },
        Style { iso: true, no_end: true, ..plain },
    ]
}

#[test]
fn large_files_hold_what_their_lines_say() {
    let lines = lines(30_000);
    let folder = tempfile::tempdir().unwrap();
    for style in styles() {
        let (text, _) = text(&lines, style);
        assert!(text.len() > 2 << 20, "{}", text.len());
        let path = folder.path().join("x.csv");
        std::fs::write(&path, &text).unwrap();
        let name = [path.to_str().unwrap().to_owned()];
        let options = ReadOptions::default();
        let symbols = if style.symbols { &["A", "BB"][..] } else { &["x"] };
        for bars in [read(&name, &options), read_bytes("x.csv", text.as_bytes(), &options)] {
            let loaded = bars.unwrap().into_series(OnBadBar::Error).unwrap();
            assert_eq!(loaded.series.len(), symbols.len(), "{style:?}");
            for (series, symbol) in loaded.series.iter().zip(symbols) {
                assert_eq!(series.symbol(), *symbol);
                let of = |line: &&Line| !style.symbols || line.symbol == *symbol;
                let expected: Vec<&Line> = lines.iter().filter(of).collect();
                let ts: Vec<i64> = expected.iter().map(|line| line.ms * 1_000_000).collect();
                assert!(series.ts() == ts, "{style:?}");
                // A column with text in one place is none of numbers.
                assert!(series.column("note").is_none());
                for (at, name) in ["open", "high", "low", "close", "volume"].iter().enumerate() {
                    let column = series.column(name).unwrap().iter().map(|value| value.to_bits());
                    let values = expected.iter().map(|line| line.values[at].to_bits());
                    assert!(column.eq(values), "{name} {style:?}");
                }
            }
        }
    }
}

#[test]
fn lines_are_told_wherever_they_are() {
    let lines = lines(30_000);
    let folder = tempfile::tempdir().unwrap();
    for style in styles() {
        let (good, numbers) = text(&lines, style);
        for row in [0, 1, 4_999, 15_003, 29_999] {
            let line = numbers[row] as usize;
            let mut rows: Vec<String> = good.split('\n').map(str::to_owned).collect();
            for (what, to, expected) in [
                ("a price that is none", "x", format!("line {line}, column open")),
                ("another field", "1,1", format!("line {line} has ")),
                ("a high price", "1e30", format!("line {line}: ")),
            ] {
                let fields: Vec<&str> = rows[line - 1].split(',').collect();
                let mended = [&[fields[0], to], &fields[2..]].concat().join(",");
                let before = std::mem::replace(&mut rows[line - 1], mended);
                let path = folder.path().join("x.csv");
                std::fs::write(&path, rows.join("\n")).unwrap();
                rows[line - 1] = before;
                let name = [path.to_str().unwrap().to_owned()];
                let bars = read(&name, &ReadOptions::default());
                let error = bars.and_then(|bars| bars.into_series(OnBadBar::Error)).unwrap_err();
                let told = error.to_string();
                assert!(told.contains(&expected), "{what} in row {row}, {style:?}: {told}");
            }
        }
    }
}

#[test]
fn quotes_anywhere_are_understood() {
    let lines = lines(30_000);
    let (good, _) = text(&lines, Style { header: true, ..Style::default() });
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        let path = folder.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        let name = [path.to_str().unwrap().to_owned()];
        read(&name, &ReadOptions::default()).unwrap().into_series(OnBadBar::Error).unwrap()
    };
    let expected = read(&good);
    // In the last line, and a field over two lines.
    for field in ["\"1\"", "\"a,\nb\""] {
        let text = format!("{},{field}\n", good.trim_end().strip_suffix(",1").unwrap());
        let got = read(&text);
        assert_eq!(got.series[0].len(), 30_000);
        let close = |loaded: &barloom_market_data::Loaded| {
            loaded.series[0].column("close").unwrap().to_vec()
        };
        assert_eq!(close(&got), close(&expected));
    }
}
