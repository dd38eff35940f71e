//! Columns of text that seem to name instruments, though their names do not say it.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, SchemaRef};

use super::{Columns, cast_to, is_text};
use crate::roles::Roles;
use crate::table::{Kind, SymbolCodes, Table};
use crate::{MarketDataError, panel};

/// Refuses rows whose times repeat, if a column of text tells the rows of each time apart.
pub(super) fn check_labels(
    schema: &SchemaRef,
    table: &Table,
    roles: &Roles,
    read: impl FnOnce(Vec<usize>) -> Result<Columns, MarketDataError>,
) -> Result<(), MarketDataError> {
    if table.kind != Kind::Bars || table.symbols.is_some() || !panel::repeats(&table.ts) {
        return Ok(());
    }
    let is_time = |at: usize| roles.time == Some(at) || roles.time_of_day == Some(at);
    let texts: Vec<usize> = (0..schema.fields().len())
        .filter(|at| is_text(schema.field(*at).data_type()) && !is_time(*at))
        .collect();
    if texts.is_empty() {
        return Ok(());
    }
    let columns = read(texts.clone())?;
    // The one with the fewest values says it best.
    let mut found: Option<(usize, &str)> = None;
    for at in texts {
        let name = schema.field(at).name();
        let array = columns.get(&table.file, name, at)?;
        let text = cast_to(&table.file, name, &array, &DataType::Utf8)?;
        let mut codes = SymbolCodes::default();
        text.as_string::<i32>().iter().for_each(|text| codes.push(text.unwrap_or("")));
        let (codes, names) = codes.finish();
        let is_fewer = found.is_none_or(|(fewest, _)| names.len() < fewest);
        if is_fewer && panel::tells_apart(&table.ts, &codes, names.len()) {
            found = Some((names.len(), name));
        }
    }
    found.map_or(Ok(()), |(_, name)| Err(panel::error(&table.file, name)))
}
