//! On a machine with a GPU: conformance first, then the benchmark; results as JSON and a table.
#![forbid(unsafe_code)]

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use barloom_benches::gpu;
use clap::Parser;

/// Holds a GPU to the conformance suite, then measures it.
#[derive(Parser)]
struct Options {
    /// The number of the GPU.
    #[arg(long, default_value_t = 0)]
    device: u32,
    /// Samples of the benchmark.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// The number of times that each case is measured.
    #[arg(long, default_value_t = 7)]
    repetitions: usize,
    /// The file for the results, as JSON.
    #[arg(long, default_value = "gpu_results.json")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let results = gpu::run(options.device, options.rows, options.repetitions)?;
    let text = serde_json::to_string_pretty(&results)? + "\n";
    fs::write(&options.out, text).with_context(|| options.out.display().to_string())?;
    print!("{}", results.table());
    println!("written to {}", options.out.display());
    results.verdict()
}
