//! The claims that must be shown: ratios of things that were measured in turn, in one run.

use serde::{Deserialize, Serialize};

use crate::report::cases::{Case, Place};
use crate::report::results::Results;

mod features;
mod loading;
mod reading;
mod symbols;

pub use features::{cases as feature_cases, peers as feature_peers};
pub use loading::{cases as loader_cases, peers as loader_peers};
pub use reading::{cases as reading_cases, peer as reading_peer};
pub use symbols::cases as symbol_cases;

/// Rows of a block that is hashed as soon as it is filled.
pub const DIGEST_BLOCK_ROWS: usize = 4_096;

/// The direction that is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More.
    Higher,
    /// Less.
    Lower,
}

/// A ratio (or seconds, or memory).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Its name.
    pub id: String,
    /// The claim in words.
    pub what: String,
    /// The dividend and the divisor.
    pub compared: String,
    /// `x` for a ratio, `s` and `us` for seconds and millionths, `MB` for millions of bytes.
    pub unit: String,
    /// The direction that is better.
    pub better: Better,
    /// The bound that must hold.
    pub must: Option<f64>,
    /// The bound aimed at.
    pub aim: Option<f64>,
    /// The value; none where one side was not measured.
    pub value: Option<f64>,
}

impl Ratio {
    /// Returns true if the bound holds; none where there is no bound or no value.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        let (value, must) = (self.value?, self.must?);
        Some(match self.better {
            Better::Higher => value >= must,
            Better::Lower => value <= must,
        })
    }
}

/// Every ratio of the results' figures.
#[must_use]
pub fn all(results: &Results) -> Vec<Ratio> {
    let mut ratios = builds(results);
    ratios.extend(files(results));
    ratios.extend(rewards(results));
    ratios.extend(rest(results));
    ratios.extend(loading::all(results));
    ratios.extend(symbols::all(results));
    ratios.extend(reading::all(results));
    ratios.extend(features::all(results));
    ratios
}

/// Median seconds a sample of one case over those of another.
fn over(results: &Results, above: &Case, below: &Case) -> Option<f64> {
    Some(results.seconds_per_sample(above)? / results.seconds_per_sample(below)?)
}

/// The case that takes the least time a sample, of those that were measured.
fn fastest<'a>(results: &Results, cases: &'a [Case]) -> Option<&'a Case> {
    let timed = cases.iter().filter_map(|case| Some((case, results.seconds_per_sample(case)?)));
    timed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(case, _)| case)
}

fn higher(
    id: &str,
    what: &str,
    bounds: Option<(f64, f64)>,
    sides: (&Results, &Case, &Case),
) -> Ratio {
    let (results, slow, fast) = sides;
    Ratio {
        id: id.to_owned(),
        what: what.to_owned(),
        compared: format!("seconds a sample of [{}] over [{}]", slow.id(), fast.id()),
        unit: "x".to_owned(),
        better: Better::Higher,
        must: bounds.map(|(must, _)| must),
        aim: bounds.map(|(_, aim)| aim),
        value: over(results, slow, fast),
    }
}

fn lower(
    id: &str,
    what: &str,
    bounds: Option<(f64, f64)>,
    sides: (&Results, &Case, &Case),
) -> Ratio {
    Ratio { better: Better::Lower, ..higher(id, what, bounds, sides) }
}

/// Samples into memory, against limits, peers and threads.
fn builds(results: &Results) -> Vec<Ratio> {
    let memory = results.centre("memory");
    let threads = memory.threads;
    let (pandas, vectorised) = peer_rows(results);
    let ratio =
        |id, what, bounds, other: &Case| higher(id, what, bounds, (results, other, &memory));
    vec![
        ratio(
            "build-fill",
            "build into memory, as a share of the speed of a parallel fill (streaming stores)",
            Some((0.5, 0.8)),
            &memory.kind("fill"),
        ),
        ratio(
            "build-numpy-numba",
            "times faster than NumPy draws, in-place NumPy windows and numba rewards",
            Some((4.0, 6.0)),
            &memory.peer("numpy-numba", memory.n, threads),
        ),
        ratio(
            "build-pandas",
            "times faster than the pandas loop",
            Some((2_000.0, 4_000.0)),
            &memory.peer("pandas-loop", pandas, 1),
        ),
        higher(
            "threads-2-1",
            "2 threads against 1, into memory",
            Some((1.7, 1.9)),
            (results, &memory.threads(1), &memory.threads(2)),
        ),
        ratio(
            "build-copy",
            "build into memory, as a share of the speed of a parallel memcpy",
            None,
            &memory.kind("copy"),
        ),
        ratio(
            "build-numpy-vectorised",
            "times faster than whole-array NumPy",
            None,
            &memory.peer("numpy-vectorised", vectorised, 1),
        ),
        higher(
            "stream-memory",
            "small reused blocks, times faster than one large block",
            None,
            (results, &memory, &results.centre("stream")),
        ),
    ]
}

