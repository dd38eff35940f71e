//! One Parquet file of samples.

use std::path::Path;

use barloom_backend::{BLOCK_ROWS, BlockDigest, Session};
use barloom_recipe::Compression;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::files::write_whole;
use crate::summary::Gather;
use crate::{DatasetError, Layout, ShardRecord};

/// What building a shard gives.
pub(crate) struct BuiltShard {
    pub(crate) record: ShardRecord,
    pub(crate) digests: Vec<BlockDigest>,
    pub(crate) gather: Gather,
}

/// What all shards of a part have in common.
pub(crate) struct ShardWriter<'a> {
    pub(crate) session: &'a dyn Session,
    pub(crate) layout: &'a Layout,
    pub(crate) dir: &'a Path,
    pub(crate) compression: Compression,
    /// Samples made at once: a multiple of [`BLOCK_ROWS`].
    pub(crate) chunk_rows: usize,
    /// Told after each chunk how many samples it held.
    pub(crate) progress: &'a (dyn Fn(u64) + Sync),
    /// Asked before each chunk whether to go on.
    pub(crate) stop: &'a (dyn Fn() -> bool + Sync),
}

impl ShardWriter<'_> {
    /// Builds and writes samples `[first, first + rows)` as `samples-<number>.parquet`.
    ///
    /// Batches of [`BLOCK_ROWS`] go to the writer whatever the chunk is, so the file's bytes do
    /// not depend on it.
    pub(crate) fn write(
        &self,
        number: u64,
        first: u64,
        rows: u64,
    ) -> Result<BuiltShard, DatasetError> {
        let name = format!("samples-{number:05}.parquet");
        let path = self.dir.join(&name);
        let shape = self.session.plan().block_shape();
        let group_rows = row_group_rows(shape.channels, shape.lookback);
        let mut gather = Gather::new(shape.metrics);
        let mut digests = Vec::new();
        let file = write_whole(self.dir, &name, |file| {
            let error = |e| DatasetError::format(&path)(e);
            let properties = self.properties(group_rows);
            let mut writer = ArrowWriter::try_new(file, self.layout.schema(), Some(properties))
                .map_err(error)?;
            let capacity = usize::try_from(rows).unwrap_or(usize::MAX).min(self.chunk_rows);
            let mut block = self.session.allocate(capacity);
            let mut done = 0;
            while done < rows {
                if (self.stop)() {
                    return Err(DatasetError::Stopped);
                }
                let take = (rows - done).min(self.chunk_rows as u64) as usize;
                self.session.fill(first + done, take, &mut block)?;
                digests.extend(BlockDigest::of_block(&block));
                gather.add(&block);
                for start in (0..take).step_by(BLOCK_ROWS) {
                    let end = take.min(start + BLOCK_ROWS);
                    let batch = self
                        .layout
                        .record_batch(&block, start, end)
                        .map_err(DatasetError::format(&path))?;
                    writer.write(&batch).map_err(error)?;
                }
                done += take as u64;
                (self.progress)(take as u64);
            }
            writer.close().map_err(error)?;
            Ok(())
        })?;
        let record = ShardRecord { first, rows, file };
        Ok(BuiltShard { record, digests, gather })
    }

    fn properties(&self, group_rows: usize) -> WriterProperties {
        let codec = match self.compression {
            Compression::None => Codec::UNCOMPRESSED,
            Compression::Snappy => Codec::SNAPPY,
            Compression::Zstd(level) => Codec::ZSTD(ZstdLevel::try_new(level).unwrap_or_default()),
        };
        let mut properties = WriterProperties::builder()
            .set_created_by(format!("barloom {}", env!("CARGO_PKG_VERSION")))
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(codec)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(group_rows));
        for column in ["symbol", "exit_reason"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), true);
        }
        for channel in self.layout.channels() {
            let path = ColumnPath::new(vec![channel.to_owned(), "list".into(), "item".into()]);
            properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
        }
        properties.build()
    }
}

/// Rows of a Parquet row group: a power of two from 4,096 to 65,536 whose windows take about
/// 64 MiB, so that writers and readers hold little at once. It depends on the shape alone.
pub(crate) fn row_group_rows(channels: usize, lookback: usize) -> usize {
    const BYTES: usize = 64 << 20;
    let window = channels.saturating_mul(lookback).saturating_mul(size_of::<f32>()).max(1);
    let rows = (BYTES / window).clamp(BLOCK_ROWS, 16 * BLOCK_ROWS);
    1 << rows.ilog2()
}

#[cfg(test)]
mod tests {
    use super::row_group_rows;

    #[test]
    fn row_groups_are_bounded() {
        assert_eq!(row_group_rows(5, 64), 32_768);
        assert_eq!(row_group_rows(1, 1), 65_536);
        assert_eq!(row_group_rows(500, 100_000), 4_096);
        assert_eq!(row_group_rows(usize::MAX, 2), 4_096);
    }
}
