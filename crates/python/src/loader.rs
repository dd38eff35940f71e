//! Loaders in Python.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barloom_engine::{Batch, Batches as Epoch, Loader as Inner, LoaderError, State};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Column, to_dict};
use crate::{errors, recipe};

/// Batches of a dataset, epoch after epoch.
///
/// Each ``for`` loop over it is one epoch, the next one after that of the loop before. A batch is
/// a dict of NumPy arrays over memory of the loader, without a copy: ``windows`` float32 [B, C, L]
/// (``layout="BLC"``: [B, L, C]), ``snapshot`` float32 [B, K] if the recipe has one, ``meta``
/// float32 [B, 9], scaled, and ``reward`` float32 [B] (or [B, metrics]) where samples have actions,
/// labels and ``weight`` by name, and columns that were chosen by name. With
/// ``group_actions=True`` B counts states, and all but windows are [B, actions, ...].
/// ``Dataset.loader`` makes one.
#[pyclass(frozen, module = "barloom", weakref)]
pub(crate) struct Loader {
    inner: Inner,
    columns: Arc<Vec<Column>>,
    place: Mutex<Place>,
}

/// The place of a loader.
struct Place {
    /// The start of the next loop, if none has begun from there.
    next: State,
    /// The loop that is on, or was last.
    running: Option<Arc<Mutex<Loop>>>,
}

/// A loop over the batches of an epoch.
enum Loop {
    /// It is on.
    On(Box<Epoch>),
    /// It was left, or went to its end, where the state says; and whether that is the end.
    Left(State, bool),
}

impl Loop {
    /// The place, and true at the end.
    fn state(&self) -> (State, bool) {
        match self {
            Self::On(epoch) => (epoch.state(), epoch.is_finished()),
            Self::Left(state, finished) => (state.clone(), *finished),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Loader {
    pub(crate) fn new(inner: Inner, columns: Vec<Column>, epoch: u64) -> Self {
        let place = Place { next: inner.start(epoch), running: None };
        Self { inner, columns: Arc::new(columns), place: Mutex::new(place) }
    }

    /// The loader's place: in the loop that is on, or before the next one.
    fn state(&self) -> State {
        let place = lock(&self.place);
        let Some(running) = &place.running else { return place.next.clone() };
        let (state, finished) = lock(running).state();
        if finished { self.inner.start(state.epoch.saturating_add(1)) } else { state }
    }
}

#[pymethods]
impl Loader {
    fn __iter__(&self, py: Python<'_>) -> PyResult<Batches> {
        let from = {
            let place = lock(&self.place);
            match &place.running {
                None => place.next.clone(),
                Some(running) => self.inner.start(lock(running).state().0.epoch.saturating_add(1)),
            }
        };
        let epoch = py.detach(|| self.inner.batches(&from)).map_err(errors::of_loader)?;
        let running = Arc::new(Mutex::new(Loop::On(Box::new(epoch))));
        lock(&self.place).running = Some(Arc::clone(&running));
        Ok(Batches { running, columns: Arc::clone(&self.columns) })
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

    /// Makes the next loop that of another epoch, from its beginning.
    ///
    /// Args:
    ///     epoch: Its number, from 0.
    fn set_epoch(&self, #[pyo3(from_py_with = crate::arguments::whole)] epoch: u64) {
        let mut place = lock(&self.place);
        (place.next, place.running) = (self.inner.start(epoch), None);
    }

    /// The loader's place, after the batches that it has given: a small dict for a checkpoint.
    fn state_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = serde_json::to_value(self.state()).map_err(|e| errors::usage(e.to_string()))?;
        recipe::to_python(py, &json)
    }

    /// Makes the next loop go on from a state that was saved.
    ///
    /// Args:
    ///     state: What ``state_dict`` gave, also of a loader with another number of ranks, threads
    ///         or samples of a batch.
    fn load_state_dict(&self, state: &Bound<'_, PyAny>) -> PyResult<()> {
        let text: String = state.py().import("json")?.call_method1("dumps", (state,))?.extract()?;
        let state: State = serde_json::from_str(&text)
            .map_err(|e| errors::usage(format!("state: not the state of a loader: {e}")))?;
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

/// The batches of one epoch. Its threads end when it is dropped.
#[pyclass(frozen, module = "barloom")]
pub(crate) struct Batches {
    running: Arc<Mutex<Loop>>,
    columns: Arc<Vec<Column>>,
}

impl Drop for Batches {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        let (state, finished) = running.state();
        let left = std::mem::replace(&mut *running, Loop::Left(state, finished));
        drop(running);
        // Its threads finish what they are about.
        Python::attach(|py| py.detach(|| drop(left)));
    }
}

#[pymethods]
impl Batches {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let next: Option<Result<Batch, LoaderError>> =
            py.detach(|| match &mut *lock(&self.running) {
                Loop::On(epoch) => epoch.next(),
                Loop::Left(..) => None,
            });
        let Some(batch) = next else { return Ok(None) };
        to_dict(py, &batch.map_err(errors::of_loader)?, &self.columns, false).map(Some)
    }

    fn __length_hint__(&self) -> usize {
        match &*lock(&self.running) {
            Loop::On(epoch) => epoch.size_hint().0,
            Loop::Left(..) => 0,
        }
    }
}
