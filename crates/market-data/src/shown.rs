//! Text of files as people see it: without characters that act on a terminal, and not too long.

use std::borrow::Cow;

/// Characters of a cell, a header or a name that are shown.
const SHOWN: usize = 80;

/// Names of a list that are shown.
const NAMES: usize = 40;

/// Tells whether a character acts on a terminal, or on the order or the lines of text, instead of
/// being shown: controls, marks of direction, and characters without a width.
#[must_use]
pub fn acts(c: char) -> bool {
    let is_format = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    c.is_control() || is_format
}

/// A line of output: characters that [`acts`] finds are written as escapes, `\u{1b}` and `\n`.
///
/// ```
/// assert_eq!(barloom_market_data::printable("a\u{1b}[2J\nb"), r"a\u{1b}[2J\nb");
/// assert_eq!(barloom_market_data::printable("BTC"), "BTC");
/// ```
#[must_use]
pub fn printable(line: &str) -> Cow<'_, str> {
    if !line.chars().any(acts) {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if acts(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Lines of output, of which each is [`printable`].
#[must_use]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && acts(c)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(printable).collect();
    Cow::Owned(lines.join("\n"))
}

/// Text of a file in a message: its first 80 characters.
#[must_use]
pub fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Names in a message, with commas between them: the first forty, each as [`cut`] shows it.
#[must_use]
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut list = String::new();
    for name in names.by_ref().take(NAMES) {
        list += if list.is_empty() { "" } else { ", " };
        list += &cut(name);
    }
    match names.count() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_letters_of_all_languages_are_not() {
        for plain in ["", "AAPL", "開盤", "Schluß", "종가", "a, b: {c}", "é"] {
            assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain));
        }
        assert_eq!(printable("\u{1b}]0;x\u{7}"), "\\u{1b}]0;x\\u{7}");
        assert_eq!(printable("a\r\n\tb\u{9b}"), "a\\r\\n\\tb\\u{9b}");
        assert_eq!(printable("\u{202e}CTB\u{2066}\u{200b}"), "\\u{202e}CTB\\u{2066}\\u{200b}");
        assert_eq!(printable_lines("a\nb\u{1b}\nc"), "a\nb\\u{1b}\nc");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(cut(&"é".repeat(80)), "é".repeat(80));
        assert_eq!(cut(&"é".repeat(81)), format!("{}...", "é".repeat(80)));
        let names = vec!["x"; 41];
        assert!(listed(names.iter().copied()).ends_with("x, x and 1 more"));
        assert_eq!(listed(["a", "b"]), "a, b");
    }
}
