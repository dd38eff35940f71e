//! The rules of plain English that a program can check.
//!
//! In doc comments: the first word, the length of sentences, the wrapping of lines, and words that
//! have a plainer one. In the pages and in strings: those words and the length of sentences too.
//! Folders that broke a rule when it was made are in `xtask/english.toml` with the number of places
//! that broke it; a number may only fall, and `cargo xtask tidy --write` lowers it.

mod prose;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use prose::{Block, blocks, paragraphs, sentences};

/// The places that may still break the rules.
const LIMITS: &str = "xtask/english.toml";

/// First words of questions and of headless relatives. A doc comment opens with the thing itself.
const OPENINGS: [&str; 9] =
    ["What", "How", "Whether", "Where", "Which", "Of", "Whoever", "Those", "One"];

/// The share of doc comments that may open so.
const OPENINGS_PERCENT: usize = 3;

/// Words that have a plainer one.
const WORDS: [&str; 8] = [
    "is none",
    "can't be",
    "to be had",
    "is told",
    "are told",
    "parted",
    "wished for",
    "whoever asks",
];

/// Words above which a sentence is too long to read once.
const LONGEST_SENTENCE: usize = 40;

/// Places that are listed of each rule that a folder breaks.
const SHOWN: usize = 20;

/// Columns of a line of a comment.
const WIDTH: usize = 100;

/// The number of places that break each rule.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Counts {
    openings: usize,
    words: usize,
    sentences: usize,
    lines: usize,
    #[serde(skip)]
    comments: usize,
}

impl Counts {
    /// Each rule's name and number.
    fn rules(&self) -> [(&'static str, usize); 4] {
        let Self { openings, words, sentences, lines, .. } = *self;
        [("openings", openings), ("words", words), ("sentences", sentences), ("lines", lines)]
    }

    fn add(&mut self, other: &Self) {
        self.openings += other.openings;
        self.words += other.words;
        self.sentences += other.sentences;
        self.lines += other.lines;
        self.comments += other.comments;
    }
}

/// A place that breaks a rule.
struct Finding {
    rule: &'static str,
    place: String,
    text: String,
}

/// Counts what breaks the rules, prints the shares, and gives the folders that are above their
/// limits.
pub(crate) fn check(
    root: &Path,
    files: &[String],
    write: bool,
    raise: bool,
) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(LIMITS)).context(LIMITS)?;
    let limits: BTreeMap<String, Counts> = toml::from_str(&text).context(LIMITS)?;
    let mut folders = BTreeMap::<String, (Counts, Vec<Finding>)>::new();
    for file in files {
        let Some(folder) = folder(file) else { continue };
        let text = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
        let (counts, findings) = judge(file, &text);
        let entry = folders.entry(folder).or_default();
        entry.0.add(&counts);
        entry.1.extend(findings);
    }
    let mut total = Counts::default();
    let mut problems = Vec::new();
    for (folder, (counts, findings)) in &folders {
        total.add(counts);
        let limit = limits.get(folder).copied().unwrap_or_default();
        problems.extend(above(folder, counts, &limit, findings));
    }
    println!(
        "english: {} of {} doc comments ({:.1}%) open with {}",
        total.openings,
        total.comments,
        total.openings as f64 * 100.0 / total.comments.max(1) as f64,
        OPENINGS.join(", ")
    );
    println!(
        "english: {} sentences of more than {LONGEST_SENTENCE} words, {} words that have a plainer one, \
         {} lines wrapped badly",
        total.sentences, total.words, total.lines
    );
    if raise {
        problems.clear();
    }
    if write || raise {
        let found = folders.iter().map(|(folder, (counts, _))| (folder, counts));
        fs::write(root.join(LIMITS), kept(&limits, found, raise))?;
    }
    Ok(problems)
}

