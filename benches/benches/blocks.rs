//! Inner loops on one thread: draws, windows with scaling, rewards, digest, whole blocks, the
//! Parquet writer.

use std::hint::black_box;
use std::sync::Arc;

use barloom_backend::{BlockDigest, PreparedChannel, Reference, Session};
use barloom_bars::Market;
use barloom_benches::{prepare, session, walk};
use barloom_dataset::{Build, PartBuild};
use barloom_rewards::{Action, Barriers, Metric, Pricer, Prices, RewardSettings};
use barloom_scaling::ChannelScaler;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const ROWS: usize = 4_096;
const BARS: usize = 558_720;
const FORWARDS: [usize; 6] = [16, 64, 256, 1_024, 4_096, 16_384];
const METRICS: [&str; 10] = [
    "pnl",
    "return",
    "pnl_pct",
    "log_return",
    "r_multiple",
    "barrier",
    "car",
    "sharpe",
    "sortino",
    "calmar",
];

fn market() -> Arc<Market> {
    Arc::new(walk(BARS))
}

/// Ten numbers and a place for each sample.
fn draws(c: &mut Criterion) {
    let session = session(&market(), "");
    let draws = session.draws();
    let mut group = c.benchmark_group("draw");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("default recipe", |b| {
        b.iter(|| {
            for i in 0..ROWS as u64 {
                let draw = draws.sampler.draw(i);
                black_box((draws.positions.locate(draw.rank), draw));
            }
        });
    });
    group.finish();
}

/// Five windows a sample at places drawn beforehand, cut and scaled.
fn windows(c: &mut Criterion) {
    let market = market();
    let scalers = [ChannelScaler::LastClose; 4].into_iter().chain([ChannelScaler::Log1pLast]);
    let scalers: Vec<ChannelScaler> = scalers.collect();
    let reference = Reference::new(market.close(), &scalers);
    let columns = ["open", "high", "low", "close", "volume"];
    let channels: Vec<PreparedChannel> = scalers
        .iter()
        .zip(columns)
        .map(|(scaler, name)| {
            PreparedChannel::new(*scaler, market.column(name).unwrap_or_default())
        })
        .collect();
    let mut group = c.benchmark_group("window");
    group.throughput(Throughput::Elements(ROWS as u64));
    for lookback in [32, 64, 128, 512] {
        let session = session(&market, &format!("dataset = {{ lookback = {lookback} }}"));
        let places = places(&*session);
        let mut out = vec![0.0_f32; ROWS * lookback];
        group.bench_function(BenchmarkId::new("L", lookback), |b| {
            b.iter(|| {
                for channel in &channels {
                    for (row, window) in places.iter().zip(out.chunks_exact_mut(lookback)) {
                        channel.scale(&reference, *row, window);
                    }
                }
                black_box(&out);
            });
        });
    }
    group.finish();
}

fn places(session: &dyn Session) -> Vec<usize> {
    let draws = session.draws();
    (0..ROWS as u64).map(|i| draws.positions.locate(draws.sampler.draw(i).rank).row).collect()
}

/// Trades and rewards of draws made beforehand.
fn rewards(c: &mut Criterion) {
    let market = market();
    let mut group = c.benchmark_group("reward");
    group.throughput(Throughput::Elements(ROWS as u64));
    for barriers in ["honour", "ignore"] {
        for forward in FORWARDS {
            reward(&mut group, &market, "return", barriers, forward);
        }
        for metric in METRICS.into_iter().filter(|m| *m != "barrier" || barriers == "honour") {
            reward(&mut group, &market, metric, barriers, 128);
        }
    }
    group.finish();
}

