//! The samples of one part of a dataset, and what makes them.

use std::sync::{Arc, Mutex, PoisonError};

use barloom_backend::Session;
use barloom_engine::{BackendChoice, SampleSet};
use barloom_loader::endless;
use pyo3::prelude::*;

use crate::errors;

/// The backend and the device that make the samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) backend: BackendChoice,
    pub(crate) device: Option<u32>,
}

/// The samples of one part, and what makes them once it is asked for some.
pub(crate) struct Part {
    pub(crate) set: SampleSet,
    pub(crate) choice: Choice,
    maker: Mutex<Option<Maker>>,
}

/// The session that makes samples.
struct Maker {
    session: Arc<dyn Session>,
    /// The process that it was made in, where only that one can use it: a device's context is lost
    /// when a process is forked.
    process: Option<u32>,
}

impl Part {
    pub(crate) fn new(set: SampleSet, choice: Choice) -> Self {
        Self { set, choice, maker: Mutex::new(None) }
    }

    /// The session, made when it is first asked for: by callers that have let go of the
    /// interpreter, as whoever logs or raises an error wants it. It has more samples than the
    /// dataset, for epochs that each have their own: whoever asks for one looks whether the dataset
    /// has it.
    pub(crate) fn session(&self) -> PyResult<Arc<dyn Session>> {
        let mut maker = self.maker.lock().unwrap_or_else(PoisonError::into_inner);
        let here = std::process::id();
        let mut choice = self.choice;
        match &*maker {
            Some(Maker { session, process }) if process.is_none_or(|process| process == here) => {
                return Ok(Arc::clone(session));
            }
            Some(_) if choice.backend == BackendChoice::Cuda => {
                return Err(errors::exception(
                    "FileError",
                    "a CUDA device can't be used by a process that was forked after it was opened; \
                     start workers with multiprocessing_context=\"spawn\", or use backend=\"cpu\""
                        .into(),
                ));
            }
            Some(_) => choice.backend = BackendChoice::Cpu,
            None => {}
        }
        let backend = choice.backend.open(choice.device).map_err(errors::of)?;
        let plan = Arc::new(endless((*self.set.plan).clone()));
        let set = SampleSet { plan, ..self.set.clone() };
        let session = set.session(&*backend).map_err(errors::of)?;
        let process = (backend.name() != "cpu").then_some(here);
        // What another process opened must not be closed here.
        std::mem::forget(maker.replace(Maker { session: Arc::clone(&session), process }));
        Ok(session)
    }
}
