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
