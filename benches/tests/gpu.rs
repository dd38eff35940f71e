//! `barloom-gpu` on a driver for the host: all of it runs, and a difference is told.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn cuda() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/backend-cuda")
}

fn run(kernels: &Path, folder: &Path) -> Output {
    let compiled = Command::new(std::env::var("CXX").unwrap_or_else(|_| "c++".into()))
        .args(["-x", "c++", "-std=c++17", "-O2", "-ffp-contract=off", "-shared", "-fPIC", "-I"])
        .arg(kernels)
        .arg(cuda().join("tests/emulator/driver.cpp"))
        .arg("-o")
        .arg(folder.join("libcuda.so.1"))
        .status()
        .expect("a C++ compiler, c++");
    assert!(compiled.success());
    Command::new(env!("CARGO_BIN_EXE_barloom-gpu"))
        .args(["--rows", "3000", "--repetitions", "1", "--out", "results.json"])
        .current_dir(folder)
        .env("LD_LIBRARY_PATH", folder)
        .output()
        .expect("barloom-gpu starts")
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn results_are_written_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(&cuda().join("kernels"), folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    for want in ["Emulator", "conformance suite | passes", "samples a second, end to end"] {
        assert!(text.contains(want), "{want}: {text}");
    }
    let results = fs::read_to_string(folder.path().join("results.json")).expect("results");
    let results: Value = serde_json::from_str(&results).expect("JSON");
    let digests = results["digests"].as_array().expect("cases");
    assert!(digests.len() > 5 && digests.iter().all(|one| one["equal"] == true));
    assert!(results["rates"]["kernels"].as_f64().is_some_and(|rate| rate > 0.0));
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn a_difference_is_a_failure() {
    let [folder, changed] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    for entry in fs::read_dir(cuda().join("kernels")).expect("kernels") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        let text = text.replace("row + LEAF > end", "row + LEAF > end + 1");
        let text = text.replace("- costs - carry;", "- (costs + carry);");
        fs::write(changed.path().join(path.file_name().expect("a name")), text).expect("a file");
    }
    let output = run(changed.path(), folder.path());
    assert!(!output.status.success());
    assert!(folder.path().join("results.json").is_file());
}