/// The crate, or the folder beside the crates, that a file belongs to; none for files that are not
/// ours to word.
fn folder(file: &str) -> Option<String> {
    let known = [".rs", ".md", ".py"].iter().any(|end| file.ends_with(end));
    if !known || file == "CHANGELOG.md" || file.starts_with("xtask/src/english") {
        return None;
    }
    let mut parts = file.split('/');
    let first = parts.next()?;
    let second = parts.next();
    Some(match (first, second) {
        ("crates", Some(name)) => format!("crates/{name}"),
        (_, Some(_)) => first.to_owned(),
        _ => "docs".to_owned(),
    })
}

/// The rules that a folder breaks more often than it may, with the first places.
fn above(folder: &str, counts: &Counts, limit: &Counts, findings: &[Finding]) -> Vec<String> {
    let mut problems = Vec::new();
    for ((rule, found), (_, limit)) in counts.rules().into_iter().zip(limit.rules()) {
        let limit = match rule {
            "openings" => limit.max(counts.comments * OPENINGS_PERCENT / 100),
            _ => limit,
        };
        if found > limit {
            let mut text = format!(
                "{folder}: english: {rule}: {found}, at most {limit}: mend some, or after a merge run \
                 `cargo xtask tidy --raise`:"
            );
            let places = findings.iter().filter(|finding| finding.rule == rule);
            for Finding { place, text: what, .. } in places.take(SHOWN) {
                _ = write!(text, "\n    {place}: {what}");
            }
            if found > SHOWN {
                _ = write!(text, "\n    and {} more", found - SHOWN);
            }
            problems.push(text);
        }
    }
    problems
}

/// The limits, each as low as what was found, and as high if they may rise.
fn kept<'a>(
    limits: &BTreeMap<String, Counts>,
    found: impl Iterator<Item = (&'a String, &'a Counts)>,
    raise: bool,
) -> String {
    let mut text =
        "# Places that still break a rule of xtask/src/english.rs. Numbers may only fall;\n\
                    # `cargo xtask tidy --write` lowers them, and after a merge `--raise` takes what\n\
                    # there is. New folders have none.\n"
            .to_owned();
    for (folder, counts) in found {
        let limit = limits.get(folder).copied().unwrap_or_default();
        let mut lines = String::new();
        for ((rule, found), (_, limit)) in counts.rules().into_iter().zip(limit.rules()) {
            let free =
                if rule == "openings" { counts.comments * OPENINGS_PERCENT / 100 } else { 0 };
            let kept = if raise { found } else { found.min(limit) };
            if kept > free {
                _ = writeln!(lines, "{rule} = {kept}");
            }
        }
        if !lines.is_empty() {
            _ = write!(text, "\n[\"{folder}\"]\n{lines}");
        }
    }
    text
}

