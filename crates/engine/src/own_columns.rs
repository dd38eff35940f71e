//! Columns that a caller computes from the bars of a market.

use arrow::array::RecordBatch;
use barloom_bars::{Column, Series};
use barloom_market_data::to_table;

use crate::Error;

/// A function of the table that [`to_table`](crate::to_table) makes of all bars. It gives columns
/// with a value a row; NaN means missing.
pub type ComputeColumns<'a> = dyn FnMut(RecordBatch) -> Result<Vec<Column>, Error> + 'a;

/// Columns that are computed from bars once these are judged, before a market is made of them.
/// They are like other columns of the bars from there on.
pub struct OwnColumns<'a> {
    /// The names of the columns.
    pub names: Vec<String>,
    /// The function that computes them.
    pub compute: &'a mut ComputeColumns<'a>,
}

impl OwnColumns<'_> {
    /// The series with the computed columns after their own.
    ///
    /// # Errors
    /// The function fails; a column has another number of rows; the bars have one of its name.
    pub(crate) fn added(&mut self, series: Vec<Series>) -> Result<Vec<Series>, Error> {
        let mut computed = (self.compute)(to_table(&series)?)?;
        let mut with_columns = Vec::with_capacity(series.len());
        let last = series.len().saturating_sub(1);
        for (index, one) in series.into_iter().enumerate() {
            let rows = one.len();
            let taken = computed.iter_mut().map(|column| {
                // The last series takes all that is left, so that too many values are an error.
                let count = column.values.len();
                let end = if index == last { count } else { rows.min(count) };
                Column::new(column.name.as_str(), column.values.drain(..end).collect())
            });
            with_columns.push(one.with_columns(taken.collect())?);
        }
        Ok(with_columns)
    }
}

#[cfg(test)]
mod tests {
    use barloom_bars::{BarsError, PRICE_COLUMNS};

    use super::*;

    fn series(symbol: &str, count: usize) -> Series {
        let columns = PRICE_COLUMNS.map(|name| Column::new(name, vec![1.0; count]));
        Series::new(symbol, (0_i64..).take(count).collect(), columns.into()).unwrap()
    }

    fn added(name: &str, values: &[f64]) -> Result<Vec<Series>, Error> {
        let mut compute = |table: RecordBatch| {
            assert_eq!(table.num_rows(), 5);
            Ok(vec![Column::new(name, values.to_vec())])
        };
        let mut own = OwnColumns { names: vec![name.to_owned()], compute: &mut compute };
        own.added(vec![series("A", 2), series("B", 3)])
    }

    #[test]
    fn each_series_gets_the_values_of_its_rows() {
        let added = added("x", &[0.0, 1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(added[0].column("x").unwrap(), [0.0, 1.0]);
        assert_eq!(added[1].column("x").unwrap(), [2.0, 3.0, 4.0]);
    }

    #[test]
    fn another_number_of_values_and_a_name_of_the_bars_are_refused() {
        for count in [0, 1, 4, 6] {
            let error = added("x", &vec![0.0; count]).unwrap_err();
            assert!(matches!(error, Error::Bars(BarsError::Length { .. })), "{error}");
        }
        let error = added("close", &[0.0; 5]).unwrap_err();
        assert!(matches!(error, Error::Bars(BarsError::DuplicateColumn { .. })), "{error}");
    }
}
