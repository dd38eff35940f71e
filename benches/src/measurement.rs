//! A measurement, as `barloom-measure` and the peers print it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The measurement of one process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The thing measured.
    pub name: String,
    /// Seconds to prepare the market and plan, before any sample.
    pub prepare_s: f64,
    /// Seconds of the first time: memory touched and files made for the first time.
    pub cold_s: Option<f64>,
    /// Seconds of each time after the first.
    pub warm_s: Vec<f64>,
    /// Samples made each time.
    pub samples: u64,
    /// Bytes written each time, to memory or files.
    pub bytes: u64,
    /// The most memory the process held; none where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// `equal`, or how the output differs from Barloom's; none for Barloom's own.
    #[serde(default)]
    pub check: Option<String>,
    /// Further figures.
    #[serde(default)]
    pub extra: BTreeMap<String, Value>,
}

/// The most memory this process held, from `VmHWM`; none on systems without `/proc`.
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
