//! Entries to the bit, whatever is in them and whatever happens to them.

use std::fs;
use std::time::{Duration, SystemTime};

use barloom_bars::{Column, MaxGap};
use barloom_reading::{Adjust, Aggregate, Stamp};
use tempfile::TempDir;
use twox_hash::XxHash3_128;

use super::*;
use crate::kept::{key, tables_of};
use crate::origins::Origin;
use crate::table::{Kind, NO_TIME, Name, Rows};
use crate::{MarketDataError, ReadOptions};

/// A table of bars with what is easily lost: bits of NaNs, the zero below zero, missing times,
/// names that are the same, venues.
fn table(rows: usize) -> Table {
    let ts = |row: usize| if row % 7 == 3 { NO_TIME } else { 1_700_000_000_000 + row as i64 };
    let value = |row: usize, column: usize| match (row + column) % 5 {
        0 => f64::from_bits(0x7ff8_dead_beef_0000 + row as u64),
        1 => -0.0,
        2 => f64::NEG_INFINITY,
        _ => row as f64 / 3.0,
    };
    let names = ["open", "high", "low", "close", "ts", "a\"b\u{1}", "ts"];
    let column = |(at, name): (usize, &&str)| {
        Column::new(*name, (0..rows).map(|row| value(row, at)).collect())
    };
    let name = |symbol: &str, venue: Option<&str>| Name {
        symbol: symbol.into(),
        venue: venue.map(str::to_owned),
    };
    Table {
        kind: Kind::Bars,
        file: "some\u{fffd}/BTC \"x\".csv".into(),
        symbol: "BTC".into(),
        symbols: Some((
            (0..rows).map(|row| row as u32 % 3).collect(),
            vec![name("", None), name("A", Some("")), name("A", Some("XNAS"))],
        )),
        ts: (0..rows).map(ts).collect(),
        cut: (rows > 2).then(|| (7, "its last value is missing".to_owned())),
        unit_jumps: if rows > 2 { vec![(1, "ms", "us"), (2, "us", "ns")] } else { Vec::new() },
        time_unit: Some("s"),
        naive: rows > 2,
        notes: if rows > 2 { vec!["an hour is there twice".to_owned()] } else { Vec::new() },
        available: vec!["volume".into(), "volume".into(), String::new()],
        columns: names.iter().enumerate().map(column).collect(),
        rows: Rows::Lines(
            (0..rows as u32).map(|row| Origin { file: 0, row: u32::MAX - row }).collect(),
        ),
    }
}

fn trades(rows: usize) -> Table {
    let mut table = table(rows);
    table.kind = Kind::Trades;
    // Some trades have a side.
    table.columns.truncate(2 + rows % 2);
    for (column, name) in table.columns.iter_mut().zip(["price", "size", "side"]) {
        column.name = name.to_owned();
    }
    (table.symbols, table.time_unit) = (None, None);
    table
}

/// All of a table, values by their bits.
fn bits(table: &Table) -> String {
    let mut rest = table.clone();
    let values = |column: &Column| {
        let bits = column.values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
        (column.name.clone(), bits)
    };
    let columns: Vec<_> = table.columns.iter().map(values).collect();
    rest.columns.clear();
    format!("{rest:?} {columns:?}")
}

fn assert_same(got: &[Table], expected: &[Table]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!(bits(got) == bits(expected), "a table of {} rows", expected.ts.len());
    }
}

fn cached() -> (TempDir, ReadOptions) {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(dir.path().join("of/barloom"), 1 << 30).with_least_bytes(0);
    (dir, ReadOptions { cache: Some(cache), ..ReadOptions::default() })
}

fn text(bytes: &[u8]) -> Content<'_> {
    Content::Bytes(bytes)
}

/// Returns true if the cache has an entry; otherwise asks for one, which it has afterwards.
fn has(file: &str, content: Content<'_>, options: &ReadOptions) -> bool {
    let mut parsed = false;
    let parse = || {
        parsed = true;
        Ok(vec![table(3)])
    };
    assert_same(&tables_of(file, content, options, parse).unwrap(), &[table(3)]);
    !parsed
}

