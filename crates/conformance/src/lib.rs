//! The suite that every backend passes: it gives the same bits as a plain scalar version, however
//! the samples are requested.
//!
//! A backend's tests call [`check`], which reports the first difference. Bits are compared without
//! tolerance, except for the four metrics over a path, because their plain scan adds in another
//! order.
//!
//! [`cases`] are markets with recipes. Each operation of a backend has a module that compares it
//! with `naive.rs`, which computes one window, one trade and one reward at a time.
#![forbid(unsafe_code)]

mod cases;
mod labels;
mod markets;
mod naive;
mod observe;
mod price;
mod sample;

use std::sync::Arc;

use barloom_backend::{Backend, BackendError, PreparedMarket};

pub use cases::{Case, cases, change_from};

/// Holds a backend to the suite. Parts of one recipe are sessions of one loaded market.
///
/// # Errors
/// The first difference: case, sample, column, both values.
pub fn check(backend: &dyn Backend) -> Result<(), String> {
    let cases = cases()?;
    for parts in cases.chunk_by(|a, b| Arc::ptr_eq(&a.plan.program, &b.plan.program)) {
        let prepared = parts[0].load(backend);
        for case in parts {
            let checked = match &prepared {
                Ok(prepared) => check_part(prepared, case),
                Err(error) => Err(error.to_string()),
            };
            checked.map_err(|e| format!("{}: {}: {e}", backend.name(), case.name))?;
        }
    }
    Ok(())
}

/// Holds a backend to the plain scalar version on one market and plan.
///
/// # Errors
/// The first difference: sample, column, both values.
pub fn check_case(backend: &dyn Backend, case: &Case) -> Result<(), String> {
    check_part(&case.load(backend).map_err(|e| e.to_string())?, case)
}

fn check_part(prepared: &Arc<dyn PreparedMarket>, case: &Case) -> Result<(), String> {
    let text = |e: BackendError| e.to_string();
    let session = Arc::clone(prepared).session(Arc::clone(&case.plan.draws)).map_err(text)?;
    sample::check(&*session, case)?;
    observe::check(&**prepared, case)?;
    labels::check_refusals(prepared, &*session, case)?;
    price::check(&**prepared, &*session, case)
}
