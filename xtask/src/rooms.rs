//! The order of modules inside crates: each uses those that are listed before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Crates whose modules are listed, and the modules of each from the bottom up. A module is a file
/// beside `lib.rs` with the folder of its name.
pub(crate) const ROOMS: &[(&str, &[&str])] = &[(
    "market-data",
    &[
        // What depends on nothing that is read.
        "shown",
        "error",
        "origins",
        "paths",
        "damage",
        "ahead",
        "bounds",
        // What is read.
        "table",
        "places",
        "time",
        "number",
        "side",
        "names",
        "roles",
        "records",
        "rename",
        "twins",
        "panel",
        "levels",
        "foreign",
        "bars",
        // How it is read.
        "cache",
        "options",
        "adjust",
        "times",
        "join",
        // Readers, one a format, and what stands in for those that a build leaves out.
        "off",
        "text",
        "columnar",
        "databento",
        "json",
        // All of them.
        "formats",
        "kept",
        "packed",
        "source",
        "stored",
        "values",
        "attributes",
        // What is written.
        "new_folder",
        "write",
        "convert",
    ],
)];

/// The modules that each module uses, with a file that says so.
type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// Checks every crate whose modules are listed.
pub(crate) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (name, rooms) in ROOMS {
        let uses = uses(&root.join("crates").join(name).join("src"))?;
        problems.extend(out_of_order(name, rooms, &uses));
    }
    Ok(problems)
}

/// Modules that are not listed, and uses of a module by one that is listed before it: where there
/// are none, there is no circle.
fn out_of_order(name: &str, rooms: &[&str], uses: &Uses) -> Vec<String> {
    let mut problems = Vec::new();
    let place = |room: &str| rooms.iter().position(|other| *other == room);
    for room in rooms.iter().filter(|room| !uses.contains_key(**room)) {
        problems.push(format!("xtask/src/rooms.rs: crates/{name} has no module {room}: remove it"));
    }
    for (room, used) in uses {
        let Some(at) = place(room) else {
            problems.push(format!(
                "xtask/src/rooms.rs: the module {room} of crates/{name} is not listed: add it"
            ));
            continue;
        };
        for (other, file) in used {
            if place(other).is_some_and(|other| other > at) {
                problems.push(format!(
                    "crates/{name}/src/{file}: {room} uses {other}, which is above it in \
                     xtask/src/rooms.rs: move what it uses down"
                ));
            }
        }
    }
    problems
}

/// The modules of a crate, and what each uses of the others.
fn uses(src: &Path) -> Result<Uses> {
    let lib = read(&src.join("lib.rs"))?;
    let rooms: BTreeSet<String> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .filter_map(|rest| rest.strip_suffix(';').map(str::to_owned))
        .collect();
    let exported = exported(&lib, &rooms);
    let mut uses: Uses = rooms.iter().map(|room| (room.clone(), BTreeMap::new())).collect();
    for room in &rooms {
        let mut files = vec![(format!("{room}.rs"), 0)];
        list(src, room, 1, &mut files)?;
        for (file, depth) in files {
            for name in of_root(&read(&src.join(&file))?, depth) {
                let used = rooms.get(&name).or_else(|| exported.get(&name));
                if let Some(used) = used.filter(|used| *used != room)
                    && let Some(of_room) = uses.get_mut(room)
                {
                    of_room.insert(used.clone(), file.clone());
                }
            }
        }
    }
    Ok(uses)
}

/// The files of a module in its folder, and how deep they lie.
fn list(src: &Path, folder: &str, depth: usize, files: &mut Vec<(String, usize)>) -> Result<()> {
    let Ok(entries) = fs::read_dir(src.join(folder)) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let inner = format!("{folder}/{name}");
        if path.is_dir() {
            list(src, &inner, depth + 1, files)?;
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push((inner, depth));
        }
    }
    Ok(())
}

/// A source without its comments and its tests.
fn read(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
    Ok(text.lines().map(code).collect())
}

