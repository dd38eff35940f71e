//! Long work: it runs on a thread of its own, while this one tells its progress and looks
//! for Ctrl-C.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use barloom_engine::{
    BackendChoice, FeatureTable, Job, OnBadBar, ReadOptions, Rows, SampleSet, Verification, Watch,
    problem_with,
};
use barloom_recipe::{Format, Recipe, Samples};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::{whole, whole_or_none};
use crate::dataset::Dataset;
use crate::names::argument;
use crate::own::Own;
use crate::part::Choice;
use crate::recipe::{of_any, to_python, with_data};
use crate::tables::Table;
use crate::{bars, errors};

/// Time between two looks at progress and Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

/// Threads of a job at most.
const MOST_THREADS: usize = 1_024;

/// The backend of a name.
pub(crate) fn backend(name: &str) -> PyResult<BackendChoice> {
    name.parse().map_err(|e: barloom_engine::UnknownBackend| errors::of(e))
}

/// Does the work on threads of its own: a process that was forked has none of its parent's.
pub(crate) fn in_pool<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    if threads.is_some_and(|threads| threads > MOST_THREADS) {
        let message =
            format!("threads: expected at most {MOST_THREADS}, got {}", threads.unwrap_or(0));
        return Err(errors::usage(message));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool =
        pool.map_err(|e| errors::exception("FileError", format!("can't start threads: {e}")))?;
    Ok(pool.install(work))
}

/// Watched from Python.
#[derive(Default)]
struct Watched {
    total: AtomicU64,
    done: AtomicU64,
    stop: AtomicBool,
}

/// Does the work on another thread. `progress`, if not None, is called with how many samples are
/// done and how many there are. Whatever Python raises meanwhile stops the work and is raised when
/// it has ended.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    threads: Option<usize>,
    work: impl FnOnce(&Watch) -> PyResult<T> + Send,
) -> PyResult<T> {
    let state = Arc::new(Watched::default());
    let [of_total, of_done, of_stop] = [(); 3].map(|()| Arc::clone(&state));
    let watch = Watch {
        total: Arc::new(move |samples| _ = of_total.total.fetch_add(samples, Ordering::Relaxed)),
        progress: Arc::new(move |samples| _ = of_done.done.fetch_add(samples, Ordering::Relaxed)),
        stop: Arc::new(move || of_stop.stop.load(Ordering::Relaxed)),
    };
    let tell = || -> PyResult<()> {
        py.check_signals()?;
        if let Some(progress) = progress {
            let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
            progress.call1((read(&state.done), read(&state.total)))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        let (receiver, watch) = (Mutex::new(receiver), &watch);
        let worker = scope.spawn(move || {
            let result = in_pool(threads, || work(watch)).flatten();
            // The other end waits until this one is dropped.
            let _ = sender.send(());
            result
        });
        let mut raised = None;
        loop {
            let waited = py.detach(|| {
                receiver.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(TICK)
            });
            if raised.is_none()
                && let Err(error) = tell()
            {
                state.stop.store(true, Ordering::Relaxed);
                raised = Some(error);
            }
            if !matches!(waited, Err(RecvTimeoutError::Timeout)) {
                break;
            }
        }
        let result = py.detach(|| worker.join());
        match (raised, result) {
            (Some(error), _) => Err(error),
            (None, Ok(result)) => result,
            (None, Err(_)) => Err(errors::exception(
                "BarloomError",
                "this is a bug in barloom; please report it with the message above".into(),
            )),
        }
    })
}

/// Warns of what a person should know before samples are built.
fn warn(py: Python<'_>, sets: &[SampleSet], clipped: Vec<String>) -> PyResult<()> {
    for warning in sets.iter().flat_map(|set| set.plan.warnings()).chain(clipped) {
        let message = std::ffi::CString::new(warning)?;
        let category = py.get_type::<pyo3::exceptions::PyUserWarning>();
        PyErr::warn(py, &category, &message, 2)?;
    }
    Ok(())
}

