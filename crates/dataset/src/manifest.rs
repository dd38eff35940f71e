//! The manifest: what a dataset is and which files it has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use barloom_bars::Market;
use barloom_scaling::FittedScalers;
use barloom_schema::Schema;
use barloom_splits::Part;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::commit::begun::identity;
use crate::commit::files::hex;
use crate::commit::sealed;
use crate::names::{BARS, SHARED_BARS, is_in_dataset};
use crate::{DatasetError, FeaturesRecord, Summary};

/// The newest manifest version that this crate writes and reads.
pub const FORMAT_VERSION: u64 = 2;

/// The rules by which this crate's samples are made. They are 2 since a bar that comes within
/// `b * 2^-40` of a barrier `b` reaches it; by the rules of 1 it had to meet the computed price to
/// the last bit. Datasets whose trades know no barriers are the same under both.
pub const SEMANTICS: u64 = 2;

/// Samples of a dataset are fewer: 2^62.
const MAX_SAMPLES: u64 = 1 << 62;

/// `manifest.json`. Nothing in it depends on the clock, the host or the backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format: [`FORMAT_VERSION`].
    pub format_version: u64,
    /// The rules by which its samples were made: [`SEMANTICS`]; 1 where it is missing.
    #[serde(default = "first_semantics")]
    pub semantics: u64,
    /// Version of barloom that wrote it.
    pub barloom_version: String,
    /// `parquet`, `arrow`, `npy` or `virtual`.
    pub format: String,
    /// The number of samples.
    pub samples: u64,
    /// From how many positions they are drawn.
    pub positions: u64,
    /// The part of a split that this dataset is.
    pub part: Option<PartRecord>,
    /// Digest of the recipe, without paths and `[output]`.
    pub recipe_digest: String,
    /// The resolved recipe.
    pub recipe: serde_json::Value,
    /// The columns of the samples.
    pub schema: Schema,
    /// The scalers that were fitted to the bars, from which samples are made again.
    #[serde(default, skip_serializing_if = "FittedScalers::is_empty")]
    pub scalers: FittedScalers,
    /// The bars.
    pub market: MarketRecord,
    /// The features that samples hold, if they hold some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeaturesRecord>,
    /// Files beside the shards.
    pub files: Vec<FileRecord>,
    /// The samples' files, in sample order.
    pub shards: Vec<ShardRecord>,
    /// Digest of the samples; a virtual dataset has one if it was asked for.
    pub content_digest: Option<String>,
    /// The summary of the samples; a virtual dataset has one if it was requested.
    pub summary: Option<Summary>,
    /// sha256 of this manifest with this field empty.
    pub manifest_digest: String,
}

/// A part of a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its place in the split, from 0.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// First time, ns since 1970 UTC; none for the beginning.
    pub start_ns: Option<i64>,
    /// The exclusive end of its times, ns since 1970 UTC; none for the end of the bars.
    pub end_ns: Option<i64>,
    /// The fold that it is a role of; none for a part of a chronological split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<FoldRecord>,
}

/// A role of a fold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldRecord {
    /// The number of the fold, from 0.
    pub fold: u32,
    /// The number of folds.
    pub folds: u32,
    /// `train`, `validation` or `test`.
    pub role: String,
    /// Its times, `[start, end)` in ns since 1970 UTC; none for the begin and the end of the bars.
    pub times: Vec<[Option<i64>; 2]>,
    /// Labelled bars of these times that were left out, as their labels meet bars of a role that
    /// must not see them.
    pub purged: u64,
    /// Labelled bars of these times that were left out by the embargo alone.
    pub embargoed: u64,
}

/// The bars that a dataset was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketRecord {
    /// sha256 of symbols, times, columns and segments.
    pub digest: String,
    /// All bars.
    pub bars: u64,
    /// Segments.
    pub segments: u64,
    /// The longest step inside a segment, ns.
    pub longest_step_ns: i64,
    /// Open time of the first bar, ns since 1970 UTC.
    pub first_ts: i64,
    /// Open time of the last bar, ns since 1970 UTC.
    pub last_ts: i64,
    /// The symbols in market order; a sample's symbol code counts in this list.
    pub symbols: Vec<SymbolRecord>,
    /// Bars that were dropped as unusable, by fault.
    pub dropped: BTreeMap<String, u64>,
    /// Bars whose high or low was widened to hold their open and close.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub widened: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A symbol of the market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SymbolRecord {
    /// The symbol.
    pub symbol: String,
    /// Its bars.
    pub bars: u64,
    /// Its bars a year, which `bars_per_year = "auto"` stands for; missing in manifests of
    /// semantics 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bars_per_year: Option<f64>,
}

/// A file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name in the dataset's folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum: the algorithm, a colon, hex digits.
    pub checksum: String,
}

/// Consecutive samples in files of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// The first sample.
    pub first: u64,
    /// The number of samples.
    pub rows: u64,
    /// The file, or for npy one a column.
    pub files: Vec<FileRecord>,
}

/// The version of a manifest of any format.
#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

/// The semantics of manifests without the field.
pub(crate) fn first_semantics() -> u64 {
    1
}

impl ShardRecord {
    /// Returns true if its files can be in its folder.
    pub(crate) fn is_sound(&self) -> bool {
        self.files.iter().all(|file| is_in_dataset(&file.name))
    }
}

impl Manifest {
    /// The manifest's text, with its own digest put in.
    pub(crate) fn to_json(&self) -> String {
        sealed::pretty(&Self { manifest_digest: String::new(), ..self.clone() })
    }

