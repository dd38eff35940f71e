//! The files in a folder that belong to a dataset, and the files of others.
//!
//! A folder may be replaced only where nothing but a dataset would be lost. So nothing here goes by
//! names that look right: a file is a dataset's own if a manifest that is whole lists it, or if it
//! is what a build that was killed at its end left: its empty lock, `build.json`, whole records of
//! shards.

use std::collections::BTreeSet;

use barloom_files::{Entry, Folder, Kind, Stat};
use serde_json::Value;

use crate::commit::begun::Begun;
use crate::commit::files::{read_text, remove};
use crate::commit::piece::PieceManifest;
use crate::commit::record::{self, Record};
use crate::commit::sealed;
use crate::names::{self, BARS, BEGUN, LOCK, MANIFEST, PIECE, SAMPLES, SHARED_BARS};
use crate::{DatasetError, Manifest, ShardRecord};

/// Foreign entries that an error names.
const NAMED: usize = 4;

/// The entries of a folder, by whose they are.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// True if the folder is a dataset, or a split one.
    pub(crate) dataset: bool,
    /// The dataset's files, by their folders.
    files: Vec<(Folder, String)>,
    /// The folders of its parts.
    parts: Vec<Folder>,
    /// Everything else, relative to the folder; of a foreign folder only its name.
    pub(crate) foreign: Vec<String>,
}

impl Contents {
    /// Tells the entries of a folder apart.
    pub(crate) fn of(dir: &Folder) -> Result<Self, DatasetError> {
        let mut contents = Self::default();
        if let Some(listing) = whole_in(dir) {
            contents.dataset = true;
            contents.add_dataset(dir, "", &listing)?;
            return Ok(contents);
        }
        let mut first: Option<Listing> = None;
        let (mut traces, mut has_bars) = (Vec::new(), false);
        for Entry { name, kind } in entries(dir)? {
            if is_trace(dir, &name) {
                traces.push(name);
                continue;
            }
            if (kind, &*name) == (Kind::File, BARS) {
                has_bars = true;
                continue;
            }
            let folder = dir.join(&name);
            let part = whole_in(&folder).filter(|m| {
                let named = m.part.as_ref() == Some(&name);
                let sibling = first.as_ref().is_none_or(|first| first.of == m.of);
                kind == Kind::Folder && named && sibling
            });
            match part {
                Some(listing) => {
                    contents.add_dataset(&folder, &format!("{name}/"), &listing)?;
                    contents.parts.push(folder);
                    first.get_or_insert(listing);
                }
                None => contents.foreign.push(shown(&name, kind)),
            }
        }
        if has_bars {
            let is_shared = first.as_ref().is_some_and(|one| one.files.contains(SHARED_BARS));
            match is_shared {
                true => contents.files.push((dir.clone(), BARS.to_owned())),
                false => contents.foreign.push(BARS.to_owned()),
            }
        }
        contents.dataset = first.is_some();
        if contents.dataset {
            contents.files.extend(traces.into_iter().map(|name| (dir.clone(), name)));
        } else {
            contents.foreign.extend(traces);
        }
        Ok(contents)
    }

    fn add_dataset(
        &mut self,
        dir: &Folder,
        prefix: &str,
        listing: &Listing,
    ) -> Result<(), DatasetError> {
        let whole = manifest_in(dir).is_some();
        for Entry { name, kind } in entries(dir)? {
            let own =
                listing.files.contains(&name) || name == MANIFEST && whole || is_trace(dir, &name);
            if kind == Kind::File && own {
                self.files.push((dir.clone(), name));
            } else {
                self.foreign.push(format!("{prefix}{}", shown(&name, kind)));
            }
        }
        Ok(())
    }

    /// The first foreign entries, for people; none without any.
    pub(crate) fn foreign_text(&self) -> Option<String> {
        let more = self.foreign.len().saturating_sub(NAMED);
        let named = self.foreign.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        match (self.foreign.is_empty(), more) {
            (true, _) => None,
            (_, 0) => Some(named),
            _ => Some(format!("{named} and {more} more")),
        }
    }
}