/// Builds a dataset: in memory, or in the folder `out`.
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
#[pyfunction]
pub(crate) fn build(
    py: Python<'_>,
    cfg: Option<&Bound<'_, PyAny>>,
    n_samples: Option<&Bound<'_, PyAny>>,
    #[pyo3(from_py_with = whole_or_none)] seed: Option<u64>,
    bars: Option<&Bound<'_, PyAny>>,
    cache: bool,
    out: Option<PathBuf>,
    format: Option<&str>,
    overwrite: bool,
    resume: bool,
    backend: &str,
    #[pyo3(from_py_with = whole_or_none)] device: Option<u32>,
    #[pyo3(from_py_with = whole_or_none)] threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
    data: &Bound<'_, PyDict>,
    own: Option<&Bound<'_, PyAny>>,
) -> PyResult<Dataset> {
    let mut recipe = with_data(of_any(cfg)?, data)?;
    if let Some(samples) = n_samples.filter(|samples| !samples.is_none()) {
        recipe.dataset.samples = match whole(samples) {
            Ok(count) => Samples::Count(count),
            Err(_) => samples.str()?.to_cow()?.parse().map_err(errors::of)?,
        };
    }
    if let Some(seed) = seed {
        recipe.dataset.seed = seed;
    }
    if let Some(format) = format {
        recipe.output.format = format.parse().map_err(errors::of)?;
    }
    if out.is_none() {
        let is_stored = format.is_some_and(|format| format != "virtual");
        for (argument, given) in
            [("format", is_stored), ("overwrite", overwrite), ("resume", resume)]
        {
            if given {
                return Err(errors::usage(format!(
                    "{argument}: samples in memory have no files; pass out (the folder to write \
                     to), or leave {argument} out"
                )));
            }
        }
        recipe.output.format = Format::Virtual;
    }
    recipe.validate().map_err(errors::of)?;
    let choice = Choice { backend: self::backend(backend)?, device };
    let given = bars::given(bars)?;
    let own = Own::given(own)?;
    let in_memory = out.is_none();
    let (mut loaded, sets, clipped) = watched(py, None, threads, move |watch| {
        let loaded = bars::loaded(&mut recipe, given, own, bars::cache_if(cache), watch)?;
        let sets = loaded.sets().map_err(errors::of)?;
        let mut clipped = Vec::new();
        if in_memory {
            // A dataset in a folder is described by all of its samples.
            let cpu = BackendChoice::Cpu.open(None).map_err(errors::of)?;
            let prepared = sets.first().map(|set| set.load_on(&*cpu)).transpose();
            if let Some(prepared) = prepared.map_err(errors::of)? {
                for set in &sets {
                    clipped.extend(set.clip_warnings(&prepared).map_err(errors::of)?);
                }
            }
        }
        Ok((loaded, sets, clipped))
    })?;
    warn(py, &sets, clipped)?;
    let dropped = loaded.dropped.iter().map(|(fault, count)| format!("dropped {count} {fault}"));
    loaded.notes.extend(dropped);
    loaded.notes.extend(loaded.warnings.iter().map(ToString::to_string));
    let Some(out) = out else {
        return Dataset::new(sets, choice, None, loaded.notes);
    };
    let notes = loaded.notes.clone();
    let sets = watched(py, progress, threads, |watch| {
        let job = Job {
            overwrite,
            resume,
            backend: choice.backend,
            device,
            threads: threads.unwrap_or_else(|| Job::new(&out).threads),
            ..Job::new(&out)
        };
        job.prepare(&loaded).and_then(|job| job.run(watch)).map_err(errors::of)?;
        barloom_engine::open(&out).map_err(errors::of)
    })?;
    Dataset::new(sets, choice, Some(out), notes)
}

/// Verifies the dataset in a folder: what was found of each part, as JSON's types.
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
#[pyfunction]
pub(crate) fn verify<'py>(
    py: Python<'py>,
    path: PathBuf,
    #[pyo3(from_py_with = whole)] rows: u64,
    full: bool,
    #[pyo3(from_py_with = whole)] seed: u64,
    backend: &str,
    #[pyo3(from_py_with = whole_or_none)] device: Option<u32>,
    #[pyo3(from_py_with = whole_or_none)] threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let rows = match (full, rows) {
        (true, _) => Rows::All,
        (false, 0) => Rows::None,
        (false, count) => Rows::Some { count, seed },
    };
    let backend = self::backend(backend)?;
    let found = watched(py, progress, threads, |watch| {
        let threads = threads.unwrap_or_else(|| Verification::new(&path).threads);
        let verification = Verification { rows, backend, device, threads, path: &path };
        verification.run(watch).map_err(errors::of)
    })?;
    let datasets: Vec<_> = found
        .iter()
        .map(|(path, verified)| {
            let mut value = serde_json::to_value(verified).unwrap_or_default();
            if let Some(fields) = value.as_object_mut() {
                let problems =
                    verified.problems.iter().map(|problem| problem_with(problem, &argument));
                fields.insert("problems".into(), problems.collect::<Vec<_>>().into());
                fields.insert("path".into(), path.to_string_lossy().into_owned().into());
            }
            value
        })
        .collect();
    to_python(py, &serde_json::json!({ "datasets": datasets }))
}

