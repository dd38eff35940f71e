//! Tells the tests whether the real files beside the workspace are there.

use std::path::Path;

fn main() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    println!("cargo::rustc-check-cfg=cfg(shared_data)");
    println!("cargo::rerun-if-changed=build.rs");
    let sources = data.join("SOURCES.md");
    if sources.is_file() {
        // Only where it is there: cargo takes a missing file for one that always changes.
        println!("cargo::rerun-if-changed={}", sources.display());
        println!("cargo::rustc-cfg=shared_data");
    }
}
