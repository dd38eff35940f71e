//! Samples as Arrow columns.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array,
    Int32Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use barloom_backend::{Program, SampleBlock};
use barloom_bars::Market;
use barloom_recipe::Recipe;

use crate::Manifest;
use crate::format::parquet::Values;

/// The names of exit reasons, by their number.
pub const EXIT_REASONS: [&str; 4] = ["none", "stop", "target", "horizon"];

/// The columns of a dataset's samples: names, types, and blocks turned into them.
///
/// `sample`, `symbol`, `bar`, `ts`, each channel as `FixedSizeList<f32, L>`, the nine state and
/// action fields, `reward` and `reward_<metric>`, `entry_price`, `exit_price`, `pnl`,
/// `held_bars`, `exit_reason`. Nothing is nullable.
#[derive(Clone, Debug)]
pub struct Layout {
    schema: SchemaRef,
    lookback: i32,
    channels: Vec<String>,
    metrics: Vec<String>,
    symbols: Vec<String>,
    reasons: Vec<String>,
}

impl Layout {
    /// The layout of a program's samples.
    #[must_use]
    pub fn new(program: &Program, market: &Market) -> Self {
        Self::of_names(
            program.channels.iter().map(|c| c.name.clone()).collect(),
            program.lookback,
            program.reward.metrics.iter().map(|m| m.name().to_owned()).collect(),
            market.series().iter().map(|s| s.symbol.clone()).collect(),
        )
    }

    /// The layout of a dataset's samples, as its manifest and recipe tell it.
    #[must_use]
    pub fn of_manifest(manifest: &Manifest, recipe: &Recipe) -> Self {
        Self::of_names(
            recipe.data.channels.to_vec(),
            recipe.dataset.lookback,
            recipe.reward.metrics.iter().map(|m| m.name().to_owned()).collect(),
            manifest.market.symbols.iter().map(|s| s.symbol.clone()).collect(),
        )
    }

    pub(crate) fn of_names(
        channels: Vec<String>,
        lookback: usize,
        metrics: Vec<String>,
        symbols: Vec<String>,
    ) -> Self {
        let lookback = i32::try_from(lookback).unwrap_or(i32::MAX);
        let schema = Arc::new(schema(&channels, lookback, &metrics));
        let reasons = EXIT_REASONS.map(str::to_owned).to_vec();
        Self { schema, lookback, channels, metrics, symbols, reasons }
    }

    /// The Arrow schema.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Channel names in order.
    #[must_use]
    pub fn channels(&self) -> Vec<&str> {
        self.channels.iter().map(String::as_str).collect()
    }

    /// Bars of a window.
    #[must_use]
    pub fn lookback(&self) -> usize {
        self.lookback as usize
    }

    /// The columns of rewards: `reward`, then `reward_<metric>` for each further metric.
    #[must_use]
    pub fn reward_names(&self) -> Vec<String> {
        reward_names(&self.metrics)
    }

    /// Metric names in order; the first is the column `reward`.
    #[must_use]
    pub fn metrics(&self) -> Vec<&str> {
        self.metrics.iter().map(String::as_str).collect()
    }

    /// Bytes of the values of a sample, with 8 for each that is no window.
    pub(crate) fn row_bytes(&self) -> u64 {
        let windows = (self.channels.len() as u64).saturating_mul(self.lookback() as u64);
        let others = (self.schema.fields().len() - self.channels.len()) as u64;
        windows.saturating_mul(size_of::<f32>() as u64).saturating_add(8 * others)
    }

    /// Bytes of the tables of names: of symbols and of exit reasons.
    pub(crate) fn tables_bytes(&self) -> u64 {
        self.symbols.iter().chain(&self.reasons).map(|name| name.len() as u64 + 16).sum()
    }

    /// Windows one after another as an Arrow column.
    pub(crate) fn window_array(&self, values: Vec<f32>) -> Result<ArrayRef, ArrowError> {
        let item = Arc::new(Field::new("item", DataType::Float32, false));
        let values = Arc::new(Float32Array::from(values));
        Ok(Arc::new(FixedSizeListArray::try_new(item, self.lookback, values, None)?))
    }

    /// Symbols by their place in the market as an Arrow column.
    pub(crate) fn symbol_array(&self, codes: Vec<i32>) -> Result<ArrayRef, ArrowError> {
        dictionary(codes, &self.symbols)
    }

