//! Arrow IPC, with the sizes that it declares checked before anything makes room for them.
//!
//! The readers allocate what a footer or a packed buffer says it needs before they find that it
//! isn't there, so a flipped byte could ask for more memory than there is and end the process.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamReader, read_footer_length};
use arrow::ipc::{Block, root_as_footer, root_as_message};
use bytes::Bytes;
#[cfg(feature = "parquet")]
use parquet::file::reader::ChunkReader;

#[cfg(not(feature = "parquet"))]
use crate::ranges::ChunkReader;
use crate::{BATCH_LIMIT, ColumnarError, unpacked_limit};

/// The length of the footer's length and the magic bytes after it.
const TRAILER: usize = 10;

/// An Arrow IPC file (Feather version 2), of which each record batch is read when it is asked for.
///
/// In memory its columns stay where they are; of a file on disk only what is asked for is read.
pub struct IpcFile<R> {
    file: R,
    schema: SchemaRef,
    decoder: FileDecoder,
    /// Blocks of dictionaries, which are read before the first batch.
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<R: ChunkReader> IpcFile<R> {
    /// Reads the footer. Packed buffers of all batches that are read may unpack to `limit` bytes.
    ///
    /// # Errors
    /// The footer is missing or damaged, it names bytes outside the file, or the file cannot be
    /// read. Some damage makes Arrow's reader panic.
    pub fn open(file: R, limit: u64) -> Result<Self, ColumnarError> {
        let cut = || broken("its end is missing");
        let rest = file.len().checked_sub(TRAILER as u64).ok_or_else(cut)?;
        let trailer = file.get_bytes(rest, TRAILER)?;
        let trailer: [u8; TRAILER] = trailer[..].try_into().map_err(|_| cut())?;
        let length = read_footer_length(trailer)?;
        let start = rest.checked_sub(length as u64).ok_or_else(cut)?;
        let bytes = file.get_bytes(start, length)?;
        let footer =
            root_as_footer(&bytes).map_err(|e| broken(format!("its footer is damaged: {e}")))?;
        let dictionaries: Vec<Block> = footer.dictionaries().iter().flatten().copied().collect();
        let batches: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
        let mut blocks_left = file.len();
        for block in dictionaries.iter().chain(&batches) {
            let (at, length) = place(block).ok_or_else(outside)?;
            if at.checked_add(length as u64).is_none_or(|end| end > file.len()) {
                return Err(outside());
            }
            // Else a small file could hold any number of rows: the same ones, again and again.
            blocks_left = blocks_left
                .checked_sub(length as u64)
                .ok_or_else(|| broken("its footer names a part of the file twice"))?;
        }
        let schema = footer.schema().ok_or_else(|| broken("its footer has no schema"))?;
        if !schema.endianness().equals_to_target_endianness() {
            return Err(broken("its numbers are in the other byte order"));
        }
        let schema = Arc::new(try_fb_to_schema(schema)?);
        let decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
        Ok(Self { file, schema, decoder, dictionaries, batches, left: limit })
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Number of record batches.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// Reads the record batch of this number, from 0; none if there is no such batch.
    ///
    /// # Errors
    /// The batch, or a dictionary, is damaged or unpacks to more than the limit leaves; or the file
    /// cannot be read. Some damage makes Arrow's reader panic.
    pub fn batch(&mut self, number: usize) -> Result<Option<RecordBatch>, ColumnarError> {
        let Some(block) = self.batches.get(number).copied() else { return Ok(None) };
        for dictionary in std::mem::take(&mut self.dictionaries) {
            let memory = self.block(&dictionary)?;
            self.decoder.read_dictionary(&dictionary, &memory)?;
        }
        let memory = self.block(&block)?;
        Ok(self.decoder.read_record_batch(&block, &memory)?)
    }

    /// The bytes of a block, which is checked.
    fn block(&mut self, block: &Block) -> Result<Buffer, ColumnarError> {
        let (at, length) = place(block).ok_or_else(outside)?;
        let bytes = self.file.get_bytes(at, length)?;
        let meta = usize::try_from(block.metaDataLength()).map_err(|_| outside())?;
        let (meta, body) = bytes.split_at_checked(meta).ok_or_else(outside)?;
        let (meta, _) = split_message(meta).ok_or_else(|| broken("a block has no message"))?;
        check_message(meta, body, &mut self.left)?;
        Ok(Buffer::from(bytes))
    }
}

/// The first byte of a block and its length.
fn place(block: &Block) -> Option<(u64, usize)> {
    let meta = usize::try_from(block.metaDataLength()).ok()?;
    let length = meta.checked_add(usize::try_from(block.bodyLength()).ok()?)?;
    Some((u64::try_from(block.offset()).ok()?, length))
}

fn outside() -> ColumnarError {
    broken("its footer names a block outside the file")
}

/// Reads all record batches of an Arrow IPC file that is in memory, in which its columns stay.
///
/// # Errors
/// The file is damaged, or unpacks to more than its size allows. Some damage makes Arrow's reader
/// panic.
pub fn read_file(bytes: &Bytes) -> Result<(SchemaRef, Vec<RecordBatch>), ColumnarError> {
    let mut file = IpcFile::open(bytes.clone(), unpacked_limit(bytes.len() as u64))?;
    let mut batches = Vec::with_capacity(file.batches());
    for number in 0..file.batches() {
        batches.extend(file.batch(number)?);
    }
    Ok((SchemaRef::clone(file.schema()), batches))
}

/// Reads an Arrow IPC stream that is in memory.
///
/// # Errors
/// A message is damaged, or unpacks to more than the stream can hold. Some damage makes Arrow's
/// reader panic.
pub fn read_stream(bytes: &[u8]) -> Result<(SchemaRef, Vec<RecordBatch>), ColumnarError> {
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

fn broken(problem: impl Into<String>) -> ColumnarError {
    ColumnarError::damaged(problem)
}

/// A message's metadata, and what follows it.
fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(&[0xff; 4]).unwrap_or(bytes);
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Checks what packed buffers say they unpack to, and that the rows of a batch have room in its
/// buffers; takes what they unpack to from what is `left` for the file.
fn check_message(meta: &[u8], body: &[u8], left: &mut u64) -> Result<(), ColumnarError> {
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
        let fits = left.checked_sub(sum).filter(|_| sum <= BATCH_LIMIT);
        *left = fits.ok_or_else(|| {
            broken(format!(
                "a batch decompresses to {sum} bytes, more than {}: it is damaged, or must be \
                 split",
                BATCH_LIMIT.min(*left)
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
