//! A baseline that was better: the log says so, and the exit code is 1.

use std::path::Path;
use std::process::{Command, Output};

use barloom_benches::report::baseline::Baseline;

fn bench(out: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_barloom-bench"))
        .args([
            "--mode",
            "quick",
            "--only",
            "rewards",
            "--root",
            env!("CARGO_MANIFEST_DIR"),
            "--out",
        ])
        .arg(out)
        .args(arguments)
        .output()
        .expect("it runs")
}

#[test]
fn a_regression_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path();
    let first = bench(out, &["--save-baseline", "made"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));

    let mut baseline = Baseline::load(out, out, "made").expect("it was kept");
    assert!(baseline.ratios.contains_key("reward-horizon"), "{baseline:?}");
    // Costs that no run has: every one is a regression, or none.
    baseline.ratios.values_mut().for_each(|ratio| *ratio = 1e6);
    baseline.save(out, "worse").expect("saved");
    assert!(bench(out, &["--baseline", "worse"]).status.success());
    baseline.ratios.values_mut().for_each(|ratio| *ratio = 1e-6);
    baseline.save(out, "better").expect("saved");
    assert_eq!(bench(out, &["--baseline", "better"]).status.code(), Some(1));
    let log = std::fs::read_to_string(out.join("regression_test_results.log")).expect("a log");
    assert!(log.contains("REGRESSION reward-horizon"), "{log}");
}
