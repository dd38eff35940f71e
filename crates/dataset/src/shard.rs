//! Shards of samples: from blocks to files that are hashed on the way.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use barloom_backend::{BlockDigest, SampleBlock, Session};
use barloom_files::{Folder, Watch};
use barloom_recipe::OutputSettings;

use crate::commit::files::{PartialFile, WrittenFile, write_bytes, write_soon};
use crate::commit::record::{BuiltShard, Record};
use crate::format::encode::{self, EncodeError, Encoder, Rows};
use crate::names;
use crate::summary::Gather;
use crate::{DatasetError, Layout, ShardRecord};

/// The settings that all shards of a part share.
pub(crate) struct ShardWriter<'a> {
    pub(crate) session: &'a dyn Session,
    /// The number of samples of the part.
    pub(crate) samples: u64,
    pub(crate) layout: &'a Layout,
    pub(crate) dir: &'a Folder,
    /// The storage of samples; a virtual dataset writes nothing.
    pub(crate) output: &'a OutputSettings,
    /// Samples made at once.
    pub(crate) chunk_rows: usize,
    /// The identity in the records of shards.
    pub(crate) identity: &'a str,
    /// True if every thread has shards of its own, and makes their samples too.
    pub(crate) alone: bool,
    /// The caller's view: receives the samples of each chunk, and stops before one.
    pub(crate) watch: &'a Watch,
    /// True once another thread failed.
    pub(crate) stop: &'a AtomicBool,
    /// Blocks that no shard is made in now.
    pub(crate) idle: Mutex<Vec<SampleBlock>>,
    /// Gets what shards have counted.
    pub(crate) totals: &'a Mutex<Gather>,
}

/// A shard that is being written.
struct OpenShard {
    number: u64,
    first: u64,
    rows: u64,
    done: u64,
    /// True if the last chunk was empty.
    ended: bool,
    files: Vec<PartialFile>,
    encoder: Encoder,
    digests: Vec<BlockDigest>,
    gather: Gather,
}

/// A shard with all its bytes, its files still under their temporary names.
pub(crate) struct WrittenShard {
    number: u64,
    files: Vec<WrittenFile>,
    record: String,
}

impl WrittenShard {
    /// Gives the files their names, then the record, which says that they are whole.
    ///
    /// A record that a power failure takes only costs a build that goes on its shard; for a piece
    /// it is `durable`, as a merge needs it.
    pub(crate) fn settle(self, dir: &Folder, durable: bool) -> Result<(), DatasetError> {
        if self.files.is_empty() {
            return Ok(());
        }
        self.files.into_iter().try_for_each(|file| file.settle().map(drop))?;
        let (name, text) = (names::record(self.number), self.record.as_bytes());
        if durable { write_bytes(dir, &name, text) } else { write_soon(dir, &name, text) }
    }
}

