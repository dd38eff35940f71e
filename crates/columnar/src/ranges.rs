//! Ranged reads of a file in memory, as Parquet's trait has them in builds with Parquet.

use bytes::Bytes;

use crate::ColumnarError;

/// A file that is read in ranges.
pub trait ChunkReader {
    /// The bytes of the file.
    fn len(&self) -> u64;

    /// Reads so many bytes from one on.
    ///
    /// # Errors
    /// They are not all there.
    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ColumnarError>;
}

impl ChunkReader for Bytes {
    fn len(&self) -> u64 {
        self[..].len() as u64
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ColumnarError> {
        let start = usize::try_from(start).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(length)?));
        let range = range.filter(|range| range.end <= self[..].len());
        let missing = || ColumnarError::damaged(format!("{length} bytes are not there"));
        range.map(|range| self.slice(range)).ok_or_else(missing)
    }
}
