//! `barloom convert`, and how `check`, `convert` and `build` are told to read.

mod kit;

use std::fs;
use std::path::Path;

use barloom_market_data::{OnBadBar, ReadOptions, read};
use kit::{csv, files, run};

/// Symbols and bars of files as they read.
fn shape(dir: &Path, pattern: &str) -> Vec<(String, usize)> {
    let pattern = dir.join(pattern).to_string_lossy().into_owned();
    let bars = read(&[pattern], &ReadOptions::default()).unwrap();
    let series = bars.into_series(OnBadBar::Error).unwrap().series;
    let mut shape: Vec<_> = series.iter().map(|s| (s.symbol().to_owned(), s.len())).collect();
    shape.sort();
    shape
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_becomes_a_folder_by_symbol() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    fs::create_dir_all(path.join("in/deep")).unwrap();
    fs::write(path.join("in/2023.csv"), csv(&[("A", 30), ("BTC/USDT", 20)])).unwrap();
    fs::write(path.join("in/deep/B.csv"), csv(&[("B", 10)])).unwrap();
    fs::write(path.join("in/.hidden"), "no bars").unwrap();
    let said = run(path, "convert in out").expect(0, &["60 bars of 3 symbols in 3 files"]);
    assert!(said.said.contains("read    2 files in"), "{}", said.said);
    assert_eq!(names(&path.join("out")), ["symbol=A", "symbol=B", "symbol=BTC%2FUSDT"]);
    assert_eq!(names(&path.join("out/symbol=A")), ["2023.parquet"]);
    let expected = [("A", 30), ("B", 10), ("BTC/USDT", 20)].map(|(s, n)| (s.to_owned(), n));
    assert_eq!(shape(path, "out"), expected, "a folder is read as files are");
    assert_eq!(shape(path, "out/**/*.parquet"), expected);
    // There already; replaced if that is wished, but not where something else is in it.
    run(path, "convert in out").expect(4, &["out already exists"]);
    run(path, "convert in out --overwrite --format csv").expect(0, &[]);
    assert_eq!(names(&path.join("out/symbol=A")), ["2023.csv"]);
    assert_eq!(shape(path, "out"), expected);
    fs::write(path.join("out/thesis.txt"), "dear").unwrap();
    run(path, "convert in out --overwrite").expect(4, &["out holds thesis.txt", "would be lost"]);
    assert_eq!(fs::read_to_string(path.join("out/thesis.txt")).unwrap(), "dear");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_link_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    fs::create_dir_all(path.join("disk/data")).unwrap();
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/x.csv"), csv(&[("A", 30)])).unwrap();
    std::os::unix::fs::symlink("disk/data", path.join("lnk")).unwrap();
    for out in ["lnk", "lnk --overwrite", "lnk/ --overwrite"] {
        run(path, &format!("convert in {out}")).expect(0, &["30 bars of 1 symbol in 1 file"]);
        assert!(fs::symlink_metadata(path.join("lnk")).unwrap().is_symlink(), "{out}");
        assert_eq!(names(&path.join("disk/data")), ["symbol=A"], "{out}");
        assert_eq!(names(&path.join("disk")), ["data"], "{out}");
        assert!(names(path).iter().all(|name| !name.starts_with("lnk.")), "{out}");
    }
    assert_eq!(shape(path, "lnk"), [("A".to_owned(), 30)]);
}

#[test]
fn nothing_is_left_of_what_fails() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    fs::create_dir(path.join("in")).unwrap();
    fs::write(path.join("in/a.csv"), csv(&[("A", 30)])).unwrap();
    fs::write(path.join("in/b.csv"), "time,open,high,low,close\n").unwrap();
    for out in ["out", "out.parquet"] {
        run(path, &format!("convert in {out}")).expect(3, &["b.csv", "no bars"]);
        assert_eq!(names(path), ["in"], "nothing of {out}");
    }
    run(path, "convert in no/such/out.parquet").expect(3, &["b.csv"]);
    fs::remove_file(path.join("in/b.csv")).unwrap();
    run(path, "convert in out.parquet --format csv").expect(2, &["--format"]);
    run(path, "convert in out.csv --compression lz4").expect(2, &["--compression", "out.csv"]);
    run(path, "convert in packed --compression lz4").expect(0, &["30 bars"]);
    assert_eq!(shape(path, "packed/**/*.parquet"), [("A".to_owned(), 30)]);
    fs::remove_dir_all(path.join("packed")).unwrap();
    run(path, "convert in out.parquet").expect(0, &["30 bars of 1 symbol in 1 file"]);
    assert_eq!(shape(path, "out.parquet"), [("A".to_owned(), 30)]);
}

#[test]
fn names_that_are_the_same_stay_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    for (folder, rows) in [("x", 5), ("y", 7)] {
        fs::create_dir_all(path.join(folder)).unwrap();
        fs::write(path.join(folder).join("bars.csv"), csv(&[("A", rows)])).unwrap();
    }
    run(path, "convert x y out").expect(0, &["12 bars of 1 symbol in 2 files"]);
    let out = files(&path.join("out/symbol=A"));
    assert!(out.keys().eq(["x-bars.csv.parquet", "y-bars.csv.parquet"]), "{:?}", out.keys());
}

