//! The `[output]` table: how samples are stored. Nothing here changes what they are.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::RecipeError;
use crate::choice::{self, Choice};
use crate::reader::{Entry, Table};

pub(crate) const KEYS: &[&str] =
    &["format", "shard_rows", "compression", "byte_stream_split", "checksum"];

/// Shards start at multiples of this many rows.
pub const SHARD_ALIGNMENT: u64 = 4_096;

/// Levels that zstd has.
const ZSTD_LEVELS: std::ops::RangeInclusive<i32> = 1..=22;
/// The level of `"zstd"`, which is zstd's own default.
const ZSTD_DEFAULT: i32 = 3;

const COMPRESSION_EXPECTED: &str =
    "\"none\", \"snappy\", \"zstd\" or \"zstd(LEVEL)\" with a level from 1 to 22";

/// Format of stored samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// In Parquet files.
    #[default]
    Parquet,
    /// In Arrow IPC files, to be mapped into memory.
    Arrow,
    /// In NumPy's files, one a column, to be mapped into memory.
    Npy,
    /// Not at all: the recipe and the bars are the dataset.
    Virtual,
}

impl Choice for Format {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("parquet", Self::Parquet),
        ("arrow", Self::Arrow),
        ("npy", Self::Npy),
        ("virtual", Self::Virtual),
    ];
}

impl Format {
    /// Its name in a recipe.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.word()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        choice::parse("output.format", text)
    }
}

/// Compression of the pages of Parquet files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// With Snappy.
    Snappy,
    /// With Zstandard at this level, 1 to 22. In a recipe `"zstd(9)"`; `"zstd"` is level 3.
    Zstd(i32),
}

impl FromStr for Compression {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        let level = |text: &str| text.strip_prefix("zstd(")?.strip_suffix(')')?.parse().ok();
        match text {
            "none" => Ok(Self::None),
            "snappy" => Ok(Self::Snappy),
            "zstd" => Ok(Self::Zstd(ZSTD_DEFAULT)),
            _ => level(text)
                .filter(|level| ZSTD_LEVELS.contains(level))
                .map(Self::Zstd)
                .ok_or_else(|| {
                    let got = format!("{text:?}");
                    RecipeError::expected("output.compression", COMPRESSION_EXPECTED, &got)
                }),
        }
    }
}

impl Serialize for Compression {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => to.serialize_str("none"),
            Self::Snappy => to.serialize_str("snappy"),
            Self::Zstd(level) => to.collect_str(&format_args!("zstd({level})")),
        }
    }
}

/// Checksum of the files of a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// XXH3 with 128 bits, at the speed of memory: it finds damage.
    #[default]
    Xxh3,
    /// SHA-256, for those who need a cryptographic hash.
    Sha256,
}

impl Checksum {
    /// Its name in a recipe, and before the digits of a checksum.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.word()
    }
}

impl Choice for Checksum {
    const WORDS: &'static [(&'static str, Self)] =
        &[("xxh3-128", Self::Xxh3), ("sha256", Self::Sha256)];
}

impl FromStr for Checksum {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, RecipeError> {
        choice::parse("output.checksum", text)
    }
}

/// The `[output]` table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutputSettings {
    /// Format of stored samples.
    #[serde(serialize_with = "choice::serialize")]
    pub format: Format,
    /// Samples of a file, the last one's fewer; a positive multiple of [`SHARD_ALIGNMENT`], or 0
    /// for one file of all, which Parquet does not have.
    pub shard_rows: u64,
    /// Compression of Parquet files.
    pub compression: Compression,
    /// True if windows and reals in Parquet files are stored byte plane by byte plane, which makes
    /// compressed files smaller.
    pub byte_stream_split: bool,
    /// Checksum of files in the manifest.
    #[serde(serialize_with = "choice::serialize")]
    pub checksum: Checksum,
}

impl Default for OutputSettings {
    fn default() -> Self {
        Self {
            format: Format::Parquet,
            shard_rows: 65_536,
            compression: Compression::None,
            byte_stream_split: false,
            checksum: Checksum::default(),
        }
    }
}

impl OutputSettings {
    pub(crate) fn read(table: &Table<'_>) -> Result<Self, RecipeError> {
        let default = Self::default();
        let compression = |entry: &Entry<'_>| {
            let text = entry.as_text().ok_or_else(|| entry.expected(COMPRESSION_EXPECTED))?;
            entry.at(text.parse())
        };
        Ok(Self {
            format: table.read("format", Entry::choice)?.unwrap_or(default.format),
            shard_rows: table.read("shard_rows", Entry::whole)?.unwrap_or(default.shard_rows),
            compression: table.read("compression", compression)?.unwrap_or(default.compression),
            byte_stream_split: table
                .read("byte_stream_split", Entry::boolean)?
                .unwrap_or(default.byte_stream_split),
            checksum: table.read("checksum", Entry::choice)?.unwrap_or(default.checksum),
        })
    }

    /// Samples of each file but the last, of a dataset of so many.
    #[must_use]
    pub fn rows_of_shards(&self, samples: u64) -> u64 {
        if self.shard_rows == 0 { samples.max(1) } else { self.shard_rows }
    }

    pub(crate) fn validate(&self) -> Result<(), RecipeError> {
        let key = "output.shard_rows";
        let mappable = matches!(self.format, Format::Arrow | Format::Npy);
        if self.shard_rows == 0 && !mappable {
            let expected = format!(
                "a positive multiple of {SHARD_ALIGNMENT} (0, one shard of everything, is not for \
                 format = {:?})",
                self.format.name()
            );
            return Err(RecipeError::expected(key, expected, &0));
        }
        if !self.shard_rows.is_multiple_of(SHARD_ALIGNMENT) {
            let below = self.shard_rows / SHARD_ALIGNMENT * SHARD_ALIGNMENT;
            let near = below.saturating_add(SHARD_ALIGNMENT);
            let expected = format!("a positive multiple of {SHARD_ALIGNMENT} such as {near}");
            return Err(RecipeError::expected(key, expected, &self.shard_rows));
        }
        if let Compression::Zstd(level) = self.compression
            && !ZSTD_LEVELS.contains(&level)
        {
            let got = format!("\"zstd({level})\"");
            return Err(RecipeError::expected("output.compression", COMPRESSION_EXPECTED, &got));
        }
        let because = || {
            format!(
                "to format = {:?}, whose files are mapped into memory as they are",
                self.format.name()
            )
        };
        if mappable && self.compression != Compression::None {
            return Err(RecipeError::does_not_apply("output.compression", because()));
        }
        if mappable && self.byte_stream_split {
            return Err(RecipeError::does_not_apply("output.byte_stream_split", because()));
        }
        Ok(())
    }
}
