//! The drawing and the list of the crates in docs/architecture.md, made from the manifests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata};

use crate::layers::LAYERS;

const PAGE: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- crates: written by `cargo xtask tidy --write` from the manifests -->\n";
const END: &str = "<!-- end of crates -->\n";

/// A crate as its manifest describes it.
pub(crate) struct Crate {
    pub(crate) name: String,
    description: String,
    /// The crates of the workspace that it is built with.
    pub(crate) below: Vec<String>,
}

/// The crates of `crates/`, in the order of the layers; new ones last.
pub(crate) fn crates(metadata: &Metadata) -> Vec<Crate> {
    let folder = |name: &str| name.strip_prefix("barloom-").unwrap_or(name).to_owned();
    let order: BTreeMap<_, _> = LAYERS.iter().zip(0..).map(|((name, _), at)| (*name, at)).collect();
    let place = |name: &str| order.get(name).copied().unwrap_or(order.len());
    let mut crates = Vec::new();
    for package in metadata.workspace_packages() {
        let name = folder(&package.name);
        if ["xtask", "benches", "fuzz"].contains(&name.as_str()) {
            continue;
        }
        let normal = package.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal);
        let mut below: Vec<_> =
            normal.filter(|one| one.path.is_some()).map(|one| folder(&one.name)).collect();
        below.sort_by_key(|name| place(name));
        below.dedup();
        let description = package.description.clone().unwrap_or_default();
        crates.push(Crate { name, description, below });
    }
    crates.sort_by_key(|one| (place(&one.name), one.name.clone()));
    crates
}

/// Writes the drawing into the page where it is not as the manifests say, or tells so.
pub(crate) fn page(root: &Path, crates: &[Crate], write: bool) -> Result<Vec<String>> {
    let path = root.join(PAGE);
    let text = fs::read_to_string(&path).context(PAGE)?;
    let wanted = replaced(&text, &drawing(crates))?;
    if text == wanted {
        return Ok(Vec::new());
    }
    if write {
        fs::write(&path, wanted)?;
        println!("tidy: wrote {PAGE}");
        return Ok(Vec::new());
    }
    Ok(vec![format!(
        "{PAGE}: the drawing is not of these manifests: run `cargo xtask tidy --write`"
    )])
}

/// The page with another drawing between the marks.
fn replaced(text: &str, drawing: &str) -> Result<String> {
    let parts = text.split_once(BEGIN).and_then(|(before, after)| {
        let (_, after) = after.split_once(END)?;
        Some(format!("{before}{BEGIN}{drawing}{END}{after}"))
    });
    parts.with_context(|| format!("{PAGE}: expected {BEGIN:?} and then {END:?}"))
}

/// A Mermaid graph without the arrows that follow from others, and a row for each crate.
fn drawing(crates: &[Crate]) -> String {
    let mut text = "\n```mermaid\ngraph BT\n".to_owned();
    for one in crates {
        _ = writeln!(text, "    {}", one.name);
    }
    for one in crates {
        for below in direct(crates, one) {
            _ = writeln!(text, "    {below} --> {}", one.name);
        }
    }
    text += "```\n\nArrows go from a crate to those built on it; arrows that follow from others are left \
             out.\n\n| crate | purpose | built on |\n|---|---|---|\n";
    for one in crates {
        let below: Vec<_> = one.below.iter().map(|name| format!("`{name}`")).collect();
        let below = if below.is_empty() { "-".to_owned() } else { below.join(", ") };
        _ = writeln!(text, "| `{}` | {} | {below} |", one.name, one.description);
    }
    text.push('\n');
    text
}

/// The crates below one that are not below another crate that it is built on.
fn direct<'a>(crates: &'a [Crate], one: &'a Crate) -> Vec<&'a str> {
    let others =
        |name: &str| one.below.iter().any(|other| other != name && reaches(crates, other, name));
    one.below.iter().map(String::as_str).filter(|name| !others(name)).collect()
}

fn reaches(crates: &[Crate], from: &str, to: &str) -> bool {
    let below = crates.iter().find(|one| one.name == from).map_or(&[][..], |one| &one.below);
    below.iter().any(|name| name == to || reaches(crates, name, to))
}

/// Every crate has a line that describes it.
pub(crate) fn described(crates: &[Crate]) -> Vec<String> {
    let bare = |text: &str| text.is_empty() || text.contains(['|', '\n']) || text.ends_with('.');
    crates
        .iter()
        .filter(|one| bare(&one.description))
        .map(|one| {
            format!(
                "crates/{}/Cargo.toml: description: expected one line without a full stop",
                one.name
            )
        })
        .collect()
}

/// The layers allow what the manifests use and no more.
pub(crate) fn unused_layers(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, allowed) in LAYERS {
        let Some(one) = crates.iter().find(|one| one.name == *name) else {
            problems.push(format!("xtask/src/layers.rs: {name}: no such crate: remove it"));
            continue;
        };
        for below in allowed.iter().filter(|below| !one.below.iter().any(|name| name == *below)) {
            problems.push(format!(
                "xtask/src/layers.rs: {name}: its manifest does not name {below}: remove it"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> Vec<Crate> {
        [("a", &[][..]), ("b", &["a"]), ("c", &["a", "b"])]
            .map(|(name, below)| Crate {
                name: name.to_owned(),
                description: format!("The crate {name}"),
                below: below.iter().map(|&name| name.to_owned()).collect(),
            })
            .into()
    }

    #[test]
    fn arrows_that_follow_from_others_are_left_out() {
        let text = drawing(&house());
        assert!(text.contains("a --> b\n    b --> c\n```"), "{text}");
        assert!(text.contains("| `c` | The crate c | `a`, `b` |"), "{text}");
    }

    #[test]
    fn another_manifest_is_another_page() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("docs")).expect("a folder");
        let path = root.path().join(PAGE);
        fs::write(&path, format!("# Page\n{BEGIN}{END}Text.\n")).expect("a file");
        let mut house = house();
        assert_eq!(page(root.path(), &house, false).expect("a page").len(), 1);
        assert!(page(root.path(), &house, true).expect("a page").is_empty());
        assert!(page(root.path(), &house, false).expect("a page").is_empty());
        house[0].description = "Another".to_owned();
        assert_eq!(page(root.path(), &house, false).expect("a page").len(), 1);
        let text = fs::read_to_string(path).expect("a page");
        assert!(text.starts_with("# Page\n") && text.ends_with("Text.\n"), "{text}");
    }

    #[test]
    fn descriptions_are_lines() {
        let mut house = house();
        assert!(described(&house).is_empty());
        house[1].description.clear();
        assert_eq!(described(&house).len(), 1);
    }
}
