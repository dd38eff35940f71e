//! The samples of one part of a dataset, and what makes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use barloom_engine::{Backend, BackendChoice, Markets, PreparedMarket, SampleSet, Session};
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
    /// Its place among the parts.
    place: usize,
    /// The same for all parts of a dataset.
    maker: Arc<Mutex<Option<Maker>>>,
}

/// The maker of the samples of all parts of a dataset.
struct Maker {
    backend: Box<dyn Backend>,
    markets: Markets,
    /// By the place of the part, once it was asked for.
    sessions: BTreeMap<usize, Arc<dyn Session>>,
    /// The process that it was made in, where only that one can use it: a device's context is lost
    /// when a process is forked.
    process: Option<u32>,
}

impl Part {
    /// The parts of a dataset, which share one loaded market.
    pub(crate) fn all(sets: Vec<SampleSet>, choice: Choice) -> Vec<Self> {
        let maker = Arc::new(Mutex::new(None));
        let part = |(place, set)| Self { set, choice, place, maker: Arc::clone(&maker) };
        sets.into_iter().enumerate().map(part).collect()
    }

    /// The session, made when it is first asked for: by callers that have let go of the
    /// interpreter, as whoever logs or raises an error wants it. It makes any sample, for epochs
    /// that each have their own: callers check that the dataset has the sample.
    pub(crate) fn session(&self) -> PyResult<Arc<dyn Session>> {
        self.with_maker(|maker| maker.session(self))
    }

    /// The market that was loaded for its program: for callers as those of
    /// [`session`](Self::session).
    pub(crate) fn prepared(&self) -> PyResult<Arc<dyn PreparedMarket>> {
        self.with_maker(|maker| maker.prepared(self))
    }

    fn with_maker<T>(&self, make: impl Fn(&mut Maker) -> PyResult<T>) -> PyResult<T> {
        let mut maker = self.maker.lock().unwrap_or_else(PoisonError::into_inner);
        let here = std::process::id();
        let mut choice = self.choice;
        match &mut *maker {
            Some(maker) if maker.process.is_none_or(|process| process == here) => {
                return make(maker);
            }
            Some(_) if choice.backend == BackendChoice::Cuda => {
                return Err(errors::forked());
            }
            Some(_) => choice.backend = BackendChoice::Cpu,
            None => {}
        }
        let backend = choice.backend.open(choice.device).map_err(errors::of)?;
        let process = (backend.name() != "cpu").then_some(here);
        let (markets, sessions) = (Markets::default(), BTreeMap::new());
        let mut made = Maker { backend, markets, sessions, process };
        let result = make(&mut made)?;
        // What another process opened must not be closed here.
        std::mem::forget(maker.replace(made));
        Ok(result)
    }
}

impl Maker {
    fn session(&mut self, part: &Part) -> PyResult<Arc<dyn Session>> {
        if let Some(session) = self.sessions.get(&part.place) {
            return Ok(Arc::clone(session));
        }
        let market = self.prepared(part)?;
        let session = part.set.endless_session(&market).map_err(errors::of)?;
        self.sessions.insert(part.place, Arc::clone(&session));
        Ok(session)
    }

    fn prepared(&mut self, part: &Part) -> PyResult<Arc<dyn PreparedMarket>> {
        self.markets.of(&part.set, &*self.backend).map_err(errors::of)
    }
}
