//! Bars as Parquet: columns are packed side by side.

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression as Codec, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

use super::slices::Slices;
use super::{Compression, WriteOptions, stopped};

pub(super) fn write(
    file: &mut BufWriter<&File>,
    slices: &Slices<'_>,
    options: &WriteOptions<'_>,
) -> io::Result<()> {
    let ts = ColumnPath::from("ts");
    let mut properties = WriterProperties::builder()
        .set_compression(codec(options.compression))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Prices and volumes seldom repeat enough for a dictionary; symbols do.
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(ColumnPath::from("symbol"), true)
        // Steps between times are few.
        .set_column_encoding(ts, Encoding::DELTA_BINARY_PACKED)
        .build();
    let schema = slices.schema();
    parquet::arrow::add_encoded_arrow_schema_to_metadata(schema, &mut properties);
    let parquet = ArrowSchemaConverter::new().convert(schema).map_err(io::Error::other)?;
    let root = parquet.root_schema_ptr();
    let mut writer =
        SerializedFileWriter::new(file, root, Arc::new(properties)).map_err(io::Error::other)?;
    let factory = ArrowRowGroupWriterFactory::new(&writer, Arc::clone(schema));
    for (index, rows) in slices.ranges().enumerate() {
        let batch = slices.batch(rows).map_err(io::Error::other)?;
        let columns = factory.create_column_writers(index).map_err(io::Error::other)?;
        let chunks = packed(&batch, columns).map_err(io::Error::other)?;
        let mut group = writer.next_row_group().map_err(io::Error::other)?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group).map_err(io::Error::other)?;
        }
        group.close().map_err(io::Error::other)?;
        if (options.stop)() {
            return Err(stopped());
        }
    }
    writer.close().map(drop).map_err(io::Error::other)
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
        Compression::Lz4 => Codec::LZ4_RAW,
        Compression::Snappy => Codec::SNAPPY,
        Compression::None => Codec::UNCOMPRESSED,
    }
}

/// The columns of a batch, each packed on a thread.
fn packed(
    batch: &RecordBatch,
    writers: Vec<ArrowColumnWriter>,
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    let schema = batch.schema();
    let columns: Vec<_> = schema.fields().iter().zip(batch.columns()).zip(writers).collect();
    columns
        .into_par_iter()
        .map(|((field, array), mut writer)| {
            for leaf in compute_leaves(field, array)? {
                writer.write(&leaf)?;
            }
            writer.close()
        })
        .collect()
}