    /// Reads a manifest, checks its version and its own digest.
    pub(crate) fn from_json(text: &str, path: &Path) -> Result<Self, DatasetError> {
        let damaged = |problem: String| DatasetError::Damaged { path: path.to_path_buf(), problem };
        let version: Version = serde_json::from_str(text)
            .map_err(|e| damaged(format!("it is not a manifest ({e})")))?;
        match version.format_version {
            FORMAT_VERSION => {}
            0 => return Err(damaged("format_version 0 was never written".into())),
            1 => return Err(DatasetError::OlderFormat { path: path.to_path_buf() }),
            found => {
                let (path, known) = (path.to_path_buf(), FORMAT_VERSION);
                return Err(DatasetError::NewerFormat { path, found, known });
            }
        }
        let manifest: Self = serde_json::from_str(text)
            .map_err(|e| damaged(format!("it is not a manifest ({e})")))?;
        if !sealed::is_whole(text) {
            return Err(damaged("manifest_digest does not match its content".into()));
        }
        manifest.check().map_err(damaged)?;
        Ok(manifest)
    }

    /// Checks the facts on which every reader relies: names of files stay in the folder, each name
    /// occurs once, and the shards follow each other and hold all samples, or there are none.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        let of_fold = self.part.as_ref().is_some_and(|part| part.fold.is_some());
        for file in self.all_files() {
            if !(is_in_dataset(&file.name) || of_fold && file.name == SHARED_BARS) {
                return Err(format!("{:?} is not a valid name of a file", file.name));
            }
            if !names.insert(&file.name) {
                return Err(format!("its files and shards name {:?} twice", file.name));
            }
        }
        if let Some(part) = &self.part
            && (!is_in_dataset(&part.name) || part.name.contains('/'))
        {
            return Err(format!("{:?} is not a valid name of a part", part.name));
        }
        if self.semantics == 0 {
            return Err("semantics 0 were never written".to_owned());
        }
        if self.samples >= MAX_SAMPLES {
            return Err(format!("{} samples are more than a dataset can have", self.samples));
        }
        let mut next = Some(0_u64);
        for shard in &self.shards {
            next = next.filter(|n| *n == shard.first).and_then(|n| n.checked_add(shard.rows));
        }
        if !self.shards.is_empty() && next != Some(self.samples) {
            return Err("its shards do not hold its samples one after another".to_owned());
        }
        Ok(())
    }

    /// The identity in the records of its shards.
    pub(crate) fn identity(&self) -> String {
        let (version, part) = (&self.barloom_version, self.part.as_ref());
        identity(self.semantics, version, &self.recipe, &self.market, part)
    }

    /// The name of the file of the bars, seen from the dataset's folder.
    pub(crate) fn bars(&self) -> &'static str {
        if self.files.iter().any(|file| file.name == SHARED_BARS) { SHARED_BARS } else { BARS }
    }

    /// All its files but the manifest, those of samples last.
    pub fn all_files(&self) -> impl Iterator<Item = &FileRecord> {
        self.files.iter().chain(self.shards.iter().flat_map(|shard| &shard.files))
    }
}

impl PartRecord {
    /// Records a part for a manifest.
    #[must_use]
    pub fn new(part: &Part) -> Self {
        let begin = |ns: i64| (ns != i64::MIN).then_some(ns);
        let end = |ns: i64| (ns != i64::MAX).then_some(ns);
        let fold = part.role().map(|role| FoldRecord {
            fold: role.fold,
            folds: role.folds,
            role: role.role.name().to_owned(),
            times: role.times.iter().map(|one| [begin(one.start), end(one.end)]).collect(),
            purged: role.purged,
            embargoed: role.embargoed,
        });
        Self {
            index: part.index,
            name: part.name.clone(),
            start_ns: begin(part.start_ns),
            end_ns: end(part.end_ns),
            fold,
        }
    }
}

impl MarketRecord {
    /// Records a market for a manifest.
    #[must_use]
    pub fn new(market: &Market, dropped: &BTreeMap<String, u64>, widened: u64) -> Self {
        let symbol = |(index, s): (usize, &barloom_bars::SeriesSpan)| SymbolRecord {
            symbol: s.symbol.clone(),
            bars: (s.end - s.start) as u64,
            bars_per_year: Some(market.bars_per_year(index)),
        };
        Self {
            digest: market_digest(market),
            bars: market.len() as u64,
            segments: market.segments().len() as u64,
            longest_step_ns: market.longest_step_ns(),
            first_ts: market.ts().iter().copied().min().unwrap_or(0),
            last_ts: market.ts().iter().copied().max().unwrap_or(0),
            symbols: market.series().iter().enumerate().map(symbol).collect(),
            dropped: dropped.clone(),
            widened,
        }
    }
}

/// sha256 over names, lengths, times, columns and segments, little-endian.
fn market_digest(market: &Market) -> String {
    let mut hash = Sha256::new();
    hash.update(b"barloom-market-1\n");
    for series in market.series() {
        hash.update((series.symbol.len() as u64).to_le_bytes());
        hash.update(series.symbol.as_bytes());
        hash.update((series.start as u64).to_le_bytes());
        hash.update((series.end as u64).to_le_bytes());
    }
    let mut bytes = Vec::with_capacity(market.len() * 8);
    bytes.extend(market.ts().iter().flat_map(|t| t.to_le_bytes()));
    hash.update(&bytes);
    for column in market.columns() {
        hash.update((column.name.len() as u64).to_le_bytes());
        hash.update(column.name.as_bytes());
        bytes.clear();
        bytes.extend(column.values.iter().flat_map(|v| v.to_bits().to_le_bytes()));
        hash.update(&bytes);
    }
    for segment in market.segments() {
        hash.update((segment.start as u64).to_le_bytes());
        hash.update((segment.end as u64).to_le_bytes());
    }
    format!("sha256:{}", hex(&hash.finalize()))
}
