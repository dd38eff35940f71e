//! Tables whose names of columns say symbols: one table for each.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema, SchemaRef};

use crate::MarketDataError;
use crate::levels::Levels;
use crate::table::Table;

/// The columns of each symbol.
pub(super) struct Symbols(Vec<Symbol>);

struct Symbol {
    name: String,
    /// The place in the table of each of its columns.
    places: Vec<usize>,
    /// Its columns by their own names.
    schema: SchemaRef,
}

impl Symbols {
    /// The symbols that names say; none if they say none.
    pub(super) fn of(schema: &SchemaRef) -> Option<Self> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let symbol = |(name, columns): (String, Vec<(usize, String)>)| {
            let field = |(at, name): (usize, String)| -> (usize, FieldRef) {
                (at, Arc::new(schema.field(at).clone().with_name(name)))
            };
            let (places, fields): (Vec<usize>, Vec<FieldRef>) =
                columns.into_iter().map(field).unzip();
            Symbol { name, places, schema: Arc::new(Schema::new(fields)) }
        };
        let groups = Levels::of_names(&names)?.groups();
        Some(Self(groups.into_iter().map(symbol).collect()))
    }

    /// The places of all their columns.
    #[cfg(feature = "parquet")]
    pub(super) fn places(&self) -> Vec<usize> {
        self.0.iter().flat_map(|symbol| symbol.places.iter().copied()).collect()
    }

    /// The table that `read` makes of each symbol's columns, from batches with columns of these
    /// places.
    pub(super) fn tables(
        &self,
        places: &[usize],
        batches: &[RecordBatch],
        read: impl Fn(&SchemaRef, Vec<RecordBatch>) -> Result<Table, MarketDataError>,
    ) -> Result<Vec<Table>, MarketDataError> {
        let one = |symbol: &Symbol| {
            let of = |batch: &RecordBatch| {
                let column = |at: &usize| {
                    let place = places.binary_search(at).ok()?;
                    batch.columns().get(place).cloned()
                };
                let columns = symbol.places.iter().filter_map(column).collect();
                RecordBatch::try_new(Arc::clone(&symbol.schema), columns)
            };
            let own: Result<Vec<RecordBatch>, _> = batches.iter().map(of).collect();
            let own = own.map_err(|e| MarketDataError::file(&symbol.name, e))?;
            let mut table = read(&symbol.schema, own)?;
            table.take_symbol(symbol.name.clone());
            Ok(table)
        };
        self.0.iter().map(one).collect()
    }
}
