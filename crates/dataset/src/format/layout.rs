//! Samples as Arrow columns.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array,
    Int32Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray, UInt8Array,
    UInt32Array,
};
use arrow::datatypes::{DataType, Field as ArrowField, Int32Type, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use barloom_backend::{Program, SampleBlock};
use barloom_bars::Market;
use barloom_recipe::Recipe;
use barloom_schema::{
    DType, EXIT_REASONS, Field, Logical, Role, SampleColumns, Schema, Slice, reward_names,
};

use crate::Manifest;
use crate::format::parquet::Values;

/// The columns of a dataset's samples: the [`Schema`], its types in Arrow, and blocks turned into
/// them. Nothing is nullable.
#[derive(Clone, Debug)]
pub struct Layout {
    columns: Schema,
    schema: SchemaRef,
    lookback: usize,
    metrics: Vec<String>,
    symbols: Vec<String>,
    reasons: Vec<String>,
}

impl Layout {
    /// The layout of a program's samples.
    #[must_use]
    pub fn new(program: &Program, market: &Market) -> Self {
        let symbols = market.series().iter().map(|s| s.symbol.clone()).collect();
        program.with_columns(|columns| Self::of_columns(columns, symbols))
    }

    /// The layout of a dataset's samples, as its manifest and recipe tell it.
    #[must_use]
    pub fn of_manifest(manifest: &Manifest, recipe: &Recipe) -> Self {
        let metrics: Vec<&str> = recipe.reward.metrics.iter().map(|m| m.name()).collect();
        let fields = manifest.schema.fields();
        let labels: Vec<Field> = fields.iter().filter(|field| field.is_label()).cloned().collect();
        let columns = SampleColumns {
            channels: &texts(&recipe.data.channels),
            lookback: recipe.dataset.lookback,
            snapshot: &texts(&recipe.data.snapshot),
            metrics: &metrics,
            labels: &labels,
            priced: fields.iter().any(|field| field.role == Role::Action),
        };
        let symbols = manifest.market.symbols.iter().map(|s| s.symbol.clone()).collect();
        Self::of_columns(&columns, symbols)
    }

    pub(crate) fn of_columns(columns: &SampleColumns<'_>, symbols: Vec<String>) -> Self {
        let (lookback, metrics) =
            (columns.lookback, if columns.priced { columns.metrics } else { &[] });
        let metrics = metrics.iter().map(|name| (*name).to_owned()).collect();
        let columns = Schema::of_samples(columns);
        let fields: Vec<ArrowField> = columns.fields().iter().map(arrow_field).collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        let reasons = EXIT_REASONS.map(str::to_owned).to_vec();
        Self { columns, schema, lookback, metrics, symbols, reasons }
    }

    /// Runs a function on the columns of which the schema is made.
    pub(crate) fn with_columns<T>(&self, run: impl FnOnce(&SampleColumns<'_>) -> T) -> T {
        let labels: Vec<Field> = self.labels().cloned().collect();
        run(&SampleColumns {
            channels: &self.channels(),
            lookback: self.lookback,
            snapshot: &self.snapshot(),
            metrics: &self.metrics(),
            labels: &labels,
            priced: self.is_priced(),
        })
    }

    /// The columns as data.
    #[must_use]
    pub fn columns(&self) -> &Schema {
        &self.columns
    }

    /// The Arrow schema.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Channel names in order.
    #[must_use]
    pub fn channels(&self) -> Vec<&str> {
        self.columns.of_role(Role::Window).map(|field| field.name.as_str()).collect()
    }

    /// Bars of a window.
    #[must_use]
    pub fn lookback(&self) -> usize {
        self.lookback
    }

    /// Names of the snapshot's columns in order; empty without one.
    #[must_use]
    pub fn snapshot(&self) -> Vec<&str> {
        let names = self.columns.of_role(Role::Snapshot).flat_map(|field| &field.names);
        names.map(String::as_str).collect()
    }

    /// Labels, and the weight after them.
    pub fn labels(&self) -> impl Iterator<Item = &Field> {
        self.columns.fields().iter().filter(|field| field.is_label())
    }

    /// False for samples without state, action, rewards and outcomes.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.columns.of_role(Role::Action).next().is_some()
    }

    /// The columns of rewards: `reward`, then `reward_<metric>` for each further metric.
    #[must_use]
    pub fn reward_names(&self) -> Vec<String> {
        reward_names(&self.metrics)
    }

    /// Metric names in order; the first is the column `reward`.
    #[must_use]
    pub fn metrics(&self) -> Vec<&str> {
        texts(&self.metrics)
    }

    /// Floats of a sample in windows, the snapshot and paths.
    pub(crate) fn floats(&self) -> usize {
        let is_wide = |field: &&Field| !field.shape.is_empty();
        let wide = self.columns.fields().iter().filter(is_wide);
        wide.map(Field::values).fold(0, usize::saturating_add)
    }

    /// Bytes of the values of a sample, with 8 for each single one.
    pub(crate) fn row_bytes(&self) -> u64 {
        let bytes = |field: &Field| match &field.shape[..] {
            [] => 8,
            _ => field.bytes() as u64,
        };
        self.columns.fields().iter().map(bytes).fold(0, u64::saturating_add)
    }

    /// Bytes of the tables of names: of symbols and of exit reasons.
    pub(crate) fn tables_bytes(&self) -> u64 {
        self.symbols.iter().chain(&self.reasons).map(|name| name.len() as u64 + 16).sum()
    }

    /// Rows `[start, end)` of a block as a record batch; rows count from the block's first.
    ///
    /// # Errors
    /// The block is of another shape.
    pub fn record_batch(
        &self,
        block: &SampleBlock,
        start: usize,
        end: usize,
    ) -> Result<RecordBatch, ArrowError> {
        let samples = (start..end).map(|row| block.sample(row) as i64);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(samples))];
        for (field, values) in self.columns.content().zip(block.slices(start..end)) {
            arrays.push(self.array(field, values)?);
        }
        RecordBatch::try_new(self.schema(), arrays)
    }

    /// Values of a column as an Arrow column.
    pub(crate) fn array(&self, field: &Field, values: Slice<'_>) -> Result<ArrayRef, ArrowError> {
        Ok(match (field.logical, values) {
            (Logical::Symbol, Slice::U32(codes)) => {
                dictionary(codes.iter().map(|code| *code as i32).collect(), &self.symbols)?
            }
            (Logical::ExitReason, Slice::U8(codes)) => {
                dictionary(codes.iter().map(|code| i32::from(*code)).collect(), &self.reasons)?
            }
            (Logical::Time, Slice::I64(times)) => {
                Arc::new(TimestampNanosecondArray::from(times.to_vec()).with_timezone("UTC"))
            }
            (_, Slice::F32(values)) if !field.shape.is_empty() => {
                let item = Arc::new(ArrowField::new("item", DataType::Float32, false));
                let values = Arc::new(Float32Array::from(values.to_vec()));
                let length = i32::try_from(field.values()).unwrap_or(i32::MAX);
                Arc::new(FixedSizeListArray::try_new(item, length, values, None)?)
            }
            (_, Slice::F32(values)) => Arc::new(Float32Array::from(values.to_vec())),
            (_, Slice::F64(values)) => Arc::new(Float64Array::from(values.to_vec())),
            (_, Slice::I8(values)) => Arc::new(Int8Array::from(values.to_vec())),
            (_, Slice::I32(values)) => Arc::new(Int32Array::from(values.to_vec())),
            (_, Slice::I64(values)) => Arc::new(Int64Array::from(values.to_vec())),
            (_, Slice::U8(values)) => Arc::new(UInt8Array::from(values.to_vec())),
            (_, Slice::U32(values)) => Arc::new(UInt32Array::from(values.to_vec())),
        })
    }

    /// Rows `[start, end)` of a block as the leaf columns of a Parquet row group, in the order of
    /// the schema. Nearly all of them are the block's own memory.
    pub(crate) fn values<'a>(
        &'a self,
        block: &'a SampleBlock,
        start: usize,
        end: usize,
    ) -> Vec<Values<'a>> {
        let samples = (start..end).map(|row| block.sample(row) as i64);
        let columns = self.columns.content().zip(block.slices(start..end));
        let mut values = vec![Values::Longs(samples.collect())];
        values.extend(columns.map(|(field, slice)| self.leaf(field, slice)));
        values
    }

    /// Values of a column as a leaf column of Parquet.
    fn leaf<'a>(&'a self, field: &Field, values: Slice<'a>) -> Values<'a> {
        match (field.logical, values) {
            (Logical::Symbol, Slice::U32(codes)) => {
                Values::Strings { codes: Cow::Borrowed(codes), table: &self.symbols }
            }
            (Logical::ExitReason, Slice::U8(codes)) => {
                let codes = codes.iter().map(|code| u32::from(*code)).collect();
                Values::Strings { codes, table: &self.reasons }
            }
            (_, Slice::F32(values)) if field.shape.is_empty() => Values::Floats(values),
            (_, Slice::F32(values)) => Values::Windows { values, length: field.values() },
            (_, Slice::F64(values)) => Values::Doubles(values),
            (_, Slice::I64(values)) => Values::Longs(Cow::Borrowed(values)),
            (_, Slice::I32(values)) => Values::Ints(Cow::Borrowed(values)),
            (_, Slice::I8(values)) => Values::Ints(values.iter().map(|x| i32::from(*x)).collect()),
            (_, Slice::U8(values)) => Values::Ints(values.iter().map(|x| i32::from(*x)).collect()),
            (_, Slice::U32(values)) => {
                Values::Ints(Cow::Borrowed(bytemuck::cast_slice::<u32, i32>(values)))
            }
        }
    }
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn dictionary(codes: Vec<i32>, values: &[String]) -> Result<ArrayRef, ArrowError> {
    let values = Arc::new(StringArray::from_iter_values(values));
    let array = DictionaryArray::<Int32Type>::try_new(Int32Array::from(codes), values)?;
    Ok(Arc::new(array))
}

/// A column's name and type in Arrow.
fn arrow_field(field: &Field) -> ArrowField {
    let value = match (field.logical, field.dtype) {
        (Logical::Symbol | Logical::ExitReason, _) => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        (Logical::Time, _) => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        (Logical::Number, DType::F16) => DataType::Float16,
        (Logical::Number, DType::F32) => DataType::Float32,
        (Logical::Number, DType::F64) => DataType::Float64,
        (Logical::Number, DType::I8) => DataType::Int8,
        (Logical::Number, DType::I32) => DataType::Int32,
        (Logical::Number, DType::I64) => DataType::Int64,
        (Logical::Number, DType::U8) => DataType::UInt8,
        (Logical::Number, DType::U32) => DataType::UInt32,
    };
    let kind = match field.values() {
        _ if field.shape.is_empty() => value,
        values => {
            let item = Arc::new(ArrowField::new("item", value, false));
            DataType::FixedSizeList(item, i32::try_from(values).unwrap_or(i32::MAX))
        }
    };
    ArrowField::new(&field.name, kind, false)
}
