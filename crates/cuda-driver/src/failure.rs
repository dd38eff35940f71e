//! The call that the driver refused last.

use std::cell::Cell;
use std::fmt;

thread_local! {
    static LAST: Cell<Option<(&'static str, i32)>> = const { Cell::new(None) };
}

/// A call that the driver refused.
///
/// `cust` does not say which call failed, and names codes up to those of CUDA 11: what is newer, or
/// rare, is an unknown error to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The function, such as `cuModuleLoadData`.
    pub function: &'static str,
    /// The driver's `CUresult`.
    pub code: i32,
    /// Its name, such as `CUDA_ERROR_UNSUPPORTED_PTX_VERSION`.
    pub name: String,
    /// The driver's words for it.
    pub text: String,
}

/// `cuModuleLoadData: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222): the provided PTX ...`
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}): {}", self.function, self.name, self.code, self.text)
    }
}

/// The last call on this thread that failed, whatever succeeded since. What `CUDA_ERROR_NOT_READY`
/// answers did not fail.
#[must_use]
pub fn last_failure() -> Option<Failure> {
    let (function, code) = LAST.get()?;
    let (name, text) = crate::library::name_and_text(code);
    Some(Failure { function, code, name, text })
}

/// Notes a failed call of this thread.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn note(function: &'static str, code: i32) {
    LAST.set(Some((function, code)));
}