    /// Exit reasons by their code as an Arrow column.
    pub(crate) fn reason_array(&self, codes: Vec<i32>) -> Result<ArrayRef, ArrowError> {
        dictionary(codes, &self.reasons)
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
        let rows = start..end;
        let floats = |values: &[f64]| -> ArrayRef {
            Arc::new(Float64Array::from(values[rows.clone()].to_vec()))
        };
        let bytes = |values: &[i8]| -> ArrayRef {
            Arc::new(Int8Array::from(values[rows.clone()].to_vec()))
        };
        let codes = block.symbol[rows.clone()].iter().map(|s| *s as i32).collect::<Vec<_>>();
        let reasons = block.exit_reason[rows.clone()].iter().map(|r| i32::from(*r)).collect();
        let ts = TimestampNanosecondArray::from(block.ts[rows.clone()].to_vec());
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(
                rows.clone().map(|row| block.sample(row) as i64),
            )),
            self.symbol_array(codes)?,
            Arc::new(Int64Array::from(block.bar[rows.clone()].to_vec())),
            Arc::new(ts.with_timezone("UTC")),
        ];
        let l = block.shape().lookback;
        for windows in &block.windows {
            columns.push(self.window_array(windows[start * l..end * l].to_vec())?);
        }
        columns.extend([
            floats(&block.equity),
            floats(&block.balance),
            bytes(&block.position),
            floats(&block.sl_dist),
            floats(&block.tp_dist),
            bytes(&block.act_dir),
            floats(&block.act_dollar),
            floats(&block.act_sl),
            floats(&block.act_tp),
        ]);
        columns.extend(block.rewards.iter().map(|reward| floats(reward)));
        columns.extend([
            floats(&block.entry_price),
            floats(&block.exit_price),
            floats(&block.pnl),
            Arc::new(Int32Array::from(block.held_bars[rows.clone()].to_vec())) as ArrayRef,
            self.reason_array(reasons)?,
        ]);
        RecordBatch::try_new(self.schema(), columns)
    }

    /// Rows `[start, end)` of a block as the leaf columns of a Parquet row group, in the order of
    /// the schema. Nearly all of them are the block's own memory.
    pub(crate) fn values<'a>(
        &'a self,
        block: &'a SampleBlock,
        start: usize,
        end: usize,
    ) -> Vec<Values<'a>> {
        let rows = start..end;
        let doubles = |values: &'a [f64]| Values::Doubles(&values[start..end]);
        let longs = |values: &'a [i64]| Values::Longs(Cow::Borrowed(&values[start..end]));
        let widened = |values: &[i8]| {
            Values::Ints(values[start..end].iter().map(|v| i32::from(*v)).collect())
        };
        let strings = |codes: Cow<'a, [u32]>, table: &'a [String]| Values::Strings { codes, table };
        let samples = rows.clone().map(|row| block.sample(row) as i64);
        let mut columns = vec![
            Values::Longs(samples.collect()),
            strings(Cow::Borrowed(&block.symbol[rows.clone()]), &self.symbols),
            longs(&block.bar),
            longs(&block.ts),
        ];
        let length = block.shape().lookback;
        columns.extend(block.windows.iter().map(|windows| Values::Windows {
            values: &windows[start * length..end * length],
            length,
        }));
        columns.extend([
            doubles(&block.equity),
            doubles(&block.balance),
            widened(&block.position),
            doubles(&block.sl_dist),
            doubles(&block.tp_dist),
            widened(&block.act_dir),
            doubles(&block.act_dollar),
            doubles(&block.act_sl),
            doubles(&block.act_tp),
        ]);
        columns.extend(block.rewards.iter().map(|reward| doubles(reward)));
        columns.extend([
            doubles(&block.entry_price),
            doubles(&block.exit_price),
            doubles(&block.pnl),
            Values::Ints(Cow::Borrowed(&block.held_bars[rows.clone()])),
            strings(block.exit_reason[rows].iter().map(|r| u32::from(*r)).collect(), &self.reasons),
        ]);
        columns
    }
}

fn dictionary(codes: Vec<i32>, values: &[String]) -> Result<ArrayRef, ArrowError> {
    let values = Arc::new(StringArray::from_iter_values(values));
    let array = DictionaryArray::<Int32Type>::try_new(Int32Array::from(codes), values)?;
    Ok(Arc::new(array))
}

/// The columns of these metrics: `reward`, then `reward_<metric>` for each further one.
#[must_use]
pub fn reward_names(metrics: &[impl AsRef<str>]) -> Vec<String> {
    let further = metrics.iter().skip(1).map(|metric| format!("reward_{}", metric.as_ref()));
    metrics.first().map(|_| "reward".to_owned()).into_iter().chain(further).collect()
}

fn schema(channels: &[String], lookback: i32, metrics: &[String]) -> Schema {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let window = DataType::FixedSizeList(item, lookback);
    let field = |name: &str, kind: DataType| Field::new(name, kind, false);
    let mut fields = vec![
        field("sample", DataType::Int64),
        field("symbol", text.clone()),
        field("bar", DataType::Int64),
        field("ts", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))),
    ];
    fields.extend(channels.iter().map(|name| field(name, window.clone())));
    fields.extend([
        field("equity", DataType::Float64),
        field("balance", DataType::Float64),
        field("position", DataType::Int8),
        field("sl_dist", DataType::Float64),
        field("tp_dist", DataType::Float64),
        field("act_dir", DataType::Int8),
        field("act_dollar", DataType::Float64),
        field("act_sl", DataType::Float64),
        field("act_tp", DataType::Float64),
    ]);
    fields.extend(reward_names(metrics).iter().map(|name| field(name, DataType::Float64)));
    fields.extend([
        field("entry_price", DataType::Float64),
        field("exit_price", DataType::Float64),
        field("pnl", DataType::Float64),
        field("held_bars", DataType::Int32),
        field("exit_reason", text),
    ]);
    Schema::new(fields)
}
