//! Decision bars, and tables of what a model predicts on them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeListArray, Float64Array, Int64Array, RecordBatch,
    TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use barloom_loader::{LoaderError, RowWeights, Weights};

use crate::pricing::dictionary;
use crate::{Error, SampleSet};

/// Predictions: of each decision bar one or several numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicted {
    /// Real numbers, so many a bar.
    Reals(Vec<f64>, usize),
    /// Whole numbers, such as classes, so many a bar.
    Wholes(Vec<i64>, usize),
}

impl Predicted {
    fn array(&self) -> Result<ArrayRef, ArrowError> {
        let (values, width): (ArrayRef, usize) = match self {
            Self::Reals(values, width) => (Arc::new(Float64Array::from(values.clone())), *width),
            Self::Wholes(values, width) => (Arc::new(Int64Array::from(values.clone())), *width),
        };
        if width == 1 {
            return Ok(values);
        }
        let field = Arc::new(Field::new("item", values.data_type().clone(), false));
        let width = i32::try_from(width)
            .map_err(|_| ArrowError::InvalidArgumentError("too many values a bar".into()))?;
        Ok(Arc::new(FixedSizeListArray::try_new(field, width, values, None)?))
    }
}

impl SampleSet {
    /// The arena rows of the decision bars, ascending: bars with inputs, labelled or not.
    #[must_use]
    pub fn decision_rows(&self) -> Vec<usize> {
        self.plan.decisions.iter().cloned().flatten().collect()
    }

    /// The arena row on which a sample stands.
    #[must_use]
    pub fn row_of(&self, sample: u64) -> usize {
        let draws = &self.plan.draws;
        draws.positions.locate(draws.sampler.draw(sample).rank).row
    }

    /// The weights of the samples, by which epochs can draw them: the column `weight`. None without
    /// one.
    ///
    /// # Errors
    /// All weights of the part are 0.
    pub fn weights(&self) -> Result<Option<Arc<dyn Weights>>, LoaderError> {
        let Some(values) = self.plan.draws.weights(&self.plan.program) else { return Ok(None) };
        let set = self.clone();
        let weights = RowWeights::new(values.clone(), move |sample| set.row_of(sample))?;
        Ok(Some(Arc::new(weights)))
    }

    /// A table of predictions on decision bars: `symbol`, `bar` (within its symbol, from 0), `ts`
    /// (the bar's open, ns UTC) and `pred`, after what else the caller tells of each.
    ///
    /// The prediction of bar t was made of rows before t, and acts at bar t. Predictions are
    /// matched by (symbol, bar).
    ///
    /// # Errors
    /// The numbers of rows and predictions differ, or the market has no such row.
    pub fn predictions(
        &self,
        others: Vec<(String, Vec<i64>)>,
        rows: &[usize],
        predicted: &Predicted,
    ) -> Result<RecordBatch, Error> {
        let market = &self.market;
        if let Some(row) = rows.iter().find(|row| **row >= market.len()) {
            let problem = format!("row {row} of {} bars", market.len());
            return Err(Error::Predictions { problem });
        }
        let series = market.series();
        let code = |row: &usize| series.partition_point(|span| span.end <= *row);
        let codes: Vec<usize> = rows.iter().map(code).collect();
        let bars = rows.iter().zip(&codes).map(|(row, code)| (row - series[*code].start) as i64);
        let ts: TimestampNanosecondArray = rows.iter().map(|row| Some(market.ts()[*row])).collect();
        let names = series.iter().map(|span| span.symbol.as_str()).collect();
        let of_codes = codes.iter().map(|code| i32::try_from(*code).ok()).collect();
        let table = || {
            let mut columns: Vec<(String, ArrayRef)> = others
                .into_iter()
                .map(|(name, values)| (name, Arc::new(Int64Array::from(values)) as ArrayRef))
                .collect();
            columns.push(("symbol".into(), dictionary(of_codes, names)?));
            columns.push(("bar".into(), Arc::new(bars.collect::<Int64Array>())));
            columns.push(("ts".into(), Arc::new(ts.with_timezone("UTC"))));
            columns.push(("pred".into(), predicted.array()?));
            let field = |(name, array): &(String, ArrayRef)| {
                let is_list = matches!(array.data_type(), DataType::FixedSizeList(..));
                Field::new(name, array.data_type().clone(), is_list)
            };
            let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
            let arrays = columns.into_iter().map(|(_, array)| array).collect();
            RecordBatch::try_new(Arc::new(schema), arrays)
        };
        table().map_err(|e| Error::Predictions { problem: e.to_string() })
    }
}
