//! The time, for telling people how long something took.

use std::time::Instant;

/// The time.
#[expect(clippy::disallowed_methods, reason = "the speed is shown to people; no dataset holds it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
