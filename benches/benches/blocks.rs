//! Blocks of samples on one thread: the whole, by lookback, by horizon, by metric; the digest.

use std::sync::Arc;

use barloom_backend::BlockDigest;
use barloom_benches::{session, walk};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const ROWS: usize = 4_096;

fn blocks(c: &mut Criterion) {
    let market = Arc::new(walk(500_000));
    let mut group = c.benchmark_group("block");
    group.throughput(Throughput::Elements(ROWS as u64));
    let cases = [
        ("lookback 32", "dataset = { lookback = 32 }"),
        ("lookback 64", "dataset = { lookback = 64 }"),
        ("lookback 512", "dataset = { lookback = 512 }"),
        ("forward 16", "dataset = { forward = 16 }"),
        ("forward 1024", "dataset = { forward = 1024 }"),
        ("forward 16384", "dataset = { forward = 16384 }"),
        ("sharpe", "reward = { metric = \"sharpe\" }"),
        ("sharpe, sortino, calmar", "reward = { metric = [\"sharpe\", \"sortino\", \"calmar\"] }"),
        ("frel-v1", "reward = { formulas = \"frel-v1\" }"),
    ];
    for (name, recipe) in cases {
        let session = session(&market, recipe);
        let mut block = session.allocate(ROWS);
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| session.fill(0, ROWS, &mut block));
        });
    }
    group.finish();
}

fn digests(c: &mut Criterion) {
    let market = Arc::new(walk(500_000));
    let session = session(&market, "");
    let mut block = session.allocate(ROWS);
    session.fill(0, ROWS, &mut block).expect("a block");
    let mut group = c.benchmark_group("digest");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("lookback 64", |b| b.iter(|| BlockDigest::of_rows(&block, 0, ROWS)));
    group.finish();
}

criterion_group!(benches, blocks, digests);
criterion_main!(benches);
