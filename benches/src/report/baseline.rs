//! Regressions: ratios against those of a run that was kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::report::ratios::{Better, Ratio};
use crate::report::results::{Results, Settings};

/// The factor by which a ratio may be worse before it is a regression.
pub const TOLERANCE: f64 = 0.10;

/// Ratios that were kept. Absolute times are not among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The settings that they depend on beside the code.
    pub settings: Settings,
    /// The commit that was measured.
    pub commit: String,
    /// The date.
    pub date: String,
    /// Ratios by name.
    pub ratios: BTreeMap<String, f64>,
}

/// The findings of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// A line a ratio.
    pub log: String,
    /// The ratios that are worse.
    pub regressions: Vec<String>,
}

impl Baseline {
    /// The ratios of results.
    #[must_use]
    pub fn of(results: &Results) -> Self {
        let ratios = results.ratios.iter().filter(|ratio| ratio.unit == "x");
        Self {
            settings: results.settings.clone(),
            commit: results.versions.get("commit").cloned().unwrap_or_default(),
            date: results.date.clone(),
            ratios: ratios.filter_map(|r| Some((r.id.clone(), r.value?))).collect(),
        }
    }

    /// Keeps it as `<out>/baselines/<name>.json`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, out: &Path, name: &str) -> Result<PathBuf> {
        let folder = out.join("baselines");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }

    /// Reads one that was kept in the report's folder, or that came with the repository.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be read.
    pub fn load(out: &Path, root: &Path, name: &str) -> Result<Self> {
        let places = [out.join("baselines"), root.join("docs/baselines")];
        let file = places.iter().map(|p| p.join(format!("{name}.json"))).find(|p| p.is_file());
        let Some(file) = file else {
            bail!("there is no baseline {name}: make one with --save-baseline {name}");
        };
        let text = fs::read_to_string(&file)?;
        serde_json::from_str(&text).with_context(|| file.display().to_string())
    }

    /// Compares results with it.
    #[must_use]
    pub fn compare(&self, results: &Results) -> Verdict {
        let mut verdict = Verdict::default();
        let _ = writeln!(verdict.log, "baseline: commit {}, {}", self.commit, self.date);
        if self.settings != results.settings {
            let _ = writeln!(
                verdict.log,
                "not comparable: the baseline was measured with {:?}, this run with {:?}",
                self.settings, results.settings
            );
            verdict.regressions.push("other settings".to_owned());
            return verdict;
        }
        for ratio in results.ratios.iter().filter(|ratio| ratio.unit == "x") {
            self.compare_one(ratio, &mut verdict);
        }
        verdict
    }

    fn compare_one(&self, ratio: &Ratio, verdict: &mut Verdict) {
        let id = &ratio.id;
        let line = match (self.ratios.get(id), ratio.value) {
            (None, None) => return,
            (None, Some(now)) => format!("new        {id}: {now:.3}"),
            (Some(before), None) => format!("missing    {id}: {before:.3}, not measured now"),
            (Some(before), Some(now)) => {
                let worse = match ratio.better {
                    Better::Higher => now < before * (1.0 - TOLERANCE),
                    Better::Lower => now > before * (1.0 + TOLERANCE),
                };
                if worse {
                    verdict.regressions.push(id.clone());
                }
                let change = (now / before - 1.0) * 100.0;
                let word = if worse { "REGRESSION" } else { "ok        " };
                format!("{word} {id}: {before:.3} -> {now:.3} ({change:+.1}%)")
            }
        };
        let _ = writeln!(verdict.log, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Better, Ratio, Results};

    fn ratio(id: &str, better: Better, unit: &str, value: f64) -> Ratio {
        Ratio {
            id: id.into(),
            what: String::new(),
            compared: String::new(),
            unit: unit.into(),
            better,
            must: None,
            aim: None,
            value: Some(value),
        }
    }

    fn results(higher: f64, lower: f64, seconds: f64) -> Results {
        let ratios = vec![
            ratio("higher", Better::Higher, "x", higher),
            ratio("lower", Better::Lower, "x", lower),
            ratio("seconds", Better::Lower, "s", seconds),
        ];
        Results { ratios, ..Results::default() }
    }

    #[test]
    fn worse_by_more_than_a_tenth_is_a_regression() {
        let baseline = Baseline::of(&results(1.0, 1.0, 1.0));
        let found = |h, l, s| baseline.compare(&results(h, l, s)).regressions;
        assert!(found(0.91, 1.09, 1.0).is_empty());
        assert!(found(5.0, 0.1, 100.0).is_empty(), "better, and absolute times do not count");
        assert_eq!(found(0.89, 1.0, 1.0), ["higher"]);
        assert_eq!(found(1.0, 1.11, 1.0), ["lower"]);
    }

    #[test]
    fn other_settings_are_not_compared() {
        let baseline = Baseline::of(&results(1.0, 1.0, 1.0));
        let mut other = results(1.0, 1.0, 1.0);
        other.settings.n = 7;
        let verdict = baseline.compare(&other);
        assert_eq!(verdict.regressions, ["other settings"]);
        assert!(verdict.log.contains("not comparable"));
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let baseline = Baseline::of(&results(1.0, 2.0, 3.0));
        baseline.save(folder.path(), "main").expect("saved");
        let again = Baseline::load(folder.path(), folder.path(), "main").expect("found");
        assert_eq!(again, baseline);
        assert!(Baseline::load(folder.path(), folder.path(), "other").is_err());
    }
}
