//! Parquet files of samples.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use barloom_backend::{BLOCK_ROWS, BlockDigest, SampleBlock, Session};
use barloom_recipe::Compression;

use crate::files::{PartialFile, WrittenFile};
use crate::parquet::ParquetEncoder;
use crate::summary::{Gather, Moments};
use crate::{DatasetError, Layout, ShardRecord};

/// What building a shard gives.
pub(crate) struct BuiltShard {
    pub(crate) record: ShardRecord,
    pub(crate) digests: Vec<BlockDigest>,
    /// Of each metric's blocks.
    pub(crate) moments: Vec<Vec<Moments>>,
}

/// What all shards of a part have in common.
pub(crate) struct ShardWriter<'a> {
    pub(crate) session: &'a dyn Session,
    pub(crate) layout: &'a Layout,
    pub(crate) dir: &'a Path,
    pub(crate) compression: Compression,
    /// Samples of each shard but the last.
    pub(crate) shard_rows: u64,
    /// Samples made at once.
    pub(crate) chunk_rows: usize,
    /// Whether every thread has shards of its own, and makes their samples too.
    pub(crate) alone: bool,
    /// Told after each chunk how many samples it held.
    pub(crate) progress: &'a (dyn Fn(u64) + Sync),
    /// Asked before each chunk whether to go on.
    pub(crate) stop: &'a (dyn Fn() -> bool + Sync),
    /// Blocks that no shard is made in now.
    pub(crate) idle: Mutex<Vec<SampleBlock>>,
    /// Gets what shards have counted.
    pub(crate) totals: &'a Mutex<Gather>,
}

/// A shard that is being written.
struct OpenShard {
    first: u64,
    rows: u64,
    done: u64,
    file: PartialFile,
    encoder: ParquetEncoder,
    digests: Vec<BlockDigest>,
    gather: Gather,
}

impl ShardWriter<'_> {
    /// Builds and writes the shards of these numbers, `samples-<number>.parquet`, side by side;
    /// the files are still to be settled.
    ///
    /// Each row group is made of one block and goes from the block to the file, hashed on the way
    /// while it is in the processor's cache. Chunks are whole row groups, so a file's bytes do
    /// not depend on them.
    pub(crate) fn write(
        &self,
        numbers: Range<u64>,
    ) -> Result<Vec<(BuiltShard, WrittenFile)>, DatasetError> {
        let shape = self.session.plan().block_shape();
        let group_rows = row_group_rows(shape.channels, shape.lookback);
        let chunk_rows = self.chunk_rows.max(1).next_multiple_of(group_rows);
        let mut shards: Vec<_> = numbers.map(|n| self.open(n)).collect::<Result<_, _>>()?;
        let capacity = self.shard_rows.min(chunk_rows as u64) as usize;
        let mut blocks: Vec<_> = shards.iter().map(|_| self.idle_block(capacity)).collect();
        while shards.iter().any(|shard| shard.done < shard.rows) {
            let mut rows = Vec::with_capacity(shards.len());
            for (shard, block) in shards.iter_mut().zip(&mut blocks) {
                rows.push(self.fill(shard, block, chunk_rows)?);
            }
            for start in (0..rows.iter().copied().max().unwrap_or(0)).step_by(group_rows) {
                let columns: Vec<_> = blocks
                    .iter()
                    .zip(&rows)
                    .map(|(block, rows)| {
                        let end = (*rows).min(start + group_rows);
                        (start < end).then(|| (end - start, self.layout.values(block, start, end)))
                    })
                    .collect();
                let mut writes = Vec::with_capacity(shards.len());
                for (shard, columns) in shards.iter_mut().zip(&columns) {
                    let Some((rows, columns)) = columns else { continue };
                    let pieces = shard.encoder.row_group(*rows, columns);
                    let pieces = pieces.map_err(DatasetError::format(shard.file.path()))?;
                    writes.push((&mut shard.file, pieces));
                }
                PartialFile::write_beside(writes)?;
            }
            (self.progress)(rows.into_iter().sum::<usize>() as u64);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(blocks);
        shards.into_iter().map(|shard| shard.close(self.totals)).collect()
    }

    /// A block that a shard before was made in, as new memory takes time; or a new one.
    fn idle_block(&self, capacity: usize) -> SampleBlock {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| self.session.allocate(capacity))
    }

    fn open(&self, number: u64) -> Result<OpenShard, DatasetError> {
        let plan = self.session.plan();
        let first = number * self.shard_rows;
        let file = PartialFile::create(self.dir, &format!("samples-{number:05}.parquet"))?;
        let encoder = ParquetEncoder::new(&self.layout.schema(), self.compression)
            .map_err(DatasetError::format(file.path()))?;
        Ok(OpenShard {
            first,
            rows: self.shard_rows.min(plan.samples - first),
            done: 0,
            file,
            encoder,
            digests: Vec::new(),
            gather: Gather::new(plan.reward.metrics.len()),
        })
    }

    /// Fills the block with the next chunk of a shard; gives its rows, 0 at the end.
    fn fill(
        &self,
        shard: &mut OpenShard,
        block: &mut SampleBlock,
        chunk_rows: usize,
    ) -> Result<usize, DatasetError> {
        let rows = (shard.rows - shard.done).min(chunk_rows as u64) as usize;
        if rows > 0 {
            if (self.stop)() {
                return Err(DatasetError::Stopped);
            }
            let first = shard.first + shard.done;
            if self.alone {
                self.session.fill_alone(first, rows, block)?;
            } else {
                self.session.fill(first, rows, block)?;
            }
            shard.digests.extend(BlockDigest::of_block(block));
            shard.gather.add(block);
            shard.done += rows as u64;
        }
        Ok(rows)
    }
}

impl OpenShard {
    fn close(mut self, totals: &Mutex<Gather>) -> Result<(BuiltShard, WrittenFile), DatasetError> {
        let end = self.encoder.finish().map_err(DatasetError::format(self.file.path()))?;
        self.file.append_hashed(&end)?;
        let file = self.file.finish();
        let record =
            ShardRecord { first: self.first, rows: self.rows, file: file.record().clone() };
        let moments = totals.lock().unwrap_or_else(PoisonError::into_inner).absorb(self.gather);
        Ok((BuiltShard { record, digests: self.digests, moments }, file))
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
