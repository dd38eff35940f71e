//! The `barloom` command: arguments in, the engine asked, results out. No arithmetic lives here.
#![forbid(unsafe_code)]

mod arguments;
mod building;
mod clock;
mod commands;
mod failure;
mod output;
mod progress;
mod reading;
mod signals;
mod text;

use std::io::IsTerminal;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use output::Output;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging(arguments.quiet);
    let output = Output { json: arguments.json, quiet: arguments.quiet };
    let result = Failure::unless_bug(|| match &arguments.command {
        None => commands::demo::run(&output),
        Some(Command::Init(init)) => commands::init::run(init, &output),
        Some(Command::Build(build)) => commands::build::run(build, &output),
        Some(Command::Merge(merge)) => commands::merge::run(merge, &output),
        Some(Command::Verify(verify)) => commands::verify::run(verify, &output),
        Some(Command::Inspect(inspect)) => commands::inspect::run(inspect, &output),
        Some(Command::Check(check)) => commands::check::run(check, &output),
        Some(Command::Convert(convert)) => commands::convert::run(convert, &output),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

/// Logs go to standard error: warnings, or from the level that `BARLOOM_LOG` names.
fn start_logging(quiet: bool) {
    let level = std::env::var("BARLOOM_LOG").ok().and_then(|level| level.parse().ok());
    let usual = if quiet { LevelFilter::ERROR } else { LevelFilter::WARN };
    tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(usual))
        .with_writer(std::io::stderr)
        // It would be told where it can't be.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .without_time()
        .with_target(false)
        .init();
}
