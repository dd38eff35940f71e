//! Tells the tests whether there is a C++ compiler to compile the kernels for the host with.

use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_cxx)");
    for variable in ["CXX", "PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let found = Command::new(compiler).arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        println!("cargo::rustc-cfg=has_cxx");
    }
}
