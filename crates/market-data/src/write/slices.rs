//! Series end to end, as record batches of any of their rows.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use barloom_bars::{PRICE_COLUMNS, Series};
use rayon::prelude::*;

/// Rows of a batch.
const ROWS: usize = 1 << 20;

/// Series end to end.
pub(super) struct Slices<'a> {
    series: &'a [Series],
    /// The first row of each, and how many there are.
    starts: Vec<usize>,
    /// The columns of numbers, and whether a value is missing.
    names: Vec<(&'a str, bool)>,
    symbols: Option<ArrayRef>,
    schema: SchemaRef,
}

/// The columns of numbers of all series: prices first.
fn all_columns(series: &[Series]) -> Vec<&str> {
    let mut names: Vec<&str> = PRICE_COLUMNS.to_vec();
    let mut known: BTreeSet<&str> = PRICE_COLUMNS.into_iter().collect();
    for column in series.iter().flat_map(Series::columns) {
        if known.insert(&column.name) {
            names.push(&column.name);
        }
    }
    names
}

impl<'a> Slices<'a> {
    /// With a column of symbols or without, and with these columns of numbers or all.
    pub(super) fn of(
        series: &'a [Series],
        with_symbols: bool,
        columns: Option<&'a [String]>,
    ) -> Self {
        let mut starts = vec![0];
        for one in series {
            starts.push(starts[starts.len() - 1] + one.len());
        }
        let names = match columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => all_columns(series),
        };
        let is_missing = |name: &str, one: &Series| {
            one.column(name).is_none_or(|values| values.iter().any(|value| value.is_nan()))
        };
        let names: Vec<(&str, bool)> = names
            .into_par_iter()
            .map(|name| (name, series.iter().any(|one| is_missing(name, one))))
            .collect();
        let symbols: Option<ArrayRef> = with_symbols.then(|| {
            let symbols = series.iter().map(Series::symbol);
            Arc::new(StringArray::from_iter_values(symbols)) as ArrayRef
        });
        let time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
        let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let mut fields = vec![Field::new("ts", time, false)];
        if with_symbols {
            fields.insert(0, Field::new("symbol", text, false));
        }
        let numbers =
            names.iter().map(|(name, missing)| Field::new(*name, DataType::Float64, *missing));
        fields.extend(numbers);
        Self { series, starts, names, symbols, schema: Arc::new(Schema::new(fields)) }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows in all.
    pub(super) fn rows(&self) -> usize {
        self.starts[self.series.len()]
    }

    /// The rows of each batch in turn.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let rows = self.rows();
        (0..rows).step_by(ROWS).map(move |start| start..rows.min(start + ROWS))
    }

    /// The series that rows are of, and which of its rows.
    pub(super) fn parts(&self, rows: &Range<usize>) -> Vec<(usize, Range<usize>)> {
        let first = self.starts.partition_point(|start| *start <= rows.start).max(1) - 1;
        let of = |index: usize| {
            let start = self.starts[index];
            let end = self.starts[index + 1].min(rows.end);
            (index, rows.start.max(start) - start..end - start)
        };
        let parts = (first..self.series.len()).take_while(|at| self.starts[*at] < rows.end);
        parts.map(of).collect()
    }

    /// The column of a series, if it has it.
    pub(super) fn series(&self, index: usize) -> &'a Series {
        &self.series[index]
    }

    /// The columns of numbers.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &'a str> {
        self.names.iter().map(|(name, _)| *name)
    }

    pub(super) fn has_symbols(&self) -> bool {
        self.symbols.is_some()
    }

    /// These rows as a batch.
    pub(super) fn batch(&self, rows: Range<usize>) -> Result<RecordBatch, ArrowError> {
        let parts = self.parts(&rows);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.names.len() + 2);
        if let Some(symbols) = &self.symbols {
            let mut keys = Vec::with_capacity(rows.len());
            for (index, part) in &parts {
                let key =
                    i32::try_from(*index).map_err(|_| ArrowError::DictionaryKeyOverflowError)?;
                keys.extend(std::iter::repeat_n(key, part.len()));
            }
            let symbols = DictionaryArray::try_new(Int32Array::from(keys), Arc::clone(symbols))?;
            columns.push(Arc::new(symbols));
        }
        let mut ts = Vec::with_capacity(rows.len());
        for (index, part) in &parts {
            ts.extend_from_slice(&self.series[*index].ts()[part.clone()]);
        }
        columns.push(Arc::new(TimestampNanosecondArray::from(ts).with_timezone("UTC")));
        let numbers = |(name, missing): &(&str, bool)| -> ArrayRef {
            let mut values = Vec::with_capacity(rows.len());
            for (index, part) in &parts {
                match self.series[*index].column(name) {
                    Some(column) => values.extend_from_slice(&column[part.clone()]),
                    None => values.extend(std::iter::repeat_n(f64::NAN, part.len())),
                }
            }
            let nulls = missing.then(|| {
                NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |row| {
                    !values[row].is_nan()
                }))
            });
            Arc::new(Float64Array::new(values.into(), nulls))
        };
        columns.extend(self.names.par_iter().map(numbers).collect::<Vec<ArrayRef>>());
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}
