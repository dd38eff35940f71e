//! Words of messages: a crate names its own fields, a recipe adds the path, the command line its
//! flags.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Crates that know no recipe, so that their messages name fields without the path.
const WITHOUT_RECIPES: &[&str] = &[
    "schema",
    "memory",
    "files",
    "columnar",
    "bars",
    "reading",
    "market-store",
    "market-data",
    "doctor",
    "sampling",
    "windows",
    "scaling",
    "rewards",
    "backend",
    "backend-cpu",
    "backend-cuda",
    "loader",
];

/// The tables of a recipe.
const TABLES: &[&str] = &["data", "dataset", "reward", "sampling", "scaling", "split", "output"];

/// The crate of the command line, and the text of a commented recipe, which names its flags.
const WITH_FLAGS: &[&str] = &["crates/orchestrator/", "crates/recipe/src/init.rs"];

/// Tells of sources whose messages say more than their crate knows.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn problems(root: &Path, tracked: &[String]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in tracked {
        let Some((name, rest)) = file.strip_prefix("crates/").and_then(|f| f.split_once('/'))
        else {
            continue;
        };
        if !rest.starts_with("src/") || !rest.ends_with(".rs") {
            continue;
        }
        let text = fs::read_to_string(root.join(file)).with_context(|| file.clone())?;
        let without_recipes = WITHOUT_RECIPES.contains(&name);
        let with_flags = WITH_FLAGS.iter().any(|place| file.starts_with(place));
        let lines = text.lines().enumerate().filter(|(_, line)| !is_comment(line));
        for (line, text) in lines.map(|(index, text)| (index + 1, text)) {
            if let Some(path) = recipe_path(text).filter(|_| without_recipes) {
                problems.push(format!(
                    "{file}:{line}: a message begins with {path}, a path of a recipe; name the field, \
                     and let crates/recipe or crates/plan add the path"
                ));
            }
            if let Some(flag) = flag(text).filter(|_| !with_flags) {
                problems.push(format!(
                    "{file}:{line}: it names {flag}, a flag of the command line; use a Setting of \
                     crates/engine/src/advice.rs"
                ));
            }
        }
    }
    Ok(problems)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The path of a recipe that a text in quotes begins with: `reward.fee_bps`.
fn recipe_path(line: &str) -> Option<&str> {
    line.split('"').skip(1).step_by(2).find_map(|text| {
        let (table, key) = text.split_once('.')?;
        let is_key = key.starts_with(|c: char| c.is_ascii_lowercase() || c == '{');
        let end = text.find([' ', ':']).unwrap_or(text.len());
        (TABLES.contains(&table) && is_key).then(|| &text[..end])
    })
}

/// The flag that a line names: `--out`.
fn flag(line: &str) -> Option<&str> {
    line.match_indices("--").find_map(|(at, _)| {
        let name = &line[at + 2..];
        let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(name.len());
        let alone =
            !line[..at].ends_with('-') && name.starts_with(|c: char| c.is_ascii_lowercase());
        alone.then(|| &line[at..at + 2 + end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_flags_are_found() {
        assert_eq!(recipe_path(r#"error("reward.fee_bps", got)"#), Some("reward.fee_bps"));
        assert_eq!(recipe_path(r#"#[error("data.csv.{key}: {problem}")]"#), Some("data.csv.{key}"));
        assert_eq!(recipe_path(r#"error("fee_bps", reward.fee_bps)"#), None);
        assert_eq!(recipe_path(r#""data are missing.""#), None);
        assert_eq!(flag(r#""give --overwrite""#), Some("--overwrite"));
        assert_eq!(flag("         --chunk-rows, or"), Some("--chunk-rows"));
        assert_eq!(flag("let a = b - -c; // ---x"), None);
        assert_eq!(flag("0--1"), None);
    }
}
