//! Errors with the exit code that tells their kind: 2 usage or recipe, 3 bad data, 4 input or
//! output, 5 verification failed, 1 a bug, 128 and its number a signal. As text, or as JSON.

use std::io::Write as _;
use std::panic::AssertUnwindSafe;

use barloom_engine::{Error, ErrorKind, printable_lines};
use barloom_recipe::RecipeError;
use serde::Serialize;

use crate::names::flag;

const BUG: u8 = 1;
pub(crate) const USAGE: u8 = 2;
const DATA: u8 = 3;
const IO: u8 = 4;
const VERIFICATION: u8 = 5;

/// An error, told with its causes, and its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    /// The file that it is about, if it is about one.
    file: Option<String>,
    /// The place in the file: a line, a row.
    place: Option<String>,
}

/// An error as JSON: one line on standard error.
#[derive(Serialize)]
struct Told<'a> {
    kind: &'static str,
    message: &'a str,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
}

impl Failure {
    /// The result of `work`; a panic in it, which printed its message, is a failure that says so.
    pub(crate) fn unless_bug(work: impl FnOnce() -> Result<(), Self>) -> Result<(), Self> {
        std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let message = "this is a bug in barloom; please report it with the message above, the \
                           command and the recipe";
            Err(Self::new(BUG, message))
        })
    }

    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), file: None, place: None }
    }

    /// A wrong argument or recipe.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    /// Arguments that cannot be parsed.
    pub(crate) fn of_arguments(error: &clap::Error) -> Self {
        let text = error.to_string();
        // Without the usage and the hint to --help, which follow in paragraphs of their own.
        let ends = ["\n\nUsage:", "\n\nFor more information"];
        let end = ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
        let words: Vec<&str> = text[..end].split_whitespace().collect();
        let message = words.join(" ");
        Self::usage(message.strip_prefix("error: ").unwrap_or(&message))
    }

    /// An argument that is no key of a recipe: its name in the message is that of no file.
    pub(crate) fn of_argument(error: RecipeError) -> Self {
        Self { file: None, place: None, ..Self::from(error.without_line()) }
    }

    /// Data that cannot be used.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::new(DATA, message)
    }

    /// A file that cannot be read or written.
    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self::new(IO, message)
    }

    /// A dataset that is not what it says.
    pub(crate) fn verification(message: impl Into<String>) -> Self {
        Self::new(VERIFICATION, message)
    }

    /// The same, caused by a signal.
    pub(crate) fn by_signal(self, signal: u8, name: &str) -> Self {
        Self { code: 128 + signal, message: format!("{name}: {}", self.message), ..self }
    }

    /// Prints the error to standard error: as text, or as one line of JSON.
    pub(crate) fn report(&self, json: bool) {
        // The reader may have closed the pipe; the exit code still tells.
        let _ = match serde_json::to_string(&self.told()) {
            Ok(line) if json => writeln!(std::io::stderr(), "{line}"),
            _ => writeln!(std::io::stderr(), "error: {}", printable_lines(&self.message)),
        };
    }

    fn told(&self) -> Told<'_> {
        let kind = match self.code {
            BUG => "bug",
            USAGE => "usage",
            DATA => "data",
            IO => "io",
            VERIFICATION => "verification",
            _ => "signal",
        };
        let (file, place) = (self.file.as_deref(), self.place.as_deref());
        Told { kind, message: &self.message, exit_code: self.code, file, place }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.code
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = match error.kind() {
            ErrorKind::Usage => USAGE,
            ErrorKind::Data => DATA,
            ErrorKind::Verification => VERIFICATION,
            _ => IO,
        };
        let message = error.message_with(&flag);
        Self { code, message, file: error.at_file(), place: error.at_place() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_with_code_1() {
        let failure = Failure::unless_bug(|| panic!("out of luck")).unwrap_err();
        assert_eq!(failure.code, BUG);
        assert!(failure.message.contains("report"));
        let usage = Failure::unless_bug(|| Err(Failure::usage("no"))).unwrap_err();
        assert_eq!(usage.code, USAGE);
        assert!(Failure::unless_bug(|| Ok(())).is_ok());
    }

    #[test]
    fn json_has_what_is_known() {
        let json = |failure: &Failure| serde_json::to_string(&failure.told()).unwrap();
        let stopped = Failure::io("it was stopped").by_signal(2, "SIGINT");
        let expected = r#"{"kind":"signal","message":"SIGINT: it was stopped","exit_code":130}"#;
        assert_eq!(json(&stopped), expected);
        let cell = barloom_market_data::MarketDataError::Cell {
            file: "a.csv".into(),
            place: "line 7".into(),
            column: "open".into(),
            got: "x".into(),
            expected: "a number".into(),
        };
        let told = json(&Failure::from(cell));
        assert!(told.contains(r#""kind":"data""#), "{told}");
        assert!(told.ends_with(r#""exit_code":3,"file":"a.csv","place":"line 7"}"#), "{told}");
    }
}
