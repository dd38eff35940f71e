//! Reading with a cache gives the same as without it, whoever else uses it.

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use barloom_doctor::check;
use barloom_market_data::{
    Adjust, Aggregate, Bars, Cache, CsvOptions, OnBadBar, ReadOptions, read, read_bytes,
};
use tempfile::TempDir;

/// All that can be told of bars: the report, and every series to the bit.
fn told(bars: &Bars) -> String {
    let mut told = serde_json::to_string(&check(bars)).unwrap();
    match bars.clone().into_series(OnBadBar::Drop) {
        Ok(loaded) => {
            write!(told, "{:?} {:?} {:?}", loaded.dropped, loaded.joined, loaded.notes).unwrap();
            for series in &loaded.series {
                write!(told, "\n{} {:?} {:?}", series.symbol(), series.breaks(), series.ts())
                    .unwrap();
                for column in series.columns() {
                    let bits: Vec<u64> =
                        column.values.iter().map(|value| value.to_bits()).collect();
                    write!(told, "\n{} {bits:x?}", column.name).unwrap();
                }
            }
        }
        Err(error) => told += &error.to_string(),
    }
    told
}

/// Describes the bars of a file, or the error.
fn of(path: &Path, options: &ReadOptions) -> String {
    match read(&[path.to_string_lossy().into_owned()], options) {
        Ok(bars) => told(&bars),
        Err(error) => error.to_string(),
    }
}

fn with(cache: &Cache, options: &ReadOptions) -> ReadOptions {
    ReadOptions { cache: Some(cache.clone()), ..options.clone() }
}

/// A cache of everything, in a new folder.
fn cache() -> (TempDir, Cache) {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(dir.path().join("cache"), 1 << 30).with_least_bytes(0);
    (dir, cache)
}

fn entries(cache: &Cache) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(cache.folder()) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// Marks entries: those that are used afterwards lose the mark, and those that are written anew
/// have another file.
fn mark(cache: &Cache) {
    for path in entries(cache) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
}

/// The files of entries, and whether each was used since they were marked.
fn used(cache: &Cache) -> Vec<(u64, bool)> {
    let of = |path: PathBuf| {
        let metadata = fs::metadata(path).unwrap();
        #[cfg(unix)]
        let file = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let file = 0;
        (file, metadata.modified().unwrap() != SystemTime::UNIX_EPOCH)
    };
    entries(cache).into_iter().map(of).collect()
}

