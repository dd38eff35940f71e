//! The program `barloom`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(orchestrator::run(std::env::args_os()))
}
