//! Bars that can't be used.

use super::{Found, Of};

/// Every bar that is dropped or refused when bars become a series, by the kind of its fault.
pub(super) fn find(of: &Of<'_>, found: &mut Found) {
    for (row, fault) in of.raw.faults() {
        found.error(of, fault.name(), row, || of.raw.describe(row, fault));
    }
}
