//! Writes the folder of the report.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::report::results::Results;
use crate::report::{charts, memory_profile, plot, recommendations, tables};

/// Writes every file of the report but the regression log.
///
/// # Errors
/// A file cannot be written.
pub fn write(results: &Results, out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let file = |name: &str, text: String| {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())
    };
    let charts = charts::all(results);
    for chart in &charts {
        plot::draw(chart, out)?;
    }
    let names: Vec<&str> = charts.iter().map(|chart| chart.name).collect();
    file("benchmark_results.json", serde_json::to_string_pretty(results)? + "\n")?;
    let profile = memory_profile::profile(results);
    file("memory_profile.json", serde_json::to_string_pretty(&profile)? + "\n")?;
    file("report.md", tables::report(results, &names))?;
    let told = recommendations::all(results);
    file("optimization_recommendations.txt", told.join("\n\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::{Results, write};
    use crate::measurement::Measurement;
    use crate::report::cases::Case;
    use crate::report::ratios;
    use crate::report::results::{Figure, Settings};

    /// Results of a machine that does everything in a second.
    fn results() -> Results {
        let settings =
            Settings { n: 1_000, lookback: 64, forward: 64, threads: 2, ..Settings::default() };
        let mut results = Results { settings, ..Results::default() };
        let measured = Measurement {
            warm_s: vec![1.0, 2.0],
            samples: 1_000,
            bytes: 2_000,
            peak_rss_bytes: Some(1 << 20),
            ..Measurement::default()
        };
        for kind in ["memory", "fill", "stream"] {
            let case = results.centre(kind);
            results.figures.extend(Figure::new("grid n", &case, std::slice::from_ref(&measured)));
        }
        let peer = Case { peer: true, ..results.centre("numpy-numba") };
        results.figures.extend(Figure::new("build", &peer, &[measured]));
        results.ratios = ratios::all(&results);
        results.skipped.insert("a case".into(), "why".into());
        results
    }

    #[test]
    fn every_file_is_there_and_says_something() {
        let folder = tempfile::tempdir().expect("a folder");
        write(&results(), folder.path()).expect("written");
        for name in [
            "benchmark_results.json",
            "memory_profile.json",
            "report.md",
            "optimization_recommendations.txt",
            "throughput_n.svg",
            "throughput_n.png",
            "against_limits.png",
            "against_peers.svg",
        ] {
            let bytes = std::fs::metadata(folder.path().join(name)).expect(name).len();
            assert!(bytes > 50, "{name}: {bytes} bytes");
        }
        let text = std::fs::read_to_string(folder.path().join("report.md")).expect("a report");
        assert!(text.contains("| build into memory, as a share"), "{text}");
        assert!(text.contains("a case: why"), "{text}");
    }

    #[test]
    fn results_read_back_as_they_were() {
        let results = results();
        let text = serde_json::to_string(&results).expect("JSON");
        let again: Results = serde_json::from_str(&text).expect("the same shape");
        assert_eq!(again, results);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for key in ["format", "date", "settings", "host", "versions", "ratios", "figures"] {
            assert!(!json[key].is_null(), "{key}");
        }
        assert_eq!(json["figures"][0]["warm_s"]["median"], 1.5);
    }
}