#[test]
fn entries_are_what_was_kept_to_the_bit() {
    let (_dir, options) = cached();
    let batch = 1 << 15;
    let kept = [
        vec![table(0)],
        vec![table(1), table(2), table(0), table(5)],
        vec![table(batch), table(batch - 1), table(batch + 1)],
        vec![trades(3 * batch + 17)],
    ];
    for (number, kept) in kept.iter().enumerate() {
        let name = number.to_string();
        let first = tables_of(&name, text(b"text"), &options, || Ok(kept.clone())).unwrap();
        assert_same(&first, kept);
        let again = tables_of(&name, text(b"text"), &options, || unreachable!("it is kept"));
        assert_same(&again.unwrap(), kept);
    }
}

#[test]
fn the_name_the_bytes_and_every_option_that_matters_make_another_entry() {
    let (_dir, options) = cached();
    // An entry of all columns would do for some.
    let options = ReadOptions { columns: Some(vec!["z".into()]), ..options };
    assert!(!has("a.csv", text(b"text"), &options));
    assert!(has("a.csv", text(b"text"), &options));
    assert!(!has("./a.csv", text(b"text"), &options));
    assert!(!has("a.csv", text(b"texu"), &options));
    assert!(!has("a.csv", text(b"text "), &options));
    let changes: &[fn(&mut ReadOptions)] = &[
        |o| o.timezone = "Asia/Tokyo".into(),
        |o| o.columns = Some(Vec::new()),
        |o| o.columns = Some(vec!["a".into()]),
        |o| o.columns = Some(vec!["a".into(), "b".into()]),
        |o| o.columns = Some(vec!["a,b".into()]),
        |o| o.aggregate = Some(Aggregate::new("5m".parse().unwrap())),
        |o| o.adjust = Some(Adjust::AdjClose),
        |o| o.csv.skip_rows = 1,
        |o| o.csv.separator = Some(';'),
        |o| o.csv.has_header = Some(false),
        |o| o.csv.has_header = Some(true),
        |o| o.csv.names = vec!["ts".into()],
        |o| _ = o.csv.rename.insert("ts".into(), "x".into()),
        |o| o.csv.time_format = Some("%Y".into()),
        |o| o.csv.day_first = Some(false),
        |o| o.csv.day_first = Some(true),
        |o| o.csv.decimal = Some(','),
        |o| o.csv.thousands = Some(','),
        |o| o.csv.price_divisor = Some(10.0),
        |o| o.csv.price_divisor = Some(10.000_000_000_000_002),
        |o| o.csv.wide = Some(":".into()),
        |o| o.csv.ms_of_day = true,
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed = options.clone();
        change(&mut changed);
        assert!(!has("a.csv", text(b"text"), &changed), "change {number}");
        assert!(has("a.csv", text(b"text"), &changed), "change {number}");
    }
    // What does not change what a file parses to.
    let same: &[fn(&mut ReadOptions)] = &[
        |o| o.stamp = Stamp::Close,
        |o| o.max_gap = MaxGap::None,
        |o| o.adjust = Some(Adjust::Factors(vec!["x.csv".into()])),
    ];
    for change in same {
        let mut changed = options.clone();
        change(&mut changed);
        assert!(has("a.csv", text(b"text"), &changed));
    }
    for wanted in [["b", "A "], ["a", "b"]] {
        let columns = Some(wanted.map(str::to_owned).to_vec());
        assert!(has("a.csv", text(b"text"), &ReadOptions { columns, ..options.clone() }));
    }
}

#[test]
fn damaged_entries_are_parsed_anew() {
    let (_dir, options) = cached();
    let kept = [table(5), trades(2)];
    let parse = || Ok(kept.to_vec());
    tables_of("a.csv", text(b"text"), &options, parse).unwrap();
    let cache = options.cache.as_ref().unwrap();
    let path = fs::read_dir(cache.folder()).unwrap().next().unwrap().unwrap().path();
    let key = path.file_stem().unwrap().to_str().unwrap();
    let whole = fs::read(&path).unwrap();
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let loaded = cache.load(key);
        assert_eq!(path.exists(), loaded.is_some(), "what is damaged goes");
        loaded
    };
    assert_same(&load(&whole).unwrap(), &kept);
    for cut in [0, 1, 15, 16, 17, whole.len() / 2, whole.len() - 1] {
        assert!(load(&whole[..cut]).is_none(), "cut after {cut} bytes");
    }
    assert!(load(&[whole.clone(), whole.clone()].concat()).is_none());
    assert!(load(&[&whole[..], b"x"].concat()).is_none());
    let other = cache.path(&"0".repeat(32));
    fs::write(&other, &whole).unwrap();
    assert!(cache.load(&"0".repeat(32)).is_none(), "an entry of another key");
    // A folder has its name.
    let _ = fs::remove_file(&path);
    fs::create_dir(&path).unwrap();
    assert_same(&tables_of("a.csv", text(b"text"), &options, parse).unwrap(), &kept);
}

