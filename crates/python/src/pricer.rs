//! Decisions of one's own, priced on bars that are prepared once.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use barloom_engine::{DecisionPricer, KnownAt};
use barloom_recipe::Recipe;
use pyo3::prelude::*;

use crate::arguments::whole_or_none;
use crate::jobs::{self, watched};
use crate::recipe::of_any;
use crate::tables::{self, Table};
use crate::{bars, errors};

/// The columns that decisions are priced by.
const PRICE_COLUMNS: [&str; 4] = ["open", "high", "low", "close"];

/// Bars made ready for pricing.
#[pyclass(frozen, module = "barloom._barloom")]
pub(crate) struct Pricer {
    pricer: Arc<DecisionPricer>,
    /// The process that opened a device; none where the CPU prices.
    process: Option<u32>,
}

impl Pricer {
    fn is_forked(&self) -> bool {
        self.process.is_some_and(|process| process != std::process::id())
    }
}

impl Drop for Pricer {
    fn drop(&mut self) {
        if self.is_forked() {
            // What another process opened must not be closed here.
            std::mem::forget(Arc::clone(&self.pricer));
        }
    }
}

/// Reads and prepares bars.
#[pyfunction]
pub(crate) fn pricer(
    py: Python<'_>,
    cfg: Option<&Bound<'_, PyAny>>,
    bars: Option<&Bound<'_, PyAny>>,
    #[pyo3(from_py_with = whole_or_none)] forward: Option<usize>,
    cache: bool,
    backend: &str,
    device: Option<u32>,
) -> PyResult<Pricer> {
    let backend = jobs::backend(backend)?;
    let mut recipe: Recipe = of_any(cfg)?;
    if let Some(forward) = forward {
        recipe.dataset.forward = forward;
    }
    recipe.validate().map_err(errors::of)?;
    // Nothing else of the bars is looked at.
    recipe.data.channels = PRICE_COLUMNS.map(str::to_owned).to_vec().into();
    recipe.scaling = Recipe::default().scaling;
    let given = bars::given(bars)?;
    watched(py, None, None, move |watch| {
        let loaded = bars::loaded(&mut recipe, given, None, bars::cache_if(cache), watch)?;
        let backend = backend.open(device).map_err(errors::of)?;
        let process = (backend.name() != "cpu").then(std::process::id);
        let pricer = DecisionPricer::new(&loaded, &*backend).map_err(errors::of)?;
        Ok(Pricer { pricer: Arc::new(pricer), process })
    })
}

#[pymethods]
impl Pricer {
    /// Prices decisions: the table, and warnings of likely mistakes.
    fn price(
        &self,
        py: Python<'_>,
        decisions: &Bound<'_, PyAny>,
        known_at: Option<&str>,
    ) -> PyResult<(Table, Vec<String>)> {
        if self.is_forked() {
            return Err(errors::forked());
        }
        let known_at = known_at.map(str::parse::<KnownAt>).transpose().map_err(errors::usage)?;
        let Some((schema, batches)) = tables::from_python(decisions)? else {
            return Err(errors::usage("decisions: expected a table"));
        };
        let priced = watched(py, None, None, |watch| {
            let decisions = tables::joined(&schema, &batches)?;
            self.pricer.price(&decisions, known_at, watch).map_err(errors::of)
        })?;
        let pieces = priced.pieces;
        let schema = pieces.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        Ok((Table::new(schema, pieces), priced.warnings))
    }
}
