//! The identity of a build, which a resumed build must share.

use std::path::Path;
use std::str::FromStr;

use barloom_files::Folder;
use barloom_schema::Field;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::commit::files::{Last, hex, read_if_there, write_last};
use crate::commit::sealed;
use crate::manifest::first_semantics;
use crate::names::BEGUN;
use crate::{DatasetError, FORMAT_VERSION, Manifest, MarketRecord, PartRecord, SEMANTICS};

/// A piece of a dataset: of its shards those whose number is [`index`](Self::index) modulo
/// [`count`](Self::count).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    index: u64,
    count: u64,
}

impl Piece {
    /// Piece `index`, from 0, of `count`; none if there is no such piece.
    #[must_use]
    pub fn new(index: u64, count: u64) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Its number, from 0.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }

    /// The number of pieces of the dataset, at least 1.
    #[must_use]
    pub fn count(self) -> u64 {
        self.count
    }

    /// Returns true if a shard belongs to the piece.
    pub(crate) fn has(self, number: u64) -> bool {
        number % self.count == self.index
    }
}

impl FromStr for Piece {
    type Err = String;

    /// `K/N`.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err("expected K/N with whole numbers, K from 0 to N - 1".to_owned()),
        }
    }
}

/// `build.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) format_version: u64,
    #[serde(default = "first_semantics")]
    pub(crate) semantics: u64,
    pub(crate) barloom_version: String,
    pub(crate) recipe: Value,
    pub(crate) market: MarketRecord,
    pub(crate) piece: Option<Piece>,
    /// The labels of the samples, and the weight: by these, files of columns are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) labels: Vec<String>,
    /// The name of the folder that is built in, so that it is known from a dataset that has got
    /// another one since. Older versions wrote none.
    #[serde(default)]
    folder: Option<String>,
    digest: String,
}

impl Begun {
    /// The names of the parts of its split; none without one.
    pub(crate) fn part_names(&self) -> Vec<String> {
        let parts = self.recipe["split"]["part"].as_array().into_iter().flatten();
        parts.filter_map(|part| part["name"].as_str().map(str::to_owned)).collect()
    }

    /// True if it builds folds: their parts have folders of such names.
    pub(crate) fn has_folds(&self) -> bool {
        let kind = self.recipe["split"]["kind"].as_str();
        kind.is_some_and(|kind| kind != "parts")
    }

    /// The announcement of a build of samples that have these fields, or these labels at least.
    pub(crate) fn new(
        recipe: Value,
        market: MarketRecord,
        piece: Option<Piece>,
        fields: &[Field],
    ) -> Self {
        let labels = fields.iter().filter(|field| field.is_label());
        let labels = labels.map(|field| field.name.clone()).collect();
        Self {
            format_version: FORMAT_VERSION,
            semantics: SEMANTICS,
            barloom_version: env!("CARGO_PKG_VERSION").to_owned(),
            recipe,
            market,
            piece,
            labels,
            folder: None,
            digest: String::new(),
        }
    }

    /// The announcement of the build of a dataset, or of a piece, with this manifest.
    pub(crate) fn of(manifest: &Manifest, piece: Option<Piece>) -> Self {
        Self {
            semantics: manifest.semantics,
            barloom_version: manifest.barloom_version.clone(),
            ..Self::new(
                manifest.recipe.clone(),
                manifest.market.clone(),
                piece,
                manifest.schema.fields(),
            )
        }
    }

    /// Writes it to the folder that is built in.
    ///
    /// # Errors
    /// Writing fails, or another build has claimed the folder of a store for another dataset.
    pub(crate) fn write(&self, dir: &Folder) -> Result<(), DatasetError> {
        let begun = Self { folder: name_of(dir), ..self.clone() };
        match write_last(dir, BEGUN, &sealed::pretty(&begun))? {
            Last::Ours => Ok(()),
            Last::Theirs(text) => self.same(&Self::parse(&text, dir)?, dir.path()),
        }
    }

