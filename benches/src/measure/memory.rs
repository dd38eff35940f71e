//! Samples into memory: one block of all rows, or blocks of a few thousand, each hashed when it
//! is filled.

use anyhow::{Context, Result};
use barloom_backend::{BLOCK_ROWS, BlockDigest, ContentDigest, Program, SampleBlock, Session};
use rayon::prelude::*;

use super::Options;
use crate::clock::{repeat, time};
use crate::job::bytes_per_row;
use crate::measurement::Measurement;

pub(super) fn run(options: &Options) -> Result<Measurement> {
    let ready = options.job.ready("parquet")?;
    let (prepare_s, session) = time(|| ready.session())?;
    let rows = usize::try_from(options.job.rows).context("more rows than memory has bytes")?;
    let (cold_s, mut blocks) = time(|| {
        let mut blocks = allocate(&*session, rows, options.block_rows);
        fill(&*session, &mut blocks, options.digest)?;
        Ok(blocks)
    })?;
    let warm_s = repeat(options.job.repetitions, || fill(&*session, &mut blocks, options.digest))?;
    Ok(Measurement {
        prepare_s,
        cold_s: Some(cold_s),
        warm_s,
        samples: options.job.rows,
        bytes: options.job.rows * bytes_per_row(session.program().block_shape()),
        ..Measurement::default()
    })
}

/// Blocks of so many rows for all; one where it is 0.
pub(super) fn allocate(session: &dyn Session, rows: usize, block_rows: usize) -> Vec<SampleBlock> {
    let block_rows = if block_rows == 0 { rows } else { block_rows };
    let starts = (0..rows).step_by(block_rows);
    starts.map(|first| session.allocate(block_rows.min(rows - first)).expect("memory")).collect()
}

/// Fills every block, and hashes each one when it is full.
///
/// One large block is filled by all threads, as [`Session::fill`] does; of several, each is a
/// thread's own.
pub(super) fn fill(session: &dyn Session, blocks: &mut [SampleBlock], digest: bool) -> Result<()> {
    let rows = blocks.first().map_or(0, SampleBlock::capacity) as u64;
    let one = |(number, block): (usize, &mut SampleBlock)| -> Result<Vec<BlockDigest>> {
        session.fill(number as u64 * rows, block.capacity(), block)?;
        Ok(if digest { digests(block) } else { Vec::new() })
    };
    let hashes: Vec<Vec<BlockDigest>> = if blocks.len() == 1 {
        blocks.iter_mut().enumerate().map(one).collect::<Result<_>>()?
    } else {
        blocks.par_iter_mut().enumerate().map(one).collect::<Result<_>>()?
    };
    if digest {
        std::hint::black_box(join(session.program(), &hashes));
    }
    Ok(())
}

fn digests(block: &SampleBlock) -> Vec<BlockDigest> {
    let starts: Vec<usize> = (0..block.rows()).step_by(BLOCK_ROWS).collect();
    let hash =
        |start: &usize| BlockDigest::of_rows(block, *start, block.rows().min(start + BLOCK_ROWS));
    starts.par_iter().map(hash).collect()
}

fn join(program: &Program, hashes: &[Vec<BlockDigest>]) -> String {
    let mut digest = program.with_columns(ContentDigest::new);
    hashes.iter().flatten().for_each(|hash| digest.push(*hash));
    digest.finish()
}
