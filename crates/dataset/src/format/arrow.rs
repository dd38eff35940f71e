//! Arrow IPC files of samples, by the `arrow` crate: one record batch a block of 4,096 samples.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;

use crate::Layout;

/// Encodes a file. It writes nothing itself.
pub(crate) struct ArrowEncoder(FileWriter<Vec<u8>>);

impl ArrowEncoder {
    pub(crate) fn new(layout: &Layout) -> Result<Self, ArrowError> {
        Ok(Self(FileWriter::try_new(Vec::new(), &layout.schema())?))
    }

    /// The bytes that follow in the file.
    pub(crate) fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        self.0.write(batch)?;
        Ok(std::mem::take(self.0.get_mut()))
    }

    /// The bytes of the end of the file.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, ArrowError> {
        self.0.finish()?;
        Ok(std::mem::take(self.0.get_mut()))
    }
}
