//! Packed text is read as it is when it is not: the same bars, findings and words.

use std::fs;
use std::io::Write;

use barloom_bars::{Column, Series};
use barloom_doctor::check;
use barloom_market_data::{Bars, Cache, MarketDataError, OnBadBar, ReadOptions, read, read_bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;

/// Rows of some length, so that a text has several rounds of blocks.
fn rows(count: usize, quote: &str, symbol: impl Fn(usize) -> String) -> String {
    let row = |i: usize| {
        let close = 100.0 + (i * 7_919 % 1_000) as f64 / 64.0;
        let (open, high, low) = (close - 0.25, close + 1.0, close - 1.5);
        let (q, time, symbol) = (quote, 1_700_000_000 + 60 * i, symbol(i));
        format!("{q}{symbol}{q},{q}{time}{q},{open},{high},{low},{q}{close}{q},{}\n", i % 977)
    };
    let header = "symbol,time,open,high,low,close,volume\n";
    header.to_owned() + &(0..count).map(row).collect::<String>()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Packs with a checksum, without which Zstandard does not tell each damage.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = zstd::Encoder::new(Vec::new(), 1).unwrap();
    packed.include_checksum(true).unwrap();
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// All that can be told of bars, or the error without the file's name.
fn told(read: Result<Bars, MarketDataError>, file: &str) -> String {
    let bars = match read {
        Ok(bars) => bars,
        Err(error) => return error.message().replace(file, "FILE"),
    };
    let report = format!("{:?}", check(&bars));
    let loaded = bars.into_series(OnBadBar::Drop).map(|loaded| {
        let series = loaded.series.iter().map(|series| {
            let columns = series.columns().iter().map(|column| {
                let values: Vec<u64> = column.values.iter().map(|value| value.to_bits()).collect();
                (column.name.clone(), values)
            });
            (series.symbol().to_owned(), series.ts().to_vec(), columns.collect::<Vec<_>>())
        });
        format!("{:?}", series.collect::<Vec<_>>())
    });
    format!("{report} {loaded:?}").replace(file, "FILE")
}

/// Texts of all kinds, longer than what tells their layout, and one that is short.
fn texts() -> Vec<(&'static str, Vec<u8>)> {
    const ROWS: usize = 24_000;
    let one = |_: usize| "ABC".to_owned();
    let plain = rows(ROWS, "", one);
    let two = rows(ROWS, "", |i| ["A", "BB"][i % 2].to_owned());
    let line = |at: usize, new: &str| {
        let mut lines: Vec<&str> = plain.lines().collect();
        lines[at] = new;
        lines.join("\n") + "\n"
    };
    let (latin, ..) = plain.split_at(plain.len() / 2 + 1);
    vec![
        ("plain", plain.clone().into_bytes()),
        ("two symbols", two.clone().into_bytes()),
        ("short", rows(50, "", one).into_bytes()),
        ("with a mark", [b"\xef\xbb\xbf", plain.as_bytes()].concat()),
        ("with returns", plain.replace('\n', "\r\n").into_bytes()),
        ("no end", plain.trim_end().as_bytes().to_vec()),
        ("cut in a value", plain.as_bytes()[..plain.len() - 3].to_vec()),
        ("cut in a row", latin.as_bytes().to_vec()),
        ("quoted", rows(ROWS, "\"", one).into_bytes()),
        ("quoted late", line(20_000, "\"ABC\",1703000000,1,2,1,2,3").into_bytes()),
        ("a panel", two.replace("symbol,", "thing,").into_bytes()),
        ("a short row", line(15_000, "ABC,1,2").into_bytes()),
        ("a wrong time", line(15_000, "ABC,x,1,2,1,2,3").into_bytes()),
        ("a wrong price", line(15_000, "ABC,1702400000,x,2,1,2,3").into_bytes()),
        ("a blank line", line(15_000, "").into_bytes()),
        ("bad bars", line(15_000, "ABC,1702400000,9,2,1,2,3").into_bytes()),
        ("other names", plain.replace("open,high", "first,max").into_bytes()),
        ("semicolons", plain.replace('.', "!").replace(',', ";").replace('!', ",").into_bytes()),
        (
            "another encoding",
            plain
                .replace("ABC", "CAF")
                .into_bytes()
                .iter()
                .map(|byte| match byte {
                    b'F' => 0xc9,
                    byte => *byte,
                })
                .collect(),
        ),
        (
            "UTF-16",
            [0xfe_ff].into_iter().chain(plain.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        ),
        ("blank", "\n".repeat(2 << 20).into_bytes()),
        (
            "JSON",
            format!(
                "[{}]",
                "{\"time\":1700000000,\"open\":1,\"high\":2,\"low\":1,\"close\":2},"
                    .repeat(30_000)
                    .trim_end_matches(',')
            )
            .into_bytes(),
        ),
        ("a long line", format!("{plain}{}\n", "1".repeat(9 << 20)).into_bytes()),
    ]
}

#[test]
fn packed_text_is_read_as_plain_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let cache = Cache::new(dir.path().join("cache"), 1 << 30);
    let kept = ReadOptions { cache: Some(cache), ..ReadOptions::default() };
    let plain = ReadOptions::default();
    for (what, text) in texts() {
        let expected = told(read_bytes("ABC.csv", &text, &plain), "ABC.csv");
        let packed = [
            ("ABC.csv.gz", gzip(&text)),
            ("ABC.csv.zst", zstd::encode_all(&text[..], 1).unwrap()),
            ("ABC.zip", zip(&[("ABC.csv", &text)])),
        ];
        for (name, bytes) in packed {
            let file = path(name);
            fs::write(&file, &bytes).unwrap();
            let of_file = |options| told(read(std::slice::from_ref(&file), options), &file);
            // Errors in an archive name its member.
            let member = |told: String| told.replace("FILE:ABC.csv", "FILE");
            for (how, got) in [
                ("in memory", told(read_bytes(name, &bytes, &plain), name)),
                ("from a file", of_file(&plain)),
                ("with an empty cache", of_file(&kept)),
                ("with a cache", of_file(&kept)),
            ] {
                assert!(
                    member(got.clone()) == expected,
                    "{what}, {name} {how}: {got:.500} is not {expected:.500}"
                );
            }
        }
    }
}

#[test]
fn members_are_read_one_by_one() {
    let texts = [rows(24_000, "", |_| "A".into()), rows(24_000, "\"", |_| "B".into())];
    let [one, two] = &texts;
    let both = zip(&[("a.csv", one.as_bytes()), ("sub/b.csv", two.as_bytes())]);
    let bars = read_bytes("x.zip", &both, &ReadOptions::default()).unwrap();
    let loaded = bars.into_series(OnBadBar::Error).unwrap();
    for (series, text) in loaded.series.iter().zip(&texts) {
        let alone = read_bytes("y.csv", text.as_bytes(), &ReadOptions::default()).unwrap();
        let alone = alone.into_series(OnBadBar::Error).unwrap();
        let bits = |series: &Series| {
            let of_column = |column: &Column| column.values.iter().map(|v| v.to_bits()).collect();
            series.columns().iter().map(of_column).collect::<Vec<Vec<u64>>>()
        };
        assert_eq!(bits(series), bits(&alone.series[0]));
        assert_eq!(series.ts(), alone.series[0].ts());
    }
    let wrong = zip(&[("a.csv", one.as_bytes()), ("b.csv", format!("{two}B,x\n").as_bytes())]);
    let error = read_bytes("x.zip", &wrong, &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("x.zip:b.csv: line 24002 has 2 fields"), "{error}");
}

/// Damage is reported as damage, whatever the rows are.
#[test]
fn damage_is_told_as_damage() {
    let text = rows(30_000, "", |i| format!("S{}", i * 7_919 % 100));
    let wrong = format!("{text}A,x\n");
    for text in [text, wrong] {
        for (packer, name, bytes) in [
            ("gzip", "x.gz", gzip(text.as_bytes())),
            ("Zstandard", "x.zst", summed(text.as_bytes())),
            ("zip", "x.zip", zip(&[("x.csv", text.as_bytes())])),
        ] {
            let mut flipped = bytes.clone();
            flipped[bytes.len() / 2] ^= 0x10;
            flipped[bytes.len() / 2 + 1] ^= 0x55;
            let error =
                read_bytes(name, &flipped, &ReadOptions::default()).unwrap_err().to_string();
            let says = format!("{name}: it is not readable as {packer}");
            assert!(error.starts_with(&says), "{error}");
            if packer != "zip" {
                let cut = &bytes[..bytes.len() - 9];
                let error = read_bytes(name, cut, &ReadOptions::default()).unwrap_err().to_string();
                assert!(error.starts_with(&says), "{error}");
            }
        }
    }
}

/// A line that is too long is named by its own number, however many lines its block has before it.
#[test]
fn a_line_that_is_too_long_has_its_own_number() {
    const BEFORE: usize = 40_000;
    let long = "1".repeat((8 << 20) + (512 << 10));
    let text = rows(BEFORE, "", |_| "ABC".to_owned()) + &long + "\n" + "ABC,1,2,3,4,5,6\n";
    let says = format!("line {}, or one near it, has more than 8388608 bytes", BEFORE + 2);
    for (name, bytes) in [
        ("x.csv.gz", gzip(text.as_bytes())),
        ("x.csv.zst", summed(text.as_bytes())),
        ("x.zip", zip(&[("x.csv", text.as_bytes())])),
        ("x.csv", text.into_bytes()),
    ] {
        let error = read_bytes(name, &bytes, &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains(&says), "{name}: {error}");
    }
}
