//! Inner loops, from the estimates that criterion leaves.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An inner loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inner {
    /// Criterion's name of it.
    pub id: String,
    /// The median of an iteration, ns.
    pub median_ns: f64,
    /// Median absolute deviation, ns.
    pub mad_ns: f64,
    /// Samples an iteration.
    pub samples: Option<u64>,
    /// Nanoseconds a sample.
    pub ns_per_sample: Option<f64>,
}

/// Every estimate below a folder, by name.
///
/// # Errors
/// A file there is not as criterion writes it.
pub fn read(folder: &Path) -> Result<Vec<Inner>> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Inner>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let estimates = path.join("estimates.json");
        if path.file_name().is_some_and(|name| name == "new") && estimates.is_file() {
            found.push(inner(&estimates, &path.join("benchmark.json"))?);
        } else if path.is_dir() {
            collect(&path, found)?;
        }
    }
    Ok(())
}

fn inner(estimates: &Path, benchmark: &Path) -> Result<Inner> {
    let json = |path: &Path| -> Result<Value> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    };
    let (estimates, benchmark) = (json(estimates)?, json(benchmark)?);
    let number = |key: &str| estimates[key]["point_estimate"].as_f64().context("an estimate");
    let median_ns = number("median")?;
    let samples = benchmark["throughput"]["Elements"].as_u64();
    Ok(Inner {
        id: benchmark["full_id"].as_str().unwrap_or_default().to_owned(),
        median_ns,
        mad_ns: number("median_abs_dev")?,
        samples,
        ns_per_sample: samples.map(|samples| median_ns / samples as f64),
    })
}
