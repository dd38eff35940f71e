//! The sets of cases that are measured, by the size of the run.

use crate::report::cases::{Case, Place};
use crate::report::options::Mode;
use crate::report::ratios::{
    DIGEST_BLOCK_ROWS, feature_cases, feature_peers, loader_cases, loader_peers, peer_rows,
    reading_cases, reading_peer, symbol_cases, virtual_case,
};
use crate::report::results::{Results, Settings};
use crate::report::runner::Set;

/// L of the grid.
pub const LOOKBACKS: [usize; 4] = [32, 64, 128, 512];
/// F of the grid.
pub const FORWARDS: [usize; 6] = [16, 64, 256, 1_024, 4_096, 16_384];

/// The settings of a mode.
#[must_use]
pub fn settings(mode: Mode, bars: &[String], cores: usize) -> Settings {
    let n = if mode == Mode::Quick { 50_000 } else { 1_000_000 };
    let bars = if bars.is_empty() { "generated walk".to_owned() } else { bars.join(" ") };
    Settings { mode: mode.name().into(), bars, n, lookback: 64, forward: 64, threads: cores }
}

/// Every set of a mode, in order. `results` need hold the settings alone.
#[must_use]
pub fn sets(mode: Mode, results: &Results, peers: bool) -> Vec<Set> {
    let mut sets = vec![build(mode, results, peers), digest(mode, results)];
    sets.extend(files(mode, results, peers));
    sets.push(rewards(mode, results));
    sets.push(virtual_build(results));
    sets.push(loader(mode, results, peers));
    sets.push(symbols(mode, results));
    sets.push(reading(mode, results, peers));
    sets.push(features(mode, results, peers));
    if peers {
        sets.push(peer_parts(mode, results));
    }
    sets.extend(axes(mode, results));
    if mode == Mode::Full {
        sets.push(product(results));
    }
    sets
}

fn rounds(mode: Mode) -> usize {
    if mode == Mode::Quick { 1 } else { 3 }
}

fn build(mode: Mode, results: &Results, peers: bool) -> Set {
    let memory = results.centre("memory");
    let threads = memory.threads;
    let mut cases = vec![memory.clone(), memory.kind("fill"), memory.kind("copy")];
    let stream = memory.kind("stream");
    cases.extend([stream, memory.threads(1), memory.threads(1).kind("fill"), memory.threads(2)]);
    if peers {
        let (pandas, vectorised) = peer_rows(results);
        cases.extend([
            memory.peer("numpy-numba", memory.n, threads),
            memory.peer("pandas-loop", pandas, 1),
            memory.peer("numpy-vectorised", vectorised, 1),
        ]);
    }
    Set { name: "build", rounds: rounds(mode), repetitions: 5, cases: distinct(cases) }
}

/// The parts of the peers, to see what their time goes into.
fn peer_parts(mode: Mode, results: &Results) -> Set {
    let memory = results.centre("memory");
    let names = ["numpy-windows", "numba-windows", "numba-rewards"];
    let mut cases: Vec<Case> =
        names.iter().map(|name| memory.peer(name, memory.n, memory.threads)).collect();
    cases.push(memory.peer("numpy-windows", memory.n, 1));
    let rounds = if mode == Mode::Full { 3 } else { 1 };
    Set { name: "peers", rounds, repetitions: 3, cases: distinct(cases) }
}

fn digest(mode: Mode, results: &Results) -> Set {
    let whole = results.centre("memory");
    let blocks = Case { block_rows: DIGEST_BLOCK_ROWS, ..whole.clone() };
    let hashed = |case: &Case| Case { digest: true, ..case.clone() };
    let cases = vec![hashed(&whole), blocks.clone(), hashed(&blocks)];
    Set { name: "digest", rounds: rounds(mode), repetitions: 5, cases }
}

fn files(mode: Mode, results: &Results, peers: bool) -> Vec<Set> {
    let set = |name: &'static str, place: Place| {
        let parquet = results.centre("parquet").at(place);
        let write = parquet.kind("write");
        let synced = Case { sync: true, ..write.clone() };
        let mut cases = vec![parquet.clone(), write, synced];
        if peers && place == Place::Tmpfs {
            cases.extend([1, 2].map(|threads| parquet.peer("pyarrow-writer", parquet.n, threads)));
            cases.push(parquet.peer("pyarrow-plain", parquet.n, 1));
        }
        let rounds = if mode == Mode::Quick { 1 } else { 2 };
        Set { name, rounds, repetitions: 3, cases }
    };
    vec![set("tmpfs", Place::Tmpfs), set("disk", Place::Disk)]
}

fn rewards(mode: Mode, results: &Results) -> Set {
    let reward = results.centre("reward");
    let smallest = Case { close_only: true, lookback: 1, ..results.centre("memory") };
    let mut cases = vec![
        reward.forward(100),
        reward.forward(10_000),
        smallest.forward(100),
        smallest.forward(10_000),
    ];
    for metric in ["sharpe", "sortino", "calmar"] {
        cases.extend([100, 1_000].map(|forward| reward.metric(metric).forward(forward)));
    }
    Set { name: "rewards", rounds: rounds(mode), repetitions: 5, cases }
}

