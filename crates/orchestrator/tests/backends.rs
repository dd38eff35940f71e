//! `--backend`: one binary with and without a GPU. The GPU here is a driver for the host that runs
//! the kernels of crates/backend-cuda, found as `libcuda.so.1` is.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

#[expect(dead_code, reason = "each test uses some of it")]
mod kit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles the kernels of a folder into `folder/libcuda.so.1`.
fn compile(kernels: &Path, folder: &Path) {
    let got = Command::new(std::env::var("CXX").unwrap_or_else(|_| "c++".into()))
        .args(["-x", "c++", "-std=c++17", "-O2", "-ffp-contract=off", "-shared", "-fPIC"])
        .arg("-I")
        .arg(kernels)
        .arg(root().join("crates/backend-cuda/tests/emulator/driver.cpp"))
        .arg("-o")
        .arg(folder.join("libcuda.so.1"))
        .output()
        .expect("a C++ compiler, c++");
    assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
}

fn kernels() -> PathBuf {
    root().join("crates/backend-cuda/kernels")
}

fn build(dir: &Path, backend: &str, out: &str, environment: &[(&str, &str)]) -> Output {
    let bars = root().join("fixtures/spy_1h.parquet");
    Command::new(env!("CARGO_BIN_EXE_barloom"))
        .args(["build", "--samples", "20000", "--backend", backend, "--out", out, "--bars"])
        .arg(bars)
        .current_dir(dir)
        .env("LD_LIBRARY_PATH", dir)
        .env("BARLOOM_LOG", "info")
        .envs(environment.iter().copied())
        .output()
        .expect("barloom starts")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    kit::files(dir).into_iter().collect()
}

/// Entries of a folder that are not there before a build.
fn left(dir: &TempDir) -> Vec<String> {
    files(dir.path()).into_iter().map(|(name, _)| name).filter(|n| n != "libcuda.so.1").collect()
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn a_dataset_is_the_same_by_any_backend() {
    let dir = tempfile::tempdir().expect("a folder");
    compile(&kernels(), dir.path());
    for backend in ["cpu", "cuda", "auto"] {
        let output = build(dir.path(), backend, backend, &[]);
        assert!(output.status.success(), "{backend}: {}", told(&output));
        let emulated = told(&output).contains("Emulator");
        assert_eq!(emulated, backend != "cpu", "{backend}: {}", told(&output));
    }
    let cpu = files(&dir.path().join("cpu"));
    assert!(cpu.len() > 3, "bars, recipe, manifest, samples");
    assert!(cpu == files(&dir.path().join("cuda")), "the files of cuda differ");
    assert!(cpu == files(&dir.path().join("auto")), "the files of auto differ");
}

/// A library that is no driver stands for a machine without one, wherever the test runs.
#[test]
fn without_a_driver_auto_takes_the_cpu_and_cuda_says_why() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("libcuda.so.1"), "no library").expect("a file");
    let output = build(dir.path(), "cuda", "out", &[]);
    if output.status.success() {
        eprintln!("this machine has a driver elsewhere: nothing to see here");
        return;
    }
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    for want in ["no CUDA driver", "libcuda.so.1", "--backend cpu"] {
        assert!(told(&output).contains(want), "{want}: {}", told(&output));
    }
    assert!(left(&dir).is_empty(), "{:?}", left(&dir));
    let output = build(dir.path(), "auto", "out", &[]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("computed by the CPU"), "{}", told(&output));
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn a_device_that_fails_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    compile(&kernels(), dir.path());
    for (fault, want) in [
        ("cuLaunchKernel:40:719", "launch barloom_"),
        ("cuStreamSynchronize:9:700", "wait for kernels"),
        ("cuMemAlloc_v2:2:2", "allocate "),
    ] {
        let output = build(dir.path(), "cuda", "out", &[("BARLOOM_FAKE_FAULT", fault)]);
        assert_eq!(output.status.code(), Some(4), "{fault}: {}", told(&output));
        assert!(told(&output).contains(want), "{fault}: {}", told(&output));
        assert!(!dir.path().join("out").exists(), "{fault}");
        assert!(left(&dir).is_empty(), "{fault}: {:?}", left(&dir));
    }
    // What does not fit a device is built all the same where none was asked for.
    let output = build(dir.path(), "auto", "out", &[("BARLOOM_FAKE_FAULT", "cuMemAlloc_v2:2:2")]);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains("computed by the CPU after all"), "{}", told(&output));
    assert!(dir.path().join("out/manifest.json").exists());
}

#[test]
#[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
fn a_device_that_computes_wrongly_builds_nothing() {
    let [dir, changed] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    for (name, text) in files(&kernels()) {
        let text = String::from_utf8(text).expect("text");
        let text = text.replace("from[0] / by", "from[0] * (1.0f / by)");
        fs::write(changed.path().join(name), text).expect("a file");
    }
    compile(changed.path(), dir.path());
    let output = build(dir.path(), "cuda", "out", &[]);
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    for want in ["gives other bits than the CPU", "sample ", "channel "] {
        assert!(told(&output).contains(want), "{want}: {}", told(&output));
    }
    assert!(left(&dir).is_empty(), "{:?}", left(&dir));
}

#[test]
fn the_binary_needs_no_cuda_library() {
    let output = Command::new("ldd").arg(env!("CARGO_BIN_EXE_barloom")).output().expect("ldd");
    let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
    assert!(text.contains("libc.so"), "{text}");
    assert!(!text.contains("cuda") && !text.contains("nvidia"), "{text}");
}
