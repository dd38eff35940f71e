//! The one place that looks at a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;

/// Seconds that work took, and what it gave.
///
/// # Errors
/// Those of the work.
#[expect(clippy::disallowed_methods, reason = "a benchmark is about time")]
pub fn time<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed().as_secs_f64(), done))
}

/// Seconds of each of `repetitions` runs of the same work.
///
/// # Errors
/// Those of the work.
pub fn repeat(repetitions: usize, mut work: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    (0..repetitions).map(|_| time(&mut work).map(|(seconds, ())| seconds)).collect()
}

/// Today's date in UTC, as 2026-11-21.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a report is dated")]
pub fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%d").to_string()
}