/// Rows that the pandas loop and whole-array NumPy are measured with.
#[must_use]
pub fn peer_rows(results: &Results) -> (u64, u64) {
    if results.settings.mode == "quick" { (200, 10_000) } else { (2_000, 100_000) }
}

/// Parquet files against raw ones and PyArrow's.
fn files(results: &Results) -> Vec<Ratio> {
    let parquet = results.centre("parquet");
    let tmpfs = parquet.at(Place::Tmpfs);
    let disk = parquet.at(Place::Disk);
    let writers = [1, 2].map(|threads| tmpfs.peer("pyarrow-writer", tmpfs.n, threads));
    let best = fastest(results, &writers).unwrap_or(&writers[0]);
    let synced = Case { sync: true, ..disk.kind("write") };
    vec![
        higher(
            "parquet-raw-tmpfs",
            "Parquet to tmpfs, as a share of the speed of writing the same bytes there",
            Some((0.4, 0.7)),
            (results, &tmpfs.kind("write"), &tmpfs),
        ),
        higher(
            "parquet-pyarrow",
            "a whole Parquet build, times faster than PyArrow writing the same table as it is called: `write_table(table, file, compression=\"none\")`",
            Some((3.0, 6.0)),
            (results, &tmpfs.peer("pyarrow-plain", tmpfs.n, 1), &tmpfs),
        ),
        higher(
            "parquet-pyarrow-tuned",
            "the same against PyArrow told what columns want (no dictionaries or statistics of windows, the same shards and row groups; best of 1 and 2 threads)",
            Some((3.0, 6.0)),
            (results, best, &tmpfs),
        ),
        higher(
            "parquet-raw-disk",
            "Parquet to disk, as a share of the speed of writing and syncing the same bytes there",
            None,
            (results, &synced, &disk),
        ),
    ]
}

/// The cost of a longer horizon.
fn rewards(results: &Results) -> Vec<Ratio> {
    let reward = results.centre("reward");
    let smallest = Case { close_only: true, lookback: 1, ..results.centre("memory") };
    let mut ratios = vec![
        lower(
            "reward-horizon",
            "cost of a reward, barriers honoured, F = 10,000 against 100 (trades and rewards alone)",
            Some((2.0, 1.3)),
            (results, &reward.forward(10_000), &reward.forward(100)),
        ),
        lower(
            "fill-horizon",
            "the same within the smallest build (L = 1, one channel)",
            None,
            (results, &smallest.forward(10_000), &smallest.forward(100)),
        ),
    ];
    for metric in ["sharpe", "sortino", "calmar"] {
        let reward = reward.metric(metric);
        ratios.push(lower(
            &format!("{metric}-horizon"),
            &format!("cost of {metric}, F = 1,000 against 100 (trades and rewards alone)"),
            Some((2.0, 1.2)),
            (results, &reward.forward(1_000), &reward.forward(100)),
        ));
    }
    ratios
}

/// The virtual build and the content digest.
fn rest(results: &Results) -> Vec<Ratio> {
    let virtual_build = virtual_case(results);
    let blocks = Case { block_rows: DIGEST_BLOCK_ROWS, ..results.centre("memory") };
    let whole = results.centre("memory");
    let hashed = |case: &Case| Case { digest: true, ..case.clone() };
    vec![
        Ratio {
            id: "virtual".to_owned(),
            what: "virtual build of 1,000,000,000 samples, bars in memory".to_owned(),
            compared: format!("seconds of [{}]", virtual_build.id()),
            unit: "s".to_owned(),
            better: Better::Lower,
            must: Some(0.1),
            aim: None,
            value: results.figure(&virtual_build).map(|figure| figure.warm_s.median),
        },
        lower(
            "digest",
            "content digest on top of a build into memory, blocks of 4,096 hashed when filled",
            Some((1.15, 1.05)),
            (results, &hashed(&blocks), &blocks),
        ),
        lower(
            "digest-whole",
            "the same with one block, hashed when all of it is filled",
            None,
            (results, &hashed(&whole), &whole),
        ),
    ]
}

/// The virtual dataset that is built.
#[must_use]
pub fn virtual_case(results: &Results) -> Case {
    Case { n: 1_000_000_000, ..results.centre("virtual").at(Place::Disk) }
}
