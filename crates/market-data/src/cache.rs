//! What text files parse to, kept for the next time they are read.
//!
//! An entry is found by a hash of all bytes of the file, of its name and of whatever else changes
//! what it parses to. The bytes are read and hashed every time, and the time at which a file was
//! changed is never asked for, so a file that differs is another one. The price is that hash, at
//! the speed of memory. It is no hash for whoever makes two files with the same one on purpose.

mod content;
mod entry;
mod folder;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barloom_bars::{Adjust, CsvOptions, PRICE_COLUMNS};
use serde_json::json;
use twox_hash::XxHash3_128;

pub(crate) use content::Content;
use content::Seen;

use crate::roles::normalise;
use crate::table::{Kind, Rows, Table};
use crate::{MarketDataError, ReadOptions};

/// How entries are laid out. Another number makes all entries others.
const FORMAT: u32 = 2;

/// The parser, by its sources: what another one made is never taken.
const PARSER: &str = env!("BARLOOM_PARSER");

/// Bytes of a text file from which on it is kept. A smaller one is parsed in a millisecond or two,
/// little of which an entry that is opened, read and stamped saves; and folders of very many files
/// would become folders of very many entries.
const LEAST_BYTES: u64 = 256 << 10;

/// Packed text is so many times shorter, or so: files of that many bytes less are kept.
const PACKED: u64 = 4;

/// A folder in which is kept what text files parse to, so that they need not be parsed again.
///
/// Text is CSV of every layout, plain, or packed by gzip, zip or Zstandard; other formats are
/// quick to read as they are. What is read with a cache is the same as without it, to the bit, and
/// so is what is told of it. Any number of processes can use one folder at once. Where nothing can
/// be read of it or written to it, files are parsed.
///
/// Entries go when they are too many bytes together, those first that were not used for longest.
/// Other files in the folder are left alone.
///
/// ```
/// use barloom_market_data::{Cache, ReadOptions};
///
/// let cache = Cache::new("/var/cache/bars", 1 << 30);
/// let options = ReadOptions { cache: Some(cache), ..ReadOptions::default() };
/// ```
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    most_bytes: u64,
    least_bytes: u64,
    state: Arc<folder::State>,
}

impl Cache {
    /// A cache in a folder, which is made once there is something to keep, of at most so many
    /// bytes. What would fill more than half of it is not kept.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, most_bytes: u64) -> Self {
        let (folder, state) = (folder.into(), Arc::default());
        Self { folder, most_bytes, least_bytes: LEAST_BYTES, state }
    }

    /// The cache, with another number of bytes that a text file has at least to be kept: 256 KiB
    /// else. Of a packed one it is a quarter.
    #[must_use]
    pub fn with_least_bytes(self, least_bytes: u64) -> Self {
        Self { least_bytes, ..self }
    }

    /// Where entries are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether content is of a kind and a size that is kept, as far as its first bytes tell.
    fn is_for(&self, content: Content<'_>) -> bool {
        let Some((len, begin)) = content.len().zip(content.begin()) else { return false };
        let is_columnar =
            ["PAR1", "ARRO", "FEA1"].map(str::as_bytes).contains(&&begin[..]) || begin == [0xff; 4];
        let is_packed = begin.starts_with(&[0x1f, 0x8b])
            || begin == *b"PK\x03\x04"
            || begin == [0x28, 0xb5, 0x2f, 0xfd];
        let least = if is_packed { self.least_bytes / PACKED } else { self.least_bytes };
        !is_columnar && len >= least
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.{}", folder::ENDING))
    }

    /// The tables of an entry, if it is there and whole. One that is not is removed.
    fn load(&self, key: &str) -> Option<Vec<Table>> {
        let path = self.path(key);
        // Some systems let only those set its time who may write to it.
        let opened = File::options().read(true).write(true).open(&path);
        let file = opened.or_else(|_| File::open(&path)).ok()?;
        let len = file.metadata().map_or(0, |metadata| metadata.len());
        let tables = entry::read(&file, len, key);
        if tables.is_some() {
            // If it can't be told, it goes as if it had not been used.
            let _ = file.set_modified(folder::now());
        } else {
            tracing::debug!("{} is damaged; it goes", path.display());
            let _ = std::fs::remove_file(&path);
        }
        tables
    }
}

