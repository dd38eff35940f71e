//! What a build that goes on keeps: the shards that are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use barloom_recipe::OutputSettings;

use crate::files::check_file;
use crate::ownership::entries;
use crate::parallel::in_parallel;
use crate::record::{self, Record};
use crate::summary::Gather;
use crate::{DatasetError, Layout, Manifest, ShardRecord, Summary, encode};

/// The shards that a part has.
pub(crate) struct Shards<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) output: &'a OutputSettings,
    /// Samples of the part.
    pub(crate) samples: u64,
}

impl Shards<'_> {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.samples.div_ceil(self.output.rows_of_shards(self.samples))
    }

    /// The samples of one: the first, and how many.
    pub(crate) fn range(&self, number: u64) -> (u64, u64) {
        let rows = self.output.rows_of_shards(self.samples);
        let first = number.saturating_mul(rows);
        (first, rows.min(self.samples.saturating_sub(first)))
    }

    /// The record of a shard, if its files have the sizes and checksums that it says; else what
    /// is wrong.
    pub(crate) fn check(&self, dir: &Path, number: u64) -> Result<Record, DatasetError> {
        let record = Record::read(dir, number)?;
        let names = encode::file_names(self.output.format, self.layout, number);
        let files = record.shard.files.iter().map(|file| &file.name);
        let range = (record.shard.first, record.shard.rows);
        if range != self.range(number) || !files.eq(&names) || !record.is_of(self.layout) {
            let path = dir.join(record::name(number));
            let problem = "it is of another dataset".to_owned();
            return Err(DatasetError::Damaged { path, problem });
        }
        record.shard.files.iter().try_for_each(|file| check_file(dir, file))?;
        Ok(record)
    }

    /// The shards in a folder that are whole, by their numbers. Every other file is removed.
    pub(crate) fn keep_whole(
        &self,
        dir: &Path,
        threads: usize,
    ) -> Result<BTreeMap<u64, Record>, DatasetError> {
        let entries = entries(dir)?;
        let numbers: Vec<u64> =
            entries.iter().filter_map(|(name, _)| record::number_in(name)).collect();
        let check = |numbers: &[u64]| {
            let checked = numbers.iter().map(|number| (self.check(dir, *number).ok(), ()));
            Ok(checked.collect())
        };
        let checked = in_parallel(&numbers, threads, &AtomicBool::new(false), check, |()| Ok(()))?;
        let whole: BTreeMap<u64, Record> =
            numbers.into_iter().zip(checked).filter_map(|(n, r)| Some((n, r?))).collect();
        let kept: BTreeSet<String> = whole
            .iter()
            .flat_map(|(number, record)| {
                let files = record.shard.files.iter().map(|file| file.name.clone());
                files.chain([record::name(*number)])
            })
            .collect();
        for (name, is_dir) in entries {
            if is_dir == Some(false) && !kept.contains(&name) {
                let path = dir.join(name);
                fs::remove_file(&path).map_err(DatasetError::io(&path, "remove"))?;
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
        let (channels, metrics) = (layout.channels(), layout.metrics());
        let mut digest =
            barloom_backend::ContentDigest::new(&channels, layout.lookback(), &metrics);
        let mut shards = Vec::new();
        for shard in built {
            shard.digests.iter().for_each(|block| digest.push(*block));
            totals.push(shard.moments);
            shards.push(shard.record);
        }
        Self { shards, content_digest: digest.finish(), summary: totals.finish(&metrics) }
    }
}