/// Minute bars with things to tell of: a missing value and time, a bad bar, another unit of time.
fn csv(rows: u64, seed: u64) -> String {
    let mut text = String::from("symbol,time,open,high,low,close,volume,note\n");
    for row in 0..rows {
        let close = 100.0 + ((row * 7 + seed * 13) % 17) as f64 / 3.0;
        let time = match row {
            5 => String::new(),
            row if row * 2 > rows => format!("{}", (1_700_000_000 + 60 * row) * 1_000_000),
            row => format!("{}", 1_700_000_000 + 60 * row),
        };
        let high = if row == 9 { 1.0 } else { close + 1.0 };
        let volume = if row == 3 { String::new() } else { (row * 31 % 1_000).to_string() };
        let symbol = if row % 3 == 0 { "" } else { "AA" };
        writeln!(text, "{symbol},{time},{close},{high},{},{close},{volume},x", close - 1.0)
            .unwrap();
    }
    text
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn text_of_every_packing_is_kept_and_read_as_it_was() {
    let (dir, cache) = cache();
    let (one, other) = (csv(500, 1), csv(300, 2));
    let wide = "ts,A:open,A:high,A:low,A:close,B:open,B:high,B:low,B:close\n\
                2024-01-01,1,2,1,2,,,,\n2024-01-02,1,2,1,2,3,4,3,4\n";
    let trades = "time,price,size\n1700000000,1,2\n1700000100,1.5,3\n1700003700,1,1\n";
    let plain = ReadOptions::default();
    let of_wide = CsvOptions { wide: Some(":".into()), ..CsvOptions::default() };
    let files: Vec<(&str, Vec<u8>, ReadOptions)> = vec![
        ("a.csv", one.clone().into_bytes(), plain.clone()),
        ("b.csv.gz", gzipped(one.as_bytes()), plain.clone()),
        ("c.csv.zst", zstd::encode_all(one.as_bytes(), 1).unwrap(), plain.clone()),
        ("d.zip", zipped(&[("x.csv", one.as_bytes())]), plain.clone()),
        ("e.zip", zipped(&[("x.csv", one.as_bytes()), ("y.csv", other.as_bytes())]), plain.clone()),
        ("f.csv", wide.into(), ReadOptions { csv: of_wide, ..plain.clone() }),
        (
            "g.csv",
            trades.into(),
            ReadOptions { aggregate: Some(Aggregate::new("1h".parse().unwrap())), ..plain.clone() },
        ),
    ];
    for (number, (name, bytes, options)) in files.iter().enumerate() {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let expected = of(&path, options);
        assert!(expected.starts_with('{'), "{expected}");
        assert_eq!(entries(&cache).len(), number);
        assert_eq!(of(&path, &with(&cache, options)), expected, "{name}, parsed");
        assert_eq!(entries(&cache).len(), number + 1, "{name} is kept");
        mark(&cache);
        let before = used(&cache);
        assert_eq!(of(&path, &with(&cache, options)), expected, "{name}, kept");
        let after = used(&cache);
        assert!(before.iter().zip(&after).all(|(b, a)| b.0 == a.0), "{name} is not written again");
        assert_eq!(after.iter().filter(|(_, used)| *used).count(), 1, "{name} is read");
    }
    // Bytes in memory, and files of other formats, are not kept.
    let count = entries(&cache).len();
    read_bytes("z.csv", one.as_bytes(), &with(&cache, &plain)).unwrap();
    let spy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/spy_1h.parquet");
    assert_eq!(of(Path::new(spy), &with(&cache, &plain)), of(Path::new(spy), &plain));
    assert_eq!(entries(&cache).len(), count);
}

#[test]
fn what_all_columns_were_kept_of_is_there_for_some() {
    let (dir, cache) = cache();
    let plain = ReadOptions::default();
    let some = |names: &[&str]| ReadOptions {
        columns: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..ReadOptions::default()
    };
    let mut text = "time,open,high,low,close,Adj Close,volume,trades,note\n".to_owned();
    for row in 0..400 {
        let note = if row == 300 { "text" } else { "1" };
        text += &format!("{},2,3,1,2,1.5,{row},{},{note}\n", 1_700_000_000 + row * 60, row % 7);
    }
    let path = dir.path().join("a.csv");
    fs::write(&path, &text).unwrap();
    of(&path, &with(&cache, &plain));
    assert_eq!(entries(&cache).len(), 1);
    let adjusted = ReadOptions { adjust: Some(Adjust::AdjClose), ..some(&["volume"]) };
    for options in [some(&[]), some(&["Trades", "volume"]), some(&["close"]), adjusted] {
        assert_eq!(of(&path, &with(&cache, &options)), of(&path, &options), "{options:?}");
        assert_eq!(entries(&cache).len(), 1, "{options:?}");
    }
    // Columns that are not kept may hold text, which parsing tells.
    for options in [some(&["note"]), some(&["funding"])] {
        assert_eq!(of(&path, &with(&cache, &options)), of(&path, &options), "{options:?}");
    }
    // A wide table leaves out rows without prices, whatever is wanted beside these.
    let wide = "ts,A:open,A:high,A:low,A:close,A:volume\n\
                2024-01-01,1,2,1,2,3\n2024-01-02,,,,,3\n2024-01-03,1,2,1,2,4\n";
    let path = dir.path().join("w.csv");
    fs::write(&path, wide).unwrap();
    let csv = CsvOptions { wide: Some(":".into()), ..CsvOptions::default() };
    for options in [plain, some(&[]), some(&["volume"])] {
        let options = ReadOptions { csv: csv.clone(), ..options };
        assert_eq!(of(&path, &with(&cache, &options)), of(&path, &options), "{options:?}");
    }
}

#[test]
fn a_changed_file_is_read_anew() {
    let (dir, cache) = cache();
    let plain = ReadOptions::default();
    let kept = with(&cache, &plain);
    for (name, pack) in [
        ("a.csv", (|text| text) as fn(Vec<u8>) -> Vec<u8>),
        ("a.csv.zst", |text| zstd::encode_all(&text[..], 1).unwrap()),
    ] {
        let path = dir.path().join(name);
        let text = csv(300, 1);
        fs::write(&path, pack(text.clone().into_bytes())).unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let first = of(&path, &kept);
        assert_eq!(of(&path, &kept), first);
        // One digit, the same length, the same time.
        let changed = text.replacen(",23\n", ",24\n", 1).replacen("x\n", "y\n", 1);
        let changed = changed.replacen("102", "103", 1);
        assert_eq!(changed.len(), text.len());
        fs::write(&path, pack(changed.into_bytes())).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let second = of(&path, &kept);
        assert_ne!(second, first);
        assert_eq!(second, of(&path, &plain));
        // And back.
        fs::write(&path, pack(text.into_bytes())).unwrap();
        assert_eq!(of(&path, &kept), first);
    }
}

#[test]
fn errors_are_told_each_time() {
    let (dir, cache) = cache();
    let plain = ReadOptions::default();
    let path = dir.path().join("a.csv");
    for text in ["", "time,open\n1,2\n", "1,2,3", "time,open,high,low,close\n2024-01-01,1,x,1,1\n"]
    {
        fs::write(&path, text).unwrap();
        let expected = of(&path, &plain);
        for _ in 0..2 {
            assert_eq!(of(&path, &with(&cache, &plain)), expected);
        }
    }
    // Trades that are kept for bars of them are still none without.
    fs::write(&path, "time,price,size\n1700000000,1,2\n1700003700,1,1\n").unwrap();
    let aggregate = Some(Aggregate::new("1h".parse().unwrap()));
    let to_bars = ReadOptions { aggregate, ..plain.clone() };
    assert!(of(&path, &with(&cache, &to_bars)).starts_with('{'));
    assert_eq!(entries(&cache).len(), 1);
    assert_eq!(of(&path, &with(&cache, &plain)), of(&path, &plain));
    assert!(of(&path, &with(&cache, &plain)).contains("it holds trades"));
}

/// The work of one of several processes: it reads files again and again with a cache that holds
/// some of them, and compares each with the result without a cache.
fn reads(folder: &Path, rounds: usize) {
    let plain = ReadOptions::default();
    // Each as of another process: it knows of no other's.
    let cache = Cache::new(folder.join("cache"), 150_000).with_least_bytes(0);
    let kept = with(&cache, &plain);
    let files: Vec<PathBuf> = (0..6).map(|number| folder.join(format!("{number}.csv"))).collect();
    let expected: Vec<String> = files.iter().map(|file| of(file, &plain)).collect();
    for round in 0..rounds {
        let number = (round * 5 + round / 7 + std::process::id() as usize) % files.len();
        assert_eq!(of(&files[number], &kept), expected[number]);
        if round % 10 == 3 {
            // Someone clears it.
            if let Some(path) = entries(&cache).into_iter().nth(number) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

#[test]
fn processes_and_threads_use_one_folder_at_once() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..6 {
        fs::write(dir.path().join(format!("{number}.csv")), csv(400 + 50 * number, number))
            .unwrap();
    }
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = Command::new(std::env::current_exe().unwrap());
        other.args(["--ignored", "--exact", "one_of_several_processes"]);
        others.push(other.env("BARLOOM_TEST_FOLDER", dir.path()).spawn().unwrap());
    }
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| reads(dir.path(), 120));
        }
    });
    for mut other in others {
        assert!(other.wait().unwrap().success());
    }
    let left = fs::read_dir(dir.path().join("cache")).unwrap();
    let left: Vec<PathBuf> = left.map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_some_and(|end| end == "arrow")), "{left:?}");
    assert!(!left.is_empty());
}

