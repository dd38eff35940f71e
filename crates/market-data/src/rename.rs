//! Other names for the columns of a file.

use std::collections::BTreeMap;

use crate::MarketDataError;
use crate::roles::normalise;

/// The names of columns after these were given other ones, all at once: `{a = "b", b = "a"}` swaps
/// two. Names are found as columns are, whatever their spelling; an exact one comes first.
///
/// # Errors
/// A column is not there, nor one with its new name already; two columns would have a new name.
pub(crate) fn renamed(
    file: &str,
    header: &[String],
    rename: &BTreeMap<String, String>,
) -> Result<Vec<String>, MarketDataError> {
    let mut names = header.to_vec();
    let find = |name: &str| {
        let same = |other: &String| normalise(other) == normalise(name);
        header.iter().position(|other| other == name).or_else(|| header.iter().position(same))
    };
    let error = |problem: String| Err(MarketDataError::file(file, problem));
    for (from, to) in rename {
        match find(from) {
            Some(at) => names[at].clone_from(to),
            // Of several files some may have the right name.
            None if find(to).is_some() => {}
            None => {
                let shown = header.join(", ");
                return error(format!("rename: there is no column {from}; found: {shown}"));
            }
        }
    }
    for (from, to) in rename {
        if names.iter().filter(|name| normalise(name) == normalise(to)).count() > 1 {
            return error(format!(
                "rename: with {from} there would be two columns {to}; give the other one another \
                 name too, as in rename = {{ {from:?} = {to:?}, {to:?} = \"raw_{to}\" }}"
            ));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &[&str], rename: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let rename = rename.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        renamed("x.csv", &header, &rename.collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_get_their_names_all_at_once() {
        assert_eq!(of(&["ts", "Last"], &[("last", "close")]).unwrap(), ["ts", "close"]);
        assert_eq!(of(&["a", "b"], &[("a", "b"), ("b", "a")]).unwrap(), ["b", "a"]);
        assert_eq!(of(&["A", "a"], &[("a", "x")]).unwrap(), ["A", "x"], "the exact one");
        let adjusted = [("Adj Close", "close"), ("Close", "raw_close")];
        assert_eq!(of(&["Close", "Adj Close"], &adjusted).unwrap(), ["raw_close", "close"]);
        assert_eq!(of(&["Close"], &[("Last", "close")]).unwrap(), ["Close"], "it is right already");
    }

    #[test]
    fn what_can_not_be_renamed_is_told() {
        let missing = of(&["ts", "Last"], &[("Price", "close")]).unwrap_err();
        assert!(missing.contains("no column Price; found: ts, Last"), "{missing}");
        let twice = of(&["Close", "Adj Close"], &[("Adj Close", "close")]).unwrap_err();
        assert!(twice.contains("two columns close"), "{twice}");
    }
}
