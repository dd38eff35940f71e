//! The complete shards that a resumed build keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use barloom_files::{Entry, Folder, Kind, Watch};
use barloom_recipe::{Format, OutputSettings};

use crate::commit::begun::Piece;
use crate::commit::files::{check_file, remove};
use crate::commit::ownership::entries;
use crate::commit::record::{self, BuiltShard, Record};
use crate::names::{self, BEGUN, is_build_file};
use crate::parallel::in_parallel;
use crate::summary::Gather;
use crate::{DatasetError, Layout, Manifest, ShardRecord, Summary};

/// The shards that a part has.
pub(crate) struct Shards<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) output: &'a OutputSettings,
    /// Samples of the part.
    pub(crate) samples: u64,
}

impl Shards<'_> {
    /// The number of these shards.
    pub(crate) fn count(&self) -> u64 {
        self.samples.div_ceil(self.output.rows_of_shards(self.samples))
    }

    /// The samples of one: the first, and how many.
    pub(crate) fn range(&self, number: u64) -> (u64, u64) {
        let rows = self.output.rows_of_shards(self.samples);
        let first = number.saturating_mul(rows);
        (first, rows.min(self.samples.saturating_sub(first)))
    }

    /// Returns true if these are all shards, by samples and names of files.
    pub(crate) fn are(&self, found: &[ShardRecord]) -> bool {
        let count = if self.output.format == Format::Virtual { 0 } else { self.count() };
        let is = |number: u64, shard: &ShardRecord| {
            let names = names::shard_files(self.output.format, self.layout, number);
            (shard.first, shard.rows) == self.range(number)
                && shard.files.iter().map(|file| &file.name).eq(&names)
        };
        found.len() as u64 == count && (0..count).zip(found).all(|(number, s)| is(number, s))
    }

    /// The samples in the shards of a piece; all without one.
    pub(crate) fn rows_of(&self, piece: Option<Piece>) -> u64 {
        let Some(piece) = piece else { return self.samples };
        let (index, count) = (piece.index(), piece.count());
        let Some(last) = self.count().checked_sub(1).filter(|last| index <= *last) else {
            return 0;
        };
        let most = ((last - index) / count).saturating_add(1).saturating_mul(self.range(0).1);
        if last % count == index { most - (self.range(0).1 - self.range(last).1) } else { most }
    }

    /// The record of a shard, if its files have the sizes and checksums that it says; else what
    /// is wrong.
    pub(crate) fn check(
        &self,
        dir: &Folder,
        number: u64,
        identity: &str,
        watch: &Watch,
    ) -> Result<Record, DatasetError> {
        let record = self.record(dir, number, identity)?;
        record.shard.files.iter().try_for_each(|file| check_file(dir, file, watch))?;
        Ok(record)
    }

    /// The record of a shard, if it names this identity.
    pub(crate) fn record(
        &self,
        dir: &Folder,
        number: u64,
        identity: &str,
    ) -> Result<Record, DatasetError> {
        let record = Record::read(dir, number)?;
        let names = names::shard_files(self.output.format, self.layout, number);
        let files = record.shard.files.iter().map(|file| &file.name);
        let range = (record.shard.first, record.shard.rows);
        if range != self.range(number) || !files.eq(&names) || !record.is_of(identity, self.layout)
        {
            let path = dir.file(&names::record(number));
            let problem = "it belongs to another dataset".to_owned();
            return Err(DatasetError::Damaged { path, problem });
        }
        Ok(record)
    }

    /// The shards in a folder that are whole, by their numbers; what they have counted goes to
    /// `totals`. Other files of shards are removed where nobody else builds, and what will be
    /// written again.
    pub(crate) fn keep_whole(
        &self,
        dir: &Folder,
        identity: &str,
        threads: usize,
        totals: &Mutex<Gather>,
        watch: &Watch,
    ) -> Result<BTreeMap<u64, BuiltShard>, DatasetError> {
        let entries = entries(dir)?;
        let numbers: Vec<u64> =
            entries.iter().filter_map(|entry| names::record_number(&entry.name)).collect();
        let check = |number: u64| match self.check(dir, number, identity, watch) {
            Err(error) if error.is_of_dataset() => Ok((None, ())),
            record => {
                let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
                Ok((Some(record?.into_built(&mut totals)), ()))
            }
        };
        let check = |numbers: &[u64]| numbers.iter().map(|number| check(*number)).collect();
        let never = AtomicBool::new(false);
        let checked = in_parallel(&numbers, threads.into(), &never, check, |()| Ok(()))?;
        let whole: BTreeMap<u64, BuiltShard> =
            numbers.into_iter().zip(checked).filter_map(|(n, shard)| Some((n, shard?))).collect();
        let kept: BTreeSet<String> = whole
            .iter()
            .flat_map(|(number, shard)| {
                let files = shard.record.files.iter().map(|file| file.name.clone());
                files.chain([names::record(*number)])
            })
            .chain([BEGUN.to_owned()])
            .collect();
        let labels: Vec<String> = self.layout.labels().map(|label| label.name.clone()).collect();
        // On a store they may be another builder's, which writes the same bytes.
        if dir.file_system().is_some() {
            for Entry { name, kind } in entries {
                if kind == Kind::File && is_build_file(&name, &labels) && !kept.contains(&name) {
                    remove(dir, &name)?;
                }
            }
        }
        Ok(whole)
    }
}