    /// Tells whether it was written to a folder of this name, which is no dataset's then.
    pub(crate) fn is_of_folder(&self, dir: &Folder) -> bool {
        self.folder.is_some() && self.folder == name_of(dir)
    }

    /// Reads the purpose of a folder; none if a build was stopped before it wrote that.
    pub(crate) fn read(dir: &Folder) -> Result<Option<Self>, DatasetError> {
        read_if_there(dir, BEGUN)?.map(|text| Self::parse(&text, dir)).transpose()
    }

    fn parse(text: &str, dir: &Folder) -> Result<Self, DatasetError> {
        match serde_json::from_str::<Self>(text) {
            Ok(begun) if sealed::is_whole(text) => Ok(Self { digest: String::new(), ..begun }),
            _ => {
                let problem = "it is not a file of a build".to_owned();
                Err(DatasetError::Damaged { path: dir.file(BEGUN), problem })
            }
        }
    }

    /// The identity in every record of a shard: its part and its dataset.
    pub(crate) fn identity(&self, part: Option<&PartRecord>) -> String {
        identity(self.semantics, &self.barloom_version, &self.recipe, &self.market, part)
    }

    /// Checks that another build is the same; the error names the first difference.
    pub(crate) fn same(&self, found: &Self, path: &Path) -> Result<(), DatasetError> {
        let value = |begun: &Self| {
            let begun = Self { folder: None, ..begun.clone() };
            serde_json::to_value(begun).unwrap_or_default()
        };
        match difference(&value(found), &value(self), "") {
            None => Ok(()),
            Some(difference) => {
                Err(DatasetError::OtherBuild { path: path.to_path_buf(), difference })
            }
        }
    }
}

/// Writes the file that makes all others of a folder valid.
///
/// # Errors
/// Writing fails, or another build has put another one there.
pub(crate) fn write_valid(dir: &Folder, name: &str, text: &str) -> Result<(), DatasetError> {
    let Last::Theirs(found) = write_last(dir, name, text)? else { return Ok(()) };
    let [there, here] = [&*found, text].map(|text| serde_json::from_str(text).unwrap_or_default());
    let difference = difference(&there, &here, "");
    let difference = difference.unwrap_or_else(|| "its text is another".to_owned());
    Err(DatasetError::OtherBuild { path: dir.file(name), difference })
}

fn name_of(dir: &Folder) -> Option<String> {
    dir.name().map(|name| name.to_string_lossy().into_owned())
}

/// The digest of what determines every file of a part of a dataset.
pub(crate) fn identity(
    semantics: u64,
    version: &str,
    recipe: &Value,
    market: &MarketRecord,
    part: Option<&PartRecord>,
) -> String {
    let mut all = vec![
        serde_json::json!(FORMAT_VERSION),
        serde_json::json!(version),
        recipe.clone(),
        serde_json::json!(market),
        serde_json::json!(part),
    ];
    // Records of the first semantics name none.
    if semantics != first_semantics() {
        all.push(semantics.into());
    }
    format!("sha256:{}", hex(&Sha256::digest(Value::from(all).to_string())))
}

/// The first place where two documents differ, with both values.
pub(crate) fn difference(there: &Value, here: &Value, place: &str) -> Option<String> {
    let below =
        |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                let [x, y] = [a, b].map(|object| object.get(key).unwrap_or(&Value::Null));
                difference(x, y, &below(key))
            })
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{place} is {a} there and {b} here")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let a = json!({ "recipe": { "seed": 42, "data": { "channels": ["close"] } } });
        let mut b = a.clone();
        assert_eq!(difference(&a, &b, ""), None);
        b["recipe"]["seed"] = json!(43);
        assert_eq!(difference(&a, &b, "").unwrap(), "recipe.seed is 42 there and 43 here");
        b["recipe"]["data"] = Value::Null;
        assert!(difference(&a, &b, "").unwrap().starts_with("recipe.data is {"));
    }
}
