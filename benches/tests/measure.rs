//! Each measurement, of very little.

use std::process::Command;

use barloom_benches::measurement::Measurement;

fn measure(arguments: &[&str]) -> Measurement {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_barloom-measure"))
        .args(arguments)
        .args(["--threads", "2", "--repetitions", "2", "--out"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "{arguments:?}: files are left");
    serde_json::from_slice(&output.stdout).expect("a measurement")
}

#[test]
fn every_kind_prints_a_measurement() {
    let cases: &[&[&str]] = &[
        &["memory", "--rows", "5000"],
        &["memory", "--rows", "5000", "--digest"],
        &["memory", "--rows", "5000", "--block-rows", "4096", "--digest"],
        &["symbols", "--rows", "5000", "--block-rows", "1000"],
        &["parts", "--parts", "3"],
        &["read-csv", "--rows", "5000"],
        &["decode-dbn", "--rows", "5000"],
        &["convert-dbn", "--rows", "5000"],
        &["features", "--rows", "5000", "--lookback", "20", "--features", "corr"],
        &["features", "--rows", "5000", "--features", "alpha158"],
        &["build-features", "--rows", "5000"],
        &["build-columns", "--rows", "5000"],
        &["stream", "--rows", "5000", "--metric", "sharpe,calmar"],
        &["parquet", "--rows", "5000"],
        &["virtual", "--rows", "1000000000"],
        &["npy", "--rows", "5000"],
        &["loader", "--rows", "20000", "--channels", "close,volume", "--metric", "return,sharpe"],
        &["loader", "--rows", "5000", "--block-rows", "1000"],
        &["batch-copy", "--rows", "50000", "--block-rows", "1000"],
        &["reward", "--rows", "5000", "--barriers", "ignore", "--channels", "close"],
        &["fill", "--rows", "5000"],
        &["copy", "--rows", "5000"],
        &["write", "--bytes", "5000000", "--files", "3"],
        &["write", "--bytes", "5000000", "--files", "3", "--sync"],
    ];
    for arguments in cases {
        let measured = measure(arguments);
        assert_eq!(measured.name, arguments[0]);
        assert_eq!(measured.warm_s.len(), 2, "{arguments:?}");
        assert!(measured.cold_s.is_some(), "{arguments:?}");
        assert!(measured.bytes > 0 || arguments[0] == "virtual", "{arguments:?}");
    }
}

/// Memory that 20 parts take, beside that of one: they share the market and its tables.
#[test]
#[cfg(target_os = "linux")]
fn parts_share_a_market() {
    let [one, many] = ["1", "20"].map(|parts| {
        let measured = measure(&["parts", "--parts", parts]);
        measured.peak_rss_bytes.expect("Linux tells") as f64
    });
    assert!(many <= 1.1 * one, "{many} bytes of 20 parts, {one} of one");
}

#[test]
fn what_can_not_be_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_barloom-measure"))
        .args(["memory", "--rows", "10", "--metric", "luck"])
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("luck"));
}
