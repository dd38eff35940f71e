//! Errors with the exit code that tells their kind: 2 usage or recipe, 3 bad data, 4 input or
//! output, 5 verification failed, 1 a bug, 128 and its number a signal.

use std::io::Write as _;
use std::panic::AssertUnwindSafe;

use barloom_engine::{Error, ErrorKind};
use barloom_market_data::printable_lines;

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
}

impl Failure {
    /// What `work` gives; a panic in it, which printed its message, is a failure that says so.
    pub(crate) fn unless_bug(work: impl FnOnce() -> Result<(), Self>) -> Result<(), Self> {
        std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            let message = "this is a bug in barloom; please report it with the message above, the \
                           command and the recipe";
            Err(Self { code: BUG, message: message.into() })
        })
    }

    /// A wrong argument or recipe.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    /// Data that can't be used.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self { code: DATA, message: message.into() }
    }

    /// A file that can't be read or written.
    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self { code: IO, message: message.into() }
    }

    /// A dataset that is not what it says.
    pub(crate) fn verification(message: impl Into<String>) -> Self {
        Self { code: VERIFICATION, message: message.into() }
    }

    /// The same, caused by a signal.
    pub(crate) fn by_signal(self, signal: u8, name: &str) -> Self {
        Self { code: 128 + signal, message: format!("{name}: {}", self.message) }
    }

    /// Prints the error to standard error.
    pub(crate) fn report(&self) {
        // Whom it is told may have closed the pipe; the exit code says it still.
        let message = printable_lines(&self.message);
        let _ = writeln!(std::io::stderr(), "error: {message}");
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
        Self { code, message: error.message() }
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
}
