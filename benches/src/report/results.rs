//! Everything that was measured: what `benchmark_results.json` holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::measurement::Measurement;
use crate::report::cases::Case;
use crate::report::criterion::Inner;
use crate::report::host::Host;
use crate::report::ratios::Ratio;
use crate::stats::Spread;

/// The results of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// `barloom-bench-1`.
    pub format: String,
    /// The date of the run.
    pub date: String,
    /// The options of the run, and its bars.
    pub settings: Settings,
    /// The machine.
    pub host: Host,
    /// Versions of what was measured and of what measured.
    pub versions: BTreeMap<String, String>,
    /// The claims that must be shown.
    pub ratios: Vec<Ratio>,
    /// Whole jobs, limits and peers. All times are in seconds.
    pub figures: Vec<Figure>,
    /// Inner loops. All times are in nanoseconds.
    pub inner_loops: Vec<Inner>,
    /// The cases that were not measured, and why.
    pub skipped: BTreeMap<String, String>,
}

/// Settings that ratios depend on beside the code: only runs with the same settings are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `quick`, `default` or `full`.
    pub mode: String,
    /// The bars: globs, or the generated walk.
    pub bars: String,
    /// Samples of the ratios.
    pub n: u64,
    /// L of the ratios.
    pub lookback: usize,
    /// F of the ratios.
    pub forward: usize,
    /// Threads of the ratios.
    pub threads: usize,
}

/// The measurements of a case, in all rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The case's name.
    pub id: String,
    /// The set that it was measured in.
    pub set: String,
    /// The case.
    pub case: Case,
    /// Seconds of first times, one a process.
    pub cold_s: Option<Spread>,
    /// Seconds of later times.
    pub warm_s: Spread,
    /// Seconds to prepare.
    pub prepare_s: f64,
    /// Samples each time.
    pub samples: u64,
    /// Bytes each time.
    pub bytes: u64,
    /// Samples over the median of later times.
    pub samples_per_second: f64,
    /// Bytes over the median of later times.
    pub bytes_per_second: f64,
    /// The most memory that any of its processes held.
    pub peak_rss_bytes: Option<u64>,
    /// `equal` for a peer whose output is ours.
    pub check: Option<String>,
    /// Further figures.
    pub extra: BTreeMap<String, Value>,
}

impl Figure {
    /// The figure of a case from all its measurements; none where nothing was timed.
    #[must_use]
    pub fn new(set: &str, case: &Case, measured: &[Measurement]) -> Option<Self> {
        let last = measured.last()?;
        let warm: Vec<f64> = measured.iter().flat_map(|m| m.warm_s.iter().copied()).collect();
        let cold: Vec<f64> = measured.iter().filter_map(|m| m.cold_s).collect();
        let warm_s = Spread::of(&warm)?;
        Some(Self {
            id: case.id(),
            set: set.to_owned(),
            case: case.clone(),
            cold_s: Spread::of(&cold),
            warm_s,
            prepare_s: last.prepare_s,
            samples: last.samples,
            bytes: last.bytes,
            samples_per_second: last.samples as f64 / warm_s.median,
            bytes_per_second: last.bytes as f64 / warm_s.median,
            peak_rss_bytes: measured.iter().filter_map(|m| m.peak_rss_bytes).max(),
            check: last.check.clone(),
            extra: extra(measured),
        })
    }
}

/// Further figures: the medians of seconds and other reals, the last of everything else.
fn extra(measured: &[Measurement]) -> BTreeMap<String, Value> {
    let mut extra = measured.last().map(|last| last.extra.clone()).unwrap_or_default();
    for (name, value) in extra.iter_mut().filter(|(_, value)| value.is_f64()) {
        let told = measured.iter().filter_map(|m| m.extra.get(name)?.as_f64());
        if let Some(spread) = Spread::of(&told.collect::<Vec<_>>()) {
            *value = spread.median.into();
        }
    }
    extra
}

impl Results {
    /// The figure of a case.
    #[must_use]
    pub fn figure(&self, case: &Case) -> Option<&Figure> {
        let id = case.id();
        self.figures.iter().find(|figure| figure.id == id)
    }

    /// The median seconds a sample of a case.
    #[must_use]
    pub fn seconds_per_sample(&self, case: &Case) -> Option<f64> {
        self.figure(case).map(|figure| figure.warm_s.median / figure.samples.max(1) as f64)
    }

    /// A number that a case's measurements told beside their times.
    #[must_use]
    pub fn told(&self, case: &Case, name: &str) -> Option<f64> {
        self.figure(case)?.extra.get(name)?.as_f64()
    }

    /// A ratio's value.
    #[must_use]
    pub fn ratio(&self, id: &str) -> Option<f64> {
        self.ratios.iter().find(|ratio| ratio.id == id)?.value
    }

    /// The case that ratios are about, as some kind.
    #[must_use]
    pub fn centre(&self, kind: &str) -> Case {
        let Settings { n, lookback, forward, threads, .. } = self.settings;
        Case::new(kind, n, lookback, forward, threads)
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Figure, Measurement};

    #[test]
    fn reals_that_were_told_are_medians() {
        let measured = |seconds: f64, files: u64| Measurement {
            warm_s: vec![1.0],
            extra: [("s".to_owned(), seconds.into()), ("files".to_owned(), files.into())].into(),
            ..Measurement::default()
        };
        let all = [measured(3.0, 1), measured(1.0, 2), measured(2.0, 3)];
        let figure = Figure::new("set", &Case::new("loader", 1, 1, 1, 1), &all).expect("timed");
        assert_eq!(figure.extra["s"], 2.0);
        assert_eq!(figure.extra["files"], 3);
    }
}
