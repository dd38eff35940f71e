//! Standard output and standard error, and the results printed there.

use std::io::{self, Write};

use barloom_engine::printable_lines;
use serde::Serialize;

use crate::failure::Failure;

/// The form in which results are printed.
pub(crate) struct Output {
    /// A single JSON object instead of text.
    pub(crate) json: bool,
    /// No progress bars; results are printed all the same.
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints a result to standard output: as text, or as JSON.
    pub(crate) fn print<T: Serialize>(&self, value: &T, text: &str) -> Result<(), Failure> {
        let written = if self.json {
            let json = serde_json::to_string_pretty(value)
                .map_err(|e| Failure::io(format!("the result cannot be written as JSON: {e}")))?;
            writeln!(io::stdout(), "{json}")
        } else {
            writeln!(io::stdout(), "{}", printable_lines(text.trim_end()))
        };
        match written {
            // A reader such as `head` that has seen enough is no error.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(Failure::io(format!("standard output: {e}"))),
            Ok(()) => Ok(()),
        }
    }
}