/// Run by the test above in processes of their own.
#[test]
#[ignore = "it is what the other test runs"]
fn one_of_several_processes() {
    let folder = std::env::var_os("BARLOOM_TEST_FOLDER").unwrap();
    reads(Path::new(&folder), 120);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_never_mixed_up() {
    let (dir, cache) = cache();
    let plain = ReadOptions::default();
    let plainly = (0..4).map(|seed| csv(300, seed).into_bytes());
    let packed = (0..4).map(|seed| zstd::encode_all(csv(300, seed).as_bytes(), 1).unwrap());
    for (name, texts) in [("a.csv", plainly.collect()), ("a.csv.zst", packed.collect())] {
        let texts: Vec<Vec<u8>> = texts;
        let path = dir.path().join(name);
        let expected: Vec<String> = texts
            .iter()
            .map(|text| {
                fs::write(&path, text).unwrap();
                of(&path, &plain)
            })
            .collect();
        // Whoever reads may see any of them, or a part; the entries are right all the same.
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for round in 0..300 {
                    fs::write(&path, &texts[round % texts.len()]).unwrap();
                    std::thread::sleep(Duration::from_micros(300));
                }
            });
            while !writer.is_finished() {
                let _ = of(&path, &with(&cache, &plain));
            }
        });
        for (text, expected) in texts.iter().zip(&expected) {
            fs::write(&path, text).unwrap();
            for _ in 0..2 {
                assert_eq!(&of(&path, &with(&cache, &plain)), expected);
            }
        }
    }
}

