//! Peak memory: by configuration, and how it grows with the number of samples.

use serde_json::{Value, json};

use crate::report::results::Results;

/// The contents of `memory_profile.json`.
#[must_use]
pub fn profile(results: &Results) -> Value {
    let measured = results.figures.iter().filter_map(|figure| {
        let bytes = figure.peak_rss_bytes?;
        Some(json!({ "id": figure.id, "peak_rss_bytes": bytes, "written_bytes": figure.bytes }))
    });
    let growths = ["stream", "parquet"].map(|kind| growth(results, kind));
    json!({
        "format": "barloom-bench-memory-1",
        "unit": "bytes",
        "what": "the most memory that a process of its own held (VmHWM), bars included",
        "configurations": measured.collect::<Vec<_>>(),
        "growth": growths,
    })
}

/// Peak memory over n, where the rows held at once stay the same.
#[must_use]
pub fn growth(results: &Results, kind: &str) -> Value {
    let figures = results.figures.iter().filter(|f| f.set == "grid n" && f.case.kind == kind);
    let mut points: Vec<(u64, u64)> =
        figures.filter_map(|f| Some((f.case.n, f.peak_rss_bytes?))).collect();
    points.sort_unstable();
    let bytes_per_sample = match (points.first(), points.last()) {
        (Some((few, low)), Some((many, high))) if many > few => {
            Some((*high as f64 - *low as f64) / (many - few) as f64)
        }
        _ => None,
    };
    let points = points.iter().map(|(n, bytes)| json!({ "n": n, "peak_rss_bytes": bytes }));
    json!({
        "kind": kind,
        "points": points.collect::<Vec<_>>(),
        "bytes_per_sample_more": bytes_per_sample,
    })
}
