//! Epochs of the loader, its first batch, and samples that are looked up one by one.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use barloom_backend::{SampleBlock, Session, WindowLayout};
use barloom_backend_cpu::CpuBackend;
use barloom_loader::{Batch, Loader, LoaderOptions, Order, gather};
use ndarray::{ArrayView1, Axis};

use super::Options;
use super::dataset::Scratch;
use crate::clock::{repeat, time};
use crate::job::bytes_per_batch_row;
use crate::measurement::{Measurement, peak_rss_bytes};
use crate::stats::Spread;

/// The seed of the order.
const SEED: u64 = 1;
/// Batches that are compared before anything is timed.
const CHECKED: usize = 3;
/// Number of look-ups of samples.
const LOOKUPS: usize = 20_000;

pub(super) fn run(options: &Options) -> Result<Measurement> {
    let dataset = virtual_dataset(options)?;
    let (open_s, sets) = time(|| Ok(barloom_engine::open(&dataset.path)?))?;
    let peak_of_opening = peak_rss_bytes();
    let set = sets.first().context("a dataset without a split is one part")?;
    let (first_batch_s, (loader, begun, first)) = time(|| {
        let session = set.session(&set.load_on(&CpuBackend::default())?)?;
        let loader = loader(options, session)?;
        let mut begun = loader.batches(&loader.start(0))?;
        let first = begun.next().context("a first batch")??;
        Ok((loader, begun, first))
    })?;
    drop((begun, first));
    check(&loader, options.job.rows)?;

    let mut buffers = BTreeSet::new();
    let mut number = 0;
    let mut pass = || {
        number += 1;
        epoch(&loader, number, options.job.rows, &mut buffers)
    };
    let (cold_s, ()) = time(&mut pass)?;
    let warm_s = repeat(options.job.repetitions, &mut pass)?;
    // Beyond the bars as they are read: times, four prices and volume.
    let bars_bytes = set.market.len() as u64 * 8 * 6;
    let peak = peak_rss_bytes();
    let session = &**loader.session();
    let shape = session.program().block_shape();
    let mut measured = Measurement {
        prepare_s: open_s,
        cold_s: Some(cold_s),
        warm_s,
        samples: options.job.rows,
        bytes: options.job.rows * bytes_per_batch_row(shape),
        ..Measurement::default()
    };
    let mut tell = |name: &str, value: serde_json::Value| measured.extra.insert(name.into(), value);
    tell("first_batch_s", first_batch_s.into());
    tell("open_to_first_batch_s", (open_s + first_batch_s).into());
    tell("peak_less_bars_bytes", peak.map(|peak| peak.saturating_sub(bars_bytes) as f64).into());
    tell("peak_of_opening_bytes", peak_of_opening.map(|peak| peak as f64).into());
    tell("buffers", buffers.len().into());
    tell("sample_s", lookup(session, options.job.rows, 1)?.into());
    tell("batch_of_32_s", lookup(session, options.job.rows, 32)?.into());
    Ok(measured)
}

/// A virtual dataset of the job, made by another process: what it takes is not counted here.
fn virtual_dataset(options: &Options) -> Result<Scratch> {
    let dataset = Scratch::new(options.job.out.as_deref(), false);
    let made = Command::new(std::env::current_exe()?)
        .arg("virtual")
        .args(["--keep", "--repetitions", "0", "--out"])
        .arg(&dataset.path)
        .args(options.job.arguments())
        .output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(dataset)
}

fn loader(options: &Options, session: Arc<dyn Session>) -> Result<Loader> {
    let how = LoaderOptions {
        batch_size: options.batch_rows(),
        shuffle: Some(SEED),
        threads: Some(options.job.threads()),
        ..LoaderOptions::default()
    };
    Ok(Loader::new(session, options.job.rows, how)?)
}

/// An epoch, for one that reads a value of each array.
fn epoch(loader: &Loader, number: u64, rows: u64, buffers: &mut BTreeSet<usize>) -> Result<()> {
    let mut seen = 0;
    for batch in loader.batches(&loader.start(number))? {
        let batch = batch?;
        let (windows, meta, reward) =
            (batch.window_values(), batch.meta_values(), batch.reward_values());
        std::hint::black_box(windows[0] + meta[0] + reward[0]);
        buffers.insert(windows.as_ptr().addr());
        seen += batch.rows() as u64;
    }
    ensure!(seen == rows, "an epoch of {seen} samples");
    Ok(())
}

/// Median seconds to look up `count` samples anywhere.
fn lookup(session: &dyn Session, samples: u64, count: usize) -> Result<f64> {
    let mut numbers = vec![0; (LOOKUPS / count).max(200) * count];
    let order = Order::shuffled(u64::MAX >> 1, SEED, 0);
    order.fill(0, &mut numbers);
    numbers.iter_mut().for_each(|number| *number %= samples);
    let mut seconds = Vec::new();
    for numbers in numbers.chunks(count) {
        let (s, batch) = time(|| Ok(gather(session, numbers, WindowLayout::ChannelsFirst)?))?;
        std::hint::black_box(batch.window_values()[0]);
        seconds.push(s);
    }
    Ok(Spread::of(&seconds).context("lookups")?.median)
}

/// Compares the first batches with samples that are made one by one.
fn check(loader: &Loader, samples: u64) -> Result<()> {
    let session = &**loader.session();
    let mut alone = session.allocate(1)?;
    let order = Order::shuffled(samples, SEED, 0);
    let mut place = 0;
    for batch in loader.batches(&loader.start(0))?.take(CHECKED) {
        let batch = batch?;
        for row in 0..batch.rows() {
            let sample = batch.samples()[row];
            ensure!(sample == order.at(place), "place {place} has sample {sample}");
            session.fill(sample, 1, &mut alone)?;
            ensure!(same(&batch, row, session, &alone), "sample {sample} is another one alone");
            place += 1;
        }
    }
    Ok(())
}

/// Returns true if a row of a batch has the bits of a sample.
fn same(batch: &Batch, row: usize, session: &dyn Session, alone: &SampleBlock) -> bool {
    let scaler = &session.program().meta;
    let windows =
        (0..session.program().channels.len()).flat_map(|channel| alone.window(channel, 0));
    let meta = alone.meta(0).into_iter().enumerate().map(|(field, x)| scaler.scale(field, x));
    let reward = alone.rewards.iter().map(|values| values[0] as f32);
    let bits = |values: ArrayView1<'_, f32>| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let batched = batch.windows();
    let flat = batched.index_axis(Axis(0), row).flatten().to_owned();
    windows.map(|x| x.to_bits()).eq(bits(flat.view()))
        && meta.map(f32::to_bits).eq(bits(batch.meta().row(row)))
        && reward.map(f32::to_bits).eq(bits(batch.reward().row(row)))
}
