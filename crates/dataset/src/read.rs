//! Opening a dataset.

use std::io;
use std::path::Path;
use std::sync::Arc;

use barloom_backend::Backend;
use barloom_bars::Market;
use barloom_files::{Folder, Kind, Watch};
use barloom_market_store::{MarketStoreError, market_of_bytes};
use barloom_plan::{Plan, Planner};
use barloom_recipe::{Format, Recipe, SplitSettings};
use barloom_splits::{Part, Role};

use crate::commit::begun::Begun;
use crate::commit::files::{check_file, read_text};
use crate::commit::leftovers::whole_shards;
use crate::commit::piece::PieceManifest;
use crate::commit::staging::{INCOMPLETE, folder_of};
use crate::manifest::first_semantics;
use crate::names::{BARS, MANIFEST, RECIPE};
use crate::{DatasetError, FoldRecord, Manifest, SEMANTICS, SampleReader};

/// A dataset that was opened: its manifest and recipe are read, its samples are not.
#[derive(Debug)]
pub struct Dataset {
    folder: Folder,
    manifest: Manifest,
    recipe: Recipe,
}

impl Dataset {
    /// Opens the dataset in a folder, of the file system where only a path is given.
    ///
    /// # Errors
    /// The folder is no whole dataset, a build that was stopped or a piece, is a split one, is of a
    /// later format, or its manifest or recipe is damaged.
    pub fn open(folder: impl Into<Folder>) -> Result<Self, DatasetError> {
        let folder = folder.into();
        if folder.stat().is_ok_and(|found| found.kind == Kind::File) {
            return Err(DatasetError::NotADataset(folder.path().to_path_buf()));
        }
        if let Some(unfinished) = unfinished(&folder) {
            return Err(unfinished);
        }
        Self::open_in(&folder)
    }

    /// As [`open`](Self::open), also in the folder of a build that has not ended.
    pub(crate) fn open_in(folder: &Folder) -> Result<Self, DatasetError> {
        if !folder.has_file(MANIFEST) {
            let path = folder.path().to_path_buf();
            if let Some(PieceManifest { piece, .. }) = PieceManifest::read(folder)? {
                return Err(DatasetError::IsPiece { path, piece });
            }
            let parts = find_parts(folder)?;
            return Err(if parts.is_empty() {
                DatasetError::NotADataset(path)
            } else {
                let named: Vec<String> =
                    parts.iter().map(|part| folder.join(part).display().to_string()).collect();
                DatasetError::HasParts { path, parts: named.join(", ") }
            });
        }
        let manifest = read_text(folder, MANIFEST)?;
        let manifest = Manifest::from_json(&manifest, &folder.file(MANIFEST))?;
        if let Some(record) = manifest.files.iter().find(|file| file.name == RECIPE) {
            check_file(folder, record, &Watch::default())?;
        }
        let (file, text) = (folder.file(RECIPE), read_text(folder, RECIPE)?);
        let recipe = Recipe::from_toml(&text, &file.to_string_lossy())?;
        if recipe.digest() != manifest.recipe_digest {
            let problem = "it is not the recipe whose digest the manifest holds".to_owned();
            return Err(DatasetError::Damaged { path: file, problem });
        }
        if recipe.output.format.name() != manifest.format {
            let problem = format!("its format, {}, is not that of recipe.toml", manifest.format);
            return Err(DatasetError::Damaged { path: folder.file(MANIFEST), problem });
        }
        Ok(Self { folder: folder.clone(), manifest, recipe })
    }

    /// Opens the dataset in a folder, or those of all parts of a split, in time order.
    ///
    /// # Errors
    /// As [`open`](Self::open); a part of the split is not there, or of another dataset.
    pub fn open_all(folder: impl Into<Folder>) -> Result<Vec<Self>, DatasetError> {
        let folder = folder.into();
        match Self::open(folder.clone()) {
            Err(DatasetError::HasParts { .. }) => {}
            one => return Ok(vec![one?]),
        }
        let found = find_parts(&folder)?;
        let parts: Vec<Self> =
            found.iter().map(|name| Self::open(folder.join(name))).collect::<Result<_, _>>()?;
        let damaged = |name: &str, problem: String| {
            Err(DatasetError::Damaged { path: folder.path().join(name), problem })
        };
        let Some(first) = parts.first() else { return Ok(parts) };
        let split = first.recipe.split.iter().flat_map(SplitSettings::parts);
        for name in split.map(|part| &part.name) {
            if !found.contains(name) {
                return damaged(name, "this part of the split is missing".into());
            }
        }
        let folds = parts.iter().filter_map(|part| part.manifest.part.as_ref()?.fold.as_ref());
        if let Some(name) = missing_folds(&folds.collect::<Vec<_>>()) {
            return damaged(&name, "this role of a fold is missing".into());
        }
        for (name, part) in found.iter().zip(&parts) {
            let (a, b) = (&first.manifest, &part.manifest);
            let named = b.part.as_ref().is_some_and(|part| part.name == *name);
            // Each fold has its own scalers.
            let scaled_alike = parts.iter().find(|one| one.fold() == part.fold());
            let differ = a.recipe != b.recipe
                || a.market != b.market
                || scaled_alike.is_some_and(|one| one.manifest.scalers != b.scalers)
                || a.features != b.features;
            if !named || differ {
                return damaged(name, format!("it is not a part of the dataset of {}", found[0]));
            }
        }
        Ok(parts)
    }

