//! Any number of samples through one small block a thread.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, anyhow};
use barloom_backend::{BlockDigest, SampleBlock, Session};

use super::Options;
use crate::clock::{repeat, time};
use crate::job::bytes_per_row;
use crate::measurement::Measurement;

/// Rows of a block where none are given: a block stays in the second-level cache.
const BLOCK_ROWS: usize = 1_024;

pub(super) fn run(options: &Options) -> Result<Measurement> {
    let ready = options.job.ready("parquet")?;
    let (prepare_s, session) = time(|| ready.session())?;
    let rows = if options.block_rows == 0 { BLOCK_ROWS } else { options.block_rows };
    let blocks = || {
        (0..options.job.threads())
            .map(|_| Mutex::new(session.allocate(rows).expect("memory")))
            .collect()
    };
    let (cold_s, blocks) = time(|| {
        let blocks: Vec<Mutex<SampleBlock>> = blocks();
        pass(options, &*session, &blocks)?;
        Ok(blocks)
    })?;
    let warm_s = repeat(options.job.repetitions, || pass(options, &*session, &blocks))?;
    Ok(Measurement {
        prepare_s,
        cold_s: Some(cold_s),
        warm_s,
        samples: options.job.rows,
        bytes: options.job.rows * bytes_per_row(session.program().block_shape()),
        ..Measurement::default()
    })
}

/// Every thread takes the next chunk until there is none.
fn pass(options: &Options, session: &dyn Session, blocks: &[Mutex<SampleBlock>]) -> Result<()> {
    let next = AtomicU64::new(0);
    let work = |block: &mut SampleBlock| -> Result<()> {
        let rows = block.capacity() as u64;
        loop {
            let first = next.fetch_add(rows, Ordering::Relaxed);
            if first >= options.job.rows {
                return Ok(());
            }
            let take = rows.min(options.job.rows - first);
            session.fill(first, usize::try_from(take)?, block)?;
            if options.digest {
                std::hint::black_box(BlockDigest::of_rows(block, 0, block.rows()));
            }
        }
    };
    rayon::broadcast(|thread| {
        let block = &blocks[thread.index() % blocks.len()];
        work(&mut *block.lock().map_err(|_| anyhow!("a thread failed"))?)
    })
    .into_iter()
    .collect()
}
