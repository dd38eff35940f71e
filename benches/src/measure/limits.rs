//! Limits of the machine: fills, copies, raw writes.

use std::fs::{self, File};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use barloom_memory::Column;

use super::Options;
use super::dataset::Scratch;
use crate::clock::{repeat, time};
use crate::job::{bytes_per_batch_row, bytes_per_row};
use crate::measurement::Measurement;
use crate::streaming;

/// Bytes of one write to a file.
const WRITE_BYTES: usize = 1 << 20;

/// Bytes that batches are copied from, again and again: many times what caches hold.
const COPIED_BYTES: usize = 1 << 30;

/// Fills memory, each thread a part of its own.
pub(super) fn fill(options: &Options) -> Result<Measurement> {
    let bytes = block_bytes(options)?;
    let share = bytes.div_ceil(options.job.threads()).max(1);
    let (cold_s, mut memory) = time(|| {
        let mut memory = vec![0_u8; bytes];
        each(memory.chunks_mut(share), |part| streaming::fill(part, 1));
        Ok(memory)
    })?;
    let warm_s = repeat(options.job.repetitions, || {
        each(memory.chunks_mut(share), |part| streaming::fill(part, 2));
        Ok(())
    })?;
    Ok(measured(options, bytes as u64, cold_s, warm_s))
}

/// Copies memory, each thread a part of its own.
pub(super) fn copy(options: &Options) -> Result<Measurement> {
    let bytes = block_bytes(options)?;
    let share = bytes.div_ceil(options.job.threads()).max(1);
    let from = vec![1_u8; bytes];
    let copy = |to: &mut Vec<u8>| {
        each(to.chunks_mut(share).zip(from.chunks(share)), |(to, from)| to.copy_from_slice(from));
    };
    let (cold_s, mut to) = time(|| {
        let mut to = vec![0_u8; bytes];
        copy(&mut to);
        Ok(to)
    })?;
    let warm_s = repeat(options.job.repetitions, || {
        copy(&mut to);
        Ok(())
    })?;
    Ok(measured(options, bytes as u64, cold_s, warm_s))
}

/// Copies batches of a loader's bytes, each thread into a few buffers of its own that it uses
/// again, from memory that no cache holds.
pub(super) fn batch_copy(options: &Options) -> Result<Measurement> {
    let ready = options.job.ready("virtual")?;
    let row_bytes = bytes_per_batch_row(ready.session()?.program().block_shape());
    let batch = usize::try_from(row_bytes)? * options.batch_rows();
    let bytes = options.job.rows * row_bytes;
    let batches = bytes.div_ceil(batch as u64);
    let there = (COPIED_BYTES / batch).max(1);
    let from = filled(there * batch, 1);
    let (threads, buffers) = (options.job.threads(), options.buffers.max(1));
    let mut pool: Vec<Vec<Column<u8>>> =
        (0..threads).map(|_| (0..buffers).map(|_| filled(batch, 0)).collect()).collect();
    let mut pass = || {
        let next = AtomicU64::new(0);
        each(pool.iter_mut(), |buffers| {
            for turn in 0.. {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= batches {
                    return;
                }
                let take = (bytes - number * batch as u64).min(batch as u64) as usize;
                let begin = (number % there as u64) as usize * batch;
                let buffers_there = buffers.len();
                let to = &mut buffers[turn % buffers_there][..take];
                to.copy_from_slice(&from[begin..begin + take]);
                std::hint::black_box(to);
            }
        });
        Ok(())
    };
    let (cold_s, ()) = time(&mut pass)?;
    let warm_s = repeat(options.job.repetitions, &mut pass)?;
    Ok(measured(options, bytes, cold_s, warm_s))
}

/// Memory in huge pages, as blocks have it.
fn filled(bytes: usize, byte: u8) -> Column<u8> {
    let mut memory = Column::with_capacity(bytes);
    memory.set_len(bytes);
    memory.fill(byte);
    memory
}

/// Writes new files, each thread one at a time.
pub(super) fn write(options: &Options) -> Result<Measurement> {
    let pass = || {
        let out = Scratch::new(options.job.out.as_deref(), false);
        fs::create_dir_all(&out.path).with_context(|| out.path.display().to_string())?;
        let (seconds, ()) = time(|| write_files(options, &out))?;
        Ok::<f64, anyhow::Error>(seconds)
    };
    let cold_s = pass()?;
    let warm_s = (0..options.job.repetitions).map(|_| pass()).collect::<Result<_>>()?;
    Ok(measured(options, options.bytes, cold_s, warm_s))
}

fn write_files(options: &Options, out: &Scratch) -> Result<()> {
    let next = AtomicU64::new(0);
    let share = options.bytes.div_ceil(options.files.max(1));
    let work = || -> Result<()> {
        let text = vec![1_u8; WRITE_BYTES];
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let start = number * share;
            if number >= options.files || start >= options.bytes {
                return Ok(());
            }
            let mut file = File::create(out.path.join(number.to_string()))?;
            let mut left = share.min(options.bytes - start);
            while left > 0 {
                let take = left.min(WRITE_BYTES as u64);
                file.write_all(&text[..usize::try_from(take)?])?;
                left -= take;
            }
            if options.sync {
                file.sync_all()?;
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..options.job.threads()).map(|_| scope.spawn(work)).collect();
        let ended =
            threads.into_iter().map(|t| t.join().map_err(|_| anyhow!("a thread failed"))?);
        ended.collect()
    })
}

/// Bytes of the block that the job fills.
fn block_bytes(options: &Options) -> Result<usize> {
    let ready = options.job.ready("parquet")?;
    let bytes = options.job.rows * bytes_per_row(ready.session()?.program().block_shape());
    usize::try_from(bytes).context("more bytes than memory has")
}

/// Does work on each part, on a thread of its own.
fn each<T: Send>(parts: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    let work = &work;
    thread::scope(|scope| {
        for part in parts {
            scope.spawn(move || work(part));
        }
    });
}

fn measured(options: &Options, bytes: u64, cold_s: f64, warm_s: Vec<f64>) -> Measurement {
    let samples = options.job.rows;
    Measurement { cold_s: Some(cold_s), warm_s, samples, bytes, ..Measurement::default() }
}
