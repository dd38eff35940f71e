//! Text that ends inside its last line, as a download does that broke off.
//!
//! Whole files may end without a line end too, so that alone says nothing: the last line must lack
//! fields, or its last value must look unlike all those above it.

/// Lines that the last one is compared with, at most, and at least where lengths are compared.
const LINES: usize = 200;
const ENOUGH: usize = 50;

/// Bytes at the end of a file that hold these lines, mostly.
pub(super) const TAIL: u64 = 64 << 10;

/// The shortest values whose length tells something: times and their numbers are as long.
const LONG: usize = 10;

/// The text without its last line, if that one has no end and is not the only one.
pub(super) fn whole_lines(text: &[u8]) -> Option<&[u8]> {
    let (last, rest) = text.split_last()?;
    let end = memchr::memrchr(b'\n', rest).filter(|_| !b"\r\n".contains(last))?;
    Some(&text[..=end])
}

/// Tells whether a last line has fewer fields than the one above it.
pub(super) fn has_fewer_fields(above: &[u8], last: &[u8]) -> bool {
    let line = above.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |line: &[u8], separator: u8| memchr::memchr_iter(separator, line).count();
    b",;\t|".iter().any(|separator| count(last, *separator) < count(line, *separator))
}

/// The reason to take the last value of a text for cut: it is missing, ends like no number, or is
/// shorter than all values above it, which are equally long or have equally many decimals.
pub(super) fn value(text: &[u8], separator: u8) -> Option<String> {
    let lines = whole_lines(text)?;
    let last = last_field(&text[lines.len()..], separator);
    let mut above: Vec<&[u8]> = lines
        .rsplit(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .take(LINES)
        .map(|line| last_field(line, separator))
        .collect();
    // It may be the header, or the end of a line.
    above.pop();
    let none =
        |is: fn(&[u8]) -> bool| is(last) && !above.is_empty() && !above.iter().any(|one| is(one));
    let shown = String::from_utf8_lossy(last);
    if none(<[u8]>::is_empty) {
        return Some("its last value is missing".into());
    }
    if none(|field| matches!(field, [.., b'.' | b'e' | b'E' | b'+' | b'-'])) {
        return Some(format!("its last value ends as {shown:?}"));
    }
    if none(|field| {
        field.first() == Some(&b'"') && (field.len() == 1 || field.last() != Some(&b'"'))
    }) {
        return Some(format!("the quote of its last value {shown:?} is not closed"));
    }
    if above.len() < ENOUGH {
        return None;
    }
    let same = |count: fn(&[u8]) -> usize, least: usize| {
        let all = count(above[0]);
        (all >= least && above.iter().all(|one| count(one) == all) && count(last) < all)
            .then_some(all)
    };
    if let Some(decimals) = same(decimals, 2) {
        return Some(format!(
            "its last value {shown:?} has fewer decimals than the {decimals} above it"
        ));
    }
    let length = same(<[u8]>::len, LONG)?;
    Some(format!("its last value {shown:?} is shorter than the {length} characters above it"))
}

/// The last field of a line.
fn last_field(line: &[u8], separator: u8) -> &[u8] {
    let start = memchr::memrchr(separator, line).map_or(0, |at| at + 1);
    line[start..].trim_ascii()
}

fn decimals(field: &[u8]) -> usize {
    memchr::memrchr(b'.', field).map_or(0, |at| field.len() - at - 1)
}

#[cfg(test)]
mod tests {
    use super::value;

    fn of(last: &str) -> Option<String> {
        let rows: String = (0..60).map(|i| format!("{i},5.0,1.{:04}\n", 1_000 + i)).collect();
        value(format!("time,close,open\n{rows}60,5.0,{last}").as_bytes(), b',')
    }

    #[test]
    fn values_that_look_cut_are_told() {
        for (last, says) in [
            ("", "is missing"),
            ("1.", "ends as"),
            ("1.2e-", "ends as"),
            ("\"1.23", "not closed"),
            ("1.2", "fewer decimals"),
            ("1", "fewer decimals"),
        ] {
            assert!(of(last).is_some_and(|what| what.contains(says)), "{last}");
        }
        assert_eq!(of("1.2345"), None);
        assert_eq!(of("1.2\n"), None, "the line has an end");
        assert_eq!(of("1.2\r"), None);
    }

    #[test]
    fn values_of_many_lengths_tell_nothing() {
        let rows: String = (0..60).map(|i| format!("{i},{}\n", i * i)).collect();
        assert_eq!(value(format!("{rows}60,3").as_bytes(), b','), None);
        assert_eq!(value(b"time,close\n1,1.25\n2,1", b','), None, "too few");
        let open: String = (0..60).map(|i| format!("{i},\n")).collect();
        assert_eq!(value(format!("{open}60,").as_bytes(), b','), None, "all are missing");
        assert_eq!(value(b"", b','), None);
        assert_eq!(value(b"1,2", b','), None);
    }
}
