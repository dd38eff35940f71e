//! Fuzz targets: every reader of bytes from outside, with any bytes.
//!
//! A target is a function of bytes. It panics where a reader does what it never may: panics, or
//! contradicts itself, as a recipe that does not read back from its own text would. Whoever calls
//! it sees to time and memory. Panics that a reader catches, as it must for some damage to Parquet
//! and Arrow files, are none of a target's.
//!
//! The key decision: the targets are plain functions in a crate of the workspace. So every input
//! that once found something, and the seeds, are run by `cargo test` on any machine, and only the
//! search for more needs libFuzzer, which is in `fuzz/targets`, a workspace of its own.
//!
//! ```
//! barloom_fuzz::csv(b"ts,open,high,low,close\n2024-01-02,1,2,1,2\n");
//! barloom_fuzz::recipe(b"[dataset]\nsamples = 10\n");
//! ```
#![forbid(unsafe_code)]

mod bars;
mod dataset;
mod recipe;
mod samples;
mod scratch;

pub use bars::{arrow, csv, klines, parquet};
pub use dataset::manifest;
pub use recipe::recipe;
pub use samples::{SAMPLES, read_samples, samples, samples_recipe};

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

/// A target: its body, by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. `fuzz/corpus` has a folder for each, `fuzz/targets` a program.
pub const TARGETS: [Target; 7] = [
    ("csv", csv),
    ("klines", klines),
    ("arrow", arrow),
    ("parquet", parquet),
    ("recipe", recipe),
    ("manifest", manifest),
    ("samples", samples),
];

thread_local! {
    /// The last panic of this thread, and where it was.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Makes libFuzzer end the process for panics that leave a target only: the hook that
/// `libfuzzer-sys` sets ends it for those that a reader catches too. For its `init`.
pub fn initialise() {
    std::panic::set_hook(Box::new(|panic| LAST.set(panic.to_string())));
}

/// Runs a target for libFuzzer, which takes the end of the process for a finding.
pub fn run(target: fn(&[u8]), data: &[u8]) {
    if std::panic::catch_unwind(AssertUnwindSafe(|| target(data))).is_err() {
        eprintln!("the target {}", LAST.take());
        std::process::abort();
    }
}
