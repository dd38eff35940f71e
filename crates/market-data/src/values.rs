//! Slower series: tables of a time and values, in the formats of bars.

use std::collections::BTreeMap;

use barloom_bars::Column;

use crate::paths::expand_all;
use crate::roles::normalise;
use crate::shown::{acts, cut, listed, printable};
use crate::source::read_file;
use crate::table::{Kind, NO_TIME, Name, Table, ValueColumns};
use crate::time::is_early;
use crate::{MarketDataError, ReadOptions};

/// The records of one symbol, or of all.
#[derive(Clone, Debug)]
pub struct ValueSeries {
    /// The symbol; empty where the series is that of all symbols.
    pub symbol: String,
    /// The times of the records, ns since 1970 UTC, ascending. Of records with equal times the last
    /// is here alone.
    pub times: Vec<i64>,
    /// The wanted columns, in their order; NaN is missing.
    pub columns: Vec<Column>,
}

/// Reads columns of a slower series from files, globs and folders, as [`read`](crate::read) reads
/// bars. `options.columns` are the wanted ones, `options.values` has the others. Records of several
/// files are put together, those of equal times in the order of files and rows.
///
/// # Errors
/// As [`read`](crate::read); a file lacks a column, or has one that is not numeric, or a record
/// without a time; it has several symbols where one series is wanted.
pub fn read_values(
    paths: &[String],
    options: &ReadOptions,
) -> Result<Vec<ValueSeries>, MarketDataError> {
    crate::time::zone(&options.timezone)?;
    let wanted = options.columns.as_deref().unwrap_or_default();
    let default = ValueColumns::default();
    let columns = options.values.as_ref().unwrap_or(&default);
    let mut pieces: BTreeMap<String, ValueSeries> = BTreeMap::new();
    for file in expand_all(paths)? {
        read_file(&file, options, &mut |table| {
            check(&table, wanted, columns)?;
            take(table, wanted, columns, &mut pieces);
            Ok(())
        })?;
    }
    Ok(pieces.into_values().map(ValueSeries::ordered).collect())
}

/// Refuses a table that holds no such records.
fn check(table: &Table, wanted: &[String], columns: &ValueColumns) -> Result<(), MarketDataError> {
    let error = |problem: String| Err(MarketDataError::file(&table.file, problem));
    if table.kind != Kind::Values {
        return error(
            "it is a file of bars or trades (DBN); expected a table of a time and values: write it \
             as Parquet, Arrow or CSV"
                .into(),
        );
    }
    for name in wanted {
        if !table.columns.iter().any(|column| column.name == normalise(name)) {
            let available = listed(table.available.iter().map(String::as_str));
            return error(format!("it has no column {name} of numbers; those are {available}"));
        }
    }
    let names = table.symbols.as_ref().map_or(&[][..], |(_, names)| &names[..]);
    if !columns.by_symbol && names.len() > 1 {
        let shown = listed(names.iter().map(|name| name.symbol.as_str()));
        return error(format!(
            "it has records of several symbols ({shown}); set by = \"symbol\", or keep one of them"
        ));
    }
    if let Some(name) = names.iter().find(|name| name.symbol.chars().any(acts)) {
        let shown = printable(&cut(&name.symbol)).into_owned();
        return error(format!("symbol {shown} holds characters that act; expected a name"));
    }
    let is_number = table.time_unit.is_some();
    let place = |row: usize| format!("{} {}", table.unit(), table.number(row));
    if let Some(row) = table.ts.iter().position(|ts| *ts == NO_TIME) {
        return error(format!("{}: the record has no time; leave it out", place(row)));
    }
    if let Some(row) = table.ts.iter().position(|ts| is_number && is_early(*ts)) {
        return error(format!(
            "{}: its time is a number that says a time before 1973; is {} the column of times?",
            place(row),
            columns.time
        ));
    }
    Ok(())
}

/// Puts the records of a table to those of their symbols.
fn take(
    table: Table,
    wanted: &[String],
    columns: &ValueColumns,
    pieces: &mut BTreeMap<String, ValueSeries>,
) {
    let Table { symbol, symbols, ts, columns: read, .. } = table;
    let (codes, names) = match symbols.filter(|_| columns.by_symbol) {
        Some((codes, names)) => (Some(codes), names),
        None if columns.by_symbol => (None, vec![Name::from(symbol.clone())]),
        None => (None, vec![Name::from(String::new())]),
    };
    let places: Vec<usize> = wanted
        .iter()
        .filter_map(|name| read.iter().position(|column| column.name == normalise(name)))
        .collect();
    for (code, name) in names.into_iter().enumerate() {
        let name = match (name.symbol.is_empty(), columns.by_symbol) {
            (true, true) => symbol.clone(),
            _ => name.symbol,
        };
        let is_own = |row: &usize| codes.as_ref().is_none_or(|codes| codes[*row] as usize == code);
        let rows: Vec<usize> = (0..ts.len()).filter(is_own).collect();
        let series = pieces.entry(name.clone()).or_insert_with(|| ValueSeries {
            symbol: name,
            times: Vec::new(),
            columns: wanted.iter().map(|name| Column::new(name.clone(), Vec::new())).collect(),
        });
        series.times.extend(rows.iter().map(|row| ts[*row]));
        for (column, place) in series.columns.iter_mut().zip(&places) {
            column.values.extend(rows.iter().map(|row| read[*place].values[*row]));
        }
    }
}

impl ValueSeries {
    /// The records by time, the last of each time alone.
    fn ordered(self) -> Self {
        if self.times.windows(2).all(|pair| pair[0] < pair[1]) {
            return self;
        }
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        order.sort_by_key(|row| self.times[*row]);
        let is_last = |place: &usize| {
            let next = order.get(place + 1);
            next.is_none_or(|next| self.times[*next] != self.times[order[*place]])
        };
        let kept: Vec<usize> = (0..order.len()).filter(is_last).map(|place| order[place]).collect();
        let of = |column: &Column| {
            let values = kept.iter().map(|row| column.values[*row]).collect();
            Column::new(column.name.clone(), values)
        };
        Self {
            times: kept.iter().map(|row| self.times[*row]).collect(),
            columns: self.columns.iter().map(of).collect(),
            symbol: self.symbol,
        }
    }
}
