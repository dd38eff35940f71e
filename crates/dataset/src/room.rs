//! The check that a dataset fits the file system.

use barloom_bars::Market;
use barloom_files::Folder;
use barloom_recipe::{Compression, Format, OutputSettings};

use crate::format::npy;
use crate::{DatasetError, Layout};

/// Bytes of a dataset with so many samples in files that are not compressed: all values, and a
/// little for what goes with them. A `market` is stored too.
pub(crate) fn dataset_bytes(
    format: Format,
    layout: &Layout,
    market: Option<&Market>,
    rows: u64,
) -> u64 {
    let columns = npy::columns(layout);
    let values: usize = columns
        .iter()
        .filter(|column| format == Format::Npy || column.name != "meta")
        .map(|column| column.width * column.values())
        .sum();
    // Levels of Parquet's lists, masks of Arrow's columns.
    let beside = match format {
        Format::Parquet => 5 * layout.channels().len(),
        Format::Arrow => columns.len() * (1 + layout.lookback()).div_ceil(8),
        Format::Npy | Format::Virtual => 0,
    };
    let row = if format == Format::Virtual { 0 } else { values + beside };
    // Symbol, time, segment and the columns.
    let bars = market.map_or(0, |market| market.len() * (16 + 8 * market.columns().len()));
    (row as u64).saturating_mul(rows).saturating_add(bars as u64).saturating_add(1 << 16)
}

/// Checks that so many bytes are free where a folder is. Of compressed files the size is not
/// known, so a lack of room for what they hold is only warned of.
pub(crate) fn check(
    dir: &Folder,
    needed: u64,
    output: &OutputSettings,
) -> Result<(), DatasetError> {
    // A system that does not say is no reason not to try.
    let Some(free) = dir.storage().free_bytes(dir.path()) else { return Ok(()) };
    if free >= needed {
        return Ok(());
    }
    if output.format == Format::Parquet && output.compression != Compression::None {
        tracing::warn!(
            "{}: {free} bytes are free, and the samples take {needed} bytes before compression",
            dir.display()
        );
        return Ok(());
    }
    Err(DatasetError::NoRoom { path: dir.path().to_path_buf(), needed, free })
}
