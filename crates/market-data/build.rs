//! Tells the tests whether the real files beside the workspace are there.

use std::path::Path;

fn main() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    println!("cargo::rustc-check-cfg=cfg(shared_data)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", data.join("SOURCES.md").display());
    if data.join("SOURCES.md").is_file() {
        println!("cargo::rustc-cfg=shared_data");
    }
}