/// Joins what is known of shards, in order: their records, content digest and summary.
pub(crate) struct Joined {
    shards: Vec<ShardRecord>,
    pub(crate) content_digest: String,
    pub(crate) summary: Summary,
}

impl Joined {
    /// Puts it into the manifest of a dataset; of a virtual one, whose shards are no files, only
    /// what they tell.
    pub(crate) fn put_into(self, manifest: &mut Manifest) {
        manifest.shards = self.shards.into_iter().filter(|s| !s.files.is_empty()).collect();
        manifest.content_digest = Some(self.content_digest);
        manifest.summary = Some(self.summary);
    }

    /// All shards of a dataset, in order, whose counts are in `totals`.
    pub(crate) fn new(
        layout: &Layout,
        mut totals: Gather,
        built: impl IntoIterator<Item = record::BuiltShard>,
    ) -> Self {
        let mut digest = layout.with_columns(barloom_backend::ContentDigest::new);
        let mut shards = Vec::new();
        for shard in built {
            shard.digests.iter().for_each(|block| digest.push(*block));
            totals.push(shard.moments);
            shards.push(shard.record);
        }
        let labels: Vec<&str> = layout.labels().map(|label| label.name.as_str()).collect();
        let summary = totals.finish(&layout.metrics(), &labels);
        Self { shards, content_digest: digest.finish(), summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_all_samples_between_them() {
        let layout = Layout::of_columns(&Default::default(), Vec::new());
        let output = OutputSettings { shard_rows: 4_096, ..OutputSettings::default() };
        for samples in [1, 4_095, 4_096, 4_097, 20_000, 40_960] {
            let shards = Shards { layout: &layout, output: &output, samples };
            assert_eq!(shards.rows_of(None), samples);
            for count in 1..=12 {
                let rows = |index| {
                    let ours = (0..shards.count()).filter(|number| number % count == index);
                    let rows: u64 = ours.map(|number| shards.range(number).1).sum();
                    assert_eq!(shards.rows_of(Piece::new(index, count)), rows);
                    rows
                };
                assert_eq!((0..count).map(rows).sum::<u64>(), samples);
            }
        }
        let samples = (1 << 62) - 1;
        let shards = Shards { layout: &layout, output: &output, samples };
        assert_eq!(shards.rows_of(None), (1 << 62) - 1);
        let piece = |index, count| shards.rows_of(Piece::new(index, count));
        assert_eq!(piece(0, 2) + piece(1, 2), (1 << 62) - 1);
    }
}