/// Every byte of an entry cut off or changed, also with a hash that is right of what was changed.
#[test]
fn no_byte_of_an_entry_can_be_changed_and_nothing_makes_reading_it_panic() {
    let (_dir, options) = cached();
    tables_of("a.csv", text(b"text"), &options, || Ok(vec![table(5), trades(2)])).unwrap();
    let cache = options.cache.as_ref().unwrap();
    let path = fs::read_dir(cache.folder()).unwrap().next().unwrap().unwrap().path();
    let key = path.file_stem().unwrap().to_str().unwrap();
    let whole = fs::read(&path).unwrap();
    let read = |bytes: &[u8]| entry::read(bytes, bytes.len() as u64, key);
    assert!(read(&whole).is_some());
    let unsealed = &whole[..whole.len() - 16];
    for at in 0..whole.len() {
        assert!(read(&whole[..at]).is_none(), "cut after {at} bytes");
        let _ = read(&sealed(&whole[..at]));
        for change in [1, 4, 0x80, 0xff] {
            let mut flipped = whole.clone();
            flipped[at] ^= change;
            assert!(read(&flipped).is_none(), "byte {at} changed by {change}");
            let _ = read(&sealed(&flipped[..unsealed.len()]));
        }
    }
    // Lengths that nothing has.
    for at in (0..unsealed.len() - 8).step_by(4) {
        for length in [i64::MAX, i64::MIN, -1, 1 << 40, i64::from(i32::MAX)] {
            let mut changed = unsealed.to_vec();
            changed[at..at + 8].copy_from_slice(&length.to_le_bytes());
            let _ = read(&sealed(&changed));
        }
    }
}

/// Bytes with their hash at the end.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    [bytes, &XxHash3_128::oneshot(bytes).to_le_bytes()].concat()
}

#[test]
fn errors_and_what_is_no_text_are_not_kept() {
    let (dir, options) = cached();
    let error = || Err(MarketDataError::file("a.csv", "it is broken"));
    assert!(tables_of("a.csv", text(b"text"), &options, error).is_err());
    let numbered = Table { rows: Rows::Numbered(0), ..table(3) };
    tables_of("a.csv", text(b"text"), &options, || Ok(vec![numbered.clone()])).unwrap();
    for begin in [&b"PAR1"[..], b"ARROW1", b"\xff\xff\xff\xff\x10", b"FEA1"] {
        assert!(!has("a.parquet", text(begin), &options));
        assert!(!has("a.parquet", text(begin), &options));
    }
    assert!(!dir.path().join("of").exists());
}

#[test]
fn small_files_are_not_kept() {
    let (_dir, mut options) = cached();
    options.cache = options.cache.map(|cache| cache.with_least_bytes(400));
    let packed = |begin: &[u8], len| [begin, &vec![b' '; len - begin.len()]].concat();
    for (begin, least) in
        [(&b"text"[..], 400), (b"\x1f\x8b", 100), (b"PK\x03\x04", 100), (b"\x28\xb5\x2f\xfd", 100)]
    {
        for (len, kept) in [(least - 1, false), (least, true)] {
            let bytes = packed(begin, len);
            assert!(!has("a.csv", text(&bytes), &options));
            assert_eq!(has("a.csv", text(&bytes), &options), kept, "{len} bytes of {begin:?}");
        }
    }
}

