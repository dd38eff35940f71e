//! Datasets in Python.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatchReader;
use barloom_engine::{LoaderOptions, SampleSet, Unit, WindowLayout, gather};
use barloom_schema::Role;
use numpy::PyArray2;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyCapsule, PyDict, PyInt, PyList, PySlice, PyString};

use crate::arguments::{layout_of, whole, whole_or_none};
use crate::arrays::{Column, described, listed_actions, to_dict};
use crate::indices::{indices, resolved};
use crate::loader::Loader;
use crate::part::{Choice, Part};
use crate::recipe::Recipe;
use crate::scalers::{inverted, scalers};
use crate::stream::Stream;
use crate::tables::{self, Table};
use crate::{errors, jobs};

/// Samples of a recipe and bars, on disk or in memory. In memory they are made when you read them.
///
/// ``len(ds)`` samples; ``ds[i]`` and ``ds[a:b]`` and ``ds[[3, 1, 2]]`` are dicts of arrays, the
/// same as a loader's batches: ``windows`` float32 [C, L] (or [B, C, L]), ``snapshot`` float32 [K]
/// if the recipe has one, ``meta`` float32 [9], scaled, and ``reward`` float32 where samples have
/// actions, and labels by their names. A dataset with a split has parts, ``ds["train"]``, and no
/// samples of its own; one with folds has ``ds.folds``. ``build_dataset``, ``dataset`` and ``open``
/// make one.
#[pyclass(frozen, module = "barloom", weakref)]
pub(crate) struct Dataset {
    parts: Arc<Vec<Part>>,
    /// The part of the split; none for the whole split dataset.
    one: Option<usize>,
    /// Its folder.
    path: Option<PathBuf>,
    notes: Vec<String>,
}

impl Dataset {
    pub(crate) fn new(
        sets: Vec<SampleSet>,
        choice: Choice,
        path: Option<PathBuf>,
        notes: Vec<String>,
    ) -> PyResult<Self> {
        if sets.is_empty() {
            return Err(errors::exception("DataError", "the dataset has no parts".into()));
        }
        // A single part of a split that has several is opened by its own folder.
        let one = (sets.len() == 1).then_some(0);
        Ok(Self { parts: Arc::new(Part::all(sets, choice)), one, path, notes })
    }

    /// The part of the split.
    pub(crate) fn part_of(&self) -> PyResult<&Part> {
        self.one.map(|at| &self.parts[at]).ok_or_else(|| {
            let names: Vec<String> = self.names().map(|name| format!("ds[{name:?}]")).collect();
            errors::usage(format!(
                "this dataset is split and has no samples of its own; choose a part: {}",
                names.join(", ")
            ))
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| part.set.part())
    }

    pub(crate) fn named(&self, name: &str) -> PyResult<Self> {
        let at = self.parts.iter().position(|part| part.set.part() == Some(name));
        let Some(at) = at.filter(|_| self.one.is_none()) else {
            let names: Vec<&str> = self.parts().into_iter().collect();
            let there = match names.is_empty() {
                true => "it has no parts".to_owned(),
                false => format!("its parts are {}", names.join(", ")),
            };
            return Err(PyKeyError::new_err(format!(
                "{name}: the dataset has no such part; {there}"
            )));
        };
        let path = self.path.as_ref().map(|path| path.join(name));
        let (parts, notes) = (Arc::clone(&self.parts), self.notes.clone());
        Ok(Self { parts, one: Some(at), path, notes })
    }

    /// True for samples without a split, or of one part.
    pub(crate) fn is_one(&self) -> bool {
        self.one.is_some()
    }

    /// The samples of all parts; none of one part of several.
    pub(crate) fn sets(&self) -> Option<impl Iterator<Item = &SampleSet>> {
        self.one.is_none().then(|| self.parts.iter().map(|part| &part.set))
    }

    /// The backend that makes the samples.
    pub(crate) fn choice(&self) -> Choice {
        self.parts[0].choice
    }

    pub(crate) fn set(&self) -> &SampleSet {
        &self.parts[self.one.unwrap_or(0)].set
    }

    fn metric_names(&self) -> Vec<String> {
        let program = &self.set().plan.program;
        let metrics = program.reward.metrics.iter().filter(|_| program.priced);
        metrics.map(|metric| metric.name().to_owned()).collect()
    }

    /// Columns of batches by their names.
    fn find(&self, py: Python<'_>, columns: &[String]) -> PyResult<Vec<Column>> {
        Column::find(py, columns, &self.set().plan.program)
    }

    /// Refuses more samples than there is memory for.
    fn check_room(&self, samples: u64) -> PyResult<()> {
        self.set().check_room(samples).map_err(errors::of_loader)
    }

    fn gathered<'py>(
        &self,
        py: Python<'py>,
        samples: &[u64],
        columns: &[Column],
        layout: WindowLayout,
        alone: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let part = self.part_of()?;
        let batch = py.detach(|| {
            let session = part.session()?;
            gather(&*session, samples, layout).map_err(errors::of_loader)
        })?;
        to_dict(py, &batch, columns, alone)
    }

