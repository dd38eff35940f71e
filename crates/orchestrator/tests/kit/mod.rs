//! Shared by tests of whole datasets: the command, made-up bars, numbers that are the same each
//! time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The results of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// Standard output and standard error.
    pub(crate) said: String,
}

impl Ran {
    /// Checks the exit code, and that what was said holds all of this.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.said);
        for part in says {
            assert!(self.said.contains(part), "{part:?} is not in: {}", self.said);
        }
        assert!(!self.said.contains("panicked"), "{}", self.said);
        self
    }
}

/// Runs `barloom`; arguments are parted by spaces.
pub(crate) fn run(dir: &Path, args: &str) -> Ran {
    let got = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts");
    let said = [got.stdout, got.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ran { code: got.status.code(), said: said.concat() }
}

/// Numbers that look random and are the same each time: `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

/// Minute bars of some symbols, each of so many, that walk at random.
pub(crate) fn csv(symbols: &[(&str, usize)]) -> String {
    let mut random = Random(symbols.len() as u64);
    let mut csv = String::from("symbol,time,open,high,low,close,volume\n");
    for (symbol, bars) in symbols {
        let mut open = 100.0;
        for bar in 0..*bars {
            let close = open * (0.995 + random.below(1_000) as f64 / 1e5);
            let (low, high) = (f64::min(open, close) * 0.999, f64::max(open, close) * 1.001);
            let (time, volume) = (1_700_000_000 + 60 * bar, random.below(10_000));
            csv += &format!("{symbol},{time},{open},{high},{low},{close},{volume}\n");
            open = close;
        }
    }
    csv
}

/// The bytes of every file below a folder, by its path there.
pub(crate) fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            let below = files(&entry.path());
            found.extend(below.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            found.insert(name, fs::read(entry.path()).expect("a file"));
        }
    }
    found
}