/// Bars, and how to read them: by a recipe of which `[data]` alone counts, with all columns unless
/// it says which.
fn reading(
    bars: &Bound<'_, PyAny>,
    cfg: &Bound<'_, PyAny>,
    all_columns: bool,
    cache: bool,
) -> PyResult<(bars::Given, Recipe, ReadOptions)> {
    let recipe = of_any(Some(cfg))?;
    recipe.validate().map_err(errors::of)?;
    let given = bars::given(Some(bars))?.ok_or_else(|| errors::usage("bars: there are none"))?;
    let mut options = barloom_engine::read_options(&recipe);
    options.cache = bars::cache_if(cache);
    if all_columns {
        options.columns = None;
    }
    Ok((given, recipe, options))
}

/// Looks at bars: what is wrong with them, as JSON's types, and as text.
#[pyfunction]
pub(crate) fn check<'py>(
    py: Python<'py>,
    bars: &Bound<'py, PyAny>,
    cfg: &Bound<'py, PyAny>,
    all_columns: bool,
    cache: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let (given, _, mut options) = reading(bars, cfg, all_columns, cache)?;
    let report = watched(py, None, None, move |watch| {
        options.watch = watch.clone();
        let bars = given.read_readable(&options)?;
        let report = barloom_engine::check(&bars);
        let is_said = options.aggregate.is_some() || options.interval.is_some();
        if is_said && report.errors() == 0 && report.unreadable.is_empty() {
            // Fails if bars are not as long as was said, or cannot be aggregated that way.
            bars.into_series(OnBadBar::Error).map_err(errors::of)?;
        }
        Ok(report)
    })?;
    let mut value = serde_json::to_value(&report).map_err(|e| errors::usage(e.to_string()))?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("text".into(), report.to_string().into());
        fields.insert("errors".into(), report.errors().into());
        fields.insert("warnings".into(), report.warnings().into());
    }
    to_python(py, &value)
}

/// Reads bars of any form as one table.
#[pyfunction]
pub(crate) fn read(
    py: Python<'_>,
    bars: &Bound<'_, PyAny>,
    cfg: &Bound<'_, PyAny>,
    all_columns: bool,
    cache: bool,
) -> PyResult<Table> {
    let (given, recipe, mut options) = reading(bars, cfg, all_columns, cache)?;
    let table = watched(py, None, None, move |watch| {
        options.watch = watch.clone();
        let bars = given.read(&options)?;
        if !all_columns {
            bars.find_columns(&recipe.data.columns()).map_err(errors::of)?;
        }
        let loaded = bars.into_series(recipe.data.on_bad_bar);
        let table = loaded.and_then(|loaded| barloom_engine::to_table(&loaded.series));
        table.map_err(errors::of)
    })?;
    Ok(Table::new(table.schema(), vec![table]))
}

/// Features of bars as a table.
#[pyfunction]
pub(crate) fn features(
    py: Python<'_>,
    bars: &Bound<'_, PyAny>,
    cfg: &Bound<'_, PyAny>,
    cache: bool,
    own: Option<&Bound<'_, PyAny>>,
) -> PyResult<Table> {
    let (given, recipe, mut options) = reading(bars, cfg, false, cache)?;
    let own = Own::given(own)?;
    let table = watched(py, None, None, move |watch| {
        options.watch = watch.clone();
        let columns = FeatureTable::columns(&recipe).map_err(errors::of)?;
        // Functions of Python may use any column.
        options.columns = own.is_none().then_some(columns);
        let bars = given.read(&options)?;
        let table = |features: FeatureTable| features.table();
        match own {
            Some(own) => own.with(watch, |own| {
                FeatureTable::with_own(&recipe, bars, Some(own)).and_then(table)
            }),
            None => FeatureTable::new(&recipe, bars).and_then(table).map_err(errors::of),
        }
    })?;
    Ok(Table::new(table.schema(), vec![table]))
}
