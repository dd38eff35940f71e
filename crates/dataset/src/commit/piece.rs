//! A piece of a dataset: some of its shards, built apart from the others.
//!
//! It is a folder with the files that the whole dataset has, but only its own shards, the records
//! of these, and `piece.json` in the place of `manifest.json`.

use barloom_files::{Folder, Kind};
use serde::{Deserialize, Serialize};

use crate::commit::begun::Piece;
use crate::commit::files::read_if_there;
use crate::commit::sealed;
use crate::names::{BARS, PIECE, side_files};
use crate::{DatasetError, FORMAT_VERSION, Manifest};

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
    pub(crate) fn read(dir: &Folder) -> Result<Option<Self>, DatasetError> {
        let path = dir.file(PIECE);
        let Some(text) = read_if_there(dir, PIECE)? else { return Ok(None) };
        let damaged = |problem: &str| {
            let path = path.clone();
            DatasetError::Damaged { path, problem: problem.to_owned() }
        };
        let version = serde_json::from_str::<serde_json::Value>(&text).ok();
        if version.is_some_and(|piece| piece["manifest"]["format_version"] == 1) {
            return Err(DatasetError::OlderFormat { path });
        }
        let piece: Self =
            serde_json::from_str(&text).map_err(|_| damaged("it is not a piece's manifest"))?;
        let found = piece.manifest.format_version;
        if found > FORMAT_VERSION {
            return Err(DatasetError::NewerFormat { path, found, known: FORMAT_VERSION });
        }
        if !sealed::is_whole(&text) {
            return Err(damaged("its digest does not match its content"));
        }
        let files = piece.manifest.files.iter().map(|file| &*file.name);
        let side_files = side_files(piece.manifest.bars() != BARS);
        if Piece::new(piece.piece.index(), piece.piece.count()).is_none() || !files.eq(side_files) {
            return Err(damaged("no build wrote it"));
        }
        piece.manifest.check().map_err(|problem| damaged(&problem))?;
        Ok(Some(piece))
    }
}

/// A folder's pieces: it is one, or those of a split dataset's parts are in it, in time order.
pub(crate) fn find(folder: &Folder) -> Result<Vec<(Folder, PieceManifest)>, DatasetError> {
    if let Some(piece) = PieceManifest::read(folder)? {
        return Ok(vec![(folder.clone(), piece)]);
    }
    let mut found = Vec::new();
    for entry in folder.list().map_err(DatasetError::io(folder.path(), "open"))? {
        let dir = folder.join(&entry.name);
        if (entry.kind == Kind::Folder || dir.is_there())
            && let Some(piece) = PieceManifest::read(&dir)?
        {
            found.push((dir, piece));
        }
    }
    found.sort_by_key(|(_, piece)| piece.manifest.part.as_ref().map(|part| part.index));
    Ok(found)
}
