//! Text files that `build`, `check` and `convert` cache, and those that they do not.

mod kit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kit::{Ran, csv, files, run};

const RECIPE: &str = "[dataset]\nsamples = 500\nlookback = 8\nforward = 8\n";

/// A folder with a recipe and bars that are worth to be kept.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("bars.csv"), csv(&[("AA", 4_000), ("BB", 2_000)])).expect("bars");
    fs::write(dir.path().join("r.toml"), RECIPE).expect("a recipe");
    dir
}

/// Runs `barloom` with such an environment, and with its logs.
fn logged(dir: &Path, args: &str, environment: &[(&str, &Path)]) -> Ran {
    let got = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("BARLOOM_LOG", "info")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("HOME")
        .envs(environment.iter().copied())
        .output()
        .expect("barloom starts");
    let said = [got.stdout, got.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ran { code: got.status.code(), said: said.concat() }
}

/// The files in the folder of a cache.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

const FROM: &str = "bars.csv comes from the cache";

#[test]
fn the_second_build_of_the_same_bars_is_from_the_cache_and_the_same() {
    let dir = place();
    let path = dir.path();
    let cache = path.join("caches");
    let build = |out: &str, more: &str| {
        let args = format!("build --config r.toml --bars bars.csv --out {out} {more}");
        logged(path, &args, &[("XDG_CACHE_HOME", &cache)])
            .expect(0, &["read 6000 rows of bars.csv"])
    };
    let first = build("first", "");
    assert!(!first.said.contains(FROM), "{}", first.said);
    assert_eq!(kept(&cache.join("barloom")).len(), 1);
    let second = build("second", "");
    assert!(second.said.contains(FROM), "{}", second.said);
    let without = build("without", "--no-cache");
    assert!(!without.said.contains(FROM), "{}", without.said);
    let expected = files(&path.join("without"));
    assert_eq!(files(&path.join("first")), expected);
    assert_eq!(files(&path.join("second")), expected);
    // What changed is read anew.
    let text = fs::read_to_string(path.join("bars.csv")).expect("bars");
    let (rest, last) = text.trim_end().rsplit_once(',').expect("a volume");
    fs::write(path.join("bars.csv"), format!("{rest},1{last}\n")).expect("bars");
    let changed = build("changed", "");
    assert!(!changed.said.contains(FROM), "{}", changed.said);
    assert_ne!(files(&path.join("changed")), expected);
}

#[test]
fn check_and_convert_say_and_write_the_same() {
    let dir = place();
    let path = dir.path();
    // Something to tell of, by its line.
    let text = fs::read_to_string(path.join("bars.csv")).expect("bars");
    let lines: Vec<&str> = text.lines().collect();
    let text = [&lines[..100], &["AA,1700006000,5,1,2,3,"], &lines[100..]].concat().join("\n");
    fs::write(path.join("bars.csv"), text).expect("bars");
    let said = |args: &str| run(path, args).said;
    let expected = said("check --json --no-cache bars.csv");
    assert!(expected.contains("high_below_low"), "{expected}");
    assert!(!path.join(".cache").exists());
    for _ in 0..2 {
        assert_eq!(said("check --json bars.csv"), expected);
        assert_eq!(kept(&path.join(".cache/barloom")).len(), 1);
    }
    for (out, more) in [("a.csv", "--no-cache"), ("b.csv", ""), ("c.csv", "")] {
        run(path, &format!("convert bars.csv {out} --drop-bad-bars {more}")).expect(0, &["wrote"]);
    }
    let written = |name: &str| fs::read(path.join(name)).expect("a file");
    assert_eq!(written("b.csv"), written("a.csv"));
    assert_eq!(written("c.csv"), written("a.csv"));
}

#[test]
fn the_folder_is_where_the_environment_says() {
    let dir = place();
    let path = dir.path();
    let (home, caches) = (path.join("home"), path.join("caches"));
    let check = |args: &str, environment: &[(&str, &Path)]| {
        logged(path, &format!("check bars.csv {args}"), environment).expect(0, &["6000 bars"]).said
    };
    // Nowhere, and not where it says it by part of a path.
    check("", &[]);
    check("", &[("XDG_CACHE_HOME", Path::new("caches")), ("HOME", Path::new("home"))]);
    check("--no-cache", &[("XDG_CACHE_HOME", &caches), ("HOME", &home)]);
    assert!(!home.exists() && !caches.exists() && !path.join(".cache").exists());
    check("", &[("XDG_CACHE_HOME", Path::new("caches")), ("HOME", &home)]);
    assert_eq!(kept(&home.join(".cache/barloom")).len(), 1);
    assert!(!caches.exists());
    check("", &[("XDG_CACHE_HOME", &caches), ("HOME", &home)]);
    assert_eq!(kept(&caches.join("barloom")).len(), 1);
    // A file in its place: nothing is kept, and it is told once, and the bars are read.
    let file = path.join("bars.csv");
    let said = check("", &[("XDG_CACHE_HOME", &file)]);
    assert_eq!(said.matches("keeps nothing").count(), 1, "{said}");
    // An entry that is damaged is made anew.
    let entry = kept(&caches.join("barloom")).remove(0);
    let whole = fs::read(&entry).expect("an entry");
    fs::write(&entry, &whole[..whole.len() / 2]).expect("an entry");
    let said = check("", &[("XDG_CACHE_HOME", &caches)]);
    assert!(!said.contains(FROM), "{said}");
    assert_eq!(fs::read(&entry).expect("an entry"), whole);
    assert!(check("", &[("XDG_CACHE_HOME", &caches)]).contains(FROM));
}