/// Removes a dataset from a folder, and the folder where nothing else is in it.
///
/// Returns true if the folder is gone: what no manifest lists stays, whenever it came.
///
/// # Errors
/// A file, or the folder without anything in it, cannot be removed.
pub(crate) fn remove_dataset(dir: &Folder) -> Result<bool, DatasetError> {
    let contents = Contents::of(dir)?;
    contents.files.iter().try_for_each(|(folder, name)| remove(folder, name))?;
    // A folder that holds something foreign cannot be removed, and must not be.
    for part in contents.parts.iter().chain([dir]) {
        let _ = part.join(SAMPLES).delete();
        if part.path() != dir.path() {
            let _ = part.delete();
        }
    }
    match dir.delete() {
        Ok(()) => Ok(true),
        Err(_) if entries(dir).is_ok_and(|entries| !entries.is_empty()) => Ok(false),
        Err(error) => Err(DatasetError::io(dir.path(), "remove")(error)),
    }
}

/// The first entries of a folder that no manifest lists, for people: what replacing the dataset
/// would destroy. `None` if there are none.
///
/// # Errors
/// The folder cannot be listed, or is neither a dataset nor a split one.
pub fn foreign_entries(dir: impl Into<Folder>) -> Result<Option<String>, DatasetError> {
    let dir = dir.into();
    let contents = Contents::of(&dir)?;
    if contents.dataset {
        Ok(contents.foreign_text())
    } else {
        Err(DatasetError::NotADataset(dir.path().to_path_buf()))
    }
}

/// The files that a manifest of any format lists as its own.
struct Listing {
    /// The part that it is.
    part: Option<String>,
    /// The digests of recipe and bars, the same for all parts.
    of: [String; 2],
    /// The files, but for the manifest.
    files: BTreeSet<String>,
}

impl Listing {
    fn of(manifest: &Manifest) -> Self {
        Self {
            part: manifest.part.as_ref().map(|part| part.name.clone()),
            of: [manifest.recipe_digest.clone(), manifest.market.digest.clone()],
            files: manifest.all_files().map(|file| file.name.clone()).collect(),
        }
    }

