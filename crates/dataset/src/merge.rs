//! Joining the pieces of a dataset that were built apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use barloom_files::{Folder, Transfer, Watch};
use barloom_recipe::{Format, Recipe};
use serde_json::Value;

use crate::build::MOST_SHARDS;
use crate::commit::begun::{Begun, difference, write_valid};
use crate::commit::files::{check_file, create_samples, read_text, sync_dataset, take_file};
use crate::commit::leftovers::Leftovers;
use crate::commit::ownership::{entries, remove_dataset};
use crate::commit::piece::{self, PieceManifest};
use crate::commit::record;
use crate::commit::resume::{Joined, Shards};
use crate::commit::staging::Staging;
use crate::names::{self, MANIFEST, RECIPE, SHARED_BARS};
use crate::parallel::in_parallel;
use crate::read::missing_folds;
use crate::summary::Gather;
use crate::{BuiltPart, Dataset, DatasetError, Layout, Manifest};

/// Joins pieces into the dataset that one build would have made, to the byte.
///
/// Sizes and checksums of all files are checked. Pieces are gone once the dataset has its name, but
/// for [`keep`](Merge::keep), and as they were if it does not get one.
pub struct Merge {
    /// The folders of the pieces, in any order.
    pub pieces: Vec<Folder>,
    /// The dataset's folder, of the pieces' storage.
    pub out: Folder,
    /// True if an existing dataset may be replaced.
    pub overwrite: bool,
    /// True if pieces stay, and their files are copied.
    pub keep: bool,
    /// The number of threads that check files.
    pub threads: usize,
    /// The caller's view: receives the number of samples joined, and stops the merge.
    pub watch: Watch,
}

/// The pieces of one part, by their numbers.
struct PartPieces {
    manifest: Manifest,
    count: u64,
    dirs: BTreeMap<u64, Folder>,
}

impl Merge {
    /// Joins them.
    ///
    /// # Errors
    /// They are of different datasets, one is missing, damaged or there twice, or the output is
    /// there or cannot be written.
    pub fn run(self) -> Result<Vec<BuiltPart>, DatasetError> {
        let parts = self.parts()?;
        let leftovers =
            if self.overwrite { Leftovers::Cleared } else { Leftovers::ClearedUnlessWhole };
        let mut staging = Staging::create(&self.out, self.overwrite, leftovers)?;
        let joined = self.join_all(&parts, staging.dir());
        let done = joined.and_then(|built| staging.commit().map(|()| built));
        let built = done.map_err(|error| staging.leave(error))?;
        if !self.keep {
            self.remove_pieces();
        }
        Ok(built)
    }

    /// Removes what the dataset has now. Whatever else is in the folders of pieces stays.
    fn remove_pieces(&self) {
        for piece in &self.pieces {
            // The dataset may have taken the place of one.
            if piece::find(piece).is_ok_and(|found| found.is_empty()) {
                continue;
            }
            let why = match remove_dataset(piece) {
                Ok(true) => continue,
                Ok(false) => "something else is in it".to_owned(),
                Err(error) => error.message(),
            };
            let (piece, out) = (piece.display(), self.out.display());
            tracing::warn!(
                "{piece} could not be removed completely ({why}); {out} has all its \
                files"
            );
        }
    }

    /// All pieces, by part.
    fn parts(&self) -> Result<Vec<PartPieces>, DatasetError> {
        let mut parts: Vec<PartPieces> = Vec::new();
        for folder in &self.pieces {
            let found = piece::find(folder)?;
            if found.is_empty() {
                let what = if folder.has(MANIFEST).unwrap_or(false) {
                    "a complete dataset, not a piece"
                } else {
                    "neither a dataset nor a piece"
                };
                let path = folder.path().to_path_buf();
                return Err(DatasetError::NotAPiece { path, what });
            }
            for (dir, PieceManifest { piece, manifest, .. }) in found {
                let of = |part: &PartPieces| part.manifest.part == manifest.part;
                let Some(part) = parts.iter_mut().find(|part| of(part)) else {
                    let dirs = BTreeMap::from([(piece.index(), dir)]);
                    parts.push(PartPieces { manifest, count: piece.count(), dirs });
                    continue;
                };
                part.add(piece.index(), piece.count(), &manifest, dir)?;
            }
        }
        let Some(first) = parts.first() else {
            return Err(refused("no piece was given; give the folders of all pieces".to_owned()));
        };
        for part in &parts {
            same(
                &first.manifest,
                first.any()?.path(),
                &part.manifest,
                part.any()?.path(),
                if part.manifest.bars() == SHARED_BARS { &ACROSS_FOLDS } else { &ACROSS_PARTS },
            )?;
            part.check_complete()?;
        }
        let names = first.manifest.recipe["split"]["part"].as_array().into_iter().flatten();
        for name in names.filter_map(|part| part["name"].as_str()) {
            let of =
                |part: &PartPieces| part.manifest.part.as_ref().is_some_and(|p| p.name == name);
            if !parts.iter().any(of) {
                return Err(refused(format!(
                    "no piece of part {name} was given; give all of them"
                )));
            }
        }
        let folds = parts.iter().filter_map(|part| part.manifest.part.as_ref()?.fold.as_ref());
        if let Some(name) = missing_folds(&folds.collect::<Vec<_>>()) {
            return Err(refused(format!("no piece of {name} was given; give all of them")));
        }
        parts.sort_by_key(|part| part.manifest.part.as_ref().map(|part| part.index));
        Ok(parts)
    }

