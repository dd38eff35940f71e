//! The command's account of features: `build`, `inspect` and `verify`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPE: &str = "dataset = { samples = 500, lookback = 20, forward = 5 }\n\
    [data]\nchannels = [\"close\", \"up\", \"far\"]\n[scaling]\nfeatures = \"none\"\n\
    [features]\nup = \"log(close / lag(close, 1))\"\nfar = \"close / lag(close, 30)\"\n";

fn barloom(folder: &Path, arguments: &[&str]) -> Output {
    let command =
        Command::new(env!("CARGO_BIN_EXE_barloom")).args(arguments).current_dir(folder).output();
    command.expect("barloom starts")
}

fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn lost_bars_and_features_computed_again_are_told() {
    let bars = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/spy_1h.parquet");
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("r.toml"), RECIPE).expect("a recipe");
    let bars = bars.to_string_lossy().into_owned();
    let built = said(&barloom(dir.path(), &["build", &bars, "--config", "r.toml", "--out", "d"]));
    let notes: Vec<&str> = built.lines().filter(|line| line.starts_with("note")).collect();
    let [note] = notes[..] else { panic!("{built}") };
    let lost = note.split_once("bars without a value: ").expect("lost bars").1;
    assert!(lost.starts_with("far ") && lost.contains("), up ") && lost.contains(" of "), "{lost}");
    let inspected = said(&barloom(dir.path(), &["inspect", "d"]));
    assert!(inspected.contains(&format!("lost bars    {lost}\n")), "{inspected}");
    let verified = said(&barloom(dir.path(), &["verify", "d"]));
    let line = "features     2 features computed again: right to the bit\n";
    assert!(verified.contains(line), "{verified}");
    let none = said(&barloom(dir.path(), &["verify", "d", "--rows", "0"]));
    assert!(!none.contains("features  "), "{none}");
}

#[test]
fn check_reports_on_features() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut bars = String::from("time,open,high,low,close,volume\n");
    for bar in 0..200_i64 {
        let (time, close) = (1_700_002_800 + 3_600 * bar, 100 + bar * 7_919 % 97);
        bars += &format!("{time},{close},{},{},{close},{bar}\n", close + 1, close - 1);
    }
    fs::write(dir.path().join("A.csv"), bars).expect("bars");
    let features = "late = \"lag(close, 5)\"\nlater = \"lag(close, 2 + 3)\"\n\
                    copy = \"volume + 0\"\nsame = \"close * 0 + 7\"\nnever = \"lag(close, 500)\"\n\
                    holes = \"where(volume < 3 or volume == 50, nan, volume)\"\n";
    let recipe = format!("[features]\n{features}");
    fs::write(dir.path().join("r.toml"), recipe).expect("a recipe");
    let check = ["check", "A.csv", "--no-cache", "--config", "r.toml"];
    let text = said(&barloom(dir.path(), &check));
    let table = text.split_once("\nfeature ").expect("a table").1;
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    let told: Vec<String> = rows[1..].iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        told,
        [
            "late 5 5 5 2.5% 100.00000 196.00000",
            "later 5 5 5 2.5% 100.00000 196.00000 equal to late",
            "copy 0 0 0 0.0% 0.00000 199.00000 equal to volume",
            "same 0 0 0 0.0% 7.00000 7.00000 constant",
            "never - 200 200 100.0% - - no value",
            "holes 3 4 3 2.0% 3.00000 199.00000",
        ]
    );
    let json = said(&barloom(dir.path(), &[&check[..], &["--json"]].concat()));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let holes = &json["features"][5];
    assert_eq!((&holes["name"], &holes["first_bar"]), (&"holes".into(), &3.into()));
    assert_eq!(holes["lost"], serde_json::json!({ "warm_up": 3, "other": 1 }));
    assert_eq!(json["features"][2]["equal_to"], "volume");
    let plain = said(&barloom(dir.path(), &["check", "A.csv", "--no-cache"]));
    assert!(!plain.contains("feature") && text.starts_with(plain.trim_end()), "{plain}");
    fs::write(dir.path().join("r.toml"), "[features]\nx = \"open_interest * 2\"\n")
        .expect("a recipe");
    let failed = barloom(dir.path(), &check);
    let error = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && error.contains("no column `open_interest`"), "{error}");
    assert!(!failed.stdout.is_empty(), "the bars are reported on all the same");
}