/// Names that `lib.rs` has of a module, and that module.
fn exported(lib: &str, rooms: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut exported = BTreeMap::new();
    for part in lib.split("use ").skip(1) {
        let Some((path, _)) = part.split_once(';') else { continue };
        let Some((room, names)) = path.split_once("::") else { continue };
        if rooms.contains(room) {
            for name in names.split(|c: char| !is_of_name(c)).filter(|name| !name.is_empty()) {
                exported.insert(name.to_owned(), room.to_owned());
            }
        }
    }
    exported
}

/// The first names of all paths that begin at the crate's root, in a file that lies so deep.
fn of_root(text: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    for root in ["crate::".to_owned(), "super::".repeat(depth + 1)] {
        for (at, _) in text.match_indices(&root) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| is_of_name(c) || c == ':') {
                continue;
            }
            names.extend(first_names(&text[at + root.len()..]));
        }
    }
    names
}

/// The first name of a path, or of each path in braces.
fn first_names(path: &str) -> Vec<String> {
    let first = |path: &str| path.chars().take_while(|c| is_of_name(*c)).collect::<String>();
    let Some(inside) = path.strip_prefix('{') else { return vec![first(path)] };
    let mut names = Vec::new();
    let (mut open, mut begins) = (1, true);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 1 => begins = true,
            c if begins && is_of_name(c) => {
                names.push(first(&inside[at..]));
                begins = false;
            }
            _ => {}
        }
        if open == 0 {
            break;
        }
    }
    names
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_the_root_are_found() {
        let text = "use crate::a;\nuse crate::{b::{c, d}, e::F, G};\nlet x = crate::h::i();\n\
                    use other::crate::no;\nuse super::j;\nuse super::super::k;\n";
        let found = |depth| of_root(text, depth).join(" ");
        assert_eq!(found(0), "a b e G h j super");
        assert_eq!(found(1), "a b e G h k");
    }

    #[test]
    fn what_the_root_exports_is_of_its_module() {
        let rooms: BTreeSet<String> = ["a", "b"].map(str::to_owned).into();
        let lib =
            "mod a;\nmod b;\npub use a::{One, two};\npub use b::Three;\npub use other::Four;\n";
        let found = exported(lib, &rooms);
        let found: Vec<_> = found.iter().map(|(name, room)| format!("{name} {room}")).collect();
        assert_eq!(found, ["One a", "Three b", "two a"]);
    }

    #[test]
    fn uses_upwards_and_modules_that_are_not_listed_are_told() {
        let uses = |pairs: &[(&str, &str)]| -> Uses {
            let mut uses: Uses =
                ["a", "b", "c"].map(|room| (room.to_owned(), BTreeMap::new())).into();
            for (room, other) in pairs {
                uses.get_mut(*room).unwrap().insert((*other).to_owned(), format!("{room}.rs"));
            }
            uses
        };
        let rooms = ["a", "b", "c"];
        let told = |pairs, rooms: &[&str]| out_of_order("x", rooms, &uses(pairs));
        assert!(told(&[("b", "a"), ("c", "a"), ("c", "b")], &rooms).is_empty());
        let [problem] = &told(&[("b", "a"), ("a", "b")], &rooms)[..] else { panic!("a circle") };
        assert!(problem.starts_with("crates/x/src/a.rs: a uses b, which is above"), "{problem}");
        assert!(told(&[], &rooms[..2])[0].contains("module c of crates/x is not listed"));
        assert!(told(&[], &["a", "b", "c", "d"])[0].contains("has no module d"));
    }

    /// The graph that is looked at is the whole one.
    #[test]
    fn the_modules_of_market_data_are_found() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/market-data/src");
        let uses = uses(&src).unwrap();
        assert!(uses["source"].contains_key("packed") && uses["packed"].contains_key("text"));
        assert!(uses["text"].contains_key("error"), "by a name that the root exports");
        assert!(uses["text"].contains_key("levels"), "in a folder");
        assert!(uses.values().map(BTreeMap::len).sum::<usize>() > 80);
    }
}
