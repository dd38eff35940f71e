//! Errors as Python's exceptions, which `barloom/_errors.py` defines.

use barloom_engine::{Error, ErrorKind, LoaderError};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::names::argument;

/// The exception of this name with this message.
pub(crate) fn exception(name: &str, message: String) -> PyErr {
    Python::attach(|py| {
        let class = py
            .import("barloom._errors")
            .and_then(|module| module.getattr(name))
            .and_then(|class| Ok(class.cast_into::<PyType>()?));
        match class {
            Ok(class) => PyErr::from_type(class, (message,)),
            Err(error) => error,
        }
    })
}

/// A device that was opened before the process was forked.
pub(crate) fn forked() -> PyErr {
    let what = "a forked process cannot use a CUDA device that was opened before the fork; start \
                workers with multiprocessing_context=\"spawn\", or use backend=\"cpu\"";
    exception("FileError", what.into())
}

/// An invalid argument.
pub(crate) fn usage(message: impl Into<String>) -> PyErr {
    exception("RecipeError", message.into())
}

/// Turns an engine's error into Python's, with arguments in place of options.
pub(crate) fn of(error: impl Into<Error>) -> PyErr {
    let error = error.into();
    let name = match error.kind() {
        ErrorKind::Usage => "RecipeError",
        ErrorKind::Data => "DataError",
        ErrorKind::Verification => "VerificationError",
        _ => "FileError",
    };
    exception(name, error.message_with(&argument))
}

/// The Python exception of a loader's error.
pub(crate) fn of_loader(error: LoaderError) -> PyErr {
    match error {
        LoaderError::Backend(error) => of(error),
        LoaderError::Thread(_) | LoaderError::Forked => exception("FileError", error.to_string()),
        LoaderError::Panicked(_) => exception("BarloomError", error.to_string()),
        _ => usage(error.to_string()),
    }
}