fn reward(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    market: &Arc<Market>,
    metric: &str,
    barriers: &str,
    forward: usize,
) {
    let recipe = format!(
        "dataset = {{ forward = {forward} }}\n\
         reward = {{ metric = \"{metric}\", barriers = \"{barriers}\" }}"
    );
    let session = session(market, &recipe);
    let (program, draws) = (session.program(), session.draws());
    let pricer = Pricer::of(Prices::from(market.prices()), program.reward.clone())
        .expect("settings that were checked");
    let metric = program.reward.metrics[0];
    let decisions: Vec<(usize, f64, Action)> = (0..ROWS as u64)
        .map(|i| {
            let draw = draws.sampler.draw(i);
            let action = Action {
                direction: draw.direction,
                dollars: draw.dollars,
                stop: draw.stop,
                target: draw.target,
            };
            (draws.positions.locate(draw.rank).row, draw.equity, action)
        })
        .collect();
    let name = format!("{} {barriers} F", metric.name());
    group.bench_function(BenchmarkId::new(name, forward), |b| {
        b.iter(|| {
            for (row, equity, action) in &decisions {
                let trade = pricer.trade(*row, action);
                black_box(pricer.reward(*row, action, *equity, &trade, metric));
            }
        });
    });
}

/// A market made ready for pricing: from nothing, and with an index that is there.
fn pricers(c: &mut Criterion) {
    let market = market();
    let metrics = vec![Metric::Return, Metric::Sharpe, Metric::Calmar];
    let settings = RewardSettings { metrics, ..RewardSettings::v1(128) };
    let of = |settings: &RewardSettings| {
        Pricer::of(Prices::from(market.prices()), settings.clone()).expect("right settings")
    };
    let first = of(&settings);
    let mut group = c.benchmark_group("pricer");
    group.throughput(Throughput::Elements(BARS as u64));
    group.bench_function("with a new index", |b| b.iter(|| of(&settings)));
    let others = [
        ("other costs", RewardSettings { fee_bps: 1.0, ..settings.clone() }),
        ("another F", RewardSettings { forward: 256, ..settings.clone() }),
        ("barriers ignored", RewardSettings { barriers: Barriers::Ignore, ..settings.clone() }),
    ];
    for (name, settings) in others {
        group.bench_function(name, |b| {
            b.iter(|| Pricer::new(Arc::clone(first.index()), settings.clone()));
        });
    }
    group.finish();
}

/// Everything, into a block.
fn blocks(c: &mut Criterion) {
    let market = market();
    let mut group = c.benchmark_group("block");
    group.throughput(Throughput::Elements(ROWS as u64));
    let cases = [
        ("lookback 32", "dataset = { lookback = 32 }"),
        ("lookback 64", "dataset = { lookback = 64 }"),
        ("lookback 512", "dataset = { lookback = 512 }"),
        ("sharpe, sortino, calmar", "reward = { metric = [\"sharpe\", \"sortino\", \"calmar\"] }"),
        ("frel-v1", "reward = { formulas = \"frel-v1\" }"),
    ];
    for (name, recipe) in cases {
        let session = session(&market, recipe);
        let mut block = session.allocate(ROWS).expect("memory");
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| session.fill(0, ROWS, &mut block));
        });
    }
    group.finish();
}

fn digests(c: &mut Criterion) {
    let session = session(&market(), "");
    let mut block = session.allocate(ROWS).expect("memory");
    session.fill(0, ROWS, &mut block).expect("a block");
    let mut group = c.benchmark_group("digest");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("lookback 64", |b| b.iter(|| BlockDigest::of_rows(&block, 0, ROWS)));
    group.finish();
}

/// A whole dataset of four blocks and few bars, to a temporary folder; it is synced.
fn writers(c: &mut Criterion) {
    let rows = 4 * ROWS;
    let market = Arc::new(walk(10_000));
    let mut group = c.benchmark_group("writer");
    group.throughput(Throughput::Elements(rows as u64));
    for format in ["parquet", "arrow", "npy", "virtual"] {
        let text =
            format!("dataset = {{ samples = {rows} }}\noutput = {{ format = \"{format}\" }}");
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("dataset");
        group.bench_function(format, |b| {
            b.iter(|| {
                let (recipe, plan, session) = prepare(&market, &text);
                let parts = vec![PartBuild { plan, session }];
                let build = Build {
                    overwrite: true,
                    chunk_rows: ROWS,
                    threads: 1,
                    ..Build::new(&out, &recipe, &market, parts)
                };
                build.run().expect("a dataset")
            });
        });
    }
    group.finish();
}

/// Everything runs on one thread.
fn one_thread(_: &mut Criterion) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build_global().expect("no pool before the first benchmark");
}

criterion_group!(benches, one_thread, draws, windows, rewards, pricers, blocks, digests, writers);
criterion_main!(benches);
