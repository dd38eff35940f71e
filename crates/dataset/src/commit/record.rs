//! Records of complete shards.
//!
//! It is written beside the shard once the shard's files have their names. A build that goes on
//! after it was stopped, and a merge of pieces, take from it what they would otherwise have to
//! compute again: checksums, the hashes of the content's blocks, the counts of the summary.

use barloom_backend::{BLOCK_ROWS, BlockDigest};
use barloom_files::Folder;
use serde::{Deserialize, Serialize};

use crate::commit::files::read_text;
use crate::commit::sealed;
use crate::names;
use crate::summary::{Gather, Moments, Tally};
use crate::{DatasetError, Layout, ShardRecord};

/// A shard that was built: what stays of it in memory until the manifest is written.
pub(crate) struct BuiltShard {
    pub(crate) record: ShardRecord,
    pub(crate) digests: Vec<BlockDigest>,
    /// The moments of each metric's blocks.
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
    pub(crate) fn read(dir: &Folder, number: u64) -> Result<Self, DatasetError> {
        let name = names::record(number);
        let (path, text) = (dir.file(&name), read_text(dir, &name)?);
        let record = serde_json::from_str(&text).ok().filter(|record: &Self| {
            let blocks = record.blocks.iter().all(|b| u128::from_str_radix(b, 16).is_ok());
            sealed::is_whole(&text) && record.number == number && blocks && record.shard.is_sound()
        });
        let problem = || "it is not the shard's record".to_owned();
        record.ok_or_else(|| DatasetError::Damaged { path, problem: problem() })
    }

    /// Returns true if the record is of a shard of this dataset.
    pub(crate) fn is_of(&self, identity: &str, layout: &Layout) -> bool {
        let blocks = self.shard.rows.div_ceil(BLOCK_ROWS as u64);
        self.of == identity && self.blocks.len() as u64 == blocks && self.tally.is_of(layout)
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

/// Returns true if a file of this name in a folder is a record that a build wrote.
pub(crate) fn is_record(dir: &Folder, name: &str) -> bool {
    names::record_number(name).is_some_and(|number| Record::read(dir, number).is_ok())
}