#[test]
fn trades_become_bars_over_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    fs::create_dir(path.join("in")).unwrap();
    for (day, from) in [("2023-11-14", 0), ("2023-11-15", 5)] {
        let rows: String =
            (from..from + 5).map(|k| format!("{},{},1\n", 1_700_000_000 + k, 10 + k)).collect();
        fs::write(path.join(format!("in/XBT-{day}.csv")), format!("time,price,size\n{rows}"))
            .unwrap();
    }
    run(path, "convert in out").expect(3, &["holds trades", "--aggregate 1m"]);
    let convert = "convert in out --aggregate 1h";
    run(path, convert).expect(0, &["1 bar of 1 symbol", "10 trades of 1 symbol became 1 bars"]);
    assert_eq!(names(&path.join("out")), ["symbol=XBT"]);
    run(path, "check in --aggregate 1h").expect(0, &["1 bar of 1 symbol"]);
}

#[test]
fn reading_is_told_by_arguments_and_by_recipes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let mut text = "made by hand\nDatum;Open;High;Low;Close\n".to_owned();
    for day in 1..=28 {
        text += &format!("{day}.01.24;1,5;2,5;1,0;2,0\n");
    }
    fs::write(path.join("x.csv"), text).unwrap();
    let proposed = run(path, "check x.csv").expect(3, &["this reads it: --csv '"]).said;
    let keys = proposed.split("--csv '").nth(1).unwrap().split('\'').next().unwrap();
    let said = std::process::Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(["check", "x.csv", "--csv", keys])
        .current_dir(path)
        .env("XDG_CACHE_HOME", path.join(".cache"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("28 bars of 1 symbol"), "{keys}: {said}");
    let recipe = format!(
        "[data]\nchannels = [\"close\"]\ncsv = {{ {keys} }}\n\
         [dataset]\nsamples = 10\nlookback = 4\nforward = 4\n"
    );
    fs::write(path.join("r.toml"), recipe).unwrap();
    run(path, "check x.csv --config r.toml").expect(0, &["28 bars"]);
    run(path, "build --config r.toml --bars x.csv --out d").expect(0, &["10 samples"]);
    run(path, "check x.csv --csv wide=1").expect(2, &["data.csv.wide", "--csv"]);
    run(path, "check x.csv --csv colour=1").expect(2, &["colour"]);
    run(path, "check x.csv --aggregate 5q").expect(2, &["1000 ticks"]);
}

#[test]
fn keys_of_data_are_flags() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let mut text = "time,open,high,low,Last=x,volume\n".to_owned();
    // Days of Tokyo, as they begin in UTC, from Monday, 2024-01-08; each of them twice.
    for row in 0..56 {
        let (time, close) = (1_704_639_600 + row / 2 * 86_400, 10 + row);
        text += &format!("{time},{close},{close},{close},{close},1\n");
    }
    fs::write(path.join("x.csv"), text).unwrap();
    run(path, "check x.csv").expect(3, &["no column close"]);
    let rename = "--rename Last=x=close --rename volume=size";
    let convert = format!("convert x.csv o.csv --overwrite {rename}");
    run(path, &convert).expect(3, &["its time is that of the bar before it"]);
    for (kept, first, last) in [("first", 10, 64), ("last", 11, 65)] {
        let said = run(path, &format!("{convert} --on-duplicate {kept} --interval 1d"));
        said.expect(0, &["28 bars of 1 symbol", "28 dropped", &format!("the {kept} row")]);
        let bars = fs::read_to_string(path.join("o.csv")).unwrap();
        let rows: Vec<&str> = bars.lines().collect();
        assert!(rows[0].ends_with("close,size"), "{bars}");
        assert!(rows[1].ends_with(&format!(",{first},1")), "{bars}");
        assert!(rows[28].ends_with(&format!(",{last},1")), "{bars}");
    }
    let weeks = format!("{rename} --on-duplicate first --aggregate 1w --anchor");
    run(path, &format!("convert x.csv w.csv {weeks} Asia/Tokyo")).expect(0, &["4 bars"]);
    assert!(fs::read_to_string(path.join("w.csv")).unwrap().contains("2024-01-07T15:00:00"));
    run(path, &format!("check x.csv {weeks} UTC")).expect(3, &["beyond the end", "`anchor`"]);
    run(path, &format!("check x.csv {weeks} Mars"))
        .expect(2, &["--anchor", "17:00 America/New_York"]);
    run(path, "check x.csv --anchor UTC").expect(2, &["--anchor", "--aggregate"]);
    run(path, "check x.csv --interval 1M").expect(2, &["--interval", "1mo"]);
    run(path, "check x.csv --rename Last").expect(2, &["OLD=NEW"]);
    let shape =
        "[data]\nchannels = [\"close\"]\n[dataset]\nsamples = 10\nlookback = 4\nforward = 4\n";
    fs::write(path.join("r.toml"), shape).unwrap();
    let build = format!("build --config r.toml --bars x.csv --out d {rename} --on-duplicate last");
    run(path, &build).expect(0, &["10 samples", "on_duplicate"]);
    let recipe = fs::read_to_string(path.join("d/recipe.toml")).unwrap();
    assert!(
        recipe.contains("on_duplicate = \"last\"") && recipe.contains("[data.rename]"),
        "{recipe}"
    );
    let again = "build --config d/recipe.toml --bars d/bars.arrow --out e";
    run(path, again).expect(0, &["10 samples"]);
    // All but the manifest, which counts the rows that were left out.
    let [mut one, mut other] = ["d", "e"].map(|folder| files(&path.join(folder)));
    assert!(one.remove("manifest.json") != other.remove("manifest.json"));
    assert!(one == other && one.len() > 2, "its own recipe builds it again");
}
