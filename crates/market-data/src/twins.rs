//! Columns that mean the same and differ.

use crate::MarketDataError;

/// The error that two columns, each a name and what it holds, mean the same and differ.
pub(crate) fn differ(
    file: &str,
    place: &str,
    (one, got): &(String, String),
    (other, other_got): &(String, String),
) -> MarketDataError {
    // A name that both have renames the first.
    let which = if one == other { "the first" } else { "it" };
    let rename = format!(", or give {which} another name: rename = {{ {other:?} = \"other\" }}");
    let problem = format!(
        "{place}: columns {one} and {other} mean the same and differ ({got:?} and {other_got:?}). \
         Remove one of them{rename}"
    );
    MarketDataError::file(file, problem)
}
