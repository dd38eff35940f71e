//! Delimited text in blocks that end with lines: of memory, or of a file or a stream that is not
//! held whole.

use std::fs::File;
use std::io::{self, Read};

use super::cut;

/// The bytes of a block, but for its last line: with what is read of it, it fits in the cache of a
/// core.
const BLOCK: usize = 256 << 10;

/// The bytes that are read beyond a block, for the end of its last line.
const BEYOND: usize = 4 << 10;

/// The longest line: more than a million numbers.
pub(super) const LONGEST_LINE: usize = 8 << 20;

/// Rows of text.
pub(super) enum Source<'a> {
    /// Blocks that are read in any order.
    Placed(Placed<'a>),
    /// Blocks that come one after the other.
    Stream(Stream<'a>),
}

/// Rows of text that lie somewhere.
pub(super) enum Placed<'a> {
    /// In memory.
    Memory(Vec<&'a [u8]>),
    /// From a byte of a file until another.
    File(&'a File, u64, u64),
}

impl<'a> Placed<'a> {
    pub(super) fn memory(mut bytes: &'a [u8]) -> Self {
        let mut blocks = Vec::with_capacity(bytes.len() / BLOCK + 1);
        while !bytes.is_empty() {
            let end = match bytes.get(BLOCK..).and_then(|rest| memchr::memchr(b'\n', rest)) {
                Some(at) => BLOCK + at + 1,
                None => bytes.len(),
            };
            let (block, rest) = bytes.split_at(end);
            blocks.push(block);
            bytes = rest;
        }
        Self::Memory(blocks)
    }

    /// The number of blocks.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory(blocks) => blocks.len(),
            Self::File(_, start, end) => (end - start).div_ceil(BLOCK as u64) as usize,
        }
    }

    /// The lines that begin in a block, which may be read into the buffer.
    ///
    /// # Errors
    /// The file cannot be read, or a line is very long.
    pub(super) fn block<'b>(
        &'b self,
        block: usize,
        buffer: &'b mut Vec<u8>,
    ) -> io::Result<&'b [u8]> {
        let (file, start, end) = match self {
            Self::Memory(blocks) if blocks[block].len() > BLOCK + LONGEST_LINE => {
                return Err(too_long(&blocks[block][..BLOCK]));
            }
            Self::Memory(blocks) => return Ok(blocks[block]),
            Self::File(file, start, end) => (file, *start, *end),
        };
        let from = start + block as u64 * BLOCK as u64;
        let mut to = end.min(from + BLOCK as u64);
        // The byte before shows if a line begins here.
        let from = from - u64::from(block > 0);
        fill(file, from, to, 0, buffer)?;
        let text = &buffer[..(to - from) as usize];
        let begin = match block {
            0 => 0,
            _ => memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1),
        };
        if begin == text.len() {
            return Ok(&[]);
        }
        while to < end && buffer[(to - from) as usize - 1] != b'\n' {
            let had = (to - from) as usize;
            if had > BLOCK + LONGEST_LINE {
                return Err(too_long(&buffer[begin..had]));
            }
            let until = end.min(to + BEYOND as u64);
            fill(file, from, until, had, buffer)?;
            let more = &buffer[had..(until - from) as usize];
            to = memchr::memchr(b'\n', more).map_or(until, |at| to + at as u64 + 1);
        }
        Ok(&buffer[begin..(to - from) as usize])
    }
}

/// Rows of text that come in a stream.
pub(super) struct Stream<'a> {
    stream: &'a mut dyn Read,
    /// Bytes that were read beyond the last block.
    rest: Vec<u8>,
    /// The last bytes of the text so far.
    tail: Vec<u8>,
    /// True once there are no more bytes.
    ended: bool,
    /// The reason why no block follows.
    failed: Option<io::Error>,
}

impl<'a> Stream<'a> {
    /// Rows of which the first bytes were read.
    pub(super) fn new(first: &[u8], stream: &'a mut dyn Read) -> Self {
        Self { stream, rest: first.to_vec(), tail: Vec::new(), ended: false, failed: None }
    }

    /// Reads the next blocks into buffers, each of which is one. Returns how many there are: 0 at
    /// the end.
    ///
    /// # Errors
    /// The stream cannot be read, or a line is very long, and all blocks before were returned.
    pub(super) fn fill<'b>(
        &mut self,
        buffers: impl Iterator<Item = &'b mut Vec<u8>>,
    ) -> io::Result<usize> {
        let mut count = 0;
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        for buffer in buffers {
            match self.block(buffer) {
                Ok(true) => count += 1,
                Ok(false) => break,
                Err(error) if count == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            let kept = buffer.len().saturating_sub(cut::TAIL as usize);
            if kept > 0 {
                self.tail.clear();
            }
            self.tail.extend_from_slice(&buffer[kept..]);
        }
        Ok(count)
    }

    /// Reads the next block; false if there is none.
    fn block(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        buffer.clear();
        std::mem::swap(buffer, &mut self.rest);
        let mut searched = BLOCK;
        loop {
            let beyond = buffer.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', beyond) {
                self.rest.extend_from_slice(&buffer[searched + at + 1..]);
                buffer.truncate(searched + at + 1);
                return Ok(true);
            }
            searched = buffer.len().max(BLOCK);
            if searched > BLOCK + LONGEST_LINE {
                return Err(too_long(buffer));
            }
            if self.ended {
                return Ok(!buffer.is_empty());
            }
            let more = (searched - buffer.len() + BEYOND) as u64;
            self.ended = self.stream.take(more).read_to_end(buffer)? < more as usize;
        }
    }

    /// The last bytes of all blocks.
    pub(super) fn tail(&self) -> &[u8] {
        &self.tail[self.tail.len().saturating_sub(cut::TAIL as usize)..]
    }
}

