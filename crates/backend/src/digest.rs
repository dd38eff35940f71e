//! The digest of the content: over logical samples, blind to shards, formats and threads.
//!
//! Samples are hashed in blocks of [`BLOCK_ROWS`], aligned to sample 0. Each column of a block is
//! hashed apart, little-endian in sample order, the columns in the order of
//! [`Schema::content`](barloom_schema::Schema::content). A block's hash is the hash of its columns'
//! hashes, 16 bytes big-endian each. The digest is the hash of a line that names the columns,
//! followed by the blocks' hashes in order. A sample's number is its place and not hashed.
//!
//! The hash is XXH3 with 128 bits: a non-cryptographic hash that runs at memory speed. It tells
//! equal from unequal contents; that files are the ones written is what their sha256 tells.

use barloom_schema::{Field, SampleColumns};
use twox_hash::XxHash3_128;

use crate::SampleBlock;
use crate::label_values::label_text;

/// Samples a block of the content digest.
pub const BLOCK_ROWS: usize = 4_096;

/// The hash of one block of up to [`BLOCK_ROWS`] samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockDigest(pub u128);

impl BlockDigest {
    /// The hash of rows `[start, end)` of a block.
    ///
    /// # Panics
    /// The block has no such rows, or not a column of windows for each channel.
    #[must_use]
    pub fn of_rows(block: &SampleBlock, start: usize, end: usize) -> Self {
        let mut columns = XxHash3_128::with_seed(0);
        for column in block.slices(start..end) {
            columns.write(&XxHash3_128::oneshot(column.bytes()).to_be_bytes());
        }
        Self(columns.finish_128())
    }

    /// The hashes of a block's content, one for each [`BLOCK_ROWS`] rows, the last one short.
    ///
    /// The block must begin at a multiple of [`BLOCK_ROWS`].
    #[must_use]
    pub fn of_block(block: &SampleBlock) -> Vec<Self> {
        debug_assert_eq!(block.samples().get(0) % BLOCK_ROWS as u64, 0);
        (0..block.rows())
            .step_by(BLOCK_ROWS)
            .map(|start| Self::of_rows(block, start, block.rows().min(start + BLOCK_ROWS)))
            .collect()
    }
}

/// Joins block digests, in sample order, into the digest of a dataset's content.
pub struct ContentDigest {
    hash: XxHash3_128,
}

impl ContentDigest {
    /// Begins the digest of a dataset with these columns. Labels and samples without prices are
    /// named where there are any.
    #[must_use]
    pub fn new(columns: &SampleColumns<'_>) -> Self {
        let SampleColumns { lookback, snapshot, labels, priced, .. } = *columns;
        let mut hash = XxHash3_128::with_seed(0);
        let metrics = if priced { columns.metrics.join(",") } else { String::new() };
        let channels = columns.channels.join(",");
        let snapshot = match snapshot {
            [] => String::new(),
            columns => format!(" snapshot [{}]", columns.join(",")),
        };
        let text = |field: &Field| label_text(&field.name, field.dtype, field.values());
        let labels = match labels {
            [] => String::new(),
            labels => {
                format!(" labels [{}]", labels.iter().map(text).collect::<Vec<_>>().join(","))
            }
        };
        let unpriced = if priced { "" } else { " unpriced" };
        let line = format!(
            "barloom-content-1 [{channels}] {lookback}{snapshot} [{metrics}]{labels}{unpriced}\n"
        );
        hash.write(line.as_bytes());
        Self { hash }
    }

    /// Adds the next block.
    pub fn push(&mut self, block: BlockDigest) {
        self.hash.write(&block.0.to_be_bytes());
    }

    /// The digest, as it stands in a manifest: `xxh3-128:` and 32 hex digits.
    #[must_use]
    pub fn finish(self) -> String {
        format!("xxh3-128:{:032x}", self.hash.finish_128())
    }
}
