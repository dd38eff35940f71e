//! Bars from what Python has: paths, tables.

use barloom_engine::{
    Bars, Cache, Error, Loaded, MemoryTable, OnBadBar, ReadOptions, SAMPLE_BARS, SAMPLE_BARS_NAME,
    Source, Watch, default_cache, load, load_with, read_bars, read_bytes, read_files, read_options,
    read_readable, read_tables,
};
use barloom_recipe::Recipe;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;
use crate::own::Own;
use crate::tables::{self, Table};

/// The bars that a call names.
pub(crate) enum Given {
    /// Files and globs.
    Paths(Vec<String>),
    /// Tables in memory.
    Tables(Vec<MemoryTable>),
}

/// The bars that a person gave; none for those that the recipe names. Paths are `str`; tables are
/// in a dict by symbol (`barloom/_bars.py` makes them so).
pub(crate) fn given(bars: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Given>> {
    let Some(bars) = bars.filter(|bars| !bars.is_none()) else { return Ok(None) };
    if let Ok(by_symbol) = bars.cast::<PyDict>() {
        let mut memory = Vec::new();
        for (symbol, table) in by_symbol {
            let name: String = symbol.extract()?;
            let Some((schema, batches)) = tables::from_python(&table)? else {
                return Err(errors::usage(format!("bars: {name} is not an Arrow table")));
            };
            memory.push(MemoryTable { name, schema, batches });
        }
        return Ok(Some(Given::Tables(memory)));
    }
    Ok(Some(Given::Paths(bars.extract()?)))
}

impl Given {
    /// The bars of the files that can be read, if there are several.
    pub(crate) fn read_readable(&self, options: &ReadOptions) -> PyResult<Bars> {
        match self {
            Self::Paths(paths) => read_readable(paths, options).map_err(errors::of),
            Self::Tables(_) => self.read(options),
        }
    }

    /// The bars, nothing judged.
    pub(crate) fn read(&self, options: &ReadOptions) -> PyResult<Bars> {
        match self {
            Self::Paths(paths) => read_files(paths, options),
            Self::Tables(tables) => read_tables(tables, options),
        }
        .map_err(errors::of)
    }
}

/// The bundled bars as a table.
#[pyfunction]
pub(crate) fn sample_bars(py: Python<'_>) -> PyResult<Table> {
    let table = py.detach(|| {
        let bars = read_bytes(SAMPLE_BARS_NAME, SAMPLE_BARS, &ReadOptions::default())?;
        barloom_engine::to_table(&bars.into_series(OnBadBar::Error)?.series)
    });
    let table = table.map_err(errors::of)?;
    Ok(Table::new(table.schema(), vec![table]))
}

/// The cache of parsed text files, if there is to be one.
pub(crate) fn cache_if(wanted: bool) -> Option<Cache> {
    if wanted { default_cache() } else { None }
}

/// The market of a recipe and the bars that were given, or that it names, with the columns that
/// functions of Python give.
pub(crate) fn loaded(
    recipe: &mut Recipe,
    given: Option<Given>,
    own: Option<Own>,
    cache: Option<Cache>,
    watch: &Watch,
) -> PyResult<Loaded> {
    if let Some(own) = own {
        if given.is_none() && recipe.data.bars.is_empty() {
            return Err(errors::of(Error::NoBars));
        }
        let given = given.unwrap_or_else(|| Given::Paths(recipe.data.bars.clone()));
        let options = ReadOptions { cache, watch: watch.clone(), ..read_options(recipe) };
        // The functions may use any column.
        let bars = given.read(&ReadOptions { columns: None, ..options })?;
        recipe.data.bars = match given {
            Given::Paths(paths) => paths,
            Given::Tables(_) => Vec::new(),
        };
        return own.with(watch, |own| load_with(recipe, Source::Bars(bars), Some(own)));
    }
    let source = match given {
        Some(Given::Paths(paths)) => {
            recipe.data.bars = paths;
            read_bars(recipe, cache, watch).map_err(errors::of)?
        }
        Some(tables @ Given::Tables(_)) => {
            recipe.data.bars = Vec::new();
            let options = ReadOptions { watch: watch.clone(), ..read_options(recipe) };
            Source::Bars(tables.read(&options)?)
        }
        None => read_bars(recipe, cache, watch).map_err(errors::of)?,
    };
    load(recipe, source).map_err(errors::of)
}