    fn stream(&self, py: Python<'_>, samples: Range<u64>) -> PyResult<Stream> {
        let part = self.part_of()?;
        let session = py.detach(|| part.session())?;
        Ok(Stream::new(part.set.reader(session), samples))
    }
}

#[pymethods]
impl Dataset {
    /// The folder; None in memory.
    #[getter]
    fn path(&self) -> Option<String> {
        self.path.as_ref().map(|path| path.to_string_lossy().into_owned())
    }

    /// The recipe, with every "auto" replaced by the value that was used.
    #[getter]
    fn recipe(&self) -> Recipe {
        Recipe((*self.set().recipe).clone())
    }

    /// The names of the parts of a split, in time order; empty without a split.
    #[getter]
    fn parts(&self) -> Vec<&str> {
        if self.one.is_some() { Vec::new() } else { self.names().collect() }
    }

    /// The name of this part of a split; None for a dataset without a split.
    #[getter]
    fn part(&self) -> Option<&str> {
        self.one.and_then(|at| self.parts[at].set.part())
    }

    /// The channels of the windows, in order.
    #[getter]
    fn channels(&self) -> Vec<String> {
        self.set().plan.program.channels.iter().map(|channel| channel.name.clone()).collect()
    }

    /// The columns of the snapshot, in order; empty without one.
    #[getter]
    fn snapshot_names(&self) -> Vec<String> {
        self.set().plan.program.snapshot.iter().map(|column| column.name.clone()).collect()
    }

    /// The reward metrics, in order.
    #[getter]
    fn metrics(&self) -> Vec<String> {
        self.metric_names()
    }