fn symbols(mode: Mode, results: &Results) -> Set {
    let cases = symbol_cases(results).to_vec();
    Set { name: "symbols", rounds: rounds(mode), repetitions: 11, cases }
}

fn reading(mode: Mode, results: &Results, peers: bool) -> Set {
    let mut cases = reading_cases(results).to_vec();
    cases.extend(peers.then(|| reading_peer(results)));
    Set { name: "reading", rounds: rounds(mode), repetitions: 7, cases }
}

fn features(mode: Mode, results: &Results, peers: bool) -> Set {
    let mut cases = feature_cases(results);
    if peers {
        cases.extend(feature_peers(results));
    }
    Set { name: "features", rounds: rounds(mode), repetitions: 3, cases }
}

fn virtual_build(results: &Results) -> Set {
    let case = virtual_case(results);
    Set {
        name: "virtual",
        rounds: 2,
        repetitions: 3,
        cases: vec![case.clone(), case.at(Place::Tmpfs)],
    }
}

fn loader(mode: Mode, results: &Results, peers: bool) -> Set {
    let mut cases: Vec<Case> = loader_cases(results).into();
    if peers {
        cases.extend(loader_peers(results));
    } else {
        cases.retain(|case| !case.peer);
    }
    Set { name: "loader", rounds: rounds(mode), repetitions: 5, cases }
}

/// A line through the grid along each axis.
fn axes(mode: Mode, results: &Results) -> Vec<Set> {
    let centre = |kind: &str| results.centre(kind);
    let kinds = [centre("stream"), centre("memory"), centre("parquet").at(Place::Tmpfs)];
    let counts: &[u64] = match mode {
        Mode::Quick => &[10_000, 50_000],
        Mode::Default | Mode::Full => &[10_000, 100_000, 1_000_000, 10_000_000],
    };
    let (smaller, few) = match mode {
        Mode::Quick => (20_000, 1),
        Mode::Default => (200_000, 1),
        Mode::Full => (1_000_000, 3),
    };
    let threads: Vec<usize> = [1, 2, results.settings.threads].into();
    let along =
        |name, cases: Vec<Case>| Set { name, rounds: few, repetitions: 3, cases: distinct(cases) };
    let with = |kinds: &[Case], vary: &dyn Fn(&Case) -> Vec<Case>| {
        kinds.iter().flat_map(vary).collect::<Vec<Case>>()
    };
    let small = |case: &Case| Case { n: smaller, ..case.clone() };
    let by_n = with(&kinds, &|case| {
        let wide = |n: &u64| *n <= 1_000_000 || case.kind == "stream" || mode == Mode::Full;
        counts.iter().filter(|n| wide(n)).map(|n| Case { n: *n, ..case.clone() }).collect()
    });
    let by_lookback =
        with(&kinds, &|case| LOOKBACKS.map(|lookback| Case { lookback, ..small(case) }).into());
    let by_forward = with(&kinds[..1], &|case| {
        let both = |forward| {
            let honour = small(case).forward(forward);
            [honour.clone(), Case { barriers: "ignore".to_owned(), ..honour }]
        };
        FORWARDS.into_iter().flat_map(both).collect()
    });
    let by_threads =
        with(&kinds, &|case| threads.iter().map(|t| small(case).threads(*t)).collect());
    vec![
        along("grid n", by_n),
        along("grid L", by_lookback),
        along("grid F", by_forward),
        along("grid threads", by_threads),
    ]
}

/// Every n, L, F and number of threads, through small blocks.
fn product(results: &Results) -> Set {
    let mut cases = Vec::new();
    for n in [10_000, 100_000, 1_000_000, 10_000_000] {
        for lookback in LOOKBACKS {
            for forward in [16, 256, 4_096, 16_384] {
                for threads in [1, 2, results.settings.threads] {
                    cases.push(Case::new("stream", n, lookback, forward, threads));
                }
            }
        }
    }
    Set { name: "product", rounds: 1, repetitions: 2, cases: distinct(cases) }
}

/// The cases without those that were there before.
fn distinct(cases: Vec<Case>) -> Vec<Case> {
    let mut kept: Vec<Case> = Vec::new();
    for case in cases {
        if !kept.contains(&case) {
            kept.push(case);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{Mode, Results, sets, settings};
    use crate::report::ratios;

    #[test]
    fn every_ratio_is_measured_by_some_set() {
        for mode in [Mode::Quick, Mode::Default, Mode::Full] {
            let results = Results { settings: settings(mode, &[], 2), ..Results::default() };
            let ids: Vec<String> = sets(mode, &results, true)
                .iter()
                .flat_map(|s| &s.cases)
                .map(super::Case::id)
                .collect();
            for ratio in ratios::all(&results) {
                let named = ratio.compared.split(['[', ']']).skip(1).step_by(2);
                for id in named {
                    assert!(ids.iter().any(|i| i == id), "{}: {id} is in no set", ratio.id);
                }
            }
        }
    }
}
