//! JSON as a flat list of its values, each of which is eight bytes and stays in the text.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// JSON values in the order of the text: an object is followed by its keys and values, an array by
/// its items.
pub(super) struct Tape<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

/// A value: where it begins, and the node after it and all that is in it.
#[derive(Clone, Copy)]
struct Node {
    start: u32,
    next: u32,
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    /// Text, a number, true, false or null.
    Scalar,
}

/// The start of the array of all values of JSON Lines, which is not in the text.
const LINES: u32 = u32::MAX;

/// The first value.
pub(super) const ROOT: usize = 0;

impl<'a> Tape<'a> {
    /// Takes apart text that is one value, or several in lines.
    ///
    /// # Errors
    /// The text is not JSON, or 4 GiB long: the problem, in words.
    pub(super) fn of(text: &'a str) -> Result<Self, String> {
        if u32::try_from(text.len()).is_err() {
            return Err("it is JSON of 4 GiB or more; split it".into());
        }
        let values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        let mut count = 0_usize;
        for value in values {
            value.map_err(|error| format!("it is not readable as JSON: {error}"))?;
            count += 1;
        }
        let mut tape = Self { text, nodes: Vec::new() };
        if count != 1 {
            tape.nodes.push(Node { start: LINES, next: 0 });
        }
        tape.fill();
        Ok(tape)
    }

    /// Takes the values of text that is known to be JSON.
    fn fill(&mut self) {
        let bytes = self.text.as_bytes();
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let node = self.nodes.len();
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => at += 1,
                b'{' | b'[' => {
                    open.push(node);
                    self.nodes.push(Node { start: at as u32, next: 0 });
                    at += 1;
                }
                b'}' | b']' => {
                    if let Some(container) = open.pop() {
                        self.nodes[container].next = node as u32;
                    }
                    at += 1;
                }
                _ => {
                    self.nodes.push(Node { start: at as u32, next: node as u32 + 1 });
                    at = self.end(at);
                }
            }
        }
        let end = self.nodes.len() as u32;
        if self.nodes.first().is_some_and(|node| node.start == LINES) {
            self.nodes[ROOT].next = end;
        }
    }

    /// The end of the scalar that begins there.
    fn end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        if bytes[start] != b'"' {
            let is_end = |byte: &u8| b",:]} \t\r\n".contains(byte);
            let length = bytes[start..].iter().position(is_end);
            return length.map_or(bytes.len(), |length| start + length);
        }
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                None => return bytes.len(),
                Some(b'"') => return at + 1,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
    }

    pub(super) fn kind(&self, node: usize) -> Kind {
        match self.nodes[node].start {
            LINES => Kind::Array,
            start => match self.text.as_bytes()[start as usize] {
                b'{' => Kind::Object,
                b'[' => Kind::Array,
                _ => Kind::Scalar,
            },
        }
    }

    /// The items of an array, or the keys and values of an object; none of a scalar.
    pub(super) fn items(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[node].next as usize;
        let mut at = node + 1;
        std::iter::from_fn(move || {
            let item = at;
            (item < end).then(|| {
                at = self.nodes[item].next as usize;
                item
            })
        })
    }

    /// The keys and values of an object.
    pub(super) fn pairs(&self, node: usize) -> impl Iterator<Item = (Cow<'a, str>, usize)> + '_ {
        let mut items = self.items(node);
        std::iter::from_fn(move || {
            let key = items.next()?;
            Some((self.scalar(key), items.next()?))
        })
    }

    /// A scalar as text: nothing for null, and for what is no scalar.
    pub(super) fn scalar(&self, node: usize) -> Cow<'a, str> {
        if self.kind(node) != Kind::Scalar {
            return "".into();
        }
        let start = self.nodes[node].start as usize;
        let raw = &self.text[start..self.end(start)];
        match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => plain.into(),
            Some(_) => serde_json::from_str::<String>(raw).unwrap_or_default().into(),
            None if raw == "null" => "".into(),
            None => raw.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_where_they_are() {
        let text = r#" {"a": [1, null, "x\"\u00e9"], "b\n": {"c": {}}, "d": -1.5e3} "#;
        let tape = Tape::of(text).unwrap();
        let pairs: Vec<(Cow<'_, str>, Kind)> =
            tape.pairs(ROOT).map(|(key, value)| (key, tape.kind(value))).collect();
        let expected = [("a", Kind::Array), ("b\n", Kind::Object), ("d", Kind::Scalar)];
        assert_eq!(pairs, expected.map(|(key, kind)| (key.into(), kind)));
        let array = tape.pairs(ROOT).next().unwrap().1;
        let items: Vec<Cow<'_, str>> = tape.items(array).map(|item| tape.scalar(item)).collect();
        assert_eq!(items, ["1", "", "x\"é"]);
        let lines = Tape::of("{\"a\":1}\n[2]\n3").unwrap();
        assert_eq!(lines.items(ROOT).count(), 3);
        assert!(Tape::of("{\"a\":}").is_err() && Tape::of("[1,").is_err());
        // Brackets to any depth are read without a stack.
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(Tape::of(&deep).unwrap().items(ROOT).count(), 1);
    }
}
