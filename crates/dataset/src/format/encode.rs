//! Blocks of samples as the bytes of files, in any format.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use barloom_backend::{BLOCK_ROWS, Program, SampleBlock};
use barloom_recipe::{Format, OutputSettings};

use crate::Layout;
use crate::format::arrow::ArrowEncoder;
use crate::format::npy::{self, NpyEncoder};
use crate::format::parquet;
use crate::format::parquet::{ParquetEncoder, Values};

/// Slices that follow each other in a file.
pub(crate) type Pieces<'a> = Vec<Cow<'a, [u8]>>;

/// An error of encoding a block.
pub(crate) type EncodeError = Box<dyn std::error::Error + Send + Sync>;

/// Rows of a block as a format wants them.
pub(crate) enum Rows<'a> {
    Parquet(usize, Vec<Values<'a>>),
    Arrow(RecordBatch),
    Npy(Vec<Cow<'a, [u8]>>),
    Nothing,
}

/// Encodes the files of a shard.
pub(crate) enum Encoder {
    Parquet(Box<ParquetEncoder>),
    Arrow(Box<ArrowEncoder>),
    Npy(NpyEncoder),
    Nothing,
}

/// Samples that are encoded at once; what a file holds depends on nothing else of a build.
pub(crate) fn group_rows(format: Format, layout: &Layout) -> usize {
    match format {
        Format::Parquet => parquet::row_group_rows(layout.floats()),
        Format::Arrow | Format::Npy | Format::Virtual => BLOCK_ROWS,
    }
}

impl<'a> Rows<'a> {
    /// Rows `[start, end)` of a block.
    pub(crate) fn new(
        format: Format,
        program: &Program,
        layout: &'a Layout,
        block: &'a SampleBlock,
        start: usize,
        end: usize,
    ) -> Result<Self, EncodeError> {
        Ok(match format {
            Format::Parquet => Self::Parquet(end - start, layout.values(block, start, end)),
            Format::Arrow => Self::Arrow(layout.record_batch(block, start, end)?),
            Format::Npy => Self::Npy(npy::values(program, layout, block, start, end)),
            Format::Virtual => Self::Nothing,
        })
    }
}

impl Encoder {
    /// Files of `rows` samples.
    pub(crate) fn new(
        output: &OutputSettings,
        layout: &Layout,
        rows: u64,
    ) -> Result<Self, EncodeError> {
        Ok(match output.format {
            Format::Parquet => Self::Parquet(Box::new(ParquetEncoder::new(
                &layout.schema(),
                output.compression,
                output.byte_stream_split,
            )?)),
            Format::Arrow => Self::Arrow(Box::new(ArrowEncoder::new(layout)?)),
            Format::Npy => Self::Npy(NpyEncoder::new(layout, rows)),
            Format::Virtual => Self::Nothing,
        })
    }

    /// Encodes the next bytes of each of the files.
    pub(crate) fn encode<'a>(
        &mut self,
        rows: &'a Rows<'a>,
    ) -> Result<Vec<Pieces<'a>>, EncodeError> {
        Ok(match (self, rows) {
            (Self::Parquet(encoder), Rows::Parquet(rows, columns)) => {
                vec![encoder.row_group(*rows, columns)?]
            }
            (Self::Arrow(encoder), Rows::Arrow(batch)) => {
                vec![vec![Cow::Owned(encoder.encode(batch)?)]]
            }
            (Self::Npy(encoder), Rows::Npy(columns)) => encoder.encode(columns),
            (Self::Nothing, Rows::Nothing) => Vec::new(),
            _ => return Err("rows of another format".into()),
        })
    }

    /// The end of each file.
    pub(crate) fn finish(self) -> Result<Vec<Vec<u8>>, EncodeError> {
        Ok(match self {
            Self::Parquet(encoder) => vec![encoder.finish()?],
            Self::Arrow(encoder) => vec![encoder.finish()?],
            Self::Npy(_) | Self::Nothing => Vec::new(),
        })
    }
}