/// Nothing is kept of a file that is not afterwards what it was: in content, length or time.
#[test]
fn a_file_that_changes_while_it_is_parsed_is_not_kept() {
    let (dir, options) = cached();
    let path = dir.path().join("a.csv");
    fs::write(&path, "before").unwrap();
    let file = File::open(&path).unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    let set = |text: &str, time: SystemTime| {
        fs::write(&path, text).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    let later = time + Duration::from_secs(1);
    for (text, now) in [("behind", time), ("before, and more", time), ("before", later)] {
        let changes = || {
            set(text, now);
            Ok(vec![table(1)])
        };
        tables_of("a.csv", Content::File(&file), &options, changes).unwrap();
        assert!(!dir.path().join("of").exists(), "{text}");
        set("before", time);
    }
    assert!(!has("a.csv", Content::File(&file), &options));
    assert!(has("a.csv", Content::File(&file), &options));
    assert!(has("a.csv", text(b"before"), &options));
}

#[test]
fn entries_that_were_not_used_for_longest_go_first() {
    let (dir, mut options) = cached();
    let folder = dir.path().join("small");
    let bytes = {
        let cache = options.cache.as_ref().unwrap();
        cache.store(&"f".repeat(32), &[table(3)]);
        fs::metadata(cache.path(&"f".repeat(32))).unwrap().len()
    };
    let most = bytes * 8;
    let new = || Cache::new(&folder, most).with_least_bytes(0);
    options.cache = Some(new());
    let cache = new();
    let names: Vec<String> = (0..8).map(|number| format!("{number}.csv")).collect();
    let of = options.clone();
    let path = |name: &str| cache.path(&key(name, &text(b"text").see().unwrap(), &of));
    for (age, name) in names.iter().enumerate() {
        assert!(!has(name, text(b"text"), &options));
        let file = File::options().write(true).open(path(name)).unwrap();
        file.set_modified(folder::now() - Duration::from_secs(10_000 - age as u64)).unwrap();
    }
    // Some that are no entries, and one that someone writes.
    let (left, written) = ("1".repeat(32), "2".repeat(32));
    let others = ["notes.arrow", "x.unfinished", &format!("{left}.1-2.unfinished")[..]];
    for other in others {
        let file = File::create(folder.join(other)).unwrap();
        file.set_len(bytes * 20).unwrap();
        file.set_modified(folder::now() - Duration::from_secs(4_000)).unwrap();
    }
    fs::write(folder.join(format!("{written}.1-2.unfinished")), "x").unwrap();
    // The oldest is used, so it stays, and the two that are oldest then go.
    assert!(has("0.csv", text(b"text"), &options));
    options.cache = Some(new());
    assert!(!has("8.csv", text(b"text"), &options));
    let there: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| path(name).exists()).collect();
    assert_eq!(there, ["0.csv", "3.csv", "4.csv", "5.csv", "6.csv", "7.csv"]);
    assert!(path("8.csv").exists());
    assert!(folder.join(others[0]).exists() && folder.join(others[1]).exists());
    assert!(!folder.join(others[2]).exists(), "what nobody goes on writing goes");
    assert!(folder.join(format!("{written}.1-2.unfinished")).exists());
}

#[test]
fn the_bound_holds_after_every_entry() {
    let (dir, mut options) = cached();
    let folder = dir.path().join("small");
    for most in [1_u64 << 16, 300_000, 1 << 20] {
        options.cache = Some(Cache::new(&folder, most).with_least_bytes(0));
        for number in 0..60 {
            let name = format!("{most}-{number}.csv");
            let kept = vec![table(number * 7)];
            tables_of(&name, text(b"text"), &options, || Ok(kept)).unwrap();
            let entries = fs::read_dir(&folder).unwrap();
            let sum: u64 = entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
            assert!(sum <= most, "{sum} bytes of {most}");
        }
    }
    // Larger than half of it.
    options.cache = Some(Cache::new(dir.path().join("tiny"), 10_000).with_least_bytes(0));
    tables_of("a.csv", text(b"text"), &options, || Ok(vec![table(100)])).unwrap();
    tables_of("b.csv", text(b"text"), &options, || Ok(vec![table(50)])).unwrap();
    let left = fs::read_dir(dir.path().join("tiny")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

#[test]
fn where_nothing_can_be_written_files_are_parsed() {
    let (dir, mut options) = cached();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for folder in [file.join("barloom"), file] {
        options.cache = Some(Cache::new(folder, 1 << 30).with_least_bytes(0));
        assert!(!has("a.csv", text(b"text"), &options));
        assert!(!has("a.csv", text(b"text"), &options));
    }
}

#[cfg(unix)]
#[test]
fn the_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, options) = cached();
    assert!(!has("a.csv", text(b"text"), &options));
    for folder in ["of", "of/barloom"] {
        let mode = fs::metadata(dir.path().join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
}
