//! Leftovers of stopped builds in the folders that they built in, and when they may be cleared.
//!
//! The rule: a folder is cleared only where its `build.json` says that a build made it, or where it
//! holds nothing but what a build writes before it writes that file. One that holds a manifest or
//! `piece.json`, which come last, is cleared only where its `build.json` also says that it was
//! built in under the very name that it has now: a dataset whose build was killed once it had its
//! name may hold a `build.json` too, but of a folder of another name. So no dataset is cleared,
//! whatever its name. Nothing else in this crate removes a folder that it did not just replace: see
//! [`ownership`](crate::commit::ownership) for those.

use barloom_files::{Entry, Folder, Kind};

use crate::DatasetError;
use crate::commit::begun::Begun;
use crate::commit::files::remove;
use crate::commit::ownership::entries;
use crate::names::{self, BEGUN, LOCK, MANIFEST, PIECE, SAMPLES, is_build_file, is_written_first};

/// A choice of what happens to the leftovers of a stopped build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// Whole shards stay, for a build that goes on.
    Kept,
    /// It is cleared, unless there are whole shards.
    ClearedUnlessWhole,
    /// It is cleared.
    Cleared,
}

/// Refuses a folder with anything in it that no stopped build left there.
///
/// # Errors
/// [`DatasetError::InTheWay`] for what no build writes; [`DatasetError::HoldsDataset`] for a
/// dataset, a piece or whole shards that no `build.json` says to be of a stopped build.
pub(crate) fn check(dir: &Folder) -> Result<(), DatasetError> {
    let made_by = if !dir.has_file(BEGUN) {
        MadeBy::Unknown
    } else if matches!(Begun::read(dir), Ok(Some(begun)) if begun.is_of_folder(dir)) {
        MadeBy::BuildOfThisName
    } else {
        MadeBy::Build
    };
    let made = Made::of(dir);
    for Entry { name, kind } in entries(dir)? {
        match kind {
            Kind::File if name == LOCK => {}
            Kind::File => check_file(dir, dir, &name, made_by, &made)?,
            Kind::Folder if !made.has_part(&name) => {
                return Err(DatasetError::InTheWay(dir.file(&name)));
            }
            Kind::Folder => {
                let part = dir.join(&name);
                for Entry { name, kind } in entries(&part)? {
                    if kind != Kind::File {
                        return Err(DatasetError::InTheWay(part.file(&name)));
                    }
                    check_file(dir, &part, &name, made_by, &made)?;
                }
            }
            Kind::Link | Kind::Other => return Err(DatasetError::InTheWay(dir.file(&name))),
        }
    }
    Ok(())
}

/// The parts and labels of the dataset that is built in a folder, as its `build.json` says.
struct Made {
    parts: Parts,
    /// The labels, which have files of their own; empty where it cannot be read.
    labels: Vec<String>,
}

/// The folders of parts in a folder that is built in.
enum Parts {
    /// Its `build.json` cannot be read: any folder may be a part's.
    Any,
    /// Those of these names.
    Named(Vec<String>),
    /// Those of roles of folds.
    Folds,
}

impl Made {
    fn of(dir: &Folder) -> Self {
        let begun = Begun::read(dir).ok().flatten();
        let parts = match &begun {
            None => Parts::Any,
            Some(begun) if begun.has_folds() => Parts::Folds,
            Some(begun) => Parts::Named(begun.part_names()),
        };
        Self { parts, labels: begun.map(|begun| begun.labels).unwrap_or_default() }
    }

    /// Tells whether a folder of this name may be a part's.
    fn has_part(&self, name: &str) -> bool {
        let is_known = match &self.parts {
            Parts::Any => true,
            Parts::Named(parts) => parts.iter().any(|part| part == name),
            Parts::Folds => names::is_fold(name),
        };
        !name.contains('/') && is_known
    }

    /// Tells whether a file of this name may be of the build.
    fn has_file(&self, name: &str) -> bool {
        is_build_file(name, &self.labels)
    }
}

/// The purpose of a folder, as its `build.json` says it.
#[derive(Clone, Copy)]
enum MadeBy {
    /// There is none.
    Unknown,
    /// A build did, perhaps under another name.
    Build,
    /// A build did, under this name.
    BuildOfThisName,
}

fn check_file(
    dir: &Folder,
    folder: &Folder,
    name: &str,
    made_by: MadeBy,
    made: &Made,
) -> Result<(), DatasetError> {
    if !made.has_file(name) {
        return Err(DatasetError::InTheWay(folder.file(name)));
    }
    let is_leftover = match made_by {
        MadeBy::Unknown => is_written_first(name),
        MadeBy::Build => ![MANIFEST, PIECE].contains(&name),
        MadeBy::BuildOfThisName => true,
    };
    if !is_leftover {
        let (dir, found) = (dir.path().to_path_buf(), folder.file(name));
        return Err(DatasetError::HoldsDataset { dir, found });
    }
    Ok(())
}

/// Removes the files of a build from its folder, and the folders of its parts, but for the lock.
/// What else came there stays, and the folders that it is in.
///
/// # Errors
/// A file cannot be removed.
pub(crate) fn clear(dir: &Folder) -> Result<(), DatasetError> {
    clear_of(dir, &Made::of(dir))
}

