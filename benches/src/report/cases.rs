//! The cases that can be measured: each is one configuration, and its name.

use serde::{Deserialize, Serialize};

/// The file system that files are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Memory, where the system has a file system in it.
    Tmpfs,
    /// That of the target folder.
    Disk,
}

/// A configuration of a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The name in `barloom-measure`, or a peer's name.
    pub kind: String,
    /// True for a peer.
    #[serde(default)]
    pub peer: bool,
    /// Samples.
    pub n: u64,
    /// L in bars.
    pub lookback: usize,
    /// F in bars.
    pub forward: usize,
    /// Threads.
    pub threads: usize,
    /// The reward metric.
    pub metric: String,
    /// `honour` or `ignore`.
    pub barriers: String,
    /// True if there is but one channel, the close.
    #[serde(default)]
    pub close_only: bool,
    /// True if the content is hashed too.
    #[serde(default)]
    pub digest: bool,
    /// The set of features; empty for others.
    #[serde(default)]
    pub features: String,
    /// Rows of a block; 0 for the measurement's default.
    #[serde(default)]
    pub block_rows: usize,
    /// The place of files.
    #[serde(default)]
    pub place: Option<Place>,
    /// True if raw files are synced.
    #[serde(default)]
    pub sync: bool,
}

impl Case {
    /// A measurement with the metric `return` and barriers honoured.
    #[must_use]
    pub fn new(kind: &str, n: u64, lookback: usize, forward: usize, threads: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            peer: false,
            n,
            lookback,
            forward,
            threads,
            metric: "return".to_owned(),
            barriers: "honour".to_owned(),
            close_only: false,
            digest: false,
            features: String::new(),
            block_rows: 0,
            place: None,
            sync: false,
        }
    }

    /// Its name: the kind, n, L, F, threads, and what is not as usual.
    #[must_use]
    pub fn id(&self) -> String {
        let Self { kind, n, lookback, forward, threads, metric, barriers, .. } = self;
        let mut id = format!("{kind} n={n} L={lookback} F={forward} threads={threads}");
        let mut add = |present: bool, text: &str| {
            if present {
                id.push(' ');
                id.push_str(text);
            }
        };
        add(metric != "return", metric);
        add(barriers != "honour", barriers);
        add(self.close_only, "close-only");
        add(!self.features.is_empty(), &self.features);
        add(self.block_rows != 0, &format!("blocks={}", self.block_rows));
        add(self.digest, "digest");
        add(self.place == Some(Place::Tmpfs), "tmpfs");
        add(self.place == Some(Place::Disk), "disk");
        add(self.sync, "fsync");
        id
    }

    /// Arguments of `barloom-measure`, but for bars, files and repetitions.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![self.kind.clone()];
        let mut add = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        add("rows", self.n.to_string());
        add("lookback", self.lookback.to_string());
        add("forward", self.forward.to_string());
        add("threads", self.threads.to_string());
        add("metric", self.metric.clone());
        add("barriers", self.barriers.clone());
        add("block-rows", self.block_rows.to_string());
        if !self.features.is_empty() {
            add("features", self.features.clone());
        }
        if self.close_only {
            add("channels", "close".to_owned());
        }
        let flags = [("--digest", self.digest), ("--sync", self.sync)];
        arguments.extend(flags.iter().filter(|(_, on)| *on).map(|(flag, _)| (*flag).to_owned()));
        arguments
    }

    /// Another kind of the same configuration.
    #[must_use]
    pub fn kind(&self, kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..self.clone() }
    }

    /// A peer of the same L and F, with its own number of samples.
    #[must_use]
    pub fn peer(&self, name: &str, n: u64, threads: usize) -> Self {
        let peer = Self { peer: true, n, threads, ..self.kind(name) };
        Self { metric: "return".to_owned(), barriers: "honour".to_owned(), ..peer }
    }

    /// With another metric.
    #[must_use]
    pub fn metric(&self, metric: &str) -> Self {
        Self { metric: metric.to_owned(), ..self.clone() }
    }

    /// With another F.
    #[must_use]
    pub fn forward(&self, forward: usize) -> Self {
        Self { forward, ..self.clone() }
    }

    /// With files in a place.
    #[must_use]
    pub fn at(&self, place: Place) -> Self {
        Self { place: Some(place), ..self.clone() }
    }

    /// With other threads.
    #[must_use]
    pub fn threads(&self, threads: usize) -> Self {
        Self { threads, ..self.clone() }
    }

    /// Bytes that its samples take, roughly; of windows and of everything else.
    #[must_use]
    pub fn sample_bytes(&self) -> u64 {
        let channels = if self.close_only { 1 } else { 5 };
        self.n.saturating_mul((channels * self.lookback * 4 + 140) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Place};

    #[test]
    fn a_name_tells_cases_apart() {
        let case = Case::new("memory", 10, 64, 32, 2);
        assert_eq!(case.id(), "memory n=10 L=64 F=32 threads=2");
        let other = Case { digest: true, sync: true, ..case.metric("sharpe").at(Place::Tmpfs) };
        assert_eq!(other.id(), "memory n=10 L=64 F=32 threads=2 sharpe digest tmpfs fsync");
    }
}
