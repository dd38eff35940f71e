//! Recipes: of a dict, a text or a file.

use std::path::PathBuf;

use barloom_recipe::{Channels, Formulas};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::errors;
use crate::ordered::Ordered;

/// Everything that determines a dataset but the bars.
///
/// ``Recipe.from_toml(text)`` reads a text and ``Recipe.read(path)`` a file.
///
/// Args:
///     cfg: A dict with the tables and keys of the TOML, ``{"dataset": {"lookback": 128}}``; the
///         path of a file; another recipe; or None for the default one.
///
/// Raises:
///     RecipeError: A key or its value is wrong; the message names the key.
#[pyclass(frozen, module = "barloom", eq)]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe(pub(crate) barloom_recipe::Recipe);

#[pymethods]
impl Recipe {
    #[new]
    #[pyo3(signature = (cfg=None))]
    fn new(cfg: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Ok(Self(of_any(cfg)?))
    }

    /// Reads a recipe's TOML.
    ///
    /// Args:
    ///     text: The TOML.
    #[staticmethod]
    fn from_toml(text: &str) -> PyResult<Self> {
        barloom_recipe::Recipe::from_toml(text, "recipe").map(Self).map_err(errors::of)
    }

    /// Reads a recipe's file.
    ///
    /// Args:
    ///     path: The TOML file.
    #[staticmethod]
    fn read(path: PathBuf) -> PyResult<Self> {
        barloom_engine::read_recipe(path).map(Self).map_err(errors::of)
    }

    /// A recipe to start from, as the TOML that ``barloom init`` writes: every key with its
    /// default, and a comment that says what it means and what else it takes.
    ///
    /// Args:
    ///     formulas: ``"v1"``, or ``"frel-v1"`` for the FREL project's published formulas.
    #[staticmethod]
    #[pyo3(signature = (formulas="v1"))]
    fn commented(formulas: &str) -> PyResult<String> {
        let formulas = match formulas {
            "v1" => Formulas::V1,
            "frel-v1" => Formulas::FrelV1,
            other => {
                return Err(errors::usage(format!(
                    "formulas: expected \"v1\" or \"frel-v1\", got {other:?}"
                )));
            }
        };
        Ok(barloom_recipe::Recipe::init_text(formulas))
    }

    /// The recipe as TOML, which reads back as the same recipe.
    fn to_toml(&self) -> String {
        self.0.to_toml()
    }

    /// The recipe as a dict of its tables.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.0.to_json())
    }

    /// The recipe's digest: it leaves out paths and how samples are stored.
    #[getter]
    fn digest(&self) -> String {
        self.0.digest()
    }

    fn __repr__(&self) -> String {
        format!("Recipe.from_toml({:?})", self.0.to_toml())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("from_toml")?, (self.0.to_toml(),)))
    }
}

/// Puts every key of a recipe, its default and its meaning at the end of the class's documentation.
pub(crate) fn document(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class = module.getattr("Recipe")?;
    let doc: String = class.getattr("__doc__")?.extract()?;
    let keys = barloom_recipe::Recipe::init_text(Formulas::V1);
    let doc = format!("{doc}\n\nEvery key, as ``Recipe.commented()`` gives them:\n\n{keys}");
    class.setattr("__doc__", doc)
}

/// A recipe from a ``Recipe``, a dict, the path of a TOML file, or nothing.
pub(crate) fn of_any(cfg: Option<&Bound<'_, PyAny>>) -> PyResult<barloom_recipe::Recipe> {
    let Some(cfg) = cfg.filter(|cfg| !cfg.is_none()) else {
        return Ok(barloom_recipe::Recipe::default());
    };
    if let Ok(recipe) = cfg.cast::<Recipe>() {
        return Ok(recipe.get().0.clone());
    }
    if let Ok(tables) = cfg.cast::<PyDict>() {
        return of_dict(tables);
    }
    if let Ok(path) = cfg.extract::<PathBuf>() {
        return barloom_engine::read_recipe(path).map_err(errors::of);
    }
    let expected = "cfg: expected a dict, a path of a TOML file, a Recipe or None, got ";
    Err(pyo3::exceptions::PyTypeError::new_err(format!("{expected}{}", cfg.get_type().name()?)))
}

/// The recipe with these keys of `[data]` in place of its own. Where other channels are given,
/// scalers of those that are not among them go.
pub(crate) fn with_data(
    mut recipe: barloom_recipe::Recipe,
    data: &Bound<'_, PyDict>,
) -> PyResult<barloom_recipe::Recipe> {
    if data.is_empty() {
        return Ok(recipe);
    }
    let keys = json_of(data)?;
    if let Some(channels) = channels_of(&keys["channels"]) {
        recipe.replace_channels(channels);
    }
    let mut tables = recipe.to_json();
    if let (Some(table), Value::Object(keys)) = (tables["data"].as_object_mut(), keys) {
        table.extend(keys);
    }
    of_json(tables)
}

/// The channels of a list of names, or of `"auto"`; other values are refused where they are read.
fn channels_of(value: &Value) -> Option<Channels> {
    match value {
        Value::String(word) if word == "auto" => Some(Channels::auto()),
        Value::Array(names) => {
            let names = names.iter().map(|name| Some(name.as_str()?.to_owned()));
            Some(names.collect::<Option<Vec<_>>>()?.into())
        }
        _ => None,
    }
}

fn of_dict(tables: &Bound<'_, PyDict>) -> PyResult<barloom_recipe::Recipe> {
    let tables: Ordered = serde_json::from_str(&json_text(tables)?).map_err(|e| unreadable(&e))?;
    let recipe = barloom_recipe::Recipe::from_toml(&tables.document(), "cfg");
    recipe.map_err(|e| errors::of(e.without_line()))
}

/// A dict of tables or keys as JSON.
fn json_of(dict: &Bound<'_, PyDict>) -> PyResult<Value> {
    serde_json::from_str(&json_text(dict)?).map_err(|e| unreadable(&e))
}

fn json_text(dict: &Bound<'_, PyDict>) -> PyResult<String> {
    dict.py().import("barloom._values")?.call_method1("to_json", (dict,))?.extract()
}

fn of_json(tables: Value) -> PyResult<barloom_recipe::Recipe> {
    let text = toml::to_string(&without_nulls(tables)).map_err(|e| unreadable(&e))?;
    let recipe = barloom_recipe::Recipe::from_toml(&text, "cfg");
    recipe.map_err(|e| errors::of(e.without_line()))
}

fn unreadable(error: &dyn std::fmt::Display) -> PyErr {
    errors::usage(format!("cfg: {error}"))
}

/// TOML has no null: a key that is null is not there.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let some = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(some.map(|(k, v)| (k, without_nulls(v))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// A JSON value as Python's.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (value.to_string(),))
}
