//! All that was pushed, as bytes: a state is restored by pushing it again.
//!
//! A state begins with [`MAGIC`], the digest of the recipe and the last bar of each symbol at the
//! start. Numbers are little-endian.

use super::error::LiveError;
use super::{Fixed, Live};

/// The first bytes of a state.
const MAGIC: &[u8] = b"barloom live 1\n";

const BAR: u8 = 0;
const CLOSE: u8 = 1;
const RECORD: u8 = 2;

/// The number that stands for no symbol.
const NONE: u32 = u32::MAX;

pub(super) fn bar(journal: &mut Vec<u8>, symbol: usize, ts: i64, values: &[f64]) {
    journal.push(BAR);
    number(journal, symbol);
    journal.extend(ts.to_le_bytes());
    values.iter().for_each(|x| journal.extend(x.to_le_bytes()));
}

pub(super) fn close(journal: &mut Vec<u8>) {
    journal.push(CLOSE);
}

pub(super) fn record(
    journal: &mut Vec<u8>,
    name: &str,
    ts: i64,
    symbol: Option<usize>,
    values: &[(&str, f64)],
) {
    journal.push(RECORD);
    text(journal, name);
    journal.extend(ts.to_le_bytes());
    number(journal, symbol.unwrap_or(NONE as usize));
    number(journal, values.len());
    for (name, x) in values {
        text(journal, name);
        journal.extend(x.to_le_bytes());
    }
}

fn number(to: &mut Vec<u8>, number: usize) {
    to.extend(u32::try_from(number).unwrap_or(NONE).to_le_bytes());
}

fn text(to: &mut Vec<u8>, text: &str) {
    number(to, text.len());
    to.extend(text.as_bytes());
}

/// The head of states that continue from the same bars.
fn head(fixed: &Fixed) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    text(&mut head, &fixed.recipe.digest());
    number(&mut head, fixed.start.len());
    for last in &fixed.start {
        head.extend(last.unwrap_or(i64::MIN).to_le_bytes());
    }
    head
}

impl Live {
    /// All that was pushed since the start, to be [loaded](Self::load) into a `Live` with the same
    /// start: of the same dataset and history. It has 8 bytes a value of each bar.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let mut state = head(&self.fixed);
        state.extend(&self.journal);
        state
    }

    /// Pushes all that a saved state has. Afterwards everything is as it was when the state was
    /// saved, to the bit.
    ///
    /// # Errors
    /// Something was pushed already; the state is damaged, or of another start. Nothing has changed
    /// then.
    pub fn load(&mut self, state: &[u8]) -> Result<(), LiveError> {
        let error = |problem: &str| LiveError::State(problem.to_owned());
        if !self.journal.is_empty() {
            return Err(error("bars or records were pushed already; load it into a new Live"));
        }
        if !state.starts_with(MAGIC) {
            return Err(error("it is not the state of a Live of this version"));
        }
        let Some(journal) = state.strip_prefix(&head(&self.fixed)[..]) else {
            let problem = "it continues from other bars; start with the dataset and the history of \
                           the Live that was saved";
            return Err(error(problem));
        };
        let mut again = self.clone();
        again.replay(journal)?;
        *self = again;
        Ok(())
    }

    fn replay(&mut self, journal: &[u8]) -> Result<(), LiveError> {
        let damaged = || LiveError::State("it is damaged".to_owned());
        let fixed = std::sync::Arc::clone(&self.fixed);
        let columns: Vec<&str> = fixed.columns.iter().map(String::as_str).collect();
        let mut bytes = Bytes(journal);
        while let Some(tag) = bytes.take::<1>() {
            match tag {
                [BAR] => {
                    let (symbol, ts) = (bytes.number(), bytes.take());
                    let symbol = symbol.and_then(|at| fixed.symbols.get(at)).ok_or_else(damaged)?;
                    let ts = i64::from_le_bytes(ts.ok_or_else(damaged)?);
                    let mut value = |name| Some((name, f64::from_le_bytes(bytes.take()?)));
                    let values: Option<Vec<_>> = columns.iter().map(|name| value(*name)).collect();
                    self.push(&symbol.name, ts, &values.ok_or_else(damaged)?)?;
                }
                [CLOSE] => self.close(None)?,
                [RECORD] => {
                    let name = bytes.text().ok_or_else(damaged)?;
                    let ts = i64::from_le_bytes(bytes.take().ok_or_else(damaged)?);
                    let (symbol, count) = (bytes.number(), bytes.number());
                    let symbol = symbol.ok_or_else(damaged)?;
                    let symbol = fixed.symbols.get(symbol).map(|one| one.name.as_str());
                    let mut values = Vec::new();
                    for _ in 0..count.ok_or_else(damaged)? {
                        let name = bytes.text().ok_or_else(damaged)?;
                        let x = f64::from_le_bytes(bytes.take().ok_or_else(damaged)?);
                        values.push((name, x));
                    }
                    self.push_join(name, ts, symbol, &values)?;
                }
                _ => return Err(damaged()),
            }
        }
        if bytes.0.is_empty() { Ok(()) } else { Err(damaged()) }
    }
}

/// Bytes that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<usize> {
        self.take().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}
