//! Tells the tests whether there is a C++ compiler to compile the kernels for the host with, and
//! whether the real files beside the workspace are there.

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_cxx)");
    println!("cargo::rustc-check-cfg=cfg(shared_data)");
    println!("cargo::rerun-if-changed=build.rs");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/SOURCES.md");
    if sources.is_file() {
        // Only where it is there: cargo takes a missing file for one that always changes.
        println!("cargo::rerun-if-changed={}", sources.display());
        println!("cargo::rustc-cfg=shared_data");
    }
    for variable in ["CXX", "PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let found = Command::new(compiler).arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        println!("cargo::rustc-cfg=has_cxx");
    }
}