/// The first line that is too long in so many bytes of a file, if one is; its number counts from 1.
///
/// # Errors
/// The file cannot be read.
pub(super) fn long_line(file: &File, bytes: u64) -> io::Result<Option<u32>> {
    let size = file.metadata()?.len().min(bytes);
    if size <= LONGEST_LINE as u64 {
        return Ok(None);
    }
    let mut buffer = vec![0; 1 << 20];
    let (mut at, mut length, mut line) = (0, 0, 1_u32);
    while at < size {
        let bytes = usize::try_from(size - at).unwrap_or(usize::MAX).min(buffer.len());
        let block = &mut buffer[..bytes];
        read_exact_at(file, block, at)?;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', block) {
            if length + (end - start) > LONGEST_LINE {
                return Ok(Some(line));
            }
            (start, length, line) = (end + 1, 0, line.saturating_add(1));
        }
        length += bytes - start;
        if length > LONGEST_LINE {
            return Ok(Some(line));
        }
        at += bytes as u64;
    }
    Ok(None)
}

/// A line that is too long, after so many lines of its block.
#[derive(Debug, thiserror::Error)]
#[error("a line is too long")]
struct LongLine(u32);

/// The error of a block whose last line is too long, of which these bytes were read.
fn too_long(block: &[u8]) -> io::Error {
    let lines = u32::try_from(memchr::memchr_iter(b'\n', block).count()).unwrap_or(u32::MAX);
    io::Error::new(io::ErrorKind::FileTooLarge, LongLine(lines))
}

/// The number of lines of a block before the one that is too long, if that is why the block cannot
/// be read.
pub(super) fn lines_before_long(error: &io::Error) -> Option<u32> {
    error.get_ref()?.downcast_ref::<LongLine>().map(|line| line.0)
}

/// Reads a file's bytes into a buffer, of which the first `had` are there.
fn fill(file: &File, from: u64, to: u64, had: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    let length = (to - from) as usize;
    if buffer.len() < length {
        buffer.resize(length + BEYOND, 0);
    }
    read_exact_at(file, &mut buffer[had..length], from + had as u64)
}

#[cfg(unix)]
pub(super) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
pub(super) fn read_exact_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn blocks_of_a_file_are_its_lines() {
        let line = |n: usize| format!("{n},{}\n", "x".repeat(n * 7_919 % 300));
        let many: String = (0..5_000).map(line).collect();
        let long = format!("a\n{}\nb\n", "y".repeat(3 * BLOCK));
        let exact = "0123456789abcde\n".repeat(3 * BLOCK / 16);
        for text in ["", "a", "a\n", &many, many.trim_end(), &long, &exact, &exact[1..]] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            for start in [0, text.len().min(1)] {
                let source = Placed::File(&file, start as u64, text.len() as u64);
                let mut buffer = Vec::new();
                let mut all = Vec::new();
                for block in 0..source.len() {
                    let lines = source.block(block, &mut buffer).unwrap();
                    assert!(
                        lines.ends_with(b"\n")
                            || lines.is_empty()
                            || block + 1 == source.len()
                            || long == text
                    );
                    all.extend_from_slice(lines);
                }
                assert!(all == text.as_bytes()[start..], "{} bytes from {start}", text.len());
                let memory = Placed::memory(&text.as_bytes()[start..]);
                let blocks =
                    (0..memory.len()).map(|b| memory.block(b, &mut buffer).unwrap().to_vec());
                let blocks: Vec<Vec<u8>> = blocks.collect();
                assert!(blocks.concat() == text.as_bytes()[start..]);
                for first in [0, 10, BLOCK / 2, 2 * BLOCK + 1] {
                    let rows = &text.as_bytes()[start..];
                    let (first, mut rest) = rows.split_at(first.min(rows.len()));
                    let mut stream = Stream::new(first, &mut rest);
                    let mut streamed: Vec<Vec<u8>> = Vec::new();
                    let mut buffers = [const { Vec::new() }; 3];
                    loop {
                        let count = stream.fill(buffers.iter_mut()).unwrap();
                        if count == 0 {
                            break;
                        }
                        streamed.extend_from_slice(&buffers[..count]);
                    }
                    assert!(streamed == blocks, "{} bytes from {start}", text.len());
                    let tail = &rows[rows.len().saturating_sub(cut::TAIL as usize)..];
                    assert!(stream.tail() == tail);
                }
            }
        }
        let endless = "z".repeat(BLOCK + LONGEST_LINE + 2 * BEYOND);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(endless.as_bytes()).unwrap();
        let source = Placed::File(&file, 0, endless.len() as u64);
        assert!(source.block(0, &mut Vec::new()).is_err());
        let text = format!("a\n{}{endless}", "b\n".repeat(BLOCK));
        let mut rest = text.as_bytes();
        let mut stream = Stream::new(&[], &mut rest);
        let mut buffers = [const { Vec::new() }; 3];
        assert_eq!(stream.fill(buffers.iter_mut()).unwrap(), 1, "the block before it is read");
        let error = stream.fill(buffers.iter_mut()).unwrap_err();
        assert_eq!(lines_before_long(&error), Some(BLOCK as u32 / 2));
        let memory = Placed::memory(text.as_bytes());
        let error = memory.block(1, &mut Vec::new()).unwrap_err();
        assert_eq!(lines_before_long(&error), Some(BLOCK as u32 / 2));
    }
}
