//! Ranged reads of a stored file, as the readers of formats ask for them.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use barloom_files::ReadAt;
use bytes::Bytes;

/// A file of which only the ranges that are asked for are read.
#[derive(Clone)]
pub(crate) struct Ranged(pub(crate) Arc<dyn ReadAt>);

impl Length for Ranged {
    fn len(&self) -> u64 {
        self.0.bytes()
    }
}

impl ChunkReader for Ranged {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(From { file: Arc::clone(&self.0), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        match self.0.read(start, length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(ParquetError::EOF(format!("{length} bytes from {start} on are not there")))
            }
            read => Ok(read?.into()),
        }
    }
}

/// The bytes of a file from a place on.
pub(crate) struct From {
    file: Arc<dyn ReadAt>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.file.bytes().saturating_sub(self.at);
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        self.file.read_exact_at(self.at, &mut into[..now])?;
        self.at += now as u64;
        Ok(now)
    }
}
