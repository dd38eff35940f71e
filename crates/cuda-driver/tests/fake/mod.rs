//! A library that answers like a CUDA driver.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `libcuda.c` into `folder`, with these macros.
pub(crate) fn build(folder: &Path, macros: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/libcuda.c");
    let library = folder.join("libcuda.so.1");
    let got = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .args(macros.iter().map(|name| format!("-D{name}")))
        .arg(source)
        .output()
        .expect("a C compiler, cc");
    assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
    library
}
