//! Files made to do harm: each ends in an error, or is read, soon, in little memory, and nothing
//! that it holds acts on a terminal or looks like a line of a report.
#![cfg(target_os = "linux")]

#[path = "kit/bounded.rs"]
mod bounded;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use bounded::{Bounds, bounded};

/// Runs a command with 1 GiB of address space and 2 s: both outputs, and its exit code.
#[track_caller]
fn run(dir: &Path, args: &[&str]) -> (i32, String) {
    let (code, said) = bounded(dir, args, Bounds::ATTACK);
    let acting = said.chars().find(|c| *c != '\n' && barloom_market_data::acts(*c));
    assert!(acting.is_none(), "{acting:?} in {said:?}");
    let longest = said.lines().map(str::len).max().unwrap_or(0);
    assert!(longest < 5_000, "a line of {longest} bytes: {}", &said[..300]);
    (code, said)
}

/// Checking and converting a file are refused, with these words.
#[track_caller]
fn refused(dir: &Path, file: &str, says: &str) {
    for args in [&["check", file][..], &["convert", file, "out.csv", "--quiet", "--overwrite"]] {
        let (code, said) = run(dir, args);
        assert_eq!(code, 3, "{args:?}: {said}");
        assert!(said.contains(says), "{says:?} is not in: {said}");
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A frame of Zstandard: some bytes as they are, then so many times 128 KiB of one.
fn zstd(bytes: &[u8], repeated: u8, times: usize) -> Vec<u8> {
    let header = |size: usize, kind: usize, last: bool| {
        let word = (size << 3 | kind << 1 | usize::from(last)) as u32;
        word.to_le_bytes()[..3].to_vec()
    };
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    frame.extend(header(bytes.len(), 0, times == 0));
    frame.extend(bytes);
    for time in 1..=times {
        frame.extend(header(1 << 17, 1, time == times));
        frame.push(repeated);
    }
    frame
}

const HEADER: &str = "symbol,time,open,high,low,close,volume\n";

#[test]
fn bombs_are_refused_by_the_size_of_the_packed_file() {
    let dir = folder();
    let dir = dir.path();
    for (what, byte) in [(1, b'1'), (2, b'\n'), (3, b','), (4, b'"'), (5, b';')] {
        let name = format!("b{what}.csv.zst");
        let begin = if what % 2 == 0 { HEADER } else { "" };
        fs::write(dir.join(&name), zstd(begin.as_bytes(), byte, 3_200)).expect("a file");
        refused(dir, &name, "it decompresses to more than 67108864 bytes");
        // What is small enough to be unpacked has one line without an end, or no bars.
        fs::write(dir.join(&name), zstd(begin.as_bytes(), byte, 480)).expect("a file");
        refused(dir, &name, &name);
    }
    let dbn = [b"DBN\x01".as_slice(), &[100, 0, 0, 0], &[0; 100]].concat();
    fs::write(dir.join("x.dbn.zst"), zstd(&dbn, 0, 30_000)).expect("a file");
    refused(dir, "x.dbn.zst", "x.dbn.zst");
}

#[test]
fn a_length_that_is_declared_is_not_believed() {
    let dir = folder();
    let dir = dir.path();
    for version in [1, 2, 3] {
        for length in [0x0fff_ff00_u32, 0x7fff_ffff, u32::MAX] {
            let begin = [&[b'D', b'B', b'N', version][..], &length.to_le_bytes()].concat();
            fs::write(dir.join("x.dbn"), &begin).expect("a file");
            refused(dir, "x.dbn", "x.dbn: it ");
            fs::write(dir.join("x.dbn.zst"), zstd(&begin, 0, 0)).expect("a file");
            refused(dir, "x.dbn.zst", "x.dbn.zst: it ");
        }
    }
    for begin in ["DBN\u{1}", "DBN\u{1}\u{5}", "PAR1", "ARROW1", "PK\u{3}\u{4}"] {
        fs::write(dir.join("x.bin"), begin).expect("a file");
        refused(dir, "x.bin", "x.bin");
    }
}

/// A file with a hole, which takes no room, so that it has a line of 3 GiB.
#[test]
fn lines_of_gigabytes_are_refused_unread() {
    let dir = folder();
    let dir = dir.path();
    let row = |i: usize| format!("A,{},10,11,9,10,{i}\n", 1_700_000_000 + 60 * i);
    let rows: String = (0..500).map(row).collect();
    for (what, begin) in [
        ("a row", format!("{HEADER}{rows}A,1800000000,1")),
        ("a header", format!("symbol,time,open,high,low,close,{}", "x".repeat(5_000))),
        ("a quoted one", format!("{HEADER}{}A,1800000000,\"1", rows.replace("A,", "\"A\","))),
    ] {
        let mut file = File::create(dir.join("x.csv")).expect("a file");
        file.write_all(begin.as_bytes()).expect("text");
        file.set_len(3 << 30).expect("a hole");
        drop(file);
        let (code, said) = run(dir, &["check", "x.csv"]);
        assert_eq!(code, 3, "{what}: {said}");
        assert!(said.contains("has more than 8388608 bytes"), "{what}: {said}");
    }
}

#[test]
fn very_many_columns_and_symbols_are_refused() {
    let dir = folder();
    let dir = dir.path();
    let wide = format!("time,open,high,low,close{}\n1700000000,1,2,1,2\n", ",x".repeat(2_000_000));
    fs::write(dir.join("wide.csv"), wide).expect("a file");
    refused(dir, "wide.csv", "line 1 has 2000005 fields");
    let mut many = String::from("symbol,time,open,high,low,close\n");
    for i in 0..800_000 {
        many += &format!("{i:x},1700000000,1,2,1,2\n");
    }
    fs::write(dir.join("many.csv"), &many).expect("a file");
    refused(dir, "many.csv", "800000 symbols of 4 columns, too many");
    let long = format!("time,open,high,low,close\n1700000000,1,{},1,2\n", "z".repeat(100_000));
    fs::write(dir.join("cell.csv"), long).expect("a file");
    refused(dir, "cell.csv", "zzz...");
    let header = format!("time,open,high,low,{}\n1700000000,1,2,1,2\n", "close".repeat(10_000));
    fs::write(dir.join("header.csv"), header).expect("a file");
    refused(dir, "header.csv", "closeclose...");
}

/// Bars of a symbol, or with another column.
fn bars(symbol: &str, column: &str, cell: &str) -> String {
    let mut text = format!("symbol,time,open,high,low,close,volume,{column}\n");
    for i in 0..30 {
        text += &format!("{symbol},{},10,11,9,10,{i},{cell}\n", 1_700_000_000 + 60 * i);
    }
    text
}

#[test]
fn what_acts_on_a_terminal_is_never_printed() {
    let dir = folder();
    let dir = dir.path();
    let forged = "\"AAA\nnothing is wrong with them\nwrote /etc/passwd\"";
    for symbol in
        ["\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{1b}[31mEVIL", "\u{202e}CTB\u{2066}", "B\u{200b}", forged]
    {
        fs::write(dir.join("x.csv"), bars(symbol, "x", "1")).expect("a file");
        refused(dir, "x.csv", "that are not letters but act");
        let (_, said) = run(dir, &["check", "x.csv"]);
        assert!(
            !said.lines().any(|line| line.starts_with("nothing") || line.starts_with("wrote")),
            "{said}"
        );
    }
    for column in ["\u{1b}[2Jx", "\"a\nnothing is wrong with them\""] {
        fs::write(dir.join("x.csv"), bars("A", column, "7")).expect("a file");
        for args in [&["check", "x.csv"][..], &["convert", "x.csv", "out.csv", "--overwrite"]] {
            let (code, said) = run(dir, args);
            assert_eq!(code, 0, "{said}");
            assert!(!said.lines().any(|line| line.starts_with("nothing")), "{said}");
        }
    }
    let cell = bars("A", "x", "1") + "A,\u{1b}[31mx\u{7},1,2,1,2,3,4\n";
    fs::write(dir.join("x.csv"), cell).expect("a file");
    refused(dir, "x.csv", "line 32");
    // Names of files are of those who name them.
    fs::create_dir(dir.join("bars")).expect("a folder");
    for name in ["a\nnothing is wrong with them\u{1b}[31m.csv", "b\u{202e}.csv"] {
        fs::write(dir.join("bars").join(name), bars("A", "x", "7")).expect("a file");
        fs::write(dir.join("bars").join(format!("x{name}")), "time,open\n1,\u{1b}\n")
            .expect("a file");
    }
    let (code, said) = run(dir, &["check", "bars"]);
    assert_eq!(code, 3, "{said}");
    assert!(!said.lines().any(|line| line.starts_with("nothing")), "{said}");
}

/// Two symbols that are not UTF-8 are two, or are refused.
#[test]
fn symbols_that_are_no_text_never_become_one() {
    let dir = folder();
    let dir = dir.path();
    let mut text = HEADER.as_bytes().to_vec();
    for i in 0..40_u32 {
        text.extend(if i % 2 == 0 { b"CAF\xc9," } else { b"CAF\xc8," });
        let price = if i % 2 == 0 { 10 } else { 500 };
        let row = format!("{},{price},{price},{price},{price},{i}\n", 1_700_000_000 + 3_600 * i);
        text.extend(row.as_bytes());
    }
    fs::write(dir.join("x.csv"), text).expect("a file");
    let (code, said) = run(dir, &["check", "x.csv"]);
    assert!(code == 3 && said.contains("UTF-8") || said.contains("2 symbols"), "{code}: {said}");
}