impl ShardWriter<'_> {
    /// Builds and writes the shards of these numbers side by side; they are still to be settled.
    ///
    /// What is encoded at once is made of one block and goes from the block to the files, hashed
    /// on the way while it is in the processor's cache. Chunks hold it whole, so a file's bytes
    /// do not depend on them.
    pub(crate) fn write(
        &self,
        numbers: &[u64],
    ) -> Result<Vec<(BuiltShard, WrittenShard)>, DatasetError> {
        let group_rows = encode::group_rows(self.output.format, self.layout);
        let chunk_rows = self.chunk_rows.max(1).next_multiple_of(group_rows);
        let shards: Result<Vec<_>, _> = numbers.iter().map(|number| self.open(*number)).collect();
        let mut shards = shards?;
        let most = shards.iter().map(|shard| shard.rows).max().unwrap_or(0);
        let capacity = most.min(chunk_rows as u64) as usize;
        let blocks: Result<Vec<_>, _> = shards.iter().map(|_| self.idle_block(capacity)).collect();
        let mut blocks = blocks?;
        while shards.iter().any(|shard| shard.done < shard.rows) {
            let mut rows = Vec::with_capacity(shards.len());
            for (shard, block) in shards.iter_mut().zip(&mut blocks) {
                rows.push(self.fill(shard, block, chunk_rows)?);
            }
            for start in (0..rows.iter().copied().max().unwrap_or(0)).step_by(group_rows) {
                self.write_group(&mut shards, &blocks, start, group_rows)?;
            }
            (self.watch.progress)(rows.into_iter().sum::<usize>() as u64);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(blocks);
        shards.into_iter().map(|shard| shard.close(self.identity, self.totals)).collect()
    }

    /// Writes the rows from `start` on of each block that has some to its shard.
    fn write_group(
        &self,
        shards: &mut [OpenShard],
        blocks: &[SampleBlock],
        start: usize,
        group_rows: usize,
    ) -> Result<(), DatasetError> {
        let program = self.session.program();
        let mut open = Vec::with_capacity(shards.len());
        for (shard, block) in shards.iter_mut().zip(blocks) {
            // The block of a shard that is done holds what was written before.
            let end = if shard.ended { 0 } else { block.rows().min(start + group_rows) };
            if start < end {
                let format = self.output.format;
                let rows = Rows::new(format, program, self.layout, block, start, end);
                open.push((rows.map_err(shard.refused())?, shard));
            }
        }
        let mut writes: Vec<Vec<_>> = Vec::new();
        for (rows, shard) in &mut open {
            let refused = shard.refused();
            let pieces = shard.encoder.encode(rows).map_err(refused)?;
            for (number, write) in shard.files.iter_mut().zip(pieces).enumerate() {
                match writes.get_mut(number) {
                    Some(beside) => beside.push(write),
                    None => writes.push(vec![write]),
                }
            }
        }
        // The same file of each shard together.
        writes.into_iter().try_for_each(PartialFile::write_beside)
    }

    /// A block that a shard before was made in, as new memory takes time; or a new one.
    fn idle_block(&self, capacity: usize) -> Result<SampleBlock, DatasetError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = idle.iter().position(|block| block.capacity() >= capacity);
        let held = fits.map(|place| idle.swap_remove(place));
        Ok(held.map_or_else(|| self.session.allocate(capacity), Ok)?)
    }

    fn open(&self, number: u64) -> Result<OpenShard, DatasetError> {
        let shard_rows = self.output.rows_of_shards(self.samples);
        let first = number * shard_rows;
        let rows = shard_rows.min(self.samples - first);
        let names = names::shard_files(self.output.format, self.layout, number);
        let files: Result<Vec<_>, _> = names
            .iter()
            .map(|name| PartialFile::create(self.dir, name, self.output.checksum))
            .collect();
        let encoder = Encoder::new(self.output, self.layout, rows);
        Ok(OpenShard {
            number,
            first,
            rows,
            done: 0,
            ended: false,
            files: files?,
            encoder: encoder.map_err(DatasetError::format(self.dir.path()))?,
            digests: Vec::new(),
            gather: Gather::of(self.layout),
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
        shard.ended = rows == 0;
        if rows > 0 {
            if self.stop.load(Ordering::Relaxed) || (self.watch.stop)() {
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
    /// An error of an encoder, for `map_err`.
    fn refused(&self) -> impl FnOnce(EncodeError) -> DatasetError + use<> {
        DatasetError::format(self.files.first().map_or(Path::new("samples"), PartialFile::path))
    }

    fn close(
        mut self,
        identity: &str,
        totals: &Mutex<Gather>,
    ) -> Result<(BuiltShard, WrittenShard), DatasetError> {
        let refused = self.refused();
        let ends = self.encoder.finish().map_err(refused)?;
        for (file, end) in self.files.iter_mut().zip(ends) {
            file.append_hashed(&end)?;
        }
        let files: Vec<_> = self.files.into_iter().map(PartialFile::finish).collect();
        let record = ShardRecord {
            first: self.first,
            rows: self.rows,
            files: files.iter().map(|file| file.record().clone()).collect(),
        };
        let text =
            Record::new(identity, self.number, record.clone(), &self.digests, &self.gather).text();
        let moments = totals.lock().unwrap_or_else(PoisonError::into_inner).absorb(self.gather);
        let built = BuiltShard { record, digests: self.digests, moments };
        Ok((built, WrittenShard { number: self.number, files, record: text }))
    }
}