/// As [`clear`], of a folder in which a part or all of this dataset is built.
fn clear_of(dir: &Folder, made: &Made) -> Result<(), DatasetError> {
    for Entry { name, kind } in entries(dir)? {
        match kind {
            Kind::Folder if made.has_part(&name) => {
                let part = dir.join(&name);
                // The labels of a part are those of all.
                clear_of(&part, &Made { labels: made.labels.clone(), ..Made::of(&part) })?;
                // One that holds something else cannot be removed, and must not be.
                let _ = part.delete();
            }
            // What says that the folder may be cleared goes last.
            Kind::File if made.has_file(&name) && name != BEGUN => remove(dir, &name)?,
            _ => {}
        }
    }
    let _ = dir.join(SAMPLES).delete();
    if dir.has_file(BEGUN) { remove(dir, BEGUN) } else { Ok(()) }
}

/// Counts the whole shards, those with records, in a build's folder and those of its parts.
pub(crate) fn whole_shards(dir: &Folder) -> Result<usize, DatasetError> {
    let mut count = 0;
    for Entry { name, kind } in entries(dir)? {
        count += match kind {
            Kind::Folder => whole_shards(&dir.join(name))?,
            _ => usize::from(names::record_number(&name).is_some()),
        };
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::commit::ownership::tests::write_dataset;

    fn check(dir: &Path) -> Result<(), DatasetError> {
        super::check(&dir.into())
    }

    fn names(dir: &Path) -> Vec<String> {
        entries(&dir.into()).unwrap().into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn datasets_are_never_leftovers() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("x.incomplete");
        for part in [None, Some("train")] {
            write_dataset(&part.map_or(dir.clone(), |part| dir.join(part)), part, "1");
            assert!(matches!(check(&dir), Err(DatasetError::HoldsDataset { .. })), "{part:?}");
            fs::remove_dir_all(&dir).unwrap();
        }
        // Read or not: of a later version, damaged, or without its manifest.
        for name in ["manifest.json", "piece.json", "shard-00000.json", "samples/00000.parquet"] {
            fs::create_dir_all(dir.join("samples")).unwrap();
            fs::write(dir.join(name), "").unwrap();
            let Err(DatasetError::HoldsDataset { found, .. }) = check(&dir) else {
                panic!("{name} is of a dataset");
            };
            assert_eq!(found, dir.join(name));
            fs::write(dir.join(BEGUN), "").unwrap();
            assert_eq!(check(&dir).is_ok(), !name.ends_with("t.json") && name != PIECE, "{name}");
            fs::remove_dir_all(&dir).unwrap();
        }
    }

    /// A build that was killed when its folder had its name, and before it removed its
    /// `build.json`.
    #[test]
    fn a_dataset_with_a_build_json_is_no_leftover() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("x.incomplete");
        let built_in = root.path().join("x.incomplete.incomplete");
        for part in [None, Some("train")] {
            let folder = part.map_or(built_in.clone(), |part| built_in.join(part));
            write_dataset(&folder, part, "1");
            let text = fs::read_to_string(folder.join(MANIFEST)).unwrap();
            let manifest = crate::Manifest::from_json(&text, &folder).unwrap();
            let recipe = serde_json::json!({ "split": { "part": [{ "name": "train" }] } });
            Begun::new(recipe, manifest.market, None, &[]).write(&(&built_in).into()).unwrap();
            check(&built_in).unwrap();
            fs::rename(&built_in, &dir).unwrap();
            assert!(matches!(check(&dir), Err(DatasetError::HoldsDataset { .. })), "{part:?}");
            fs::remove_dir_all(&dir).unwrap();
        }
    }

    #[test]
    fn a_folder_that_is_no_part_is_in_the_way() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("x.incomplete");
        for mine in ["samples/mine", "mine"] {
            write_dataset(&dir, None, "1");
            fs::remove_file(dir.join("manifest.json")).unwrap();
            let recipe = serde_json::json!({ "split": { "part": [{ "name": "train" }] } });
            let market = crate::commit::ownership::tests::market();
            Begun::new(recipe, market, None, &[]).write(&Folder::from(&dir)).unwrap();
            fs::create_dir(dir.join("train")).unwrap();
            check(&dir).unwrap();
            write_dataset(&dir.join(mine), None, "1");
            assert!(matches!(check(&dir), Err(DatasetError::InTheWay(_))), "{mine}");
            clear(&Folder::from(&dir)).unwrap();
            assert!(dir.join(mine).join("manifest.json").exists(), "{mine}");
            fs::remove_dir_all(&dir).unwrap();
        }
    }

    #[test]
    fn what_is_cleared_is_a_builds() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path();
        fs::create_dir_all(dir.join("train/samples")).unwrap();
        fs::create_dir(dir.join("test")).unwrap();
        for name in ["build.json", "train/samples/00000.parquet.tmp", "test/bars.arrow"] {
            fs::write(dir.join(name), "").unwrap();
        }
        check(dir).unwrap();
        // It came after the check.
        fs::write(dir.join("train/notes.md"), "mine").unwrap();
        clear(&dir.into()).unwrap();
        assert_eq!(names(dir), ["train"]);
        assert_eq!(names(&dir.join("train")).len(), 1);
    }
}
