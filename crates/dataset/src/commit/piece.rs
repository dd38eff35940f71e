//! A piece of a dataset: some of its shards, built apart from the others.
//!
//! It is a folder with the files that the whole dataset has, but only its own shards, the records
//! of these, and `piece.json` in the place of `manifest.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::commit::begun::Piece;
use crate::commit::files::read_text;
use crate::commit::sealed;
use crate::manifest::SIDE_FILES;
use crate::{DatasetError, FORMAT_VERSION, Manifest};

/// Says that a folder is a piece.
pub(crate) const PIECE: &str = "piece.json";

/// `piece.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PieceManifest {
    pub(crate) piece: Piece,
    /// The manifest of the whole dataset, without what only all shards together tell.
    pub(crate) manifest: Manifest,
    digest: String,
}

impl PieceManifest {
    pub(crate) fn new(piece: Piece, manifest: Manifest) -> Self {
        Self { piece, manifest, digest: String::new() }
    }

    pub(crate) fn text(&self) -> String {
        sealed::pretty(self)
    }

    /// Reads `piece.json` in a folder; none where there is no such file.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, DatasetError> {
        let path = dir.join(PIECE);
        if !path.try_exists().map_err(DatasetError::io(&path, "read"))? {
            return Ok(None);
        }
        let text = read_text(&path)?;
        let damaged = |problem: &str| {
            let path = path.clone();
            DatasetError::Damaged { path, problem: problem.to_owned() }
        };
        let piece: Self =
            serde_json::from_str(&text).map_err(|_| damaged("it is not a piece's manifest"))?;
        let found = piece.manifest.format_version;
        if found > FORMAT_VERSION {
            return Err(DatasetError::NewerFormat { path, found, known: FORMAT_VERSION });
        }
        if !sealed::is_whole(&text) {
            return Err(damaged("its digest does not match the rest of it"));
        }
        let files = piece.manifest.files.iter().map(|file| &*file.name);
        if Piece::new(piece.piece.index(), piece.piece.count()).is_none() || !files.eq(SIDE_FILES) {
            return Err(damaged("it is none that a build wrote"));
        }
        piece.manifest.check().map_err(|problem| damaged(&problem))?;
        Ok(Some(piece))
    }
}

/// A folder's pieces: it is one, or those of a split dataset's parts are in it, in time order.
pub(crate) fn find(path: &Path) -> Result<Vec<(PathBuf, PieceManifest)>, DatasetError> {
    if let Some(piece) = PieceManifest::read(path)? {
        return Ok(vec![(path.to_path_buf(), piece)]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(DatasetError::io(path, "open"))? {
        let dir = entry.map_err(DatasetError::io(path, "list"))?.path();
        if dir.is_dir()
            && let Some(piece) = PieceManifest::read(&dir)?
        {
            found.push((dir, piece));
        }
    }
    found.sort_by_key(|(_, piece)| piece.manifest.part.as_ref().map(|part| part.index));
    Ok(found)
}