/// The tables in a file: those that the cache has, if there is one, or what `parse` makes of it,
/// which is kept then if it is of text.
///
/// What is kept is of the content that was hashed: bytes in memory can't change meanwhile; a file
/// is hashed again after it was parsed, and what was parsed is kept only if nothing changed, the
/// time of its last change neither. (One that is changed, parsed and changed back within a tick of
/// the system's clock would be missed: a file that is small is better given as bytes.)
pub(crate) fn tables_of(
    file: &str,
    content: Content<'_>,
    options: &ReadOptions,
    parse: impl FnOnce() -> Result<Vec<Table>, MarketDataError>,
) -> Result<Vec<Table>, MarketDataError> {
    let Some(cache) = options.cache.as_ref().filter(|cache| cache.is_for(content)) else {
        return parse();
    };
    let Some(seen) = content.see() else { return parse() };
    let found = |options: &ReadOptions| {
        let key = key(file, &seen, options);
        let tables = cache.load(&key);
        if tables.is_some() {
            tracing::info!("{file} comes from the cache, as {}", cache.path(&key).display());
        }
        (key, tables)
    };
    let (key, tables) = found(options);
    if let Some(tables) = tables.or_else(|| of_all_columns(options, |all| found(all).1)) {
        return Ok(tables);
    }
    let tables = parse()?;
    let is_text = tables.iter().all(|table| matches!(table.rows, Rows::Lines(_)));
    if is_text && cache.has_room_for(&tables) && content.is_still(&seen) {
        cache.store(&key, &tables);
    }
    Ok(tables)
}

/// The tables with the wanted columns, of the entry of all columns, as `check` and `convert` make one.
fn of_all_columns(
    options: &ReadOptions,
    find: impl FnOnce(&ReadOptions) -> Option<Vec<Table>>,
) -> Option<Vec<Table>> {
    let wanted = options.columns.as_ref()?;
    let mut tables = find(&ReadOptions { columns: None, ..options.clone() })?;
    let wanted: Vec<String> = wanted.iter().map(|name| normalise(name)).collect();
    for table in &mut tables {
        let has = |name: &String| table.columns.iter().any(|column| column.name == *name);
        if table.kind == Kind::Bars {
            // One that is not there may hold text, of which parsing tells.
            if !wanted.iter().all(has) {
                return None;
            }
            let is_price = |name: &str| PRICE_COLUMNS.contains(&name);
            table.columns.retain(|column| is_price(&column.name) || options.wants(&column.name));
        }
    }
    Some(tables)
}

/// What an entry is called: 32 hexadecimal digits.
fn key(file: &str, seen: &Seen, options: &ReadOptions) -> String {
    // Field by field, so that none is forgotten that comes to these.
    let ReadOptions {
        timezone,
        stamp: _,
        interval: _,
        on_duplicate: _,
        rename: names_of_columns,
        columns,
        aggregate,
        max_gap: _,
        adjust,
        csv,
        cache: _,
    } = options;
    let CsvOptions {
        skip_rows,
        separator,
        has_header,
        names,
        rename,
        time_format,
        day_first,
        decimal,
        thousands,
        price_divisor,
        wide,
        ms_of_day,
    } = csv;
    let columns: Option<BTreeSet<String>> =
        columns.as_ref().map(|columns| columns.iter().map(|name| normalise(name)).collect());
    // Trades are no error if they are to become bars; of what bars does not matter.
    let takes_trades = aggregate.is_some();
    // Where all columns are wanted it is one of them.
    let wants_adj_close = columns.is_some() && *adjust == Some(Adjust::AdjClose);
    let price_divisor = price_divisor.map(f64::to_bits);
    let told = json!([
        [FORMAT, PARSER, file],
        [timezone, columns, takes_trades, wants_adj_close],
        [skip_rows, separator, has_header, names, rename, time_format, day_first],
        [decimal, thousands, price_divisor, wide, ms_of_day, names_of_columns],
    ]);
    let mut hash = XxHash3_128::with_seed(0);
    let told = told.to_string();
    hash.write(&(told.len() as u64).to_le_bytes());
    hash.write(told.as_bytes());
    hash.write(&seen.digest.to_le_bytes());
    format!("{:032x}", hash.finish_128())
}
