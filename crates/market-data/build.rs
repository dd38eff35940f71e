//! Tells the tests whether the real files beside the workspace are there, and the cache which
//! parser it is of.

use std::path::{Path, PathBuf};

/// The sources that decide how files are parsed: this crate, the crates of the types that it parses
/// to and of its settings, and the versions of all others. If one is missing, as in a package, the
/// crate's version replaces it.
const PARSER: [&str; 4] = ["src", "../bars/src", "../reading/src", "../../Cargo.lock"];

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = here.join("../../../shared/data");
    println!("cargo::rustc-check-cfg=cfg(shared_data)");
    println!("cargo::rerun-if-changed=build.rs");
    let sources = data.join("SOURCES.md");
    if sources.is_file() {
        // Only where it is there: cargo takes a missing file for one that always changes.
        println!("cargo::rerun-if-changed={}", sources.display());
        println!("cargo::rustc-cfg=shared_data");
    }
    let mut hash = FNV_BASIS;
    for part in PARSER {
        let path = here.join(part);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
            add(&path, &mut hash);
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    println!("cargo::rustc-env=BARLOOM_PARSER={version}-{hash:016x}");
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds the files of a folder, or one file, to an FNV-1a hash.
fn add(path: &Path, hash: &mut u64) {
    if let Ok(entries) = std::fs::read_dir(path) {
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        return entries.iter().for_each(|entry| add(entry, hash));
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    for byte in bytes.len().to_le_bytes().into_iter().chain(bytes) {
        *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}