    fn join_all(
        &self,
        parts: &[PartPieces],
        staging: &Folder,
    ) -> Result<Vec<BuiltPart>, DatasetError> {
        if let Some(PartPieces { manifest, .. }) = parts.first() {
            // A merge that is stopped leaves a folder that the next one may clear.
            let fields = manifest.schema.fields();
            Begun::new(manifest.recipe.clone(), manifest.market.clone(), None, fields)
                .write(staging)?;
        }
        parts.iter().map(|part| self.join(part, staging)).collect()
    }

    fn join(&self, part: &PartPieces, staging: &Folder) -> Result<BuiltPart, DatasetError> {
        let name = part.manifest.part.as_ref().map(|part| &part.name);
        let in_part = |dir: &Folder| name.map_or_else(|| dir.clone(), |name| dir.join(name));
        let dir = in_part(staging);
        dir.create().map_err(DatasetError::io(dir.path(), "create"))?;
        let from = part.any()?;
        let how = self.how();
        for file in &part.manifest.files {
            // All folds share their bars, so that they may be there.
            match file.name == SHARED_BARS && dir.has_file(SHARED_BARS) {
                true => check_file(&dir, file, &self.watch)?,
                false => take_file(how, from, &dir, file, &self.watch)?,
            }
        }
        let (path, text) = (from.file(RECIPE), read_text(from, RECIPE)?);
        let recipe = Recipe::from_toml(&text, &path.to_string_lossy())?;
        let layout = Layout::of_manifest(&part.manifest, &recipe);
        if recipe.output.format != Format::Virtual {
            create_samples(&dir)?;
        }
        let (samples, identity) = (part.manifest.samples, &part.manifest.identity());
        let shards = Shards { layout: &layout, output: &recipe.output, samples };
        if shards.count() > MOST_SHARDS {
            let (count, most) = (shards.count(), MOST_SHARDS);
            return Err(DatasetError::TooManyShards { samples, count, most });
        }
        let numbers: Vec<u64> = (0..shards.count()).collect();
        part.check_holes(&numbers)?;
        let totals = Mutex::new(Gather::of(&layout));
        let take = |number: u64| {
            let record = self.take(part, &shards, number, identity, &dir)?;
            let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
            Ok((record.into_built(&mut totals), ()))
        };
        let take = |numbers: &[u64]| numbers.iter().map(|number| take(*number)).collect();
        let stop = AtomicBool::new(false);
        let built = in_parallel(&numbers, self.threads.into(), &stop, take, |()| Ok(()))?;
        let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut manifest = part.manifest.clone();
        Joined::new(&layout, totals, built).put_into(&mut manifest);
        // The names of shards must stay before the file that makes them a dataset may.
        sync_dataset(&dir)?;
        write_valid(&dir, MANIFEST, &manifest.to_json())?;
        sync_dataset(&dir)?;
        let manifest = Dataset::open_in(&dir)?.manifest().clone();
        Ok(BuiltPart {
            path: in_part(&self.out).path().to_path_buf(),
            manifest,
            piece: None,
            made: 0,
        })
    }

    fn how(&self) -> Transfer {
        if self.keep { Transfer::Copy } else { Transfer::Share }
    }