    /// The columns of the samples, in the order of a stored dataset: of each a dict with name,
    /// dtype, shape (() for one value a sample), names (of the values of a snapshot), role (key,
    /// window, snapshot, state, action, label, outcome, weight), unit and doc.
    ///
    /// >>> {field["name"]: field["doc"] for field in ds.schema}
    #[getter]
    fn schema<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let layout = self.set().layout();
        layout.columns().fields().iter().map(|field| described(py, field)).collect()
    }

    /// The names of the meta fields, in order.
    #[getter]
    fn meta_fields(&self) -> Vec<String> {
        self.set().plan.program.meta.fields.iter().map(|field| field.name.clone()).collect()
    }

    /// Values of each meta field that scale to 0 and to 1: float64 [9, 2].
    #[getter]
    fn meta_bounds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows: Vec<Vec<f64>> = self
            .set()
            .plan
            .program
            .meta
            .fields
            .iter()
            .map(|field| vec![field.min, field.max])
            .collect();
        Ok(PyArray2::from_vec2(py, &rows)?)
    }

    /// The scalers that were fitted to the bars: a dict by column of ``channels``, and another of
    /// ``snapshot``. A scaler has ``fit`` (a part or "all"), ``per``, ``clip`` and ``parameters``,
    /// which are one set, or one for each of ``symbols``.
    #[getter]
    fn scalers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalers(py, self.set())
    }

    /// Values of a column from values that its fitted scaler gave: a float64 array of the shape
    /// of ``x``. Values that were clipped give the bound.
    ///
    /// Args:
    ///     name: The channel, or else the column of the snapshot.
    ///     x: A scaled value or an array of them.
    ///     symbol: The symbol of the values, where each has parameters of its own.
    ///
    /// Raises:
    ///     KeyError: No such column has a fitted scaler, or there is no such symbol.
    #[pyo3(signature = (name, x, *, symbol=None))]
    fn inverse_transform<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        x: &Bound<'py, PyAny>,
        symbol: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        inverted(py, self.set(), name, x, symbol)
    }

    /// The symbols, in the order of their codes.
    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.set().market.series().iter().map(|span| span.symbol.clone()).collect()
    }

    /// L: bars of a window.
    #[getter]
    fn lookback(&self) -> usize {
        self.set().plan.program.lookback
    }

    /// F: the bars on which an action is priced.
    #[getter]
    fn forward(&self) -> usize {
        self.set().plan.program.forward
    }

    /// K: the samples that share a state.
    #[getter]
    fn actions_per_state(&self) -> u64 {
        self.set().plan.draws.sampler.actions_per_state()
    }

    /// The listed actions of a state with ``actions = "grid"``: a dict of arrays ``act_dir`` int8
    /// [K], ``act_dollar``, ``act_sl`` and ``act_tp`` float64 [K]. Sample i has number i modulo K.
    /// None where actions are drawn, or there are none.
    #[getter]
    fn actions<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let grid = self.set().plan.draws.sampler.grid();
        (!grid.is_empty()).then(|| listed_actions(py, grid)).transpose()
    }

    /// The number of valid positions of samples.
    #[getter]
    fn positions(&self) -> PyResult<u64> {
        Ok(self.part_of()?.set.plan.draws.positions.count())
    }

    /// Notes from the reading of the bars.
    #[getter]
    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn __len__(&self) -> PyResult<usize> {
        usize::try_from(self.part_of()?.set.plan.samples).map_err(|e| errors::usage(e.to_string()))
    }

    /// A part of a split by its name, or one or several samples as a dict of arrays.
    fn __getitem__<'py>(
        slf: &Bound<'py, Self>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if let Ok(name) = key.cast::<PyString>() {
            return Ok(Bound::new(py, this.named(&name.to_cow()?)?)?.into_any());
        }
        let samples = this.part_of()?.set.plan.samples;
        if let Ok(slice) = key.cast::<PySlice>() {
            let length = isize::try_from(samples).map_err(|e| errors::usage(e.to_string()))?;
            let at = slice.indices(length)?;
            this.check_room(at.slicelength as u64)?;
            let numbers: Vec<u64> =
                (0..at.slicelength).map(|i| (at.start + i as isize * at.step) as u64).collect();
            return Ok(this.gathered(py, &numbers, &[], CHANNELS_FIRST, false)?.into_any());
        }
        if key.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err("expected the number of a sample, got a bool"));
        }
        if let Ok(number) = key.cast::<PyInt>() {
            let outside =
                || PyIndexError::new_err(format!("sample {number} of a dataset of {samples}"));
            let sample = resolved(number.extract().map_err(|_| outside())?, samples)?;
            return Ok(this.gathered(py, &[sample], &[], CHANNELS_FIRST, true)?.into_any());
        }
        if let Ok(index) = key.extract::<i64>() {
            // Something else that says that it is an index, as NumPy's integers do.
            let sample = resolved(index, samples)?;
            return Ok(this.gathered(py, &[sample], &[], CHANNELS_FIRST, true)?.into_any());
        }
        let samples = indices(key, samples)?;
        Ok(this.gathered(py, &samples, &[], CHANNELS_FIRST, false)?.into_any())
    }

    /// Samples by their numbers as a list of dicts, for PyTorch's DataLoader.
    fn __getitems__<'py>(&self, indices: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = indices.py();
        let samples = crate::indices::indices(indices, self.part_of()?.set.plan.samples)?;
        let dicts: PyResult<Vec<_>> = samples
            .iter()
            .map(|sample| self.gathered(py, &[*sample], &[], CHANNELS_FIRST, true))
            .collect();
        PyList::new(py, dicts?)
    }

    /// Samples by their numbers, in this order, as a dict of arrays like a loader's batch.
    ///
    /// Args:
    ///     indices: Numbers of samples from 0, or from the end where they are negative; or a mask
    ///         of all samples.
    ///     columns: Names of columns beside ``windows``, ``meta`` and ``reward``, as for
    ///         ``loader``.
    ///     layout: ``"BCL"`` for windows [B, C, L], ``"BLC"`` for [B, L, C].
    #[pyo3(signature = (indices, *, columns=Vec::new(), layout="BCL"))]
    fn take<'py>(
        &self,
        indices: &Bound<'py, PyAny>,
        columns: Vec<String>,
        layout: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = indices.py();
        let samples = crate::indices::indices(indices, self.part_of()?.set.plan.samples)?;
        let columns = self.find(py, &columns)?;
        self.gathered(py, &samples, &columns, layout_of(layout)?, false)
    }

    /// Samples as a table with the columns of a stored dataset.
    ///
    /// Args:
    ///     start: The first sample, from 0.
    ///     stop: One past the last sample; None for all that follow.
    #[pyo3(signature = (start=0, stop=None))]
    fn read(&self, py: Python<'_>, start: i64, stop: Option<i64>) -> PyResult<Table> {
        let samples = self.part_of()?.set.plan.samples;
        let within = |index: i64| u64::try_from(index).ok().filter(|at| *at <= samples);
        let stop = stop.map_or(Some(samples), within);
        let (Some(start), Some(stop)) = (within(start), stop) else {
            let message = format!("expected samples from 0 to {samples}");
            return Err(PyIndexError::new_err(message));
        };
        let range = start..stop.max(start);
        self.check_room(range.end - range.start)?;
        let stream = self.stream(py, range)?;
        let schema = stream.schema();
        let batches = jobs::watched(py, None, None, |watch| stream.collect(watch))?;
        Ok(Table::new(schema, batches))
    }

    /// All samples as a ``pyarrow.Table`` with the columns of a stored dataset. Each channel is a
    /// column of lists of L values.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.call_method0("read")?.call_method0("to_arrow")
    }

    /// All samples as a ``pandas.DataFrame``.
    ///
    /// Each channel is a column whose cells are float32 arrays of L values, one a sample.
    /// ``ds[:]["windows"]`` has the same values as one float32 array [n, C, L].
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.call_method0("read")?.call_method0("to_pandas")
    }

    /// All samples as a ``polars.DataFrame``. Each channel is a column of type Array of L values.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.call_method0("read")?.call_method0("to_polars")
    }

    /// All samples as a stream of Arrow's C interface, batch after batch.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A consumer that wants other types casts what it gets.
        let _ = requested_schema;
        let samples = self.part_of()?.set.plan.samples;
        tables::to_capsule(py, Box::new(self.stream(py, 0..samples)?))
    }

    /// Batches for a training loop: ``for batch in ds.loader(4096, shuffle=True)`` is one epoch.
    ///
    /// Args:
    ///     batch_size: The number of samples in a batch, B; with ``group_actions``, of states.
    ///     shuffle: True for another random order of the samples in each epoch.
    ///     seed: The seed of that order.
    ///     drop_last: True to leave out the last batch of an epoch if it is smaller, so that all
    ///         ranks make the same number of steps.
    ///     fraction: The share of the samples in an epoch, above 0 and up to 1: the first samples
    ///         of its order.
    ///     fresh: True to make other samples of the same recipe and bars in each epoch.
    ///     group_actions: True to keep the K actions of a state together: windows are [B, C, L],
    ///         and meta, reward and columns are [B, K, ...].
    ///     columns: Names of columns that batches have beside ``windows``, ``meta`` and ``reward``:
    ///         ``sample``, ``symbol`` (a code, see ``symbols``), ``bar``, ``ts``, ``pnl``,
    ///         ``exit_reason``, ``reward_<metric>`` (float64) and other columns of a stored
    ///         dataset, but not windows.
    ///     layout: ``"BCL"`` for windows [B, C, L], ``"BLC"`` for [B, L, C].
    ///     rank: The number of this process among the processes of a step, from 0.
    ///     world_size: The number of processes that share each step; each gets ``batch_size``
    ///         samples of it.
    ///     epoch: The epoch of the first loop, from 0.
    ///     threads: The number of threads that make batches ahead. None: one per core, up to 4. 0:
    ///         each batch is made when you ask for it.
    ///     prefetch: The least number of batches that are made ahead; None for one more than the
    ///         threads.
    ///     split: The name of a part of a split dataset: ``ds.loader(split="train")`` is
    ///         ``ds["train"].loader()``.
    ///     worker: The number of this worker among the workers of a rank, from 0.
    ///     workers: The number of workers that take turns; worker w makes every batch whose number
    ///         is w modulo this.
    ///     weights: True to draw the samples of an epoch with replacement, each with a probability
    ///         proportional to its ``weight``. It needs ``shuffle=True``.
    ///
    /// Raises:
    ///     RecipeError: An argument is out of range, or the dataset is split and no part is named.
    ///     KeyError: There is no such column, or no such part.
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    #[pyo3(signature = (
        batch_size=1024, *, shuffle=false, seed=0, drop_last=false, fraction=1.0, fresh=false,
        group_actions=false, columns=Vec::new(), layout="BCL", rank=0, world_size=1, epoch=0,
        threads=None, prefetch=None, split=None, worker=0, workers=1, weights=false
    ))]
    fn loader(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = whole)] batch_size: usize,
        shuffle: bool,
        #[pyo3(from_py_with = whole)] seed: u64,
        drop_last: bool,
        fraction: f64,
        fresh: bool,
        group_actions: bool,
        columns: Vec<String>,
        layout: &str,
        #[pyo3(from_py_with = whole)] rank: usize,
        #[pyo3(from_py_with = whole)] world_size: usize,
        #[pyo3(from_py_with = whole)] epoch: u64,
        #[pyo3(from_py_with = whole_or_none)] threads: Option<usize>,
        #[pyo3(from_py_with = whole_or_none)] prefetch: Option<usize>,
        split: Option<&str>,
        #[pyo3(from_py_with = whole)] worker: usize,
        #[pyo3(from_py_with = whole)] workers: usize,
        weights: bool,
    ) -> PyResult<Loader> {
        if let Some(split) = split {
            let part = self.named(split)?;
            return part.loader(
                py,
                batch_size,
                shuffle,
                seed,
                drop_last,
                fraction,
                fresh,
                group_actions,
                columns,
                layout,
                rank,
                world_size,
                epoch,
                threads,
                prefetch,
                None,
                worker,
                workers,
                weights,
            );
        }
        let options = LoaderOptions {
            batch_size,
            unit: if group_actions { Unit::State } else { Unit::Sample },
            shuffle: shuffle.then_some(seed),
            drop_last,
            fraction,
            fresh,
            rank,
            world_size,
            layout: layout_of(layout)?,
            threads,
            prefetch,
            workers,
            worker,
        };
        let columns = self.find(py, &columns)?;
        let part = self.part_of()?;
        let batches = py.detach(|| {
            let loader = part.set.loader(part.session()?, options).map_err(errors::of_loader)?;
            if !weights {
                return Ok(loader);
            }
            let weights = part.set.weights().map_err(errors::of_loader)?.ok_or_else(|| {
                errors::usage(
                    "weights: the samples have no weight; add a table weights to the recipe, such as \
                     weights = {\"kind\": [\"uniqueness\"]}, or leave weights out"
                        .to_owned(),
                )
            })?;
            loader.weighted(weights).map_err(errors::of_loader)
        })?;
        Ok(Loader::new(batches, columns, epoch))
    }

    /// The number of decision bars: bars with inputs, whether they have labels or not.
    #[getter]
    fn decisions(&self) -> PyResult<usize> {
        Ok(self.part_of()?.set.plan.decisions.iter().map(Range::len).sum())
    }

    /// The labels of the samples, in order, without the weight.
    #[getter]
    fn labels(&self) -> Vec<String> {
        let labels = self.set().plan.program.labels.iter();
        labels.filter(|label| label.role == Role::Label).map(|label| label.name.clone()).collect()
    }

    /// The edges of classes that were fitted: a dict by column. A value below the first edge has
    /// class 0.
    #[getter]
    fn classes(&self) -> BTreeMap<String, Vec<f64>> {
        self.set().plan.program.classes.clone()
    }

    fn __repr__(&self) -> String {
        let plan = &self.set().plan;
        let shape = format!("windows [{}, {}]", plan.program.channels.len(), plan.program.lookback);
        let place = self.path().map_or("in memory".to_owned(), |path| format!("{path:?}"));
        match (self.one, self.part()) {
            (None, _) => format!("Dataset {place}: parts {}, {shape}", self.parts().join(", ")),
            (_, None) => format!("Dataset {place}: {} samples, {shape}", plan.samples),
            (_, Some(part)) => {
                format!("Dataset {place}: part {part}, {} samples, {shape}", plan.samples)
            }
        }
    }

    /// By its path, or in memory by its recipe and bars.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let module = py.import("barloom._barloom")?;
        let Choice { backend, device } = self.parts[0].choice;
        let (backend, part) = (backend.to_string(), self.part());
        if let Some(path) = &self.path {
            let arguments = (path, backend, device).into_pyobject(py)?.into_any();
            return Ok((module.getattr("open")?, arguments));
        }
        let set = self.set();
        let bars = set.stored_bars().map_err(errors::of)?;
        let arguments = (set.recipe.to_toml(), PyBytes::new(py, &bars), part, backend, device);
        Ok((module.getattr("from_stored")?, arguments.into_pyobject(py)?.into_any()))
    }
}

const CHANNELS_FIRST: WindowLayout = WindowLayout::ChannelsFirst;
