//! The `barloom` command: it parses arguments, calls the engine and prints results. No arithmetic
//! lives here.
//!
//! It is a library because two programs are this command: the binary `barloom`, and the entry point
//! of the Python package.
#![forbid(unsafe_code)]

mod arguments;
mod building;
mod clock;
mod commands;
mod failure;
mod names;
mod output;
mod progress;
mod reading;
mod recipe;
mod signals;
mod text;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write as _};

use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use output::Output;
use tracing_subscriber::filter::LevelFilter;

/// Runs the command and returns its exit code. The first argument is the name of the program.
///
/// It takes the process for its own: it catches signals, logs to standard error and computes on
/// rayon's global pool. It may run in one process again: where that pool is there already, a build
/// has one of its own.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => obey(&arguments),
        Err(error) if error.use_stderr() && wants_json(&arguments) => {
            let failure = Failure::of_arguments(&error);
            failure.report(true);
            failure.exit_code()
        }
        Err(error) => {
            // The reader may have closed the pipe; the exit code still tells.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(failure::USAGE)
        }
    };
    // A library's statics are not dropped when the process ends.
    let _ = io::stdout().flush();
    code
}

/// Returns true where arguments that cannot be parsed ask for JSON.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().skip(1).take_while(|a| *a != "--").any(|a| a == "--json")
}

fn obey(arguments: &Arguments) -> u8 {
    start_logging(arguments.quiet);
    signals::outlive_file_size_limits();
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
        Some(Command::Features(features)) => commands::features::run(features, &output),
    });
    match result {
        Ok(()) => 0,
        Err(failure) => {
            failure.report(output.json);
            failure.exit_code()
        }
    }
}

/// Sends logs to standard error: warnings, or from the level that `BARLOOM_LOG` names.
fn start_logging(quiet: bool) {
    let level = std::env::var("BARLOOM_LOG").ok().and_then(|level| level.parse().ok());
    let usual = if quiet { LevelFilter::ERROR } else { LevelFilter::WARN };
    // It fails where the process logs elsewhere already.
    let _ = tracing::subscriber::set_global_default(
        tracing_subscriber::fmt()
            .with_max_level(level.unwrap_or(usual))
            .with_writer(io::stderr)
            // It would be written where nothing can be written.
            .log_internal_errors(false)
            .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .without_time()
            .with_target(false)
            .finish(),
    );
}
