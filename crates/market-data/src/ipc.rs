//! Arrow IPC, with the sizes that it declares checked before anything makes room for them.
//!
//! The readers allocate what a footer or a packed buffer says it needs before they find that it
//! isn't there, so a flipped byte could ask for more memory than there is and end the process.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamReader, read_footer_length};
use arrow::ipc::{Block, Footer, root_as_footer, root_as_message};
use bytes::Bytes;

use crate::source::unpacked_limit;

/// The length of the footer's length and the magic bytes after it.
const TRAILER: usize = 10;

type Batches = (SchemaRef, Vec<RecordBatch>);

/// Reads an Arrow IPC file (Feather version 2) that is in memory, in which its columns stay.
///
/// # Errors
/// What is wrong with it. Some damage makes the reader panic: see
/// [`unless_damaged`](crate::source::unless_damaged).
pub(crate) fn read_file(bytes: &Bytes) -> Result<Batches, ArrowError> {
    let footer = check_file(bytes)?;
    let missing = || broken("its footer has no schema");
    let schema = footer.schema().ok_or_else(missing)?;
    if !schema.endianness().equals_to_target_endianness() {
        return Err(broken("its numbers are in the other byte order"));
    }
    let schema = Arc::new(try_fb_to_schema(schema)?);
    let mut decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
    let buffer = Buffer::from(bytes.clone());
    // That they are inside the file was checked.
    let memory = |block: &Block| {
        let length = block.metaDataLength() as usize + block.bodyLength() as usize;
        buffer.slice_with_length(block.offset() as usize, length)
    };
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &memory(block))?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &memory(block))?);
    }
    Ok((schema, batches))
}

/// Reads an Arrow IPC stream that is in memory.
///
/// # Errors
/// As [`read_file`].
pub(crate) fn read_stream(bytes: &[u8]) -> Result<Batches, ArrowError> {
    let mut rest = bytes;
    let mut left = unpacked_limit(bytes.len() as u64);
    // A stream that is cut ends the check; the reader says so.
    while let Some((meta, after)) = split_message(rest).filter(|(meta, _)| !meta.is_empty()) {
        let Ok(message) = root_as_message(meta) else { break };
        let body = usize::try_from(message.bodyLength()).ok();
        let Some((body, after)) = body.and_then(|len| after.split_at_checked(len)) else { break };
        check_message(meta, body, &mut left)?;
        rest = after;
    }
    let reader = StreamReader::try_new(Cursor::new(bytes), None)?;
    Ok((reader.schema(), reader.collect::<Result<_, _>>()?))
}

fn broken(problem: impl Into<String>) -> ArrowError {
    ArrowError::ParseError(problem.into())
}

/// The footer, if all that it names is in the file.
fn check_file(bytes: &[u8]) -> Result<Footer<'_>, ArrowError> {
    let cut = || broken("its end is missing");
    let (rest, trailer) = bytes.split_last_chunk::<TRAILER>().ok_or_else(cut)?;
    let start = rest.len().checked_sub(read_footer_length(*trailer)?).ok_or_else(cut)?;
    let footer = root_as_footer(&rest[start..])
        .map_err(|e| broken(format!("its footer is damaged: {e}")))?;
    let blocks = [footer.dictionaries(), footer.recordBatches()];
    let mut left = unpacked_limit(bytes.len() as u64);
    let mut blocks_left = bytes.len();
    for block in blocks.into_iter().flatten().flatten() {
        let outside = || broken("its footer names a block outside the file");
        let length = |n: i64| usize::try_from(n).map_err(|_| outside());
        let block_at = bytes.get(length(block.offset())?..).ok_or_else(outside)?;
        let (meta, rest) = block_at
            .split_at_checked(length(i64::from(block.metaDataLength()))?)
            .ok_or_else(outside)?;
        let body = rest.get(..length(block.bodyLength())?).ok_or_else(outside)?;
        // Else a small file could hold any number of rows: the same ones, again and again.
        blocks_left = blocks_left
            .checked_sub(meta.len() + body.len())
            .ok_or_else(|| broken("its footer names a part of the file twice"))?;
        let (meta, _) = split_message(meta).ok_or_else(|| broken("a block has no message"))?;
        check_message(meta, body, &mut left)?;
    }
    Ok(footer)
}

/// A message's metadata, and what follows it.
fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(&[0xff; 4]).unwrap_or(bytes);
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Checks what packed buffers say they unpack to, and that the rows of a batch have room in its
/// buffers; takes what they unpack to from what is `left` for the file.
fn check_message(meta: &[u8], body: &[u8], left: &mut u64) -> Result<(), ArrowError> {
    let message =
        root_as_message(meta).map_err(|e| broken(format!("a message is damaged: {e}")))?;
    let dictionary = message.header_as_dictionary_batch().and_then(|d| d.data());
    let Some(batch) = message.header_as_record_batch().or(dictionary) else { return Ok(()) };
    let mut sum = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let at = usize::try_from(buffer.offset()).ok().and_then(|at| body.get(at..));
        let stored = u64::try_from(buffer.length()).unwrap_or(0);
        let unpacked = match batch.compression() {
            None => stored,
            Some(_) => {
                let declared = at.and_then(<[u8]>::first_chunk).map(|n| i64::from_le_bytes(*n));
                // -1 stands for a buffer that is not packed.
                declared.and_then(|n| u64::try_from(n).ok()).unwrap_or(stored)
            }
        };
        sum = sum.saturating_add(unpacked);
    }
    if batch.compression().is_some() {
        *left = left.checked_sub(sum).ok_or_else(|| {
            broken(format!(
                "a batch unpacks to {sum} bytes, more than {left}: it is damaged, or must be split"
            ))
        })?;
    }
    // Else one part of a small file could be any number of columns, each of which is copied.
    if batch.compression().is_none() && sum > body.len() as u64 {
        let problem =
            format!("a batch of {} bytes has columns of {sum}: it is damaged", body.len());
        return Err(broken(problem));
    }
    // Columns of some types have any number of rows in no bytes. Times and prices have 1 bit a row
    // or more.
    let rows = u64::try_from(batch.length()).unwrap_or(u64::MAX);
    if rows > sum.saturating_mul(8) {
        return Err(broken(format!("a batch of {rows} rows has {sum} bytes: it is damaged")));
    }
    Ok(())
}