    /// The listing of a manifest of format 1, which is replaced but not read.
    fn of_format_1(text: &str) -> Option<Self> {
        let manifest: Value = serde_json::from_str(text).ok()?;
        if manifest["format_version"] != 1 || !sealed::is_whole(text) {
            return None;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let shards = manifest["shards"].as_array()?.iter();
        let lists = shards.map(|shard| &shard["files"]).chain([&manifest["files"]]);
        let mut files = BTreeSet::new();
        for list in lists {
            for file in list.as_array()? {
                files.insert(text(&file["name"]).filter(|name| names::is_in_dataset(name))?);
            }
        }
        let of = [text(&manifest["recipe_digest"])?, text(&manifest["market"]["digest"])?];
        Some(Self { part: text(&manifest["part"]["name"]), of, files })
    }
}

/// The listing of a dataset in a folder, or of a piece with the shards that it has.
fn whole_in(dir: &Folder) -> Option<Listing> {
    if let Some(listing) = manifest_in(dir) {
        return Some(listing);
    }
    let mut manifest = PieceManifest::read(dir).ok()??.manifest;
    let records =
        entries(dir).ok()?.into_iter().filter_map(|entry| names::record_number(&entry.name));
    // What only looks like a record is not the piece's.
    manifest.shards = records.filter_map(|n| Some(Record::read(dir, n).ok()?.shard)).collect();
    Some(Listing::of(&manifest))
}

/// The shards that a piece has records of.
pub(crate) fn shards_in(dir: &Folder) -> Result<Vec<ShardRecord>, DatasetError> {
    let numbers = entries(dir)?.into_iter().filter_map(|entry| names::record_number(&entry.name));
    numbers.map(|number| Ok(Record::read(dir, number)?.shard)).collect()
}

/// The listing of a folder's manifest, if it has one that is whole.
fn manifest_in(dir: &Folder) -> Option<Listing> {
    let text = read_text(dir, MANIFEST).ok()?;
    let manifest = Manifest::from_json(&text, &dir.file(MANIFEST)).ok();
    manifest.map(|manifest| Listing::of(&manifest)).or_else(|| Listing::of_format_1(&text))
}

/// Returns true if this is the lock of a build, which is empty.
fn is_lock(dir: &Folder, name: &str) -> bool {
    let empty = Stat { kind: Kind::File, bytes: 0 };
    name == LOCK && dir.storage().stat_link(&dir.file(name)).is_ok_and(|found| found == empty)
}

/// Returns true if a build writes this beside a dataset: its lock, files in the making, records of
/// shards, the mark of a piece. Some of these stay where the build was killed after its folder was
/// named.
pub(crate) fn is_trace(dir: &Folder, name: &str) -> bool {
    is_lock(dir, name)
        || record::is_record(dir, name)
        || name == BEGUN && matches!(Begun::read(dir), Ok(Some(_)))
        || name == PIECE && PieceManifest::read(dir).is_ok()
}

/// The entries of a dataset's folder, sorted by name. Those of the folder of its samples are among
/// them, with its name and a slash before theirs; the folder itself is not.
pub(crate) fn entries(dir: &Folder) -> Result<Vec<Entry>, DatasetError> {
    let list = |dir: &Folder| dir.list().map_err(DatasetError::io(dir.path(), "list"));
    let mut entries = Vec::new();
    for entry in list(dir)? {
        if entry.kind != Kind::Folder || entry.name != SAMPLES {
            entries.push(entry);
            continue;
        }
        for Entry { name, kind } in list(&dir.join(SAMPLES))? {
            entries.push(Entry { name: format!("{SAMPLES}/{name}"), kind });
        }
    }
    Ok(entries)
}

fn shown(name: &str, kind: Kind) -> String {
    if kind == Kind::Folder { format!("{name}/") } else { name.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::{FORMAT_VERSION, FileRecord, Layout, MarketRecord, PartRecord};

    /// The record of some market.
    pub(crate) fn market() -> MarketRecord {
        MarketRecord {
            digest: "m".into(),
            bars: 1,
            segments: 1,
            longest_step_ns: 0,
            first_ts: 0,
            last_ts: 0,
            symbols: vec![],
            dropped: BTreeMap::new(),
            widened: 0,
        }
    }

    /// Writes a dataset of a manifest and `bars.arrow`, which holds `text`.
    pub(crate) fn write_dataset(dir: &Path, part: Option<&str>, text: &str) {
        fs::create_dir_all(dir).unwrap();
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            semantics: crate::SEMANTICS,
            barloom_version: "0".into(),
            format: "virtual".into(),
            samples: 1,
            positions: 1,
            part: part.map(|name| PartRecord {
                index: 0,
                name: name.into(),
                start_ns: None,
                end_ns: None,
                fold: None,
            }),
            recipe_digest: "r".into(),
            recipe: serde_json::Value::Null,
            schema: Layout::of_columns(&Default::default(), Vec::new()).columns().clone(),
            scalers: Default::default(),
            market: market(),
            features: None,
            files: vec![FileRecord { name: "bars.arrow".into(), bytes: 0, checksum: "x".into() }],
            shards: vec![],
            content_digest: None,
            summary: None,
            manifest_digest: String::new(),
        };
        fs::write(dir.join("bars.arrow"), text).unwrap();
        fs::write(dir.join(MANIFEST), manifest.to_json()).unwrap();
    }

    fn foreign(dir: &Path) -> (bool, Vec<String>) {
        let contents = Contents::of(&dir.into()).unwrap();
        (contents.dataset, contents.foreign)
    }

    #[test]
    fn only_listed_files_are_a_datasets_own() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path();
        write_dataset(dir, None, "1");
        assert_eq!(foreign(dir), (true, vec![]));
        fs::create_dir(dir.join("models")).unwrap();
        fs::write(dir.join("models/best.pt"), "").unwrap();
        fs::write(dir.join("notes.md"), "").unwrap();
        assert_eq!(foreign(dir), (true, vec!["models/".to_owned(), "notes.md".to_owned()]));
        assert!(!remove_dataset(&dir.into()).unwrap());
        assert!(dir.join("models/best.pt").exists() && dir.join("notes.md").exists());
        assert!(!dir.join("bars.arrow").exists());
    }

    #[test]
    fn a_folder_with_a_dataset_in_it_is_no_split_dataset() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path();
        write_dataset(&dir.join("run1"), None, "1");
        write_dataset(&dir.join("run2"), Some("train"), "1");
        let all = vec!["run1/".to_owned(), "run2/".to_owned()];
        assert_eq!(foreign(dir), (false, all.clone()));
        write_dataset(&dir.join("train"), Some("train"), "1");
        fs::write(dir.join("train/notes.md"), "").unwrap();
        let mut all = all;
        all.push("train/notes.md".into());
        assert_eq!(foreign(dir), (true, all));
    }

    #[test]
    fn a_manifest_that_someone_else_wrote_is_none() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path();
        write_dataset(dir, None, "1");
        let path = dir.join(MANIFEST);
        let text = fs::read_to_string(&path).unwrap().replace("bars.arrow", "thesis.txt");
        fs::write(&path, text).unwrap();
        fs::write(dir.join("thesis.txt"), "").unwrap();
        assert!(!Contents::of(&dir.into()).unwrap().dataset);
        assert!(matches!(foreign_entries(dir), Err(DatasetError::NotADataset(_))));
    }
}