fn shared() -> PathBuf {
    PathBuf::from(format!("{}/../../../shared/data", env!("CARGO_MANIFEST_DIR")))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Real files by the options that read most of them; errors too are the same.
#[test]
#[cfg_attr(not(shared_data), ignore = "needs ../shared/data")]
fn real_files_are_read_as_they_were() {
    let plain = ReadOptions::default();
    let csv = CsvOptions::default;
    let ways = [
        plain.clone(),
        ReadOptions {
            aggregate: Some(Aggregate::new("1h".parse().unwrap())),
            columns: Some(vec!["volume".into()]),
            ..plain.clone()
        },
        ReadOptions { csv: CsvOptions { ms_of_day: true, ..csv() }, ..plain.clone() },
        ReadOptions {
            csv: CsvOptions { skip_rows: 1, wide: Some(":".into()), ..csv() },
            timezone: "America/New_York".into(),
            ..plain
        },
    ];
    let mut found = Vec::new();
    files(&shared(), &mut found);
    let (_dir, cache) = cache();
    let mut kept = 0;
    for path in &found {
        for options in &ways {
            let expected = of(path, options);
            let before = entries(&cache).len();
            assert!(of(path, &with(&cache, options)) == expected, "{}, parsed", path.display());
            let is_kept = entries(&cache).len() > before;
            assert!(!is_kept || expected.starts_with('{'), "{}", path.display());
            if is_kept {
                kept += 1;
                mark(&cache);
                let files = used(&cache);
                assert!(of(path, &with(&cache, options)) == expected, "{}, kept", path.display());
                let same = files.iter().zip(used(&cache)).filter(|(was, is)| was.0 == is.0);
                let used = same.filter(|(_, is)| is.1).count();
                assert_eq!(used, 1, "{} is taken from the cache", path.display());
            }
        }
    }
    assert!(kept > 100, "{kept} of {} files", found.len());
}
