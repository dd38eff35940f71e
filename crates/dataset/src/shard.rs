//! One Parquet file of samples.

use std::path::Path;

use barloom_backend::{BLOCK_ROWS, BlockDigest, Session};
use barloom_recipe::Compression;

use crate::files::{PartialFile, WrittenFile};
use crate::parquet::ParquetEncoder;
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
    /// Builds and writes samples `[first, first + rows)` as `samples-<number>.parquet`, which is
    /// still to be settled.
    ///
    /// Each row group is made of one block and goes from the block to the file, hashed on the way
    /// while it is in the processor's cache. Chunks are whole row groups, so the file's bytes do
    /// not depend on them.
    pub(crate) fn write(
        &self,
        number: u64,
        first: u64,
        rows: u64,
    ) -> Result<(BuiltShard, WrittenFile), DatasetError> {
        let name = format!("samples-{number:05}.parquet");
        let mut file = PartialFile::create(self.dir, &name)?;
        let path = self.dir.join(&name);
        let error = |e| DatasetError::format(&path)(e);
        let shape = self.session.plan().block_shape();
        let group_rows = row_group_rows(shape.channels, shape.lookback);
        let chunk_rows = self.chunk_rows.next_multiple_of(group_rows);
        let mut gather = Gather::new(shape.metrics);
        let mut digests = Vec::new();
        let mut encoder =
            ParquetEncoder::new(&self.layout.schema(), self.compression).map_err(error)?;
        let capacity = usize::try_from(rows).unwrap_or(usize::MAX).min(chunk_rows);
        let mut block = self.session.allocate(capacity);
        let mut done = 0;
        while done < rows {
            if (self.stop)() {
                return Err(DatasetError::Stopped);
            }
            let take = (rows - done).min(chunk_rows as u64) as usize;
            self.session.fill(first + done, take, &mut block)?;
            digests.extend(BlockDigest::of_block(&block));
            gather.add(&block);
            for start in (0..take).step_by(group_rows) {
                let end = take.min(start + group_rows);
                let columns = self.layout.values(&block, start, end);
                file.write(&encoder.row_group(end - start, &columns).map_err(error)?)?;
            }
            done += take as u64;
            (self.progress)(take as u64);
        }
        file.write(&[encoder.finish().map_err(error)?.into()])?;
        let file = file.finish();
        let record = ShardRecord { first, rows, file: file.record().clone() };
        Ok((BuiltShard { record, digests, gather }, file))
    }
}

/// Rows of a Parquet row group: a power of two from 4,096 to 65,536 whose windows take at most
/// about 8 MiB, so that one is built, hashed and written while it is in the processor's cache,
/// and readers hold little at once. It depends on the shape alone.
fn row_group_rows(channels: usize, lookback: usize) -> usize {
    const BYTES: usize = 8 << 20;
    let window = channels.saturating_mul(lookback).saturating_mul(size_of::<f32>()).max(1);
    let rows = (BYTES / window).clamp(BLOCK_ROWS, 16 * BLOCK_ROWS);
    1 << rows.ilog2()
}

#[cfg(test)]
mod tests {
    use super::row_group_rows;

    #[test]
    fn row_groups_are_bounded() {
        assert_eq!(row_group_rows(5, 64), 4_096);
        assert_eq!(row_group_rows(5, 16), 16_384);
        assert_eq!(row_group_rows(1, 1), 65_536);
        assert_eq!(row_group_rows(500, 100_000), 4_096);
        assert_eq!(row_group_rows(usize::MAX, 2), 4_096);
    }
}
