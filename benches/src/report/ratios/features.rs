//! Features against pandas and Polars.

use super::{Better, Ratio, higher, lower};
use crate::report::cases::{Case, Place};
use crate::report::results::Results;

/// Rolling functions over a window, and how many times faster than pandas they must be at 20 rows.
const ROLLING: [(&str, f64); 6] =
    [("mean", 8.0), ("std", 6.0), ("max", 10.0), ("corr", 5.0), ("rank", 3.0), ("quantile", 3.0)];

/// The windows of rolling functions.
const WINDOWS: [usize; 2] = [20, 200];

/// The most memory that alpha158 may take beside its result, in MB.
const MEMORY: f64 = 400.0;

/// A set of features over so many rows.
fn of(results: &Results, features: &str, lookback: usize) -> Case {
    Case { features: features.to_owned(), lookback, ..results.centre("features") }
}

fn alpha158(results: &Results) -> Case {
    of(results, "alpha158", 60)
}

fn volatility(results: &Results) -> Case {
    of(results, "volatility", 20)
}

/// Every set of features, the chain and alpha158 last.
fn sets(results: &Results) -> Vec<Case> {
    let rolling = |lookback| ROLLING.map(|(name, _)| of(results, name, lookback));
    let mut cases: Vec<Case> = WINDOWS.into_iter().flat_map(rolling).collect();
    cases.extend([volatility(results), alpha158(results)]);
    cases
}

/// A build of features, and one of the columns.
fn builds(results: &Results) -> [Case; 2] {
    let case = results.centre("build-features").at(Place::Tmpfs);
    [case.clone(), case.kind("build-columns")]
}

/// Ours.
#[must_use]
pub fn cases(results: &Results) -> Vec<Case> {
    let mut cases = sets(results);
    cases.extend(builds(results));
    cases
}

fn pandas(case: &Case) -> Case {
    case.peer("features-pandas", case.n, 1)
}

fn polars(case: &Case) -> Case {
    case.peer("features-polars", case.n, case.threads)
}

/// The same by pandas, which has one thread, and by Polars.
#[must_use]
pub fn peers(results: &Results) -> Vec<Case> {
    sets(results).iter().flat_map(|case| [pandas(case), polars(case)]).collect()
}

pub(super) fn all(results: &Results) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for window in WINDOWS {
        for (name, times) in ROLLING {
            let ours = of(results, name, window);
            let must = if window == WINDOWS[0] { times } else { 1.0 };
            ratios.push(higher(
                &format!("features-{name}-{window}-pandas"),
                &format!("rolling {name} of {window} rows, times faster than pandas"),
                Some((must, times)),
                (results, &pandas(&ours), &ours),
            ));
            ratios.push(higher(
                &format!("features-{name}-{window}-polars"),
                "the same, times faster than Polars on as many threads",
                Some((1.0, 2.0)),
                (results, &polars(&ours), &ours),
            ));
        }
    }
    let (chain, alpha) = (volatility(results), alpha158(results));
    ratios.push(higher(
        "features-volatility-pandas",
        "std(log(close / lag(close, 1)), 20), times faster than pandas",
        Some((4.0, 8.0)),
        (results, &pandas(&chain), &chain),
    ));
    for (peer, case, must) in [("pandas", pandas(&alpha), 10.0), ("Polars", polars(&alpha), 5.0)] {
        ratios.push(higher(
            &format!("features-alpha158-{}", peer.to_lowercase()),
            &format!("alpha158, times faster than {peer}"),
            Some((must, 2.0 * must)),
            (results, &case, &alpha),
        ));
    }
    let figure = results.figure(&alpha);
    let beyond = figure.and_then(|f| Some(f.peak_rss_bytes?.saturating_sub(f.bytes) as f64 / 1e6));
    ratios.push(Ratio {
        id: "features-alpha158-memory".to_owned(),
        what: "memory of a process that computes alpha158, beside its result; bars included"
            .to_owned(),
        compared: format!("peak of [{}]", alpha.id()),
        unit: "MB".to_owned(),
        better: Better::Lower,
        must: Some(MEMORY),
        aim: None,
        value: beyond,
    });
    let [features, columns] = builds(results);
    ratios.push(lower(
        "features-build",
        "a build with 20 features, from a file of bars, against one whose file has the 20 columns",
        Some((1.3, 1.1)),
        (results, &features, &columns),
    ));
    ratios
}