    /// Takes a shard's files over.
    fn take(
        &self,
        part: &PartPieces,
        shards: &Shards<'_>,
        number: u64,
        identity: &str,
        dir: &Folder,
    ) -> Result<record::Record, DatasetError> {
        if (self.watch.stop)() {
            return Err(DatasetError::Stopped);
        }
        let from = &part.dirs[&(number % part.count)];
        let record = shards.record(from, number, identity)?;
        let take = |file| take_file(self.how(), from, dir, file, &self.watch);
        record.shard.files.iter().try_for_each(take)?;
        (self.watch.progress)(record.shard.rows);
        Ok(record)
    }
}

/// Missing pieces that an error names.
const NAMED: usize = 32;

/// The keys that may differ between the parts of a split.
const ACROSS_PARTS: [&str; 4] = ["part", "samples", "positions", "files"];

/// The keys that may differ between the roles of folds.
const ACROSS_FOLDS: [&str; 5] = ["part", "samples", "positions", "files", "scalers"];

/// The keys of a manifest that follow from its other keys.
const SHOWING: [&str; 2] = ["files", "recipe_digest"];

impl PartPieces {
    /// The folder of the first piece that there is.
    fn any(&self) -> Result<&Folder, DatasetError> {
        self.dirs.values().next().ok_or_else(|| refused("no piece is named".to_owned()))
    }

    fn add(
        &mut self,
        index: u64,
        count: u64,
        manifest: &Manifest,
        dir: Folder,
    ) -> Result<(), DatasetError> {
        same(&self.manifest, self.any()?.path(), manifest, dir.path(), &[])?;
        let (first, all) = (self.any()?.display(), self.count);
        if count != all {
            return Err(refused(format!(
                "{first} is one of {all} pieces, and {} one of {count}",
                dir.display()
            )));
        }
        if let Some(twice) = self.dirs.get(&index) {
            let (a, b) = (twice.display(), dir.display());
            return Err(refused(format!("piece {index} of {all} was given twice: {a} and {b}")));
        }
        self.dirs.insert(index, dir);
        Ok(())
    }

    fn check_complete(&self) -> Result<(), DatasetError> {
        let missing = self.count - self.dirs.len() as u64;
        if missing == 0 {
            return Ok(());
        }
        let first: Vec<String> = (0..self.count)
            .filter(|index| !self.dirs.contains_key(index))
            .map(|index| index.to_string())
            .take(NAMED)
            .collect();
        let more = match missing - first.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let part = self.manifest.part.as_ref();
        let part = part.map_or(String::new(), |part| format!(" of part {}", part.name));
        Err(refused(format!(
            "of {} pieces{part} these are missing (counted from 0): {}{more}",
            self.count,
            first.join(", ")
        )))
    }

    /// Every piece has the shards that are its own and no others.
    fn check_holes(&self, numbers: &[u64]) -> Result<(), DatasetError> {
        for (index, dir) in &self.dirs {
            let ours: BTreeSet<u64> =
                numbers.iter().copied().filter(|number| number % self.count == *index).collect();
            let found: BTreeSet<u64> =
                entries(dir)?.iter().filter_map(|e| names::record_number(&e.name)).collect();
            let told = |number: &u64, what: &str| {
                refused(format!("{}: {} is {what}", dir.display(), names::record(*number)))
            };
            if let Some(missing) = ours.difference(&found).next() {
                return Err(told(missing, "missing"));
            }
            if let Some(more) = found.difference(&ours).next() {
                return Err(told(more, "of a shard of another piece"));
            }
        }
        Ok(())
    }
}

/// Returns true if two manifests are of the same dataset, except for some keys.
fn same(
    a: &Manifest,
    a_dir: &Path,
    b: &Manifest,
    b_dir: &Path,
    but: &[&str],
) -> Result<(), DatasetError> {
    let without = |manifest: &Manifest, keys: &[&str]| {
        let mut value = serde_json::to_value(manifest).unwrap_or_default();
        for key in keys.iter().chain(but) {
            value[*key] = Value::Null;
        }
        value
    };
    // What differs for itself, rather than what only shows that something does.
    let told = difference(&without(a, &SHOWING), &without(b, &SHOWING), "");
    match told.or_else(|| difference(&without(a, &[]), &without(b, &[]), "")) {
        None => Ok(()),
        Some(difference) => Err(refused(format!(
            "{} and {} are pieces of different datasets: {difference}",
            a_dir.display(),
            b_dir.display()
        ))),
    }
}

fn refused(problem: String) -> DatasetError {
    DatasetError::Pieces { problem }
}
