//! Arrow tables in and out, by the PyCapsule interface.
#![expect(unsafe_code, reason = "a stream of Arrow's C interface is a pointer in a capsule")]

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors;

/// The name of capsules with streams.
const STREAM: &std::ffi::CStr = c"arrow_array_stream";

/// A stream as a capsule, which whoever takes it must not outlive the interpreter.
pub(crate) fn to_capsule<'py>(
    py: Python<'py>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), STREAM)
}

/// The batches of an object with `__arrow_c_stream__`, or of one batch with `__arrow_c_array__`.
pub(crate) fn from_python(
    table: &Bound<'_, PyAny>,
) -> PyResult<Option<(SchemaRef, Vec<RecordBatch>)>> {
    if !table.hasattr("__arrow_c_stream__")? {
        return Ok(None);
    }
    let capsule = table.call_method0("__arrow_c_stream__")?;
    let capsule = capsule.cast::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(STREAM))?;
    // SAFETY: a capsule of this name holds a stream of Arrow's C interface, which is moved out: what
    // is left is marked as released, which the capsule's destructor looks at.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr().cast()) };
    let unreadable = |e: ArrowError| errors::exception("DataError", format!("bars: {e}"));
    let reader = RecordBatchStreamReader::try_new(stream).map_err(unreadable)?;
    let schema = reader.schema();
    let batches: Result<Vec<RecordBatch>, _> = table.py().detach(|| reader.collect());
    Ok(Some((schema, batches.map_err(unreadable)?)))
}

/// Columns in Arrow's memory, which pyarrow, pandas and polars take as they are.
#[pyclass(frozen, module = "barloom", sequence)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

#[pymethods]
impl Table {
    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("Table of {} rows: {}", self.num_rows(), self.column_names().join(", "))
    }

    /// A column as a NumPy array, a window column as [n, L]; null is NaN, NaT, -1 or None. Needs
    /// pyarrow.
    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let Ok(index) = self.schema.index_of(name) else {
            let names = self.column_names().join(", ");
            return Err(PyKeyError::new_err(format!("{name}: no such column in {names}")));
        };
        let projected = || -> Result<Self, ArrowError> {
            let batches = self.batches.iter().map(|batch| batch.project(&[index]));
            let schema = Arc::new(self.schema.project(&[index])?);
            Ok(Self::new(schema, batches.collect::<Result<_, _>>()?))
        };
        let table = Bound::new(py, projected().map_err(|e| errors::usage(e.to_string()))?)?;
        py.import("barloom._tables")?.call_method1("to_numpy", (table, name))
    }

    /// The table as a ``pyarrow.Table``, without a copy.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("barloom._tables")?.call_method1("to_arrow", (slf,))
    }

    /// The table as a ``pandas.DataFrame``. Cells of window columns are float32 arrays of L values;
    /// ``table["close"]`` has those of one channel as one array [n, L].
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("barloom._tables")?.call_method1("to_pandas", (slf,))
    }

    /// The table as a ``polars.DataFrame``.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("barloom._tables")?.call_method1("to_polars", (slf,))
    }

    /// The table as a stream of Arrow's C interface.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A consumer that wants other types casts what it gets.
        let _ = requested_schema;
        let batches = self.batches.clone().into_iter().map(Ok);
        to_capsule(py, Box::new(RecordBatchIterator::new(batches, Arc::clone(&self.schema))))
    }
}

/// A table of any object with Arrow's columns.
#[pyfunction]
pub(crate) fn table(columns: &Bound<'_, PyAny>) -> PyResult<Table> {
    let (schema, batches) = from_python(columns)?
        .ok_or_else(|| errors::usage("expected a table with __arrow_c_stream__"))?;
    Ok(Table::new(schema, batches))
}

/// Batches as one.
pub(crate) fn joined(schema: &SchemaRef, batches: &[RecordBatch]) -> PyResult<RecordBatch> {
    concat_batches(schema, batches).map_err(|e| errors::exception("DataError", e.to_string()))
}

/// An error of Arrow's for a stream's consumer.
pub(crate) fn external(error: impl std::error::Error + Send + Sync + 'static) -> ArrowError {
    ArrowError::ExternalError(Box::new(error))
}
