//! Archives of zip.

use std::collections::BTreeSet;
use std::io::Cursor;

use ::zip::ZipArchive;
use bytes::Bytes;

use super::{Left, Packed, tables};
use crate::names::{symbol_of_file, symbol_of_member};
use crate::table::Table;
use crate::{MarketDataError, ReadOptions, foreign};

/// The most that a byte can unpack to in zip: 2 bits of deflate copy 258 bytes.
const DEFLATED: u64 = 1_032;

/// The tables in an archive.
pub(crate) fn unzip(
    file: &str,
    bytes: Bytes,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let broken = |e: &dyn std::fmt::Display| {
        MarketDataError::file(file, format!("it is not readable as zip: {e}"))
    };
    // Members that share their bytes could unpack to any size.
    let size = bytes.len() as u64;
    let mut left = Left::of(size);
    left.unpacked = left.unpacked.min(size.saturating_mul(DEFLATED));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    foreign::refuse_archive(file, archive.file_names().flatten())?;
    let csvs: BTreeSet<String> = archive
        .file_names()
        .flatten()
        .filter_map(|name| name.strip_suffix(".csv").map(str::to_owned))
        .collect();
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|e| broken(&e))?;
        if !member.is_file() {
            continue;
        }
        let inner = member.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
        drop(member);
        // Systems leave files of their own in archives, HistData a report beside each of its files.
        let base = inner.rsplit('/').next().unwrap_or_default();
        let is_report = inner.strip_suffix(".txt").is_some_and(|stem| csvs.contains(stem));
        if base.starts_with('.') || inner.starts_with("__MACOSX/") || is_report {
            continue;
        }
        let name = format!("{file}:{inner}");
        let packed = Packed::Zip(file, &archive, index);
        for mut table in tables(&name, &packed, &mut left, options)? {
            table.symbol = symbol_of_member(file, &inner, &table.ts);
            found.push(table);
        }
    }
    // The name of a lone member may be anything; the archive's says the symbol.
    if let [table] = &mut found[..] {
        table.symbol = symbol_of_file(file, &table.ts);
        table.file = file.to_owned();
    }
    if found.is_empty() {
        return Err(MarketDataError::file(file, "the archive is empty; expected a CSV in it"));
    }
    Ok(found)
}
