//! JSON documents that hold the digest of their own text.
//!
//! The last field of such a document is a digest, `sha256:` and 64 hex digits: of the document's
//! text with that field empty. So any byte that is changed shows, also one that JSON does not
//! care about.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::commit::files::hex;

/// The text of a document for people, whose last field, a digest, is empty, with the digest put in.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    // A struct of numbers, strings and lists always serialises.
    seal(&(serde_json::to_string_pretty(document).unwrap_or_default() + "\n"))
}

/// As [`pretty`], for machines.
pub(crate) fn compact(document: &impl Serialize) -> String {
    seal(&(serde_json::to_string(document).unwrap_or_default() + "\n"))
}

fn seal(empty: &str) -> String {
    let digest = digest(empty);
    match empty.rfind("\"\"") {
        Some(at) => format!("{}{digest}{}", &empty[..=at], &empty[at + 1..]),
        None => empty.to_owned(),
    }
}

/// Returns true if the last field of a document is the digest of its text.
pub(crate) fn is_whole(text: &str) -> bool {
    let Some((start, end)) = text.rfind("\"sha256:").and_then(|quote| {
        let end = quote + 1 + text[quote + 1..].find('"')?;
        Some((quote + 1, end))
    }) else {
        return false;
    };
    let empty = format!("{}{}", &text[..start], &text[end..]);
    digest(&empty) == text[start..end]
}

fn digest(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Document {
        name: &'static str,
        number: f64,
        digest: &'static str,
    }

    #[test]
    fn any_change_shows() {
        let document = Document { name: "", number: 1e-8, digest: "" };
        for sealed in [pretty(&document), compact(&document)] {
            assert!(is_whole(&sealed), "{sealed}");
            for (at, bit) in (0..sealed.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut bytes = sealed.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(!is_whole(&changed), "bit {bit} of byte {at}: {changed}");
            }
        }
        for part in ["", "{}", "\"sha256:", "\"sha256:\""] {
            assert!(!is_whole(part), "{part}");
        }
    }
}
