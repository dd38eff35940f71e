//! The loader against memory and other loaders, and what one waits for.

use super::{Better, Ratio, fastest, higher};
use crate::report::cases::Case;
use crate::report::results::Results;

/// Samples of the loader's epochs, for each sample of the other ratios.
const LONGER: u64 = 10;

/// Our loader from Rust and from Python, and the copy of its bytes.
#[must_use]
pub fn cases(results: &Results) -> [Case; 3] {
    let loader = results.centre("loader");
    let loader = Case { n: loader.n * LONGER, ..loader };
    let python = loader.peer("loader-barloom", loader.n, loader.threads);
    [loader.clone(), loader.kind("batch-copy"), python]
}

/// The loaders of others. Their threads are worker processes, beside the one that takes batches.
#[must_use]
pub fn peers(results: &Results) -> [Case; 6] {
    let loader = results.centre("loader");
    let peer = |name: &str, workers| loader.peer(name, loader.n, workers);
    [
        peer("loader-torch-samples", 0),
        peer("loader-torch-samples", 2),
        peer("loader-torch-batches", 0),
        peer("loader-torch-batches", 2),
        peer("loader-pyarrow", 0),
        peer("loader-numpy", 0),
    ]
}

pub(super) fn all(results: &Results) -> Vec<Ratio> {
    let [loader, copy, python] = cases(results);
    let peers = peers(results);
    let best = fastest(results, &peers).unwrap_or(&peers[5]);
    let told = |id: &str, what: &str, case: &Case, bound: (&str, f64, f64)| {
        let (name, scale, must) = bound;
        Ratio {
            id: id.to_owned(),
            what: what.to_owned(),
            compared: format!("{name} of [{}]", case.id()),
            unit: match scale {
                1.0 => "s",
                1e6 => "us",
                _ => "MB",
            }
            .to_owned(),
            better: Better::Lower,
            must: Some(must),
            aim: None,
            value: results.told(case, name).map(|value| value * scale),
        }
    };
    vec![
        higher(
            "loader-copy",
            "shuffled batches, as a share of the speed of a memcpy of the same bytes, batch by batch",
            Some((0.5, 0.8)),
            (results, &copy, &loader),
        ),
        higher(
            "loader-peers",
            "shuffled batches in Python, times faster than the fastest other loader",
            Some((5.0, 10.0)),
            (results, best, &python),
        ),
        told(
            "loader-first",
            "from an opened dataset to the first batch, in Python",
            &python,
            ("first_batch_s", 1.0, 0.05),
        ),
        told(
            "loader-memory",
            "most memory of the loader beyond the bars",
            &loader,
            ("peak_less_bars_bytes", 1e-6, 100.0),
        ),
        told("loader-sample", "one sample by its number", &loader, ("sample_s", 1e6, 20.0)),
        told("loader-sample-python", "the same in Python", &python, ("sample_s", 1e6, 100.0)),
        told(
            "loader-32",
            "32 samples by their numbers, in Python",
            &python,
            ("batch_of_32_s", 1e6, 1_000.0),
        ),
        higher(
            "loader-python",
            "shuffled batches in Python, as a share of the speed in Rust",
            None,
            (results, &loader, &python),
        ),
    ]
}
