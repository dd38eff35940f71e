//! Bars from Parquet.

use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use arrow::datatypes::SchemaRef;
use barloom_columnar::{ColumnarError, check_footer, check_pages, unpacked_limit};
use bytes::Bytes;

use super::labels::check_labels;
use super::symbols::Symbols;
use super::{
    Columns, FIRST_ROWS, all_roles, begins_with_number, header, is_needed, is_text, of_batches,
    table, usable_roles,
};
use crate::records::Records;
use crate::roles::Roles;
use crate::table::Table;
use crate::{MarketDataError, ReadOptions};

/// Reads a Parquet file: only the columns that bars are made from. One table, or one for each
/// symbol that names of columns say.
pub(crate) fn read_parquet(
    file: &str,
    bytes: &Bytes,
    options: &ReadOptions,
) -> Result<Vec<Table>, MarketDataError> {
    let error = |e: &dyn std::fmt::Display| {
        MarketDataError::file(file, format!("it is not readable as Parquet: {e}"))
    };
    check_footer(bytes).map_err(|e| error(&e))?;
    let limit = unpacked_limit(bytes.len() as u64);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).map_err(|e| error(&e))?;
    let schema = builder.schema().clone();
    let metadata =
        ArrowReaderMetadata::try_new(Arc::clone(builder.metadata()), ArrowReaderOptions::new())
            .map_err(|e| error(&e))?;
    // Some columns, or their first rows.
    let read = |mut wanted: Vec<usize>, rows: Option<usize>| -> Result<Columns, MarketDataError> {
        wanted.sort_unstable();
        wanted.dedup();
        let groups = 0..metadata.metadata().num_row_groups();
        let declared = check_pages(bytes, metadata.metadata(), groups, &wanted, limit);
        let batch_rows = declared.map_err(|e| error(&e))?.batch_rows(limit);
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(bytes.clone(), metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
        let builder = builder.with_projection(mask).with_batch_size(batch_rows);
        let builder = match rows {
            Some(rows) => builder.with_limit(rows),
            None => builder,
        };
        let mut batches = Vec::new();
        let mut unpacked = 0;
        for batch in builder.build().map_err(|e| error(&e))? {
            options.go_on()?;
            let batch = batch.map_err(|e| error(&e))?;
            unpacked += batch.get_array_memory_size() as u64;
            if unpacked > limit {
                return Err(error(&ColumnarError::too_large(limit)));
            }
            batches.push(batch);
        }
        Ok(Columns { places: wanted, batches })
    };
    if let Some(symbols) = Symbols::of(&schema).filter(|_| options.values.is_none()) {
        let Columns { places, batches } = read(symbols.places(), None)?;
        return symbols.tables(&places, &batches, |schema, batches| {
            of_batches(file, schema, batches, options)
        });
    }
    let header = header(file, &schema, options)?;
    let roles = all_roles(file, &schema, &header, options)?;
    let texts = text_columns(&schema, &roles, options);
    let first = if texts.is_empty() { None } else { Some(read(texts.clone(), Some(FIRST_ROWS))?) };
    let is_number =
        |at: usize| first.as_ref().is_some_and(|first| begins_with_number(first, at, options));
    let (roles, available) = usable_roles(&schema, roles, is_number, options);
    let mut wanted: Vec<usize> = roles.values.iter().map(|(at, _)| *at).collect();
    wanted.extend(roles.side.iter().map(|(at, _)| *at));
    wanted.extend(roles.twins.iter().map(|(_, twin)| *twin));
    wanted
        .extend([roles.time, roles.time_of_day, roles.symbol, roles.series].into_iter().flatten());
    let records = Records::of(&header, roles.kind);
    wanted.extend(
        records.iter().flat_map(|records| [Some(records.instrument), records.action]).flatten(),
    );
    let columns = read(wanted, None)?;
    let table = table(file, &schema, (&roles, available), &columns, options)?;
    check_labels(&schema, &table, &roles, |texts| read(texts, None))?;
    Ok(vec![table])
}

/// Wanted columns of text, beside those that are read in any case.
fn text_columns(schema: &SchemaRef, roles: &Roles, options: &ReadOptions) -> Vec<usize> {
    let columns = roles.values.iter().filter(|(at, name)| {
        is_text(schema.field(*at).data_type())
            && !is_needed(name, roles.kind)
            && options.wants(name)
    });
    columns.map(|(at, _)| *at).collect()
}
