//! Columns of bars that functions of Python give.

use std::sync::Arc;

use arrow::array::RecordBatch;
use barloom_engine::{Column, Error, OwnColumns, Watch};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::errors;
use crate::tables::Table;

/// The names of columns, and what computes them (`barloom/_functions.py`): called with the table of
/// all bars, and with a function that tells whether to stop, it gives a float64 array for each.
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
        watch: &Watch,
        work: impl FnOnce(&mut OwnColumns<'_>) -> Result<T, Error>,
    ) -> PyResult<T> {
        let mut raised = None;
        let mut compute = |table: RecordBatch| {
            self.columns(table, watch).map_err(|error| {
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

    fn columns(&self, table: RecordBatch, watch: &Watch) -> PyResult<Vec<Column>> {
        Python::attach(|py| {
            let table = Table::new(table.schema(), vec![table]);
            let stop = Arc::clone(&watch.stop);
            let stopped = PyCFunction::new_closure(py, None, None, move |_, _| stop())?;
            let arrays: Vec<PyReadonlyArray1<'_, f64>> =
                self.compute.call1(py, (table, stopped))?.extract(py)?;
            let columns =
                self.names.iter().zip(&arrays).map(|(name, array)| {
                    Ok(Column::new(name.as_str(), array.as_slice()?.to_vec()))
                });
            columns.collect()
        })
    }
}
