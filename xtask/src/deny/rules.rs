//! The rules of `deny.toml`, and the packages that break them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

/// The only registry that packages come from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The settings of `deny.toml` that are applied here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Graph {
    all_features: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licenses {
    allow: Vec<String>,
    /// For licences that cargo-deny reads from texts. Packages without an expression are refused
    /// here.
    #[serde(rename = "confidence-threshold")]
    _confidence_threshold: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    wildcards: Level,
    allow_wildcard_paths: bool,
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Level,
    unknown_git: Level,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Allow,
    Warn,
    Deny,
}

/// A package of the graph.
#[derive(Clone)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) license: Option<String>,
    /// The registry or repository; none for packages of this workspace.
    pub(super) source: Option<String>,
    /// The packages that name it among their dependencies.
    pub(super) dependents: Vec<String>,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest declares it.
#[derive(Clone)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) requirement: String,
    pub(super) in_a_folder: bool,
}

/// The results of a check.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Report {
    fn add(&mut self, level: Level, text: String) {
        match level {
            Level::Allow => {}
            Level::Warn => self.notes.push(text),
            Level::Deny => self.problems.push(text),
        }
    }
}

impl Rules {
    /// Reads the rules. A key that nothing here applies is an error.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let rules: Self = toml::from_str(text)?;
        ensure!(rules.graph.all_features, "graph.all-features: expected true");
        Ok(rules)
    }

    /// Applies all rules to all packages.
    pub(super) fn apply(&self, packages: &[Package]) -> Result<Report> {
        let mut report = Report::default();
        self.licenses(packages, &mut report)?;
        self.bans(packages, &mut report);
        self.versions(packages, &mut report);
        self.wildcards(packages, &mut report);
        self.sources(packages, &mut report);
        Ok(report)
    }

    fn licenses(&self, packages: &[Package], report: &mut Report) -> Result<()> {
        let mut allowed = Vec::new();
        for name in &self.licenses.allow {
            let licensee = Licensee::parse(name).map_err(|error| anyhow::anyhow!("{error}"));
            allowed.push((name, licensee.with_context(|| format!("licenses.allow: {name}"))?));
        }
        let mut used = BTreeSet::new();
        for package in packages {
            let place = place(package);
            let Some(license) = &package.license else {
                report.problems.push(format!("{place}: no licence expression in its manifest"));
                continue;
            };
            let Ok(expression) = Expression::parse_mode(license, ParseMode::LAX) else {
                report.problems.push(format!("{place}: {license}: not an SPDX expression"));
                continue;
            };
            let fits = expression.evaluate(|required| {
                let licence = allowed.iter().find(|(_, licensee)| licensee.satisfies(required));
                used.extend(licence.map(|(name, _)| *name));
                licence.is_some()
            });
            if !fits {
                report.problems.push(format!("{place}: {license}: not among licenses.allow"));
            }
        }
        for name in self.licenses.allow.iter().filter(|name| !used.contains(name)) {
            report.notes.push(format!("licenses.allow: {name}: no package has it"));
        }
        Ok(())
    }

    fn bans(&self, packages: &[Package], report: &mut Report) {
        for ban in &self.bans.deny {
            for package in packages.iter().filter(|package| package.name == ban.name) {
                let place = place(package);
                if ban.wrappers.is_empty() {
                    report.problems.push(format!("{place}: banned: {}", ban.reason));
                }
                for dependent in &package.dependents {
                    if !ban.wrappers.is_empty() && !ban.wrappers.contains(dependent) {
                        report.problems.push(format!(
                            "{place}: {dependent} may not depend on it: {}",
                            ban.reason
                        ));
                    }
                }
            }
        }
    }

    fn versions(&self, packages: &[Package], report: &mut Report) {
        let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
        for package in packages {
            versions.entry(&package.name).or_default().insert(package.version.as_str());
        }
        for (name, versions) in versions.into_iter().filter(|(_, versions)| versions.len() > 1) {
            let versions: Vec<_> = versions.into_iter().collect();
            let text = format!("{name}: {} versions: {}", versions.len(), versions.join(", "));
            report.add(self.bans.multiple_versions, text);
        }
    }

    fn wildcards(&self, packages: &[Package], report: &mut Report) {
        for package in packages {
            for dependency in package.dependencies.iter().filter(|one| one.requirement == "*") {
                if self.bans.allow_wildcard_paths && dependency.in_a_folder {
                    continue;
                }
                let text = format!(
                    "{}: any version of {}: give the version",
                    place(package),
                    dependency.name
                );
                report.add(self.bans.wildcards, text);
            }
        }
    }

    fn sources(&self, packages: &[Package], report: &mut Report) {
        for package in packages {
            let Some(source) = package.source.as_ref().filter(|source| *source != CRATES_IO) else {
                continue;
            };
            let level = if source.starts_with("git+") {
                self.sources.unknown_git
            } else {
                self.sources.unknown_registry
            };
            report.add(level, format!("{}: from {source}: not an allowed source", place(package)));
        }
    }
}

