//! The prose of a file: blocks of comments, their paragraphs and sentences.

/// A line of prose.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// Columns before the text.
    pub(super) indent: usize,
    pub(super) text: String,
}

/// Lines that follow each other.
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
}

impl Block {
    /// A page is a block.
    pub(super) fn page(text: &str) -> Self {
        let line =
            |(number, text): (usize, &str)| Line { number, indent: 0, text: text.to_owned() };
        Self { lines: (1..).zip(text.lines()).map(line).collect() }
    }

    /// The first line, where it is prose.
    pub(super) fn opening(&self) -> Option<&Line> {
        self.lines.first().filter(|line| is_prose(&line.text))
    }
}

/// The blocks of doc comments.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::<Block>::new();
    let mut before = "";
    for (number, line) in (1..).zip(text.lines()) {
        let start = line.trim_start();
        let mark = ["///", "//!"].into_iter().find(|mark| start.starts_with(mark));
        let Some(mark) = mark.filter(|_| !start.starts_with("////")) else {
            before = "";
            continue;
        };
        let text = &start[mark.len()..];
        let text = text.strip_prefix(' ').unwrap_or(text);
        let indent = line.len() - text.len();
        if before != mark {
            blocks.push(Block { lines: Vec::new() });
        }
        before = mark;
        let line = Line { number, indent, text: text.trim_end().to_owned() };
        blocks.last_mut().expect("a block was begun").lines.push(line);
    }
    blocks
}

/// The paragraphs of a block: no code, tables, headings or lists of references.
pub(super) fn paragraphs(block: &Block) -> Vec<Vec<Line>> {
    let mut paragraphs = vec![Vec::new()];
    let mut code = false;
    for line in &block.lines {
        let fence = line.text.trim_start().starts_with("```");
        code ^= fence;
        let item = is_item(&line.text);
        if fence || code || item || !is_prose(&line.text) {
            paragraphs.push(Vec::new());
        }
        if !fence && !code && (item || is_prose(&line.text)) {
            paragraphs.last_mut().expect("a paragraph was begun").push(line.clone());
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// The sentences of a paragraph, each with the line where it ends.
pub(super) fn sentences(paragraph: &[Line]) -> Vec<(usize, String)> {
    let mut sentences = Vec::new();
    let mut sentence = String::new();
    let mut last = 0;
    for line in paragraph {
        last = line.number;
        for word in line.text.split_whitespace() {
            sentence.push_str(word);
            sentence.push(' ');
            if word.trim_end_matches([')', '"', '*', '`']).ends_with(['.', '!', '?', ';', ':']) {
                sentences.push((last, std::mem::take(&mut sentence)));
            }
        }
    }
    if !sentence.is_empty() {
        sentences.push((last, sentence));
    }
    sentences
}

fn is_item(text: &str) -> bool {
    let indented = text.starts_with("    ");
    let text = text.trim_start();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    // As `name: ...` under `Args:` in a docstring of Python.
    let name = text.split_once(": ").map_or("", |(name, _)| name);
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    indented && is_name(name)
        || text.starts_with(['-', '*'])
        || (digits.len() < text.len() && digits.starts_with(". "))
}

/// Excludes headings, tables, fences, quotes and references of links.
pub(super) fn is_prose(text: &str) -> bool {
    let start = text.trim_start();
    let reference = start.starts_with('[') && start.contains("]: ");
    !start.is_empty() && !start.starts_with(['#', '|', '<', '`', '>']) && !reference
        || start.starts_with('`') && !start.starts_with("```")
}
