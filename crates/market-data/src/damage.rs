//! Files whose damage makes a reader panic.

use std::panic::AssertUnwindSafe;

use barloom_columnar::catch_damage;

use crate::MarketDataError;

/// Some damage to Parquet and Arrow files makes their readers panic; here it is an error, and the
/// panic prints nothing.
pub(crate) fn unless_damaged<T>(
    file: &str,
    read: impl FnOnce() -> Result<T, MarketDataError>,
) -> Result<T, MarketDataError> {
    catch_damage(AssertUnwindSafe(read)).unwrap_or_else(|| {
        let problem = "its contents contradict each other: it is damaged; get it again";
        Err(MarketDataError::file(file, problem))
    })
}