fn place(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = include_str!("../../../deny.toml");

    /// A package that breaks no rule.
    fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some("MIT/Apache-2.0".to_owned()),
            source: Some(CRATES_IO.to_owned()),
            dependents: Vec::new(),
            dependencies: Vec::new(),
        }
    }

    fn apply(package: Package) -> Report {
        Rules::parse(RULES).expect("deny.toml").apply(&[package]).expect("rules")
    }

    #[track_caller]
    fn forbidden(package: Package, expected: &str) {
        let problems = apply(package).problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(expected), "{problems:?}");
    }

    #[test]
    fn a_package_that_breaks_no_rule_is_let_in() {
        assert!(apply(package("serde")).problems.is_empty());
    }

    #[test]
    fn licences_that_are_not_allowed_are_found() {
        let licensed =
            |license: &str| Package { license: Some(license.to_owned()), ..package("parser") };
        forbidden(licensed("GPL-3.0-only"), "GPL-3.0-only: not among");
        forbidden(licensed("MIT AND GPL-3.0-only"), "not among");
        forbidden(licensed("Apache-2.0 WITH Classpath-exception-2.0"), "not among");
        forbidden(licensed("Proprietary"), "not an SPDX expression");
        forbidden(Package { license: None, ..package("parser") }, "no licence");
        for fine in ["MIT OR GPL-3.0-only", "Apache-2.0 WITH LLVM-exception", "(MIT) AND ISC"] {
            assert!(apply(licensed(fine)).problems.is_empty(), "{fine}");
        }
    }

    #[test]
    fn bans_hold_for_all_but_the_wrappers() {
        let used = |name: &str, by: &[&str]| Package {
            dependents: by.iter().map(|&name| name.to_owned()).collect(),
            ..package(name)
        };
        forbidden(used("openssl-sys", &["curl-sys"]), "openssl-sys 1.0.0: banned");
        forbidden(used("cust", &["barloom-backend-cuda", "barloom-bars"]), "barloom-bars may not");
        forbidden(used("rand", &["proptest", "barloom-sampling"]), "barloom-sampling may not");
        assert!(apply(used("rand", &["proptest"])).problems.is_empty());
    }

    #[test]
    fn wildcards_are_found_unless_they_are_folders() {
        let wild = |in_a_folder| Package {
            dependencies: vec![Dependency {
                name: "serde".to_owned(),
                requirement: "*".to_owned(),
                in_a_folder,
            }],
            ..package("parser")
        };
        forbidden(wild(false), "any version of serde");
        assert!(apply(wild(true)).problems.is_empty());
    }

    #[test]
    fn other_sources_are_found() {
        let from = |source: &str| Package { source: Some(source.to_owned()), ..package("parser") };
        forbidden(from("git+https://example.org/parser#0123"), "not an allowed source");
        forbidden(from("registry+https://example.org/index"), "not an allowed source");
        assert!(apply(Package { source: None, ..package("parser") }).problems.is_empty());
    }

    #[test]
    fn several_versions_are_told() {
        let newer = Package { version: "2.0.0".to_owned(), ..package("syn") };
        let rules = Rules::parse(RULES).expect("deny.toml");
        let report = rules.apply(&[package("syn"), newer.clone()]).expect("rules");
        assert!(report.notes.contains(&"syn: 2 versions: 1.0.0, 2.0.0".to_owned()), "{report:?}");
        let rules = Rules::parse(&RULES.replace("versions = \"warn\"", "versions = \"deny\""));
        let report = rules.expect("rules").apply(&[package("syn"), newer]).expect("rules");
        assert_eq!(report.problems, ["syn: 2 versions: 1.0.0, 2.0.0"]);
    }

    #[test]
    fn settings_that_are_not_applied_here_are_refused() {
        let text = RULES.replace("[sources]", "[sources]\nrequired-git-spec = \"rev\"");
        let error = Rules::parse(&text).err().expect("an error").to_string();
        assert!(error.contains("required-git-spec"), "{error}");
    }
}