    /// The path of its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its recipe.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Reads its bars.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn market(&self) -> Result<Market, DatasetError> {
        let name = self.manifest.bars();
        let path = self.folder.file(name);
        let bytes = self.folder.open(name).and_then(|file| file.read_all());
        let bytes = bytes.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if name != BARS => DatasetError::NoSharedBars {
                folder: self.folder.path().to_path_buf(),
                bars: path.clone(),
            },
            _ => MarketStoreError::Io { path: path.clone(), action: "read", source }.into(),
        })?;
        Ok(market_of_bytes(&path.to_string_lossy(), bytes, &self.recipe.stored_columns())?)
    }

    /// The part of the split that this dataset is, of those that a [`planner`](Self::planner) finds
    /// in its bars; none without a split.
    ///
    /// # Errors
    /// The split of the recipe does not have the part that the manifest names.
    pub fn part_of(&self, parts: &[Option<Part>]) -> Result<Option<Part>, DatasetError> {
        let Some(record) = &self.manifest.part else { return Ok(None) };
        let mut parts = parts.iter().flatten();
        let part = parts.find(|part| part.index == record.index && part.name == record.name);
        part.cloned().map(Some).ok_or_else(|| DatasetError::Damaged {
            path: self.folder.file(RECIPE),
            problem: format!("its split has no part {}", record.name),
        })
    }

    /// The fold that this dataset is a role of; 0 where it is of none.
    #[must_use]
    pub fn fold(&self) -> usize {
        let of_fold = self.recipe.folds().and(self.manifest.part.as_ref());
        of_fold.map_or(0, |part| part.index as usize / Role::ALL.len())
    }

    /// Reads samples, by range and by index. Those of a virtual dataset are made by the backend,
    /// which is prepared for that; it is not asked for those of another.
    ///
    /// # Errors
    /// The bars cannot be read, or the backend fails.
    pub fn reader(&self, backend: &dyn Backend) -> Result<SampleReader, DatasetError> {
        if self.recipe.output.format != Format::Virtual {
            return Ok(SampleReader::stored(self));
        }
        let market = Arc::new(self.market()?);
        let plan = self.plan(&market)?;
        let session = plan.session(backend, Arc::clone(&market))?;
        Ok(SampleReader::made(session, plan.samples, &market))
    }

    /// Checks that this version makes the dataset's samples by the rules that they were made by.
    ///
    /// # Errors
    /// [`DatasetError::OtherSemantics`]: they were made by other rules, which differ for its
    /// recipe.
    pub fn check_semantics(&self) -> Result<(), DatasetError> {
        let (found, known) = (self.manifest.semantics, SEMANTICS);
        // Both rules of a touch give the same trades where no barrier ends one.
        if found == known || (found == first_semantics() && !self.recipe.reward.honours_barriers())
        {
            return Ok(());
        }
        let path = self.folder.file(MANIFEST);
        Err(DatasetError::OtherSemantics { path, found, known })
    }

    /// Plans the dataset's samples from its bars, whatever its format.
    ///
    /// # Errors
    /// Its samples were made by other rules, or the recipe does not fit the bars.
    pub fn plan(&self, market: &Market) -> Result<Plan, DatasetError> {
        self.check_semantics()?;
        let planner = self.planner(market)?;
        let part = self.part_of(&planner.parts())?;
        Ok(planner.plan(part.as_ref())?)
    }

    /// A planner of the dataset's recipe, with the scalers that were fitted when it was built.
    ///
    /// # Errors
    /// The recipe does not fit the bars, or the manifest lacks a scaler.
    pub fn planner<'a>(&'a self, market: &'a Market) -> Result<Planner<'a>, DatasetError> {
        let scalers = [(self.fold(), &self.manifest.scalers)];
        Ok(Planner::with_scalers(&self.recipe, market, scalers)?)
    }
}

/// The name of the first train or test part that is missing among the roles of folds.
pub(crate) fn missing_folds(known: &[&FoldRecord]) -> Option<String> {
    let folds = known.first()?.folds;
    (0..folds).flat_map(|fold| [(fold, Role::Train), (fold, Role::Test)]).find_map(
        |(fold, role)| {
            let is_it = |one: &&FoldRecord| (one.fold, &*one.role) == (fold, role.name());
            (!known.iter().any(is_it)).then(|| Part::name_of_fold(fold, role, folds))
        },
    )
}

/// A build that was stopped, where a dataset is not there or its folder is the build's.
fn unfinished(folder: &Folder) -> Option<DatasetError> {
    let on_store = folder.file_system().is_none();
    let is_builds = folder.path().extension().is_some_and(|extension| extension == INCOMPLETE);
    let dir = match folder.stat() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => folder_of(folder).ok()?,
        _ if is_builds || on_store && !folder.has_file(MANIFEST) => folder.clone(),
        _ => return None,
    };
    Begun::read(&dir).ok()??;
    let shards = whole_shards(&dir).ok()?;
    let dir = dir.path().to_path_buf();
    Some(DatasetError::Unfinished { dir, shards })
}

/// The names of the parts of a split dataset, in time order: subfolders that are datasets.
///
/// # Errors
/// The folder cannot be listed.
pub fn find_parts(folder: impl Into<Folder>) -> Result<Vec<String>, DatasetError> {
    let folder = folder.into();
    let mut parts = Vec::new();
    for entry in folder.list().map_err(DatasetError::io(folder.path(), "open"))? {
        let part = folder.join(&entry.name);
        if entry.kind != Kind::File && part.has_file(MANIFEST) {
            // One that is damaged comes last; opening it says what is wrong with it.
            let manifest = read_text(&part, MANIFEST).ok();
            let path = part.file(MANIFEST);
            let record = manifest.and_then(|text| Manifest::from_json(&text, &path).ok()?.part);
            let index = record.map_or(u32::MAX, |part| part.index);
            parts.push((index, entry.name));
        }
    }
    parts.sort();
    Ok(parts.into_iter().map(|(_, name)| name).collect())
}
