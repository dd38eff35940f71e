//! The workspace's own tools; `cargo xtask help` lists them.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod codegen;
mod cross;
mod deny;
mod drawing;
mod english;
mod fuzz;
mod gpu_bundle;
mod layers;
mod memory;
mod messages;
mod msrv;
mod peers;
mod ptx;
mod rooms;
mod sanitize;
mod tidy;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "The workspace's own tools")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks what compilers don't: the order of crates, the docs, the fixtures, the PTX, file
    /// sizes.
    Tidy(tidy::Tidy),
    /// Measures this machine beside limits and peers, and writes target/bench; what follows `--`
    /// goes to criterion alone.
    Bench(bench::Bench),
    /// Makes a folder that checks and measures a GPU on a machine without Rust.
    GpuBundle(gpu_bundle::GpuBundle),
    /// Writes what host and kernels share, from one source.
    Codegen(codegen::Codegen),
    /// Compiles the CUDA kernels to the PTX that is checked in, or checks that it is theirs.
    Ptx(ptx::Ptx),
    /// Measures the peak memory of builds with few and with many samples.
    Memory(memory::Memory),
    /// Runs the kernels' tests under the address and undefined-behaviour sanitizers.
    Sanitize,
    /// Searches for bytes that a reader of files can't stand, with libFuzzer; findings are written
    /// to fuzz/corpus.
    Fuzz(fuzz::Fuzz),
    /// Checks licences, bans and sources of all dependencies by deny.toml.
    Deny(deny::Deny),
    /// Checks that the Rust version that the manifests declare is enough.
    Msrv,
    /// Checks the types of what is compiled on other systems.
    Cross(cross::Cross),
    /// Compares with other packages, each in an environment of its own.
    Peers(peers::Peers),
    /// Runs everything that CI runs.
    Ci,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Tidy(options) => tidy::run(&root()?, &options),
        Command::Bench(bench) => bench::run(&root()?, &bench),
        Command::GpuBundle(options) => gpu_bundle::run(&root()?, &options),
        Command::Codegen(options) => codegen::run(&root()?, &options),
        Command::Ptx(ptx) => ptx::run(&root()?, &ptx),
        Command::Memory(options) => memory::run(&root()?, &options),
        Command::Sanitize => sanitize::run(&root()?),
        Command::Fuzz(options) => fuzz::run(&root()?, &options),
        Command::Deny(options) => deny::run(&root()?, &options),
        Command::Msrv => msrv::run(&root()?),
        Command::Cross(options) => cross::run(&root()?, &options),
        Command::Peers(options) => peers::run(&root()?, &options),
        Command::Ci => ci::run(&root()?),
    }
}

/// The workspace's folder.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask is a folder of the workspace")?.to_path_buf())
}
