//! A market loaded on a backend for each program of a dataset's parts.

use std::sync::Arc;

use barloom_backend::{Backend, PreparedMarket};

use crate::{Error, SampleSet};

/// The market of a dataset, loaded once for each program of its parts. Parts share a program, but
/// for folds with scalers or classes of their own; programs share what they can.
#[derive(Clone, Default)]
pub struct Markets(Vec<Arc<dyn PreparedMarket>>);

impl Markets {
    /// The market loaded for the program of a part: on the backend if it is the first.
    ///
    /// # Errors
    /// The backend fails.
    pub fn of(
        &mut self,
        set: &SampleSet,
        backend: &dyn Backend,
    ) -> Result<Arc<dyn PreparedMarket>, Error> {
        let program = &set.plan.program;
        let is_its = |one: &&Arc<dyn PreparedMarket>| {
            Arc::ptr_eq(one.program(), program) || **one.program() == **program
        };
        if let Some(loaded) = self.0.iter().find(is_its) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = match self.0.first() {
            Some(first) => Arc::clone(first).with_program(Arc::clone(program))?,
            None => set.load_on(backend)?,
        };
        self.0.push(Arc::clone(&loaded));
        Ok(loaded)
    }
}
