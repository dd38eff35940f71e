//! What `check` and `build` tell of bars that are not as they should be.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a command says, on standard output and then on standard error, if it gives this exit code
/// and says all of this.
#[track_caller]
fn run(dir: &Path, args: &str, code: i32, says: &[&str]) -> String {
    let got = Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(args.split_whitespace())
        .current_dir(dir)
        .env("XDG_CACHE_HOME", dir.join(".cache"))
        .env_remove("BARLOOM_LOG")
        .output()
        .expect("barloom starts");
    let said = [got.stdout, got.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert_eq!(got.status.code(), Some(code), "{said}");
    for part in says {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    said
}

/// Minute bars, each with a volume, `wrong` ones with prices ten times as high, and an empty column.
fn bars(dir: &Path, wrong: &[usize]) {
    let mut csv = String::from("time,open,high,low,close,volume,note\n");
    for i in 0..400 {
        let price = 100.0 + (i * 37 % 11) as f64;
        let price = if wrong.contains(&i) { 10.0 * price } else { price };
        let (time, high, low) = (1_700_000_000 + 60 * i, 1.05 * price, 0.95 * price);
        csv += &format!("{time},{price},{high},{low},{price},{},\n", i % 50);
    }
    fs::write(dir.join("bars.csv"), csv).expect("bars");
}

fn json(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

#[test]
fn strict_fails_on_warnings_and_counts_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars(dir, &[100, 200, 300]);
    let says = ["warning: zero_volume (8)", "warning: price_scale (3)", "bars.csv:102 bars "];
    let ran = run(dir, "check bars.csv", 0, &says);
    let order = ["zero_volume (8)", "price_scale (3)", "empty_column (1)"];
    let places = order.map(|kind| ran.find(kind).expect(kind));
    assert!(places.is_sorted(), "those found most often come first: {ran}");
    let strict = "error: 12 warnings of 3 kinds, which --strict takes for failures";
    run(dir, "check --strict bars.csv", 3, &[strict]);
    let report = json(&run(dir, "check --json bars.csv", 0, &[]));
    assert_eq!((&report["errors"], &report["warnings"]), (&0.into(), &12.into()));
    assert_eq!(report["findings"][1]["kind"], "price_scale");
    assert_eq!(report["series"][0]["share"], 1.0);
    assert_eq!(report["series"][0]["missing_share"], 0.0);

    let good = "time,open,high,low,close\n1700000000,1,2,1,2\n1700000060,2,3,2,3\n";
    fs::write(dir.join("good.csv"), good).expect("bars");
    run(dir, "check --strict good.csv", 0, &["nothing is wrong with them"]);
    run(
        dir,
        "check good.csv --aggregate 1s",
        3,
        &["nothing is wrong with them", "is over the end of"],
    );
    let bad = good.replace("2,3,2,3", "2,1,2,3");
    fs::write(dir.join("bad.csv"), bad).expect("bars");
    run(dir, "check --strict bad.csv", 3, &["1 bar is unusable"]);
}

#[test]
fn a_build_tells_in_a_few_lines() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars(dir, &[100]);
    let build = "build --bars bars.csv --samples 100 --format virtual --overwrite";
    let ran = run(dir, build, 0, &[]);
    let warnings: Vec<&str> = ran.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 3, "{warnings:#?}");
    let volume = "zero_volume: 8 times, bars without volume; first bars.csv:2 bars 2023-11-14";
    assert!(warnings[0].contains(volume), "{}", warnings[0]);
    assert!(warnings[1].contains("price_scale: 1 time, "), "{}", warnings[1]);
    assert!(warnings[2].ends_with("barloom check bars.csv lists them"), "{}", warnings[2]);

    let quiet = run(dir, &format!("{build} --quiet"), 0, &["dataset "]);
    assert!(!quiet.contains("zero_volume"), "{quiet}");
    let told = json(&run(dir, &format!("{build} --quiet --json"), 0, &[]));
    let kinds: Vec<&str> = told["warnings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|w| w["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["zero_volume", "price_scale"]);
    bars(dir, &[]);
    let csv = fs::read_to_string(dir.join("bars.csv")).expect("bars").replace(",0,\n", ",1,\n");
    fs::write(dir.join("bars.csv"), csv).expect("bars");
    let good = run(dir, build, 0, &[]);
    assert!(!good.contains("WARN"), "{good}");
}

#[test]
fn a_build_says_how_many_windows_differ() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    bars(dir, &[]);
    let build = "build --bars bars.csv --format virtual --overwrite --samples";
    // 400 bars less 64 before and 64 after leave 273 positions.
    let told = "1000000 samples of 273 positions have about 273 distinct windows, each drawn about \
                3663 times";
    run(dir, &format!("{build} 1e6"), 0, &[told]);
    let few = run(dir, &format!("{build} 1000"), 0, &[]);
    assert!(!few.contains("distinct"), "{few}");
}
