//! All samples of a dataset as a stream of record batches.

use std::ops::Range;

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use barloom_engine::{Error, SampleReader, Watch};
use pyo3::prelude::*;

use crate::{errors, jobs, tables};

/// Rows of a batch.
const STREAM_ROWS: u64 = 65_536;

/// All samples, batch after batch.
pub(crate) struct Stream {
    reader: SampleReader,
    next: u64,
    end: u64,
}

impl Stream {
    pub(crate) fn new(reader: SampleReader, samples: Range<u64>) -> Self {
        Self { reader, next: samples.start, end: samples.end }
    }

    /// The samples that come next; none at the end.
    fn advance(&mut self) -> Option<Range<u64>> {
        let samples = self.next..self.end.min(self.next + STREAM_ROWS);
        self.next = samples.end;
        (!samples.is_empty()).then_some(samples)
    }

    /// The remaining batches.
    pub(crate) fn collect(mut self, watch: &Watch) -> PyResult<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        while let Some(samples) = self.advance() {
            if (watch.stop)() {
                return Err(errors::of(Error::stopped()));
            }
            batches.push(self.reader.read(samples).map_err(errors::of)?);
        }
        Ok(batches)
    }
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let samples = self.advance()?;
        Some(match jobs::in_pool(None, || self.reader.read(samples)) {
            Ok(batch) => batch.map_err(tables::external),
            Err(error) => Err(ArrowError::ComputeError(error.to_string())),
        })
    }
}

impl RecordBatchReader for Stream {
    fn schema(&self) -> SchemaRef {
        self.reader.schema()
    }
}