/// The places of a file that break a rule.
fn judge(file: &str, text: &str) -> (Counts, Vec<Finding>) {
    let mut counts = Counts::default();
    let mut findings = Vec::new();
    let mut found = |rule, line: usize, text: &str| {
        findings.push(Finding { rule, place: format!("{file}:{line}"), text: text.to_owned() });
    };
    let is_page = file.ends_with(".md");
    let blocks = if is_page { vec![Block::page(text)] } else { blocks(text) };
    for block in &blocks {
        if !is_page && let Some(line) = block.opening() {
            counts.comments += 1;
            let word = line.text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            if OPENINGS.contains(&word) {
                counts.openings += 1;
                found("openings", line.number, &line.text);
            }
        }
        for paragraph in paragraphs(block) {
            for (line, sentence) in sentences(&paragraph) {
                if sentence.split_whitespace().count() > LONGEST_SENTENCE {
                    counts.sentences += 1;
                    found("sentences", line, &sentence);
                }
            }
            if is_page {
                continue;
            }
            for pair in paragraph.windows(2) {
                let room = WIDTH - pair[0].indent;
                if pair[0].text.len() + 1 + pair[1].text.len() <= room {
                    counts.lines += 1;
                    found("lines", pair[0].number, &pair[0].text);
                }
            }
        }
        for line in block.lines.iter().filter(|_| !is_page) {
            let prose = prose::is_prose(&line.text);
            if prose && line.indent + line.text.chars().count() > WIDTH {
                counts.lines += 1;
                found("lines", line.number, &line.text);
            }
        }
    }
    for (number, line) in (1..).zip(text.lines()) {
        // Python's `is None` is code.
        let line =
            if file.ends_with(".py") { line.replace("is None", "") } else { line.to_owned() };
        let lower = line.to_lowercase();
        let has = |word: &&&str| {
            lower.match_indices(**word).any(|(at, _)| {
                let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
                !letter(lower[..at].chars().next_back())
                    && !letter(lower[at + word.len()..].chars().next())
            })
        };
        for word in WORDS.iter().filter(has) {
            counts.words += 1;
            found("words", number, word);
        }
    }
    (counts, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> [usize; 4] {
        judge("crates/bars/src/lib.rs", text).0.rules().map(|(_, count)| count)
    }

    #[test]
    fn comments_open_with_the_thing() {
        assert_eq!(counts("/// What a bar is.\nstruct Bar;\n"), [1, 0, 0, 0]);
        assert_eq!(counts("/// Whatever a bar is.\nstruct Bar;\n"), [0; 4]);
        assert_eq!(counts("/// A bar.\n///\n/// What it is.\nstruct Bar;\n"), [0; 4]);
        assert_eq!(counts("//! One bar.\n\n/// Of a bar.\nstruct Bar;\n"), [2, 0, 0, 0]);
        assert_eq!(counts("// What a bar is.\nlet what = \"/// What\";\n"), [0; 4]);
    }

    #[test]
    fn words_with_a_plainer_one_are_found() {
        assert_eq!(counts("let text = \"the file can't be read\";\n"), [0, 1, 0, 0]);
        assert_eq!(counts("let departed = 1;\n"), [0; 4]);
        assert_eq!(judge("a.py", "if zone is None:  # its zone is none\n").0.words, 1);
        assert_eq!(judge("docs/bars.md", "A zone is none.\n").0.words, 1);
    }

    #[test]
    fn long_sentences_are_found() {
        let long = "word ".repeat(41);
        assert_eq!(counts(&format!("/// A {long}.\n"))[2], 1);
        assert_eq!(judge("docs/bars.md", &format!("A {long}.\n")).0.sentences, 1);
        let short = "word ".repeat(30);
        assert_eq!(counts(&format!("/// A {short}. B {short}.\n"))[2], 0);
        assert_eq!(
            judge("docs/bars.md", &format!("```\n{long}\n```\n| {long} |\n")).0.sentences,
            0
        );
    }

    #[test]
    fn lines_that_fit_in_one_are_found() {
        assert_eq!(counts("/// A bar of\n/// a market.\n"), [0, 0, 0, 1]);
        assert_eq!(counts("/// A bar.\n///\n/// A market.\n"), [0; 4]);
        assert_eq!(counts("/// Bars:\n/// - of a\n/// - of b\n"), [0; 4]);
        assert_eq!(counts(&format!("/// {}\n", "word ".repeat(30))), [0, 0, 0, 1]);
    }

    #[test]
    fn limits_hold_and_only_fall() {
        let limit = Counts { words: 2, ..Counts::default() };
        let found = |words| Counts { words, ..Counts::default() };
        assert!(above("docs", &found(2), &limit, &[]).is_empty());
        assert_eq!(above("docs", &found(3), &limit, &[]).len(), 1);
        let limits = BTreeMap::from([("docs".to_owned(), limit)]);
        let folder = "docs".to_owned();
        let kept = |words, raise| kept(&limits, [(&folder, &found(words))].into_iter(), raise);
        assert!(kept(1, false).contains("words = 1"));
        assert!(kept(3, false).contains("words = 2"));
        assert!(kept(3, true).contains("words = 3"));
        let three = Counts { openings: 3, comments: 100, ..Counts::default() };
        assert!(above("docs", &three, &Counts::default(), &[]).is_empty());
        assert_eq!(
            above("docs", &Counts { openings: 4, ..three }, &Counts::default(), &[]).len(),
            1
        );
    }
}
