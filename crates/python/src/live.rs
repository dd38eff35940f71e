//! Windows and snapshots of bars that are pushed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use barloom_engine::{Live as Inner, LiveBatch, LiveOptions};
use numpy::PyArray1;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::dataset::Dataset;
use crate::jobs::watched;
use crate::{bars, errors};

/// The state of ``barloom.Live``.
#[pyclass(frozen, module = "barloom._barloom")]
pub(crate) struct Live {
    /// Locked only by a thread that has let go of the interpreter: whoever holds it may log.
    inner: Mutex<Inner>,
    symbols: Vec<String>,
    columns: Vec<String>,
    /// The shape of a window.
    window: [usize; 2],
    /// The number of columns of a snapshot.
    snapshot: usize,
}

/// Starts from the bars of a dataset, or from others.
#[pyfunction]
pub(crate) fn live(
    py: Python<'_>,
    dataset: &Bound<'_, Dataset>,
    history: Option<&Bound<'_, PyAny>>,
    joins: BTreeMap<String, Vec<String>>,
    attributes: Option<String>,
    cache: bool,
) -> PyResult<Live> {
    let set = dataset.get().set().clone();
    let given = bars::given(history)?;
    watched(py, None, None, move |watch| {
        let mut options = barloom_engine::read_options(&set.recipe);
        options.cache = bars::cache_if(cache);
        options.watch = watch.clone();
        let history = given.map(|given| given.read(&options)).transpose()?;
        let options = LiveOptions { history, joins, attributes };
        let live = Inner::new(&set, options).map_err(errors::of)?;
        let program = live.program();
        Ok(Live {
            symbols: live.symbols().map(str::to_owned).collect(),
            columns: live.columns().to_vec(),
            window: [program.channels.len(), program.lookback],
            snapshot: program.snapshot.len(),
            inner: Mutex::new(live),
        })
    })
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a symbol that there is not.
    fn check(&self, symbol: &str) -> PyResult<()> {
        match self.symbols.iter().any(|known| known == symbol) {
            true => Ok(()),
            false => Err(PyKeyError::new_err(format!("there is no symbol {symbol}"))),
        }
    }
}

/// Values of columns by their names.
fn named(values: &Bound<'_, PyDict>) -> PyResult<Vec<(String, f64)>> {
    let one = |(name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name: String = name.extract()?;
        // None is missing, as in tables.
        let value = if value.is_none() { Ok(f64::NAN) } else { value.extract() };
        value.map(|value| (name.clone(), value)).map_err(|_| {
            pyo3::exceptions::PyTypeError::new_err(format!("{name}: expected a number or None"))
        })
    };
    values.iter().map(one).collect()
}

fn borrowed(values: &[(String, f64)]) -> Vec<(&str, f64)> {
    values.iter().map(|(name, value)| (name.as_str(), *value)).collect()
}

/// Values as an array of a shape.
fn array<'py>(py: Python<'py>, values: Vec<f32>, shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    PyArray1::from_vec(py, values).call_method1("reshape", (shape.to_vec(),))
}

#[pymethods]
impl Live {
    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.symbols.clone()
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn push(
        &self,
        py: Python<'_>,
        symbol: &str,
        ts: i64,
        values: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let values = named(values)?;
        py.detach(|| self.lock().push(symbol, ts, &borrowed(&values))).map_err(errors::of)
    }

    fn push_bars(&self, py: Python<'_>, bars: &Bound<'_, PyAny>) -> PyResult<()> {
        let given =
            bars::given(Some(bars))?.ok_or_else(|| errors::usage("bars: there are none"))?;
        watched(py, None, None, move |watch| {
            let mut options = self.lock().read_options();
            options.watch = watch.clone();
            let bars = given.read(&options)?;
            self.lock().push_bars(bars).map_err(errors::of)
        })
    }

    fn close(&self, py: Python<'_>, ts: Option<i64>) -> PyResult<()> {
        py.detach(|| self.lock().close(ts)).map_err(errors::of)
    }

    fn push_join(
        &self,
        py: Python<'_>,
        name: &str,
        ts: i64,
        symbol: Option<&str>,
        values: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let values = named(values)?;
        py.detach(|| self.lock().push_join(name, ts, symbol, &borrowed(&values)))
            .map_err(errors::of)
    }

    fn ready(&self, py: Python<'_>, symbol: &str) -> PyResult<bool> {
        self.check(symbol)?;
        py.detach(|| self.lock().ready(symbol)).map_err(errors::of)
    }

    fn window<'py>(&self, py: Python<'py>, symbol: &str) -> PyResult<Bound<'py, PyAny>> {
        self.check(symbol)?;
        let window = py.detach(|| self.lock().window(symbol)).map_err(errors::of)?;
        array(py, window, &self.window)
    }

    fn snapshot<'py>(&self, py: Python<'py>, symbol: &str) -> PyResult<Bound<'py, PyAny>> {
        self.check(symbol)?;
        let snapshot = py.detach(|| self.lock().snapshot(symbol)).map_err(errors::of)?;
        array(py, snapshot, &[self.snapshot])
    }

    fn batch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let LiveBatch { windows, snapshot, ready, last } = py.detach(|| self.lock().batch());
        let ([channels, lookback], columns) = (self.window, self.snapshot);
        let symbols = ready.len();
        let dict = PyDict::new(py);
        dict.set_item("windows", array(py, windows, &[symbols, channels, lookback])?)?;
        if columns > 0 {
            dict.set_item("snapshot", array(py, snapshot, &[symbols, columns])?)?;
        }
        dict.set_item("ready", PyArray1::from_vec(py, ready))?;
        // The time that stands for none is NumPy's NaT.
        let last = PyArray1::from_vec(py, last).call_method1("view", ("datetime64[ns]",))?;
        dict.set_item("last_ts", last)?;
        Ok(dict)
    }

    fn state<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.lock().state()))
    }

    fn load(&self, py: Python<'_>, state: &[u8]) -> PyResult<()> {
        watched(py, None, None, |_| self.lock().load(state).map_err(errors::of))
    }
}
