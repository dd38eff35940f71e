//! Packed files of a few MiB that unpack to GiB: each ends in an error, or is read, in 1 GiB.
#![cfg(target_os = "linux")]

#[path = "kit/bounded.rs"]
mod bounded;

use std::fs;
use std::io::Write;

use bounded::{Bounds, bounded};
use flate2::{Compress, Compression, Crc, FlushCompress};

const MIB: usize = 1 << 20;

/// Bounds of a command that reads a file: it may take longer than one that refuses it.
const READS: Bounds = Bounds { mib: 1 << 10, seconds: 30 };

/// Bytes that are packed: some, then others so many times, then the last ones.
struct Bomb<'a> {
    begin: &'a [u8],
    again: &'a [u8],
    times: usize,
    end: &'a [u8],
}

impl Bomb<'_> {
    /// Members of gzip, one after the other, and empty ones up to a size.
    fn gzip(&self, size: usize) -> Vec<u8> {
        self.framed(size, |bytes| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(bytes).expect("it is packed");
            packed.finish().expect("it is packed")
        })
    }

    /// Frames of Zstandard, one after the other, and empty ones up to a size.
    fn zstd(&self, size: usize) -> Vec<u8> {
        self.framed(size, |bytes| zstd::encode_all(bytes, 3).expect("it is packed"))
    }

    fn framed(&self, size: usize, pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut packed = pack(self.begin);
        packed.extend(pack(self.again).repeat(self.times));
        packed.extend(pack(self.end));
        let empty = pack(b"");
        let missing = size.saturating_sub(packed.len());
        packed.extend(empty.repeat(missing / empty.len()));
        packed
    }

    /// An archive with one member, and zeros at its beginning up to a size.
    fn zip(&self, size: usize) -> Vec<u8> {
        let parts = [(self.begin, 1), (self.again, self.times), (self.end, 1)];
        let (mut packed, mut sum, mut len) = (Vec::new(), Crc::new(), 0);
        for (part, times) in parts {
            let mut deflate = Compress::new(Compression::default(), false);
            let mut one = Vec::with_capacity(part.len() + 1_000);
            deflate.compress_vec(part, &mut one, FlushCompress::Full).expect("it is packed");
            packed.extend(one.repeat(times));
            let mut of_part = Crc::new();
            of_part.update(part);
            (0..times).for_each(|_| sum.combine(&of_part));
            len += part.len() * times;
        }
        // An empty block, the last.
        packed.extend([3, 0]);
        let word = |number: usize| (number as u32).to_le_bytes();
        let (name, padding) = (b"x.csv", size.saturating_sub(packed.len() + 200));
        let sizes =
            [sum.sum().to_le_bytes(), word(packed.len()), word(len), word(name.len())].concat();
        let local = [b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0", &sizes[..], name].concat();
        // Where the member begins is said by the directory; a name of 5 bytes, no other fields.
        let mut archive = local.clone();
        archive.extend(packed);
        archive.extend(vec![0; padding]);
        let directory = archive.len();
        archive.extend(b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0");
        archive.extend([&sizes[..], &[0; 14], name].concat());
        let length = archive.len() - directory;
        archive.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        archive.extend([word(length), word(directory)].concat());
        archive.extend([0, 0]);
        archive
    }

    /// Checks files of all packers.
    #[track_caller]
    fn check(&self, size: usize, bounds: Bounds, code: i32, says: &str) {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, bytes) in
            [("x.gz", self.gzip(size)), ("x.zst", self.zstd(size)), ("x.zip", self.zip(size))]
        {
            fs::write(dir.path().join(name), bytes).expect("a file");
            let (got, said) = bounded(dir.path(), &["check", name, "--no-cache"], bounds);
            assert_eq!(got, code, "{name}: {said}");
            assert!(said.contains(says), "{name}: {says:?} is not in: {said}");
        }
    }
}

/// About a MiB of equal lines.
fn lines(line: &str) -> Vec<u8> {
    line.repeat(MIB / line.len()).into_bytes()
}

const HEADER: &str = "symbol,time,open,high,low,close,volume\n";

/// A header and rows of more than the MiB that says how text is laid out.
fn begin() -> Vec<u8> {
    let row = |i: usize| format!("A,{},10,11,9,10,{}\n", 1_700_000_000 + 60 * i, i % 10);
    (HEADER.to_owned() + &(0..50_000).map(row).collect::<String>()).into_bytes()
}

/// Checks a bomb of 4 MiB that has no end.
#[track_caller]
fn endless(begin: &[u8], again: &[u8], says: &str) {
    let bomb = Bomb { begin, again, times: 600, end: b"" };
    bomb.check(4 * MIB, Bounds::ATTACK, 3, says);
}

#[test]
fn a_line_without_an_end() {
    endless(&begin(), &[b'1'; MIB], "or one near it, has more than 8388608 bytes");
    endless(b"", &[b'1'; MIB], "it decompresses to more than 134217728 bytes");
}

#[test]
fn rows_without_an_end() {
    let says = "its rows take more than 268435456 bytes of memory";
    endless(&begin(), &lines("A,1700000000,10,11,9,10,1\n"), says);
    endless(b"time,open,high,low,close\n", &lines("1/13/2020,1,1,1,1\n"), says);
    endless(&begin(), &[b'\n'; MIB], says);
}

#[test]
fn fields_that_are_not_read() {
    let row = format!("A,1700000000,10,11,9,10,1,{}\n", "x".repeat(2_000));
    let begin = format!("{},note\n{row}", HEADER.trim_end());
    endless(begin.as_bytes(), &lines(&row), "it decompresses to more than 268435456 bytes");
}

#[test]
fn quoted_rows_without_an_end() {
    let quoted = lines("\"A\",1700000000,10,11,9,10,1\n");
    endless(HEADER.as_bytes(), &quoted, "which only delimited text in UTF-8 without quotes may");
}

/// Errors whose rows are read before them, in the bounds of what is read.
#[test]
fn an_error_at_the_end() {
    let check = |row: &str, times: usize, end: &[u8], says: &str| {
        let bomb = Bomb { begin: &begin(), again: &lines(row), times, end };
        bomb.check(4 * MIB, Bounds::ATTACK, 3, says);
    };
    // Held whole a second time, for the words of the error, and too large for it.
    for times in [40, 90] {
        check("A,1700000000,10,11,9,10,1\n", times, b"A,x,1\n", "has 3 fields, the header has 7");
    }
    let long = format!("A,{:0100},10,11,9,10,1\n", 1_700_000_000);
    check(&long, 200, b"A,x,1\n", "has 3 fields, the header has 7");
    check("\"A\",1700000000,10,11,9,10,1\n", 60, b"A,x,1\n", "has 3 fields, the header has 7");
}

/// Files within the bounds are read.
#[test]
fn many_bars_are_read() {
    let bomb = Bomb { begin: &begin(), again: &[b' '; 10], times: 1, end: b"" };
    bomb.check(0, READS, 0, "50000 bars");
    let again = lines("A,1700000000,10,11,9,10,1\n");
    let bomb = Bomb { begin: &begin(), again: &again, times: 80, end: b"" };
    bomb.check(4 * MIB, READS, 3, "bars of 1 symbol in 1 file");
}
