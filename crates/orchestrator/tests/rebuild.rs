//! A dataset built again from its own recipe and bars, and what a build tells on the way.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(dir: &Path, args: &[&str], level: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barloom"));
    command.args(args).current_dir(dir).env("BARLOOM_LOG", level);
    command.env("XDG_CACHE_HOME", dir.join(".cache"));
    command.output().expect("barloom starts")
}

/// Standard error of a command that succeeds.
fn logs(dir: &Path, args: &[&str], level: &str) -> String {
    let got = run(dir, args, level);
    let logs = String::from_utf8_lossy(&got.stderr).into_owned();
    assert!(got.status.success(), "{args:?}: {logs}");
    logs
}

fn manifest(dir: &Path) -> Value {
    let text = fs::read_to_string(dir.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// Minute bars in New York's time with a hole and a bar that can't be.
fn write_bars(path: &Path) {
    let mut csv = String::from("time,open,high,low,close,volume,Funding Rate\n");
    for i in 0..900 {
        let (hour, minute) = (9 + i / 60 % 12, i % 60);
        let day = 4 + i / 720 * 3;
        let high = if i == 300 { 1.0 } else { 12.0 + f64::from(i % 7) };
        let close = 10.0 + f64::from(i * i % 997) / 1_000.0;
        let funding = if i == 500 { String::new() } else { format!("0.0{}", i % 9) };
        csv += &format!(
            "2024-03-{day:02} {hour:02}:{minute:02}:00,11,{high},9,{close},{},{funding}\n",
            i % 100
        );
    }
    fs::write(path, csv).expect("bars");
}

#[test]
fn a_datasets_own_recipe_gives_it_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    write_bars(&dir.join("bars.csv"));
    fs::write(
        dir.join("r.toml"),
        "[data]\nbars = [\"bars.csv\"]\nstamp = \"close\"\non_bad_bar = \"drop\"\n\
         timezone = \"America/New_York\"\nchannels = [\"close\", \"Funding Rate\"]\n\
         [scaling]\n\"Funding Rate\" = \"zscore\"\n\
         [dataset]\nsamples = 2_000\nlookback = 9\nforward = 6\n",
    )
    .expect("a recipe");
    logs(dir, &["build", "--config", "r.toml", "--out", "d"], "warn");
    let first = manifest(&dir.join("d"));
    assert_eq!(first["market"]["segments"], 3, "a dropped bar, a missing value");

    let inside = dir.join("d");
    let again = ["build", "--config", "recipe.toml", "--out", "../again"];
    let got = run(&inside, &again, "info");
    let told = String::from_utf8_lossy(&got.stderr);
    assert!(got.status.success(), "{told}");
    assert!(told.contains("taken as stored"), "{told}");
    assert!(String::from_utf8_lossy(&got.stdout).contains("bars come from a dataset"));
    let second = manifest(&dir.join("again"));
    for key in ["content_digest", "recipe_digest", "summary", "positions", "shards"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    assert_eq!(first["market"]["digest"], second["market"]["digest"]);

    // As spelled in the file that they came from, too.
    let other = ["build", "--config", "r.toml", "--bars", "d/bars.arrow", "--out", "other"];
    logs(dir, &other, "warn");
    assert_eq!(first["content_digest"], manifest(&dir.join("other"))["content_digest"]);
}

#[test]
fn car_over_short_horizons_warns() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    write_bars(&dir.join("bars.csv"));
    let recipe = |bars_per_year: u32| {
        let text = format!(
            "[data]\nbars = [\"bars.csv\"]\non_bad_bar = \"drop\"\nchannels = [\"close\"]\n\
             [dataset]\nsamples = 100\nlookback = 4\nforward = 10\n\
             [reward]\nmetric = [\"pnl\", \"car\"]\nbars_per_year = {bars_per_year}\n"
        );
        fs::write(dir.join("r.toml"), text).expect("a recipe");
    };
    let build = ["build", "--config", "r.toml", "--out", "d", "--overwrite"];
    recipe(520);
    let told = logs(dir, &build, "warn");
    assert!(!told.contains("reward.metric"), "{told}");
    recipe(521);
    let told = logs(dir, &build, "warn");
    for words in ["WARN", "car", "52.1", "dataset.forward"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn logs_tell_the_stages() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    write_bars(&dir.join("bars.csv"));
    fs::write(dir.join("r.toml"), "[data]\non_bad_bar = \"drop\"\nchannels = [\"close\"]\n")
        .expect("a recipe");
    let build = ["build", "--config", "r.toml", "--bars", "bars.csv", "--samples", "10", "--out"];
    let with = |more: &[&'static str]| [&build[..], more].concat();
    let told = logs(dir, &with(&["d", "--chunk-rows", &usize::MAX.to_string().leak()[..]]), "info");
    for words in [
        "read 900 rows of bars.csv",
        "899 bars of 1 symbol in 2 segments",
        "10 samples from",
        "samples 10, shards 1",
        "d has its name",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // The bar that is dropped is all there is to warn of.
    let told = logs(dir, &with(&["e"]), "warn");
    assert!(told.starts_with(" WARN price_scale: 1 time"), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn a_damaged_shard_is_bad_data() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    write_bars(&dir.join("bars.csv"));
    fs::write(dir.join("r.toml"), "[data]\non_bad_bar = \"drop\"\nchannels = [\"close\"]\n")
        .expect("a recipe");
    let build = ["build", "--config", "r.toml", "--bars", "bars.csv", "--samples", "90"];
    logs(dir, &[&build[..], &["--out", "d"]].concat(), "warn");
    let shard = dir.join("d/samples/00000.parquet");
    let whole = fs::read(&shard).expect("a shard");
    let mut footer = whole.clone();
    let end = footer.len() - 200;
    footer[end..end + 150].fill(0xff);
    let mut magic = whole.clone();
    magic[whole.len() - 4..].copy_from_slice(b"JUNK");
    for (what, bytes) in
        [("cut", whole[..whole.len() / 2].to_vec()), ("footer", footer), ("magic", magic)]
    {
        fs::write(&shard, bytes).expect("a damaged shard");
        let got = run(dir, &["inspect", "d", "--sample", "7"], "warn");
        let told = String::from_utf8_lossy(&got.stderr);
        assert_eq!(got.status.code(), Some(3), "{what}: {told}");
        assert!(told.contains("samples/00000.parquet") && told.contains("damaged"), "{told}");
    }
    fs::remove_file(&shard).expect("it goes");
    assert_eq!(run(dir, &["inspect", "d", "--sample", "7"], "warn").status.code(), Some(4));
}
