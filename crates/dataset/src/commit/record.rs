//! What is known of a shard that is whole.
//!
//! It is written beside the shard once the shard's files have their names. A build that goes on
//! after it was stopped, and a merge of pieces, take from it what they would otherwise have to
//! compute again: checksums, the hashes of the content's blocks, the counts of the summary.

use std::path::Path;

use barloom_backend::{BLOCK_ROWS, BlockDigest};
use serde::{Deserialize, Serialize};

use crate::commit::files::read_text;
use crate::commit::sealed;
use crate::summary::{Gather, Moments, Tally};
use crate::{DatasetError, Layout, ShardRecord};

/// A shard that was built: what stays of it in memory until the manifest is written.
pub(crate) struct BuiltShard {
    pub(crate) record: ShardRecord,
    pub(crate) digests: Vec<BlockDigest>,
    /// Of each metric's blocks.
    pub(crate) moments: Vec<Vec<Moments>>,
}

/// `shard-00000.json`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    /// The identity of what it is a shard of.
    of: String,
    /// The shard's number.
    number: u64,
    #[serde(flatten)]
    pub(crate) shard: ShardRecord,
    /// Hashes of the blocks of the content digest, 32 hex digits each.
    blocks: Vec<String>,
    tally: Tally,
    digest: String,
}

/// The name of a shard's record.
pub(crate) fn name(number: u64) -> String {
    format!("shard-{number:05}.json")
}

/// The number in the name of a shard's record.
pub(crate) fn number_in(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("shard-")?.strip_suffix(".json")?;
    digits.parse().ok().filter(|number| self::name(*number) == name)
}

impl Record {
    pub(crate) fn new(
        of: &str,
        number: u64,
        shard: ShardRecord,
        digests: &[BlockDigest],
        gather: &Gather,
    ) -> Self {
        let blocks = digests.iter().map(|block| format!("{:032x}", block.0)).collect();
        Self {
            of: of.to_owned(),
            number,
            shard,
            blocks,
            tally: gather.tally(),
            digest: String::new(),
        }
    }

    /// The record's text, with its own digest put in.
    pub(crate) fn text(&self) -> String {
        sealed::compact(self)
    }

    /// Reads the record of a shard.
    pub(crate) fn read(dir: &Path, number: u64) -> Result<Self, DatasetError> {
        let path = dir.join(name(number));
        let text = read_text(&path)?;
        let record = serde_json::from_str(&text).ok().filter(|record: &Self| {
            let blocks = record.blocks.iter().all(|b| u128::from_str_radix(b, 16).is_ok());
            sealed::is_whole(&text) && record.number == number && blocks && record.shard.is_sound()
        });
        let problem = || "it is not the record of a shard that it was".to_owned();
        record.ok_or_else(|| DatasetError::Damaged { path, problem: problem() })
    }

    /// Whether it is of a shard of this dataset.
    pub(crate) fn is_of(&self, identity: &str, layout: &Layout) -> bool {
        let blocks = self.shard.rows.div_ceil(BLOCK_ROWS as u64);
        self.of == identity
            && self.blocks.len() as u64 == blocks
            && self.tally.metrics() == layout.metrics().len()
    }

    /// The shard, whose counts are added to the totals.
    pub(crate) fn into_built(self, totals: &mut Gather) -> BuiltShard {
        let digest = |hex: String| BlockDigest(u128::from_str_radix(&hex, 16).unwrap_or_default());
        BuiltShard {
            record: self.shard,
            digests: self.blocks.into_iter().map(digest).collect(),
            moments: totals.absorb_tally(&self.tally),
        }
    }
}

/// Whether a file of this name in a folder is a record that a build wrote.
pub(crate) fn is_record(dir: &Path, name: &str) -> bool {
    number_in(name).is_some_and(|number| Record::read(dir, number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names() {
        for (number, expected) in [
            (0, "shard-00000.json"),
            (99_999, "shard-99999.json"),
            (100_000, "shard-100000.json"),
            (u64::MAX, "shard-18446744073709551615.json"),
        ] {
            assert_eq!(name(number), expected);
            assert_eq!(number_in(expected), Some(number));
        }
        for other in [
            "shard-1.json",
            "shard-000001.json",
            "shard-18446744073709551616.json",
            "shard-+0001.json",
            "shard-00001.json.tmp",
            "hard-00001.json",
        ] {
            assert_eq!(number_in(other), None, "{other}");
        }
    }
}
