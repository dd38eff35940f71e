//! Columns of bars that functions of Python give.

use arrow::array::RecordBatch;
use barloom_engine::{Column, Error, OwnColumns};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use crate::errors;
use crate::tables::Table;

/// The names of columns, and what computes them (`barloom/_functions.py`): called with the table of
/// all bars, it gives a float64 array for each.
pub(crate) struct Own {
    names: Vec<String>,
    compute: Py<PyAny>,
}

impl Own {
    /// The pair of names and the function, if it is not None.
    pub(crate) fn given(own: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Self>> {
        let Some(own) = own.filter(|own| !own.is_none()) else { return Ok(None) };
        let (names, compute) = own.extract()?;
        Ok(Some(Self { names, compute }))
    }

    /// Does the work with these columns. Whatever the function raises is raised by it.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut OwnColumns<'_>) -> Result<T, Error>,
    ) -> PyResult<T> {
        let mut raised = None;
        let mut compute = |table: RecordBatch| {
            self.columns(table).map_err(|error| {
                raised = Some(error);
                Error::stopped()
            })
        };
        let names = self.names.clone();
        let result = work(&mut OwnColumns { names, compute: &mut compute });
        match raised {
            Some(error) => Err(error),
            None => result.map_err(errors::of),
        }
    }

    fn columns(&self, table: RecordBatch) -> PyResult<Vec<Column>> {
        Python::attach(|py| {
            let table = Table::new(table.schema(), vec![table]);
            let arrays: Vec<PyReadonlyArray1<'_, f64>> =
                self.compute.call1(py, (table,))?.extract(py)?;
            let columns =
                self.names.iter().zip(&arrays).map(|(name, array)| {
                    Ok(Column::new(name.as_str(), array.as_slice()?.to_vec()))
                });
            columns.collect()
        })
    }
}
