//! Loaders in Python.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barloom_loader::{Batch, Batches as Epoch, Loader as Inner, LoaderError, State};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Column, to_dict};
use crate::{errors, recipe};

/// Batches of a dataset, epoch after epoch.
///
/// Each ``for`` loop over it is one epoch, the next one after that of the loop before. A batch is
/// a dict of NumPy arrays over memory of the loader, without a copy: ``windows`` float32 [B, C, L]
/// (``layout="BLC"``: [B, L, C]), ``meta`` float32 [B, 9], scaled, ``reward`` float32 [B] (or
/// [B, metrics]), and the columns that were asked for by name. With ``group_actions=True`` B counts
/// states, and meta, reward and columns are [B, K, ...].
#[pyclass(frozen, module = "barloom", weakref)]
pub(crate) struct Loader {
    inner: Inner,
    columns: Arc<Vec<Column>>,
    place: Mutex<Place>,
}

/// Where a loader is.
struct Place {
    /// Where the next loop begins, if none has begun from there.
    next: State,
    /// The loop that is on, or was last.
    running: Option<Arc<Mutex<Epoch>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Loader {
    pub(crate) fn new(inner: Inner, columns: Vec<Column>, epoch: u64) -> Self {
        let place = Place { next: inner.start(epoch), running: None };
        Self { inner, columns: Arc::new(columns), place: Mutex::new(place) }
    }

    /// Where the loader is: in the loop that is on, or before the next one.
    fn state(&self) -> State {
        let place = lock(&self.place);
        let Some(running) = &place.running else { return place.next.clone() };
        let epoch = lock(running);
        // A loop that is over has passed its epoch.
        if epoch.size_hint().0 == 0 {
            self.inner.start(epoch.state().epoch + 1)
        } else {
            epoch.state()
        }
    }
}

#[pymethods]
impl Loader {
    fn __iter__(&self, py: Python<'_>) -> PyResult<Batches> {
        let from = {
            let place = lock(&self.place);
            match &place.running {
                None => place.next.clone(),
                Some(running) => self.inner.start(lock(running).state().epoch + 1),
            }
        };
        let epoch = py.detach(|| self.inner.batches(&from)).map_err(errors::of_loader)?;
        let epoch = Arc::new(Mutex::new(epoch));
        lock(&self.place).running = Some(Arc::clone(&epoch));
        Ok(Batches { epoch, columns: Arc::clone(&self.columns) })
    }

    /// Batches of an epoch, from its beginning.
    fn __len__(&self) -> PyResult<usize> {
        let start = self.inner.start(self.state().epoch);
        let steps = self.inner.steps(&start).map_err(errors::of_loader)?;
        usize::try_from(steps).map_err(|e| errors::usage(e.to_string()))
    }

    /// The epoch of the loop that is on, or of the next one.
    #[getter]
    fn epoch(&self) -> u64 {
        self.state().epoch
    }

    /// Samples of a batch, or states.
    #[getter]
    fn batch_size(&self) -> usize {
        self.inner.options().batch_size
    }

    /// The next loop is that of this epoch, from its beginning.
    fn set_epoch(&self, epoch: u64) {
        let mut place = lock(&self.place);
        (place.next, place.running) = (self.inner.start(epoch), None);
    }

    /// Where the loader is, after the batches that it has given: a small dict for a checkpoint.
    fn state_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = serde_json::to_value(self.state()).map_err(|e| errors::usage(e.to_string()))?;
        recipe::to_python(py, &json)
    }

    /// The next loop goes on from a state that ``state_dict`` gave, also of another number of
    /// ranks, threads or samples of a batch.
    fn load_state_dict(&self, state: &Bound<'_, PyAny>) -> PyResult<()> {
        let text: String = state.py().import("json")?.call_method1("dumps", (state,))?.extract()?;
        let state: State = serde_json::from_str(&text)
            .map_err(|e| errors::usage(format!("state: it is not a loader's: {e}")))?;
        self.inner.steps(&state).map_err(errors::of_loader)?;
        let mut place = lock(&self.place);
        (place.next, place.running) = (state, None);
        Ok(())
    }

    fn __repr__(&self) -> PyResult<String> {
        let State { epoch, position, .. } = self.state();
        Ok(format!(
            "Loader of {} batches of {}: epoch {epoch}, place {position}",
            self.__len__()?,
            self.batch_size()
        ))
    }
}

/// The batches of one epoch.
#[pyclass(frozen, module = "barloom")]
pub(crate) struct Batches {
    epoch: Arc<Mutex<Epoch>>,
    columns: Arc<Vec<Column>>,
}

#[pymethods]
impl Batches {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let next: Option<Result<Batch, LoaderError>> = py.detach(|| lock(&self.epoch).next());
        let Some(batch) = next else { return Ok(None) };
        to_dict(py, batch.map_err(errors::of_loader)?, &self.columns, false).map(Some)
    }

    fn __length_hint__(&self) -> usize {
        lock(&self.epoch).size_hint().0
    }
}
