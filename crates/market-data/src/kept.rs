//! Tables that are taken from a cache, or parsed and kept there.

use std::collections::BTreeSet;

use barloom_bars::PRICE_COLUMNS;
use barloom_reading::{Adjust, CsvOptions};
use serde_json::json;
use twox_hash::XxHash3_128;

use crate::cache::{Content, Seen};
use crate::roles::normalise;
use crate::table::{Kind, Rows, Table};
use crate::{MarketDataError, ReadOptions};

/// The version of the layout of entries. A new number invalidates all entries.
const FORMAT: u32 = 2;

/// The parser, by its sources: what another one made is never taken.
const PARSER: &str = env!("BARLOOM_PARSER");

/// The tables in a file: those that the cache has, if there is one, or what `parse` makes of it,
/// which is kept then if it is of text.
///
/// Tables are kept of the content that was hashed: bytes in memory can't change meanwhile; a file
/// is hashed again after it was parsed, and what was parsed is kept only if nothing changed, the
/// time of its last change neither. (One that is changed, parsed and changed back within a tick of
/// the system's clock would be missed: a file that is small is better given as bytes.)
pub(crate) fn tables_of(
    file: &str,
    content: Content<'_>,
    options: &ReadOptions,
    parse: impl FnOnce() -> Result<Vec<Table>, MarketDataError>,
) -> Result<Vec<Table>, MarketDataError> {
    // Tables of slower series are small, and not kept.
    let cache = options.cache.as_ref().filter(|_| options.values.is_none());
    let Some(cache) = cache.filter(|cache| cache.is_for(content)) else {
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

/// The tables with the wanted columns, of the entry of all columns, as `check` and `convert` make
/// one.
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

/// The name of an entry: 32 hexadecimal digits.
pub(crate) fn key(file: &str, seen: &Seen, options: &ReadOptions) -> String {
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
        values: _,
        cache: _,
        watch: _,
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
